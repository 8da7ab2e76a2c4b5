package callers

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// Kind is a kind of credential with which a route can be tried.
type Kind string

// Kinds of credentials.
const (
	None      Kind = "none"
	Bad       Kind = "bad"       // of the kind that the route takes, and wrong
	Token     Kind = "token"     // good for about an hour, with every permission
	Expired   Kind = "expired"   // the same, an hour too late
	APIKey    Kind = "apikey"    // of the first tier, with every permission
	Signature Kind = "signature" // of this request alone
	IAM       Kind = "iam"       // of the developer, who may do everything
	Own       Kind = "own"       // what somebody has: a header
)

// Kinds are those with which a route can be tried.
func (c *Callers) Kinds(route local.Route) []Kind {
	switch {
	case route.Public():
		return []Kind{None, Own}
	case route.Authorization == live.AuthorizationIAM:
		return []Kind{None, Bad, IAM}
	}
	return slices.Concat([]Kind{None, Bad}, c.Authorizer(route).kinds(), []Kind{Own})
}

func (a Authorizer) kinds() []Kind {
	var kinds []Kind
	if a.Tokens() {
		kinds = append(kinds, Token, Expired)
	}
	if a.KeyTable != "" {
		kinds = append(kinds, APIKey)
	}
	if a.KeysPath != "" {
		kinds = append(kinds, Signature)
	}
	return kinds
}

// Apply gives a request to an API the credential of a kind with which its route can be
// tried. With None and Own it leaves the request as it is.
func (c *Callers) Apply(r *http.Request, api local.API, route local.Route, kind Kind) error {
	if kinds := c.Kinds(route); !slices.Contains(kinds, kind) {
		return fmt.Errorf("the route %s cannot be tried with the credential %q: it can with %s", route.Key, kind, join(kinds))
	}
	a := c.Authorizer(route)
	switch kind {
	case Bad:
		return c.applyBad(r, api, route, a)
	case Token:
		return c.applyToken(r, route, a, expiry())
	case Expired:
		return c.applyToken(r, route, a, expiry().Add(-2*TokenLife))
	case APIKey:
		key, err := c.key(r.Context(), a)
		if err != nil {
			return err
		}
		r.Header.Set(apikey.DefaultHeader, key.Reveal())
	case Signature:
		signer, err := c.SignerOf(a)
		if err != nil {
			return err
		}
		return signer.Sign(r)
	case IAM:
		return c.SignIAM(r)
	}
	return nil
}

// sameFor is how long the tokens of [Callers.Apply] stay the same: an answer of an
// authorizer that is reused is seen only where the credential is.
const sameFor = 5 * time.Minute

// expiry is when a token expires that is good for an hour, less sameFor at most.
func expiry() time.Time { return time.Now().Truncate(sameFor).Add(TokenLife) }

// wrongAPIKey is one that no table has.
var wrongAPIKey = sync.OnceValues(func() (apikey.Key, error) { return apikey.Generate(apikey.DefaultPrefix) })

func (c *Callers) applyToken(r *http.Request, route local.Route, a Authorizer, expires time.Time) error {
	tokens, err := c.TokensOf(a)
	if err != nil {
		return err
	}
	return bearer(r, tokens, route, expires)
}

// bearer gives a request a token with every permission: an authorizer that does not know
// what a star is finds those that the route requires.
func bearer(r *http.Request, tokens Tokens, route local.Route, expires time.Time) error {
	permissions := []string{"*"}
	for _, permission := range route.Permissions {
		if !strings.Contains(permission, "{") { // a variable's value is the request's
			permissions = append(permissions, permission)
		}
	}
	signed, err := tokens.sign(expires, permissions)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+signed)
	return nil
}

// applyBad gives a request a wrong credential of the first kind that its route takes; of
// a route of which that is not known, a token wherever its authorizer looks.
func (c *Callers) applyBad(r *http.Request, api local.API, route local.Route, a Authorizer) error {
	if route.Authorization == live.AuthorizationIAM {
		as := c.credentials()
		as.SecretAccessKey = rand.Text()
		return c.signIAM(r, as)
	}
	switch kinds := append(a.kinds(), Token); kinds[0] {
	case APIKey:
		key, err := wrongAPIKey()
		if err != nil {
			return err
		}
		r.Header.Set(apikey.DefaultHeader, key.Reveal())
		return nil
	case Signature:
		signer, err := c.SignerOf(a)
		if err != nil {
			return err
		}
		if signer.Key, err = wrongKey(signer.Key.ID()); err != nil {
			return err
		}
		return signer.Sign(r)
	}
	var tokens Tokens
	var err error
	if a.Tokens() {
		tokens, err = c.TokensOf(a)
	}
	if err == nil {
		tokens, err = tokens.Wrong()
	}
	if err == nil {
		err = bearer(r, tokens, route, expiry())
	}
	if err == nil && !a.Tokens() {
		spread(r, api, route)
	}
	return err
}

// spread puts the credential of a request wherever the route's authorizer requires one:
// API Gateway refuses a request without one by itself.
func spread(r *http.Request, api local.API, route local.Route) {
	i := slices.IndexFunc(api.Authorizers, func(a local.Authorizer) bool { return a.ID == route.AuthorizerID })
	if i < 0 {
		return
	}
	bare := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	for _, source := range api.Authorizers[i].Sources {
		name, inHeader := strings.CutPrefix(source, "$request.header.")
		if inHeader && r.Header.Get(name) == "" {
			r.Header.Set(name, bare)
		}
		if name, inQuery := strings.CutPrefix(source, "$request.querystring."); inQuery && !r.URL.Query().Has(name) {
			r.URL.RawQuery = strings.TrimPrefix(r.URL.RawQuery+"&"+url.QueryEscape(name)+"="+bare, "&")
		}
	}
}

func join(kinds []Kind) string {
	words := make([]string, len(kinds))
	for i, kind := range kinds {
		words[i] = string(kind)
	}
	return strings.Join(words, ", ")
}
