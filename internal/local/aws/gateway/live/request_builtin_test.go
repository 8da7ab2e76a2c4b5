package live_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/jwtauth/oidctest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
)

func jwtAuthorizer(issuer string) management.Authorizer {
	return management.Authorizer{
		Name: "jwt", AuthorizerType: "JWT", IdentitySources: []string{"$request.header.Authorization"},
		JWTConfiguration: &management.JWTConfiguration{Audience: []string{"events"}, Issuer: issuer},
	}
}

func TestJWTAuthorizer(t *testing.T) {
	t.Parallel()
	issuer := oidctest.Start(t)
	w := newWorld(t)
	authorizer := must(w.service.CreateAuthorizer(w.api.ID, jwtAuthorizer(issuer.URL)))
	route := management.Route{RouteKey: "GET /jwt", Target: "integrations/" + w.integration.ID, AuthorizationType: "JWT", AuthorizerID: authorizer.ID}
	must(w.service.CreateRoute(w.api.ID, route))
	route.RouteKey, route.AuthorizationScopes = "GET /scoped", []string{"write", "admin"}
	must(w.service.CreateRoute(w.api.ID, route))
	token := func(change func(map[string]any)) string {
		claims := issuer.Claims("events", time.Now())
		if change != nil {
			change(claims)
		}
		return issuer.Token(t, claims)
	}
	tests := []struct {
		name, path, token string
		status            int
		body, challenge   string
		line              string
	}{
		{"allowed", "/jwt", "Bearer " + token(nil), 200, okBody, "", "authorizer: JWT, allowed; handler: "},
		{"without Bearer", "/jwt", token(nil), 200, okBody, "", ""},
		{"no token", "/jwt", "", 401, unauthorizedBody, "Bearer", "authorizer: JWT, refused: missing: token not provided; cure: "},
		{
			"another audience", "/jwt", token(func(c map[string]any) { c["aud"] = "others" }), 401, unauthorizedBody,
			`Bearer scope="" error="invalid_token" error_description="the token does not have a valid audience"`, "cure: ",
		},
		{"one of the scopes", "/scoped", token(func(c map[string]any) { c["scope"] = "read admin" }), 200, okBody, "", ""},
		{
			"no scope of the route", "/scoped", token(func(c map[string]any) { c["scope"] = "read" }), 403, forbiddenBody,
			`Bearer scope="write admin" error="insufficient_scope" error_description="the token does not have a required scope"`, "",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			reply := w.get(test.path, "Authorization: "+test.token)
			reply.want(t, test.status, test.body)
			if got := reply.header.Get("Www-Authenticate"); got != test.challenge {
				t.Errorf("www-authenticate %s\nwant %s", got, test.challenge)
			}
			w.wantLine(test.line)
			if out := w.console.String(); test.token != "" && strings.Contains(out, strings.TrimPrefix(test.token, "Bearer ")) {
				t.Errorf("the console shows the token:\n%s", out)
			}
		})
	}
}

// TestJWTContext checks what the function and the access log learn of a token,
// and that keys are fetched once.
func TestJWTContext(t *testing.T) {
	t.Parallel()
	issuer := oidctest.Start(t)
	w := newWorld(t)
	authorizer := must(w.service.CreateAuthorizer(w.api.ID, jwtAuthorizer(issuer.URL)))
	must(w.service.CreateRoute(w.api.ID, management.Route{RouteKey: "GET /jwt", Target: "integrations/" + w.integration.ID, AuthorizationType: "JWT", AuthorizerID: authorizer.ID}))
	claims := issuer.Claims("events", time.Now())
	claims["roles"] = []string{"a", "b"}
	w.get("/jwt", "Authorization: x").want(t, 401, unauthorizedBody)
	other := w.get("/r/1")
	other.want(t, 401, unauthorizedBody)
	if challenge := other.header.Get("Www-Authenticate"); challenge != "" {
		t.Errorf("the 401 of another authorizer has www-authenticate %s", challenge)
	}
	w.wantRuns(0)
	w.logTo("$context.requestId $context.authorizer.claims.sub $context.authorizer.claims $context.authorizer.sub $context.authorizer.error")
	w.get("/jwt", "Authorization: "+issuer.Token(t, claims)).want(t, 200, okBody)
	calls := w.invoker.callsOf(handlerName)
	event := string(calls[len(calls)-1].Payload)
	for _, want := range []string{`"authorizer":{"jwt":{"claims":{`, `"roles":"[a b]"`, `"sub":"user-1"`, `"scopes":null`} {
		if !strings.Contains(event, want) {
			t.Errorf("no %s in %s", want, event)
		}
	}
	if line := w.logged(1); !strings.HasSuffix(line, " user-1 - - -") {
		t.Errorf("logged %s", line)
	}
	if n := issuer.Reads(oidctest.KeysPath); n != 1 {
		t.Errorf("the keys were read %d times", n)
	}
}

