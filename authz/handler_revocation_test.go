package authz

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"
)

type revocationsFunc func(Principal) error

func (f revocationsFunc) Check(_ context.Context, p Principal) error { return f(p) }

// TestHandlerRevocations: they are asked about good credentials only, before policy
// and limiter; who is revoked is refused, who cannot be looked up is not judged.
func TestHandlerRevocations(t *testing.T) {
	t.Parallel()
	good := "Bearer " + sign(testHeader, testClaims)
	const denied = `{"isAuthorized":false}`
	for _, tt := range []struct {
		name, authorization string
		err                 error
		answer, log         string
		asked, further      int
	}{
		{"not revoked", good, nil, `{"isAuthorized":true,"context":{"credentialId":"sha256:f12fd46e9b45","expiresAt":1700000060,"method":"JWT","userId":"usr_abc"}}`, "", 1, 2},
		{"revoked", good, fmt.Errorf("%w: why", ErrRevoked), denied, `{"level":"WARN","msg":"request denied","reason":"revoked","error":"revoked: why","method":"JWT","credentialId":"sha256:f12fd46e9b45",`, 1, 0},
		{"unavailable", good, ErrUnavailable, "", `{"level":"ERROR","msg":"request not judged","reason":"unavailable","error":"unavailable","method":"JWT","credentialId":"sha256:f12fd46e9b45",`, 1, 0},
		{"unknown error", good, os.ErrClosed, "", `{"level":"ERROR","msg":"request not judged","reason":"internal",`, 1, 0},
		{"bad credential", good + "x", nil, denied, `{"level":"WARN","msg":"request denied","reason":"invalid signature",`, 0, 0},
		{"no credential", "", nil, `{"errorMessage":"Unauthorized"}`, `{"level":"WARN","msg":"request denied","reason":"no credential",`, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			asked, further := 0, 0
			answer, log, err := invoke(t, Handler{
				Chain: chainOf(newJWT(t)), Getenv: environ("AUTHORIZER_CACHE_TTL", "0", "REVOCATION_TABLE_NAME", "t"),
				Revocations: revocationsFunc(func(p Principal) error {
					if asked++; p.Subject != "usr_abc" || len(p.Digest) != 64 {
						t.Errorf("asked about %+v", p)
					}
					return tt.err
				}),
				Policy:  PolicyFunc(func(context.Context, Principal, Request) error { further++; return nil }),
				Limiter: limiterFunc(func(context.Context, Principal, Request) error { further++; return nil }),
			}, readEvent(t, tt.authorization))
			if answer != tt.answer || (err != nil) != (tt.answer == "") || !errors.Is(err, tt.err) && err != nil || !strings.HasPrefix(log, tt.log) || tt.log == "" && log != "" {
				t.Errorf("got %s, %v, logged %s", answer, err, log)
			}
			if asked != tt.asked || further != tt.further {
				t.Errorf("the revocations were asked %d times, policy and limiter %d", asked, further)
			}
		})
	}
}

// TestTableWithoutRevocations: an authorizer that does not look at the table that
// the component made lets nobody in.
func TestTableWithoutRevocations(t *testing.T) {
	t.Parallel()
	h := Handler{Chain: chainOf(newJWT(t)), Getenv: environ("AUTHORIZER_CACHE_TTL", "0", "REVOCATION_TABLE_NAME", "t")}
	const want = "judging a request: misconfigured: there is a table of revocations (REVOCATION_TABLE_NAME), and authz.Handler.Revocations is not set; set it to revocation.FromEnvironment(nil), of package authz/revocation"
	if answer, _, err := invoke(t, h, readEvent(t, "Bearer "+sign(testHeader, testClaims))); answer != "" || text(err) != want {
		t.Errorf("got %s, %v", answer, err)
	}
}

