package components

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func TestPolicies(t *testing.T) {
	t.Parallel()
	args := exampleArgs()
	args.Authorizer.Secrets = &SecretsArgs{KmsKeyArn: pulumi.String("arn:aws:kms:eu-central-1:123456789012:key/1234")}
	m := mustDeploy(t, args)
	logs := func(name string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],` +
			`"Resource":["arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/events-api-dev-events-` + name + `:*"]}`
	}
	const table = "arn:aws:dynamodb:eu-central-1:123456789012:table/events-table-0a1b2c3"
	for name, policy := range map[string]string{
		"authorizer": logs("authorizer") +
			`,{"Effect":"Allow","Action":["ssm:GetParameter"],"Resource":["arn:aws:ssm:eu-central-1:123456789012:parameter/events-api/jwt-secret"]}` +
			`,{"Effect":"Allow","Action":["kms:Decrypt"],"Resource":["arn:aws:kms:eu-central-1:123456789012:key/1234"],` +
			`"Condition":{"StringEquals":{"kms:EncryptionContext:PARAMETER_ARN":["arn:aws:ssm:eu-central-1:123456789012:parameter/events-api/jwt-secret"],` +
			`"kms:ViaService":["ssm.eu-central-1.amazonaws.com"]}}}]}`,
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

// A path that is known only at deployment is checked then.
func TestPolicyRefusesASecretPathThatOpensMore(t *testing.T) {
	t.Parallel()
	const group = "arn:aws:logs:eu-central-1:123456789012:log-group:g"
	const want = "naming the secret's parameter: the value of SecretPath, or of one of Secrets.Paths or Prefixes, is neither the name of a parameter nor, where that may be, the ARN of a secret; it is not shown, since it may be the secret itself"
	for _, test := range []struct {
		name   string
		grants grants
		want   string
	}{
		{"secret", grants{logGroupArn: group, secretPaths: []string{"/events-api/jwt-secret", "/events-api/*"}}, want},
		{"prefix", grants{logGroupArn: group, secretPrefixes: []string{"/events-api/*"}}, want},
		{"slash at the end", grants{logGroupArn: group, secretPrefixes: []string{"/tenants/"}}, want},
		{"neighbour", grants{logGroupArn: "no-arn", secretPaths: []string{"/events-api/jwt-secret"}},
			`reading the account of "no-arn": it is not an ARN`},
	} {
		if _, err := marshalPolicy(FunctionArgs{}, test.grants); err == nil || err.Error() != test.want {
			t.Errorf("%s: error is %v, want %s", test.name, err, test.want)
		}
	}
}

// Paths may be known only at deployment, and so may the policy's length.
func TestPolicyRefusesWhatIAMRefuses(t *testing.T) {
	t.Parallel()
	f := FunctionArgs{Name: "authorizer"}
	g := grants{logGroupArn: "arn:aws:logs:eu-central-1:123456789012:log-group:g"}
	for i := range 120 {
		g.secretPaths = append(g.secretPaths, fmt.Sprintf("/app/%024d", i))
	}
	got, err := marshalPolicy(f, g)
	if err != nil {
		t.Fatal(err)
	}
	// One path more, of the length that makes the policy as long as it may be.
	const perPath = len(`,"arn:aws:ssm:eu-central-1:123456789012:parameter"`)
	last := "/" + strings.Repeat("x", maxInlinePolicy-len(got)-perPath-1)
	g.secretPaths = append(g.secretPaths, last)
	if got, err = marshalPolicy(f, g); err != nil || len(got) != maxInlinePolicy {
		t.Fatalf("got %d characters, %v", len(got), err)
	}
	g.secretPaths[len(g.secretPaths)-1] += "x"
	const want = `the policy of function "authorizer" has 10241 characters, a role's inline policies may have 10240: name fewer resources, secrets by one path in Secrets.Prefixes for instance`
	if _, err := marshalPolicy(f, g); err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}
