package components

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

func TestCheckSecrets(t *testing.T) {
	t.Parallel()
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"secret path", func(a *ProtectedHttpApiArgs) { a.Authorizer.SecretPath = pulumi.String("jwt-secret") },
			`Authorizer.SecretPath: "jwt-secret" must begin with /, or be the ARN of a secret of Secrets Manager: arn:aws:secretsmanager:{region}:{account}:secret:{name}`},
		{"injected secret without path", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.SecretPath, a.Authorizer.Secrets = nil, &SecretsArgs{Delivery: DeliverInEnvironment}
		}, `Authorizer.SecretPath: is required with the Delivery "environment"`},
		{"key", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.Secrets = &SecretsArgs{KmsKeyArn: pulumi.String("alias/aws/ssm")}
		},
			`Authorizer.Secrets.KmsKeyArn: "alias/aws/ssm" is not the ARN of a KMS key: arn:aws:kms:{region}:{account}:key/{id}`},
		{"key with an injected secret", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.Secrets = &SecretsArgs{KmsKeyArn: pulumi.String("arn:aws:kms:eu-central-1:123456789012:key/1"), Delivery: DeliverInEnvironment}
		}, `Authorizer.Secrets.KmsKeyArn: has no use with the Delivery "environment": the function does not read the secret`},
		{"key without secret", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.Secrets, a.Authorizer.SecretPath = &SecretsArgs{KmsKeyArn: pulumi.String("arn:aws:kms:eu-central-1:123456789012:key/1")}, nil
		}, "Authorizer.Secrets.KmsKeyArn: has no use without SecretPath, Paths or Prefixes"},
		{"delivery", func(a *ProtectedHttpApiArgs) { a.Authorizer.Secrets = &SecretsArgs{Delivery: "env"} },
			`Authorizer.Secrets.Delivery: "env" is not one of "runtime", "environment"`},
		{"no secret's ARN", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.SecretPath = pulumi.String("arn:aws:ssm:eu-central-1:123456789012:parameter/a")
		}, `Authorizer.SecretPath: "arn:aws:ssm:eu-central-1:123456789012:parameter/a" must begin with /, or be the ARN of a secret of Secrets Manager: arn:aws:secretsmanager:{region}:{account}:secret:{name}`},
	})
	expectMistakes(t, testScope, mixedArgs, []mistakeTest{
		{"two purposes of two authorizers", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.SecretPath = pulumi.String("/tokens")
			changePartners(func(p *AuthorizerArgs) {
				p.Secrets = &SecretsArgs{Paths: map[string]pulumi.StringInput{"SIGNING_KEYS_PATH": pulumi.String("/tokens")}}
			})(a)
		}, `Authorizers["partners"].Secrets.Paths["SIGNING_KEYS_PATH"]: "/tokens" is in Authorizer.SecretPath too: whoever has a key for one purpose could use it for the other: name another one`},
		{"one purpose of two authorizers", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.SecretPath = pulumi.String("/tokens")
			changePartners(func(p *AuthorizerArgs) { p.SecretPath = pulumi.String("/tokens") })(a)
		}, ""},
	})
	expectMistakes(t, testScope, guardedArgs, []mistakeTest{
		{"two purposes", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.Secrets.Paths = map[string]pulumi.StringInput{
				"A1": pulumi.String("/events-api/jwt-secret"), "B1": pulumi.String("/b"), "B2": pulumi.String("/b"), "B3": pulumi.String("/b/c"),
			}
		}, `Authorizer.Secrets.Paths["A1"]: "/events-api/jwt-secret" is in Authorizer.SecretPath too: whoever has a key for one purpose could use it for the other: name another one
Authorizer.Secrets.Paths["B2"]: "/b" is in Authorizer.Secrets.Paths["B1"] too: whoever has a key for one purpose could use it for the other: name another one`},
		{"one secret by two ARNs", func(a *ProtectedHttpApiArgs) {
			const secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:"
			a.Authorizer.SecretPath = pulumi.String(secret + "tokens-AbCd12")
			a.Authorizer.Secrets.Paths = map[string]pulumi.StringInput{"A1": pulumi.String(secret + "tokens"), "B1": pulumi.String(secret + "others")}
		}, `Authorizer.Secrets.Paths["A1"]: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:tokens" is in Authorizer.SecretPath too: whoever has a key for one purpose could use it for the other: name another one`},
		{"variables", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.Secrets.Paths = map[string]pulumi.StringInput{
				"AUTH_METHODS": pulumi.String("/a"), "AWS_REGION": pulumi.String("/b"), "JWT_SECRET_PATH": pulumi.String("/c"),
				"K": pulumi.String("/d"), "KEYS": nil, "PATH_1": pulumi.String("a"),
			}
			a.Authorizer.Secrets.Prefixes = map[string]pulumi.StringInput{"KEYS": pulumi.String("/tenants/"), "ROUTE_PERMISSIONS": pulumi.String("/a")}
		}, `Authorizer.Secrets.Paths["AUTH_METHODS"]: is in Authorizer.Function.Environment too: keep one of them
Authorizer.Secrets.Paths["AWS_REGION"]: is reserved by Lambda
Authorizer.Secrets.Paths["JWT_SECRET_PATH"]: is the component's own
Authorizer.Secrets.Paths["K"]: is not a name that Lambda allows: a letter, then at least one letter, digit or underscore
Authorizer.Secrets.Paths["KEYS"]: has no value
Authorizer.Secrets.Paths["PATH_1"]: "a" must begin with /, or be the ARN of a secret of Secrets Manager: arn:aws:secretsmanager:{region}:{account}:secret:{name}
Authorizer.Secrets.Prefixes["KEYS"]: "/tenants/" must be 1 to 15 parts, each a / and letters, digits, '.', '-' or '_'
Authorizer.Secrets.Prefixes["KEYS"]: is in Authorizer.Secrets.Paths too: keep one of them
Authorizer.Secrets.Prefixes["ROUTE_PERMISSIONS"]: is the component's own`},
		{"young secrets", func(a *ProtectedHttpApiArgs) { a.Authorizer.Secrets.MaxAge = time.Millisecond },
			"Authorizer.Secrets.MaxAge: 1ms is out of range: 1s to 24h"},
		{"negative age", func(a *ProtectedHttpApiArgs) { a.Authorizer.Secrets.MaxAge = -time.Second },
			"Authorizer.Secrets.MaxAge: -1s is out of range: 1s to 24h"},
		{"old secrets", func(a *ProtectedHttpApiArgs) { a.Authorizer.Secrets.MaxAge = 25 * time.Hour },
			"Authorizer.Secrets.MaxAge: 25h0m0s is out of range: 1s to 24h"},
		{"age of half a second", func(a *ProtectedHttpApiArgs) { a.Authorizer.Secrets.MaxAge = 1500 * time.Millisecond },
			"Authorizer.Secrets.MaxAge: 1.5s is not a whole number of seconds"},
		{"age of nothing", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.Secrets = &SecretsArgs{MaxAge: time.Minute, Delivery: DeliverInEnvironment}
		}, "Authorizer.Secrets.MaxAge: has no use: the function reads no secret by itself"},
	})
}