// TestPrincipalOfToken: what revocation looks at.
func TestPrincipalOfToken(t *testing.T) {
	t.Parallel()
	withID, err := NewHMACKey(HS256, "2026-01", testSecret)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, header, claims string
		change               func(*JWTConfig)
		issued               float64
		key                  string
	}{
		{"nothing", testHeader, testClaims, nil, 0, ""},
		{"iat", testHeader, `{"sub":"s","exp":1700000060,"iat":1699999999}`, nil, 1_699_999_999, ""},
		{"iat with a fraction", testHeader, `{"sub":"s","exp":1700000060,"iat":1699999999.5}`, nil, 1_699_999_999.5, ""},
		{"kid of keys without ids", `{"alg":"HS256","kid":"stranger"}`, testClaims, nil, 0, ""},
		{"kid", `{"alg":"HS256","kid":"2026-01"}`, testClaims, func(c *JWTConfig) { c.Keys = StaticKeys{withID} }, 0, "2026-01"},
		{"no kid, of keys with ids", testHeader, testClaims, func(c *JWTConfig) { c.Keys = StaticKeys{withID} }, 0, "2026-01"},
		{"Map", testHeader, `{"sub":"s","exp":1700000060,"login":1699999990}`, func(c *JWTConfig) {
			c.Map = func(_ Claims, p *Principal) error { p.IssuedAt = time.Unix(1_699_999_990, 0); return nil }
		}, 1_699_999_990, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var changes []func(*JWTConfig)
			if tt.change != nil {
				changes = append(changes, tt.change)
			}
			token := sign(tt.header, tt.claims)
			p, err := newJWT(t, changes...).Verify(t.Context(), Request{}, NewCredential(BearerScheme, token))
			if err != nil {
				t.Fatal(err)
			}
			issued := float64(0)
			if !p.IssuedAt.IsZero() {
				issued = float64(p.IssuedAt.UnixNano()) / 1e9
			}
			digest, err := TokenDigest(token)
			sum := sha256.Sum256([]byte(token[:strings.LastIndexByte(token, '.')]))
			if issued != tt.issued || p.KeyID != tt.key || err != nil || p.Digest != digest || digest != hex.EncodeToString(sum[:]) {
				t.Errorf("got issued at %v, key %q, digest %q and %q, %v", issued, p.KeyID, p.Digest, digest, err)
			}
		})
	}
	if digest, err := TokenDigest("x"); digest != "" || text(err) != "malformed credential: the token does not have exactly three segments" {
		t.Errorf("no token: got %q, %v", digest, err)
	}
	verifier := verifyFunc(func(context.Context, Credential) (Principal, error) {
		return Principal{Identity: Identity{Subject: "s", ExpiresAt: time.Unix(testNow, 0)}, KeyID: "a b"}, nil
	})
	const want = "misconfigured: the verifier's principal: the id of the key: the id is not " + idRule
	if _, err := chainOf(verifier).Authenticate(t.Context(), Request{Headers: map[string]string{"authorization": "Bearer x"}}); !strings.HasSuffix(text(err), want) {
		t.Errorf("bad key id: got %v", err)
	}
}

// TestDigestOfAnotherSignature: whoever has a token of ES256 can make another of it,
// which is as good, and has the same digest and the same id.
func TestDigestOfAnotherSignature(t *testing.T) {
	t.Parallel()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := NewPublicKey(ES256, "", &private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	signed := segment(`{"alg":"ES256"}`) + "." + segment(testClaims)
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, private, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	v := newJWT(t, func(c *JWTConfig) { c.Keys = StaticKeys{key} })
	digests := map[string]bool{}
	for _, s := range []*big.Int{s, new(big.Int).Sub(elliptic.P256().Params().N, s)} {
		signature := make([]byte, 64)
		r.FillBytes(signature[:32])
		s.FillBytes(signature[32:])
		p, err := chainOf(v).Authenticate(t.Context(), Request{Headers: map[string]string{"authorization": "Bearer " + signed + "." + segment(string(signature))}})
		if err != nil {
			t.Fatal(err)
		}
		digests[p.Digest+" "+p.CredentialID] = true
	}
	if len(digests) != 1 {
		t.Errorf("one token has the digests %v", digests)
	}
}
