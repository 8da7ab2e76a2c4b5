package jwtauth

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	// discoveryPath follows the issuer (OpenID Connect Discovery 1.0 §4).
	discoveryPath = "/.well-known/openid-configuration"
	// keysKept is how long API Gateway caches public keys.
	keysKept = 2 * time.Hour
	// fetchTimeout is for metadata and keys together: a request waits for it.
	fetchTimeout = 5 * time.Second
	// Far above what issuers send, and no burden for a developer's machine.
	maxDocument  = 512 << 10
	maxKeys      = 100
	maxRedirects = 3
	// RFC 7518 §3.3 asks for 2048 bits; the upper bound is for the time that
	// a check takes.
	minKeyBits = 2048
	maxKeyBits = 8192
)

// keySet is what an issuer published.
type keySet struct {
	read time.Time
	keys []publicKey
}

type publicKey struct {
	kid, alg string // an empty alg allows every RSA algorithm
	key      *rsa.PublicKey
}

// find returns the keys of that id that may be used with the algorithm.
func (s *keySet) find(kid, alg string) []*rsa.PublicKey {
	var out []*rsa.PublicKey
	for _, k := range s.keys {
		if k.kid == kid && (k.alg == "" || k.alg == alg) {
			out = append(out, k.key)
		}
	}
	return out
}

// keyCache keeps an issuer's keys for two hours. An unknown key id does not
// make it fetch again: AWS says that keys are cached for two hours and asks
// for a grace period in which old and new key are both published. Failures
// are not kept.
type keyCache struct {
	issuer string
	client *http.Client
	now    func() time.Time

	mu      sync.Mutex
	set     *keySet
	pending *fetch
}

// fetch is one on its way, for all who wait for it.
type fetch struct {
	done chan struct{}
	set  *keySet
	err  error
}

// get returns the keys, from the cache or by the one fetch that is under way
// at a time. It goes on when the request that began it is gone, because
// others wait for it.
func (c *keyCache) get(ctx context.Context) (*keySet, error) {
	c.mu.Lock()
	if c.set != nil && c.now().Sub(c.set.read) < keysKept {
		defer c.mu.Unlock()
		return c.set, nil
	}
	f := c.pending
	if f == nil {
		f = &fetch{done: make(chan struct{})}
		c.pending = f
		go c.run(context.WithoutCancel(ctx), f)
	}
	c.mu.Unlock()
	select {
	case <-f.done:
		return f.set, f.err
	case <-ctx.Done():
		return nil, c.unreachable(jwksError, ctx.Err())
	}
}

func (c *keyCache) run(ctx context.Context, f *fetch) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	f.set, f.err = c.load(ctx)
	c.mu.Lock()
	c.pending, c.set = nil, f.set
	c.mu.Unlock()
	close(f.done)
}

// The descriptions that API Gateway gives where it cannot read an issuer.
const (
	discoveryError = "OIDC discovery endpoint communication error"
	jwksError      = "JWKS communication error"
)

func (c *keyCache) unreachable(description string, cause error) error {
	return &problem{
		description: description,
		cure:        fmt.Sprintf("the keys of the issuer %s must be readable from here: %v", c.issuer, cause),
		cause:       cause,
	}
}

// metadataURL follows OpenID Connect Discovery 1.0 §4.1: a slash at the end of
// the issuer is removed first.
func (c *keyCache) metadataURL() string { return strings.TrimSuffix(c.issuer, "/") + discoveryPath }

func (c *keyCache) load(ctx context.Context) (*keySet, error) {
	var metadata struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	read := c.now()
	from := c.metadataURL()
	if err := c.fetch(ctx, from, &metadata); err != nil {
		return nil, c.unreachable(discoveryError, err)
	}
	// OpenID Connect Discovery 1.0 §4.3.
	if metadata.Issuer != c.issuer {
		return nil, c.unreachable(discoveryError, fmt.Errorf("%s is for the issuer %q", from, metadata.Issuer))
	}
	u, err := url.Parse(metadata.JWKSURI)
	if err != nil || u.Host == "" || !reachable(u) {
		return nil, c.unreachable(discoveryError, fmt.Errorf("jwks_uri %q in %s must be an https URL", metadata.JWKSURI, from))
	}
	var document struct {
		Keys []jsonWebKey `json:"keys"`
	}
	if err := c.fetch(ctx, u.String(), &document); err != nil {
		return nil, c.unreachable(jwksError, err)
	}
	if len(document.Keys) > maxKeys {
		return nil, c.unreachable(jwksError, fmt.Errorf("%s has more than %d keys", u.Redacted(), maxKeys))
	}
	set := &keySet{read: read}
	for _, k := range document.Keys {
		if key, ok := k.rsa(); ok {
			set.keys = append(set.keys, publicKey{k.KeyID, k.Algorithm, key})
		}
	}
	if len(set.keys) == 0 {
		return nil, c.unreachable(jwksError, fmt.Errorf("%s has no RSA key for signatures with a kid and at least %d bits", u.Redacted(), minKeyBits))
	}
	return set, nil
}

func (c *keyCache) fetch(ctx context.Context, from string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Accept", "application/json")
	response, err := c.client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", from, response.Status)
	}
	b, err := io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	switch {
	case err != nil:
		return fmt.Errorf("reading %s: %w", from, err)
	case len(b) > maxDocument:
		return fmt.Errorf("%s is longer than %d bytes", from, maxDocument)
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%s is not the JSON that is expected: %w", from, err)
	}
	return nil
}

// jsonWebKey is one key of a JWK Set (RFC 7517 §4, RFC 7518 §6.3.1).
type jsonWebKey struct {
	KeyType   string `json:"kty"`
	KeyID     string `json:"kid"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	Modulus   string `json:"n"`
	Exponent  string `json:"e"`
}

// rsa returns the key if it is one for RSA signatures. Others, which a set may
// well have, are passed over (RFC 7517 §5).
func (k jsonWebKey) rsa() (*rsa.PublicKey, bool) {
	if k.KeyType != "RSA" || k.KeyID == "" || (k.Use != "" && k.Use != "sig") {
		return nil, false
	}
	n, err1 := base64.RawURLEncoding.DecodeString(k.Modulus)
	e, err2 := base64.RawURLEncoding.DecodeString(k.Exponent)
	if errors.Join(err1, err2) != nil || len(e) > 4 {
		return nil, false
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	if bits := key.N.BitLen(); bits < minKeyBits || bits > maxKeyBits || key.E < 3 || key.E%2 == 0 || key.E > 1<<31-1 {
		return nil, false
	}
	return key, true
}
