package authz

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// MaxLeeway is the longest [JWTConfig.Leeway].
const MaxLeeway = time.Minute

// DefaultLeeway is what [LeewayFromEnvironment] returns unless the environment
// says otherwise.
const DefaultLeeway = 30 * time.Second

// envLeeway is the variable of LeewayFromEnvironment.
const envLeeway = "JWT_LEEWAY"

// LeewayFromEnvironment returns the [JWTConfig.Leeway] that the environment
// variable JWT_LEEWAY says, a Go duration of 0s to MaxLeeway, or ErrMisconfigured;
// without the variable it is DefaultLeeway. A nil getenv is os.Getenv. Issuers'
// clocks are seldom exact, and API Gateway keeps a refusal for the authorizer's
// TTL, so that a token that came a second early would be refused for minutes.
func LeewayFromEnvironment(getenv func(string) string) (time.Duration, error) {
	if getenv == nil {
		getenv = os.Getenv
	}
	text := getenv(envLeeway)
	if text == "" {
		return DefaultLeeway, nil
	}
	leeway, err := time.ParseDuration(text)
	if err != nil || leeway < 0 || leeway > MaxLeeway {
		return 0, fmt.Errorf("%w: environment variable %s is %q, which is not a Go duration of 0s to %v; set it to 30s, for instance", ErrMisconfigured, envLeeway, text, MaxLeeway)
	}
	return leeway, nil
}

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
	// RequiredClaims are the names of further claims that a token must have,
	// with any value but null. exp and the subject are always required.
	RequiredClaims []string
	// Map fills the principal from the claims of a token that is good in all
	// else: permissions, tenant, tier, or a subject from another claim than
	// sub. The principal has subject, issuer, scopes, claims and expiry
	// already. With Map, sub, jti and the kid of keys without ids may be numbers,
	// as legacy issuers write them: the principal then has no subject, which Map
	// has to set, or no credential id. IssuedAt may be set from another claim than
	// iat. An ExpiresAt that Map makes earlier counts: the token has expired
	// where that is past. One that is later than exp is cut to exp. An error
	// without a sentinel of this package counts as ErrInvalidClaim; its text must
	// show no claim. Defaults to nothing more.
	Map func(Claims, *Principal) error
	// Now is the clock. Who judges tokens as of another time sets it: pha token
	// checks with it what it signs, also a token that has expired. Defaults to
	// time.Now.
	Now func() time.Time
}

// JWT is the [Verifier] of JSON Web Tokens (RFC 7519) in the scheme Bearer,
// verified with keys that this side already has. A token must have exp and a
// valid subject ([CheckSubject]); nbf and iat must not be in the future, to the
// fraction of a second. It is refused from the whole second of its exp on: the
// handler is told the expiry in seconds, and would refuse it from then on.
//
// The algorithm is the key's, never the token's choice. Where the keys have
// ids, a token's kid must be one of them, and a token without kid may fit any;
// where they have none, kid may be any string.
type JWT struct {
	cfg   JWTConfig
	known atomic.Pointer[knownHeader]
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
	case slices.Contains(cfg.RequiredClaims, ""):
		return nil, fmt.Errorf("%w: JWTConfig.RequiredClaims has an empty name", ErrMisconfigured)
	}
	if keys, ok := cfg.Keys.(StaticKeys); ok {
		if err := CheckKeys(keys); err != nil {
			return nil, fmt.Errorf("JWTConfig.Keys: %w", err)
		}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &JWT{cfg: cfg}, nil
}

// Verify implements [Verifier]. The keys are asked for first: without them no
// credential is judged, so that a fault never looks like a bad token. The
// claims are read only after the signature has been verified.
//
// A token that no key fits may have been signed with a key that is newer than
// those here; see [TryKeys]. The error of a token with a good signature has its
// jti as the credential's id, or without one the beginning of its digest.
func (v *JWT) Verify(ctx context.Context, _ Request, c Credential) (Principal, error) {
	switch {
	case v == nil || v.cfg.Keys == nil:
		return Principal{}, fmt.Errorf("%w: the JWT was not made by NewJWT", ErrMisconfigured)
	case c.Scheme != BearerScheme:
		return Principal{}, fmt.Errorf("%w: a token has the scheme Bearer; return NewCredential(BearerScheme, …)", ErrNotApplicable)
	}
	claims, err := v.verified(ctx, c)
	var p Principal
	if err == nil {
		p, err = v.judge(&claims)
	}
	if err != nil {
		return Principal{}, &CredentialError{Method: methodJWT, CredentialID: cmp.Or(claims.credentialID(), shortDigest(claims.digest)), Err: err}
	}
	return p, nil
}

// verified returns the claims of a token whose signature is good.
func (v *JWT) verified(ctx context.Context, c Credential) (claimSet, error) {
	token, head, tokenErr := v.parse(c.Value())
	var keyID string
	err := TryKeys(ctx, v.cfg.Keys, func(keys []Key) error {
		if tokenErr != nil {
			return nil // no key would make it better
		}
		key, err := verifySignature(keys, head, token, v.cfg.Map != nil)
		keyID = key.id
		return err
	})
	switch {
	case err != nil:
		return claimSet{}, err
	case tokenErr != nil:
		return claimSet{}, tokenErr
	}
	v.remember(token.header, head)
	claims, err := parseClaims(token.payload, v.cfg.Audience)
	claims.keyID, claims.digest = keyID, token.digest()
	if v.cfg.Map == nil {
		err = cmp.Or(err, claims.notText.subject, claims.notText.id)
	}
	return claims, err
}

