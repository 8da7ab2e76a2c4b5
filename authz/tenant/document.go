package tenant

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
)

// document is a tenant as it is written down; see [ParseDocument].
type document struct {
	Hosts          []string        `json:"hosts"`
	Issuer         string          `json:"issuer"`
	AnyIssuer      bool            `json:"anyIssuer"`
	Audience       string          `json:"audience"`
	AnyAudience    bool            `json:"anyAudience"`
	Type           string          `json:"type"`
	Leeway         string          `json:"leeway"`
	RequiredClaims []string        `json:"requiredClaims"`
	Keys           []documentKey   `json:"keys"`
	Claims         claimNames      `json:"claims"`
	Policy         json.RawMessage `json:"policy"`
	Suspended      bool            `json:"suspended"`
}

type documentKey struct {
	ID        string `json:"kid"`
	Algorithm string `json:"algorithm"`
	Secret    string `json:"secret"`
	PublicKey string `json:"publicKey"`
}

// claimNames are the claims that fill a principal.
type claimNames struct {
	Subject     string `json:"subject"`
	Tenant      string `json:"tenant"`
	Tier        string `json:"tier"`
	Permissions string `json:"permissions"`
}

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
// ([authz.ParsePublicKey]); a JSON Web Key Set is refused. claims names the
// claims that the principal is filled from. A claim named for the tenant must
// be there and be the tenant's id, one named for the subject takes the place of
// sub, permissions are an array of strings or a string of words. policy is read
// by policy, nil for [RoutePermissions].
//
// Every mistake is authz.ErrMisconfigured, an unknown or repeated member
// included, and no error shows a value.
func ParseDocument(id, text string, policy PolicyParser) (Tenant, error) {
	var d document
	if err := decodeStrict(text, &d); err != nil {
		return Tenant{}, err
	}
	cfg := &authz.JWTConfig{
		Issuer: d.Issuer, AnyIssuer: d.AnyIssuer, Audience: d.Audience, AnyAudience: d.AnyAudience,
		Type: d.Type, RequiredClaims: d.RequiredClaims, Map: d.Claims.fill(id),
	}
	if d.Leeway != "" {
		var err error
		if cfg.Leeway, err = time.ParseDuration(d.Leeway); err != nil {
			return Tenant{}, fmt.Errorf(`%w: leeway is no duration, for instance "30s"`, authz.ErrMisconfigured)
		}
	}
	keys := make(authz.StaticKeys, len(d.Keys))
	for i, k := range d.Keys {
		var err error
		if keys[i], err = k.key(); err != nil {
			return Tenant{}, fmt.Errorf("key %d: %w", i, err)
		}
	}
	cfg.Keys = keys
	t := Tenant{ID: id, Hosts: d.Hosts, JWT: cfg, Suspended: d.Suspended}
	if d.Policy != nil {
		if policy == nil {
			policy = RoutePermissions
		}
		var err error
		if t.Policy, err = policy(id, d.Policy); err != nil {
			return Tenant{}, fmt.Errorf("policy: %w", err)
		}
		if t.Policy == nil {
			return Tenant{}, fmt.Errorf("%w: the parser of policies made none", authz.ErrMisconfigured)
		}
	}
	return t, nil
}

// key makes the key. Its errors show the lengths of secrets at most.
func (k documentKey) key() (authz.Key, error) {
	switch {
	case (k.Secret == "") == (k.PublicKey == ""):
		return authz.Key{}, fmt.Errorf("%w: set one of secret and publicKey", authz.ErrMisconfigured)
	case k.PublicKey != "":
		return authz.ParsePublicKey(authz.Algorithm(k.Algorithm), k.ID, k.PublicKey)
	}
	secret, err := authz.ParseSecret(k.Secret)
	if err != nil {
		return authz.Key{}, err
	}
	return authz.NewHMACKey(authz.Algorithm(k.Algorithm), k.ID, secret)
}

