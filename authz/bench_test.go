package authz_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/protected-http-api/protected-http-api/authz"
)

// A token as an issuer writes one, with what golang-jwt and this package are asked to
// check of it.
const (
	benchIssuer, benchAudience = "https://id.example.com", "events-api"

	benchClaims = `{"iss":"https://id.example.com","sub":"usr_abc","aud":["events-api","other-api"],"exp":1700000060,"nbf":1699999990,"iat":1700000000,` +
		`"jti":"01HZX3J7Q9","scope":"events:read events:write","permissions":["events:read","events:write"],"tier":"free"}`
)

// side is one that is measured beside others.
type side struct {
	name string
	run  func() error
	// refuses says that run has to return an error.
	refuses bool
}

// race measures sides in one run: a few calls of one, a few of the next, and so on. It
// reports the median time of a call of each, which whatever else the machine does in
// between does not touch, and how many times that of each other one the first's is.
func race(b *testing.B, sides ...side) {
	b.Helper()
	const calls = 8
	times := make([][]time.Duration, len(sides))
	for b.Loop() {
		for i, s := range sides {
			start := time.Now()
			for range calls {
				if err := s.run(); (err != nil) != s.refuses {
					b.Fatalf("%s: %v", s.name, err)
				}
			}
			times[i] = append(times[i], time.Since(start)/calls)
		}
	}
	b.ReportMetric(0, "ns/op") // of all together: it says nothing
	median := func(i int) float64 {
		slices.Sort(times[i])
		return float64(times[i][len(times[i])/2].Nanoseconds())
	}
	for i, s := range sides {
		b.ReportMetric(median(i), s.name+"-ns")
		b.ReportMetric(testing.AllocsPerRun(100, func() { _ = s.run() }), s.name+"-allocs")
		if i > 0 {
			b.ReportMetric(median(0)/median(i), sides[0].name+"/"+s.name)
		}
	}
}

var benchSecret = []byte("0123456789abcdef0123456789abcdef")

func benchNow() time.Time { return time.Unix(1_700_000_000, 0) }

// benchToken makes a token of HS256; its bytes that are signed, and their MAC, apart.
func benchToken(claims string) (token string, signed, mac []byte) {
	encode := base64.RawURLEncoding.EncodeToString
	signed = []byte(encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode([]byte(claims)))
	h := hmac.New(sha256.New, benchSecret)
	h.Write(signed)
	mac = h.Sum(nil)
	return string(signed) + "." + encode(mac), signed, mac
}

// benchVerifier is this package's verifier of tokens.
func benchVerifier(t testing.TB) *authz.JWT {
	t.Helper()
	key, err := authz.NewHMACKey(authz.HS256, "", benchSecret)
	if err != nil {
		t.Fatal(err)
	}
	v, err := authz.NewJWT(authz.JWTConfig{Keys: authz.StaticKeys{key}, Issuer: benchIssuer, Audience: benchAudience, Now: benchNow})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// verifying returns a function that verifies a credential.
func verifying(t testing.TB, v authz.Verifier, r authz.Request, c authz.Credential) func() error {
	t.Helper()
	ctx := t.Context()
	return func() error {
		_, err := v.Verify(ctx, r, c)
		return err
	}
}

// BenchmarkVerify has tokens beside golang-jwt with its safe options, and claims as a
// map or as its struct of registered ones: a good token, with the bare HMAC-SHA256 of
// it; one whose signature is not good; 8 KiB that are no token.
func BenchmarkVerify(b *testing.B) {
	v := benchVerifier(b)
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithIssuer(benchIssuer), jwt.WithAudience(benchAudience), jwt.WithTimeFunc(benchNow))
	race := func(token string, refused bool, more ...side) func(*testing.B) {
		theirs := func(claims func() jwt.Claims) func() error {
			return func() error {
				_, err := parser.ParseWithClaims(token, claims(), func(*jwt.Token) (any, error) { return benchSecret, nil })
				return err
			}
		}
		return func(b *testing.B) {
			race(b, append([]side{
				{"authz", verifying(b, v, authz.Request{}, authz.NewCredential(authz.BearerScheme, token)), refused},
				{"golang-jwt-map", theirs(func() jwt.Claims { return jwt.MapClaims{} }), refused},
				{"golang-jwt-struct", theirs(func() jwt.Claims { return &jwt.RegisteredClaims{} }), refused},
			}, more...)...)
		}
	}
	bare := func(signed, mac []byte) side {
		return side{"hmac", func() error {
			h := hmac.New(sha256.New, benchSecret)
			h.Write(signed)
			if !hmac.Equal(h.Sum(nil), mac) {
				return authz.ErrInvalidSignature
			}
			return nil
		}, false}
	}
	good, signed, mac := benchToken(benchClaims)
	b.Run("good", race(good, false, bare(signed, mac)))
	least, signed, mac := benchToken(`{"iss":"https://id.example.com","aud":"events-api","sub":"usr_abc","exp":1700000060}`)
	b.Run("good-with-few-claims", race(least, false, bare(signed, mac)))
	b.Run("bad-signature", race(good[:strings.LastIndexByte(good, '.')+1]+strings.Repeat("x", 42)+"w", true))
	b.Run("garbage", race(strings.Repeat("x", authz.MaxTokenBytes), true))
	third := strings.Repeat("x", authz.MaxTokenBytes/3-1)
	b.Run("garbage-in-three-parts", race(third+"."+third+"."+third, true))
}

// TestAllocationsOfToken is what a token may cost at most, with some to spare: the race
// detector throws some of what is pooled away. Times are for benchmarks.
//
//nolint:paralleltest // those of other tests would count
func TestAllocationsOfToken(t *testing.T) {
	v := benchVerifier(t)
	good, _, _ := benchToken(benchClaims)
	for _, tt := range []struct {
		name, token string
		most        float64
		denied      bool
	}{
		{"a good token", good, 13, false},
		{"a bad signature", good[:strings.LastIndexByte(good, '.')+1] + strings.Repeat("x", 42) + "w", 11, true},
		{"8 KiB of garbage", strings.Repeat("x", authz.MaxTokenBytes), 2, true},
		{"garbage in three parts", strings.Repeat(strings.Repeat("x", 2000)+".", 3)[:6000], 10, true},
		{"more than 8 KiB", strings.Repeat("x", authz.MaxTokenBytes+1), 2, true},
	} {
		verify := verifying(t, v, authz.Request{}, authz.NewCredential(authz.BearerScheme, tt.token))
		got := testing.AllocsPerRun(100, func() {
			if err := verify(); (err != nil) != tt.denied {
				t.Error(tt.name, err)
			}
		})
		if got > tt.most {
			t.Errorf("%s: %v allocations, want at most %v", tt.name, got, tt.most)
		}
	}
}
