package authz

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// Principal is what a [Verifier] makes of a credential: the [Identity] that the
// handler gets, of which Subject and ExpiresAt are required, and what else a
// policy may ask for. The ExpiresAt of a credential that never expires is
// MaxIdentityLife from now.
type Principal struct {
	Identity
	// Claims are all claims of a verified token; none of other credentials.
	Claims Claims
	// IssuedAt is when the credential was issued: the iat of a token, the making of
	// an API key. Zero where nobody says it, as of a signing key.
	IssuedAt time.Time
	// KeyID is the id of the key that the credential was made with: of the key that
	// verifies a token, of an API key, of a signing key. Empty where the key has
	// none; see [CheckCredentialID].
	KeyID string
	// Digest is the [TokenDigest] of a token; empty of other credentials.
	Digest string
}

// MaxIdentityLife is how long the identity of a credential without an expiry
// of its own is valid: an hour, the longest that API Gateway reuses an
// authorizer's answer.
const MaxIdentityLife = time.Hour

// check returns an error unless the principal is one that a verifier may give.
func (p Principal) check() error {
	if p.KeyID != "" {
		if err := CheckCredentialID(p.KeyID); err != nil {
			return fmt.Errorf("the id of the key: %w", err)
		}
	}
	return p.Identity.check()
}

// Revocations knows the credentials that are good and have been withdrawn all the
// same. Check returns an error that wraps ErrRevoked for the principal of one,
// ErrUnavailable or ErrMisconfigured where it cannot tell, else nil. It is safe for
// concurrent use. Package authz/revocation has the one in a table of DynamoDB.
type Revocations interface {
	Check(ctx context.Context, p Principal) error
}

// Verifier turns a credential into a principal. Its error wraps one of this
// package's sentinels and has no part of the credential in its text. It is
// ErrNotApplicable where the credential is of a kind that the verifier does
// not judge, told by scheme or shape and never by a verification that failed.
// An error that wraps no sentinel counts as a fault. One that depends on more of the
// request than the credential, or takes a credential once, asks
// [Request.CheckReuse]. Verify is safe for concurrent use.
type Verifier interface {
	Verify(ctx context.Context, r Request, c Credential) (Principal, error)
}

// MaxSubjectBytes is how long a subject may be: 255 bytes, OpenID Connect Core
// 1.0 section 2's limit for sub.
const MaxSubjectBytes = contract.MaxSubjectBytes

// CheckSubject returns an error that says what is wrong with subject, nil if
// it is a valid one: valid UTF-8, 1 to MaxSubjectBytes bytes, printable
// characters only, no space at either end, in Unicode's normalization form C
// (Unicode Standard Annex #15). Two subjects that differ must also look different
// in a log or a console: control and invisible characters
// (Default_Ignorable_Code_Point, and U+2800, a blank of Braille) are refused, and
// so is a letter with its accent apart.
func CheckSubject(subject string) error { return checkName("the subject", subject) }

// checkName is CheckSubject for any name.
func checkName(what, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%s is empty", what)
	case len(name) > MaxSubjectBytes:
		return fmt.Errorf("%s is longer than %d bytes", what, MaxSubjectBytes)
	case isPrintableASCII(name) && name[0] != ' ' && name[len(name)-1] != ' ': // the rule; the rest is for others
		return nil
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unprintable):
		return fmt.Errorf("%s has a character that is not printable", what)
	case strings.TrimSpace(name) != name:
		return fmt.Errorf("%s begins or ends with a space", what)
	case !norm.NFC.IsNormalString(name):
		return fmt.Errorf("%s is not in normalization form C (NFC)", what)
	}
	return nil
}

func isPrintableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
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

// check returns an error unless the identity is one that a verifier may give; the
// text has none of its values. [FromRequest] would refuse it on every request.
func (i Identity) check() error {
	if err := CheckSubject(i.Subject); err != nil {
		return err
	}
	for _, name := range []struct{ what, value string }{
		{"the issuer", i.Issuer}, {"the tenant", i.Tenant}, {"the method", i.Method}, {"the tier", i.Tier},
	} {
		if name.value != "" {
			if err := checkName(name.what, name.value); err != nil {
				return err
			}
		}
	}
	if i.CredentialID != "" {
		if err := CheckCredentialID(i.CredentialID); err != nil {
			return fmt.Errorf("the credential's id: %w", err)
		}
	}
	for _, list := range []struct {
		what   string
		values []string
	}{{"scope", i.Scopes}, {"permission", i.Permissions}} {
		for n, value := range list.values {
			if err := checkToken(value); err != nil {
				return fmt.Errorf("%s %d: %w", list.what, n, err)
			}
		}
	}
	if seconds := i.ExpiresAt.Unix(); seconds <= 0 || seconds > contract.MaxSeconds {
		return fmt.Errorf("its expiry is out of range")
	}
	return nil
}

// unprintable counts U+FFFD as unprintable: it is what the JSON decoder makes
// of every unpaired surrogate, so it would make different subjects the same.
func unprintable(r rune) bool {
	return r == utf8.RuneError || !unicode.IsPrint(r) || r > unicode.MaxASCII && unicode.In(r, invisible...)
}

// invisible are the characters that are Default_Ignorable_Code_Point (Unicode
// Standard, section 5.21) and yet printable to package unicode, and those that are
// drawn as nothing: the blank of Braille, the filler of Khitan, the null note head.
var invisible = []*unicode.RangeTable{
	unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector,
	{
		R16: []unicode.Range16{{Lo: '\u2800', Hi: '\u2800', Stride: 1}},
		R32: []unicode.Range32{{Lo: 0x16FE4, Hi: 0x16FE4, Stride: 1}, {Lo: 0x1D159, Hi: 0x1D159, Stride: 1}},
	},
}
