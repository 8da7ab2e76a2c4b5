package components

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ownArgs are guardedArgs without code for the authorizer.
func ownArgs() *ProtectedHttpApiArgs {
	args := guardedArgs()
	args.Authorizer = AuthorizerArgs{
		SecretPath: pulumi.String("/events-api/jwt-secret"),
		Methods: &MethodsArgs{
			Tokens: &TokensArgs{Issuer: "https://issuer.example", Audience: "events", Leeway: 10 * time.Second, PermissionsClaim: "roles"},
			ApiKeys: &ApiKeyMethodArgs{
				Tiers: map[string]TierArgs{
					"trial":   {Permissions: []string{"events:write"}, PerDay: 100},
					"partner": {Permissions: []string{"events:*"}, PerMinute: 60, PerDay: 1000},
				},
				PointInTimeRecovery: true, DeletionProtection: true,
			},
			Signatures: &SignaturesArgs{
				KeysPath:    pulumi.String("/events-api/signing-keys"),
				Permissions: []string{"events:read"}, KeyPermissions: map[string][]string{"partner": {"events:*", "billing:use"}},
			},
		},
	}
	return args
}

// The component's own authorizer has what its methods need.
func TestOwnAuthorizer(t *testing.T) {
	t.Parallel()
	args := ownArgs()
	args.Authorizer.Secrets = &SecretsArgs{MaxAge: time.Minute}
	args.Authorizer.Function = FunctionArgs{MemorySize: 256, Environment: map[string]pulumi.StringInput{"GOMEMLIMIT": pulumi.String("100MiB")}}
	m := mustDeploy(t, args)
	function := m.find(t, "Function", "events-authorizer").Inputs.Mappable()
	variables := function["environment"].(map[string]any)["variables"]
	want := map[string]any{
		"AUTHORIZER_CACHE_TTL": "0", "JWT_SECRET_PATH": "/events-api/jwt-secret", "SIGNING_KEYS_PATH": "/events-api/signing-keys",
		"SECRET_MAX_AGE": "1m0s", "GOMEMLIMIT": "100MiB", "ROUTE_PERMISSIONS": guardedPermissions,
		"AUTHORIZER_ACCEPTS": `{"issuer":"https://issuer.example","audience":"events","permissionsClaim":"roles","tiers":["partner","trial"]}`,
		"API_KEY_TABLE_NAME": "events-api-keys-0a1b2c3", "AUTHORIZER_STATE_TABLE_NAME": "events-authorizer-state-0a1b2c3",
	}
	if !reflect.DeepEqual(variables, want) || function["memorySize"] != 256.0 {
		t.Errorf("the variables are\n%v\nwant\n%v\nmemory %v", variables, want, function["memorySize"])
	}
	if got := m.find(t, "Authorizer", "events-authorizer").Inputs["identitySources"]; got.IsArray() && len(got.ArrayValue()) > 0 {
		t.Errorf("of several methods the identity sources are %v", got)
	}
	if keys := m.find(t, "Table", "events-api-keys").Inputs.Mappable(); keys["deletionProtectionEnabled"] != true {
		t.Errorf("the table of keys is %v", keys)
	}
	policy := m.find(t, "RolePolicy", "events-authorizer").Inputs["policy"].StringValue()
	for _, granted := range []string{"parameter/events-api/jwt-secret", "parameter/events-api/signing-keys", "table/events-api-keys", "table/events-authorizer-state"} {
		if !strings.Contains(policy, granted) {
			t.Errorf("the policy lacks %s: %s", granted, policy)
		}
	}
}

