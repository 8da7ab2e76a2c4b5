package jwtauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/jwtauth/oidctest"
)

// TestKeysAreCached: for two hours the issuer is not asked again, also not for
// a key that it published meanwhile; then it is.
func TestKeysAreCached(t *testing.T) {
	t.Parallel()
	issuer := oidctest.Start(t)
	var passed atomic.Int64
	a := newAuthorizer(t, issuer, func() time.Time { return now.Add(time.Duration(passed.Load())) })
	old := issuer.Token(t, with(issuer, map[string]any{"exp": now.Add(time.Hour * 9).Unix()}))
	accept := func(what, token string) {
		t.Helper()
		if _, err := a.Authorize(t.Context(), token, nil); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	reads := func(want int) {
		t.Helper()
		if m, k := issuer.Reads(oidctest.MetadataPath), issuer.Reads(oidctest.KeysPath); m != want || k != want {
			t.Errorf("metadata were read %d times and keys %d times, want %d", m, k, want)
		}
	}
	accept("first", old)
	issuer.Rotate(t)
	rotated := issuer.Token(t, with(issuer, map[string]any{"exp": now.Add(time.Hour * 9).Unix()}))
	passed.Store(int64(2*time.Hour - time.Nanosecond))
	accept("old key", old)
	_, err := a.Authorize(t.Context(), rotated, nil)
	wantRefusal(t, err, unauthorized("the token's key was not found",
		"the header kid must name an RSA key for RS256 that "+issuer.URL+" publishes; the keys read at 19:33:08 UTC are kept for two hours, as on AWS: publish a new key that long before it signs"), rotated)
	reads(1)
	passed.Store(int64(2 * time.Hour))
	accept("new key", rotated)
	accept("old key, still published", old)
	reads(2)

	// A key that is no longer published is good until the cache expires.
	issuer.Instead(oidctest.KeysPath, func(w http.ResponseWriter, _ *http.Request) {
		set := oidctest.KeySet(2)["keys"].([]map[string]any)
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": set[1:]})
	})
	accept("withdrawn key", old)
	passed.Store(int64(4 * time.Hour))
	if _, err := a.Authorize(t.Context(), old, nil); err == nil {
		t.Error("a withdrawn key was accepted after two hours")
	}
	accept("key that is left", rotated)
	reads(3)
}

// TestSingleFlight: many requests at once ask the issuer once.
func TestSingleFlight(t *testing.T) {
	t.Parallel()
	issuer := oidctest.Start(t)
	release := make(chan struct{})
	issuer.Instead(oidctest.KeysPath, func(w http.ResponseWriter, _ *http.Request) {
		<-release
		_ = json.NewEncoder(w).Encode(oidctest.KeySet(1))
	})
	a := newAuthorizer(t, issuer, nil)
	token := issuer.Token(t, issuer.Claims("api", now))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := a.Authorize(t.Context(), token, nil); err != nil {
				t.Error(err)
			}
		})
	}
	for issuer.Reads(oidctest.KeysPath) == 0 {
		time.Sleep(time.Millisecond)
	}
	close(release)
	wg.Wait()
	if m, k := issuer.Reads(oidctest.MetadataPath), issuer.Reads(oidctest.KeysPath); m != 1 || k != 1 {
		t.Errorf("metadata were read %d times and keys %d times", m, k)
	}
}