// fill returns the function that fills a principal from the claims.
func (n claimNames) fill(tenant string) func(authz.Claims, *authz.Principal) error {
	return func(claims authz.Claims, p *authz.Principal) error {
		for _, field := range []struct {
			claim  string
			to     *string
			needed bool
		}{{n.Subject, &p.Subject, true}, {n.Tenant, &p.Tenant, true}, {n.Tier, &p.Tier, false}} {
			if _, present := claims[field.claim]; field.claim == "" || !present && !field.needed {
				continue
			}
			value, ok := claims.String(field.claim)
			if !ok {
				return fmt.Errorf("%w: %q is not a string", authz.ErrInvalidClaim, field.claim)
			}
			*field.to = value
		}
		if n.Tenant != "" && p.Tenant != tenant {
			return fmt.Errorf("%w: %q is not the tenant", authz.ErrInvalidClaim, n.Tenant)
		}
		if _, present := claims[n.Permissions]; n.Permissions == "" || !present {
			return nil
		}
		var ok bool
		if p.Permissions, ok = claims.Strings(n.Permissions); !ok {
			if p.Permissions, ok = claims.Words(n.Permissions); !ok {
				return fmt.Errorf("%w: %q is neither an array of strings nor a string of words", authz.ErrInvalidClaim, n.Permissions)
			}
		}
		return nil
	}
}

// decodeStrict reads one JSON object whose members are all known and there once. encoding/json's errors are not passed
// on: they can quote the document.
func decodeStrict(text string, into *document) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		var wrongType *json.UnmarshalTypeError
		var syntax *json.SyntaxError
		switch {
		case errors.As(err, &wrongType) && wrongType.Field != "":
			return fmt.Errorf("%w: its member %q is of another type than it should be", authz.ErrMisconfigured, wrongType.Field)
		case errors.As(err, &syntax):
			return fmt.Errorf("%w: it is no JSON, at byte %d", authz.ErrMisconfigured, syntax.Offset)
		case err.Error() == `json: unknown field "kty"`:
			return fmt.Errorf("%w: its keys are a JSON Web Key Set; %s", authz.ErrMisconfigured, authz.UseJWTAuthorizer)
		case strings.HasPrefix(err.Error(), "json: unknown field"):
			return fmt.Errorf("%w: it has a member that no tenant has", authz.ErrMisconfigured)
		}
		return fmt.Errorf("%w: it is no JSON object", authz.ErrMisconfigured)
	}
	if decoder.More() || strings.TrimSpace(text[decoder.InputOffset():]) != "" {
		return fmt.Errorf("%w: there is something behind the JSON object", authz.ErrMisconfigured)
	}
	return checkMembers(json.NewDecoder(strings.NewReader(text)))
}

// checkMembers refuses a member that is there twice, as encoding/json does not.
// It does not tell the case of a document's own members, so neither does this.
func checkMembers(decoder *json.Decoder) error {
	type object struct {
		names map[string]bool // nil for an array
		value bool            // a name has been read, its value follows
	}
	var open []object
	for {
		token, err := decoder.Token()
		if err != nil { // io.EOF: the text is one valid JSON value
			return nil
		}
		top := len(open) - 1
		delim, isDelim := token.(json.Delim)
		switch {
		case isDelim && (delim == '}' || delim == ']'):
			open = open[:top]
			continue
		case top >= 0 && open[top].names != nil && !open[top].value:
			name, _ := token.(string)
			if top == 0 {
				name = strings.ToLower(name)
			}
			if open[top].names[name] {
				return fmt.Errorf("%w: a member is there twice, before byte %d", authz.ErrMisconfigured, decoder.InputOffset())
			}
			open[top].names[name], open[top].value = true, true
			continue
		}
		if top >= 0 {
			open[top].value = false
		}
		if isDelim {
			next := object{}
			if delim == '{' {
				next.names = map[string]bool{}
			}
			open = append(open, next)
		}
	}
}
