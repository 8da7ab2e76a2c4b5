package components

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// guardedArgs have everything that an authorizer with permissions, API keys and
// signatures needs, and no table of their own.
func guardedArgs() *ProtectedHttpApiArgs {
	create := FunctionArgs{Package: "testdata/handlers/create"}
	return &ProtectedHttpApiArgs{
		Authorizer: AuthorizerArgs{
			Function: FunctionArgs{Package: "testdata/handlers/authorizer",
				Environment: map[string]pulumi.StringInput{"AUTH_METHODS": pulumi.String("jwt,apikey,signature")}},
			SecretPath: pulumi.String("/events-api/jwt-secret"),
			Secrets: map[string]pulumi.StringInput{
				"SIGNING_KEYS_PATH": pulumi.String("/events-api/signing-keys"),
				// Known at deployment only, and granted once.
				"OTHER_PATH": pulumi.String("/events-api/jwt-secret").ToStringOutput(),
			},
			SecretPrefixes:   map[string]pulumi.StringInput{"TENANTS_PATH": pulumi.String("/events-api/tenants")},
			SecretMaxAge:     90 * time.Second,
			ApiKeys:          &ApiKeysArgs{Quotas: true},
			ReplayProtection: true,
			IdentitySources:  []string{},
		},
		Routes: Routes{
			"GET /events":      {Function: FunctionArgs{Package: "testdata/handlers/list"}, Auth: Public},
			"POST /events":     {Function: create, Permissions: []string{"events:write", "billing:use"}},
			"ANY /events/{id}": {Function: create},
		},
	}
}

const guardedPermissions = `{"ANY /events/{id}":[],"POST /events":["events:write","billing:use"]}`

func TestGuardedAuthorizer(t *testing.T) {
	t.Parallel()
	m := mustDeploy(t, guardedArgs())
	variables := m.find(t, "Function", "events-authorizer").Inputs["environment"].Mappable().(map[string]any)["variables"]
	want := map[string]any{
		"JWT_SECRET_PATH": "/events-api/jwt-secret", "SIGNING_KEYS_PATH": "/events-api/signing-keys", "OTHER_PATH": "/events-api/jwt-secret",
		"TENANTS_PATH": "/events-api/tenants", "SECRET_MAX_AGE": "1m30s", "AUTH_METHODS": "jwt,apikey,signature",
		"ROUTE_PERMISSIONS":  guardedPermissions,
		"API_KEY_TABLE_NAME": "events-api-keys-0a1b2c3", "AUTHORIZER_STATE_TABLE_NAME": "events-authorizer-state-0a1b2c3",
	}
	if !reflect.DeepEqual(variables, want) {
		t.Errorf("the variables are\n%v\nwant\n%v", variables, want)
	}
	if got := m.find(t, "Function", "events-create").Inputs["environment"]; got.HasValue() {
		t.Errorf("a handler got %v", got)
	}
	const arn = "arn:aws:ssm:eu-central-1:123456789012:parameter"
	const table = "arn:aws:dynamodb:eu-central-1:123456789012:table/events-"
	policy := `{"Version":"2012-10-17","Statement":[` +
		`{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":["arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/events-api-dev-events-authorizer:*"]},` +
		`{"Effect":"Allow","Action":["ssm:GetParameter"],"Resource":["` + arn + `/events-api/jwt-secret","` + arn + `/events-api/signing-keys"]},` +
		`{"Effect":"Allow","Action":["ssm:GetParametersByPath"],"Resource":["` + arn + `/events-api/tenants"]},` +
		`{"Effect":"Allow","Action":["dynamodb:GetItem"],"Resource":["` + table + `api-keys-0a1b2c3"]},` +
		`{"Effect":"Allow","Action":["dynamodb:PutItem","dynamodb:UpdateItem"],"Resource":["` + table + `authorizer-state-0a1b2c3"]}]}`
	if got := m.find(t, "RolePolicy", "events-authorizer").Inputs["policy"].StringValue(); got != policy {
		t.Errorf("the policy is\n%s\nwant\n%s", got, policy)
	}
	if got := m.find(t, "RolePolicy", "events-create").Inputs["policy"].StringValue(); strings.Contains(got, "dynamodb") || strings.Contains(got, "ssm") {
		t.Errorf("a handler's policy has what is the authorizer's: %s", got)
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
		`{"Effect":"Allow","Action":["kms:Decrypt"],"Resource":["` + key + `"]}`: true, "parameter/events-api/signing-keys": true, "jwt-secret": false,
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

func TestAuthorizerTables(t *testing.T) {
	t.Parallel()
	table := func(more map[string]any) map[string]any {
		all := map[string]any{
			"billingMode": "PAY_PER_REQUEST", "hashKey": "id", "attributes": []any{map[string]any{"name": "id", "type": "S"}},
			"serverSideEncryption": map[string]any{"enabled": true}, "pointInTimeRecovery": map[string]any{"enabled": false},
			"deletionProtectionEnabled": false,
		}
		maps.Copy(all, more)
		return all
	}
	state := table(map[string]any{"ttl": map[string]any{"attributeName": "expiresAt", "enabled": true}})
	safe := table(map[string]any{"pointInTimeRecovery": map[string]any{"enabled": true}, "deletionProtectionEnabled": true})
	for _, test := range []struct {
		name            string
		apiKeys         *ApiKeysArgs
		replay          bool
		wantKeys, state map[string]any
	}{
		{"none", nil, false, nil, nil},
		{"keys", &ApiKeysArgs{}, false, table(nil), state},
		{"keys with everything", &ApiKeysArgs{Quotas: true, PointInTimeRecovery: true, DeletionProtection: true}, true, safe, state},
		{"replay protection", nil, true, nil, state},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := guardedArgs()
			args.Authorizer.ApiKeys, args.Authorizer.ReplayProtection = test.apiKeys, test.replay
			m := mustDeploy(t, args)
			variables := m.find(t, "Function", "events-authorizer").Inputs["environment"].Mappable().(map[string]any)["variables"].(map[string]any)
			policy := m.find(t, "RolePolicy", "events-authorizer").Inputs["policy"].StringValue()
			for name, want := range map[string]struct {
				inputs           map[string]any
				variable, action string
			}{
				"events-api-keys":         {test.wantKeys, "API_KEY_TABLE_NAME", "dynamodb:GetItem"},
				"events-authorizer-state": {test.state, "AUTHORIZER_STATE_TABLE_NAME", "dynamodb:UpdateItem"},
			} {
				there := slices.Contains(m.children(), "Table "+name)
				if there {
					expectInputs(t, m.find(t, "Table", name), want.inputs)
				}
				if wanted := want.inputs != nil; there != wanted || (variables[want.variable] != nil) != wanted || strings.Contains(policy, want.action) != wanted {
					t.Errorf("%s is there: %v, the variable is %v, the policy is\n%s", name, there, variables[want.variable], policy)
				}
			}
		})
	}
}

