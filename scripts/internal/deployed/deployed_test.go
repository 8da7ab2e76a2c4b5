package deployed

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// state is that of two APIs: one of a component, with two authorizers, one of which is
// replaced just now; and one of the program's own with a public route.
const state = `{"resources": [
 {"urn": "urn:pulumi:dev::shop::protected-http-api:index:ProtectedHttpApi::orders", "type": "protected-http-api:index:ProtectedHttpApi"},
 {"urn": "urn:pulumi:dev::shop::protected-http-api:index:ProtectedHttpApi$aws:apigatewayv2/api:Api::orders-api", "type": "aws:apigatewayv2/api:Api", "id": "a1", "custom": true,
  "parent": "urn:pulumi:dev::shop::protected-http-api:index:ProtectedHttpApi::orders", "outputs": {"arn": "arn:aws:apigateway:eu-west-1::/apis/a1"}},
 {"urn": "urn:pulumi:dev::shop::aws:apigatewayv2/stage:Stage::orders-stage", "type": "aws:apigatewayv2/stage:Stage", "id": "$default", "custom": true,
  "inputs": {"apiId": "a1", "accessLogSettings": {"destinationArn": "arn:aws:logs:eu-west-1:1:log-group:/aws/vendedlogs/apis/shop"}}, "outputs": {"name": "$default", "invokeUrl": "https://a1.example/"}},
 {"urn": "urn:pulumi:dev::shop::aws:lambda/function:Function::authorizer", "type": "aws:lambda/function:Function", "id": "f1", "custom": true,
  "inputs": {"memorySize": 256, "environment": {"variables": {"JWT_SECRET_PATH": "/shop/secret", "SIGNING_KEYS_PATH": "/shop/keys", "SECRET_MAX_AGE": "1m30s",
   "API_KEY_TABLE_NAME": "keys", "AUTHORIZER_STATE_TABLE_NAME": "state", "REVOCATION_TABLE_NAME": "revoked", "AUTHORIZER_ACCEPTS": "{\"issuer\":\"i\",\"tiers\":[\"gold\"]}", "OTHER": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}}}},
  "outputs": {"arn": "arn:aws:lambda:eu-west-1:1:function:f1"}},
 {"urn": "urn:pulumi:dev::shop::aws:lambda/function:Function::partners", "type": "aws:lambda/function:Function", "id": "f10", "custom": true,
  "inputs": {"environment": {"variables": {"JWT_SECRET_PATH": "/shop/partners"}}}, "outputs": {"arn": "arn:aws:lambda:eu-west-1:1:function:f10"}},
 {"urn": "urn:pulumi:dev::shop::aws:apigatewayv2/authorizer:Authorizer::authorizer", "type": "aws:apigatewayv2/authorizer:Authorizer", "id": "z1", "custom": true,
  "inputs": {"apiId": "a1", "authorizerType": "REQUEST", "authorizerResultTtlInSeconds": 300, "identitySources": ["$request.header.Authorization", "$context.routeKey"]}, "outputs": {"authorizerUri": "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:1:function:f1/invocations"}},
 {"urn": "urn:pulumi:dev::shop::aws:apigatewayv2/authorizer:Authorizer::authorizer", "type": "aws:apigatewayv2/authorizer:Authorizer", "id": "z0", "custom": true, "delete": true,
  "inputs": {"apiId": "a1", "authorizerType": "REQUEST"}, "outputs": {}},
 {"urn": "urn:pulumi:dev::shop::aws:apigatewayv2/authorizer:Authorizer::partners", "type": "aws:apigatewayv2/authorizer:Authorizer", "id": "z2", "custom": true,
  "inputs": {"apiId": "a1", "authorizerType": "REQUEST"}, "outputs": {"authorizerUri": "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:1:function:f10:live/invocations"}},
 {"urn": "urn:pulumi:dev::shop::aws:apigatewayv2/authorizer:Authorizer::cognito", "type": "aws:apigatewayv2/authorizer:Authorizer", "id": "z3", "custom": true,
  "inputs": {"apiId": "a1", "authorizerType": "JWT"}, "outputs": {}},
 {"urn": "urn:pulumi:dev::shop::aws:apigatewayv2/api:Api::health", "type": "aws:apigatewayv2/api:Api", "id": "a2", "custom": true, "parent": "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev", "outputs": {}},
 {"urn": "urn:pulumi:dev::shop::aws:apigatewayv2/stage:Stage::health", "type": "aws:apigatewayv2/stage:Stage", "id": "v1", "custom": true, "inputs": {"apiId": "a2"}, "outputs": {"name": "v1", "invokeUrl": "https://a2.example/v1"}}
]}`

