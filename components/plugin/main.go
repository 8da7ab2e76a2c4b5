// Command plugin makes the component ProtectedHttpApi a Pulumi package, for programs
// in TypeScript, Python, YAML, C#, Java and Go:
//
//	pulumi package add github.com/protected-http-api/protected-http-api/components/plugin@VERSION
//
// The package's schema, schema.json, is written from the component's Go types and their
// doc comments. The arguments that a program gives are read into the same types.
// Nothing of the component is written here a second time.
package main

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// packageName is what the package is called in Pulumi's schemas.
const packageName = "protected-http-api"

// version is the release; releases are linked with theirs. A schema without one gives SDKs
// that Pulumi cannot read.
var version = unreleased

const unreleased = "0.0.0"

//go:embed schema.json
var schemaText string

func main() {
	useSources()
	err := provider.Main(packageName, func(host *provider.HostClient) (rpc.ResourceProviderServer, error) {
		return &server{host: host}, nil
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// useSources has the product's own functions, the authorizer without code for instance,
// compiled from the sources that the plugin itself was compiled from, if they are still
// there: the folder of a program in another language has no Go module that requires them.
// A release, which is built without its folder (-trimpath), gets them as a Go module.
func useSources() {
	if os.Getenv(contract.EnvModule) != "" {
		return
	}
	_, file, _, _ := runtime.Caller(0)
	folder := filepath.Join(filepath.Dir(file), "..", "..")
	if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil && filepath.IsAbs(file) {
		_ = os.Setenv(contract.EnvModule, folder) // fails for impossible names only
	} else if version != unreleased {
		_ = os.Setenv(contract.EnvModule, "v"+version)
	}
}

// versionedSchema is the schema with the release's version.
func versionedSchema() string {
	return strings.Replace(schemaText, "{", fmt.Sprintf("{\n    \"version\": %q,", version), 1)
}
