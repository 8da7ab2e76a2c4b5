package components

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/components/golambda"
)

func TestCheckFunctions(t *testing.T) {
	t.Parallel()
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"package", changeCreate(func(f *FunctionArgs) { f.Package = "" }),
			createProperty + ".Package: is required: give the folder or the import path of the function's Go package, or else Code or Arn"},
		{"name", changeCreate(func(f *FunctionArgs) { f.Name = "create event" }),
			createProperty + `.Name: "create event" has a character other than letters, digits, - and _: give the function another Name`},
		{"long name", changeCreate(func(f *FunctionArgs) { f.Name = strings.Repeat("n", 100) }), ""},
		{"physical name", changeCreate(func(f *FunctionArgs) { f.Naming = &NamingArgs{PhysicalName: "create.event"} }),
			createProperty + `.Naming.PhysicalName: "create.event" is not a name that AWS allows: up to 64 letters, digits, - and _`},
		{"long physical name", changeCreate(func(f *FunctionArgs) { f.Naming = &NamingArgs{PhysicalName: strings.Repeat("n", 65)} }),
			createProperty + `.Naming.PhysicalName: "` + strings.Repeat("n", 65) + `" is not a name that AWS allows: up to 64 letters, digits, - and _`},
		{"physical name and AutoName", changeCreate(func(f *FunctionArgs) { f.Naming = &NamingArgs{"create", true} }),
			createProperty + `.Naming.PhysicalName: "create" is not possible with AutoName, which leaves the name to Pulumi: leave out one of them`},
		{"physical name of another", changeCreate(func(f *FunctionArgs) { f.Naming = &NamingArgs{PhysicalName: "events-api-dev-events-get"} }),
			createProperty + `.Naming.PhysicalName: "events-api-dev-events-get" is the name of Routes["GET /events/{id}"].Function on AWS too: give one of them another`},
		{"log group", changeCreate(func(f *FunctionArgs) { f.Logging = &LoggingArgs{Group: pulumi.String("the logs")} }),
			createProperty + `.Logging.Group: "the logs" is not a name that AWS allows: up to 512 letters, digits, '.', '-', '_', '/' and '#'`},
		{"log group of AWS", changeCreate(func(f *FunctionArgs) { f.Logging = &LoggingArgs{Group: pulumi.String("aws/logs")} }),
			createProperty + `.Logging.Group: "aws/logs" must not begin with aws/, which AWS reserves`},
		{"same name", changeCreate(func(f *FunctionArgs) { f.Name = "get" }),
			createProperty + `: has the Name "get" of Routes["GET /events/{id}"].Function but another Package, MemorySize, Environment, TableActions: routes that share a function give it the same arguments, two functions have two Names`},
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
		{"build tag", changeCreate(func(f *FunctionArgs) { f.Build = &BuildArgs{Tags: []string{"prod", "-race"}} }),
			createProperty + `.Build.Tags: "-race" is no build tag: one has letters, digits, "_" and "."`},
		{"linker flag", changeCreate(func(f *FunctionArgs) { f.Build = &BuildArgs{LdFlags: []string{""}} }),
			createProperty + `.Build.LdFlags: "" is no argument`},
		{"two sets of arguments", func(a *ProtectedHttpApiArgs) {
			route := a.Routes["PUT /events/{id}"]
			route.Function = FunctionArgs{Package: "./testdata/../testdata/handlers/create", Name: "create-event", Timeout: time.Second,
				Naming: &NamingArgs{"create", true}, Logging: &LoggingArgs{Group: pulumi.String("logs")},
				Build: &BuildArgs{[]string{"prod"}, []string{"-w"}, "jsonv2", "latest"}}
			a.Routes["PUT /events/{id}"] = route
		}, `Routes["PUT /events/{id}"].Function: has the Name "create-event" of Routes["POST /events"].Function but another MemorySize, Timeout, Environment, TableActions, Build.Tags, Build.LdFlags, Build.GoExperiment, Build.GoFips140, Naming.PhysicalName, Naming.AutoName, Logging.Group: routes that share a function give it the same arguments, two functions have two Names`},
	})
}