func TestCheckSecretPath(t *testing.T) {
	t.Parallel()
	long := "/" + strings.Repeat("a", maxSecretPath)
	const arn = "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:events/jwt_+=.@-Ab1Cd2"
	const orArn = ", or be the ARN of a secret of Secrets Manager: arn:aws:secretsmanager:{region}:{account}:secret:{name}"
	tests := []struct{ path, want string }{
		{"/events-api/jwt-secret", ""},
		{"/a_b.c-D9", ""},
		{"/a" + strings.Repeat("/a", 14), ""},
		{"", `"" must begin with /` + orArn},
		{"events", `"events" must begin with /` + orArn},
		{arn, ""},
		{arn + "*", `"` + arn + `*" must begin with /` + orArn},
		{"/", `"/" must be 1 to 15 parts, each a / and letters, digits, '.', '-' or '_'`},
		{"/a/", `"/a/" must be 1 to 15 parts, each a / and letters, digits, '.', '-' or '_'`},
		{"/a//b", `"/a//b" must be 1 to 15 parts, each a / and letters, digits, '.', '-' or '_'`},
		{"/a b", `"/a b" must be 1 to 15 parts, each a / and letters, digits, '.', '-' or '_'`},
		{"/a*", `"/a*" must be 1 to 15 parts, each a / and letters, digits, '.', '-' or '_'`},
		{"/a" + strings.Repeat("/a", 15), `"/a` + strings.Repeat("/a", 15) + `" must be 1 to 15 parts, each a / and letters, digits, '.', '-' or '_'`},
		{"/AWS/secret", `"/AWS/secret" must not begin with /aws or /ssm, which AWS reserves`},
		{"/ssm-secret", `"/ssm-secret" must not begin with /aws or /ssm, which AWS reserves`},
		{long, fmt.Sprintf("%q has %d characters: at most %d are allowed", long, maxSecretPath+1, maxSecretPath)},
	}
	for _, test := range tests {
		t.Run(test.path, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := CheckSecretPath(test.path); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("error is\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestInjectSecret(t *testing.T) {
	t.Parallel()
	args := exampleArgs()
	args.Authorizer.Secrets = &SecretsArgs{Delivery: DeliverInEnvironment}
	m := mustDeploy(t, args)
	function := m.find(t, "Function", "events-authorizer")
	request := function.RegisterRPC
	if got := request.GetAdditionalSecretOutputs(); !slices.Equal(got, []string{"environment"}) {
		t.Errorf("secret outputs are %q, want environment", got)
	}
	// Pulumi's wire format marks a secret by a signature beside its value.
	environment := request.GetObject().GetFields()["environment"].GetStructValue().GetFields()["variables"].GetStructValue().GetFields()
	secret := environment[contract.EnvSecret].GetStructValue().GetFields()
	if len(environment) != 2 || secret["value"].GetStringValue() != secretValue || secret[resource.SigKey].GetStringValue() != resource.SecretSig {
		t.Error("the environment is not the secret, marked as such, and the TTL")
	}
	if policy := m.find(t, "RolePolicy", "events-authorizer").Inputs["policy"].StringValue(); strings.Contains(policy, "ssm:") {
		t.Errorf("the policy has SSM permissions: %s", policy)
	}
	lookup := slices.IndexFunc(m.invoked, func(c pulumi.MockCallArgs) bool {
		return c.Token == "aws:ssm/getParameter:getParameter" && c.Args["withDecryption"].BoolValue()
	})
	want := resource.PropertyMap{"name": resource.NewStringProperty("/events-api/jwt-secret"), "withDecryption": resource.NewBoolProperty(true)}
	if lookup < 0 || !m.invoked[lookup].Args.DeepEquals(want) {
		t.Errorf("the look-ups are %v, want one with %v", m.invoked, want)
	}
}

// A secret's key opens all the secrets, also where the first is injected.
func TestGuardedAuthorizerWithKey(t *testing.T) {
	t.Parallel()
	const key = "arn:aws:kms:eu-central-1:123456789012:key/1234"
	args := guardedArgs()
	args.Authorizer.Secrets.KmsKeyArn, args.Authorizer.Secrets.Delivery = pulumi.String(key), DeliverInEnvironment
	delete(args.Authorizer.Secrets.Paths, "OTHER_PATH")
	m := mustDeploy(t, args)
	policy := m.find(t, "RolePolicy", "events-authorizer").Inputs["policy"].StringValue()
	for part, want := range map[string]bool{
		`{"Effect":"Allow","Action":["kms:Decrypt"],"Resource":["` + key + `"],"Condition":{"StringEquals":{"kms:ViaService":["ssm.eu-central-1.amazonaws.com"]},` +
			`"StringLike":{"kms:EncryptionContext:PARAMETER_ARN":["arn:aws:ssm:eu-central-1:123456789012:parameter/events-api/signing-keys",` +
			`"arn:aws:ssm:eu-central-1:123456789012:parameter/events-api/tenants/*"]}}}`: true, "parameter/events-api/signing-keys": true, "jwt-secret": false,
	} {
		if strings.Contains(policy, part) != want {
			t.Errorf("the policy contains %s: %v; it is\n%s", part, !want, policy)
		}
	}
	environment := m.find(t, "Function", "events-authorizer").RegisterRPC.GetObject().GetFields()["environment"].GetStructValue().GetFields()["variables"].GetStructValue().GetFields()
	if environment[contract.EnvSecretPath] != nil || environment[contract.EnvSecret] == nil || environment["SIGNING_KEYS_PATH"] == nil {
		t.Errorf("the variables are %q", slices.Sorted(maps.Keys(environment)))
	}
}

// secretsManagerArgs have a secret of each kind.
func secretsManagerArgs() *ProtectedHttpApiArgs {
	args := exampleArgs()
	args.Authorizer.SecretPath = pulumi.String("arn:aws:secretsmanager:eu-central-1:123456789012:secret:jwt-Ab1Cd2")
	args.Authorizer.Secrets = &SecretsArgs{
		Paths: map[string]pulumi.StringInput{
			"SIGNING_KEYS_PATH": pulumi.String("/events-api/signing-keys"),
			"OTHER_PATH":        pulumi.String("arn:aws:secretsmanager:eu-central-1:210987654321:secret:theirs").ToStringOutput(),
		},
		KmsKeyArn: pulumi.String("arn:aws:kms:eu-central-1:123456789012:key/1"),
	}
	return args
}

func TestSecretsManager(t *testing.T) {
	t.Parallel()
	m := mustDeploy(t, secretsManagerArgs())
	policy := m.find(t, "RolePolicy", "events-authorizer").Inputs["policy"].StringValue()
	const jwt, theirs = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:jwt-Ab1Cd2", "arn:aws:secretsmanager:eu-central-1:210987654321:secret:theirs"
	const keys = "arn:aws:ssm:eu-central-1:123456789012:parameter/events-api/signing-keys"
	want := strings.Join([]string{
		`{"Effect":"Allow","Action":["ssm:GetParameter"],"Resource":["` + keys + `"]}`,
		`{"Effect":"Allow","Action":["secretsmanager:GetSecretValue"],"Resource":["` + jwt + `","` + theirs + `-??????"]}`,
		`{"Effect":"Allow","Action":["kms:Decrypt"],"Resource":["arn:aws:kms:eu-central-1:123456789012:key/1"],"Condition":{"StringEquals":{` +
			`"kms:EncryptionContext:PARAMETER_ARN":["` + keys + `"],"kms:ViaService":["ssm.eu-central-1.amazonaws.com"]}}}`,
		`{"Effect":"Allow","Action":["kms:Decrypt"],"Resource":["arn:aws:kms:eu-central-1:123456789012:key/1"],"Condition":{"StringEquals":{` +
			`"kms:ViaService":["secretsmanager.eu-central-1.amazonaws.com"]},"StringLike":{"kms:EncryptionContext:SecretARN":["` + jwt + `","` + theirs + `-??????"]}}}`,
	}, ",") + "]}"
	if !strings.HasSuffix(policy, want) {
		t.Errorf("the policy is\n%s\nwhich does not end with\n%s", policy, want)
	}
	variables := m.find(t, "Function", "events-authorizer").Inputs["environment"].ObjectValue()["variables"].ObjectValue().Mappable()
	if variables[contract.EnvSecretPath] != jwt || variables["OTHER_PATH"] != theirs {
		t.Errorf("the variables are %v", variables)
	}

	args := secretsManagerArgs()
	args.Authorizer.Secrets.Delivery = DeliverInEnvironment
	m = mustDeploy(t, args)
	environment := m.find(t, "Function", "events-authorizer").RegisterRPC.GetObject().GetFields()["environment"].GetStructValue().GetFields()["variables"].GetStructValue().GetFields()
	secret := environment[contract.EnvSecret].GetStructValue().GetFields()
	if secret["value"].GetStringValue() != secretValue || secret[resource.SigKey].GetStringValue() != resource.SecretSig {
		t.Error("the variable is not the secret, marked as such")
	}
}

func TestSecretOfAnotherRegion(t *testing.T) {
	t.Parallel()
	_, err := grants{secretPaths: []string{"arn:aws:secretsmanager:us-east-1:123456789012:secret:jwt"}}.secretStatements("arn:aws:logs:eu-central-1:123456789012:log-group:g")
	const want = `the secret "arn:aws:secretsmanager:us-east-1:123456789012:secret:jwt" is in the Region us-east-1, the function in eu-central-1: replicate the secret and name its replica`
	if err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

// What is given in the place of a path may be the secret itself.
func TestNoSecretInErrors(t *testing.T) {
	t.Parallel()
	args := exampleArgs()
	args.Authorizer.SecretPath = pulumi.ToSecret(pulumi.String(secretValue)).(pulumi.StringOutput)
	if err := deploy(&mocks{account: testAccount}, args, nil); err == nil || strings.Contains(err.Error(), secretValue) {
		t.Errorf("the error is %v", err)
	}
}