// sign sends a signed request.
func (w *world) sign(credentials iam.Credentials, method, path, body, service string) reply {
	w.t.Helper()
	return w.signFor(service, testRegion, w.clock.Now(), credentials, method, path, body)
}

func (w *world) signFor(service, region string, at time.Time, credentials iam.Credentials, method, path, body string) reply {
	w.t.Helper()
	request := must(http.NewRequestWithContext(w.t.Context(), method, w.api.Endpoint+path, strings.NewReader(body)))
	err := v4.NewSigner().SignHTTP(w.t.Context(), aws.Credentials{
		AccessKeyID: credentials.AccessKeyID, SecretAccessKey: credentials.SecretAccessKey, SessionToken: credentials.SessionToken,
	}, request, hashOf(body), service, region, at)
	if err != nil {
		w.t.Fatal(err)
	}
	var headers []string
	for name, values := range request.Header {
		headers = append(headers, name+": "+values[0])
	}
	return w.do(method, path, body, headers...)
}

// caller is a session of a role without a policy.
func (w *world) caller() (iam.Role, iam.Credentials, iam.Identity) {
	w.t.Helper()
	role := must(w.identities.CreateRole(iam.Role{Name: "caller", AssumeRolePolicy: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`}))
	credentials, identity, err := w.identities.AssumeRole(role.ARN, "lambda.amazonaws.com", "session-1")
	if err != nil {
		w.t.Fatal(err)
	}
	return role, credentials, identity
}

func TestIAMAuthorization(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(w.service.CreateRoute(w.api.ID, management.Route{RouteKey: "POST /iam/{id}", Target: "integrations/" + w.integration.ID, AuthorizationType: "AWS_IAM"}))
	role, credentials, identity := w.caller()
	w.do("POST", "/iam/1", "x").want(t, 403, forbiddenBody)
	w.wantLine("POST /iam/1 403; route POST /iam/{id}; authorizer: AWS_IAM, refused: MissingAuthenticationTokenException")
	w.sign(credentials, "POST", "/iam/1", "x", "execute-api").want(t, 403, forbiddenBody)
	w.wantLine("REFUSED User: " + identity.ARN + " is not authorized to perform: execute-api:Invoke on resource: " + w.api.ExecutionARN + "/$default/POST/iam/1 because no identity-based policy allows the execute-api:Invoke action; cure: allow execute-api:Invoke on ")
	policy := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"` + w.api.ExecutionARN + `/*/POST/iam/1"}}`
	if err := w.identities.PutRolePolicy("caller", "invoke", policy); err != nil {
		t.Fatal(err)
	}
	w.logTo("$context.requestId $context.identity.userArn $context.identity.user $context.identity.accountId")
	w.sign(credentials, "POST", "/iam/1", "x", "execute-api").want(t, 200, okBody)
	user := role.UniqueID + ":session-1"
	event := string(w.invoker.callsOf(handlerName)[0].Payload)
	want := `"authorizer":{"iam":{"accessKey":"` + credentials.AccessKeyID + `","accountId":"000000000000","callerId":"` + user + `","cognitoIdentity":null,"principalOrgId":null,"userArn":"` + identity.ARN + `","userId":"` + user + `"}}`
	if !strings.Contains(event, want) || !strings.Contains(event, `"body":"eA=="`) {
		t.Errorf("no %s in %s", want, event)
	}
	if line := w.logged(1); !strings.HasSuffix(line, " "+identity.ARN+" "+user+" 000000000000") {
		t.Errorf("logged %s", line)
	}
	w.sign(credentials, "POST", "/iam/2", "x", "execute-api").want(t, 403, forbiddenBody)
	w.sign(credentials, "POST", "/iam/1", "x", "lambda").want(t, 403, forbiddenBody)
	w.sign(w.identities.Root(), "POST", "/iam/2", "x", "execute-api").want(t, 200, okBody)
	w.clock.advance(time.Second)
	if out := w.console.String(); strings.Contains(out, credentials.SecretAccessKey) || strings.Contains(out, credentials.SessionToken) {
		t.Error("the console shows credentials")
	}
}

func TestIAMBodyOverTheLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(w.service.CreateRoute(w.api.ID, management.Route{RouteKey: "POST /iam", Target: "integrations/" + w.integration.ID, AuthorizationType: "AWS_IAM"}))
	w.do("POST", "/iam", strings.Repeat("x", live.MaxBodyBytes+1)).want(t, 413, tooLargeBody)
	w.wantLine("authorizer: AWS_IAM, not asked: the body could not be read")
}
