// Package functions has the functions that are measured as processes: the product's own and
// the Events API's, built as the component builds them, an empty one, and authorizers in
// other languages; and the local AWS that they call.
package functions

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/components/golambda"
	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/bench"
)

// Function is one of them.
type Function struct {
	Name string
	// Command is what runs in its process, in Folder, with Env.
	Command []string
	Folder  string
	Env     []string
	// Event is what it is invoked with, and Answer the beginning of its answer.
	Event  []byte
	Answer string
}

// IdentitySources are those by which API Gateway keeps the authorizers' answers.
var IdentitySources = []string{"$request.header.Authorization", "$context.routeKey"}

const here = "scripts/bench/internal/functions/testdata"

// Names of the functions.
const (
	Empty       = "empty Go function"
	Authorizer  = "authorizer"
	WithSSM     = "authorizer, secret in SSM"
	WithMetrics = "authorizer, with metrics"
	ManyMethods = "authorizer, three methods"
	List        = "handler: list events (Query)"
	Create      = "handler: create an event (PutItem)"
	Python      = "Python, PyJWT"
	Node        = "Node, jose"
)

// Build builds the functions in Go, as the component does for this machine.
func Build(ctx context.Context, e *bench.Env, cloud *Cloud) ([]Function, error) {
	const tokens = `{"tokens":{}}` //nolint:gosec // methods, not tokens
	const three = `{"tokens":{},"apiKeys":{"tiers":{"trial":{"permissions":["events:read"]}}},"signatures":{"keyPermissions":{"partner":["events:write"]}}}`
	secret := contract.EnvSecret + "=" + cloud.secret
	// As the component configures an authorizer with a TTL and a route with permissions.
	common := slices.Clip([]string{
		contract.EnvRoutePermissions + `={"POST /events":["events:write"]}`, contract.EnvCacheTTL + "=300",
		contract.EnvIdentitySources + "=" + strings.Join(IdentitySources, ","),
	})
	list := []struct {
		Function
		folder, methods string
	}{
		{Function{Name: Empty, Event: cloud.authorizerEvent, Answer: "null"}, here + "/empty", ""},
		{Function{Name: Authorizer, Env: append(common, secret)}, "handlers/authorizer", tokens},
		{Function{Name: WithSSM, Env: slices.Concat(cloud.env, common, []string{contract.EnvSecretPath + "=" + secretPath})}, "handlers/authorizer", tokens},
		{Function{Name: WithMetrics, Env: append(common, secret, contract.EnvMetrics+"=Events")}, "handlers/authorizer", tokens},
		{Function{Name: ManyMethods, Env: slices.Concat(cloud.env, common, []string{
			secret, contract.EnvSigningKeysPath + "=" + keysPath, contract.EnvAPIKeyTable + "=keys", contract.EnvStateTable + "=state",
		})}, "handlers/multiauthorizer", three},
		{Function{Name: List, Env: append(cloud.env, contract.EnvTableName+"="+TableName), Event: listEvent(), Answer: `{"statusCode":200,`}, "handlers/listevents", ""},
		{Function{Name: Create, Env: append(cloud.env, contract.EnvTableName+"="+TableName), Answer: `{"statusCode":201,`}, "handlers/createevent", ""},
	}
	target, err := golambda.NewTarget(map[string]string{"amd64": golambda.X8664}[runtime.GOARCH], contract.BuildTargetHost)
	if runtime.GOARCH == "arm64" {
		target, err = golambda.NewTarget(golambda.ARM64, contract.BuildTargetHost)
	}
	if err != nil {
		return nil, err
	}
	options := golambda.Options{Target: target}
	for _, f := range list {
		p := golambda.Package{Path: filepath.Join(e.Root, f.folder)}
		if f.methods != "" {
			p.Files = map[string]string{contract.MethodsFile: f.methods}
		}
		options.Packages = append(options.Packages, p)
	}
	archives, err := golambda.Build(ctx, options)
	if err != nil {
		return nil, err
	}
	functions := make([]Function, len(list))
	for i, f := range list {
		functions[i] = f.Function
		if functions[i].Folder, err = os.MkdirTemp(e.Temp, "function-"); err != nil {
			return nil, err
		}
		if err := unzip(archives[i].Path, functions[i].Folder); err != nil {
			return nil, fmt.Errorf("unpacking %s: %w", f.Name, err)
		}
		functions[i].Command = []string{filepath.Join(functions[i].Folder, "bootstrap")}
		if f.methods != "" {
			functions[i].Event, functions[i].Answer = cloud.authorizerEvent, `{"isAuthorized":true`
		}
	}
	return functions, cloud.letIn(ctx, functions)
}

// unzip unpacks a small archive of our own.
func unzip(path, folder string) error {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer archive.Close() //nolint:errcheck // nothing is written
	for _, entry := range archive.File {
		reader, err := entry.Open()
		if err != nil {
			return err
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(entry.Name)), content, entry.Mode()); err != nil {
			return err
		}
	}
	return nil
}

// InPython is an authorizer in Python, and the version of PyJWT.
func InPython(ctx context.Context, e *bench.Env, cloud *Cloud) (Function, string, error) {
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		version, err := bench.Run(ctx, e.Temp, nil, python, "-c", "import jwt, platform; print(jwt.__version__ + ', Python ' + platform.python_version(), end='')")
		if err == nil {
			// As Lambda does with its own libraries: compiled once, and kept.
			folder := filepath.Join(e.Root, here, "python")
			return Function{Python, []string{python, filepath.Join(folder, "bootstrap.py")}, e.Temp, []string{contract.EnvSecret + "=" + cloud.secret},
				cloud.authorizerEvent, `{"isAuthorized": true`}, string(version), nil
		}
		if ctx.Err() != nil {
			return Function{}, "", err
		}
	}
	return Function{}, "", &bench.Missing{Peer: Python, Why: "python3 does not find the module jwt", Install: "apt-get install python3-jwt"}
}

// InNode is an authorizer in Node, and the version of jose.
func InNode(ctx context.Context, e *bench.Env, cloud *Cloud) (Function, string, error) {
	const jose = "6.2.18"
	folder, err := e.NPM(ctx, Node, "jose@"+jose)
	if err != nil {
		return Function{}, "", err
	}
	version, err := bench.Run(ctx, folder, nil, "node", "--version")
	if err != nil {
		return Function{}, "", err
	}
	// Node looks for jose from where the file is.
	source, err := os.ReadFile(filepath.Join(e.Root, here, "node", "bootstrap.mjs"))
	if err != nil {
		return Function{}, "", err
	}
	file := filepath.Join(folder, "bootstrap.mjs")
	if err := os.WriteFile(file, source, 0o600); err != nil { //nolint:gosec // in the cache
		return Function{}, "", err
	}
	return Function{Node, []string{"node", file}, folder, []string{contract.EnvSecret + "=" + cloud.secret},
		cloud.authorizerEvent, `{"isAuthorized":true`}, jose + ", Node " + string(version[1:len(version)-1]), nil
}