// A function that says what it is called, one that leaves it to Pulumi, and one
// whose logs are somebody else's.
func TestFunctionNames(t *testing.T) {
	t.Parallel()
	const arn, mine = "arn:aws:logs:eu-central-1:123456789012:log-group:", "team/logs"
	for _, test := range []struct {
		name           string
		change         func(*FunctionArgs)
		function       any
		logging, group map[string]any
		logGroup       string // in the policy
	}{
		{"by default", func(*FunctionArgs) {}, "events-api-dev-events-create-event",
			map[string]any{"logFormat": "Text", "logGroup": "/aws/lambda/events-api-dev-events-create-event"},
			map[string]any{"name": "/aws/lambda/events-api-dev-events-create-event", "retentionInDays": 30.0}, "/aws/lambda/events-api-dev-events-create-event"},
		{"PhysicalName", func(f *FunctionArgs) { f.Naming = &NamingArgs{PhysicalName: "old-dev-events-create-event"} }, "old-dev-events-create-event",
			map[string]any{"logFormat": "Text", "logGroup": "/aws/lambda/old-dev-events-create-event"},
			map[string]any{"name": "/aws/lambda/old-dev-events-create-event", "retentionInDays": 30.0}, "/aws/lambda/old-dev-events-create-event"},
		{"AutoName", func(f *FunctionArgs) { f.Naming = &NamingArgs{AutoName: true} }, nil,
			map[string]any{"logFormat": "Text", "logGroup": "events-create-event-0a1b2c3"}, map[string]any{"retentionInDays": 30.0}, "events-create-event-0a1b2c3"},
		{"LogGroup", func(f *FunctionArgs) { f.Logging = &LoggingArgs{Group: pulumi.String(mine)} }, "events-api-dev-events-create-event",
			map[string]any{"logFormat": "Text", "logGroup": mine}, nil, mine},
		{"both, known at deployment", func(f *FunctionArgs) {
			f.Naming, f.Logging = &NamingArgs{AutoName: true}, &LoggingArgs{Group: pulumi.String(mine).ToStringOutput()}
		}, nil,
			map[string]any{"logFormat": "Text", "logGroup": mine}, nil, mine},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := exampleArgs()
			changeCreate(test.change)(args)
			m := mustDeploy(t, args)
			function := m.find(t, "Function", "events-create-event").Inputs.Mappable()
			if function["name"] != test.function || !reflect.DeepEqual(orNil(function["loggingConfig"]), test.logging) {
				t.Errorf("the function's name is %v, its logging %v", function["name"], function["loggingConfig"])
			}
			if there := slices.Contains(m.children(), "LogGroup events-create-event"); there != (test.group != nil) {
				t.Errorf("the log group is there: %v", there)
			} else if there {
				expectInputs(t, m.find(t, "LogGroup", "events-create-event"), test.group)
			}
			want := `"Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":["` + arn + test.logGroup + `:*"]}`
			if policy := m.find(t, "RolePolicy", "events-create-event").Inputs["policy"].StringValue(); !strings.Contains(policy, want) {
				t.Errorf("the policy lacks %s:\n%s", want, policy)
			}
		})
	}
}

// orNil returns a property's members, none where it is not there.
func orNil(property any) map[string]any {
	members, _ := property.(map[string]any)
	return members
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	args := exampleArgs()
	args.Defaults = FunctionDefaults{Architecture: "x86_64", Logging: &LoggingArgs{RetentionDays: 7}}
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
		"authorizer":   {"authorizer", 128, 10, map[string]any{"AUTHORIZER_CACHE_TTL": "0", "JWT_SECRET_PATH": "/events-api/jwt-secret"}},
		"create-event": {"create", 256, 10, map[string]any{"LOG_LEVEL": "debug", "TABLE_NAME": "events-table-0a1b2c3"}},
		"list-events":  {"list", 128, 3, nil},
	} {
		archives, err := golambda.Build(t.Context(), golambda.Options{Packages: []golambda.Package{{Path: filepath.Join("testdata", "handlers", want.folder)}}, Target: target})
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
			"tracingConfig": map[string]any{"mode": "PassThrough"}, "ephemeralStorage": map[string]any{"size": 512.0},
			"loggingConfig": map[string]any{"logFormat": "Text", "logGroup": "/aws/lambda/events-api-dev-events-" + name},
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
