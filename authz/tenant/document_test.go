package tenant

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
)

// secretText is in the documents of the tests, and in no error.
const secretText = "base64:c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ="

func oneKey(members string) string {
	return `{"issuer":"i","anyAudience":true,"keys":[{` + members + `}]}`
}

// TestParseDocument: every member has its effect.
func TestParseDocument(t *testing.T) {
	t.Parallel()
	ada := issuers()[0]
	mapping := map[string]any{"subject": "uid", "tenant": "org", "tier": "plan", "permissions": "perms"}
	tests := []struct {
		name       string
		document   string
		credential authz.Credential
		text       string
	}{
		{"plain", ada.document(), ada.token(), ""},
		{"any issuer", ada.document("issuer", nil, "anyIssuer", true), jwt(ada.header(), ada.claims("iss", "x"), ada.sign), ""},
		{"another issuer", ada.document(), jwt(ada.header(), ada.claims("iss", "x"), ada.sign), `tenant "ada": invalid claim: iss is not the required issuer`},
		{"any audience", ada.document("audience", nil, "anyAudience", true), jwt(ada.header(), ada.claims("aud", "x"), ada.sign), ""},
		{"another audience", ada.document(), jwt(ada.header(), ada.claims("aud", "x"), ada.sign), `tenant "ada": invalid claim: aud does not have the required audience`},
		{"type", ada.document("type", "at+jwt"), jwt(ada.header("typ", "at+jwt"), ada.claims(), ada.sign), ""},
		{"leeway by default", ada.document(), jwt(ada.header(), ada.claims("nbf", testNow+30), ada.sign), ""},
		{"beyond the default leeway", ada.document(), jwt(ada.header(), ada.claims("nbf", testNow+31), ada.sign), `tenant "ada": not yet valid`},
		{"no leeway", ada.document("leeway", "0s"), jwt(ada.header(), ada.claims("nbf", testNow+1), ada.sign), `tenant "ada": not yet valid`},
		{"leeway", ada.document("leeway", "30s"), jwt(ada.header(), ada.claims("nbf", testNow+30), ada.sign), ""},
		{"beyond the leeway", ada.document("leeway", "30s"), jwt(ada.header(), ada.claims("nbf", testNow+31), ada.sign), `tenant "ada": not yet valid`},
		{"required claim", ada.document("requiredClaims", []string{"org"}), jwt(ada.header(), ada.claims("org", nil), ada.sign), `tenant "ada": invalid claim: "org" is missing`},
		{"suspended", ada.document("suspended", true), ada.token(), adaSuspended},
		{"claims", ada.document("claims", mapping), jwt(ada.header(), ada.claims("uid", "u1", "plan", "gold", "perms", []string{"events:write"}), ada.sign), ""},
		{"permissions as words", ada.document("claims", mapping), jwt(ada.header(), ada.claims("uid", "u1", "plan", "gold", "perms", "events:write"), ada.sign), ""},
		{"subject claim missing", ada.document("claims", mapping), ada.token(), `tenant "ada": invalid claim: "uid" is not a string`},
		{"tenant claim missing", ada.document("claims", mapping), jwt(ada.header(), ada.claims("uid", "u1", "org", nil), ada.sign), `tenant "ada": invalid claim: "org" is not a string`},
		{"tenant claim another's", ada.document("claims", mapping), jwt(ada.header(), ada.claims("uid", "u1", "org", "bob"), ada.sign), `tenant "ada": invalid claim: "org" is not the tenant`},
		{"tenant claim empty", ada.document("claims", mapping), jwt(ada.header(), ada.claims("uid", "u1", "org", ""), ada.sign), `tenant "ada": invalid claim: "org" is not the tenant`},
		{"tier a number", ada.document("claims", mapping), jwt(ada.header(), ada.claims("uid", "u1", "plan", 1), ada.sign), `tenant "ada": invalid claim: "plan" is not a string`},
		{"permissions a number", ada.document("claims", mapping), jwt(ada.header(), ada.claims("uid", "u1", "perms", 1), ada.sign), `tenant "ada": invalid claim: "perms" is neither an array of strings nor a string of words`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			parsed, err := ParseDocument("ada", tt.document, nil)
			if err != nil {
				t.Fatal(err)
			}
			parsed.JWT.Now = now
			p, err := newRegistry(t, []Selector{Host{}}, parsed).Verify(t.Context(), ada.request(), tt.credential)
			if text(err) != tt.text || (err == nil) != (p.Tenant == "ada") {
				t.Errorf("got tenant %q, %q; want %q", p.Tenant, text(err), tt.text)
			}
			if strings.Contains(tt.document, `"plan"`) && err == nil && (p.Subject != "u1" || p.Tier != "gold" || fmt.Sprint(p.Permissions) != "[events:write]") {
				t.Errorf("got subject %q, tier %q, permissions %v", p.Subject, p.Tier, p.Permissions)
			}
		})
	}
}

