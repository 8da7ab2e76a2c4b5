package authz

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// headerExtractor takes the whole value of a header.
func headerExtractor(name string) Extractor {
	return extractFunc(func(r Request) (Credential, error) {
		if r.Headers[name] == "" {
			return Credential{}, ErrNoCredential
		}
		return NewCredential(name, r.Headers[name]), nil
	})
}

func TestChain(t *testing.T) {
	t.Parallel()
	fails := func(err error) Verifier {
		return verifyFunc(func(context.Context, Credential) (Principal, error) { return Principal{}, err })
	}
	is := func(subject string) Verifier {
		return verifyFunc(func(context.Context, Credential) (Principal, error) {
			return Principal{Identity: Identity{Subject: subject, ExpiresAt: time.Unix(testNow, 0)}}, nil
		})
	}
	finds := func(err error) Extractor {
		return extractFunc(func(Request) (Credential, error) { return Credential{}, err })
	}
	bearer := map[string]string{"authorization": "Bearer a"}
	key := map[string]string{"x-api-key": "k"}
	byKey := headerExtractor("x-api-key")
	tests := []struct {
		name          string
		chain         Chain
		headers       map[string]string
		subject, text string
		want          error
	}{
		{"first", Chain{{Verifier: is("1")}, {Verifier: is("2")}}, bearer, "1", "", nil},
		{"the first does not apply", Chain{{Verifier: fails(ErrNotApplicable)}, {Verifier: is("2")}}, bearer, "2", "", nil},
		{"the first has no credential", Chain{{Verifier: is("1")}, {Extractor: byKey, Verifier: is("2")}}, key, "2", "", nil},
		{"the first finds another scheme", Chain{{Verifier: is("1")}, {Extractor: byKey, Verifier: is("2")}}, map[string]string{"authorization": "Basic a", "x-api-key": "k"}, "2", "", nil},
		{"a denial is final", Chain{{Verifier: fails(ErrInvalidSignature)}, {Verifier: is("2")}}, bearer, "", "invalid signature", ErrInvalidSignature},
		{"a fault is final", Chain{{Verifier: fails(ErrUnavailable)}, {Verifier: is("2")}}, bearer, "", "unavailable", ErrUnavailable},
		{"an unknown error is final", Chain{{Verifier: fails(os.ErrClosed)}, {Verifier: is("2")}}, bearer, "", "file already closed", os.ErrClosed},
		{"a malformed header is final", Chain{{Verifier: is("1")}, {Extractor: byKey, Verifier: is("2")}}, map[string]string{"authorization": "Bearer", "x-api-key": "k"}, "", "malformed credential: the header Authorization has no token after its scheme", ErrMalformed},
		{"none applies", Chain{{Verifier: fails(ErrNotApplicable)}, {Verifier: fails(fmt.Errorf("%w: not mine", ErrNotApplicable))}}, bearer, "", "credential of another kind: not mine", ErrNotApplicable},
		{"no credential", Chain{{Verifier: is("1")}, {Extractor: byKey, Verifier: is("2")}}, nil, "", "no credential: the request has none of those that are accepted", ErrNoCredential},
		{"two credentials", Chain{{Verifier: is("1")}, {Extractor: byKey, Verifier: is("2")}}, map[string]string{"authorization": "Bearer a", "x-api-key": "k"}, "", "malformed credential: the request has more than one credential: Bearer, x-api-key", ErrMalformed},
		{"two credentials of one scheme", Chain{{Extractor: headerExtractor("a"), Verifier: is("1")}, {Extractor: extractFunc(func(Request) (Credential, error) { return NewCredential("a", "other"), nil }), Verifier: is("2")}}, map[string]string{"a": "1"}, "", "malformed credential: the request has more than one credential: a", ErrMalformed},
		{"a fault beside not applicable is final", Chain{{Verifier: fails(fmt.Errorf("%w: %w", ErrNotApplicable, ErrUnavailable))}, {Verifier: is("2")}}, bearer, "", "credential of another kind: unavailable", ErrUnavailable},
		{"a fault beside an extractor's no credential is final", Chain{{Extractor: finds(fmt.Errorf("%w: %w", ErrNoCredential, ErrMisconfigured)), Verifier: is("1")}, {Verifier: is("2")}}, bearer, "", "no credential: misconfigured", ErrMisconfigured},
		{"a verifier's no credential is final", Chain{{Verifier: fails(ErrNoCredential)}, {Verifier: is("2")}}, bearer, "", "no credential", ErrNoCredential},
		{"no link", nil, bearer, "", "misconfigured: the chain has no link", ErrMisconfigured},
		{"a link without a verifier, behind one that decides", Chain{{Verifier: is("1")}, {}}, bearer, "", "misconfigured: link 1 of the chain has no Verifier", ErrMisconfigured},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.chain.Authenticate(t.Context(), Request{Headers: tt.headers})
			if got.Subject != tt.subject || text(err) != tt.text || !errors.Is(err, tt.want) {
				t.Errorf("got %q, error %q; want %q, error %q", got.Subject, text(err), tt.subject, tt.text)
			}
		})
	}
}

