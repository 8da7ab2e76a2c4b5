package components

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestCheckAuthorizer(t *testing.T) {
	t.Parallel()
	const sources = `Authorizer.IdentitySources: is required with ApiKeys or ReplayProtection: API Gateway answers 401, without asking the authorizer, to a request that lacks one of them: name the header that the credential is in, Header("X-Api-Key") or Header("Signature") for instance, or give an empty slice where callers may choose`
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"no authorizer", func(a *ProtectedHttpApiArgs) { a.Authorizer = AuthorizerArgs{} },
			`Authorizer: is required, since these routes are protected: "POST /events", "PUT /events/{id}": ` + chooseAuthorizer},
		{"useless authorizer", func(a *ProtectedHttpApiArgs) {
			delete(a.Routes, "POST /events")
			delete(a.Routes, "PUT /events/{id}")
		}, "Authorizer: is given, but no route is protected by it: leave it out, or leave out the Auth of the routes to protect"},
		{"authorizer that is a handler", func(a *ProtectedHttpApiArgs) { a.Authorizer.Function.Package = "testdata/handlers/get" },
			`Authorizer.Function: "get" is the name of Routes["GET /events/{id}"].Function too: an authorizer's function is nobody else's: give one of them another Name`},
		{"authorizer's timeout", func(a *ProtectedHttpApiArgs) { a.Authorizer.Function.Timeout = 11 * time.Second },
			"Authorizer.Function.Timeout: 11s is out of range: 1s to 10s, API Gateway waits no longer for an authorizer"},
	})
	expectMistakes(t, testScope, guardedArgs, []mistakeTest{
		{"all is well", func(*ProtectedHttpApiArgs) {}, ""},
		{"keys without identity sources", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.ReplayProtection, a.Authorizer.IdentitySources = false, nil
		}, sources},
		{"signatures without identity sources", func(a *ProtectedHttpApiArgs) { a.Authorizer.ApiKeys, a.Authorizer.IdentitySources = nil, nil }, sources},
		{"keys without a protected route", func(a *ProtectedHttpApiArgs) {
			a.Authorizer = AuthorizerArgs{ApiKeys: &ApiKeysArgs{}}
			a.Routes = Routes{"GET /events": a.Routes["GET /events"]}
		}, "Authorizer: is given, but no route is protected by it: leave it out, or leave out the Auth of the routes to protect"},
	})
}

func TestAuthorizerTtl(t *testing.T) {
	t.Parallel()
	for _, ttl := range []time.Duration{0, 300 * time.Second} {
		t.Run(ttl.String(), func(t *testing.T) {
			t.Parallel()
			args := exampleArgs()
			args.Authorizer.CacheTtl = ttl
			expectInputs(t, mustDeploy(t, args).find(t, "Authorizer", "events-authorizer"), map[string]any{
				"apiId":                          "api123",
				"authorizerType":                 "REQUEST",
				"authorizerUri":                  "invoke:events-api-dev-events-authorizer",
				"authorizerPayloadFormatVersion": "2.0",
				"enableSimpleResponses":          true,
				"authorizerResultTtlInSeconds":   ttl.Seconds(),
				"identitySources":                []any{"$request.header.Authorization"},
			})
		})
	}
}

func TestIdentitySources(t *testing.T) {
	t.Parallel()
	args := exampleArgs()
	args.Authorizer.IdentitySources = []IdentitySource{}
	got := mustDeploy(t, args).find(t, "Authorizer", "events-authorizer").Inputs["identitySources"]
	if got.IsArray() && len(got.ArrayValue()) > 0 {
		t.Errorf("without identity sources they are %v", got)
	}
}

func TestGuardedAuthorizer(t *testing.T) {
	t.Parallel()
	m := mustDeploy(t, guardedArgs())
	variables := m.find(t, "Function", "events-authorizer").Inputs["environment"].Mappable().(map[string]any)["variables"]
	want := map[string]any{
		"AUTHORIZER_CACHE_TTL": "0", "JWT_SECRET_PATH": "/events-api/jwt-secret", "SIGNING_KEYS_PATH": "/events-api/signing-keys", "OTHER_PATH": "/events-api/other",
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
		`{"Effect":"Allow","Action":["ssm:GetParameter"],"Resource":["` + arn + `/events-api/jwt-secret","` + arn + `/events-api/other","` + arn + `/events-api/signing-keys"]},` +
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
