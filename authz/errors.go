package authz

import (
	"errors"
	"strings"
)

// The reasons for which a request is not let through. An [Extractor], a
// [Verifier], a [Policy] or a [Limiter] wraps one of them; callers decide with
// [errors.Is].
//
// The texts that this package adds to them are constants: no part of a
// credential ever stands in an error, and no claim does.
//
// The first two make a [Chain] go on with its next link.
var (
	// ErrNotApplicable: the credential is of another kind, which another
	// verifier might judge.
	ErrNotApplicable = errors.New("credential of another kind")
	// ErrNoCredential: the request has no credential. Only an [Extractor] says
	// so: of a [Verifier], which has been given one, it is final.
	ErrNoCredential = errors.New("no credential")
)

// Authentication: the credential is not good.
var (
	// ErrMalformed: the credential is not well formed.
	ErrMalformed = errors.New("malformed credential")
	// ErrUnsupportedAlgorithm: the credential names an algorithm other than
	// the key's (RFC 8725 section 3.1).
	ErrUnsupportedAlgorithm = errors.New("unsupported algorithm")
	// ErrUnknownKey: a token or a signature names a key, by its id, that the
	// verifier does not have; or the credential is itself an API key, and no
	// such key was ever made or it has been deleted.
	ErrUnknownKey = errors.New("unknown key")
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
	// ErrRevoked: the credential was good once and has been withdrawn.
	ErrRevoked = errors.New("revoked")
	// ErrReplayed: the credential is good for one request, and has been used.
	ErrReplayed = errors.New("replayed")
)

// Authorization: the credential is good, but the request may not be made.
var (
	// ErrDenied: the policy does not allow the request.
	ErrDenied = errors.New("denied")
	// ErrTenantSuspended: the caller's tenant is suspended.
	ErrTenantSuspended = errors.New("tenant suspended")
	// ErrQuotaExceeded: the caller has made all the requests of the period.
	ErrQuotaExceeded = errors.New("quota exceeded")
	// ErrRateLimited: the caller makes requests too fast.
	ErrRateLimited = errors.New("rate limited")
)

// Faults: the credential could not be judged.
var (
	// ErrMisconfigured: the authorizer cannot judge any credential until its
	// configuration is changed.
	ErrMisconfigured = errors.New("misconfigured")
	// ErrUnavailable: something that the authorizer depends on does not
	// answer; a later attempt may succeed.
	ErrUnavailable = errors.New("unavailable")
)

// denials are the errors that are the request's fault, with their names in
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
	{ErrUnknownKey, "unknown key"},
	{ErrInvalidSignature, "invalid signature"},
	{ErrExpired, "expired"},
	{ErrNotYetValid, "not yet valid"},
	{ErrInvalidClaim, "invalid claim"},
	{ErrRevoked, "revoked"},
	{ErrReplayed, "replayed"},
	{ErrDenied, "denied"},
	{ErrTenantSuspended, "tenant suspended"},
	{ErrQuotaExceeded, "quota exceeded"},
	{ErrRateLimited, "rate limited"},
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
	return reasonInternal, false
}

// reasonInternal is the reason of an error that wraps no sentinel.
const reasonInternal = "internal"

// CredentialError is an error about one credential, with what may be logged
// of it. Its text is that of Err. A [Verifier] that knows more than a [Chain]
// does of a credential that fails wraps its error in one.
type CredentialError struct {
	// Method is the kind of credential, for instance "JWT".
	Method string
	// CredentialID is a public name of the credential that has been verified,
	// such as the id of the key that it was made with. What is only claimed does
	// not belong here: a stranger's words would stand in the log as a credential's
	// id. What [CheckCredentialID] refuses is not logged.
	CredentialID string
	// Err is the error. Required.
	Err error
}

// Error implements error.
func (e *CredentialError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *CredentialError) Unwrap() error { return e.Err }

// MaxCredentialIDBytes is how long the id of a credential or of a key may be.
const MaxCredentialIDBytes = 128

// idRule is what CheckCredentialID takes.
const idRule = "1 to 128 letters, digits and characters of ._:~=+-@/ without .. in it"

// CheckCredentialID returns an error unless id can name a credential or a key:
// 1 to MaxCredentialIDBytes letters, digits and characters of ._:~=+-@/ without
// two dots in a row. An id is looked up in a map or a table and nowhere else; it
// has no quote, space or line break and leads to no parent folder all the same, so
// that it is harmless in a log, a path or a query.
func CheckCredentialID(id string) error {
	good := 0 < len(id) && len(id) <= MaxCredentialIDBytes && !strings.Contains(id, "..")
	for i := range len(id) {
		good = good && (isBase64URL(id[i]) || strings.IndexByte(".:~=+@/", id[i]) >= 0)
	}
	if !good {
		return errors.New("the id is not " + idRule)
	}
	return nil
}
