package tenant

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/fresh"
)

const testPath = "/app/tenants"

// store is a Reader in memory with a clock, that counts and can fail.
type store struct {
	mu        sync.Mutex
	documents map[string]string
	fails     error
	reads     int
	time      time.Time
	log       bytes.Buffer
}

func (s *store) ByPath(_ context.Context, path string) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if path != testPath {
		return nil, errors.New("another path")
	}
	return maps.Clone(s.documents), s.fails
}

// put stores or, with "", removes the document of a tenant.
func (s *store) put(id, document string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.documents[testPath+"/"+id] = document; document == "" {
		delete(s.documents, testPath+"/"+id)
	}
}

func (s *store) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = err
}

func (s *store) after(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.time = s.time.Add(d)
}

func (s *store) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.time
}

func (s *store) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

// newStore returns a registry of the documents in a store.
func newStore(t *testing.T, selectors []Selector, change ...func(*Parameters)) (*store, *Registry) {
	t.Helper()
	s := &store{documents: map[string]string{}, time: now()}
	p := Parameters{Path: testPath, Reader: s, now: s.now, Logger: slog.New(slog.NewTextHandler(&s.log, nil))}
	for _, f := range change {
		f(&p)
	}
	g, err := FromParameters(Config{Selectors: selectors}, p)
	if err != nil {
		t.Fatal(err)
	}
	return s, g
}

// long is a token that outlives every test.
func (i *issuerOf) long() authz.Credential {
	return jwt(i.header(), i.claims("exp", testNow+1_000_000), i.sign)
}

// checkVerify wants a token of the issuer's at its own address to be let in, or
// the error.
func checkVerify(t *testing.T, g *Registry, i *issuerOf, want string) {
	t.Helper()
	p, err := g.Verify(t.Context(), i.request(), i.long())
	if text(err) != want || (err == nil) != (p.Tenant == i.id) {
		t.Errorf("%s: got tenant %q, %q; want %q", i.id, p.Tenant, text(err), want)
	}
	if err == nil && (len(p.Digest) != 64 || p.KeyID == "") {
		t.Errorf("%s: nothing to revoke it by: digest %q, key %q", i.id, p.Digest, p.KeyID)
	}
}

func TestFromParametersRefuses(t *testing.T) {
	t.Parallel()
	reader := &store{}
	tests := []struct {
		name string
		cfg  Config
		p    Parameters
		text string
	}{
		{"no selector", Config{}, Parameters{Path: "/a", Reader: reader}, "misconfigured: Config.Selectors is empty or has a nil"},
		{"no path", Config{Selectors: every}, Parameters{Reader: reader}, "misconfigured: Parameters.Path, which has 0 bytes, does not begin with a slash, or ends with one"},
		{"slash at the end", Config{Selectors: every}, Parameters{Path: "/a/", Reader: reader}, "misconfigured: Parameters.Path, which has 3 bytes, does not begin with a slash, or ends with one"},
		{"a secret as the path", Config{Selectors: every}, Parameters{Path: secretText, Reader: reader}, "misconfigured: Parameters.Path, which has 51 bytes, does not begin with a slash, or ends with one"},
		{"no reader", Config{Selectors: every}, Parameters{Path: "/a"}, "misconfigured: Parameters.Reader is not set"},
		{"too young", Config{Selectors: every}, Parameters{Path: "/a", Reader: reader, MaxAge: time.Millisecond}, "misconfigured: MaxAge of the tenants is 1ms, allowed is 1s to 24h0m0s"},
		{"too old", Config{Selectors: every}, Parameters{Path: "/a", Reader: reader, MaxAge: 25 * time.Hour}, "misconfigured: MaxAge of the tenants is 25h0m0s, allowed is 1s to 24h0m0s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g, err := FromParameters(tt.cfg, tt.p)
			if g != nil || !errors.Is(err, authz.ErrMisconfigured) || text(err) != tt.text {
				t.Errorf("got %q, want %q", text(err), tt.text)
			}
		})
	}
}