// TestChainRefusesPrincipals: what FromRequest would refuse later is refused
// where it comes from.
func TestChainRefusesPrincipals(t *testing.T) {
	t.Parallel()
	good := Principal{Identity: Identity{Subject: "s", ExpiresAt: time.Unix(testNow, 0)}}
	tests := []struct {
		name   string
		change func(*Principal)
		text   string
	}{
		{"subject", func(p *Principal) { p.Subject = "" }, "the subject is empty"},
		{"tenant", func(p *Principal) { p.Tenant = "a\n" }, "the tenant has a character that is not printable"},
		{"issuer", func(p *Principal) { p.Issuer = " i" }, "the issuer begins or ends with a space"},
		{"credential id", func(p *Principal) { p.CredentialID = "a b" }, "the credential's id: the id is not 1 to 128 letters, digits and characters of ._:~=+-@/ without .. in it"},
		{"scope", func(p *Principal) { p.Scopes = []string{"a", "b c"} }, "scope 1: it has a character outside printable ASCII, a space, a quote or a backslash"},
		{"permission", func(p *Principal) { p.Permissions = []string{""} }, "permission 0: it is empty"},
		{"expiry", func(p *Principal) { p.ExpiresAt = time.Time{} }, "its expiry is out of range"},
		{"expiry after the year 9999", func(p *Principal) { p.ExpiresAt = time.Unix(contract.MaxSeconds+1, 0) }, "its expiry is out of range"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := good
			tt.change(&p)
			_, err := chainOf(verifyFunc(func(context.Context, Credential) (Principal, error) { return p, nil })).Authenticate(t.Context(), Request{Headers: map[string]string{"authorization": "Bearer a"}})
			if want := "misconfigured: the verifier's principal: " + tt.text; text(err) != want || !errors.Is(err, ErrMisconfigured) {
				t.Errorf("got %q, want %q", text(err), want)
			}
		})
	}
}

// TestChainDescribes: what a stranger calls the credential is named in the error
// only where it can stand in a log.
func TestChainDescribes(t *testing.T) {
	t.Parallel()
	value := strings.Repeat("v", 32)
	fingerprint := NewCredential(BearerScheme, value).fingerprint()
	for _, tt := range []struct{ name, given, want string }{
		{"an id", "key-1", "key-1"}, {"none", "", fingerprint}, {"a line break", "a\nb", fingerprint}, {"too long", strings.Repeat("a", 129), fingerprint},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := chainOf(verifyFunc(func(context.Context, Credential) (Principal, error) {
				return Principal{}, &CredentialError{Method: "M", CredentialID: tt.given, Err: ErrUnknownKey}
			})).Authenticate(t.Context(), Request{Headers: map[string]string{"authorization": "Bearer " + value}})
			var about *CredentialError
			if !errors.As(err, &about) || about.Method != "M" || about.CredentialID != tt.want || text(err) != "unknown key" {
				t.Errorf("got %+v, %v; want %q", about, err, tt.want)
			}
		})
	}
}
