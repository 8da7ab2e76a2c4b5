package authz

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/strictjson"
)

// registeredClaims are the names of RFC 7519 section 4.1.
var registeredClaims = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"}

// claimSet is the registered claims of a token whose types have been checked. A time
// that is not there is zero, which 1970 is not.
type claimSet struct {
	issuer, subject, id          string
	expiresAt, notBefore, issued time.Time
	all                          Claims
	// hasAudience says that aud has the one that is wanted, noAudience that it is
	// missing, empty or the empty string.
	hasAudience, noAudience bool
	// notText are the errors of sub and jti that are numbers. Legacy issuers write
	// such ids; JWTConfig.Map may know what to do with them.
	notText struct{ subject, id error }
	// keyID is that of the key that verifies the token, digest its TokenDigest.
	keyID, digest string
}

// credentialID is the jti, or empty where it could not stand in a log.
func (c *claimSet) credentialID() string {
	if CheckCredentialID(c.id) != nil {
		return ""
	}
	return c.id
}

var errClaimCase = invalidClaim("a registered claim is written in another case")

// parseClaims reads the registered claims of a payload segment whose
// signature has been verified. Their values are not judged yet.
func parseClaims(segment, wantAudience string) (claimSet, error) {
	object, err := decodeObject(segment)
	if err != nil {
		return claimSet{}, err
	}
	raw := struct{ iss, sub, aud, exp, nbf, iat, jti string }{}
	for _, m := range object.members() {
		switch m.Name {
		case "iss":
			raw.iss = m.Value
		case "sub":
			raw.sub = m.Value
		case "aud":
			raw.aud = m.Value
		case "exp":
			raw.exp = m.Value
		case "nbf":
			raw.nbf = m.Value
		case "iat":
			raw.iat = m.Value
		case "jti":
			raw.jti = m.Value
		default:
			if foldsToOneOf(m.Name, registeredClaims) {
				return claimSet{}, errClaimCase
			}
		}
	}
	c := claimSet{all: object}
	if c.expiresAt, err = numericDate(raw.exp, "exp"); err != nil {
		return claimSet{}, err
	}
	if c.notBefore, err = numericDate(raw.nbf, "nbf"); err != nil {
		return claimSet{}, err
	}
	if c.issued, err = numericDate(raw.iat, "iat"); err != nil {
		return claimSet{}, err
	}
	if !c.expiresAt.IsZero() {
		// The handler is told of whole seconds.
		c.expiresAt = time.Unix(c.expiresAt.Unix(), 0)
	}
	if c.hasAudience, c.noAudience, err = findAudience(raw.aud, wantAudience); err != nil {
		return claimSet{}, err
	}
	var number error
	if c.issuer, number, err = textClaim(raw.iss, "iss"); cmp.Or(err, number) != nil {
		return claimSet{}, cmp.Or(err, number)
	}
	if c.subject, c.notText.subject, err = textClaim(raw.sub, "sub"); err != nil {
		return claimSet{}, err
	}
	if c.id, c.notText.id, err = textClaim(raw.jti, "jti"); err != nil {
		return claimSet{}, err
	}
	return c, nil
}

// textClaim reads a claim that should be a string. The error of one that is a number
// is apart.
func textClaim(raw, name string) (text string, number, err error) {
	if raw == "" {
		return "", nil, nil
	}
	if text, ok := strictjson.Unquote(raw); ok {
		return text, nil, nil
	}
	err = invalidClaim(name + " is not a string")
	if isNumber(raw) {
		return "", err, nil
	}
	return "", nil, err
}

// isNumber reports whether a value of valid JSON is a number.
func isNumber(raw string) bool { return raw != "" && (raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9') }

// numericDate reads a NumericDate (RFC 7519 section 2) from 0 to
// contract.MaxSeconds, with its fraction of a second; zero if there is none.
func numericDate(raw, name string) (time.Time, error) {
	if raw == "" {
		return time.Time{}, nil
	}
	if seconds, err := strconv.ParseInt(raw, 10, 64); err == nil && 0 <= seconds && seconds <= contract.MaxSeconds {
		return time.Unix(seconds, 0), nil
	}
	// In valid JSON, what ParseFloat takes is a number: its other spellings
	// (NaN, Inf, hexadecimal, underscores) are no JSON.
	seconds, err := strconv.ParseFloat(raw, 64)
	if err != nil {
		return time.Time{}, invalidClaim(name + " is not a number of seconds")
	}
	if seconds < 0 || seconds >= contract.MaxSeconds+1 {
		return time.Time{}, invalidClaim(name + " is out of range")
	}
	return exactTime(raw, seconds), nil
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

// findAudience reports whether aud, the JSON of a string or an array of strings (RFC
// 7519 section 4.1.3), is or has the one that is wanted, and whether it is missing,
// empty or the empty string.
func findAudience(aud, want string) (has, none bool, err error) {
	if aud == "" {
		return false, true, nil
	}
	if one, ok := strictjson.Unquote(aud); ok {
		return one == want, one == "", nil
	}
	count, last := 0, ""
	for element := range strictjson.Elements(aud) {
		one, ok := strictjson.Unquote(element)
		if !ok {
			return false, false, errAudience
		}
		has = has || one == want
		count, last = count+1, one
	}
	if count == 0 && aud[0] != '[' {
		return false, false, errAudience
	}
	return has, count == 0 || count == 1 && last == "", nil
}

var errAudience = invalidClaim("aud is neither a string nor an array of strings")

func invalidClaim(why string) error { return fmt.Errorf("%w: %s", ErrInvalidClaim, why) }
