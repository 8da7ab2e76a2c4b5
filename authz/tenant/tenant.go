package tenant

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/protected-http-api/protected-http-api/authz"
)

// Tenant is one tenant's configuration.
type Tenant struct {
	// ID is the tenant's id, which becomes authz.Principal.Tenant: 1 to 64
	// letters, digits and characters of ._-, as in a parameter's name.
	// Required.
	ID string
	// Hosts are the domain names that only this tenant is called by, in lower
	// case, for [Host].
	Hosts []string
	// JWT is how the tenant's tokens are verified; [Issuer] and [KeyID] select
	// by it. Keys other than authz.StaticKeys need an Issuer and do not go with
	// KeyID: their ids are not known before they are read. With Issuer, a tenant
	// of AnyIssuer is for tokens without iss: whoever names an issuer names
	// another tenant, or none.
	JWT *authz.JWTConfig
	// Verifier verifies the tenant's other credentials, for instance API keys.
	// It is asked first; what is not applicable for it is left to JWT. The
	// principals that it returns must have ID as their Tenant. At least one of
	// JWT and Verifier is required.
	Verifier authz.Verifier
	// Exclusive says that Verifier accepts nobody's credentials but this
	// tenant's, so that its principals need no Tenant. A verifier that several
	// tenants share, such as one of a table with all their API keys, is not
	// exclusive.
	Exclusive bool
	// Policy decides what the tenant's callers may do, if [Registry.Policy] is
	// asked. Defaults to Config.Policy.
	Policy authz.Policy
	// Suspended has every good credential of the tenant refused.
	Suspended bool
}

// maxIDBytes leaves room in authz.MaxCredentialIDBytes for a colon and a
// UUID behind a tenant's id.
const maxIDBytes = 64

// checkName returns an error unless s is 1 to longest characters of alphabet.
func checkName(what, s string, longest int, alphabet string) error {
	if s == "" || len(s) > longest || strings.Trim(s, alphabet) != "" {
		return fmt.Errorf("%w: the %s is not 1 to %d characters of %s", authz.ErrMisconfigured, what, longest, alphabet)
	}
	return nil
}

const (
	lower = "abcdefghijklmnopqrstuvwxyz"
	upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digit = "0123456789"
)

// entry is a tenant in use.
type entry struct {
	Tenant
	jwt    *authz.JWT
	issuer string      // that its principals must have, "" for any
	keys   []authz.Key // that are known without asking
	fault  error       // why its document cannot be used
}

// newEntry checks a tenant by itself.
func newEntry(t Tenant, selectors []Selector, ring *keyring) (*entry, error) {
	e := &entry{Tenant: t}
	if err := checkName("tenant's id", t.ID, maxIDBytes, lower+upper+digit+"._-"); err != nil {
		return nil, err
	}
	for i, host := range t.Hosts {
		if err := checkName(fmt.Sprintf("host %d", i), host, 253, lower+digit+".-"); err != nil {
			return nil, err
		}
	}
	if t.JWT == nil && t.Verifier == nil {
		return nil, fmt.Errorf("%w: neither JWT nor Verifier is set", authz.ErrMisconfigured)
	}
	if t.JWT == nil {
		return e, e.checkSelectable(selectors)
	}
	cfg := *t.JWT
	switch keys := cfg.Keys.(type) {
	case nil: // NewJWT says so
	case authz.StaticKeys:
		if err := checkKeys(keys); err != nil {
			return nil, err
		}
		e.keys = keys
	default:
		if cfg.Issuer == "" {
			return nil, fmt.Errorf("%w: JWT.Issuer is not set: without it the keys must be authz.StaticKeys, which can be compared with those of other tenants beforehand", authz.ErrMisconfigured)
		}
		ring.providers[t.ID] = cfg.Keys
		cfg.Keys = guardedKeys{t.ID, ring, cfg.Keys}
	}
	var err error
	e.issuer = cfg.Issuer
	if e.jwt, err = authz.NewJWT(cfg); err != nil {
		return nil, err
	}
	return e, e.checkSelectable(selectors)
}

// checkSelectable returns an error if none of the selectors can find the tenant,
// or one always finds another. What a selector of another package finds is not
// known.
func (e *entry) checkSelectable(selectors []Selector) error {
	found := false
	for _, selector := range selectors {
		switch selector.(type) {
		case Host:
			if len(e.Hosts) == 0 {
				return fmt.Errorf("%w: the selector Host cannot find it: it has no Hosts", authz.ErrMisconfigured)
			}
			found = true
		case KeyID:
			if e.jwt != nil && e.keys == nil {
				return fmt.Errorf("%w: the selector KeyID cannot find it: its keys are not authz.StaticKeys, so their ids are not known before they are read", authz.ErrMisconfigured)
			}
			found = found || len(e.keys) > 0 && e.keys[0].ID() != ""
		case Issuer:
			found = found || e.issuer != ""
		default: // PathParameter finds every id
			found = true
		}
	}
	if found {
		return nil
	}
	names := make([]string, len(selectors))
	for i, selector := range selectors {
		names[i] = strings.TrimPrefix(fmt.Sprintf("%T", selector), "tenant.")
	}
	return fmt.Errorf("%w: none of the selectors (%s) can find it: set what they look for, its Hosts, JWT.Issuer or the ids of its keys", authz.ErrMisconfigured, strings.Join(names, ", "))
}

// verify returns the tenant's principal, checked again.
func (e *entry) verify(ctx context.Context, r authz.Request, c authz.Credential) (authz.Principal, error) {
	p, byToken, err := e.ask(ctx, r, c)
	if err != nil {
		return authz.Principal{}, err
	}
	switch {
	case byToken && e.issuer != "" && p.Issuer != e.issuer:
		return authz.Principal{}, fmt.Errorf("%w: the principal's issuer is not the tenant's", authz.ErrInvalidClaim)
	case p.Tenant == "" && !byToken && !e.Exclusive:
		return authz.Principal{}, fmt.Errorf("%w: the credential names no tenant", authz.ErrDenied)
	case p.Tenant != "" && p.Tenant != e.ID:
		return authz.Principal{}, fmt.Errorf("%w: the credential is another tenant's", authz.ErrDenied)
	case e.Suspended:
		return authz.Principal{}, authz.ErrTenantSuspended
	}
	p.Tenant = e.ID
	if p.CredentialID != "" {
		// An id that gets too long is left to the chain, which makes one.
		if p.CredentialID = e.ID + ":" + p.CredentialID; authz.CheckCredentialID(p.CredentialID) != nil {
			p.CredentialID = ""
		}
	}
	return p, nil
}

// ask asks the tenant's verifiers. byToken is whether it was JWT that answered.
func (e *entry) ask(ctx context.Context, r authz.Request, c authz.Credential) (p authz.Principal, byToken bool, err error) {
	err = authz.ErrNotApplicable
	if e.Verifier != nil {
		p, err = e.Verifier.Verify(ctx, r, c)
	}
	if e.jwt != nil && errors.Is(err, authz.ErrNotApplicable) {
		p, err = e.jwt.Verify(ctx, r, c)
		byToken = true
	}
	return p, byToken, err
}
