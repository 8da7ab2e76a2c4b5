package secret

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
)

func TestParseKeys(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, value, want string }{
		{"checklist 3: raw with a newline", testSecret + "\n", "test"},
		{"checklist 3: base64", "base64:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n", "test"},
		{"the current one first", `{"next":"` + thirdSecret + `","previous":"base64:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=","current":"` + otherSecret + `"}`, "other test third"},
		{"ids", `{"current":{"kid":"k2","secret":"` + otherSecret + `"},"previous":{"kid":"k1","secret":"` + testSecret + `"}}`, "k2=other k1=test"},
		{"many", `{"keys":{"b":"` + otherSecret + `","a":"` + testSecret + `"}}`, "b=other a=test"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			keys, err := ParseKeys(authz.HS256, tt.value)
			if err != nil || names(keys) != tt.want || keys[0].Algorithm() != authz.HS256 {
				t.Errorf("got %q, %v; want %q", names(keys), err, tt.want)
			}
		})
	}
}

const sameText = "misconfigured: two keys with different ids are the same secret; give each a secret of its own"

func TestParseKeysRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		algorithm authz.Algorithm
		value     string
		text      string
	}{
		{"checklist 3: short", authz.HS256, testSecret[:31], "misconfigured: the secret has 31 bytes, HS256 needs at least 32 (RFC 7518 section 3.2); make one with: openssl rand -base64 32"},
		{"checklist 3: short for HS512", authz.HS512, testSecret, "misconfigured: the secret has 32 bytes, HS512 needs at least 64 (RFC 7518 section 3.2); make one with: openssl rand -base64 64"},
		{"checklist 3: short previous", authz.HS256, `{"current":"` + testSecret + `","previous":"hunter2"}`, "previous: misconfigured: the secret has 7 bytes, HS256 needs at least 32 (RFC 7518 section 3.2); make one with: openssl rand -base64 32"},
		{"checklist 3: bad base64", authz.HS256, `{"keys":{"a":"` + testSecret + `","b":"base64:?"}}`, `key 2: misconfigured: the secret begins with "base64:" but what follows is not base64 with padding (RFC 4648 section 4)`},
		{"checklist 4: id outside the alphabet", authz.HS256, `{"keys":{"../a":"` + testSecret + `"}}`, "key 1: misconfigured: the key's id: the id is not 1 to 128 letters, digits and characters of ._:~=+-@/ without .. in it"},
		{"checklist 4: two keys with one id", authz.HS256, `{"current":{"kid":"k","secret":"` + testSecret + `"},"previous":{"kid":"k","secret":"` + otherSecret + `"}}`, "misconfigured: two keys have the same id"},
		{"one secret with two ids", authz.HS256, `{"keys":{"a":"` + testSecret + `","b":"` + otherSecret + `","c":"` + testSecret + `"}}`, sameText},
		{"one secret in two spellings", authz.HS256, `{"keys":{"a":"` + testSecret + `","b":"base64:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYAAA=="}}`, sameText},
		{"a rotation that gave the old secret a new id", authz.HS256, `{"current":{"kid":"b","secret":"` + testSecret + `"},"previous":{"kid":"a","secret":"` + testSecret + `"}}`, sameText},
		{"checklist 4: repeated id", authz.HS256, `{"keys":{"k":"` + testSecret + `","k":"` + otherSecret + `"}}`, `misconfigured: the secret document names a member twice in "keys"`},
		{"checklist 4: with and without id", authz.HS256, `{"current":{"kid":"k","secret":"` + testSecret + `"},"previous":"` + otherSecret + `"}`, "misconfigured: some keys have an id and some have none; give all of them one, or none"},
		{"JWKS", authz.HS256, `{"keys":[{"kty":"RSA"}]}`, "misconfigured: the secret document is a JSON Web Key Set; for an issuer with a JSON Web Key Set (JWKS) use API Gateway's built-in JWT authorizer, which fetches it"},
		{"a secret where a public key must be", authz.ES256, testSecret, "misconfigured: the public key is not one PEM block"},
		{"a public key where a secret must be", authz.HS256, "-----BEGIN PUBLIC KEY-----\n" + testSecret, "misconfigured: the secret is a key in PEM, which is public or belongs to another algorithm; make a secret with: openssl rand -base64 32"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			keys, err := ParseKeys(tt.algorithm, tt.value)
			if keys != nil || !errors.Is(err, authz.ErrMisconfigured) || text(err) != tt.text {
				t.Errorf("got %d keys, error %q; want %q", len(keys), text(err), tt.text)
			}
		})
	}
}

// TestParseKeysPublic: a legacy issuer's public key, alone and in a document.
func TestParseKeysPublic(t *testing.T) {
	t.Parallel()
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	want, err := authz.NewPublicKey(authz.EdDSA, "", public)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{text, `{"current":` + string(quoted) + `}`, `{"keys":{"k":` + string(quoted) + `}}`} {
		keys, err := ParseKeys(authz.EdDSA, value)
		if err != nil || len(keys) != 1 || !keys[0].SameMaterial(want) {
			t.Errorf("got %v, %v", keys, err)
		}
	}
}

// TestChecklist7NoValueInErrors: nothing of a value is in an error, wherever
// the mistake is (item 7 of the security checklist).
func TestChecklist7NoValueInErrors(t *testing.T) {
	t.Parallel()
	const hidden = "s3cr3t-v4lue"
	for _, value := range []string{
		hidden, "base64:" + hidden, "{" + hidden, `{"` + hidden + `":1}`, `{"current":"` + hidden + `"}`, `{"current":"base64:` + hidden + `"}`,
		`{"current":{"kid":"` + hidden + `","secret":"x"}}`, `{"current":{"` + hidden + `":"x"}}`, `{"current":["` + hidden + `"]}`,
		`{"keys":{"` + hidden + `":"x"}}`, `{"keys":{"` + hidden + `#":"` + testSecret + `"}}`, `{"keys":{"` + hidden + `":"` + testSecret + `","` + hidden + `":"x"}}`,
		`{"keys":[{"k":"` + hidden + `"}]}`, "-----BEGIN PRIVATE KEY-----\n" + hidden, `{"current":"` + testSecret + `"} ` + hidden,
		`{"current":{"kid":"` + hidden + `","secret":"` + testSecret + `"},"next":{"kid":"` + hidden + `","secret":"` + testSecret + `"}}`,
	} {
		for _, algorithm := range []authz.Algorithm{authz.HS256, authz.ES256} {
			_, err := ParseKeys(algorithm, value)
			if err == nil || strings.Contains(err.Error(), hidden) {
				t.Errorf("a value of %d bytes for %s is accepted or in the error", len(value), algorithm)
			}
		}
	}
}
