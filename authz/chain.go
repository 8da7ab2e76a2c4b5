package authz

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Link is one way to authenticate: where the credential is, and who judges it.
type Link struct {
	// Extractor finds the credential. Defaults to BearerHeader.
	Extractor Extractor
	// Verifier judges it. Required.
	Verifier Verifier
}

// Chain is the ways in which a request may authenticate, in the order in which
// they are asked. The first that applies decides: only ErrNoCredential
// of an extractor, and ErrNotApplicable, go on to the next. Any other error is
// final, and so is one that wraps a fault beside them. A request to which none
// applies is refused.
//
// A request in which the extractors find two different credentials is refused
// as malformed (RFC 6750 section 2): otherwise the order here would decide who
// the caller is. What no extractor looks for does not count.
type Chain []Link

// Authenticate returns the principal of the request. Its error is the reason
// why there is none, a [CredentialError] where a credential was found.
func (c Chain) Authenticate(ctx context.Context, r Request) (Principal, error) {
	principal, _, err := c.authenticate(ctx, r)
	return principal, err
}

// authenticate returns, beside what Authenticate does, the credential that was
// judged last, also with an error; the zero value if none was.
func (c Chain) authenticate(ctx context.Context, r Request) (Principal, Credential, error) {
	if len(c) == 0 {
		return Principal{}, Credential{}, fmt.Errorf("%w: the chain has no link", ErrMisconfigured)
	}
	var few [4]extracted // on the stack
	credentials, err := c.extract(r, few[:0])
	if err != nil {
		return Principal{}, Credential{}, err
	}
	var judged Credential
	err = credentials[0].err
	if len(c) > 1 {
		err = errNoneAccepted
	}
	for i, link := range c {
		credential, extractErr := credentials[i].credential, credentials[i].err
		if extractErr != nil { // goes on: extract has seen to that
			if !errors.Is(extractErr, ErrNoCredential) {
				err = extractErr
			}
			continue
		}
		judged = credential
		principal, verifyErr := link.Verifier.Verify(ctx, r, credential)
		if verifyErr == nil {
			if principal.CredentialID == "" {
				principal.CredentialID = shortDigest(principal.Digest)
			}
			if principal.CredentialID == "" {
				principal.CredentialID = credential.fingerprint()
			}
			principal, err = checkPrincipal(principal)
			return principal, judged, err
		}
		err = describe(verifyErr, credential)
		if !goesOn(verifyErr, ErrNotApplicable) {
			return Principal{}, judged, err
		}
	}
	return Principal{}, judged, err
}

// errNoneAccepted is the refusal of a request in which no link finds its credential.
var errNoneAccepted = fmt.Errorf("%w: the request has none of those that are accepted", ErrNoCredential)

// checkPrincipal refuses a principal that [FromRequest] would refuse on every
// request: better to fail here, where the mistake is.
func checkPrincipal(p Principal) (Principal, error) {
	if err := p.check(); err != nil {
		return Principal{}, fmt.Errorf("%w: the verifier's principal: %w", ErrMisconfigured, err)
	}
	return p, nil
}

// extracted is what a link's extractor found.
type extracted struct {
	credential Credential
	err        error
}

// extract asks all extractors before any verifier works, and appends to found what
// they find.
func (c Chain) extract(r Request, found []extracted) ([]extracted, error) {
	first, several := -1, false
	for i, link := range c {
		if link.Verifier == nil {
			return nil, fmt.Errorf("%w: link %d of the chain has no Verifier", ErrMisconfigured, i)
		}
		extractor := link.Extractor
		if extractor == nil {
			extractor = BearerHeader{}
		}
		credential, err := extractor.Extract(r)
		if err != nil && !goesOn(err, ErrNoCredential) && !goesOn(err, ErrNotApplicable) {
			return nil, err
		}
		switch {
		case err != nil:
		case first < 0:
			first = i
		default:
			one := found[first].credential
			several = several || credential.Scheme != one.Scheme || credential.Value() != one.Value()
		}
		if err == nil && credential.value == nil { // which says that there is none
			credential = NewCredential(credential.Scheme, "")
		}
		found = append(found, extracted{credential, err})
	}
	if several {
		schemes := map[string]bool{}
		for _, f := range found {
			if f.err == nil {
				schemes[f.credential.Scheme] = true
			}
		}
		return nil, malformed("the request has more than one credential: " + strings.Join(slices.Sorted(maps.Keys(schemes)), ", "))
	}
	return found, nil
}

// goesOn reports whether err is the sentinel that leaves the request to the
// next link, and no fault as well.
func goesOn(err, sentinel error) bool {
	_, denied := classify(err)
	return denied && errors.Is(err, sentinel)
}

// describe adds what may be logged of the credential, where the verifier has
// not done so.
func describe(err error, c Credential) error {
	var described *CredentialError
	if !errors.As(err, &described) {
		described = &CredentialError{Method: c.Scheme}
	}
	full := &CredentialError{Method: described.Method, CredentialID: described.CredentialID, Err: err}
	if CheckCredentialID(full.CredentialID) != nil {
		full.CredentialID = c.fingerprint()
	}
	return full
}
