package components

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func texts(list ...string) []pulumi.StringInput {
	var inputs []pulumi.StringInput
	for _, text := range list {
		inputs = append(inputs, pulumi.String(text))
	}
	return inputs
}

func TestCheckSurroundings(t *testing.T) {
	t.Parallel()
	const layer = "arn:aws:lambda:eu-central-1:123456789012:layer:tools:"
	minus := -1
	subnets, groups := strings.Split(strings.Repeat("subnet-1 ", 17), " ")[:17], strings.Split(strings.Repeat("sg-1 ", 6), " ")[:6]
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"architecture", changeCreate(func(f *FunctionArgs) { f.Architecture = "arm" }),
			createProperty + `.Architecture: "arm" is not one of "arm64", "x86_64"`},
		{"tracing", changeCreate(func(f *FunctionArgs) { f.Tracing = "active" }),
			createProperty + `.Tracing: "active" is not one of "Active", "PassThrough"`},
		{"little storage", changeCreate(func(f *FunctionArgs) { f.EphemeralStorage = 511 }),
			createProperty + `.EphemeralStorage: 511 is out of range: 512 to 10240 MB`},
		{"much storage", changeCreate(func(f *FunctionArgs) { f.EphemeralStorage = 10241 }),
			createProperty + `.EphemeralStorage: 10241 is out of range: 512 to 10240 MB`},
		{"concurrency", changeCreate(func(f *FunctionArgs) { f.ReservedConcurrency = &minus }),
			createProperty + `.ReservedConcurrency: -1 is negative: leave it out for no reservation, 0 switches the function off`},
		{"boundary", changeCreate(func(f *FunctionArgs) { f.PermissionsBoundary = pulumi.String("boundary") }),
			createProperty + `.PermissionsBoundary: "boundary" is not the ARN of a policy, arn:aws:iam::{account}:policy/{name}`},
		{"dead letters", changeCreate(func(f *FunctionArgs) {
			f.DeadLetterArn = pulumi.String("arn:aws:lambda:eu-central-1:123456789012:function:f")
		}), createProperty + `.DeadLetterArn: "arn:aws:lambda:eu-central-1:123456789012:function:f" is not the ARN of a queue of SQS or a topic of SNS, arn:aws:sqs:{region}:{account}:{name}`},
		{"FIFO", changeCreate(func(f *FunctionArgs) {
			f.DeadLetterArn = pulumi.String("arn:aws:sns:eu-central-1:123456789012:failed.fifo")
		}), createProperty + `.DeadLetterArn: "arn:aws:sns:eu-central-1:123456789012:failed.fifo" is FIFO: Lambda sends failed events to standard queues and topics only`},
		{"layers", changeCreate(func(f *FunctionArgs) {
			f.Layers = append(texts(layer+"1", layer+"2", strings.TrimSuffix(layer, ":")), nil)
		}), createProperty + `.Layers[1]: "` + layer + `2" is of a layer that is there already: Lambda takes one version of each
` + createProperty + `.Layers[2]: "` + strings.TrimSuffix(layer, ":") + `" is not the ARN of a layer's version, arn:aws:lambda:{region}:{account}:layer:{name}:{version}
` + createProperty + `.Layers[3]: has no value`},
		{"many layers", changeCreate(func(f *FunctionArgs) {
			f.Layers = texts("arn:aws:lambda:eu-central-1:123456789012:layer:a:1", "arn:aws:lambda:eu-central-1:123456789012:layer:b:1", "arn:aws:lambda:eu-central-1:123456789012:layer:c:1",
				"arn:aws:lambda:eu-central-1:123456789012:layer:d:1", "arn:aws:lambda:eu-central-1:123456789012:layer:e:1", "arn:aws:lambda:eu-central-1:123456789012:layer:f:1")
		}), createProperty + `.Layers: 6 are too many: Lambda allows a function 5 layers: merge some`},
		{"VPC", changeCreate(func(f *FunctionArgs) { f.Vpc = &VpcArgs{SubnetIds: texts("vpc-1")} }),
			createProperty + `.Vpc.SubnetIds[0]: "vpc-1" is not the id of a subnet
` + createProperty + `.Vpc.SecurityGroupIds: at least one is required with SubnetIds`},
		{"large VPC", changeCreate(func(f *FunctionArgs) {
			f.Vpc = &VpcArgs{SubnetIds: texts(subnets...), SecurityGroupIds: texts(groups...)}
		}), createProperty + `.Vpc.SubnetIds: 17 are too many: Lambda allows a function 16
` + createProperty + `.Vpc.SecurityGroupIds: 6 are too many: Lambda allows a function 5`},
		{"log level of text", changeCreate(func(f *FunctionArgs) { f.Logging = &LoggingArgs{ApplicationLevel: "INFO"} }),
			createProperty + `.Logging.ApplicationLevel: "INFO" is for the Format "JSON" only: set that too, or leave it out`},
		{"log format and levels", changeCreate(func(f *FunctionArgs) {
			f.Logging = &LoggingArgs{Format: "JSON", ApplicationLevel: "info", SystemLevel: "ERROR"}
		}), createProperty + `.Logging.ApplicationLevel: "info" is not one of "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"
` + createProperty + `.Logging.SystemLevel: "ERROR" is not one of "DEBUG", "INFO", "WARN"`},
		{"unknown log format", changeCreate(func(f *FunctionArgs) { f.Logging = &LoggingArgs{Format: "json"} }),
			createProperty + `.Logging.Format: "json" is not one of "Text", "JSON"`},
		{"retention of another's group", changeCreate(func(f *FunctionArgs) {
			f.Logging = &LoggingArgs{Group: pulumi.String("logs"), RetentionDays: 7}
		}), createProperty + `.Logging.RetentionDays: 7 is not possible with Group: that log group is not the component's, and its retention is its own: leave it out`},
		{"defaults", func(a *ProtectedHttpApiArgs) {
			a.Defaults = FunctionDefaults{
				MemorySize: 64, Timeout: time.Minute, Tracing: "on", Environment: map[string]pulumi.StringInput{"TABLE_NAME": pulumi.String("t")},
				Build: &BuildArgs{Tags: []string{"a b"}}, PermissionsBoundary: pulumi.String("b"),
			}
		}, `Defaults.MemorySize: 64 is out of range: 128 to 10240 MB
Defaults.Timeout: 1m0s is out of range: 1s to 30s, API Gateway waits no longer for an integration
Defaults.Tracing: "on" is not one of "Active", "PassThrough"
Defaults.PermissionsBoundary: "b" is not the ARN of a policy, arn:aws:iam::{account}:policy/{name}
Defaults.Build.Tags: "a b" is no build tag: one has letters, digits, "_" and "."
Defaults.Environment["TABLE_NAME"]: is the component's own`},
	})
}

