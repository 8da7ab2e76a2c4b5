package aws

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	presource "github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/provider"
)

// object is a resource's inputs. A value of the type ref stands for an output
// of a resource that is created before.
type object map[string]any

type ref struct{ resource, output string }

// resource is one resource of a stack that a test deploys.
type resource struct {
	key    string
	typ    string
	inputs object
}

// stack is resources in the order in which they are created.
type stack []resource

// find returns a resource's inputs, so that a mistake can change them.
func (s stack) find(key string) object {
	i := slices.IndexFunc(s, func(r resource) bool { return r.key == key })
	if i < 0 {
		panic("the stack has no " + key)
	}
	return s[i].inputs
}

// without returns the stack without some resources.
func (s stack) without(keys ...string) stack {
	return slices.DeleteFunc(s, func(r resource) bool { return slices.Contains(keys, r.key) })
}

// buildProbe compiles the probe once for all tests.
var buildProbe = sync.OnceValues(func() ([]byte, error) { return buildFunction("./testdata/probe") })

// buildFunction compiles a function and returns its bootstrap.
func buildFunction(source string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "function-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	file := filepath.Join(dir, "bootstrap")
	cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", file, source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	return os.ReadFile(file)
}

// zipped writes a zip with one file and returns it as a Pulumi archive.
func zipped(t *testing.T, name string, content []byte, mode fs.FileMode) property.Archive {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	header := &zip.FileHeader{Name: name, Method: zip.Store}
	header.SetMode(mode)
	entry, err := w.CreateHeader(header)
	if err == nil {
		_, err = entry.Write(content)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "code.zip")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := archive.FromPath(path)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// policy is a policy document of one statement for each pair of an action and
// a resource.
func policy(pairs ...string) string {
	type statement struct{ Effect, Action, Resource string }
	var statements []statement
	for i := 0; i < len(pairs); i += 2 {
		statements = append(statements, statement{"Allow", pairs[i], pairs[i+1]})
	}
	document, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		panic(err)
	}
	return string(document)
}

func trust(service string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`
}

// deployment is a stack on a local AWS of its own.
type deployment struct {
	*Server
	provider p.Provider
	outputs  map[string]property.Map
	out      consoletest.Buffer
	url      string
}

// newDeployment starts a local AWS and a provider in front of its services, as
// the engine would use it.
func newDeployment(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{outputs: map[string]property.Map{}}
	server, err := Start(Config{Region: "eu-central-1", Console: console.New(&d.out)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	d.Server, d.provider = server, provider.New(server.services)
	return d
}

// deploy checks and creates every resource. The first refusal ends it.
func (d *deployment) deploy(ctx context.Context, s stack) error {
	for _, r := range s {
		urn := presource.URN("urn:pulumi:dev::test::" + r.typ + "::" + r.key)
		checked, err := d.provider.Check(ctx, p.CheckRequest{Urn: urn, Inputs: d.resolve(r.inputs), RandomSeed: []byte(r.key)})
		if err != nil {
			return err
		}
		if len(checked.Failures) > 0 {
			return fmt.Errorf("%s: %s", checked.Failures[0].Property, checked.Failures[0].Reason)
		}
		created, err := d.provider.Create(ctx, p.CreateRequest{Urn: urn, Properties: checked.Inputs})
		if err != nil {
			return err
		}
		d.outputs[r.key] = created.Properties.Set("id", property.New(created.ID))
	}
	if api, ok := d.outputs["api"]; ok {
		d.url = api.Get("apiEndpoint").AsString()
	}
	return nil
}

// resolve puts the outputs in the places of the refs.
func (d *deployment) resolve(inputs object) property.Map {
	result := map[string]property.Value{}
	for key, value := range inputs {
		result[key] = d.value(value)
	}
	return property.NewMap(result)
}

func (d *deployment) value(value any) property.Value {
	switch v := value.(type) {
	case ref:
		return d.outputs[v.resource].Get(v.output)
	case func(map[string]property.Map) string:
		return property.New(v(d.outputs))
	case object:
		return property.New(d.resolve(v))
	case []any:
		list := make([]property.Value, 0, len(v))
		for _, element := range v {
			list = append(list, d.value(element))
		}
		return property.New(list)
	case property.Archive:
		return property.New(v)
	case int:
		return property.New(float64(v))
	case string:
		return property.New(v)
	case bool:
		return property.New(v)
	default:
		panic(fmt.Sprintf("no property for a %T", value))
	}
}

// request sends a request and returns the status.
func (d *deployment) request(ctx context.Context, method, path string, headers map[string]string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, method, d.url+path, nil)
	if err != nil {
		return 0, err
	}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		req.Header.Set(name, headers[name])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

// sprintf is a text with outputs in it.
func sprintf(format string, refs ...ref) func(map[string]property.Map) string {
	return func(outputs map[string]property.Map) string {
		args := make([]any, 0, len(refs))
		for _, r := range refs {
			args = append(args, outputs[r.resource].Get(r.output).AsString())
		}
		return fmt.Sprintf(format, args...)
	}
}