// TestIssuerFailures: what cannot be fetched is 401 with AWS's descriptions,
// is told at creation in AWS's words, and is not remembered.
func TestIssuerFailures(t *testing.T) {
	t.Parallel()
	text := func(s string) func(*oidctest.Issuer) http.HandlerFunc {
		return func(i *oidctest.Issuer) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				_, _ = fmt.Fprint(w, strings.ReplaceAll(s, "ISSUER", i.URL))
			}
		}
	}
	key := func(changes map[string]any) func(*oidctest.Issuer) http.HandlerFunc {
		k := oidctest.KeySet(1)["keys"].([]map[string]any)[0]
		maps.Copy(k, changes)
		b, err := json.Marshal(map[string]any{"keys": []any{k}})
		if err != nil {
			t.Fatal(err)
		}
		return text(string(b))
	}
	const noKey = "ISSUER/keys has no RSA key for signatures with a kid and at least 2048 bits"
	for _, tc := range []struct {
		name, path  string
		answer      func(*oidctest.Issuer) http.HandlerFunc
		description string
		cause       string // ISSUER stands for the issuer
	}{
		{"no metadata", oidctest.MetadataPath, func(*oidctest.Issuer) http.HandlerFunc { return http.NotFound }, discoveryError, "ISSUER/.well-known/openid-configuration answered 404 Not Found"},
		{"metadata are a page", oidctest.MetadataPath, text("<html>"), discoveryError, "ISSUER/.well-known/openid-configuration is not the JSON that is expected: invalid character '<' looking for beginning of value"},
		{"another issuer's metadata", oidctest.MetadataPath, text(`{"issuer":"https://evil","jwks_uri":"ISSUER/keys"}`), discoveryError, `ISSUER/.well-known/openid-configuration is for the issuer "https://evil"`},
		{"no jwks_uri", oidctest.MetadataPath, text(`{"issuer":"ISSUER"}`), discoveryError, `jwks_uri "" in ISSUER/.well-known/openid-configuration must be an https URL`},
		{"keys in plain text", oidctest.MetadataPath, text(`{"issuer":"ISSUER","jwks_uri":"http://keys.example.com"}`), discoveryError, `jwks_uri "http://keys.example.com" in ISSUER/.well-known/openid-configuration must be an https URL`},
		{"keys in a file", oidctest.MetadataPath, text(`{"issuer":"ISSUER","jwks_uri":"file:///etc/keys"}`), discoveryError, `jwks_uri "file:///etc/keys" in ISSUER/.well-known/openid-configuration must be an https URL`},
		{"redirect to plain text", oidctest.MetadataPath, func(*oidctest.Issuer) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://example.com/", http.StatusFound)
			}
		}, discoveryError, `Get "http://example.com/": refusing the redirect to "http://example.com/"`},
		{"redirects without end", oidctest.KeysPath, func(*oidctest.Issuer) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, oidctest.KeysPath, http.StatusFound)
			}
		}, jwksError, `Get "/keys": refusing the redirect to "ISSUER/keys"`},
		{"long metadata", oidctest.MetadataPath, text(strings.Repeat(" ", maxDocument+1)), discoveryError, "ISSUER/.well-known/openid-configuration is longer than 524288 bytes"},
		{"keys fail", oidctest.KeysPath, func(*oidctest.Issuer) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
		}, jwksError, "ISSUER/keys answered 502 Bad Gateway"},
		{"no keys", oidctest.KeysPath, text(`{"keys":[]}`), jwksError, noKey},
		{"too many keys", oidctest.KeysPath, text(`{"keys":[` + strings.Repeat("{},", maxKeys) + `{}]}`), jwksError, "ISSUER/keys has more than 100 keys"},
		{"other key type", oidctest.KeysPath, key(map[string]any{"kty": "EC"}), jwksError, noKey},
		{"key for encryption", oidctest.KeysPath, key(map[string]any{"use": "enc"}), jwksError, noKey},
		{"key without id", oidctest.KeysPath, key(map[string]any{"kid": ""}), jwksError, noKey},
		{"short key", oidctest.KeysPath, key(map[string]any{"n": strings.Repeat("_", 170)}), jwksError, noKey},
		{"long key", oidctest.KeysPath, key(map[string]any{"n": strings.Repeat("_", 1400)}), jwksError, noKey},
		{"modulus is no base64url", oidctest.KeysPath, key(map[string]any{"n": "+/"}), jwksError, noKey},
		{"exponent one", oidctest.KeysPath, key(map[string]any{"e": "AQ"}), jwksError, noKey},
		{"even exponent", oidctest.KeysPath, key(map[string]any{"e": "AQAA"}), jwksError, noKey},
		{"long exponent", oidctest.KeysPath, key(map[string]any{"e": "AQAAAAAB"}), jwksError, noKey},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			issuer := oidctest.Start(t)
			issuer.Instead(tc.path, tc.answer(issuer))
			a := newAuthorizer(t, issuer, nil)
			token := issuer.Token(t, issuer.Claims("api", now))
			cause := strings.ReplaceAll(tc.cause, "ISSUER", issuer.URL)
			if !strings.HasPrefix(cause, "Get ") && !strings.HasPrefix(cause, "jwks_uri") && !strings.HasPrefix(cause, issuer.URL) {
				t.Fatalf("odd expectation %q", cause)
			}
			_, err := a.Authorize(t.Context(), token, nil)
			wantRefusal(t, err, unauthorized(tc.description, "the keys of the issuer "+issuer.URL+" must be readable from here: "+cause), token)
			err = a.Discover(t.Context())
			const aws = "Caught exception when connecting to ISSUER/.well-known/openid-configuration for issuer ISSUER. Please try again later. Error: Invalid issuer: ISSUER. Issuer must have a valid discovery endpoint ended with '/.well-known/openid-configuration': "
			if want := strings.ReplaceAll(aws, "ISSUER", issuer.URL) + cause; err == nil || err.Error() != want {
				t.Errorf("got\n%v\nwant\n%s", err, want)
			}
			issuer.Instead(tc.path, nil)
			if err := a.Discover(t.Context()); err != nil {
				t.Errorf("the failure was remembered: %v", err)
			}
			if _, err := a.Authorize(t.Context(), token, nil); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestClientLeaves: the client that waits no longer gets its answer, and the
