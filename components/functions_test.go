package components

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/components/golambda"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

func TestPolicies(t *testing.T) {
	t.Parallel()
	args := exampleArgs()
	args.Authorizer.SecretKmsKeyArn = pulumi.String("arn:aws:kms:eu-central-1:123456789012:key/1234")
	m := mustDeploy(t, args)
	logs := func(name string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],` +
			`"Resource":["arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/events-api-dev-events-` + name + `:*"]}`
	}
	const table = "arn:aws:dynamodb:eu-central-1:123456789012:table/events-table-0a1b2c3"
	for name, policy := range map[string]string{
		"authorizer": logs("authorizer") +
			`,{"Effect":"Allow","Action":["ssm:GetParameter"],"Resource":["arn:aws:ssm:eu-central-1:123456789012:parameter/events-api/jwt-secret"]}` +
			`,{"Effect":"Allow","Action":["kms:Decrypt"],"Resource":["arn:aws:kms:eu-central-1:123456789012:key/1234"]}]}`,
		"list-events": logs("list-events") +
			`,{"Effect":"Allow","Action":["dynamodb:Query"],"Resource":["` + table + `/index/newest-first"]}]}`,
		"create-event": logs("create-event") +
			`,{"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:PutItem"],"Resource":["` + table + `"]}]}`,
		"get": logs("get") +
			`,{"Effect":"Allow","Action":["dynamodb:GetItem"],"Resource":["` + table + `"]}]}`,
	} {
		expectInputs(t, m.find(t, "RolePolicy", "events-"+name), map[string]any{"role": "events-" + name + "-0a1b2c3", "policy": policy})
		expectInputs(t, m.find(t, "Role", "events-"+name), map[string]any{
			"assumeRolePolicy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
		})
	}
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
		archives, err := golambda.Build(t.Context(), golambda.Options{Packages: []string{filepath.Join("testdata", "handlers", want.folder)}, Target: target})
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

func TestInjectSecret(t *testing.T) {
	t.Parallel()
	args := exampleArgs()
	args.Authorizer.InjectSecret = true
	m := mustDeploy(t, args)
	function := m.find(t, "Function", "events-authorizer")
	request := function.RegisterRPC
	if got := request.GetAdditionalSecretOutputs(); !slices.Equal(got, []string{"environment"}) {
		t.Errorf("secret outputs are %q, want environment", got)
	}
	// Pulumi's wire format marks a secret by a signature beside its value.
	environment := request.GetObject().GetFields()["environment"].GetStructValue().GetFields()["variables"].GetStructValue().GetFields()
	secret := environment[contract.EnvSecret].GetStructValue().GetFields()
	if len(environment) != 1 || secret["value"].GetStringValue() != secretValue || secret[resource.SigKey].GetStringValue() != resource.SecretSig {
		t.Error("the environment is not the secret alone, marked as such")
	}
	if policy := m.find(t, "RolePolicy", "events-authorizer").Inputs["policy"].StringValue(); strings.Contains(policy, "ssm:") {
		t.Errorf("the policy has SSM permissions: %s", policy)
	}
	lookup := slices.IndexFunc(m.invoked, func(c pulumi.MockCallArgs) bool { return c.Token == "aws:ssm/getParameter:getParameter" })
	want := resource.PropertyMap{"name": resource.NewStringProperty("/events-api/jwt-secret"), "withDecryption": resource.NewBoolProperty(true)}
	if lookup < 0 || !m.invoked[lookup].Args.DeepEquals(want) {
		t.Errorf("the look-ups are %v, want one with %v", m.invoked, want)
	}
}

func TestHostTarget(t *testing.T) {
	t.Setenv(contract.EnvBuildTarget, contract.BuildTargetHost)
	target, err := golambda.NewTarget("arm64", contract.BuildTargetHost)
	if err != nil {
		t.Fatal(err)
	}

	local := &mocks{account: contract.LocalAccountID}
	if err := deploy(local, exampleArgs(), nil); err != nil {
		t.Fatal(err)
	}
	if got := local.find(t, "Function", "events-get").Inputs["architectures"].Mappable(); !reflect.DeepEqual(got, []any{target.Architecture()}) {
		t.Errorf("architectures are %v, want %s", got, target.Architecture())
	}

	onAWS := &mocks{account: testAccount}
	err = deploy(onAWS, exampleArgs(), nil)
	want := `environment variable PROTECTED_HTTP_API_BUILD_TARGET is "host", which compiles functions for the local AWS only, ` +
		"but this stack deploys to the AWS account 123456789012: unset the variable"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is\n%v\nwant\n%s", err, want)
	}
	if children := onAWS.children(); len(children) > 0 {
		t.Errorf("registered before the refusal: %q", children)
	}
}

// A configured Linux architecture is allowed in the local account too.
func TestLinuxTargetInTheLocalAccount(t *testing.T) {
	t.Parallel()
	m := &mocks{account: contract.LocalAccountID}
	if err := deploy(m, exampleArgs(), nil); err != nil {
		t.Fatal(err)
	}
	if got := m.find(t, "Function", "events-get").Inputs["architectures"].Mappable(); !reflect.DeepEqual(got, []any{"arm64"}) {
		t.Errorf("architectures are %v, want arm64", got)
	}
}