// TestParametersEveryPair: tenants from documents are as far apart as those in
// code.
func TestParametersEveryPair(t *testing.T) {
	t.Parallel()
	s, g := newStore(t, every)
	for _, i := range issuers() {
		s.put(i.id, i.document())
	}
	for _, a := range issuers() {
		checkVerify(t, g, a, "")
		for _, b := range issuers() {
			if a != b {
				checkPair(t, "documents ", g, a, b, attempts(a, b))
			}
		}
	}
}

// TestOneBadDocument: its tenant is shut out, the others go on.
func TestOneBadDocument(t *testing.T) {
	t.Parallel()
	ada, bob, cid := issuers()[0], issuers()[1], issuers()[2]
	const might = "misconfigured: the request fits no tenant, but might be one of bob, which cannot be used"
	const fault = `tenant "bob": using parameter "/app/tenants/bob": `
	tests := []struct{ name, document, byID string }{
		{"no JSON", "hunter2-hunter2", fault + "misconfigured: it is no JSON, at byte 1"},
		{"no keys", bob.document("keys", nil), fault + "misconfigured: there is no key"},
		{"bad host", bob.document("hosts", []string{"a b"}), fault + "misconfigured: the host 0 is not 1 to 253 characters of " + lower + digit + ".-"},
		{"no issuer", bob.document("issuer", nil), fault + "misconfigured: set one of JWTConfig.Issuer and JWTConfig.AnyIssuer"},
		{"bad policy", bob.document("policy", 1), fault + "policy: misconfigured: the route permissions are not a JSON object of arrays of strings"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, g := newStore(t, []Selector{Issuer{}})
			byPath, err := FromParameters(Config{Selectors: []Selector{PathParameter{"tenant"}}}, Parameters{Path: testPath, Reader: s, now: s.now, Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			s.put("ada", ada.document())
			s.put("bob", bob.document())
			checkVerify(t, g, bob, "")
			s.put("bob", tt.document)
			s.after(DefaultMaxAge) // also one that was good: not even stale
			for range 2 {
				checkVerify(t, g, ada, "")
				checkVerify(t, byPath, ada, "")
				checkVerify(t, g, bob, might)
				checkVerify(t, byPath, bob, tt.byID)
				checkVerify(t, g, cid, might) // nobody knows whose it is
			}
			if log := s.log.String(); !strings.Contains(log, `msg="tenant shut out" tenant=bob`) || strings.Contains(log, "hunter2") {
				t.Error("the log does not say that the tenant is shut out, or shows the document")
			}
			s.put("bob", bob.document())
			s.after(fresh.MinInterval)
			checkVerify(t, g, bob, "")
			checkVerify(t, g, cid, unknownText)
		})
	}
}

// TestClashingDocuments: both are shut out, whoever was first, and the third
// goes on.
func TestClashingDocuments(t *testing.T) {
	t.Parallel()
	ada, bob, cid := issuers()[0], issuers()[1], issuers()[2]
	for what, document := range map[string]string{
		`the host "ada.example.com"`:          bob.document("hosts", []string{bob.host(), ada.host()}),
		`the issuer "https://id.ada.example"`: bob.document("issuer", ada.issuer()),
		`the key id "ada-key"`:                bob.document("keys", []any{bob.writtenKey(ada.kid())}),
		"the same key":                        bob.document("keys", []any{ada.writtenKey(bob.kid())}),
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s, g := newStore(t, []Selector{PathParameter{"tenant"}})
			s.put("ada", ada.document())
			s.put("cid", cid.document())
			checkVerify(t, g, ada, "")
			s.put("bob", document)
			s.after(DefaultMaxAge)
			want := `misconfigured: tenants "ada" and "bob" have ` + what + " in common"
			checkVerify(t, g, ada, want)
			checkVerify(t, g, bob, want)
			checkVerify(t, g, cid, "")
			s.put("bob", "")
			s.after(DefaultMaxAge)
			checkVerify(t, g, ada, "")
		})
	}
}