// parse reads a token up to its claims. An issuer's tokens have one header, as a rule:
// that of the last token with a good signature is not read again.
func (v *JWT) parse(text string) (compact, header, error) {
	if known := v.known.Load(); known != nil && known.fits(text) {
		token, signature, err := splitCompact(text)
		if err == nil {
			token.signature, err = decodeSegment(nil, signature)
		}
		return token, known.header, err
	}
	token, parameters, err := parseCompact(text)
	if err != nil {
		return compact{}, header{}, err
	}
	head, err := checkHeader(parameters, v.cfg.Type)
	return token, head, err
}

// knownHeader is a token's header, as a segment and as it was read.
type knownHeader struct {
	segment string
	header  header
}

// fits reports whether a token has the header.
func (k *knownHeader) fits(token string) bool {
	n := len(k.segment)
	return len(token) > n && token[n] == '.' && token[:n] == k.segment
}

// remember keeps the header of a token whose signature is good: nobody without a key
// has a part in it.
func (v *JWT) remember(segment string, h header) {
	if known := v.known.Load(); known == nil || known.segment != segment {
		v.known.Store(&knownHeader{strings.Clone(segment), h})
	}
}

// judge makes a principal of claims that were signed with a good key.
func (v *JWT) judge(claims *claimSet) (Principal, error) {
	now := v.cfg.Now()
	if err := v.validate(claims, now); err != nil {
		return Principal{}, err
	}
	p := Principal{Claims: claims.all, KeyID: claims.keyID, Digest: claims.digest, Identity: Identity{
		Subject: claims.subject, Issuer: claims.issuer, Method: methodJWT,
		CredentialID: claims.credentialID(), ExpiresAt: claims.expiresAt,
	}, IssuedAt: claims.issued}
	// A scope of another form gives nobody anything; Map may read it.
	p.Scopes, _ = claims.all.Words("scope")
	if v.cfg.Map != nil {
		var err error
		if p, err = v.mapped(claims.all, p); err != nil {
			return Principal{}, err
		}
		now = v.cfg.Now() // Map may have taken its time
	}
	if p.ExpiresAt.After(claims.expiresAt) {
		p.ExpiresAt = claims.expiresAt
	}
	if claims.notText.subject != nil && p.Subject == "" {
		return Principal{}, claims.notText.subject
	}
	if err := CheckSubject(p.Subject); err != nil {
		return Principal{}, fmt.Errorf("%w: sub: %w", ErrInvalidClaim, err)
	}
	if err := p.check(); err != nil {
		return Principal{}, fmt.Errorf("%w: %w", ErrInvalidClaim, err)
	}
	if !now.Before(p.ExpiresAt) {
		return Principal{}, ErrExpired
	}
	return p, nil
}

// mapped returns what Map makes of a principal.
func (v *JWT) mapped(claims Claims, p Principal) (Principal, error) {
	err := v.cfg.Map(claims, &p)
	if err == nil {
		return p, nil
	}
	if reason, _ := classify(err); reason == reasonInternal {
		err = fmt.Errorf("%w: %w", ErrInvalidClaim, err)
	}
	return Principal{}, err
}

// validate judges claims whose types are right. The leeway is the issuer's clock's: it
// does not apply to the expiry.
func (v *JWT) validate(claims *claimSet, now time.Time) error {
	switch {
	case claims.expiresAt.IsZero():
		return errNoExpiry
	case !now.Before(claims.expiresAt):
		return ErrExpired
	case !claims.notBefore.IsZero() && now.Before(claims.notBefore.Add(-v.cfg.Leeway)),
		!claims.issued.IsZero() && now.Before(claims.issued.Add(-v.cfg.Leeway)):
		return ErrNotYetValid
	case v.cfg.Issuer != "" && claims.issuer != "" && claims.issuer != v.cfg.Issuer:
		return errOtherIssuer
	case v.cfg.Audience != "" && !claims.noAudience && !claims.hasAudience:
		return errOtherAudience
	case v.cfg.Issuer != "" && claims.issuer == "":
		return errNoIssuer
	case v.cfg.Audience != "" && claims.noAudience:
		return errNoAudience
	}
	for _, name := range v.cfg.RequiredClaims {
		if raw := claims.all.raw(name); raw == "" || raw == "null" {
			return invalidClaim(fmt.Sprintf("%q is missing", name))
		}
	}
	return nil
}

var (
	errNoExpiry      = invalidClaim("exp is missing")
	errOtherIssuer   = invalidClaim("iss is not the required issuer")
	errOtherAudience = invalidClaim("aud does not have the required audience")
	errNoIssuer      = invalidClaim("iss is missing or empty")
	errNoAudience    = invalidClaim("aud is missing or empty")
)

// UnverifiedJWT returns the header and the claims of a token without checking
// its signature: whoever made the token may have written anything. They may
// select the configuration that the token is verified with, and nothing more.
func UnverifiedJWT(token string) (header, claims Claims, err error) {
	parsed, header, err := parseCompact(token)
	if err != nil {
		return Claims{}, Claims{}, err
	}
	if claims, err = decodeObject(parsed.payload); err != nil {
		return Claims{}, Claims{}, err
	}
	return header, claims, nil
}
