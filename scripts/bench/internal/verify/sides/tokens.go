package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	cristalhq "github.com/cristalhq/jwt/v5"
	golangjwt "github.com/golang-jwt/jwt/v5"

	"github.com/protected-http-api/protected-http-api/authz"
)

const (
	issuer   = "https://id.example.com"
	audience = "https://api.example.com"
	// garbage is how long what is no token is.
	garbage = 8 << 10
)

// secret is of this run only.
var secret = []byte(rand.Text() + rand.Text())

// claims of the token that all sides verify, as an issuer writes them for an API with
// permissions.
type claims struct {
	Issuer      string   `json:"iss"`
	Audience    []string `json:"aud"`
	Subject     string   `json:"sub"`
	ID          string   `json:"jti"`
	IssuedAt    int64    `json:"iat"`
	NotBefore   int64    `json:"nbf"`
	ExpiresAt   int64    `json:"exp"`
	Permissions []string `json:"permissions"`
}

// newToken signs by the standard library alone.
func newToken() string {
	now := time.Now()
	payload, _ := json.Marshal(claims{ // strings and numbers
		issuer, []string{audience}, "usr_01J9ZK3V7Q", rand.Text(), now.Unix(), now.Unix(), now.Add(time.Hour).Unix(),
		[]string{"events:read", "events:write", "events:delete"},
	})
	signed := segment([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + segment(payload)
	return signed + "." + segment(mac([]byte(signed)))
}

func segment(content []byte) string { return base64.RawURLEncoding.EncodeToString(content) }

func mac(signed []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write(signed)
	return h.Sum(nil)
}

// refused turns a run that has to fail with one of these errors into one that must not.
func refused(run func(context.Context) error, with ...error) func(context.Context) error {
	return func(ctx context.Context) error {
		err := run(ctx)
		for _, want := range with {
			if errors.Is(err, want) {
				return nil
			}
		}
		return fmt.Errorf("the answer is %v, want a refusal", err)
	}
}

// tokens are the sides that verify a token.
func tokens() ([]side, error) {
	own, err := newOwn()
	if err != nil {
		return nil, err
	}
	verify := func(token string) func(context.Context) error {
		credential := authz.NewCredential(authz.BearerScheme, token)
		return func(ctx context.Context) error {
			p, err := own.Verify(ctx, authz.Request{}, credential)
			if err == nil && (p.Subject == "" || len(p.Permissions) != 3) {
				return errors.New("the principal lacks something")
			}
			return err
		}
	}
	other, err := newCristalhq()
	if err != nil {
		return nil, err
	}
	good := newToken()
	forged := good[:strings.LastIndexByte(good, '.')+1] + segment(mac([]byte("another")))
	random := make([]byte, garbage)
	_, _ = rand.Read(random) // it never fails
	one := segment(random)[:garbage]
	three := one[:garbage/3] + "." + one[:garbage/3] + "." + one[:garbage/3]
	return []side{
		{"token: bare HMAC", func(context.Context) error { return bare(good) }},
		{"token: authz", verify(good)},
		{"token: golang-jwt, claims in a map", func(context.Context) error { return byGolangJWT(good, golangjwt.MapClaims{}) }},
		{"token: golang-jwt, claims in a struct", func(context.Context) error { return byGolangJWT(good, &structClaims{}) }},
		{"token: cristalhq/jwt", func(context.Context) error { return other(good) }},
		{"bad signature: authz", refused(verify(forged), authz.ErrInvalidSignature)},
		{"bad signature: golang-jwt", refused(func(context.Context) error { return byGolangJWT(forged, golangjwt.MapClaims{}) }, golangjwt.ErrTokenSignatureInvalid)},
		{"8 KiB without a dot: authz", refused(verify(one), authz.ErrMalformed)},
		{"8 KiB with two dots: authz", refused(verify(three), authz.ErrMalformed)},
		{"8 KiB with two dots: golang-jwt", refused(func(context.Context) error { return byGolangJWT(three, golangjwt.MapClaims{}) }, golangjwt.ErrTokenMalformed)},
	}, nil
}

func newOwn() (*authz.JWT, error) {
	key, err := authz.NewHMACKey(authz.HS256, "", secret)
	if err != nil {
		return nil, err
	}
	return authz.NewJWT(authz.JWTConfig{
		Keys: authz.StaticKeys{key}, Issuer: issuer, Audience: audience, Leeway: authz.DefaultLeeway,
		Map: func(c authz.Claims, p *authz.Principal) error { return c.Decode("permissions", &p.Permissions) },
	})
}

// bare is what no verification can do without: the HMAC, decoded and compared.
func bare(token string) error {
	at := strings.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.DecodeString(token[at+1:])
	if err != nil {
		return err
	}
	if !hmac.Equal(signature, mac([]byte(token[:at]))) {
		return errors.New("the signature is wrong")
	}
	return nil
}

// structClaims are decoded into a struct, as golang-jwt offers.
type structClaims struct {
	golangjwt.RegisteredClaims
	Permissions []string `json:"permissions"`
}

// options are those of golang-jwt that make it check what authz checks.
var options = golangjwt.NewParser(
	golangjwt.WithValidMethods([]string{"HS256"}), golangjwt.WithIssuer(issuer), golangjwt.WithAudience(audience),
	golangjwt.WithLeeway(authz.DefaultLeeway), golangjwt.WithExpirationRequired(), golangjwt.WithIssuedAt(), golangjwt.WithStrictDecoding(),
)

func byGolangJWT(token string, into golangjwt.Claims) error {
	_, err := options.ParseWithClaims(token, into, func(*golangjwt.Token) (any, error) { return secret, nil })
	return err
}

// newCristalhq checks by cristalhq/jwt what it can check.
func newCristalhq() (func(token string) error, error) {
	verifier, err := cristalhq.NewVerifierHS(cristalhq.HS256, secret)
	if err != nil {
		return nil, err
	}
	type claims struct {
		cristalhq.RegisteredClaims
		Permissions []string `json:"permissions"`
	}
	return func(token string) error {
		var c claims
		if err := cristalhq.ParseClaims([]byte(token), verifier, &c); err != nil {
			return err
		}
		if !c.IsValidAt(time.Now()) || !c.IsIssuer(issuer) || !c.IsForAudience(audience) || len(c.Permissions) != 3 {
			return errors.New("the claims are wrong")
		}
		return nil
	}, nil
}
