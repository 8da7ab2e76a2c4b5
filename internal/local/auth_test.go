package local

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/golang-jwt/jwt/v5"

	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/internal/verify"
)

// issuer issues tokens as an identity provider does, and publishes its keys.
type issuer struct {
	url string
	key *rsa.PrivateKey
}

func newIssuer(t *testing.T) issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := issuer{key: key}
	mux := http.NewServeMux()
	serve := func(path string, document func() any) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if err := json.NewEncoder(w).Encode(document()); err != nil {
				t.Error(err)
			}
		})
	}
	serve("/.well-known/openid-configuration", func() any { return map[string]string{"issuer": i.url, "jwks_uri": i.url + "/keys"} })
	serve("/keys", func() any {
		return map[string]any{"keys": []any{map[string]string{
			"kty": "RSA", "kid": "users", "use": "sig", "alg": "RS256",
			"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
			"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
		}}}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	i.url = server.URL
	return i
}

// token is one of ada's for the API, but for what the claims say.
func (i issuer) token(t *testing.T, d deployed, claims jwt.MapClaims) http.Header {
	t.Helper()
	all := jwt.MapClaims{"iss": i.url, "aud": "reports", "sub": "ada", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}
	maps.Copy(all, claims)
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, all)
	token.Header["kid"] = "users"
	signed, err := token.SignedString(i.key)
	if err != nil {
		t.Fatal(err)
	}
	return with("Authorization", "Bearer "+d.credentials.add(signed))
}

// TestMixedAuth deploys an API with routes of every kind and calls each with
// everybody's credential: it lets in its own callers and no others, and the handler
// learns who they are.
func TestMixedAuth(t *testing.T) {
	t.Parallel()
	users := newIssuer(t)
	d := deploy(t, Options{Project: example(t, "cognito-and-partners"), Stack: "dev", Settings: map[string]string{"issuer": users.url}})
	d.up(t, map[string]int{})

	key, _ := d.newKey(t, apikey.Spec{Subject: "acme", Tier: "reader"})
	credentials := map[string]http.Header{
		"nobody":  {},
		"user":    users.token(t, d, nil),
		"writer":  users.token(t, d, jwt.MapClaims{"scope": "openid reports/write"}),
		"another": users.token(t, d, jwt.MapClaims{"aud": "another-app"}),
		"partner": key,
		"staff":   with("Authorization", "Bearer "+d.signToken(t, d.Secret, nil)),
	}
	for route, statuses := range map[string]map[string]int{
		"GET /health":           {"nobody": 200, "user": 200, "partner": 200, "staff": 200},
		"GET /reports":          {"nobody": 401, "user": 200, "writer": 200, "another": 401, "partner": 401, "staff": 401},
		"POST /reports":         {"nobody": 401, "user": 403, "writer": 200, "another": 401, "partner": 401, "staff": 401},
		"GET /partner/reports":  {"nobody": 401, "user": 401, "partner": 200, "staff": 401},
		"POST /partner/reports": {"nobody": 401, "user": 401, "partner": 403, "staff": 401},
		"DELETE /reports/1":     {"nobody": 401, "user": 403, "partner": 401, "staff": 200},
		"POST /internal/sync":   {"nobody": 403, "user": 403, "partner": 403, "staff": 403},
	} {
		method, path := split(route)
		for caller, want := range statuses {
			if status, body := d.call(t, method, path, "", credentials[caller], http.DefaultClient); status != want {
				t.Errorf("%s by %s is %d, not %d: %s", route, caller, status, want, body)
			}
		}
	}
	for _, test := range []struct{ route, caller, want string }{
		{"GET /health", "nobody", `{"caller":"anybody"}`},
		{"POST /reports", "writer", fmt.Sprintf(`{"caller":"ada","issuer":%q,"method":"JWT","scopes":["openid","reports/write"],"tier":""}`, users.url)},
		{"GET /partner/reports", "partner", `{"caller":"acme","issuer":"","method":"APIKey","scopes":null,"tier":"reader"}`},
		{"DELETE /reports/1", "staff", `{"caller":"usr_test","issuer":"","method":"JWT","scopes":null,"tier":""}`},
	} {
		method, path := split(test.route)
		if _, body := d.call(t, method, path, "", credentials[test.caller], http.DefaultClient); body != test.want {
			t.Errorf("%s by %s answers %s, want %s", test.route, test.caller, body, test.want)
		}
	}
	d.checkAuthorizers(t, users.url)
	d.testIamRoute(t)
	wantTries(t, Tries(d.Deployment),
		"DELETE /reports/{id}: none 401, bad 403, token 200, expired 403, own 401",
		"GET /health: none 200, own 200",
		"GET /partner/reports: none 401, bad 403, apikey 200, own 401",
		"GET /reports: none 401, bad 401, own 401",
		"POST /internal/sync: none 403, bad 403, iam 200",
		"POST /partner/reports: none 401, bad 403, apikey 200, own 401",
		"POST /reports: none 401, bad 401, own 401",
	)
	d.testVerify(t, map[string]verify.Credential{
		"reports-authorizer": {Header: credentials["staff"], Everything: true}, "reports-partners-authorizer": {Header: key}, "reports-jwt-users": {Header: credentials["user"]},
	})

	access, _ := d.Outputs["access"].(map[string]any)
	if want := map[string]any{
		"GET /health": "public", "GET /reports": `JWT of "users"`, "POST /reports": `JWT of "users" with scope reports/write`,
		"GET /partner/reports": `Lambda authorizer "partners"`, "POST /partner/reports": `Lambda authorizer "partners"`,
		"DELETE /reports/{id}": "Lambda authorizer", "POST /internal/sync": "IAM",
	}; !maps.Equal(access, want) {
		t.Errorf("the access is %v", access)
	}
	d.checkDestroy(t)
}