func TestChecklist06RouteKeyJoinsTheIdentitySources(t *testing.T) {
	t.Parallel()
	const header = "$request.header.Authorization"
	for _, test := range []struct {
		name        string
		ttl         time.Duration
		permissions []string
		sources     []string
		want        []string
	}{
		{"permissions and TTL", time.Minute, []string{"events:write"}, nil, []string{header, "$context.routeKey"}},
		{"of the caller", time.Minute, []string{"events:write"}, []string{"$request.header.X"}, []string{"$request.header.X", "$context.routeKey"}},
		{"there already", time.Minute, []string{"events:write"}, []string{"$context.routeKey", header}, []string{"$context.routeKey", header}},
		{"no permissions", time.Minute, nil, nil, []string{header}},
		{"empty permissions", time.Minute, []string{}, nil, []string{header}},
		{"no TTL", 0, []string{"events:write"}, nil, []string{header}},
		{"neither", 0, []string{"events:write"}, []string{}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := exampleArgs()
			var given []string
			if test.sources != nil {
				given = append(make([]string, 0, 8), test.sources...) // with room to be written to
			}
			args.Authorizer.CacheTtl, args.Authorizer.IdentitySources = test.ttl, given
			args.Routes["POST /events"] = Route{Function: args.Routes["POST /events"].Function, Permissions: test.permissions}
			p, m := check(testScope, "events", args)
			if len(m) > 0 {
				t.Fatal(messages(m))
			}
			if got := p.authorizerArgs.IdentitySources; !slices.Equal(got, test.want) {
				t.Errorf("identity sources are %q, want %q", got, test.want)
			}
			if all := given[:cap(given)]; !slices.Equal(all[:len(test.sources)], test.sources) || strings.Join(all[len(test.sources):], "") != "" {
				t.Errorf("the caller's slice has become %q", all)
			}
			if _, ok := p.authorizer.environment[contract.EnvRoutePermissions]; ok != (len(test.permissions) > 0) {
				t.Errorf("the authorizer has ROUTE_PERMISSIONS: %v", ok)
			}
		})
	}
}