// What the authorizers are compiled from, what they are called and told, and what of a
// request API Gateway requires.
func TestOwnAuthorizerPlan(t *testing.T) {
	t.Parallel()
	const files = `{"tokens":{"issuer":"https://issuer.example","audience":"events","leewaySeconds":10,"permissionsClaim":"roles"},` +
		`"apiKeys":{"tiers":{"partner":{"permissions":["events:*"],"perMinute":60,"perDay":1000},"trial":{"permissions":["events:write"],"perDay":100}}},` +
		`"signatures":{"permissions":["events:read"],"keyPermissions":{"partner":["events:*","billing:use"]}}}`
	tests := []struct {
		name                  string
		change                func(*AuthorizerArgs)
		code, functions, file string
		sources               []IdentitySource
	}{
		{"all methods", func(*AuthorizerArgs) {}, ownMethods, "authorizer", files, nil},
		{"a secret alone", func(a *AuthorizerArgs) { a.Methods = nil }, ownTokens, "authorizer", `{"tokens":{}}`, []IdentitySource{"$request.header.Authorization"}},
		{"tokens alone, with a TTL", func(a *AuthorizerArgs) {
			a.Methods, a.CacheTtl = &MethodsArgs{Tokens: &TokensArgs{Issuer: "i"}}, time.Minute
		}, ownTokens, "authorizer", `{"tokens":{"issuer":"i"}}`, []IdentitySource{"$request.header.Authorization", "$context.routeKey"}},
		{"keys alone, without quotas, with a TTL", func(a *AuthorizerArgs) {
			a.SecretPath, a.CacheTtl = nil, time.Minute
			a.Methods = &MethodsArgs{ApiKeys: &ApiKeyMethodArgs{Tiers: map[string]TierArgs{"all": {}}}}
		}, ownMethods, "authorizer", `{"apiKeys":{"tiers":{"all":{}}}}`, []IdentitySource{"$request.header.X-Api-Key", "$context.routeKey"}},
		{"signatures alone, with a name", func(a *AuthorizerArgs) {
			a.SecretPath, a.Methods.Tokens, a.Methods.ApiKeys, a.Function.Name = nil, nil, nil, "gate"
			a.Methods.Signatures = &SignaturesArgs{KeysPath: pulumi.String("/keys")}
		}, ownMethods, "gate", `{"signatures":{}}`, []IdentitySource{"$request.header.Signature"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := ownArgs()
			test.change(&args.Authorizer)
			args.Authorizers = map[string]AuthorizerArgs{"staff": {SecretPath: pulumi.String("/staff/jwt-secret")}}
			args.Routes["GET /staff"] = Route{Function: FunctionArgs{Package: "testdata/handlers/list"}, Auth: AuthorizedBy("staff")}
			p, m := check(testScope, "events", args)
			if len(m) > 0 {
				t.Fatal(messages(m))
			}
			a := p.authorizer("")
			f := a.function
			if f.args.Package != test.code || f.args.Name != test.functions || f.files["authorizer-methods.json"] != test.file {
				t.Errorf("%s is compiled from %s, with %s", f.args.Name, f.args.Package, f.files)
			}
			if len(a.args.IdentitySources)+len(test.sources) > 0 && !reflect.DeepEqual(a.args.IdentitySources, test.sources) {
				t.Errorf("the identity sources are %q, want %q", a.args.IdentitySources, test.sources)
			}
			if name := p.authorizer("staff").function.args.Name; name != "staff-authorizer" {
				t.Errorf("the authorizer staff is %q", name)
			}
		})
	}
}

// What is good to know of the credentials makes no deployment fail for want of room.
func TestAcceptsWithoutRoom(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		tiers    int
		accepted string
	}{
		{"room", 2, `{"issuer":"https://issuer.example","audience":"events","permissionsClaim":"roles","tiers":["tier10","tier11"]}`},
		{"none", 500, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := ownArgs()
			args.Authorizer.Methods.ApiKeys.Tiers = map[string]TierArgs{}
			for _, name := range numbered("tier", test.tiers) {
				args.Authorizer.Methods.ApiKeys.Tiers[name] = TierArgs{}
			}
			p, m := check(testScope, "events", args)
			if len(m) > 0 {
				t.Fatal(messages(m))
			}
			accepts, _ := p.authorizer("").function.environment["AUTHORIZER_ACCEPTS"].(pulumi.String)
			if string(accepts) != test.accepted {
				t.Errorf("the authorizer's variable is %q, want %q", accepts, test.accepted)
			}
		})
	}
}

