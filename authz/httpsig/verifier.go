package httpsig

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// Method is the name of request signatures: the scheme of their credentials
// and the method of their principals.
const Method = "HTTPSignature"

// Window is how long before and after it was created a signature is good, unless
// it says itself that it expires earlier.
const Window = 5 * time.Minute

// clockSkew is how much the clocks of an authorizer's execution environments
// may differ before a nonce is forgotten while one of them still accepts it.
const clockSkew = time.Minute

// Extractor is the [authz.Extractor] of request signatures: the headers
// Signature-Input and Signature (RFC 9421 section 4). One without the other is
// authz.ErrMalformed.
type Extractor struct{}

// Extract implements [authz.Extractor].
func (Extractor) Extract(r authz.Request) (authz.Credential, error) {
	input, signature := r.Headers["signature-input"], r.Headers["signature"]
	switch {
	case input == "" && signature == "":
		return authz.Credential{}, fmt.Errorf("%w: the headers Signature-Input and Signature are missing or empty", authz.ErrNoCredential)
	case input == "":
		return authz.Credential{}, malformed("the header Signature-Input is missing or empty")
	case signature == "":
		return authz.Credential{}, malformed("the header Signature is missing or empty")
	}
	return authz.NewCredential(Method, input+"\n"+signature), nil
}

// Config is what a [Verifier] is made of.
type Config struct {
	// Keys gives the keys that clients sign with, each with an id. Keys of
	// HS256 only are used. Where it is an [authz.Refresher] as well, a signature
	// that none of them is for makes it look for newer ones. Required.
	Keys authz.KeyProvider
	// Replays keeps the nonces. Required.
	Replays ReplayStore
	// Authorities are the hosts that a request may be signed for, each with its
	// port unless that is the default one, 443. Defaults to the name that API
	// Gateway was called by (requestContext.domainName), and for an API of the
	// local AWS, which is called by an address, to the header Host as well. Set
	// it where a proxy with a name of its own is in front of API Gateway.
	Authorities []string
	// Path returns the path that clients sign, decoded, where it is not the
	// event's: behind a custom domain with an API mapping, or a proxy that
	// rewrites paths. It must give different paths of the event different
	// values. Defaults to Request.Path.
	Path func(authz.Request) string
	// Map completes the principal of a key id: subject, tenant, permissions and
	// tier. It is called after the signature has been verified. Its error
	// refuses the request; one that wraps none of authz's sentinels is a fault,
	// and so are ErrNotApplicable and ErrNoCredential, which would hand a request
	// with a good signature to another method. Defaults to the key id as the
	// subject.
	Map func(keyID string, p *authz.Principal) error

	now func() time.Time // the clock; of tests another
}

// Verifier is the [authz.Verifier] of request signatures. [New] makes it; the
// zero value refuses every request as authz.ErrMisconfigured.
type Verifier struct{ cfg Config }

// New returns the verifier of a configuration, or authz.ErrMisconfigured.
func New(cfg Config) (*Verifier, error) {
	switch {
	case cfg.Keys == nil:
		return nil, misconfigured("Keys is nil")
	case cfg.Replays == nil:
		return nil, misconfigured("Replays is nil; without it a signature would be good more than once")
	}
	if keys, ok := cfg.Keys.(authz.StaticKeys); ok {
		if err := authz.CheckKeys(keys); err != nil {
			return nil, misconfigured("Keys: %w", err)
		}
	}
	authorities := make([]string, len(cfg.Authorities))
	for i, authority := range cfg.Authorities {
		authorities[i] = strings.ToLower(authority)
		if err := (message{method: "GET", path: "/", authority: authorities[i]}).check(); err != nil {
			return nil, misconfigured("Authorities: %q is not a host name or address with an optional port", authority)
		}
		if canonical := givenAuthority(authority); canonical != authorities[i] {
			return nil, misconfigured("Authorities: %q has the default port, which is never signed; write %q", authority, canonical)
		}
	}
	cfg.Authorities = authorities
	if cfg.Path == nil {
		cfg.Path = func(r authz.Request) string { return r.Path }
	}
	if cfg.now == nil {
		cfg.now = time.Now
	}
	return &Verifier{cfg}, nil
}

