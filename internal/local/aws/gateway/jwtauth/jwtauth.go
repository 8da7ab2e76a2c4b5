// Package jwtauth is the JWT authorizer of HTTP APIs: API Gateway's built-in
// check of OpenID Connect and OAuth 2.0 access tokens (API Gateway developer
// guide, "Control access to HTTP APIs with JWT authorizers").
//
// It finds an issuer's keys by discovery, checks signature and claims, and
// refuses with AWS's status and www-authenticate header. Finding the token in
// the request and writing the response is the gateway's part.
package jwtauth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Config is one authorizer's configuration.
type Config struct {
	// Issuer is the identity provider's base URL, exactly as in the iss claim
	// of its tokens. It is https, or http on the loopback interface.
	Issuer string
	// Audience are the accepted values of the claim aud or, in a token
	// without aud, client_id. One at least: an empty list would accept tokens
	// that were issued for others.
	Audience []string
	// Client fetches the issuer's metadata and keys. Defaults to
	// http.DefaultClient. Redirects are followed only to where an issuer may
	// be.
	Client *http.Client

	now func() time.Time // of tests
}

// Authorizer judges the tokens of one issuer. It is safe for concurrent use.
type Authorizer struct {
	issuer   string
	audience []string
	now      func() time.Time
	keys     keyCache
}

// Result is what an accepted token says, as the integration receives it at
// requestContext.authorizer.jwt.
type Result struct {
	// Claims are all claims as strings: numbers in their digits, arrays as
	// "[a b]". A claim that is null is left out.
	Claims map[string]string
	// Scopes are the token's scopes; nil, and in JSON null, unless the route
	// has scopes.
	Scopes []string
}

// Error is a refusal.
type Error struct {
	// Status is the HTTP status: 401, or 403 where only a scope is missing.
	Status int
	// WWWAuthenticate is the value of the www-authenticate header.
	WWWAuthenticate string
	// Reason is the text of $context.authorizer.error, for instance
	// "invalid_token: the token has expired".
	Reason string
	// Cure tells the developer what was found and what to change. Neither it
	// nor Reason ever holds the token; claims are named only where the
	// token's signature is good.
	Cure string
}

func (e *Error) Error() string { return e.Reason }

// New checks the configuration. It fetches nothing: see Discover.
func New(c Config) (*Authorizer, error) {
	issuer, err := url.Parse(c.Issuer)
	switch {
	case err != nil || issuer.Host == "" || issuer.RawQuery != "" || issuer.Fragment != "" || issuer.User != nil:
		return nil, fmt.Errorf("the issuer %q must be a URL such as https://issuer.example.com, without user, query or fragment", c.Issuer)
	case !reachable(issuer):
		return nil, fmt.Errorf("the issuer %q must begin with https://; http:// is for an issuer on the loopback interface", c.Issuer)
	case len(c.Audience) == 0 || slices.Contains(c.Audience, ""):
		return nil, errors.New("the audience of a JWT authorizer must have at least one entry, and none that is empty")
	}
	if c.Client == nil {
		c.Client = http.DefaultClient
	}
	if c.now == nil {
		c.now = time.Now
	}
	client := *c.Client
	client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if len(via) >= maxRedirects || !reachable(r.URL) {
			return fmt.Errorf("refusing the redirect to %q", r.URL.Redacted())
		}
		return nil
	}
	return &Authorizer{
		issuer:   c.Issuer,
		audience: slices.Clone(c.Audience),
		now:      c.now,
		keys:     keyCache{issuer: c.Issuer, client: &client, now: c.now},
	}, nil
}

// reachable says whether keys may come from a URL: what travels in plain text
// could be changed on the way, except on the machine itself.
func reachable(u *url.URL) bool {
	host := u.Hostname()
	return u.Scheme == "https" || (u.Scheme == "http" && (host == "localhost" || net.ParseIP(host).IsLoopback()))
}

// Discover fetches the issuer's metadata and keys. API Gateway does so when an
// authorizer is created or its issuer changed, and answers
// BadRequestException with the text of this error where it cannot.
func (a *Authorizer) Discover(ctx context.Context) error {
	if _, err := a.keys.get(ctx); err != nil {
		return fmt.Errorf("Caught exception when connecting to %s for issuer %s. Please try again later. Error: Invalid issuer: %s. Issuer must have a valid discovery endpoint ended with '%s': %w", //nolint:staticcheck // ST1005: AWS's own words, which the client sees
			a.keys.metadataURL(), a.issuer, a.issuer, discoveryPath, errors.Unwrap(err))
	}
	return nil
}

// Authorize judges the value of the identity source, which is the token with
// or without "Bearer ". scopes are the route's: one of them is enough, and a
// route without scopes asks for none. Every error is an *Error.
//
// An issuer that cannot be reached gives 401 like a bad token, as on AWS.
func (a *Authorizer) Authorize(ctx context.Context, token string, scopes []string) (Result, error) {
	// RFC 9110 §11.1 and §11.4: the scheme's case does not matter, and one space
	// or more follow.
	if scheme, rest, _ := strings.Cut(token, " "); strings.EqualFold(scheme, "Bearer") {
		token = strings.TrimLeft(rest, " ")
	}
	if token == "" {
		return Result{}, &Error{
			Status:          http.StatusUnauthorized,
			WWWAuthenticate: "Bearer",
			Reason:          "missing: token not provided",
			Cure:            "send the token in the authorizer's identity source, alone or after \"Bearer \"",
		}
	}
	claims, err := a.verify(ctx, token)
	if err != nil {
		return Result{}, refusal(err, scopes)
	}
	result := Result{Claims: claims.strings()}
	if len(scopes) == 0 {
		return result, nil
	}
	result.Scopes = claims.scopes()
	if !slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(result.Scopes, s) }) {
		return Result{}, refusal(&problem{
			code:        insufficientScope,
			description: "the token does not have a required scope",
			cure:        fmt.Sprintf("the token has the scopes %q: ask the issuer for one with any of %q", result.Scopes, scopes),
		}, scopes)
	}
	return result, nil
}

// The error codes of RFC 6750 §3.1.
const (
	invalidToken      = "invalid_token"
	insufficientScope = "insufficient_scope"
)

// problem is why a token was refused.
type problem struct {
	code        string // of RFC 6750; empty: invalid_token
	description string // fixed text, nothing of the token
	cure        string
	cause       error
}

func (p *problem) Error() string { return p.description }
func (p *problem) Unwrap() error { return p.cause }

// refusal makes the answer that the client sees. The scope attribute names the
// route's scopes; it is there, and empty, where the route has none.
func refusal(err error, scopes []string) *Error {
	var p *problem
	if !errors.As(err, &p) {
		p = &problem{description: err.Error()}
	}
	code, status := invalidToken, http.StatusUnauthorized
	if p.code == insufficientScope {
		code, status = insufficientScope, http.StatusForbidden
	}
	return &Error{
		Status:          status,
		WWWAuthenticate: fmt.Sprintf("Bearer scope=%s error=%s error_description=%s", quoted(strings.Join(scopes, " ")), quoted(code), quoted(p.description)),
		Reason:          code + ": " + p.description,
		Cure:            p.cure,
	}
}

// quoted is a quoted-string of RFC 9110 §5.6.4, without what a header may not
// hold.
func quoted(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, s)
	return `"` + s + `"`
}
