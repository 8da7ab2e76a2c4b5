package own

import "testing"

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