// checkAuthorizers: what is deployed is known by the program's names.
func (d deployed) checkAuthorizers(t *testing.T, issuer string) {
	t.Helper()
	api := d.APIs[0]
	ids := map[string]string{}
	for i, a := range api.Authorizers {
		ids[a.ID] = a.Name
		api.Authorizers[i].ID, api.Authorizers[i].Function = "", d.ProgramName(a.Function)
	}
	want := []Authorizer{
		{Name: "reports-authorizer", Function: "reports-authorizer", Sources: []string{"$request.header.Authorization"}},
		{Name: "reports-jwt-users", Sources: []string{"$request.header.Authorization"}, Issuer: issuer, Audience: []string{"reports"}},
		{Name: "reports-partners-authorizer", Function: "reports-partners-authorizer", TTL: 0, Sources: []string{"$request.header.X-Api-Key"}},
	}
	if !reflect.DeepEqual(api.Authorizers, want) {
		t.Errorf("the authorizers are %+v, want %+v", api.Authorizers, want)
	}
	for key, protected := range map[string]struct {
		authorizer          string
		permissions, scopes []string
	}{
		"GET /health":           {},
		"POST /internal/sync":   {},
		"POST /reports":         {"reports-jwt-users", nil, []string{"reports/write"}},
		"POST /partner/reports": {"reports-partners-authorizer", []string{"reports:write"}, nil},
	} {
		route, err := api.Route(key)
		if err != nil {
			t.Fatal(err)
		}
		if ids[route.AuthorizerID] != protected.authorizer || !slices.Equal(route.Permissions, protected.permissions) || !slices.Equal(route.Scopes, protected.scopes) {
			t.Errorf("the route is %+v, want %+v", route, protected)
		}
	}
}

// split returns the method and the path of a route.
func split(route string) (method, path string) {
	method, path, _ = strings.Cut(route, " ")
	return method, path
}

// testIamRoute signs requests as AWS's SDKs do.
func (d deployed) testIamRoute(t *testing.T) {
	t.Helper()
	url, err := d.Output("apiUrl")
	if err != nil {
		t.Fatal(err)
	}
	env := d.AWS.Environment()
	for _, test := range []struct {
		name, secret string
		want         int
	}{
		{"with credentials", env["AWS_SECRET_ACCESS_KEY"], http.StatusOK},
		{"with a wrong secret", "wrong", http.StatusForbidden},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/internal/sync", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(nil)
		identity := aws.Credentials{AccessKeyID: env["AWS_ACCESS_KEY_ID"], SecretAccessKey: test.secret}
		if err := v4.NewSigner().SignHTTP(t.Context(), identity, request, hex.EncodeToString(sum[:]), "execute-api", env["AWS_REGION"], time.Now()); err != nil {
			t.Fatal(err)
		}
		// callURL's content type is not among the signed headers.
		status, body := d.callURL(t, http.MethodPost, url+"/internal/sync", "", request.Header, http.DefaultClient)
		var caller struct{ Method string }
		if status != test.want || status == http.StatusOK && (json.Unmarshal([]byte(body), &caller) != nil || caller.Method != "IAM") {
			t.Errorf("%s: POST /internal/sync is %d, not %d: %s", test.name, status, test.want, body)
		}
	}
}
