package revocation

import (
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
)

// FuzzKey: names of a credential that a chain lets through make keys that DynamoDB
// takes (1 to 2048 bytes, no two alike in one request), each of which is of its own
// target.
func FuzzKey(f *testing.F) {
	long := strings.Repeat("李", 85)
	for _, seed := range [][5]string{
		{"usr_abc", "https://a.example", "acme", "j1", "k1"}, {"s", "", "", "", ""}, {long, long, long, strings.Repeat("/", 128), strings.Repeat("=", 128)},
		{"a#b", "#", "#", "a:b", "~"}, {"a%23b", "a+b", "a b", "%", "+"}, {"a", "a", "a", "a", "a"}, {"\x00", "\xff", "..", "..", " "},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4])
	}
	f.Fuzz(func(t *testing.T, subject, issuer, tenant, credential, key string) {
		for _, name := range []string{subject, issuer, tenant} {
			if name != "" && authz.CheckSubject(name) != nil {
				return // no chain gives such a principal
			}
		}
		for _, id := range []string{credential, key} {
			if id != "" && authz.CheckCredentialID(id) != nil {
				return
			}
		}
		targets := targetsOf(authz.Principal{
			Identity: authz.Identity{Subject: subject, Issuer: issuer, Tenant: tenant, CredentialID: credential},
			KeyID:    key, Digest: strings.Repeat("f", 64),
		})
		seen := map[string]bool{}
		for _, target := range targets {
			id := target.key()
			if len(id) > 2048 || seen[id] {
				t.Errorf("%v has the key %q of %d bytes, repeated: %v", target, id, len(id), seen[id])
			}
			seen[id] = true
			if got, err := parseKey(id); err != nil || got != target {
				t.Errorf("%q is of %v, %v, want %v", id, got, err, target)
			}
		}
	})
}

// FuzzParseKey: whatever stands in a table's key is one target's, or none's.
func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{"subject#s", "subject#s#i", "key#%31", "subject", "#", "subject#%", "tenant#t#i", "credential#a%2Fb", "credential#a/b", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if target, err := parseKey(key); err == nil && (target.key() != key || target.Check() != nil) {
			t.Errorf("%q is of %v, whose key is %q", key, target, target.key())
		}
	})
}