// TestDocumentsThatCannotBeSelected: only their tenant is shut out, and the log
// says so.
func TestDocumentsThatCannotBeSelected(t *testing.T) {
	t.Parallel()
	ada, bob := issuers()[0], issuers()[1]
	s, g := newStore(t, []Selector{Host{}, Issuer{}})
	s.put("ada", ada.document())
	s.put("bob", bob.document("hosts", nil))
	checkVerify(t, g, ada, "")
	checkVerify(t, g, bob, "misconfigured: the request fits no tenant, but might be one of bob, which cannot be used")
	const want = `msg="tenant shut out" tenant=bob error="tenant \"bob\": using parameter \"/app/tenants/bob\": misconfigured: the selector Host cannot find it: it has no Hosts"`
	if log := s.log.String(); !strings.Contains(log, want) {
		t.Errorf("the log is\n%s", log)
	}
}

// TestThreeDocumentsInCommon: all that have something in common with one are
// shut out, by whatever it is.
func TestThreeDocumentsInCommon(t *testing.T) {
	t.Parallel()
	ada, bob, cid, dan := issuers()[0], issuers()[1], issuers()[2], issuers()[3]
	s, g := newStore(t, []Selector{PathParameter{"tenant"}})
	s.put("ada", ada.document())
	s.put("bob", bob.document())
	s.put("cid", cid.document("hosts", []string{cid.host(), ada.host()}, "issuer", bob.issuer()))
	s.put("dan", dan.document())
	checkVerify(t, g, ada, `misconfigured: tenants "ada" and "cid" have the host "ada.example.com" in common`)
	checkVerify(t, g, bob, `misconfigured: tenants "bob" and "cid" have the issuer "https://id.bob.example" in common`)
	checkVerify(t, g, cid, `misconfigured: tenants "bob" and "cid" have the issuer "https://id.bob.example" in common`)
	checkVerify(t, g, dan, "")
}

// TestDocumentInTheWrongPlace: a parameter below a tenant's is no tenant, and
// is not overlooked.
func TestDocumentInTheWrongPlace(t *testing.T) {
	t.Parallel()
	ada := issuers()[0]
	s, g := newStore(t, every)
	s.put("ada", ada.document())
	s.put("bob/key", issuers()[1].document())
	checkVerify(t, g, ada, "")
	checkVerify(t, g, issuers()[1], "misconfigured: the request fits no tenant, but might be one of bob/key, which cannot be used")
}

// TestParameterOfAnotherType: the likeliest mistake of all shuts out one tenant
// only.
func TestParameterOfAnotherType(t *testing.T) {
	t.Parallel()
	ada, bob := issuers()[0], issuers()[1]
	s, g := newStore(t, []Selector{PathParameter{"tenant"}})
	s.put("ada", ada.document())
	s.put("bob", bob.document())
	s.documents[testPath+"/bob"] = "" // as secret.Client reads it
	checkVerify(t, g, ada, "")
	checkVerify(t, g, bob, `tenant "bob": using parameter "/app/tenants/bob": misconfigured: it is not a SecureString; delete it and put it again with --type SecureString`)
}

func TestNoDocuments(t *testing.T) {
	t.Parallel()
	s, g := newStore(t, every)
	checkVerify(t, g, issuers()[0], "misconfigured: there is no tenant")
	s.put("ada", issuers()[0].document())
	checkVerify(t, g, issuers()[0], "") // found at once
}

// TestNothingPrintsASecret: neither a registry nor what it is made of shows a
// document or a key.
func TestNothingPrintsASecret(t *testing.T) {
	t.Parallel()
	ada := issuers()[0]
	s, g := newStore(t, every)
	s.put("ada", ada.document())
	checkVerify(t, g, ada, "")
	parsed, err := ParseDocument("ada", ada.document(), nil)
	if err != nil {
		t.Fatal(err)
	}
	written, _ := ada.written["secret"].(string)
	key, err := ada.key("")
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := key.HMACSecret()
	values := map[string]any{
		"registry": g, "registry by value": *g, "static registry": *newRegistry(t, every, parsed),
		"tenant": parsed, "tenant's JWT": *parsed.JWT,
	}
	for what, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
			printed := fmt.Sprintf(verb, value)
			for _, secret := range []string{written[len("base64:"):], string(raw), fmt.Sprintf("%x", raw), fmt.Sprintf("%d", raw), fmt.Sprintf("%x", written)} {
				if secret == "" || strings.Contains(printed, secret) {
					t.Errorf("%s shows the secret with %s", what, verb)
				}
			}
		}
	}
}