// Everything that surrounds a function reaches AWS, with the permissions that Lambda
// needs for it.
func TestSurroundings(t *testing.T) {
	t.Parallel()
	args := exampleArgs()
	one := 1
	changeCreate(func(f *FunctionArgs) {
		f.TableActions, f.Architecture, f.Tracing, f.EphemeralStorage, f.ReservedConcurrency = nil, "x86_64", "Active", 1024, &one
		f.Logging = &LoggingArgs{Format: "JSON", ApplicationLevel: "WARN", SystemLevel: "DEBUG", RetentionDays: 1}
		f.Layers = texts("arn:aws:lambda:eu-central-1:123456789012:layer:tools:1")
		f.Vpc = &VpcArgs{SubnetIds: texts("subnet-1"), SecurityGroupIds: texts("sg-1")}
		f.DeadLetterArn = pulumi.String("arn:aws:sns:eu-central-1:123456789012:failed").ToStringOutput()
		f.PermissionsBoundary = pulumi.String("arn:aws:iam::123456789012:policy/boundary")
	})(args)
	m := mustDeploy(t, args)
	got := m.find(t, "Function", "events-create-event").Inputs.Mappable()
	for name, want := range map[string]any{
		"architectures": []any{"x86_64"}, "layers": []any{"arn:aws:lambda:eu-central-1:123456789012:layer:tools:1"},
		"tracingConfig": map[string]any{"mode": "Active"}, "ephemeralStorage": map[string]any{"size": 1024.0}, "reservedConcurrentExecutions": 1.0,
		"vpcConfig":        map[string]any{"subnetIds": []any{"subnet-1"}, "securityGroupIds": []any{"sg-1"}},
		"deadLetterConfig": map[string]any{"targetArn": "arn:aws:sns:eu-central-1:123456789012:failed"},
		"loggingConfig": map[string]any{
			"logFormat": "JSON", "logGroup": "/aws/lambda/events-api-dev-events-create-event", "applicationLogLevel": "WARN", "systemLogLevel": "DEBUG",
		},
	} {
		if !reflect.DeepEqual(got[name], want) {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if role := m.find(t, "Role", "events-create-event").Inputs.Mappable(); role["permissionsBoundary"] != "arn:aws:iam::123456789012:policy/boundary" {
		t.Errorf("the role is %v", role)
	}
	const vpc = `"Action":["ec2:AssignPrivateIpAddresses","ec2:CreateNetworkInterface","ec2:DeleteNetworkInterface","ec2:DescribeNetworkInterfaces","ec2:DescribeSubnets","ec2:UnassignPrivateIpAddresses"],"Resource":["*"]`
	const want = `:*"]},{"Effect":"Allow","Action":["xray:PutTelemetryRecords","xray:PutTraceSegments"],"Resource":["*"]},` +
		`{"Effect":"Allow",` + vpc + `},{"Effect":"Deny",` + vpc + `,"Condition":{"Null":{"lambda:SourceFunctionArn":["false"]}}},` +
		`{"Effect":"Allow","Action":["sns:Publish"],"Resource":["arn:aws:sns:eu-central-1:123456789012:failed"]}]}`
	if policy := m.find(t, "RolePolicy", "events-create-event").Inputs["policy"].StringValue(); !strings.HasSuffix(policy, want) {
		t.Errorf("the policy is\n%s\nwant the end\n%s", policy, want)
	}
}

// What functions share is in each of them, unless it says otherwise or would be
// invalid there.
func TestDefaults(t *testing.T) {
	t.Parallel()
	code := t.TempDir()
	writeFile(t, code+"/index.mjs", "export const handler = 1\n", 0o600)
	args := exampleArgs()
	args.Defaults = FunctionDefaults{
		MemorySize: 512, Timeout: 20 * time.Second, Architecture: "x86_64", Tracing: "Active",
		Environment:         map[string]pulumi.StringInput{"LOG_LEVEL": pulumi.String("info"), "STAGE": pulumi.String("dev")},
		Build:               &BuildArgs{Tags: []string{"all"}, LdFlags: []string{"-X=main.a=1"}},
		Logging:             &LoggingArgs{Format: "JSON", ApplicationLevel: "WARN", RetentionDays: 7},
		Vpc:                 &VpcArgs{SubnetIds: texts("subnet-1"), SecurityGroupIds: texts("sg-1")},
		Layers:              texts("arn:aws:lambda:eu-central-1:123456789012:layer:tools:1"),
		PermissionsBoundary: pulumi.String("arn:aws:iam::123456789012:policy/boundary"),
	}
	changeCreate(func(f *FunctionArgs) {
		f.Build, f.Logging = &BuildArgs{Tags: []string{"one"}}, &LoggingArgs{Format: "Text"}
		f.Vpc, f.Layers, f.Tracing = &VpcArgs{}, []pulumi.StringInput{}, "PassThrough"
	})(args)
	args.Routes["GET /code"] = Route{Auth: Public, Function: FunctionArgs{Name: "code", Code: &CodeArgs{Path: code, Runtime: "nodejs24.x", Handler: "index.handler"}}}
	p, m := check(testScope, "events", args)
	if len(m) > 0 {
		t.Fatal(messages(m))
	}
	found := map[string]FunctionArgs{}
	for _, f := range p.functions {
		found[f.args.Name] = f.args
	}
	create, list, authorizer, prebuilt := found["create-event"], found["list-events"], found["authorizer"], found["code"]
	if list.Timeout != 20*time.Second || authorizer.Timeout != 10*time.Second {
		t.Errorf("the timeouts are %v and, of the authorizer, %v", list.Timeout, authorizer.Timeout)
	}
	if create.MemorySize != 256 || list.MemorySize != 512 || create.Architecture != "x86_64" || create.Tracing != "PassThrough" || list.Tracing != "Active" {
		t.Errorf("got %+v and %+v", create, list)
	}
	environment := map[string]pulumi.StringInput{"LOG_LEVEL": pulumi.String("debug"), "STAGE": pulumi.String("dev")}
	if !reflect.DeepEqual(create.Environment, environment) || !reflect.DeepEqual(list.Environment, args.Defaults.Environment) {
		t.Errorf("the environments are %v and %v", create.Environment, list.Environment)
	}
	if want := (BuildArgs{Tags: []string{"one"}, LdFlags: []string{"-X=main.a=1"}}); !reflect.DeepEqual(*create.Build, want) || prebuilt.Build != nil {
		t.Errorf("the builds are %+v and %+v", create.Build, prebuilt.Build)
	}
	if want := (LoggingArgs{Format: "Text", RetentionDays: 7}); *create.Logging != want || list.Logging.ApplicationLevel != "WARN" || list.Logging.SystemLevel != "INFO" {
		t.Errorf("the loggings are %+v and %+v", create.Logging, list.Logging)
	}
	if create.Vpc.connects() || !list.Vpc.connects() || len(create.Layers) != 0 || len(list.Layers) != 1 || create.PermissionsBoundary == nil {
		t.Errorf("got %+v and %+v", create, list)
	}
}
