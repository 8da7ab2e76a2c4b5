package authz

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Principal is who a verified credential speaks for.
type Principal struct {
	// Subject is the caller's id: the sub claim of a token.
	Subject string
	// Issuer is the iss claim of a token; empty where it has none.
	Issuer string
	// Method is how the credential was verified, for instance "HS256".
	Method string
	// ExpiresAt is when the credential stops being valid, to the second.
	ExpiresAt time.Time
}

// Verifier turns a credential into a principal. Its error wraps one of this
// package's sentinels and has no part of the credential in its text. It is
// ErrNotApplicable where the credential is of a kind that the verifier does
// not judge, told by scheme or shape and never by a verification that failed.
// An error that wraps no sentinel counts as a fault. Verify is safe for
// concurrent use.
type Verifier interface {
	Verify(ctx context.Context, c Credential) (Principal, error)
}

// MaxSubjectBytes is how long a subject may be: 255 bytes, OpenID Connect Core
// 1.0 section 2's limit for sub.
const MaxSubjectBytes = 255

// CheckSubject returns an error that says what is wrong with subject, nil if
// it is a valid one: valid UTF-8, 1 to MaxSubjectBytes bytes, printable
// characters only, no space at either end. Control and invisible characters
// are refused because two subjects that differ must also look different in a
// log or a console.
func CheckSubject(subject string) error {
	switch {
	case subject == "":
		return fmt.Errorf("the subject is empty")
	case len(subject) > MaxSubjectBytes:
		return fmt.Errorf("the subject is longer than %d bytes", MaxSubjectBytes)
	case !utf8.ValidString(subject) || strings.ContainsFunc(subject, unprintable):
		return fmt.Errorf("the subject has a character that is not printable")
	case strings.TrimSpace(subject) != subject:
		return fmt.Errorf("the subject begins or ends with a space")
	}
	return nil
}

// unprintable counts U+FFFD as unprintable: it is what the JSON decoder makes
// of every unpaired surrogate, so it would make different subjects the same.
func unprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }
