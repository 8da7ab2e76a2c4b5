package authz

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// MaxLeeway is the longest [JWTConfig.Leeway].
const MaxLeeway = time.Minute

// methodJWT is Principal.Method of tokens.
const methodJWT = "JWT"

// JWTConfig configures [NewJWT]. A check that is left out must be left out on
// purpose: each of issuer and audience is either given or declared to be any.
type JWTConfig struct {
	// Keys gives the keys, each bound to its algorithm. Required.
	Keys KeyProvider
	// Issuer is the iss that a token must have.
	Issuer string
	// AnyIssuer takes tokens with any iss, or none: for a key that only one
	// issuer has.
	AnyIssuer bool
	// Audience is what a token's aud must be or contain.
	Audience string
	// AnyAudience takes tokens with any aud, or none: for a key that only one
	// API has.
	AnyAudience bool
	// Type is the typ that a token's header must have, for instance "at+jwt"
	// (RFC 9068); case and a leading "application/" do not count (RFC 7515
	// section 4.1.9). Defaults to tokens whose typ is "JWT" or missing.
	Type string
	// Leeway is how far the issuer's clock may be ahead of this one: how long
	// before its nbf and iat a token is good. It never lengthens a token's
	// life. At most MaxLeeway. Defaults to 0.
	Leeway time.Duration
	// RequiredClaims are further claims that a token must have, with any value
	// but null. exp and the subject are always required.
	RequiredClaims []string
	// Map fills the principal from the claims of a token that is good in all
	// else: permissions, tenant, tier, or a subject from another claim than
	// sub. The principal has subject, issuer, scopes, claims and expiry
	// already. An error without a sentinel of this package counts as
	// ErrInvalidClaim; its text must show no claim. Defaults to nothing more.
	Map func(Claims, *Principal) error
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
}

// JWT is the [Verifier] of JSON Web Tokens (RFC 7519) in the scheme Bearer,
// verified with keys that this side already has. A token must have exp and a
// valid subject ([CheckSubject]); nbf and iat must not be in the future. It is
// refused from the second of its exp on.
//
// The algorithm is the key's, never the token's choice. Where the keys have
// ids, a token's kid must be one of them, and a token without kid may fit any;
// where they have none, kid does not matter.
type JWT struct {
	cfg       JWTConfig
	validator *jwt.Validator
}

