package tenant

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/protected-http-api/protected-http-api/authz"
)

// document is a tenant as it is written down; see [ParseDocument].
type document struct {
	hosts                  []string
	issuer, audience       string
	anyIssuer, anyAudience bool
	tokenType, leeway      string
	requiredClaims         []string
	keys                   []json.RawMessage
	claims, policy         json.RawMessage
	suspended              bool
}

type documentKey struct{ id, algorithm, secret, publicKey string }

// claimNames are the claims that fill a principal.
type claimNames struct{ subject, tenant, tier, permissions string }

// PolicyParser makes a tenant's policy of the member policy of its document,
// which may be any JSON: package authz/cedar's of a string, for instance. Its
// error must show nothing that is secret.
type PolicyParser func(tenant string, policy json.RawMessage) (authz.Policy, error)

// RoutePermissions is the [PolicyParser] of an object of route keys with arrays
// of permissions; see [authz.RoutePermissions].
func RoutePermissions(_ string, policy json.RawMessage) (authz.Policy, error) {
	return authz.ParseRoutePermissions(string(policy))
}

// ParseDocument returns the tenant that a JSON document describes. All members
// are optional but keys, and one of each pair of issuer and audience:
//
//	{
//	  "hosts": ["acme.example.com"],
//	  "issuer": "https://id.acme.example",   or "anyIssuer": true
//	  "audience": "events-api",              or "anyAudience": true
//	  "type": "at+jwt",
//	  "leeway": "30s",
//	  "requiredClaims": ["jti"],
//	  "keys": [
//	    {"kid": "acme-1", "algorithm": "HS256", "secret": "base64:…"},
//	    {"kid": "acme-2", "algorithm": "HS256", "secret": "base64:…"}
//	  ],
//	  "claims": {"subject": "uid", "tenant": "org", "tier": "plan", "permissions": "perms"},
//	  "policy": {"GET /events": [], "POST /events": ["events:write"]},
//	  "suspended": false
//	}
//
// A key has a secret ([authz.ParseSecret]) or a publicKey in PEM
// ([authz.ParsePublicKey]); a JSON Web Key Set is refused. leeway is that of
// authz.JWTConfig, authz.DefaultLeeway unless it is there. claims names the claims
// that the principal is filled from. A claim named for the tenant must be there
// and be the tenant's id, one named for the subject takes the place of sub,
// permissions are an array of strings or a string of words. policy is read by
// policy, nil for [RoutePermissions].
//
// Names are exactly these, in upper and lower case. Every mistake is
// authz.ErrMisconfigured, an unknown or repeated member and a null included, and
// no error shows a value. What policy says inside is policy's business, but that
// no member is repeated.
func ParseDocument(id, text string, policy PolicyParser) (Tenant, error) {
	var d document
	if err := d.read(text); err != nil {
		return Tenant{}, err
	}
	claims, err := newClaimNames(d.claims)
	if err != nil {
		return Tenant{}, err
	}
	cfg := &authz.JWTConfig{
		Issuer: d.issuer, AnyIssuer: d.anyIssuer, Audience: d.audience, AnyAudience: d.anyAudience,
		Type: d.tokenType, RequiredClaims: d.requiredClaims, Map: claims.fill(id), Leeway: authz.DefaultLeeway,
	}
	if d.leeway != "" {
		if cfg.Leeway, err = time.ParseDuration(d.leeway); err != nil {
			return Tenant{}, fmt.Errorf(`%w: leeway is no duration, for instance "30s"`, authz.ErrMisconfigured)
		}
	}
	keys := make(authz.StaticKeys, len(d.keys))
	for i, raw := range d.keys {
		if keys[i], err = newKey(raw); err != nil {
			return Tenant{}, fmt.Errorf("key %d: %w", i, err)
		}
	}
	cfg.Keys = keys
	t := Tenant{ID: id, Hosts: d.hosts, JWT: cfg, Suspended: d.suspended}
	if d.policy != nil {
		if policy == nil {
			policy = RoutePermissions
		}
		if t.Policy, err = policy(id, d.policy); err != nil {
			return Tenant{}, fmt.Errorf("policy: %w", err)
		}
		if t.Policy == nil {
			return Tenant{}, fmt.Errorf("%w: the parser of policies made none", authz.ErrMisconfigured)
		}
	}
	return t, nil
}