// TestParseDocumentOptionalClaims: what has no claim stays empty.
func TestParseDocumentOptionalClaims(t *testing.T) {
	t.Parallel()
	ada := issuers()[0]
	parsed, err := ParseDocument("ada", ada.document("claims", map[string]any{"tier": "plan", "permissions": "perms"}), nil)
	if err != nil {
		t.Fatal(err)
	}
	parsed.JWT.Now = now
	p, err := newRegistry(t, []Selector{Issuer{}}, parsed).Verify(t.Context(), authz.Request{}, ada.token())
	if err != nil || p.Tier != "" || p.Permissions != nil || p.Subject != "ada-user" {
		t.Errorf("got subject %q, tier %q, permissions %v, %v", p.Subject, p.Tier, p.Permissions, err)
	}
}

const unknownMember = "misconfigured: it has a member that no tenant has; names are exact, in upper and lower case"

func TestParseDocumentRefuses(t *testing.T) {
	t.Parallel()
	const secretMember = `"secret":"` + secretText + `"`
	deep := strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000)
	tests := []struct{ name, document, text string }{
		{"empty", "", "misconfigured: it is no JSON, at byte 0"},
		{"a secret alone", secretText, "misconfigured: it is no JSON, at byte 1"},
		{"byte order mark", "\ufeff" + oneKey(`"algorithm":"HS256",`+secretMember), "misconfigured: it is no JSON, at byte 1"},
		{"null", "null", "misconfigured: it is no JSON object"},
		{"array", "[]", "misconfigured: it is no JSON object"},
		{"string", `"` + secretText + `"`, "misconfigured: it is no JSON object"},
		{"not UTF-8", oneKey(`"algorithm":"HS256","secret":"` + "\xff" + secretText + `"`), "misconfigured: it is not UTF-8"},
		{"cut", `{"issuer":"i"`, "misconfigured: it is no JSON, at byte 13"},
		{"comma at the end", `{"issuer":"i",}`, "misconfigured: it is no JSON, at byte 15"},
		{"something behind", oneKey(`"algorithm":"HS256",`+secretMember) + " x", "misconfigured: it is no JSON, at byte 129"},
		{"two objects", oneKey(`"algorithm":"HS256",`+secretMember) + "{}", "misconfigured: it is no JSON, at byte 128"},
		{"unknown member", `{"` + secretText + `":1}`, unknownMember},
		{"a name in another case", `{"suspended":true,"Suspended":false}`, unknownMember},
		{"a name with a letter that folds", `{"suspended":true,"\u017fuspended":false}`, unknownMember},
		{"a key's name in another case", oneKey(secretMember + `,"Secret":"` + secretText + `"`), "key 0: " + unknownMember},
		{"a claim's name in another case", `{"claims":{"tenant":"org","Tenant":""}}`, unknownMember},
		{"a member twice", `{"suspended":true,"issuer":"i","suspended":false}`, `misconfigured: its member "suspended" is there twice`},
		{"a member twice, escaped", `{"suspended":true,"\u0073uspended":false}`, `misconfigured: its member "suspended" is there twice`},
		{"a member of a key twice", oneKey(secretMember + "," + secretMember), `misconfigured: its member "keys" has a member twice`},
		{"a claim twice", `{"claims":{"tenant":"org","tenant":""}}`, `misconfigured: its member "claims" has a member twice`},
		{"a route twice, behind a number that is no float64", `{"policy":{"n":1e999,"GET /a":["x"],"GET /a":[]}}`, `misconfigured: its member "policy" has a member twice`},
		{"a route twice", `{"policy":{"GET /a":["x"],"GET /a":[]}}`, `misconfigured: its member "policy" has a member twice`},
		{"a flag null", `{"suspended":null}`, `misconfigured: its member "suspended" is null, or has a null in it; leave it out`},
		{"an entry of a list null", `{"requiredClaims":["a",null]}`, `misconfigured: its member "requiredClaims" is null, or has a null in it; leave it out`},
		{"a key null", `{"keys":[null]}`, `misconfigured: its member "keys" is null, or has a null in it; leave it out`},
		{"a claim null", `{"claims":{"tenant":null}}`, `misconfigured: its member "claims" is null, or has a null in it; leave it out`},
		{"policy null", `{"policy":null}`, `misconfigured: its member "policy" is null, or has a null in it; leave it out`},
		{"hosts no list", `{"hosts":"` + secretText + `"}`, `misconfigured: its member "hosts" is of another type than it should be`},
		{"claims no object", `{"claims":["` + secretText + `"]}`, `misconfigured: its member "claims" is of another type than it should be`},
		{"key no object", `{"keys":["` + secretText + `"]}`, `key 0: misconfigured: its member "keys" is of another type than it should be`},
		{"secret a number", oneKey(`"secret":123456`), `key 0: misconfigured: its member "keys.secret" is of another type than it should be`},
		{"deeply nested", `{"policy":` + deep + `}`, "misconfigured: it is no JSON, at byte 50006"},
		{"leeway", `{"leeway":"half a minute"}`, `misconfigured: leeway is no duration, for instance "30s"`},
		{"JSON Web Key Set", `{"issuer":"i","anyAudience":true,"keys":[{"kty":"RSA","n":"x","e":"AQAB"}]}`, "key 0: misconfigured: it is a JSON Web Key; " + authz.UseJWTAuthorizer},
		{"neither secret nor public key", oneKey(`"algorithm":"HS256"`), "key 0: misconfigured: set one of secret and publicKey"},
		{"secret and public key", oneKey(`"algorithm":"HS256","publicKey":"x",` + secretMember), "key 0: misconfigured: set one of secret and publicKey"},
		{"no algorithm", oneKey(secretMember), `key 0: misconfigured: "" is not an HMAC algorithm; use HS256, HS384 or HS512`},
		{"algorithm none", oneKey(`"algorithm":"none",` + secretMember), `key 0: misconfigured: "none" is not an HMAC algorithm; use HS256, HS384 or HS512`},
		{"secret for RS256", oneKey(`"algorithm":"RS256",` + secretMember), `key 0: misconfigured: "RS256" is not an HMAC algorithm; use HS256, HS384 or HS512`},
		{"secret too short", oneKey(`"algorithm":"HS512",` + secretMember), `key 0: misconfigured: the secret has 32 bytes, HS512 needs at least 64 (RFC 7518 section 3.2); make one with: openssl rand -base64 64`},
		{"secret no base64", oneKey(`"algorithm":"HS256","secret":"base64:?"`), `key 0: misconfigured: the secret begins with "base64:" but what follows is not base64 with padding (RFC 4648 section 4)`},
		{"public key that is none", oneKey(`"algorithm":"RS256","publicKey":"` + secretText + `"`), "key 0: misconfigured: the public key is not one PEM block"},
		{"policy that is none", `{"issuer":"i","anyAudience":true,"keys":[],"policy":["events:write"]}`, "policy: misconfigured: the route permissions are not a JSON object of arrays of strings"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			parsed, err := ParseDocument("ada", tt.document, nil)
			if parsed.JWT != nil || !errors.Is(err, authz.ErrMisconfigured) || text(err) != tt.text {
				t.Errorf("got %q, want %q", text(err), tt.text)
			}
			if strings.Contains(text(err), "c2VjcmV0") {
				t.Error("the error shows the secret")
			}
		})
	}
}

