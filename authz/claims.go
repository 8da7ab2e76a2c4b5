package authz

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/strictjson"
)

// registeredClaims are the names of RFC 7519 section 4.1.
var registeredClaims = map[string]struct{}{
	"iss": {}, "sub": {}, "aud": {}, "exp": {}, "nbf": {}, "iat": {}, "jti": {},
}

// claimSet is the registered claims of a token whose types have been checked.
// It implements [jwt.Claims] for golang-jwt's validator.
type claimSet struct {
	issuer, subject, id          string
	audience                     jwt.ClaimStrings
	expiresAt, notBefore, issued *jwt.NumericDate
	all                          Claims
	// numbers are the errors of sub and jti that are numbers, by name. Legacy
	// issuers write such ids; JWTConfig.Map may know what to do with them.
	numbers map[string]error
	// keyID is that of the key that verifies the token, digest its TokenDigest.
	keyID, digest string
}

// credentialID is the jti, or empty where it could not stand in a log.
func (c claimSet) credentialID() string {
	if CheckCredentialID(c.id) != nil {
		return ""
	}
	return c.id
}

// parseClaims reads the registered claims of a payload segment whose
// signature has been verified. Their values are not judged yet.
func parseClaims(segment string) (claimSet, error) {
	payload, err := decodeSegment(segment)
	if err != nil {
		return claimSet{}, err
	}
	object, err := parseObject(payload)
	if err != nil {
		return claimSet{}, err
	}
	for name := range object {
		if _, exact := registeredClaims[name]; !exact && foldsToOneOf(name, registeredClaims) {
			return claimSet{}, invalidClaim("a registered claim is written in another case")
		}
	}
	c := claimSet{all: object}
	if c.expiresAt, err = numericDate(object, "exp"); err != nil {
		return claimSet{}, err
	}
	if c.notBefore, err = numericDate(object, "nbf"); err != nil {
		return claimSet{}, err
	}
	if c.issued, err = numericDate(object, "iat"); err != nil {
		return claimSet{}, err
	}
	if c.expiresAt != nil {
		// The handler is told of whole seconds.
		c.expiresAt.Time = time.Unix(c.expiresAt.Unix(), 0)
	}
	if c.audience, err = audience(object); err != nil {
		return claimSet{}, err
	}
	for name, field := range map[string]*string{"iss": &c.issuer, "sub": &c.subject, "jti": &c.id} {
		if raw, present := object[name]; present {
			var ok bool
			if *field, ok = strictjson.String(raw); ok {
				continue
			}
			err := invalidClaim(name + " is not a string")
			if name == "iss" || !isNumber(raw) {
				return claimSet{}, err
			}
			if c.numbers == nil {
				c.numbers = map[string]error{}
			}
			c.numbers[name] = err
		}
	}
	return c, nil
}

// isNumber reports whether a value of valid JSON is a number.
func isNumber(raw []byte) bool {
	return len(raw) > 0 && (raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9')
}

// numericDate reads a NumericDate (RFC 7519 section 2) from 0 to
// contract.MaxSeconds, with its fraction of a second; nil if there is none.
func numericDate(object Claims, name string) (*jwt.NumericDate, error) {
	raw, present := object[name]
	if !present {
		return nil, nil
	}
	// In valid JSON, what ParseFloat takes is a number: its other spellings
	// (NaN, Inf, hexadecimal, underscores) are no JSON.
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return nil, invalidClaim(name + " is not a number of seconds")
	}
	if seconds < 0 || seconds >= contract.MaxSeconds+1 {
		return nil, invalidClaim(name + " is out of range")
	}
	return &jwt.NumericDate{Time: exactTime(string(raw), seconds)}, nil
}

// exactTime returns the time that a number of seconds in JSON is, to the
// nanosecond, where the text has no exponent: a float64 would be off by up to a
// tenth of a microsecond. Digits after the ninth are cut off.
func exactTime(text string, seconds float64) time.Time {
	if s, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(s, 0)
	}
	const digits = 9
	whole, fraction, _ := strings.Cut(text, ".")
	fraction = (fraction + strings.Repeat("0", digits))[:digits]
	s, err := strconv.ParseInt(whole, 10, 64)
	ns, fractionErr := strconv.ParseInt(fraction, 10, 64)
	if errors.Join(err, fractionErr) != nil || strings.ContainsAny(text, "eE") {
		whole, fraction := math.Modf(seconds)
		s, ns = int64(whole), int64(fraction*1e9)
	}
	return time.Unix(s, ns)
}

// audience reads aud: a string or an array of strings (RFC 7519 section
// 4.1.3).
func audience(object Claims) (jwt.ClaimStrings, error) {
	raw, present := object["aud"]
	if !present {
		return nil, nil
	}
	if one, ok := strictjson.String(raw); ok {
		return jwt.ClaimStrings{one}, nil
	}
	all, ok := object.Strings("aud")
	if !ok {
		return nil, invalidClaim("aud is neither a string nor an array of strings")
	}
	return all, nil
}

// GetExpirationTime, GetIssuedAt, GetNotBefore, GetIssuer, GetSubject and
// GetAudience implement [jwt.Claims].
func (c claimSet) GetExpirationTime() (*jwt.NumericDate, error) { return c.expiresAt, nil }
func (c claimSet) GetIssuedAt() (*jwt.NumericDate, error)       { return c.issued, nil }
func (c claimSet) GetNotBefore() (*jwt.NumericDate, error)      { return c.notBefore, nil }
func (c claimSet) GetIssuer() (string, error)                   { return c.issuer, nil }
func (c claimSet) GetSubject() (string, error)                  { return c.subject, nil }
func (c claimSet) GetAudience() (jwt.ClaimStrings, error)       { return c.audience, nil }

func invalidClaim(why string) error { return fmt.Errorf("%w: %s", ErrInvalidClaim, why) }
