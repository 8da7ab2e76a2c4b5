package authz

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// MaxLeeway is the longest [HS256Config.Leeway].
const MaxLeeway = time.Minute

// HS256Config configures [NewHS256]. A check that is left out must be left
// out on purpose: each of issuer and audience is either given or declared to
// be any.
type HS256Config struct {
	// Keys gives the keys. Required.
	Keys KeyProvider
	// Issuer is the iss that a token must have.
	Issuer string
	// AnyIssuer takes tokens with any iss, or none: for a secret that only
	// one issuer has.
	AnyIssuer bool
	// Audience is what a token's aud must be or contain.
	Audience string
	// AnyAudience takes tokens with any aud, or none: for a secret that only
	// one API has.
	AnyAudience bool
	// Leeway is how far the issuer's clock may be ahead of this one: how long
	// before its nbf and iat a token is good. It never lengthens a token's
	// life. At most MaxLeeway. Defaults to 0.
	Leeway time.Duration
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
}

// HS256 is the [Verifier] of JSON Web Tokens (RFC 7519) signed with HMAC and
// SHA-256, in the scheme Bearer. A token must have exp and a valid sub
// ([CheckSubject]); nbf and iat must not be in the future. It is refused from
// the second of its exp on.
type HS256 struct {
	keys      KeyProvider
	now       func() time.Time
	validator *jwt.Validator
}

// NewHS256 returns the verifier, or ErrMisconfigured with what is wrong.
func NewHS256(cfg HS256Config) (*HS256, error) {
	switch {
	case cfg.Keys == nil:
		return nil, fmt.Errorf("%w: HS256Config.Keys is not set", ErrMisconfigured)
	case (cfg.Issuer == "") != cfg.AnyIssuer:
		return nil, fmt.Errorf("%w: set one of HS256Config.Issuer and HS256Config.AnyIssuer", ErrMisconfigured)
	case (cfg.Audience == "") != cfg.AnyAudience:
		return nil, fmt.Errorf("%w: set one of HS256Config.Audience and HS256Config.AnyAudience", ErrMisconfigured)
	case cfg.Leeway < 0 || cfg.Leeway > MaxLeeway:
		return nil, fmt.Errorf("%w: HS256Config.Leeway is %v, allowed is 0 to %v", ErrMisconfigured, cfg.Leeway, MaxLeeway)
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
	return &HS256{cfg.Keys, cfg.Now, jwt.NewValidator(options...)}, nil
}

// Verify implements [Verifier]. The keys are asked for first: without them no
// credential is judged, so that a fault never looks like a bad token. The
// claims are read only after the signature has been verified.
func (v *HS256) Verify(ctx context.Context, c Credential) (Principal, error) {
	if c.Scheme != BearerScheme {
		return Principal{}, ErrNotApplicable
	}
	keys, err := v.keys.Keys(ctx)
	if err != nil {
		return Principal{}, err
	}
	token, err := parseCompact(c.Value())
	if err != nil {
		return Principal{}, err
	}
	if err := checkHeader(token.header); err != nil {
		return Principal{}, err
	}
	if err := verifySignature(keys, token); err != nil {
		return Principal{}, err
	}
	claims, err := parseClaims(token.payload)
	if err != nil {
		return Principal{}, err
	}
	if err := v.validate(claims); err != nil {
		return Principal{}, err
	}
	return Principal{
		Subject:   claims.subject,
		Issuer:    claims.issuer,
		Method:    algHS256,
		ExpiresAt: claims.expiresAt.Time,
	}, nil
}

// verifySignature tries every key, in constant time each: golang-jwt compares
// with [hmac.Equal].
func verifySignature(keys []Key, token compact) error {
	if len(keys) == 0 {
		return fmt.Errorf("%w: the key provider gave no key", ErrMisconfigured)
	}
	for _, key := range keys {
		if key.secret == nil || key.algorithm != algHS256 {
			return fmt.Errorf("%w: the key provider gave a key that is not for HS256", ErrMisconfigured)
		}
		if jwt.SigningMethodHS256.Verify(token.signed, token.signature, key.secret()) == nil {
			return nil
		}
	}
	return ErrInvalidSignature
}

// validate judges claims whose types are right. The expiry is checked here as
// well as by golang-jwt, which would apply the leeway to it.
func (v *HS256) validate(claims claimSet) error {
	if claims.expiresAt == nil {
		return invalidClaim("exp is missing")
	}
	if !v.now().Before(claims.expiresAt.Time) {
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
	if err := CheckSubject(claims.subject); err != nil {
		return fmt.Errorf("%w: sub: %w", ErrInvalidClaim, err)
	}
	return nil
}