// TestParseDocumentPolicy: the parser gets what the document has, or is not
// asked.
func TestParseDocumentPolicy(t *testing.T) {
	t.Parallel()
	ada := issuers()[0]
	var got []string
	parse := func(tenant string, policy json.RawMessage) (authz.Policy, error) {
		got = append(got, tenant+" "+string(policy))
		if string(policy) == "false" {
			return nil, nil
		}
		return authz.RoutePermissions{}, nil
	}
	for _, step := range []struct {
		document, text string
		policy         bool
	}{
		{ada.document(), "", false},
		{ada.document("policy", nil), "", false},
		{ada.document("policy", "permit(principal, action, resource);"), "", true},
		{`{"issuer":"i","anyAudience":true,"policy":false}`, "misconfigured: the parser of policies made none", false},
	} {
		parsed, err := ParseDocument("ada", step.document, parse)
		if text(err) != step.text || (parsed.Policy != nil) != step.policy {
			t.Errorf("got policy %v, %q; want %v, %q", parsed.Policy, text(err), step.policy, step.text)
		}
	}
	if want := `[ada "permit(principal, action, resource);" ada false]`; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
	parsed, err := ParseDocument("ada", ada.document("policy", map[string]any{"POST /events": []string{"events:write"}}), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := authz.Request{RouteKey: "POST /events"}
	if err := parsed.Policy.Decide(t.Context(), authz.Principal{Identity: authz.Identity{Permissions: []string{"events:write"}}}, r); err != nil {
		t.Error(err)
	}
	if err := parsed.Policy.Decide(t.Context(), authz.Principal{}, r); text(err) != `denied: the permission "events:write" is missing` {
		t.Errorf("got %q", text(err))
	}
}

// FuzzParseDocument: no document panics, is half accepted, or gets into an
// error.
func FuzzParseDocument(f *testing.F) {
	f.Add(`{"hosts":["a.example"],"issuer":"i","anyAudience":true,"keys":[{"kid":"k","algorithm":"HS256","secret":"` + secretText + `"}],"policy":{"GET /x":[]}}`)
	f.Add(`{"keys":[{"kty":"RSA"}]}`)
	f.Add(`{"a":[{"b":{}},[]],"a":1}`)
	f.Add(`{"claims":{"tenant":"org"},"leeway":"1s","suspended":true}`)
	f.Fuzz(func(t *testing.T, document string) {
		parsed, err := ParseDocument("ada", document, nil)
		if (err == nil) == (parsed.JWT == nil) {
			t.Error("neither a tenant nor an error, or both")
		}
		if err != nil && !errors.Is(err, authz.ErrMisconfigured) {
			t.Error("the error is not ErrMisconfigured")
		}
	})
}
