package authz

import (
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
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
// between does not touch, and the first side's part of each other's.
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
			b.ReportMetric(median(0)/median(i), "of-"+s.name)
		}
	}
}

// benchVerifier is this package's, and the same checks by golang-jwt with the options
// that it has for them and claims as a map.
func benchVerifier(b testing.TB) (ours *JWT, theirs *jwt.Parser) {
	ours = newJWT(b, func(c *JWTConfig) {
		c.Issuer, c.AnyIssuer, c.Audience, c.AnyAudience = benchIssuer, false, benchAudience, false
	})
	return ours, jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithIssuer(benchIssuer), jwt.WithAudience(benchAudience), jwt.WithTimeFunc(at(testNow)))
}

// BenchmarkVerify has three things beside golang-jwt: a good token, and the bare
// HMAC-SHA256 of it; one whose signature is not good; 8 KiB that are no token.
func BenchmarkVerify(b *testing.B) {
	v, parser := benchVerifier(b)
	ctx := b.Context()
	ours := func(token string) func() error {
		credential := NewCredential(BearerScheme, token)
		return func() error {
			_, err := v.Verify(ctx, Request{}, credential)
			return err
		}
	}
	theirs := func(token string) func() error {
		return func() error {
			_, err := parser.ParseWithClaims(token, jwt.MapClaims{}, func(*jwt.Token) (any, error) { return testSecret, nil })
			return err
		}
	}
	good := sign(testHeader, benchClaims)
	signed := []byte(good[:strings.LastIndexByte(good, '.')])
	want := []byte(mac(testSecret, string(signed)))
	bare := func() error {
		h := hmac.New(sha256.New, testSecret)
		h.Write(signed)
		if !hmac.Equal(h.Sum(nil), want) {
			return ErrInvalidSignature
		}
		return nil
	}
	bad := string(signed) + "." + segment(strings.Repeat("x", sha256.Size))
	b.Run("good", func(b *testing.B) {
		race(b, side{"verify", ours(good), false}, side{"golang-jwt", theirs(good), false}, side{"hmac", bare, false})
	})
	b.Run("bad-signature", func(b *testing.B) {
		race(b, side{"verify", ours(bad), true}, side{"golang-jwt", theirs(bad), true}, side{"hmac", bare, false})
	})
	for name, garbage := range map[string]string{
		"garbage":                strings.Repeat("x", MaxTokenBytes),
		"garbage-in-three-parts": strings.Repeat("x", MaxTokenBytes/3) + "." + strings.Repeat("x", MaxTokenBytes/3) + "." + strings.Repeat("x", MaxTokenBytes/3),
	} {
		b.Run(name, func(b *testing.B) {
			race(b, side{"verify", ours(garbage), true}, side{"golang-jwt", theirs(garbage), true})
		})
	}
}
