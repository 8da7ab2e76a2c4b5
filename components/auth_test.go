package components

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// mixedArgs have routes of every kind.
func mixedArgs() *ProtectedHttpApiArgs {
	get := FunctionArgs{Package: "testdata/handlers/get"}
	return &ProtectedHttpApiArgs{
		Authorizer: AuthorizerArgs{Function: FunctionArgs{Package: "testdata/handlers/authorizer"}},
		Authorizers: map[string]AuthorizerArgs{"partners": {
			Function:        FunctionArgs{Package: "testdata/handlers/authorizer", Name: "partners"},
			ApiKeys:         &ApiKeysArgs{Quotas: true},
			IdentitySources: []IdentitySource{Header("X-Api-Key")},
		}},
		JwtIssuers: map[string]JwtIssuerArgs{"cognito": CognitoIssuer(pulumi.String("cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a1b2c3"), pulumi.String("web"))},
		Routes: Routes{
			"GET /public":    {Function: get, Auth: Public},
			"GET /own":       {Function: get},
			"GET /partners":  {Function: get, Auth: AuthorizedBy("partners"), Permissions: []string{"reports:read"}},
			"GET /users":     {Function: get, Auth: Jwt("cognito")},
			"POST /users":    {Function: get, Auth: Jwt("cognito"), Scopes: []string{"users/write", "users/admin"}},
			"POST /internal": {Function: get, Auth: Iam},
		},
	}
}

func changeRoute(key string, change func(*Route)) func(*ProtectedHttpApiArgs) {
	return func(a *ProtectedHttpApiArgs) {
		route := a.Routes[key]
		change(&route)
		a.Routes[key] = route
	}
}

func changePartners(change func(*AuthorizerArgs)) func(*ProtectedHttpApiArgs) {
	return func(a *ProtectedHttpApiArgs) {
		args := a.Authorizers["partners"]
		change(&args)
		a.Authorizers["partners"] = args
	}
}

func changeCognito(change func(*JwtIssuerArgs)) func(*ProtectedHttpApiArgs) {
	return func(a *ProtectedHttpApiArgs) {
		args := a.JwtIssuers["cognito"]
		change(&args)
		a.JwtIssuers["cognito"] = args
	}
}

