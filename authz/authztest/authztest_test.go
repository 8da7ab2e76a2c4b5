package authztest_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/authztest"
)

// Each context is what authz.FromRequest reads.
func TestIdentities(t *testing.T) {
	t.Parallel()
	soon := time.Now().Add(time.Minute).Truncate(time.Second).UTC()
	whole := authz.Identity{
		Subject: "usr_1", Issuer: "i", Tenant: "t", Method: "APIKey", CredentialID: "k1", Scopes: []string{"a", "b"},
		Permissions: []string{"orders:*"}, Tier: "gold", DigestRequired: true, ExpiresAt: soon,
	}
	for _, test := range []struct {
		name string
		by   *events.APIGatewayV2HTTPRequestContextAuthorizerDescription
		want authz.Identity
		err  error
	}{
		{"lambda", authztest.Lambda(t, whole), whole, nil},
		{"over", authztest.Lambda(t, authz.Identity{Subject: "usr_1", ExpiresAt: time.Now().Add(-time.Minute)}), authz.Identity{}, authz.ErrExpired},
		{"jwt", authztest.JWT(t, map[string]any{"sub": "usr_1", "iss": "https://i.example", "exp": soon.Unix(), "scope": "a b", "cognito:groups": []string{"x", "y"}}),
			authz.Identity{Subject: "usr_1", Issuer: "https://i.example", Method: "JWT", Scopes: []string{"a", "b"}, ExpiresAt: soon}, nil},
		{"iam", authztest.IAM("AIDAEXAMPLE"), authz.Identity{Subject: "AIDAEXAMPLE", Method: "IAM", CredentialID: authztest.AccessKeyID}, nil},
		{"public", nil, authz.Identity{}, authz.ErrNoIdentity},
	} {
		got, err := authz.FromRequest(authztest.Request{}.Handler(test.by))
		if !reflect.DeepEqual(got, test.want) || !errors.Is(err, test.err) {
			t.Errorf("%s: got %+v, %v; want %+v, %v", test.name, got, err, test.want, test.err)
		}
	}
	claims := authztest.JWT(t, map[string]any{"sub": "u", "exp": 1700000000, "admin": true, "groups": []string{"x", "y"}}, "a").JWT
	want := map[string]string{"sub": "u", "exp": "1700000000", "admin": "true", "groups": "[x y]"}
	if !reflect.DeepEqual(claims.Claims, want) || !reflect.DeepEqual(claims.Scopes, []string{"a"}) {
		t.Errorf("the JWT is %+v", claims)
	}
}

// An event is, as JSON, what API Gateway sends.
func TestEvents(t *testing.T) {
	t.Parallel()
	request := authztest.Request{
		RouteKey: "PUT /orders/{id}/{rest+}", Path: "/orders/7/a/b", Query: "a=1&a=2&b=%20", Body: "x",
		Headers: map[string]string{"Authorization": "Bearer y", "Cookie": "a=b; c=d"},
	}
	handler, authorizer := request.Handler(nil), request.Authorizer()
	if !reflect.DeepEqual(handler.PathParameters, map[string]string{"id": "7", "rest": "a/b"}) ||
		!reflect.DeepEqual(handler.QueryStringParameters, map[string]string{"a": "1,2", "b": " "}) ||
		!reflect.DeepEqual(handler.Cookies, []string{"a=b", "c=d"}) || handler.RequestContext.HTTP.Method != "PUT" || handler.Body != "x" {
		t.Errorf("the handler gets %+v", handler)
	}
	if !reflect.DeepEqual(authorizer.IdentitySource, []string{"Bearer y"}) || authorizer.Headers["authorization"] != "Bearer y" || authorizer.Headers["cookie"] != "a=b; c=d" || handler.Headers["cookie"] != "" ||
		authorizer.RouteArn != "arn:aws:execute-api:eu-central-1:000000000000:a1b2c3d4e5/$default/PUT/orders/7/a/b" ||
		!reflect.DeepEqual(authorizer.PathParameters, handler.PathParameters) {
		t.Errorf("the authorizer gets %+v", authorizer)
	}
	encoded, err := json.Marshal(handler)
	var again events.APIGatewayV2HTTPRequest
	if err != nil || json.Unmarshal(encoded, &again) != nil || !reflect.DeepEqual(again, handler) {
		t.Errorf("as JSON it is %s, %v", encoded, err)
	}
	if other := (authztest.Request{RouteKey: "$default", Path: "/x"}).Handler(nil); other.RawPath != "/x" || other.RequestContext.HTTP.Method != "GET" || other.PathParameters != nil {
		t.Errorf("of $default it is %+v", other)
	}
}

// ordersAuthorizer is what is tested here.
func ordersAuthorizer(keys authz.KeyProvider) (authz.Handler, error) {
	tokens, err := authz.NewJWT(authz.JWTConfig{Keys: keys, AnyIssuer: true, AnyAudience: true})
	return authz.Handler{Chain: authz.Chain{{Verifier: tokens}}, Logger: slog.New(slog.DiscardHandler)}, err
}

// TestAuthorizerRecipe is the recipe of docs/testing.md.
func TestAuthorizerRecipe(t *testing.T) {
	t.Parallel()
	authorizer, err := ordersAuthorizer(authztest.Keys(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		token string
		want  bool
	}{
		"good":    {authztest.Token(t, map[string]any{"sub": "usr_1"}), true},
		"expired": {authztest.Token(t, map[string]any{"sub": "usr_1", "exp": 1700000000}), false},
		"forged":  {authztest.Token(t, map[string]any{"sub": "usr_1"}) + "A", false},
	} {
		request := authztest.Request{RouteKey: "POST /orders", Headers: map[string]string{"Authorization": test.token}}
		answer, err := authorizer.Handle(t.Context(), request.Authorizer())
		if err != nil || answer.IsAuthorized != test.want {
			t.Errorf("%s: %t, %v", name, answer.IsAuthorized, err)
		}
	}
	down, err := ordersAuthorizer(authztest.FailingKeys(authz.ErrUnavailable))
	if err != nil {
		t.Fatal(err)
	}
	request := authztest.Request{Headers: map[string]string{"Authorization": authztest.Token(t, map[string]any{"sub": "usr_1"})}}
	if _, err := down.Handle(t.Context(), request.Authorizer()); !errors.Is(err, authz.ErrUnavailable) {
		t.Errorf("without keys: %v", err)
	}
}

// createOrder is what is tested here.
func createOrder(_ context.Context, request events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	identity, err := authz.FromRequest(request)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{StatusCode: 401}, nil
	}
	return events.APIGatewayV2HTTPResponse{StatusCode: 201, Body: identity.Subject}, nil
}

// TestHandlerRecipe is the recipe of docs/testing.md.
func TestHandlerRecipe(t *testing.T) {
	t.Parallel()
	request := authztest.Request{RouteKey: "POST /orders", Body: `{"item":"pen"}`}
	by := authztest.Lambda(t, authz.Identity{Subject: "usr_1", Permissions: []string{"orders:write"}})
	answer, err := createOrder(t.Context(), request.Handler(by))
	if err != nil || answer.StatusCode != 201 || answer.Body != "usr_1" {
		t.Errorf("got %+v, %v", answer, err)
	}
	over := authztest.Lambda(t, authz.Identity{Subject: "usr_1", ExpiresAt: time.Now().Add(-time.Minute)})
	if answer, err = createOrder(t.Context(), request.Handler(over)); err != nil || answer.StatusCode != 401 {
		t.Errorf("expired: got %+v, %v", answer, err)
	}
}