func apis(t *testing.T) []API {
	t.Helper()
	var parsed apitype.DeploymentV3
	if err := json.Unmarshal([]byte(state), &parsed); err != nil {
		t.Fatal(err)
	}
	return fromState(parsed)
}

func TestFromState(t *testing.T) {
	t.Parallel()
	want := []API{
		{Name: "health", ID: "a2", Stage: "v1", URL: "https://a2.example/v1"},
		{Name: "orders", ID: "a1", Stage: "$default", Region: "eu-west-1", URL: "https://a1.example", AccessLogGroup: "/aws/vendedlogs/apis/shop", Authorizers: []Authorizer{
			{Name: "authorizer", TTL: 5 * time.Minute, ByRoute: true, MemoryMB: 256, SecretPath: "/shop/secret", KeysPath: "/shop/keys", MaxAge: 90 * time.Second, KeyTable: "keys", StateTable: "state", RevocationTable: "revoked", Accepts: contract.Accepts{Issuer: "i", Tiers: []string{"gold"}}},
			{Name: "partners", SecretPath: "/shop/partners"},
		}},
	}
	if got := apis(t); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	const all = "health (a2, stage v1), orders (a1, stage $default)"
	for _, tt := range []struct {
		api, name, err string
		apis           []API
	}{
		{"orders", "orders", "", apis(t)},
		{"a2", "health", "", apis(t)},
		{"", "", "the stack has several APIs: " + all + "; choose one with --api", apis(t)},
		{"other", "", `the stack has no API "other"; it has ` + all, apis(t)},
		{"", "", "the stack has no HTTP API with a stage: deploy it, or name the stack with --stack", nil},
		{"", "health", "", apis(t)[:1]},
	} {
		target := Target{API: tt.api}
		api, err := target.choose(tt.apis, "the stack")
		if text := message(err); api.Name != tt.name || text != tt.err {
			t.Errorf("%q: got %q and %q, want %q", tt.api, api.Name, text, tt.err)
		}
	}
}

func TestThings(t *testing.T) {
	t.Parallel()
	health, orders := apis(t)[0], apis(t)[1]
	for _, tt := range []struct {
		api       API
		thing     Thing
		want, err string
	}{
		{orders, Keys, "/shop/keys", ""},
		{orders, APIKeys, "keys", ""},
		{orders, Revocations, "revoked", ""},
		{orders, Secret, "", "the authorizers of the API orders have a parameter with the secret of tokens each: /shop/secret (authorizer authorizer), /shop/partners (authorizer partners); choose one with --secret-path"},
		{health, Secret, "", "no authorizer of the API health has a parameter with the secret of tokens: if one does, name it with --secret-path"},
	} {
		got, err := tt.api.Find(tt.thing)
		if text := message(err); got != tt.want || text != tt.err {
			t.Errorf("got %q and %q, want %q and %q", got, text, tt.want, tt.err)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestNoProject(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := Target{Project: dir, Stack: "dev"}
	_, err := target.Find(t.Context(), &strings.Builder{})
	if want := "no Pulumi.yaml in " + dir + " or above it: run this in a Pulumi project's folder or name it with --project"; message(err) != want {
		t.Errorf("got %v", err)
	}
	target.Local = true
	if _, err := target.UseLocal(); err == nil {
		t.Error("no error")
	}
}