func TestCheckAuth(t *testing.T) {
	t.Parallel()
	expectMistakes(t, testScope, mixedArgs, []mistakeTest{
		{"all is well", func(*ProtectedHttpApiArgs) {}, ""},
		{"unknown authorizer", changeRoute("GET /own", func(r *Route) { r.Auth = AuthorizedBy("partner") }),
			`Routes["GET /own"].Auth: Authorizers has no "partner": it has "partners"
Authorizer: is given, but no route is protected by it: leave it out, or leave out the Auth of the routes to protect`},
		{"unknown issuer", func(a *ProtectedHttpApiArgs) {
			a.JwtIssuers = nil
			delete(a.Routes, "POST /users")
		}, `Routes["GET /users"].Auth: JwtIssuers has no "cognito": it is empty`},
		{"nobody's authorizer", func(a *ProtectedHttpApiArgs) { delete(a.Routes, "GET /partners") },
			`Authorizers["partners"]: is given, but no route has Auth: AuthorizedBy("partners"): leave it out, or protect a route with it`},
		{"nobody's issuer", func(a *ProtectedHttpApiArgs) {
			a.JwtIssuers["auth0"] = JwtIssuerArgs{Issuer: pulumi.String("https://example.auth0.com/"), Audiences: []pulumi.StringInput{pulumi.String("api")}}
		}, `JwtIssuers["auth0"]: is given, but no route has Auth: Jwt("auth0"): leave it out, or protect a route with it`},
		{"names", func(a *ProtectedHttpApiArgs) {
			a.Authorizers = map[string]AuthorizerArgs{"": a.Authorizers["partners"]}
			a.JwtIssuers["my issuer"] = a.JwtIssuers["cognito"]
			a.Routes["GET /partners"] = Route{Function: a.Routes["GET /own"].Function, Auth: AuthorizedBy("")}
			a.Routes["GET /users"] = Route{Function: a.Routes["GET /own"].Function, Auth: Jwt("my issuer")}
		}, `Authorizers[""]: the name must be 1 to 64 letters, digits, - and _
JwtIssuers["my issuer"]: the name must be 1 to 64 letters, digits, - and _
Routes["GET /partners"].Auth: Authorizers has no "": it has ""`},
		{"function of two authorizers", changePartners(func(a *AuthorizerArgs) { a.Function.Name = "" }),
			`Authorizers["partners"].Function: "authorizer" is the name of Authorizer.Function too: an authorizer's function is nobody else's: give one of them another Name`},
		{"further authorizer without function", changePartners(func(a *AuthorizerArgs) { a.Function = FunctionArgs{} }),
			`Authorizers["partners"]: has nothing that decides: ` + chooseAuthorizer},
		{"its TTL", changePartners(func(a *AuthorizerArgs) { a.CacheTtl = time.Minute }),
			`Authorizers["partners"].CacheTtl: 1m0s is not possible with ApiKeys.Quotas: requests that API Gateway answers with a cached result would not be counted: set it to 0s, or leave out Quotas`},
		{"its secrets", changePartners(func(a *AuthorizerArgs) {
			a.SecretPath, a.Secrets = pulumi.String("secret"), &SecretsArgs{KmsKeyArn: pulumi.String("key")}
		}),
			`Authorizers["partners"].SecretPath: "secret" must begin with /, or be the ARN of a secret of Secrets Manager: arn:aws:secretsmanager:{region}:{account}:secret:{name}
Authorizers["partners"].Secrets.KmsKeyArn: "key" is not the ARN of a KMS key: arn:aws:kms:{region}:{account}:key/{id}`},
		{"permissions of a token", changeRoute("GET /users", func(r *Route) { r.Permissions = []string{"users:read"} }),
			`Routes["GET /users"].Permissions: cannot be required on a route whose Auth is Jwt, which no authorizer function judges: require Scopes, or leave out Auth`},
		{"permissions of an IAM caller", changeRoute("POST /internal", func(r *Route) { r.Permissions = []string{"users:read"} }),
			`Routes["POST /internal"].Permissions: cannot be required on a route whose Auth is Iam: the callers' IAM policies say what they may do: leave them out, or leave out Auth`},
		{"scopes without token", changeRoute("GET /own", func(r *Route) { r.Scopes = []string{"users/read"} }),
			`Routes["GET /own"].Scopes: are for routes whose Auth is Jwt: have the authorizer require Permissions, or leave them out`},
		{"scopes", changeRoute("POST /users", func(r *Route) { r.Scopes = []string{"users write", "users", "users"} }),
			`Routes["POST /users"].Scopes[0]: "users write" is not a scope: 1 to 64 printable ASCII characters but spaces, " and \
Routes["POST /users"].Scopes[2]: "users" occurs twice`},
	})
}

func TestCheckJwtIssuers(t *testing.T) {
	t.Parallel()
	const issuer = `JwtIssuers["cognito"].`
	expectMistakes(t, testScope, mixedArgs, []mistakeTest{
		{"empty", changeCognito(func(a *JwtIssuerArgs) { *a = JwtIssuerArgs{} }), issuer + `Issuer: is required
` + issuer + `Audiences: at least one is required: without, every token of the issuer would do`},
		{"issuer", changeCognito(func(a *JwtIssuerArgs) { a.Issuer = pulumi.String("http://issuer.example") }),
			issuer + `Issuer: "http://issuer.example" is not an https URL; http is for an issuer on the loopback interface, which only the local AWS reaches`},
		{"issuer with a query", changeCognito(func(a *JwtIssuerArgs) { a.Issuer = pulumi.String("https://issuer.example/?a=b") }),
			issuer + `Issuer: "https://issuer.example/?a=b" has more than a host and a path`},
		{"issuer on the loopback interface", changeCognito(func(a *JwtIssuerArgs) { a.Issuer = pulumi.String("http://127.0.0.1:9000") }), ""},
		{"audience", changeCognito(func(a *JwtIssuerArgs) {
			a.Audiences = []pulumi.StringInput{pulumi.String("web"), pulumi.String(""), nil}
		}),
			issuer + "Audiences[1]: has no value\n" + issuer + "Audiences[2]: has no value"},
		{"source", changeCognito(func(a *JwtIssuerArgs) { a.IdentitySource = Context("identity.sourceIp") }),
			issuer + `IdentitySource: "$context.identity.sourceIp" is not what Header or Query returns for a name: API Gateway finds tokens nowhere else`},
	})
}

