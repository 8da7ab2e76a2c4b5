package apikey

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
)

// FuzzAPIKey: whatever a header holds, only text with the right prefix, length
// and checksum is looked up, in its one spelling, and only the key that is in
// the store is let in.
func FuzzAPIKey(f *testing.F) {
	for _, seed := range []string{
		exampleKey, largestKey, "", "pha_", "pha", "_", exampleKey + " ", " " + exampleKey, exampleKey + "," + exampleKey, exampleKey[:52],
		strings.ToUpper(exampleKey), "pha__" + exampleKey[4:52], "sk_" + exampleKey[4:], "pha_" + strings.Repeat("z", 49), "pha_" + strings.Repeat("\x00", 49),
		exampleKey[:47] + "000000", largestKey[:46] + "1" + largestKey[47:], "eyJhbGciOiJIUzI1NiJ9.e30.x", exampleKey + "\n", "pha_é" + exampleKey[6:],
	} {
		f.Add(seed)
	}
	tiers := testTiers(f)
	f.Fuzz(func(t *testing.T, text string) {
		lookUps := 0
		v := newVerifier(t, Config{Tiers: tiers, Store: storeFunc(func(d Digest) (Record, error) {
			lookUps++
			known, err := Parse("pha", exampleKey)
			if err != nil || d != known.Digest() {
				return Record{}, authz.ErrUnknownKey
			}
			return Record{Digest: d, Subject: "usr_abc", Tier: "free"}, nil
		})})
		for name, headers := range map[string]map[string]string{
			"own": {"x-api-key": text}, "bearer": {"authorization": "Bearer " + text},
		} {
			text := text
			if name == "bearer" {
				text = strings.TrimLeft(text, " ") // more spaces after the scheme
			}
			well := wellFormed(text)
			lookUps = 0
			p, err := authz.Chain{{Extractor: Header{Bearer: true}, Verifier: v}}.Authenticate(t.Context(), authz.Request{Headers: headers})
			switch {
			case (err == nil) != (text == exampleKey):
				t.Fatalf("%s: %q gives %v", name, text, err)
			case err == nil && (p.Subject != "usr_abc" || p.Method != "APIKey"):
				t.Fatalf("%s: got %+v", name, p)
			case lookUps > 0 && !well:
				t.Fatalf("%s: %q is looked up", name, text)
			case well && text != exampleKey && !errors.Is(err, authz.ErrUnknownKey):
				t.Fatalf("%s: a well-formed key gives %v", name, err)
			case err != nil && !well && !errors.Is(err, authz.ErrMalformed) && !errors.Is(err, authz.ErrNotApplicable) && !errors.Is(err, authz.ErrNoCredential):
				t.Fatalf("%s: got %v", name, err)
			}
		}
	})
}

// wellFormed decodes the random part by big integers, and makes the key of it
// again.
func wellFormed(text string) bool {
	if len(text) != 53 || text[:4] != "pha_" {
		return false
	}
	n := new(big.Int)
	for _, c := range []byte(text[4:47]) {
		digit := strings.IndexByte(base62, c)
		if digit < 0 {
			return false
		}
		n.Add(n.Mul(n, big.NewInt(62)), big.NewInt(int64(digit)))
	}
	return n.BitLen() <= 256 && reference("pha", n.FillBytes(make([]byte, 32))) == text
}