// What the component writes for the authorizer is what handlers/internal/own reads: its
// test reads the same file.
func TestMethodsFile(t *testing.T) {
	t.Parallel()
	args := ownArgs()
	args.Authorizer.Methods.Signatures.Permissions = nil
	args.Authorizer.Methods.Signatures.KeyPermissions["guest"] = nil
	p, m := check(testScope, "events", args)
	if len(m) > 0 {
		t.Fatal(messages(m))
	}
	want, err := os.ReadFile("testdata/authorizer-methods.json")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.authorizer("").function.files["authorizer-methods.json"]; got != strings.TrimSpace(string(want)) {
		t.Errorf("the file is\n%s\nwant\n%s", got, want)
	}
}

// Pages may send the credentials of all methods, though none is an identity source.
func TestOwnAuthorizerCors(t *testing.T) {
	t.Parallel()
	args := ownArgs()
	delete(args.Routes, "ANY /events/{id}") // which would need a function for preflights
	args.Cors = &CorsArgs{AllowOrigins: []pulumi.StringInput{pulumi.String("https://app.example.com")}}
	p, m := check(testScope, "events", args)
	want := []string{"authorization", "content-digest", "content-type", "signature", "signature-input", "x-api-key"}
	if len(m) > 0 || !reflect.DeepEqual(p.cors.AllowHeaders, want) {
		t.Errorf("%s: the headers are %q, want %q", messages(m), p.cors.AllowHeaders, want)
	}
}

