package authz

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Principal is who a verified credential speaks for, and what came with it.
type Principal struct {
	// Subject is the caller's id: the sub claim of a token, the owner of an API
	// key. Required.
	Subject string
	// Issuer is the iss claim of a token; empty where there is none.
	Issuer string
	// Tenant is the tenant that the credential belongs to; empty without
	// tenants. It is set from the configuration that verified the credential,
	// never from what the credential says of itself alone.
	Tenant string
	// Method is how the credential was verified, for instance "JWT".
	Method string
	// CredentialID is a public name of the credential, for logs, quotas and
	// revocation; see [CheckCredentialID]. Empty where it has none.
	CredentialID string
	// Scopes are the OAuth scopes that the credential was issued with (RFC 6749
	// section 3.3).
	Scopes []string
	// Permissions are what the caller may do; see [Permits].
	Permissions []string
	// Tier is the caller's tier, by which quotas are told apart.
	Tier string
	// Claims are all claims of a verified token. A policy reads them; the
	// handler does not get them.
	Claims Claims
	// ExpiresAt is when the identity stops being valid, to the second. Required.
	// For a credential that never expires it is MaxIdentityLife from now.
	ExpiresAt time.Time
}

// MaxIdentityLife is how long the identity of a credential without an expiry
// of its own is valid: an hour, the longest that API Gateway reuses an
// authorizer's answer.
const MaxIdentityLife = time.Hour

// Verifier turns a credential into a principal. Its error wraps one of this
// package's sentinels and has no part of the credential in its text. It is
// ErrNotApplicable where the credential is of a kind that the verifier does
// not judge, told by scheme or shape and never by a verification that failed.
// An error that wraps no sentinel counts as a fault. Verify is safe for
// concurrent use.
type Verifier interface {
	Verify(ctx context.Context, r Request, c Credential) (Principal, error)
}

// MaxSubjectBytes is how long a subject may be: 255 bytes, OpenID Connect Core
// 1.0 section 2's limit for sub.
const MaxSubjectBytes = 255

// CheckSubject returns an error that says what is wrong with subject, nil if
// it is a valid one: valid UTF-8, 1 to MaxSubjectBytes bytes, printable
// characters only, no space at either end. Control and invisible characters
// are refused because two subjects that differ must also look different in a
// log or a console.
func CheckSubject(subject string) error { return checkName("the subject", subject) }

// checkName is CheckSubject for any name.
func checkName(what, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%s is empty", what)
	case len(name) > MaxSubjectBytes:
		return fmt.Errorf("%s is longer than %d bytes", what, MaxSubjectBytes)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unprintable):
		return fmt.Errorf("%s has a character that is not printable", what)
	case strings.TrimSpace(name) != name:
		return fmt.Errorf("%s begins or ends with a space", what)
	}
	return nil
}

// checkToken returns an error unless s is one element of a list that is
// written with spaces: a scope-token of RFC 6749 section 3.3, that is
// printable ASCII without space, quote and backslash.
func checkToken(s string) error {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return fmt.Errorf("it has a character outside printable ASCII, a space, a quote or a backslash")
		}
	}
	if s == "" {
		return fmt.Errorf("it is empty")
	}
	return nil
}

// check returns an error that says what is wrong with the principal; the text
// has none of its values. [FromRequest] would refuse the identity on every
// request.
func (p Principal) check() error {
	if err := CheckSubject(p.Subject); err != nil {
		return err
	}
	for _, name := range []struct{ what, value string }{
		{"the issuer", p.Issuer}, {"the tenant", p.Tenant}, {"the method", p.Method}, {"the tier", p.Tier},
	} {
		if name.value != "" {
			if err := checkName(name.what, name.value); err != nil {
				return err
			}
		}
	}
	if p.CredentialID != "" {
		if err := CheckCredentialID(p.CredentialID); err != nil {
			return fmt.Errorf("the credential's id: %w", err)
		}
	}
	for _, list := range []struct {
		what   string
		values []string
	}{{"scope", p.Scopes}, {"permission", p.Permissions}} {
		for i, value := range list.values {
			if err := checkToken(value); err != nil {
				return fmt.Errorf("%s %d: %w", list.what, i, err)
			}
		}
	}
	if seconds := p.ExpiresAt.Unix(); seconds <= 0 || seconds > maxNumericDate {
		return fmt.Errorf("its expiry is out of range")
	}
	return nil
}

// unprintable counts U+FFFD as unprintable: it is what the JSON decoder makes
// of every unpaired surrogate, so it would make different subjects the same.
func unprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }
