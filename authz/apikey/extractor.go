package apikey

import (
	"errors"
	"fmt"
	"strings"

	"github.com/protected-http-api/protected-http-api/authz"
)

// Scheme is the scheme of credentials that [Header] finds in a header of their
// own, and the method of principals that [Verifier] makes.
const Scheme = "APIKey"

// DefaultHeader is the header of API keys.
const DefaultHeader = "X-Api-Key"

// Header is the [authz.Extractor] of API keys. Put it before that of tokens in
// the chain: a verifier of tokens takes every Bearer credential for its own.
type Header struct {
	// Name is the header that holds the key and nothing else, in any case.
	// Defaults to DefaultHeader.
	Name string
	// Bearer also takes a key from the header Authorization with the scheme
	// Bearer, told from a token by its prefix. Defaults to false.
	Bearer bool
	// Prefix is that of the keys. Defaults to DefaultPrefix.
	Prefix string
}

// Extract implements [authz.Extractor]. A header that is there but empty, one
// with a comma, by which API Gateway joins repeated headers, and a value that
// is longer than any key are authz.ErrMalformed, and so is a request with a
// key in each header.
func (h Header) Extract(r authz.Request) (authz.Credential, error) {
	name, prefix := h.Name, h.Prefix
	if name == "" {
		name = DefaultHeader
	}
	if prefix == "" {
		prefix = DefaultPrefix
	}
	var bearer authz.Credential
	missing := fmt.Errorf("%w: the header %s is missing", authz.ErrNoCredential, name)
	if h.Bearer {
		var err error
		bearer, err = authz.BearerHeader{}.Extract(r)
		switch {
		case err == nil && !strings.HasPrefix(bearer.Value(), prefix+"_"):
			bearer = authz.Credential{}
			missing = fmt.Errorf("%w: the header Authorization has no API key", authz.ErrNotApplicable)
		case errors.Is(err, authz.ErrNotApplicable):
			missing = err
		case err != nil && !errors.Is(err, authz.ErrNoCredential):
			return authz.Credential{}, err
		}
	}
	value, found := r.Headers[strings.ToLower(name)]
	isBearer := bearer != authz.Credential{}
	switch {
	case !found && !isBearer:
		return authz.Credential{}, missing
	case found && isBearer:
		return authz.Credential{}, fmt.Errorf("%w: the headers %s and Authorization both have an API key", authz.ErrMalformed, name)
	case isBearer:
		name, value = "Authorization", bearer.Value()
	case value == "":
		return authz.Credential{}, fmt.Errorf("%w: the header %s is empty", authz.ErrMalformed, name)
	case strings.Contains(value, ","):
		return authz.Credential{}, fmt.Errorf("%w: the header %s has a comma, so it may be several headers", authz.ErrMalformed, name)
	}
	switch {
	case len(value) > maxKeyBytes:
		return authz.Credential{}, fmt.Errorf("%w: the value of the header %s is longer than any API key is", authz.ErrMalformed, name)
	case isBearer:
		return bearer, nil // as BearerHeader finds it too: one credential, not two
	}
	return authz.NewCredential(Scheme, value), nil
}
