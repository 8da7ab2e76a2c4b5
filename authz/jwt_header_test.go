package authz

import (
	"strings"
	"sync"
	"testing"
)

// TestRememberedHeader: a verifier that has seen good tokens judges any other as one
// that has not, also while others verify theirs.
func TestRememberedHeader(t *testing.T) {
	t.Parallel()
	keys := func(c *JWTConfig) {
		var all StaticKeys
		for _, id := range []string{"a", "b"} {
			key, err := NewHMACKey(HS256, id, append([]byte(id), testSecret...))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, key)
		}
		c.Keys = all
	}
	signed := func(id, header string) string {
		text := segment(header) + "." + segment(testClaims)
		return text + "." + segment(mac(append([]byte(id), testSecret...), text))
	}
	a, b := signed("a", `{"alg":"HS256","kid":"a"}`), signed("b", `{"alg":"HS256","kid":"b"}`)
	head, rest, _ := strings.Cut(a, ".")
	others := []string{
		b, signed("b", `{"alg":"HS256","kid":"a"}`), signed("a", `{"alg":"HS256","kid":"b"}`), signed("a", `{"alg":"HS256","kid":"a","crit":["x"]}`),
		signed("a", `{"alg":"HS384","kid":"a"}`), signed("a", `{"alg":"HS256"}`), head, head + ".", head + "..", a + ".", a + ".x", head + "A." + rest,
		head[:len(head)-1] + "." + rest, "." + a, head + "." + strings.Repeat("x", MaxTokenBytes), a[:len(a)-1], a[:len(a)-1] + "\n", a + "\n", setUnusedBits(a), "",
	}
	v := newJWT(t, keys)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for _, other := range others {
				for _, token := range []string{a, other, b} {
					got, err := v.Verify(t.Context(), Request{}, NewCredential(BearerScheme, token))
					want, fresh := newJWT(t, keys).Verify(t.Context(), Request{}, NewCredential(BearerScheme, token))
					if text(err) != text(fresh) || got.Subject != want.Subject || got.KeyID != want.KeyID {
						t.Errorf("%q: got %q of key %q, %v; want %q of key %q, %v", token, got.Subject, got.KeyID, err, want.Subject, want.KeyID, fresh)
					}
				}
			}
		})
	}
	all.Wait()
}
