package components

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/components/golambda"
)

func TestCheckFunctions(t *testing.T) {
	t.Parallel()
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"package", changeCreate(func(f *FunctionArgs) { f.Package = "" }),
			createProperty + ".Package: is required: give the folder of the function's Go package"},
		{"name", changeCreate(func(f *FunctionArgs) { f.Name = "create event" }),
			createProperty + `.Name: the function would be called "events-api-dev-events-create event": AWS allows letters, digits, - and _`},
		{"long name", changeCreate(func(f *FunctionArgs) { f.Name = strings.Repeat("n", 43) }),
			createProperty + `.Name: the function would be called "events-api-dev-events-` + strings.Repeat("n", 43) + `": AWS allows 64 characters, not 65: shorten Name, or the component's, the stack's or the project's name`},
		{"same name", changeCreate(func(f *FunctionArgs) { f.Name = "get" }),
			createProperty + `.Name: "get" is the name of Routes["GET /events/{id}"].Function too: give one of them another Name`},
		{"little memory", changeCreate(func(f *FunctionArgs) { f.MemorySize = 127 }),
			createProperty + ".MemorySize: 127 is out of range: 128 to 10240 MB"},
		{"much memory", changeCreate(func(f *FunctionArgs) { f.MemorySize = 10241 }),
			createProperty + ".MemorySize: 10241 is out of range: 128 to 10240 MB"},
		{"short timeout", changeCreate(func(f *FunctionArgs) { f.Timeout = time.Millisecond }),
			createProperty + ".Timeout: 1ms is out of range: 1s to 30s, API Gateway waits no longer for an integration"},
		{"long timeout", changeCreate(func(f *FunctionArgs) { f.Timeout = 31 * time.Second }),
			createProperty + ".Timeout: 31s is out of range: 1s to 30s, API Gateway waits no longer for an integration"},
		{"broken timeout", changeCreate(func(f *FunctionArgs) { f.Timeout = 1500 * time.Millisecond }),
			createProperty + ".Timeout: 1.5s is not a whole number of seconds"},
		{"build tag", changeCreate(func(f *FunctionArgs) { f.BuildTags = []string{"prod", "-race"} }),
			createProperty + `.BuildTags: "-race" is no build tag: one has letters, digits, "_" and "."`},
		{"linker flag", changeCreate(func(f *FunctionArgs) { f.LdFlags = []string{""} }),
			createProperty + `.LdFlags: "" is no argument`},
		{"two sets of arguments", func(a *ProtectedHttpApiArgs) {
			route := a.Routes["PUT /events/{id}"]
			route.Function = FunctionArgs{Package: "./testdata/../testdata/handlers/create", Name: "create-event", Timeout: time.Second, BuildTags: []string{"prod"}, LdFlags: []string{"-w"}, GoExperiment: "jsonv2", GoFips140: "latest"}
			a.Routes["PUT /events/{id}"] = route
		}, `Routes["PUT /events/{id}"].Function: has the same Package as Routes["POST /events"].Function but another BuildTags, LdFlags, GoExperiment, GoFips140, MemorySize, Timeout, Environment, TableActions: routes that share a function give it the same arguments`},
	})
	expectMistakes(t, scope{"p", "s", ""}, exampleArgs, []mistakeTest{
		{"long role name", changeCreate(func(f *FunctionArgs) { f.Name = strings.Repeat("n", 50) }),
			createProperty + `.Name: the function's role would be called "events-` + strings.Repeat("n", 50) + `" and 8 characters more: AWS allows 64: shorten Name or the component's name`},
	})
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	args := exampleArgs()
	args.Architecture = "x86_64"
	args.LogRetentionDays = 7
	args.Routes["GET /events"] = Route{Auth: Public, Function: FunctionArgs{Package: "testdata/handlers/list", Name: "list-events", Timeout: 3 * time.Second}}
	m := mustDeploy(t, args)
	target, err := golambda.NewTarget("x86_64", "")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		folder          string
		memory, timeout float64
		environment     map[string]any
	}{
		"authorizer":   {"authorizer", 128, 10, map[string]any{"JWT_SECRET_PATH": "/events-api/jwt-secret"}},
		"create-event": {"create", 256, 10, map[string]any{"LOG_LEVEL": "debug", "TABLE_NAME": "events-table-0a1b2c3"}},
		"list-events":  {"list", 128, 3, nil},
	} {
		archives, err := golambda.Build(t.Context(), golambda.Options{Packages: []golambda.Package{{Folder: filepath.Join("testdata", "handlers", want.folder)}}, Target: target})
		if err != nil {
			t.Fatal(err)
		}
		function := m.find(t, "Function", "events-"+name)
		if code := function.Inputs["code"].ArchiveValue(); code.Path != archives[0].Path {
			t.Errorf("the code of %s is %q, want %q", name, code.Path, archives[0].Path)
		}
		delete(function.Inputs, "code")
		inputs := map[string]any{
			"name": "events-api-dev-events-" + name, "role": "arn:aws:iam::123456789012:role/events-" + name + "-0a1b2c3",
			"runtime": "provided.al2023", "handler": "bootstrap", "architectures": []any{"x86_64"},
			"sourceCodeHash": archives[0].SHA256, "memorySize": want.memory, "timeout": want.timeout,
		}
		if want.environment != nil {
			inputs["environment"] = map[string]any{"variables": want.environment}
		}
		expectInputs(t, function, inputs)
		expectInputs(t, m.find(t, "LogGroup", "events-"+name), map[string]any{
			"name": "/aws/lambda/events-api-dev-events-" + name, "retentionInDays": 7.0,
		})
		for _, kind := range []string{"aws:cloudwatch/logGroup:LogGroup", "aws:iam/rolePolicy:RolePolicy"} {
			urn := fmt.Sprintf("urn:pulumi:dev::events-api::protected-http-api:index:ProtectedHttpApi$%s::events-%s", kind, name)
			if got := function.RegisterRPC.GetDependencies(); !slices.Contains(got, urn) {
				t.Errorf("the function %s depends on %q, and not on %q", name, got, urn)
			}
		}
	}
}