func TestCheckOwnAuthorizer(t *testing.T) {
	t.Parallel()
	const unused = " is not possible without a Function: the component's own authorizer has no use for it: leave it out"
	expectMistakes(t, testScope, ownArgs, []mistakeTest{
		{"all is well", func(*ProtectedHttpApiArgs) {}, ""},
		{"methods and code", func(a *ProtectedHttpApiArgs) { a.Authorizer.Function.Package = "testdata/handlers/authorizer" },
			"Authorizer.Methods: is not possible with a Function that has code of its own: leave out one of them"},
		{"nothing that decides", func(a *ProtectedHttpApiArgs) {
			a.Authorizer = AuthorizerArgs{CacheTtl: time.Minute}
			a.Authorizers = map[string]AuthorizerArgs{"staff": {Revocation: &RevocationArgs{}}}
			a.Routes = Routes{"GET /staff": {Function: a.Routes["GET /events"].Function, Auth: AuthorizedBy("staff")}, "GET /a": {Function: a.Routes["GET /events"].Function}}
		}, `Authorizer: is required, since these routes are protected: "GET /a": give SecretPath to accept HS256 tokens, Methods to accept API keys or signed requests too, or a Function that decides
Authorizers["staff"]: has nothing that decides: give SecretPath to accept HS256 tokens, Methods to accept API keys or signed requests too, or a Function that decides`},
		{"no methods", func(a *ProtectedHttpApiArgs) { a.Authorizer.Methods = &MethodsArgs{} },
			"Authorizer.Methods: has none: give Tokens, ApiKeys or Signatures"},
		{"tokens without a secret", func(a *ProtectedHttpApiArgs) { a.Authorizer.SecretPath = nil },
			"Authorizer.SecretPath: is required with Methods.Tokens: it is where the secret is that tokens are verified with"},
		{"a secret without tokens", func(a *ProtectedHttpApiArgs) { a.Authorizer.Methods.Tokens = nil },
			"Authorizer.SecretPath: has no use without Methods.Tokens: add that, or leave it out"},
		{"what the methods bring", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.ApiKeys, a.Authorizer.ReplayProtection, a.Authorizer.IdentitySources = &ApiKeysArgs{}, true, []IdentitySource{}
		}, `Authorizer.ApiKeys: is not possible without a Function: it comes with Methods.ApiKeys: leave it out
Authorizer.ReplayProtection: is not possible without a Function: it comes with Methods.Signatures: leave it out
Authorizer.IdentitySources: is not possible without a Function: it comes with the methods: leave it out`},
		{"what is for other code", func(a *ProtectedHttpApiArgs) {
			paths := map[string]pulumi.StringInput{"A": pulumi.String("/a")}
			a.Authorizer.Secrets = &SecretsArgs{Paths: paths, Prefixes: paths}
			a.Authorizer.Function = FunctionArgs{Statements: []StatementArgs{}, Environment: map[string]pulumi.StringInput{"JWT_LEEWAY": pulumi.String("1s")}}
		}, "Authorizer.Secrets.Paths:" + unused + "\nAuthorizer.Secrets.Prefixes:" + unused + "\nAuthorizer.Function.Statements:" + unused + `
Authorizer.Function.Environment["JWT_LEEWAY"]: is not possible without a Function: set Methods.Tokens.Leeway`},
		{"tokens", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.Methods.Tokens = &TokensArgs{Issuer: "a b", PermissionsClaim: "sub", Leeway: 2 * time.Minute}
		}, `Authorizer.Methods.Tokens.Issuer: "a b" has a character that is no printable ASCII, or a space
Authorizer.Methods.Tokens.PermissionsClaim: "sub" has a meaning of its own (RFC 7519 section 4.1): name another claim
Authorizer.Methods.Tokens.Leeway: 2m0s is out of range: 1s to 1m`},
		{"a claim in capitals, and a long issuer", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.Methods.Tokens = &TokensArgs{Issuer: strings.Repeat("i", 256), PermissionsClaim: "Exp"}
		}, `Authorizer.Methods.Tokens.Issuer: "` + strings.Repeat("i", 256) + `" has 256 characters: at most 255 are allowed
Authorizer.Methods.Tokens.PermissionsClaim: "Exp" has a meaning of its own (RFC 7519 section 4.1): name another claim`},
		{"the longest issuer", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.Methods.Tokens = &TokensArgs{Issuer: strings.Repeat("i", 255), PermissionsClaim: "subject"}
		}, ""},
		{"a leeway of parts of seconds", func(a *ProtectedHttpApiArgs) { a.Authorizer.Methods.Tokens.Leeway = 1500 * time.Millisecond },
			"Authorizer.Methods.Tokens.Leeway: 1.5s is not a whole number of seconds"},
		{"no tiers", func(a *ProtectedHttpApiArgs) { a.Authorizer.Methods.ApiKeys.Tiers = nil },
			"Authorizer.Methods.ApiKeys.Tiers: at least one is required: each key names its tier"},
		{"tiers", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.Methods.ApiKeys.Tiers = map[string]TierArgs{
				"Big": {}, "a": {PerMinute: -1}, "b": {PerDay: -1}, "c": {PerMinute: 10, PerDay: 10}, "d": {Permissions: []string{"a b", "a:*:b", "*x", "", "a:*:b"}},
			}
		}, `Authorizer.Methods.ApiKeys.Tiers["Big"]: the name must be 1 to 32 lower-case letters, digits and -
Authorizer.Methods.ApiKeys.Tiers["a"].PerMinute: -1 is negative: leave it out for no limit
Authorizer.Methods.ApiKeys.Tiers["b"].PerDay: -1 is negative: leave it out for no limit
Authorizer.Methods.ApiKeys.Tiers["c"].PerMinute: 10 is not less than PerDay, 10, and is never met: leave it out
Authorizer.Methods.ApiKeys.Tiers["d"].Permissions[0]: "a b" must be segments of letters, digits, '_', '-' or '.', or * alone for any, with a : between two of them
Authorizer.Methods.ApiKeys.Tiers["d"].Permissions[2]: "*x" must be segments of letters, digits, '_', '-' or '.', or * alone for any, with a : between two of them
Authorizer.Methods.ApiKeys.Tiers["d"].Permissions[3]: "" must be segments of letters, digits, '_', '-' or '.', or * alone for any, with a : between two of them
Authorizer.Methods.ApiKeys.Tiers["d"].Permissions[4]: "a:*:b" occurs twice`},
		{"many permissions", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.Methods.ApiKeys.Tiers = map[string]TierArgs{"many": {Permissions: numbered("p", 51)}, "long": {Permissions: numbered(strings.Repeat("p", 100), 11)}}
			a.Authorizer.Methods.Signatures.Permissions = []string{strings.Repeat("p", 129)}
		}, `Authorizer.Methods.ApiKeys.Tiers["long"].Permissions: has 1132 characters, with one between any two permissions: at most 1024 are allowed: grant one with * in the place of several
Authorizer.Methods.ApiKeys.Tiers["many"].Permissions: has 51 permissions: at most 50 are allowed: grant one with * in the place of several
Authorizer.Methods.Signatures.Permissions[0]: "` + strings.Repeat("p", 129) + `" has 129 characters: at most 128 are allowed`},
		{"signatures", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.Methods.Signatures = &SignaturesArgs{KeyPermissions: map[string][]string{"a": {"x"}, "A": {"*"}, "b c": nil}}
		}, `Authorizer.Methods.Signatures.KeysPath: is required: it is where the keys are that requests are signed with
Authorizer.Methods.Signatures.KeyPermissions["a"]: differs from "A" in letters' case only, which the authorizer refuses to tell apart: give one of the keys another id
Authorizer.Methods.Signatures.KeyPermissions["b c"]: the id of a key must be 1 to 128 letters, digits and any of _-.:~=+@/, without two dots together`},
		{"one secret for both", func(a *ProtectedHttpApiArgs) { a.Authorizer.Methods.Signatures.KeysPath = a.Authorizer.SecretPath },
			`Authorizer.Methods.Signatures.KeysPath: "/events-api/jwt-secret" is in Authorizer.SecretPath too: whoever has a key for one purpose could use it for the other: name another one`},
		{"no path", func(a *ProtectedHttpApiArgs) { a.Authorizer.Methods.Signatures.KeysPath = pulumi.String("keys") },
			`Authorizer.Methods.Signatures.KeysPath: "keys" must begin with /, or be the ARN of a secret of Secrets Manager: arn:aws:secretsmanager:{region}:{account}:secret:{name}`},
		{"a TTL with signatures", func(a *ProtectedHttpApiArgs) { a.Authorizer.CacheTtl = time.Minute },
			"Authorizer.CacheTtl: 1m0s is not possible with Methods.Signatures: a cached result would let the same signed request in again: set it to 0s"},
		{"a TTL with quotas", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.CacheTtl, a.Authorizer.Methods.Signatures = time.Minute, nil
		}, `Authorizer.CacheTtl: 1m0s is not possible with the quota of Methods.ApiKeys.Tiers["partner"]: requests that API Gateway answers with a cached result would not be counted: set it to 0s, or leave out the tiers' quotas`},
		{"a TTL with several methods", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.CacheTtl, a.Authorizer.Methods.Signatures = time.Minute, nil
			a.Authorizer.Methods.ApiKeys.Tiers = map[string]TierArgs{"all": {}}
		}, "Authorizer.CacheTtl: 1m0s is not possible with several Methods: results are kept by identity source, and none of their headers is in every request: set it to 0s, or give each method an authorizer of its own in Authorizers"},
		{"a name that a handler has", func(a *ProtectedHttpApiArgs) { a.Authorizer.Function.Name = "create" },
			`Authorizer.Function: "create" is the name of Routes["ANY /events/{id}"].Function too: an authorizer's function is nobody else's: give one of them another Name`},
	})
}

// numbered are n permissions that begin alike.
func numbered(prefix string, n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("%s%d", prefix, 10+i))
	}
	return list
}
