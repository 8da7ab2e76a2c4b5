package httpsig

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/protected-http-api/protected-http-api/authz"
)

// TestAuthorities: which host a request may be signed for.
func TestAuthorities(t *testing.T) {
	t.Parallel()
	const local, aws = "arn:aws:execute-api:eu-central-1:000000000000:abc123/$default/GET/", "arn:aws:execute-api:eu-central-1:123456789012:abc123/$default/GET/"
	tests := []struct {
		name, signedFor, host, header, arn string
		configured                         []string
		ok                                 bool
	}{
		{name: "domain name", signedFor: testHost, host: testHost, ok: true},
		{name: "in capitals", signedFor: "ABC.example", host: "abc.EXAMPLE", ok: true},
		{name: "default port", signedFor: testHost + ":443", host: testHost, ok: true},
		{name: "Host on AWS", signedFor: "other.example", host: testHost, header: "other.example", arn: aws},
		{name: "Host without an ARN", signedFor: "other.example", host: testHost, header: "other.example"},
		{name: "Host on the local AWS", signedFor: "127.0.0.1:4000", host: testHost, header: "127.0.0.1:4000", arn: local, ok: true},
		{name: "IPv6 on the local AWS", signedFor: "[::1]:4000", host: testHost, header: "[::1]:4000", arn: local, ok: true},
		{name: "domain name on the local AWS", signedFor: testHost, host: testHost, header: "127.0.0.1:4000", arn: local, ok: true},
		{name: "another host on the local AWS", signedFor: "other.example", host: testHost, header: "127.0.0.1:4000", arn: local},
		{name: "proxy", signedFor: "api.example.com", host: testHost, configured: []string{"API.example.com"}, ok: true},
		{name: "one of two proxies", signedFor: "b.example", host: testHost, configured: []string{"a.example", "b.example"}, ok: true},
		{name: "proxy's default port", signedFor: "API.example.com:443", host: testHost, configured: []string{"api.example.com"}, ok: true},
		{name: "proxy's other port", signedFor: "api.example.com:8443", host: testHost, configured: []string{"api.example.com:8443"}, ok: true},
		{name: "domain name behind a proxy", signedFor: testHost, host: testHost, configured: []string{"api.example.com"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := testSigner(t)
			s.Authority = tt.signedFor
			r := signed(t, s, "GET", "/", "")
			r.Host, r.RouteARN = tt.host, tt.arn
			v, _ := newVerifier(t, func(c *Config) { c.Authorities = tt.configured })
			_, err := authenticate(t.Context(), v, with(r, "host", tt.header))
			if (err == nil) != tt.ok || !tt.ok && !errors.Is(err, authz.ErrInvalidSignature) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := Config{Keys: authz.StaticKeys{testKey(t)}, Replays: &memory{}}
	tests := []struct {
		name   string
		change func(*Config)
		err    string
	}{
		{"no keys", func(c *Config) { c.Keys = nil }, "misconfigured: httpsig.Config.Keys is nil"},
		{"no store", func(c *Config) { c.Replays = nil }, "misconfigured: httpsig.Config.Replays is nil; without it a signature would be good more than once"},
		{"a URL as authority", func(c *Config) { c.Authorities = []string{"https://x"} }, `misconfigured: httpsig.Config.Authorities: "https://x" is not a host name or address with an optional port`},
		{"default port of http", func(c *Config) { c.Authorities = []string{"proxy:80"} }, `misconfigured: httpsig.Config.Authorities: "proxy:80" has the default port, which is never signed; write "proxy"`},
		{"default port", func(c *Config) { c.Authorities = []string{"API.example.com:443"} }, `misconfigured: httpsig.Config.Authorities: "API.example.com:443" has the default port, which is never signed; write "api.example.com"`},
		{"empty authority", func(c *Config) { c.Authorities = []string{""} }, `misconfigured: httpsig.Config.Authorities: "" is not a host name or address with an optional port`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := good
			tt.change(&cfg)
			if _, err := New(cfg); text(err) != tt.err || !errors.Is(err, authz.ErrMisconfigured) {
				t.Errorf("got %q, want %q", text(err), tt.err)
			}
		})
	}
}

// TestFormat1: an event without the query string cannot be judged, through a
// handler as it would run.
func TestFormat1(t *testing.T) {
	t.Parallel()
	r := signed(t, testSigner(t), "GET", "/events", "")
	v, store := newVerifier(t, nil)
	h := authz.Handler{Chain: authz.Chain{{Extractor: Extractor{}, Verifier: v}}, Logger: slog.New(slog.DiscardHandler)}
	event := func(version string) json.RawMessage {
		b, err := json.Marshal(map[string]any{
			"version": version, "httpMethod": "GET", "path": "/events", "rawPath": "/events", "headers": r.Headers,
			"methodArn": "arn:aws:execute-api:eu-central-1:123456789012:abc123/$default/GET/events", "routeArn": "arn:aws:execute-api:eu-central-1:123456789012:abc123/$default/GET/events",
			"requestContext": map[string]any{"domainName": testHost, "http": map[string]any{"method": "GET"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if _, err := h.HandlePolicy(t.Context(), event("1.0")); !errors.Is(err, authz.ErrMisconfigured) || len(store.used) != 0 {
		t.Errorf("1.0: got %v", err)
	}
	if _, err := h.HandlePolicy(t.Context(), event("2.0")); err != nil || len(store.used) != 1 {
		t.Errorf("2.0: got %v, %d nonces used", err, len(store.used))
	}
}

// TestNoCache: a signature is for one request, and so is the answer. Where API
// Gateway would reuse it, or might, no nonce is used up.
func TestNoCache(t *testing.T) {
	t.Parallel()
	r := signed(t, testSigner(t), "GET", "/events", "")
	event := events.APIGatewayV2CustomAuthorizerV2Request{Version: "2.0", RawPath: "/events", Headers: r.Headers, IdentitySource: []string{r.Headers["signature"]}}
	event.RequestContext.DomainName, event.RequestContext.HTTP.Method = testHost, "GET"
	const why = "it is good for this request only: set the authorizer's TTL to 0"
	for _, tt := range []struct{ ttl, text string }{
		{"60", "judging a request: misconfigured: API Gateway reuses this answer for 60 s; " + why},
		{"", "judging a request: misconfigured: API Gateway may reuse this answer: the event has identity sources, and AUTHORIZER_CACHE_TTL is not set; " + why + "; and set AUTHORIZER_CACHE_TTL to that TTL, in seconds"},
		{"0", ""},
	} {
		v, store := newVerifier(t, nil)
		h := authz.Handler{Chain: authz.Chain{{Extractor: Extractor{}, Verifier: v}}, Logger: slog.New(slog.DiscardHandler), Getenv: func(name string) string {
			return map[string]string{"AUTHORIZER_CACHE_TTL": tt.ttl}[name]
		}}
		answer, err := h.Handle(t.Context(), event)
		if allowed := tt.text == ""; text(err) != tt.text || answer.IsAuthorized != allowed || (len(store.used) == 1) != allowed {
			t.Errorf("TTL %q: got %v, %q, %d nonces used", tt.ttl, answer.IsAuthorized, text(err), len(store.used))
		}
	}
}

// TestPrintsNoSecret: whatever holds a key or a credential can be printed.
func TestPrintsNoSecret(t *testing.T) {
	t.Parallel()
	s := testSigner(t)
	r := signed(t, s, "GET", "/", "")
	v, _ := newVerifier(t, nil)
	c, err := Extractor{}.Extract(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		printed := fmt.Sprintf(verb, []any{s, *s, v, *v, v.cfg, c})
		for _, secret := range []string{string(testSecret), fmt.Sprintf("%x", testSecret), fmt.Sprintf("%d", testSecret), r.Headers["signature"]} {
			if strings.Contains(printed, secret) {
				t.Errorf("%s prints a secret", verb)
			}
		}
	}
}