// read reads a document. encoding/json's errors are not passed on: they can quote
// it.
func (d *document) read(text string) error {
	var whole json.RawMessage
	err := json.Unmarshal([]byte(text), &whole)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("%w: it is no JSON, at byte %d", authz.ErrMisconfigured, syntax.Offset)
	case err != nil || whole[0] != '{':
		return fmt.Errorf("%w: it is no JSON object", authz.ErrMisconfigured)
	case !utf8.ValidString(text): // which the decoder would mend
		return fmt.Errorf("%w: it is not UTF-8", authz.ErrMisconfigured)
	}
	return object(whole, "", map[string]any{
		"hosts": &d.hosts, "issuer": &d.issuer, "anyIssuer": &d.anyIssuer, "audience": &d.audience, "anyAudience": &d.anyAudience,
		"type": &d.tokenType, "leeway": &d.leeway, "requiredClaims": &d.requiredClaims, "keys": &d.keys,
		"claims": &d.claims, "policy": &d.policy, "suspended": &d.suspended,
	})
}

func newClaimNames(raw json.RawMessage) (n claimNames, err error) {
	if raw != nil {
		err = object(raw, "claims", map[string]any{"subject": &n.subject, "tenant": &n.tenant, "tier": &n.tier, "permissions": &n.permissions})
	}
	return n, err
}

// newKey makes a key. Its errors show the lengths of secrets at most.
func newKey(raw json.RawMessage) (authz.Key, error) {
	var k documentKey
	if err := object(raw, "keys", map[string]any{"kid": &k.id, "algorithm": &k.algorithm, "secret": &k.secret, "publicKey": &k.publicKey}); err != nil {
		return authz.Key{}, err
	}
	switch {
	case (k.secret == "") == (k.publicKey == ""):
		return authz.Key{}, fmt.Errorf("%w: set one of secret and publicKey", authz.ErrMisconfigured)
	case k.publicKey != "":
		return authz.ParsePublicKey(authz.Algorithm(k.algorithm), k.id, k.publicKey)
	}
	secret, err := authz.ParseSecret(k.secret)
	if err != nil {
		return authz.Key{}, err
	}
	return authz.NewHMACKey(authz.Algorithm(k.algorithm), k.id, secret)
}

// fill returns the function that fills a principal from the claims.
func (n claimNames) fill(tenant string) func(authz.Claims, *authz.Principal) error {
	return func(claims authz.Claims, p *authz.Principal) error {
		for _, field := range []struct {
			claim  string
			to     *string
			needed bool
		}{{n.subject, &p.Subject, true}, {n.tenant, &p.Tenant, true}, {n.tier, &p.Tier, false}} {
			if field.claim == "" || !field.needed && !claims.Has(field.claim) {
				continue
			}
			value, ok := claims.String(field.claim)
			if !ok {
				return fmt.Errorf("%w: %q is not a string", authz.ErrInvalidClaim, field.claim)
			}
			*field.to = value
		}
		if n.tenant != "" && p.Tenant != tenant {
			return fmt.Errorf("%w: %q is not the tenant", authz.ErrInvalidClaim, n.tenant)
		}
		if n.permissions == "" || !claims.Has(n.permissions) {
			return nil
		}
		var ok bool
		if p.Permissions, ok = claims.Strings(n.permissions); !ok {
			if p.Permissions, ok = claims.Words(n.permissions); !ok {
				return fmt.Errorf("%w: %q is neither an array of strings nor a string of words", authz.ErrInvalidClaim, n.permissions)
			}
		}
		return nil
	}
}