// Verify implements [authz.Verifier]. The steps are: parse, signature, times,
// [Config].Map and the subject that it gives, and at last the nonce, so that
// nobody without a key writes to the store, and that a request which fails here
// for another reason does not use its nonce up. One that is refused later does:
// by the chain, a policy, a limit or the handler.
func (v *Verifier) Verify(ctx context.Context, r authz.Request, c authz.Credential) (authz.Principal, error) {
	if v == nil || v.cfg.Keys == nil {
		return authz.Principal{}, fmt.Errorf("%w: the httpsig.Verifier is not one of httpsig.New", authz.ErrMisconfigured)
	}
	if c.Scheme != Method {
		return authz.Principal{}, fmt.Errorf("%w: the credential is no request signature", authz.ErrNotApplicable)
	}
	if err := r.CheckReuse(); err != nil {
		return authz.Principal{}, err
	}
	header, signatureHeader, _ := strings.Cut(c.Value(), "\n")
	in, err := parseInput(header)
	if err != nil {
		return authz.Principal{}, err
	}
	if err := v.verify(ctx, r, in, signatureHeader); err != nil {
		return authz.Principal{}, &authz.CredentialError{Method: Method, Err: err} // whose key id is only claimed
	}
	principal, err := v.accept(ctx, in)
	if err != nil {
		return authz.Principal{}, &authz.CredentialError{Method: Method, CredentialID: in.keyID, Err: err}
	}
	return principal, nil
}

// verify returns nil if a key made the signature for this request.
func (v *Verifier) verify(ctx context.Context, r authz.Request, in signatureInput, header string) error {
	signature, err := parseSignature(header, in.label)
	if err != nil {
		return err
	}
	bases, err := v.bases(r, in)
	if err != nil {
		return err
	}
	return authz.TryKeys(ctx, v.cfg.Keys, func(keys []authz.Key) error {
		return matchSignature(keys, in.keyID, signature, bases)
	})
}

// bases returns the signature base for each authority that the request may be
// signed for.
func (v *Verifier) bases(r authz.Request, in signatureInput) ([][]byte, error) {
	if err := checkBody(r, in); err != nil {
		return nil, err
	}
	if !r.KnowsQuery() {
		return nil, fmt.Errorf("%w: the event does not tell the query string as it was sent; set the authorizer's payload format version to 2.0", authz.ErrMisconfigured)
	}
	if err := checkPath(r); err != nil {
		return nil, err
	}
	authorities := v.cfg.Authorities
	if len(authorities) == 0 {
		authorities = requestAuthorities(r)
	}
	bases := make([][]byte, len(authorities))
	for i, authority := range authorities {
		m := message{method: r.Method, path: v.cfg.Path(r), query: r.RawQuery, authority: authority, digest: r.Headers[componentDigest]}
		if err := m.check(); err != nil {
			return nil, malformed("%w", err)
		}
		bases[i] = signatureBase(in.components, m.value, in.params)
	}
	return bases, nil
}

// checkBody returns an error unless Content-Digest is covered when the request
// has it, and when the headers say that there is a body.
func checkBody(r authz.Request, in signatureInput) error {
	digest, hasDigest := r.Headers[componentDigest]
	length, hasLength := r.Headers["content-length"]
	_, isChunked := r.Headers["transfer-encoding"]
	switch {
	case hasDigest && !in.covers(componentDigest):
		return malformed("the request has the header Content-Digest, but the signature does not cover it")
	case in.covers(componentDigest) && !hasDigest:
		return malformed("the signature covers Content-Digest, but the request has no such header")
	case !hasDigest && (isChunked || hasLength && length != "0"):
		return malformed("the request has a body, but no header Content-Digest that the signature covers")
	}
	if !hasDigest {
		return nil
	}
	if _, ok := parseContentDigest(digest); !ok {
		return malformed("the header Content-Digest is not one sha-256 or sha-512 digest, or one of each")
	}
	return nil
}