// fetch that it began goes on for the others.
func TestClientLeaves(t *testing.T) {
	t.Parallel()
	issuer := oidctest.Start(t)
	release := make(chan struct{})
	issuer.Instead(oidctest.KeysPath, func(w http.ResponseWriter, _ *http.Request) {
		<-release
		_ = json.NewEncoder(w).Encode(oidctest.KeySet(1))
	})
	a := newAuthorizer(t, issuer, nil)
	token := issuer.Token(t, issuer.Claims("api", now))
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := a.Authorize(ctx, token, nil)
		left <- err
	}()
	for issuer.Reads(oidctest.KeysPath) == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	wantRefusal(t, <-left, unauthorized(jwksError, ""), token)
	close(release)
	if _, err := a.Authorize(t.Context(), token, nil); err != nil {
		t.Error(err)
	}
	if n := issuer.Reads(oidctest.KeysPath); n != 1 {
		t.Errorf("the keys were read %d times", n)
	}
}

// TestSlash: the slash at the end of an issuer belongs to its name, not to the
// address of its metadata.
func TestSlash(t *testing.T) {
	t.Parallel()
	issuer := oidctest.Start(t)
	slashed, err := New(Config{Issuer: issuer.URL + "/", Audience: []string{"api"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := slashed.keys.metadataURL(); got != issuer.URL+oidctest.MetadataPath {
		t.Errorf("got %s", got)
	}
	var refused *Error
	if _, err = slashed.Authorize(t.Context(), issuer.Token(t, issuer.Claims("api", now)), nil); !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
		t.Errorf("got %v", err)
	}
}

// TestKeyForAlgorithm: a key that names its algorithm is for no other, and two
// keys of one id are both tried.
func TestKeyForAlgorithm(t *testing.T) {
	t.Parallel()
	issuer := oidctest.Start(t)
	issuer.Instead(oidctest.KeysPath, func(w http.ResponseWriter, _ *http.Request) {
		set := oidctest.KeySet(2)["keys"].([]map[string]any)
		set[0]["alg"], set[1]["kid"] = "RS512", "key-1"
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": set})
	})
	a := newAuthorizer(t, issuer, nil)
	claims := issuer.Claims("api", now)
	if _, err := a.Authorize(t.Context(), oidctest.Sign(t, map[string]any{"alg": "RS512", "kid": "key-1"}, claims), nil); err != nil {
		t.Error(err)
	}
	token := oidctest.Sign(t, map[string]any{"alg": "RS256", "kid": "key-1"}, claims)
	_, err := a.Authorize(t.Context(), token, nil)
	wantRefusal(t, err, unauthorized("the token has an invalid signature", ""), token)
}
