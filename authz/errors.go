package authz

import "errors"

// The reasons for which a credential is not accepted. A [Verifier] or
// [Extractor] wraps one of them; callers decide with [errors.Is].
//
// The texts that this package adds to them are constants: no part of a
// credential ever stands in an error, and no claim does.
var (
	// ErrNotApplicable: the credential is of another kind, which another
	// verifier might judge.
	ErrNotApplicable = errors.New("credential of another kind")
	// ErrNoCredential: the request has no credential.
	ErrNoCredential = errors.New("no credential")

	// ErrMalformed: the credential is not well formed.
	ErrMalformed = errors.New("malformed credential")
	// ErrUnsupportedAlgorithm: the token names an algorithm other than the
	// key's (RFC 8725 section 3.1).
	ErrUnsupportedAlgorithm = errors.New("unsupported algorithm")
	// ErrInvalidSignature: no key verifies the signature.
	ErrInvalidSignature = errors.New("invalid signature")
	// ErrExpired: the credential, or the identity made from it, has expired.
	ErrExpired = errors.New("expired")
	// ErrNotYetValid: the credential becomes valid, or was issued, in the
	// future.
	ErrNotYetValid = errors.New("not yet valid")
	// ErrInvalidClaim: a claim is missing, of the wrong type, or not the one
	// that is required.
	ErrInvalidClaim = errors.New("invalid claim")

	// ErrMisconfigured: the authorizer cannot judge any credential until its
	// configuration is changed.
	ErrMisconfigured = errors.New("misconfigured")
	// ErrUnavailable: something that the authorizer depends on does not
	// answer; a later attempt may succeed.
	ErrUnavailable = errors.New("unavailable")
)

// denials are the errors that are the credential's fault, with their names in
// the log. Every other error, an unknown one included, is a fault of the
// authorizer: it fails closed as an error, not as a denial.
var denials = []struct {
	err    error
	reason string
}{
	{ErrNotApplicable, "not applicable"},
	{ErrNoCredential, "no credential"},
	{ErrMalformed, "malformed"},
	{ErrUnsupportedAlgorithm, "unsupported algorithm"},
	{ErrInvalidSignature, "invalid signature"},
	{ErrExpired, "expired"},
	{ErrNotYetValid, "not yet valid"},
	{ErrInvalidClaim, "invalid claim"},
}

// classify names the reason of err and says whether it is a denial. An error
// that wraps both a fault and a denial is a fault.
func classify(err error) (reason string, denied bool) {
	switch {
	case errors.Is(err, ErrMisconfigured):
		return "misconfigured", false
	case errors.Is(err, ErrUnavailable):
		return "unavailable", false
	}
	for _, d := range denials {
		if errors.Is(err, d.err) {
			return d.reason, true
		}
	}
	return "internal", false
}