// requestAuthorities is the default of Config.Authorities. On AWS the header
// Host is not asked: only the domain name is what API Gateway went by. The
// account of the route's ARN is API Gateway's too, and nobody has the local
// AWS's.
func requestAuthorities(r authz.Request) []string {
	authorities := []string{strings.ToLower(r.Host)}
	arn := strings.SplitN(r.RouteARN, ":", 6) // arn:aws:execute-api:region:account:…
	if host := r.Headers["host"]; host != "" && len(arn) == 6 && arn[4] == contract.LocalAccountID {
		authorities = append(authorities, canonicalAuthority(host, "http"))
	}
	return authorities
}

// matchSignature returns nil if a key of this id made the signature. The
// algorithm is the key's alone (RFC 8725 section 3.1). Keys without ids are a
// fault, and an unknown key as well, so that newer keys are looked for.
func matchSignature(keys []authz.Key, keyID string, signature []byte, bases [][]byte) error {
	failure := fmt.Errorf("%w: there is no key with the id of the signature", authz.ErrUnknownKey)
	if len(keys) > 0 && !slices.ContainsFunc(keys, func(key authz.Key) bool { return key.ID() != "" }) {
		failure = fmt.Errorf(`%w: %w: the keys have no ids; write {"keys": {"key id": "secret"}}`, authz.ErrMisconfigured, authz.ErrUnknownKey)
	}
	for _, key := range keys {
		if key.ID() != keyID {
			continue
		}
		secret, ok := key.HMACSecret()
		if !ok || key.Algorithm() != authz.HS256 {
			return fmt.Errorf("%w: the key is not one of HS256", authz.ErrUnsupportedAlgorithm)
		}
		for _, base := range bases {
			if hmac.Equal(signature, macOf(secret, base)) {
				return nil
			}
		}
		failure = fmt.Errorf("%w: the key did not make it for this request", authz.ErrInvalidSignature)
	}
	return failure
}

// accept judges what a good signature says, and uses up its nonce.
func (v *Verifier) accept(ctx context.Context, in signatureInput) (authz.Principal, error) {
	now, created := v.cfg.now(), time.Unix(in.created, 0)
	end := created.Add(Window)
	forget := end.Add(clockSkew)
	if expires := time.Unix(in.expires, 0); in.expires != 0 && expires.Before(end) {
		end = expires
	}
	switch {
	case !now.Before(end):
		return authz.Principal{}, fmt.Errorf("%w: the signature is too old", authz.ErrExpired)
	case now.Add(Window).Before(created):
		return authz.Principal{}, fmt.Errorf("%w: the signature was created in the future", authz.ErrNotYetValid)
	}
	principal := authz.Principal{Identity: authz.Identity{Subject: in.keyID}}
	if err := v.mapKey(in.keyID, &principal); err != nil {
		return authz.Principal{}, fmt.Errorf("mapping the key id: %w", err)
	}
	principal.Method, principal.CredentialID, principal.ExpiresAt = Method, in.keyID, end.UTC()
	principal.DigestRequired, principal.KeyID = true, in.keyID
	if err := v.cfg.Replays.Use(ctx, in.keyID, in.nonce, forget); err != nil {
		return authz.Principal{}, fmt.Errorf("using the nonce: %w", err)
	}
	return principal, nil
}

// mapKey calls Config.Map, and refuses what only looks like an answer.
func (v *Verifier) mapKey(keyID string, p *authz.Principal) error {
	if v.cfg.Map == nil {
		return nil
	}
	if err := v.cfg.Map(keyID, p); errors.Is(err, authz.ErrNotApplicable) || errors.Is(err, authz.ErrNoCredential) {
		return misconfigured("Map returned an error that leaves the request to another method: %v", err) // not wrapped
	} else if err != nil {
		return err
	}
	if err := authz.CheckSubject(p.Subject); err != nil {
		return misconfigured("Map: %w", err)
	}
	return nil
}

func misconfigured(format string, args ...any) error {
	return fmt.Errorf("%w: %w", authz.ErrMisconfigured, fmt.Errorf("httpsig.Config."+format, args...))
}
