package apikey

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
)

func TestChecklist9Header(t *testing.T) {
	t.Parallel()
	const other = "eyJhbGciOiJIUzI1NiJ9.e30.x"
	both := Header{Bearer: true}
	tests := []struct {
		name    string
		header  Header
		headers map[string]string
		want    string // a scheme, or an error
	}{
		{"key", Header{}, map[string]string{"x-api-key": exampleKey}, "APIKey"},
		{"header of another name", Header{Name: "X-Acme-Key"}, map[string]string{"x-acme-key": exampleKey}, "APIKey"},
		{"another prefix is left to the verifier", Header{}, map[string]string{"x-api-key": "sk_1"}, "APIKey"},
		{"none", Header{}, nil, "no credential: the header X-Api-Key is missing"},
		{"Authorization is not asked", Header{}, map[string]string{"authorization": "Bearer " + exampleKey}, "no credential: the header X-Api-Key is missing"},
		{"empty", Header{}, map[string]string{"x-api-key": ""}, "malformed credential: the header X-Api-Key is empty"},
		{"repeated", Header{}, map[string]string{"x-api-key": exampleKey + "," + exampleKey}, "malformed credential: the header X-Api-Key has a comma, so it may be several headers"},
		{"longer than any", Header{}, map[string]string{"x-api-key": strings.Repeat("a", 67)}, "malformed credential: the value of the header X-Api-Key is longer than any API key is"},
		{"as long as any", Header{}, map[string]string{"x-api-key": strings.Repeat("a", 66)}, "APIKey"},
		{"bearer", both, map[string]string{"authorization": "bearer " + exampleKey}, "Bearer"},
		{"bearer of another prefix", Header{Bearer: true, Prefix: "acme"}, map[string]string{"authorization": "Bearer " + exampleKey}, "credential of another kind: the header Authorization has no API key"},
		{"either header", both, map[string]string{"x-api-key": exampleKey}, "APIKey"},
		{"neither", both, nil, "no credential: the header X-Api-Key is missing"},
		{"token", both, map[string]string{"authorization": "Bearer " + other}, "credential of another kind: the header Authorization has no API key"},
		{"Basic", both, map[string]string{"authorization": "Basic YTpi"}, "credential of another kind: the scheme of the header Authorization is not Bearer"},
		{"key and token", both, map[string]string{"x-api-key": exampleKey, "authorization": "Bearer " + other}, "APIKey"}, // refused by the chain
		{"key in both", both, map[string]string{"x-api-key": exampleKey, "authorization": "Bearer " + exampleKey}, "malformed credential: the headers X-Api-Key and Authorization both have an API key"},
		{"bearer, two spaces", both, map[string]string{"authorization": "Bearer  " + exampleKey}, "Bearer"},
		{"bearer, repeated", both, map[string]string{"authorization": "Bearer " + exampleKey + ",Bearer " + other}, "malformed credential: the header Authorization has a comma, so it may be several headers"},
		{"bearer, malformed beside a key", both, map[string]string{"x-api-key": exampleKey, "authorization": "Bearer x x"}, "malformed credential: the header Authorization has a character outside token68"},
		{"bearer, empty", both, map[string]string{"authorization": "Bearer "}, "malformed credential: the header Authorization has no token after its scheme"},
		{"bearer, longer than any", both, map[string]string{"authorization": "Bearer pha_" + strings.Repeat("a", 63)}, "malformed credential: the value of the header Authorization is longer than any API key is"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			credential, err := tt.header.Extract(authz.Request{Headers: tt.headers})
			got := credential.Scheme
			if err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if err == nil && !strings.HasSuffix(tt.headers["authorization"]+tt.headers[strings.ToLower(tt.header.Name)]+tt.headers["x-api-key"], credential.Value()) {
				t.Error("the value is another")
			}
		})
	}
}

// TestChainWithTokens: a key is told from a token in the same header, and both
// at once are refused.
func TestChainWithTokens(t *testing.T) {
	t.Parallel()
	secret, err := authz.NewHMACKey(authz.HS256, "", []byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := authz.NewJWT(authz.JWTConfig{Keys: authz.StaticKeys{secret}, AnyIssuer: true, AnyAudience: true})
	if err != nil {
		t.Fatal(err)
	}
	keys := newVerifier(t, Config{Store: storeFunc(func(d Digest) (Record, error) {
		return Record{Digest: d, Subject: "usr_abc", Tier: "free"}, nil
	})})
	chain := authz.Chain{{Extractor: Header{Bearer: true}, Verifier: keys}, {Verifier: tokens}}
	for _, tt := range []struct {
		name, key, authorization, method string
		err                              error
	}{
		{"key", exampleKey, "", "APIKey", nil},
		{"key as bearer", "", "Bearer " + exampleKey, "APIKey", nil},
		{"token", "", "Bearer a.b.c", "", authz.ErrMalformed},
		{"both", exampleKey, "Bearer a.b.c", "", authz.ErrMalformed},
		{"none", "", "", "", authz.ErrNoCredential},
		{"mistyped key is not tried as a token", "", "Bearer " + exampleKey[:52] + "0", "", authz.ErrMalformed},
	} {
		headers := map[string]string{}
		if tt.key != "" {
			headers["x-api-key"] = tt.key
		}
		if tt.authorization != "" {
			headers["authorization"] = tt.authorization
		}
		p, err := chain.Authenticate(t.Context(), authz.Request{Headers: headers})
		if !errors.Is(err, tt.err) || p.Method != tt.method {
			t.Errorf("%s: got %q, %v", tt.name, p.Method, err)
		}
		if strings.Contains(fmt.Sprint(err), exampleKey[12:40]) {
			t.Errorf("%s: the key is in the error", tt.name)
		}
	}
}
