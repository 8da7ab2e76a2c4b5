package own

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// TestParseMethods: what the authorizer is told is read strictly.
func TestParseMethods(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"tokens":{"issuer":"i"},"apiKeys":{"tiers":{"a":{"permissions":["x"],"perMinute":1,"perDay":2}}},"signatures":{"keyPermissions":{"k":["x"]}}}`: "",
		``:                                       "it is not JSON",
		`{"tokens":{}} {}`:                       "it is not JSON",
		`{"tokens":{},"Tokens":{}}`:              "it names a member twice",
		`{"tokens":null,"apiKeys":{"tiers":{}}}`: "it has a null",
		`{}`:                                     "it has no method",
		`{"tokens":{"issuers":"i"}}`:             `json: unknown field "issuers"`,
		`{"basic":{}}`:                           `json: unknown field "basic"`,
		`{"tokens":{"leewaySeconds":"1"}}`:       "json: cannot unmarshal string into Go struct field Tokens.tokens.leewaySeconds of type int",
		`[]`:                                     "json: cannot unmarshal array into Go value of type contract.Methods",
	} {
		_, err := parseMethods([]byte(text))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if want != "" {
			want = "authorizer-methods.json: " + want
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// TestTokensAlone: tokens are what encoding/json reads too, and nothing else is read.
func TestTokensAlone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"tokens":{}}`, " {\n\"tokens\" : { \"issuer\" : \"i\\u00e9\" , \"audience\":\"a\",\"leewaySeconds\":-30,\"permissionsClaim\":\"\" } } ",
	} {
		var want contract.Methods
		got, ok := tokensAlone([]byte(text))
		if err := json.Unmarshal([]byte(text), &want); err != nil || !ok || got != *want.Tokens {
			t.Errorf("%s is %+v, %t, want %+v, %v", text, got, ok, want.Tokens, err)
		}
	}
	for _, text := range []string{
		``, `null`, `{}`, `[]`, `{"tokens":{}} {}`, `{"tokens":null}`, `{"tokens":[]}`, `{"tokens":{},"tokens":{}}`, `{"tokens":{},"apiKeys":{"tiers":{}}}`,
		`{"tokens":{"issuer":"i","issuer":"j"}}`, `{"tokens":{"issuer":null}}`, `{"tokens":{"issuer":7}}`, `{"tokens":{"Issuer":"i"}}`, `{"tokens":{"x":""}}`,
		`{"tokens":{"leewaySeconds":"1"}}`, `{"tokens":{"leewaySeconds":1.5}}`, `{"tokens":{"leewaySeconds":1e9}}`, `{"Tokens":{}}`,
	} {
		if got, ok := tokensAlone([]byte(text)); ok {
			t.Errorf("%s is %+v", text, got)
		}
	}
}

// TestComponentsMethods: what the component writes is read, to the last grant.
func TestComponentsMethods(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../components/testdata/authorizer-methods.json")
	if err != nil {
		t.Fatal(err)
	}
	methods, err := parseMethods(text)
	if err != nil {
		t.Fatal(err)
	}
	if keys := methods.Signatures.KeyPermissions; len(keys) != 2 || len(keys["guest"]) != 0 || len(keys["partner"]) != 2 {
		t.Errorf("the keys' permissions are %q", keys)
	}
}
