package components

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// twoAuthorizers are ownArgs with another authorizer of tokens and the same secret.
func twoAuthorizers(of, other TokensArgs) func(*ProtectedHttpApiArgs) {
	return func(a *ProtectedHttpApiArgs) {
		a.Authorizer.Methods.Tokens = &of
		a.Authorizers = map[string]AuthorizerArgs{"admins": {SecretPath: a.Authorizer.SecretPath, Methods: &MethodsArgs{Tokens: &other}}}
		a.Routes["GET /admins"] = Route{Function: FunctionArgs{Package: "testdata/handlers/list"}, Auth: AuthorizedBy("admins")}
	}
}

// Two of the component's own authorizers tell their tokens apart.
func TestTokensOfTwoAuthorizers(t *testing.T) {
	t.Parallel()
	const same = `Authorizers["admins"].SecretPath: "/events-api/jwt-secret" is in Authorizer.SecretPath too: a token for one of the authorizers would be good for the other: ` +
		`give each of them an Audience, or an Issuer, of its own in Methods.Tokens, or name another secret`
	expectMistakes(t, testScope, ownArgs, []mistakeTest{
		{"nothing", twoAuthorizers(TokensArgs{}, TokensArgs{}), same},
		{"the same", twoAuthorizers(TokensArgs{Issuer: "i", Audience: "a"}, TokensArgs{Issuer: "i", Audience: "a"}), same},
		{"any audience and one", twoAuthorizers(TokensArgs{}, TokensArgs{Audience: "admins"}), same},
		{"an issuer and an audience", twoAuthorizers(TokensArgs{Issuer: "i"}, TokensArgs{Audience: "admins"}), same},
		{"two audiences", twoAuthorizers(TokensArgs{Audience: "all"}, TokensArgs{Audience: "admins"}), ""},
		{"two issuers", twoAuthorizers(TokensArgs{Issuer: "i"}, TokensArgs{Issuer: "j"}), ""},
		{"two secrets", func(a *ProtectedHttpApiArgs) {
			twoAuthorizers(TokensArgs{}, TokensArgs{})(a)
			a.Authorizer.SecretPath = pulumi.String("/another")
		}, ""},
	})
}

// Paths that are known only at deployment are compared then, before a function has them.
func TestLatePurposes(t *testing.T) {
	t.Parallel()
	late := func(path string) pulumi.StringInput { return pulumi.String(path).ToStringOutput() }
	const arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:tokens"
	tests := []struct {
		name   string
		change func(*ProtectedHttpApiArgs)
		want   string
	}{
		{"keys where tokens' secret is", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.Methods.Signatures.KeysPath = late("/events-api/jwt-secret")
		},
			"Authorizer.Methods.Signatures.KeysPath: the secret that it names is in Authorizer.SecretPath too: whoever has a key for one purpose could use it for the other: name another one"},
		{"a secret that is injected, and two ARNs", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.SecretPath, a.Authorizer.Methods.Signatures.KeysPath = late(arn+"-AbCd12"), late(arn)
			a.Authorizer.Secrets = &SecretsArgs{Delivery: DeliverInEnvironment}
		}, "Authorizer.Methods.Signatures.KeysPath: the secret that it names is in Authorizer.SecretPath too: whoever has a key for one purpose could use it for the other: name another one"},
		{"tokens of two authorizers", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.SecretPath = late("/events-api/jwt-secret")
			twoAuthorizers(TokensArgs{}, TokensArgs{})(a)
		}, `Authorizers["admins"].SecretPath: the secret that it names is in Authorizer.SecretPath too: a token for one of the authorizers would be good for the other: ` +
			`give each of them an Audience, or an Issuer, of its own in Methods.Tokens, or name another secret`},
		{"two secrets", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.SecretPath, a.Authorizer.Methods.Signatures.KeysPath = late("/a"), late("/b")
		}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := ownArgs()
			test.change(args)
			m := &mocks{account: testAccount}
			err := deploy(m, args, nil)
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("the error is\n%v\nwant\n%s", err, test.want)
			case test.want != "" && slices.Contains(m.children(), "Function events-authorizer"):
				t.Error("the function is there in spite of it")
			}
		})
	}
}
