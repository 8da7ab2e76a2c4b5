package authz

import (
	"fmt"
	"math"
	"strconv"
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
	if c.expiresAt, err = numericDate(object, "exp", math.Floor); err != nil {
		return claimSet{}, err
	}
	if c.notBefore, err = numericDate(object, "nbf", math.Ceil); err != nil {
		return claimSet{}, err
	}
	if c.issued, err = numericDate(object, "iat", math.Ceil); err != nil {
		return claimSet{}, err
	}
	if c.audience, err = audience(object); err != nil {
		return claimSet{}, err
	}
	for name, field := range map[string]*string{"iss": &c.issuer, "sub": &c.subject, "jti": &c.id} {
		if raw, present := object[name]; present {
			var ok bool
			if *field, ok = strictjson.String(raw); !ok {
				return claimSet{}, invalidClaim(name + " is not a string")
			}
		}
	}
	return c, nil
}

// numericDate reads a NumericDate (RFC 7519 section 2) from 0 to
// contract.MaxSeconds; nil if there is none. A fraction of a second is rounded so
// that it never lengthens the token's life.
func numericDate(object Claims, name string, round func(float64) float64) (*jwt.NumericDate, error) {
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
	if seconds = round(seconds); seconds < 0 || seconds > contract.MaxSeconds {
		return nil, invalidClaim(name + " is out of range")
	}
	return &jwt.NumericDate{Time: time.Unix(int64(seconds), 0)}, nil
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