func TestCheckPermissions(t *testing.T) {
	t.Parallel()
	const grammar = ` must be segments of letters, digits, '_', '-' or '.', or {name} for a path variable, with a : between two of them`
	long := strings.Repeat("p", 129)
	for _, test := range []struct {
		permission string
		want       string
	}{
		{"events", ""},
		{"events:write", ""},
		{"Events.v1:write_all:a-b:0", ""},
		{"events:{id}:delete", ""},
		{"{id}", ""},
		{"{path}:read", ""},
		{long[:128], ""},
		{"", `""` + grammar},
		{":", `":"` + grammar},
		{"events:", `"events:"` + grammar},
		{":write", `":write"` + grammar},
		{"events write", `"events write"` + grammar},
		{"events:wríte", `"events:wríte"` + grammar},
		{"events:{id", `"events:{id"` + grammar},
		{"events:x{id}", `"events:x{id}"` + grammar},
		{"files:{path+}", `"files:{path+}"` + grammar},
		{"events:*", `"events:*" has a wildcard: a route names what it requires; wildcards are for what callers are granted`},
		{"events:{event}", `"events:{event}" has the variable "event", which is not one of the route's path: "id", "path"`},
		{long, fmt.Sprintf("%q has 129 characters: at most 128 are allowed", long)},
	} {
		t.Run(test.permission, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := checkPermission(test.permission, []string{"id", "path"}); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("error is\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestCheckGuardedArgs(t *testing.T) {
	t.Parallel()
	require := func(key string, auth Auth, permissions ...string) func(*ProtectedHttpApiArgs) {
		return func(a *ProtectedHttpApiArgs) {
			a.Routes[key] = Route{Function: a.Routes["POST /events"].Function, Auth: auth, Permissions: permissions}
		}
	}
	const sources = `Authorizer.IdentitySources: is required with ApiKeys or ReplayProtection: API Gateway answers 401, without asking the authorizer, to a request that lacks one of them: name the header that the credential is in, "$request.header.X-Api-Key" or "$request.header.Signature" for instance, or give an empty slice where callers may choose`
	for _, test := range []struct {
		name   string
		change func(*ProtectedHttpApiArgs)
		want   string
	}{
		{"all is well", func(*ProtectedHttpApiArgs) {}, ""},
		{"permissions of a public route", require("GET /me", Public, "events:read"),
			`Routes["GET /me"].Permissions: cannot be required on a public route, which is open to everybody: leave them out, or leave out Auth`},
		{"permissions", require("GET /me", lambdaAuthorizer, "events:read", "events:{id}", "events:read"),
			`Routes["GET /me"].Permissions[1]: "events:{id}" has the variable "id", which is not one of the route's path: it has none
Routes["GET /me"].Permissions[2]: "events:read" occurs twice`},
		{"TTL", func(a *ProtectedHttpApiArgs) {
			require("DELETE /{tenant}/{id}", lambdaAuthorizer, "events:write", "{tenant}:delete")(a)
			a.Authorizer.CacheTtl, a.Authorizer.IdentitySources = 5*time.Minute, []string{"$request.header.Authorization"}
		}, `Authorizer.CacheTtl: 5m0s is not possible with ApiKeys.Quotas: requests that API Gateway answers with a cached result would not be counted: set it to 0s, or leave out Quotas
Authorizer.CacheTtl: 5m0s is not possible with ReplayProtection: a cached result would let the same signed request in again: set it to 0s, or leave out ReplayProtection
Authorizer.CacheTtl: 5m0s is not possible with the permission "{tenant}:delete" of Routes["DELETE /{tenant}/{id}"]: it depends on the path, and a result would be reused on all paths of the route: set it to 0s, or have the route's function check the permission`},
		{"TTL with keys that are not counted", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.ApiKeys.Quotas, a.Authorizer.ReplayProtection = false, false
			a.Authorizer.CacheTtl, a.Authorizer.IdentitySources = 5*time.Minute, []string{"$request.header.X-Api-Key"}
		}, ""},
		{"TTL with signatures", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.ApiKeys, a.Authorizer.ReplayProtection = nil, false
			a.Authorizer.CacheTtl, a.Authorizer.IdentitySources = time.Minute, []string{"$request.header.signature"}
		}, `Authorizer.CacheTtl: 1m0s is not possible with the identity source "$request.header.signature": a signature is for one request, and a cached result would let others in with it: set it to 0s`},
		{"TTL with the input of signatures", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.ApiKeys, a.Authorizer.ReplayProtection = nil, false
			a.Authorizer.CacheTtl, a.Authorizer.IdentitySources = time.Minute, []string{"$request.header.Signature-Input"}
		}, `Authorizer.CacheTtl: 1m0s is not possible with the identity source "$request.header.Signature-Input": a signature is for one request, and a cached result would let others in with it: set it to 0s`},
		{"keys without identity sources", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.ReplayProtection, a.Authorizer.IdentitySources = false, nil
		}, sources},
		{"signatures without identity sources", func(a *ProtectedHttpApiArgs) { a.Authorizer.ApiKeys, a.Authorizer.IdentitySources = nil, nil }, sources},
		{"two purposes", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.Secrets = map[string]pulumi.StringInput{
				"A1": pulumi.String("/events-api/jwt-secret"), "B1": pulumi.String("/b"), "B2": pulumi.String("/b"), "B3": pulumi.String("/b/c"),
			}
		}, `Authorizer.Secrets["A1"]: "/events-api/jwt-secret" is in Authorizer.SecretPath too: whoever has a key for one purpose could use it for the other: name another parameter
Authorizer.Secrets["B2"]: "/b" is in Authorizer.Secrets["B1"] too: whoever has a key for one purpose could use it for the other: name another parameter`},
		{"TTL without a source of the caller", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.ApiKeys, a.Authorizer.ReplayProtection = nil, false
			a.Authorizer.CacheTtl, a.Authorizer.IdentitySources = time.Minute, []string{"$context.routeKey", "$stageVariables.v"}
		}, `Authorizer.IdentitySources: none of them tells one caller from another, and with a CacheTtl of 1m0s the first caller's result would be everybody's: add the one that the credential is in`},
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
		{"keys without a protected route", func(a *ProtectedHttpApiArgs) {
			a.Authorizer = AuthorizerArgs{ApiKeys: &ApiKeysArgs{}}
			a.Routes = Routes{"GET /events": a.Routes["GET /events"]}
		}, "Authorizer: is given, but no route is protected: leave it out, or leave out the Auth of the routes to protect"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := guardedArgs()
			test.change(args)
			_, m := check(testScope, "events", args)
			if got := messages(m); got != test.want {
				t.Errorf("mistakes are\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// Lambda's limit is found before anything is registered, to the byte.
func TestEnvironmentSize(t *testing.T) {
	t.Parallel()
	// The names of the tables are known in their length only.
	variables := map[string]string{
		"JWT_SECRET_PATH": "/events-api/jwt-secret", "SIGNING_KEYS_PATH": "/events-api/signing-keys", "OTHER_PATH": "/other",
		"TENANTS_PATH": "/events-api/tenants", "SECRET_MAX_AGE": "1m30s", "AUTH_METHODS": "jwt,apikey,signature", "ROUTE_PERMISSIONS": guardedPermissions,
		"API_KEY_TABLE_NAME": "events-api-keys-1234567", "AUTHORIZER_STATE_TABLE_NAME": "events-authorizer-state-1234567", "FILL": "",
	}
	text, err := json.Marshal(variables)
	if err != nil {
		t.Fatal(err)
	}
	size := func(fill int) string {
		args := guardedArgs()
		args.Authorizer.Secrets["OTHER_PATH"] = pulumi.String("/other")
		args.Authorizer.Function.Environment["FILL"] = pulumi.String(strings.Repeat("f", fill))
		_, m := check(testScope, "events", args)
		return messages(m)
	}
	if got := size(4096 - len(text)); got != "" {
		t.Errorf("at the limit: %s", got)
	}
	permissions, err := json.Marshal(guardedPermissions)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("Authorizer.Function: the environment variables would have 4097 bytes as JSON, %d of them for ROUTE_PERMISSIONS: Lambda allows 4096: give the routes fewer or shorter Permissions, or divide them between two components", len(permissions))
	if got := size(4097 - len(text)); got != want {
		t.Errorf("above the limit:\n%s\nwant\n%s", got, want)
	}

	args := exampleArgs()
	create := args.Routes["POST /events"].Function
	create.Environment = map[string]pulumi.StringInput{"TEXT": pulumi.String(strings.Repeat("<", 4096))}
	args.Routes["POST /events"], args.Routes["PUT /events/{id}"] = Route{Function: create}, Route{Function: create}
	_, m := check(testScope, "events", args)
	want = `Routes["POST /events"].Function: the environment variables would have 4143 bytes as JSON: Lambda allows 4096: keep large values in SSM or in the code`
	if got := messages(m); got != want {
		t.Errorf("a handler's:\n%s\nwant\n%s", got, want)
	}
}
