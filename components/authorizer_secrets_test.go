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
			`Authorizer.SecretPath: "jwt-secret" must begin with /`},
		{"injected secret without path", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.SecretPath, a.Authorizer.InjectSecret = nil, true
		}, "Authorizer.SecretPath: is required with InjectSecret"},
		{"key", func(a *ProtectedHttpApiArgs) { a.Authorizer.SecretKmsKeyArn = pulumi.String("alias/aws/ssm") },
			`Authorizer.SecretKmsKeyArn: "alias/aws/ssm" is not the ARN of a KMS key: arn:aws:kms:{region}:{account}:key/{id}`},
		{"key with an injected secret", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.SecretKmsKeyArn, a.Authorizer.InjectSecret = pulumi.String("arn:aws:kms:eu-central-1:123456789012:key/1"), true
		}, "Authorizer.SecretKmsKeyArn: has no use with InjectSecret: the function does not read the parameter"},
		{"key without secret", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.SecretKmsKeyArn, a.Authorizer.SecretPath = pulumi.String("arn:aws:kms:eu-central-1:123456789012:key/1"), nil
		}, "Authorizer.SecretKmsKeyArn: has no use without SecretPath, Secrets or SecretPrefixes"},
	})
	expectMistakes(t, testScope, guardedArgs, []mistakeTest{
		{"two purposes", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.Secrets = map[string]pulumi.StringInput{
				"A1": pulumi.String("/events-api/jwt-secret"), "B1": pulumi.String("/b"), "B2": pulumi.String("/b"), "B3": pulumi.String("/b/c"),
			}
		}, `Authorizer.Secrets["A1"]: "/events-api/jwt-secret" is in Authorizer.SecretPath too: whoever has a key for one purpose could use it for the other: name another parameter
Authorizer.Secrets["B2"]: "/b" is in Authorizer.Secrets["B1"] too: whoever has a key for one purpose could use it for the other: name another parameter`},
		{"variables", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.Secrets = map[string]pulumi.StringInput{
				"AUTH_METHODS": pulumi.String("/a"), "AWS_REGION": pulumi.String("/b"), "JWT_SECRET_PATH": pulumi.String("/c"),
				"K": pulumi.String("/d"), "KEYS": nil, "PATH_1": pulumi.String("a"),
			}
			a.Authorizer.SecretPrefixes = map[string]pulumi.StringInput{"KEYS": pulumi.String("/tenants/"), "ROUTE_PERMISSIONS": pulumi.String("/a")}
		}, `Authorizer.Secrets["AUTH_METHODS"]: is in Authorizer.Function.Environment too: keep one of them
Authorizer.Secrets["AWS_REGION"]: is reserved by Lambda
Authorizer.Secrets["JWT_SECRET_PATH"]: is the component's own
Authorizer.Secrets["K"]: is not a name that Lambda allows: a letter, then at least one letter, digit or underscore
Authorizer.Secrets["KEYS"]: has no value
Authorizer.Secrets["PATH_1"]: "a" must begin with /
Authorizer.SecretPrefixes["KEYS"]: "/tenants/" must be 1 to 15 parts, each a / and letters, digits, '.', '-' or '_'
Authorizer.SecretPrefixes["KEYS"]: is in Authorizer.Secrets too: keep one of them
Authorizer.SecretPrefixes["ROUTE_PERMISSIONS"]: is the component's own`},
		{"young secrets", func(a *ProtectedHttpApiArgs) { a.Authorizer.SecretMaxAge = time.Millisecond },
			"Authorizer.SecretMaxAge: 1ms is out of range: 1s to 24h"},
		{"negative age", func(a *ProtectedHttpApiArgs) { a.Authorizer.SecretMaxAge = -time.Second },
			"Authorizer.SecretMaxAge: -1s is out of range: 1s to 24h"},
		{"old secrets", func(a *ProtectedHttpApiArgs) { a.Authorizer.SecretMaxAge = 25 * time.Hour },
			"Authorizer.SecretMaxAge: 25h0m0s is out of range: 1s to 24h"},
		{"age of half a second", func(a *ProtectedHttpApiArgs) { a.Authorizer.SecretMaxAge = 1500 * time.Millisecond },
			"Authorizer.SecretMaxAge: 1.5s is not a whole number of seconds"},
		{"age of nothing", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.Secrets, a.Authorizer.SecretPrefixes, a.Authorizer.InjectSecret = nil, nil, true
		}, "Authorizer.SecretMaxAge: has no use: the function reads no secret by itself"},
	})
}

func TestCheckSecretPath(t *testing.T) {
	t.Parallel()
	long := "/" + strings.Repeat("a", maxSecretPath)
	tests := []struct{ path, want string }{
		{"/events-api/jwt-secret", ""},
		{"/a_b.c-D9", ""},
		{"/a" + strings.Repeat("/a", 14), ""},
		{"", `"" must begin with /`},
		{"events", `"events" must begin with /`},
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
	if len(environment) != 2 || secret["value"].GetStringValue() != secretValue || secret[resource.SigKey].GetStringValue() != resource.SecretSig {
		t.Error("the environment is not the secret, marked as such, and the TTL")
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

// A secret's key opens all the secrets, also where the first is injected.
func TestGuardedAuthorizerWithKey(t *testing.T) {
	t.Parallel()
	const key = "arn:aws:kms:eu-central-1:123456789012:key/1234"
	args := guardedArgs()
	args.Authorizer.SecretKmsKeyArn, args.Authorizer.InjectSecret = pulumi.String(key), true
	delete(args.Authorizer.Secrets, "OTHER_PATH")
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
