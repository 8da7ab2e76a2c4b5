package authz

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// TestFractionsOfASecond: nbf and iat count to the nanosecond, exp by its whole
// second, which is what the handler is told.
func TestFractionsOfASecond(t *testing.T) {
	t.Parallel()
	claims := func(more string) string { return `{"sub":"s","exp":1700000060` + more + `}` }
	tests := []struct {
		name, claims string
		nanoseconds  int64 // of the clock, after testNow
		leeway       time.Duration
		want         error
	}{
		{"nbf now", claims(`,"nbf":1700000000.25`), 250_000_000, 0, nil},
		{"nbf a moment ago", claims(`,"nbf":1700000000.1`), 250_000_000, 0, nil},
		{"nbf in a nanosecond", claims(`,"nbf":1700000000.25`), 249_999_999, 0, ErrNotYetValid},
		{"iat now", claims(`,"iat":1700000000.000000001`), 1, 0, nil},
		{"iat in a nanosecond", claims(`,"iat":1700000000.000000001`), 0, 0, ErrNotYetValid},
		{"iat as JavaScript's Date.now()/1000 gives it", claims(`,"iat":1699999999.987`), 0, 0, nil},
		{"iat with an exponent", claims(`,"iat":1.7000000005e9`), 500_000_000, 0, nil},
		{"iat with an exponent, too early", claims(`,"iat":1.7000000005e9`), 499_999_999, 0, ErrNotYetValid},
		{"iat with more digits than a nanosecond has", claims(`,"iat":1700000000.0000000009`), 0, 0, nil},
		{"iat zero and a fraction", claims(`,"iat":0.5`), 0, 0, nil},
		{"nbf at the end of the leeway", claims(`,"nbf":1700000030.5`), 500_000_000, 30 * time.Second, nil},
		{"nbf a nanosecond beyond the leeway", claims(`,"nbf":1700000030.500000001`), 500_000_000, 30 * time.Second, ErrNotYetValid},
		{"exp before its second", `{"sub":"s","exp":1700000001.9}`, 999_999_999, 0, nil},
		{"exp within its second", `{"sub":"s","exp":1700000000.9}`, 1, 0, ErrExpired},
		{"exp within the leeway", `{"sub":"s","exp":1700000000.9}`, 1, MaxLeeway, ErrExpired},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := newJWT(t, func(c *JWTConfig) {
				c.Leeway, c.Now = tt.leeway, func() time.Time { return time.Unix(testNow, tt.nanoseconds) }
			})
			if _, err := v.Verify(t.Context(), Request{}, NewCredential(BearerScheme, sign(testHeader, tt.claims))); !errors.Is(err, tt.want) || err != nil && tt.want == nil {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestLeewayFromEnvironment(t *testing.T) {
	t.Parallel()
	const wrong = ", which is not a Go duration of 0s to 1m0s; set it to 30s, for instance"
	for _, tt := range []struct {
		value string
		want  time.Duration
		text  string
	}{
		{"", 30 * time.Second, ""}, {"0s", 0, ""}, {"2s", 2 * time.Second, ""}, {"1m", time.Minute, ""},
		{"61s", 0, `misconfigured: environment variable JWT_LEEWAY is "61s"` + wrong},
		{"-1s", 0, `misconfigured: environment variable JWT_LEEWAY is "-1s"` + wrong},
		{"30", 0, `misconfigured: environment variable JWT_LEEWAY is "30"` + wrong},
	} {
		got, err := LeewayFromEnvironment(func(name string) string {
			if name != "JWT_LEEWAY" {
				t.Errorf("%s is asked for", name)
			}
			return tt.value
		})
		if got != tt.want || text(err) != tt.text || (err != nil) != errors.Is(err, ErrMisconfigured) {
			t.Errorf("%q: got %v, %v", tt.value, got, err)
		}
	}
}

// TestValidateAgrees: iss, aud, nbf and iat are judged as golang-jwt's validator judges
// them, for every combination of what they can be.
func TestValidateAgrees(t *testing.T) {
	t.Parallel()
	now := at(testNow)
	theirs := jwt.NewParser(jwt.WithTimeFunc(now), jwt.WithLeeway(30*time.Second), jwt.WithIssuedAt(), jwt.WithIssuer("i"), jwt.WithAudience("a"))
	ours := newJWT(t, func(c *JWTConfig) {
		c.Issuer, c.AnyIssuer, c.Audience, c.AnyAudience, c.Leeway = "i", false, "a", false, 30*time.Second
	})
	times := []string{"", "1700000000", "1700000030", "1700000031"}
	for _, iss := range []string{"", `""`, `"i"`, `"I"`} {
		for _, aud := range []string{"", `""`, `[]`, `[""]`, `["",""]`, `"a"`, `["b","a"]`, `"b"`, `["b",""]`} {
			for _, nbf := range times {
				for _, iat := range times {
					members := []string{`"sub":"s"`, `"exp":1700000060`}
					for name, value := range map[string]string{"iss": iss, "aud": aud, "nbf": nbf, "iat": iat} {
						if value != "" {
							members = append(members, `"`+name+`":`+value)
						}
					}
					token := sign(testHeader, "{"+strings.Join(members, ",")+"}")
					_, err := theirs.Parse(token, func(*jwt.Token) (any, error) { return testSecret, nil })
					want := ""
					switch { // the first of several
					case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
						want = "not yet valid"
					case errors.Is(err, jwt.ErrTokenInvalidIssuer):
						want = "invalid claim: iss is not the required issuer"
					case errors.Is(err, jwt.ErrTokenInvalidAudience):
						want = "invalid claim: aud does not have the required audience"
					case errors.Is(err, jwt.ErrTokenRequiredClaimMissing) && (iss == "" || iss == `""`):
						want = "invalid claim: iss is missing or empty"
					case err != nil:
						want = "invalid claim: aud is missing or empty"
					}
					if _, err := ours.Verify(t.Context(), Request{}, NewCredential(BearerScheme, token)); text(err) != want {
						t.Errorf("%s: got %q, want %q", members, text(err), want)
					}
				}
			}
		}
	}
}