func TestCheckIdentitySources(t *testing.T) {
	t.Parallel()
	source := func(list ...IdentitySource) func(*ProtectedHttpApiArgs) {
		return changePartners(func(a *AuthorizerArgs) { a.IdentitySources = list })
	}
	const property = `Authorizers["partners"].IdentitySources`
	expectMistakes(t, testScope, mixedArgs, []mistakeTest{
		{"all kinds", func(a *ProtectedHttpApiArgs) {
			source(Header("X-Api-Key"), Query("key"), Context("routeKey"), StageVariable("tenant"))(a)
			stageVariable("tenant", pulumi.String("acme"))(a)
		}, ""},
		{"no certificate of the client", source(Header("X-Api-Key"), Context("identity.clientCert.serialNumber")),
			property + `[1]: "$context.identity.clientCert.serialNumber" has no value without Domain.MutualTls: API Gateway would answer 401 to every request: add that, or leave it out`},
		{"no variable of the stage", source(Header("X-Api-Key"), StageVariable("tenant")),
			property + `[1]: "$stageVariables.tenant" is not among Stage.Variables: API Gateway would answer 401 to every request: add it there, or leave it out`},
		{"no name", source(Header("")), property + `[0]: "$request.header." is not what Header, Query, Context or StageVariable returns for a name`},
		{"two spellings of a header", source(Header("X-Api-Key"), Header("x-api-key")), property + `[1]: "$request.header.x-api-key" occurs twice`},
		{"too late", source(Header("X-Api-Key"), Context("authorizer.userId"), Context("status")),
			property + `[1]: "$context.authorizer.userId" has no value before a request is authorized: API Gateway would answer 401 to every request: leave it out
` + property + `[2]: "$context.status" has no value before a request is authorized: API Gateway would answer 401 to every request: leave it out`},
	})
}

func TestMixedAuth(t *testing.T) {
	t.Parallel()
	m := mustDeploy(t, mixedArgs())
	expectInputs(t, m.find(t, "Authorizer", "events-jwt-cognito"), map[string]any{
		"apiId": "api123", "authorizerType": "JWT", "identitySources": []any{"$request.header.Authorization"},
		"jwtConfiguration": map[string]any{"issuer": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a1b2c3", "audiences": []any{"web"}},
	})
	for key, want := range map[string]map[string]any{
		"GET /public":    {"authorizationType": "NONE"},
		"GET /own":       {"authorizationType": "CUSTOM", "authorizerId": "auth123"},
		"GET /partners":  {"authorizationType": "CUSTOM", "authorizerId": "auth123"},
		"GET /users":     {"authorizationType": "JWT", "authorizerId": "auth123"},
		"POST /users":    {"authorizationType": "JWT", "authorizerId": "auth123", "authorizationScopes": []any{"users/write", "users/admin"}},
		"POST /internal": {"authorizationType": "AWS_IAM"},
	} {
		want["apiId"], want["routeKey"], want["target"] = "api123", key, "integrations/events-get-id"
		expectInputs(t, m.find(t, "Route", "events-"+key), want)
	}
	variables := m.find(t, "Function", "events-partners").Inputs["environment"].Mappable().(map[string]any)["variables"].(map[string]any)
	if got := variables["ROUTE_PERMISSIONS"]; got != `{"GET /partners":["reports:read"]}` {
		t.Errorf("the partners' authorizer has the permissions %v", got)
	}
	if got := variables["API_KEY_TABLE_NAME"]; got != "events-partners-api-keys-0a1b2c3" {
		t.Errorf("the partners' table is %v", got)
	}
	if m.find(t, "Function", "events-authorizer").Inputs["environment"].Mappable().(map[string]any)["variables"].(map[string]any)["ROUTE_PERMISSIONS"] != nil {
		t.Error("the default authorizer has the permissions of another's routes")
	}
}

func TestAccess(t *testing.T) {
	t.Parallel()
	p, m := check(testScope, "events", mixedArgs())
	if len(m) > 0 {
		t.Fatal(messages(m))
	}
	want := map[string]string{
		"GET /public": "public", "GET /own": "Lambda authorizer", "GET /partners": `Lambda authorizer "partners"`,
		"GET /users": `JWT of "cognito"`, "POST /users": `JWT of "cognito" with scope users/write or users/admin`, "POST /internal": "IAM",
	}
	for _, r := range p.routes {
		if got := r.describe(); got != want[r.key.String()] {
			t.Errorf("%s is protected by %q, want %q", r.key, got, want[r.key.String()])
		}
	}
}