// NewJWT returns the verifier, or ErrMisconfigured with what is wrong.
func NewJWT(cfg JWTConfig) (*JWT, error) {
	switch {
	case cfg.Keys == nil:
		return nil, fmt.Errorf("%w: JWTConfig.Keys is not set", ErrMisconfigured)
	case (cfg.Issuer == "") != cfg.AnyIssuer:
		return nil, fmt.Errorf("%w: set one of JWTConfig.Issuer and JWTConfig.AnyIssuer", ErrMisconfigured)
	case (cfg.Audience == "") != cfg.AnyAudience:
		return nil, fmt.Errorf("%w: set one of JWTConfig.Audience and JWTConfig.AnyAudience", ErrMisconfigured)
	case cfg.Leeway < 0 || cfg.Leeway > MaxLeeway:
		return nil, fmt.Errorf("%w: JWTConfig.Leeway is %v, allowed is 0 to %v", ErrMisconfigured, cfg.Leeway, MaxLeeway)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	options := []jwt.ParserOption{
		jwt.WithTimeFunc(cfg.Now), jwt.WithLeeway(cfg.Leeway), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
	}
	// golang-jwt silently checks nothing where either is empty.
	if cfg.Issuer != "" {
		options = append(options, jwt.WithIssuer(cfg.Issuer))
	}
	if cfg.Audience != "" {
		options = append(options, jwt.WithAudience(cfg.Audience))
	}
	return &JWT{cfg, jwt.NewValidator(options...)}, nil
}

// Verify implements [Verifier]. The keys are asked for first: without them no
// credential is judged, so that a fault never looks like a bad token. The
// claims are read only after the signature has been verified.
//
// A token that no key fits may have been signed with a key that is newer than
// those here; see [TryKeys].
func (v *JWT) Verify(ctx context.Context, _ Request, c Credential) (Principal, error) {
	if c.Scheme != BearerScheme {
		return Principal{}, ErrNotApplicable
	}
	p, err := v.verify(ctx, c)
	if err != nil {
		return Principal{}, &CredentialError{Method: methodJWT, Err: err}
	}
	return p, nil
}

func (v *JWT) verify(ctx context.Context, c Credential) (Principal, error) {
	var token compact
	err := TryKeys(ctx, v.cfg.Keys, func(keys []Key) (err error) {
		if token, err = parseCompact(c.Value()); err != nil {
			return err
		}
		head, err := checkHeader(token.header, v.cfg.Type)
		if err != nil {
			return err
		}
		return verifySignature(keys, head, token)
	})
	if err != nil {
		return Principal{}, err
	}
	claims, err := parseClaims(token.payload)
	if err != nil {
		return Principal{}, err
	}
	return v.judge(claims)
}

// signingMethods are golang-jwt's implementations, each of which takes keys of
// its own type only.
var signingMethods = map[Algorithm]jwt.SigningMethod{
	HS256: jwt.SigningMethodHS256, HS384: jwt.SigningMethodHS384, HS512: jwt.SigningMethodHS512,
	RS256: jwt.SigningMethodRS256, PS256: jwt.SigningMethodPS256,
	ES256: jwt.SigningMethodES256, EdDSA: jwt.SigningMethodEdDSA,
}

// verifySignature tries the keys that the token's header admits. MACs are
// compared in constant time: golang-jwt does it with [hmac.Equal].
func verifySignature(keys []Key, head header, token compact) error {
	candidates, err := selectKeys(keys, head.keyID)
	if err != nil {
		return err
	}
	err = ErrUnsupportedAlgorithm
	for _, key := range candidates {
		if key.algorithm != head.algorithm {
			continue
		}
		if signingMethods[key.algorithm].Verify(token.signed, token.signature, key.material()) == nil {
			return nil
		}
		err = ErrInvalidSignature
	}
	return err
}

// selectKeys returns the keys that a token with this kid, "" for none, may be
// verified with.
func selectKeys(keys []Key, id string) ([]Key, error) {
	byID := make(map[string]int, len(keys))
	for i, key := range keys {
		if key.material == nil {
			return nil, fmt.Errorf("%w: the key provider gave the zero Key", ErrMisconfigured)
		}
		if _, twice := byID[key.id]; twice && key.id != "" {
			return nil, fmt.Errorf("%w: the key provider gave two keys with the id %q", ErrMisconfigured, key.id)
		}
		byID[key.id] = i
	}
	_, anonymous := byID[""]
	switch {
	case len(keys) == 0:
		return nil, fmt.Errorf("%w: the key provider gave no key", ErrMisconfigured)
	case anonymous && len(byID) > 1:
		return nil, fmt.Errorf("%w: the key provider gave keys with an id and keys without; give all of them an id, or none", ErrMisconfigured)
	case anonymous || id == "":
		return keys, nil
	}
	i, known := byID[id]
	if !known {
		return nil, fmt.Errorf("%w: no key has the token's kid", ErrUnknownKey)
	}
	return keys[i : i+1], nil
}

// judge makes a principal of claims that were signed with a good key.
func (v *JWT) judge(claims claimSet) (Principal, error) {
	if err := v.validate(claims); err != nil {
		return Principal{}, err
	}
	p := Principal{
		Subject: claims.subject, Issuer: claims.issuer, Method: methodJWT,
		Claims: claims.all, ExpiresAt: claims.expiresAt.Time,
	}
	// A scope of another form gives nobody anything; Map may read it.
	p.Scopes, _ = claims.all.Words("scope")
	if CheckCredentialID(claims.id) == nil {
		p.CredentialID = claims.id
	}
	if v.cfg.Map != nil {
		if err := v.cfg.Map(claims.all, &p); err != nil {
			if reason, _ := classify(err); reason == reasonInternal {
				err = fmt.Errorf("%w: %w", ErrInvalidClaim, err)
			}
			return Principal{}, err
		}
	}
	if err := CheckSubject(p.Subject); err != nil {
		return Principal{}, fmt.Errorf("%w: sub: %w", ErrInvalidClaim, err)
	}
	if err := p.check(); err != nil {
		return Principal{}, fmt.Errorf("%w: %w", ErrInvalidClaim, err)
	}
	return p, nil
}

// validate judges claims whose types are right. The expiry is checked here as
// well as by golang-jwt, which would apply the leeway to it.
func (v *JWT) validate(claims claimSet) error {
	if claims.expiresAt == nil {
		return invalidClaim("exp is missing")
	}
	if !v.cfg.Now().Before(claims.expiresAt.Time) {
		return ErrExpired
	}
	if err := v.validator.Validate(claims); err != nil {
		switch {
		case errors.Is(err, jwt.ErrTokenExpired):
			return ErrExpired
		case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
			return ErrNotYetValid
		case errors.Is(err, jwt.ErrTokenInvalidIssuer):
			return invalidClaim("iss is not the required issuer")
		case errors.Is(err, jwt.ErrTokenInvalidAudience):
			return invalidClaim("aud does not have the required audience")
		}
		return invalidClaim("a required claim is missing")
	}
	for _, name := range v.cfg.RequiredClaims {
		if raw, present := claims.all[name]; !present || string(raw) == "null" {
			return invalidClaim(fmt.Sprintf("%q is missing", name))
		}
	}
	return nil
}

// UnverifiedJWT returns the header and the claims of a token without checking
// its signature: whoever made the token may have written anything. They may
// select the configuration that the token is verified with, and nothing more.
func UnverifiedJWT(token string) (header, claims Claims, err error) {
	parsed, err := parseCompact(token)
	if err != nil {
		return nil, nil, err
	}
	payload, err := decodeSegment(parsed.payload)
	if err != nil {
		return nil, nil, err
	}
	if claims, err = parseObject(payload); err != nil {
		return nil, nil, err
	}
	return parsed.header, claims, nil
}
