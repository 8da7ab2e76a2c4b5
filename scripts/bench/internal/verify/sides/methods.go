package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/authz/cedar"
	"github.com/protected-http-api/protected-http-api/authz/httpsig"
	"github.com/protected-http-api/protected-http-api/authz/tenant"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/report"
)

// all are the sides, in the order in which they are measured.
func all() ([]side, error) {
	sides, err := tokens()
	if err != nil {
		return nil, err
	}
	for _, method := range []func() (side, error){apiKey, signature, ofTenant, byCedar} {
		s, err := method()
		if err != nil {
			return nil, err
		}
		sides = append(sides, s)
	}
	return sides, nil
}

// compare sets the sides beside each other.
func compare(part *report.Part) error {
	part.LimitAllocations("token: authz", report.AtMost(13))
	if err := part.Limit("8 KiB without a dot: authz", report.AtMost(500e-9)); err != nil {
		return err
	}
	part.LimitAllocations("8 KiB without a dot: authz", report.AtMost(2))
	for _, c := range []struct {
		of, beside string
		target     *report.Target
	}{
		{"token: authz", "token: golang-jwt, claims in a map", report.AtMost(0.5)},
		{"token: authz", "token: golang-jwt, claims in a struct", nil},
		{"token: authz", "token: cristalhq/jwt", report.AtMost(1)},
		{"token: authz", "token: bare HMAC", nil},
		{"bad signature: authz", "bad signature: golang-jwt", report.AtMost(0.3)},
		{"8 KiB with two dots: authz", "8 KiB with two dots: golang-jwt", nil},
		{"API key: authz/apikey", "token: authz", report.AtMost(3)},
		{"signed request: authz/httpsig", "token: authz", report.AtMost(3)},
		{"token of a tenant: authz/tenant", "token: authz", report.AtMost(3)},
		{"decision: authz/cedar", "token: authz", report.AtMost(3)},
	} {
		if err := part.Compare(c.of, c.beside, c.target); err != nil {
			return err
		}
	}
	return nil
}

// records are API keys in memory.
type records map[apikey.Digest]apikey.Record

func (r records) Key(_ context.Context, d apikey.Digest) (apikey.Record, error) {
	record, ok := r[d]
	if !ok {
		return record, authz.ErrUnknownKey
	}
	return record, nil
}

func apiKey() (side, error) {
	key, err := apikey.Generate(apikey.DefaultPrefix)
	if err != nil {
		return side{}, err
	}
	tiers, err := apikey.NewTiers(map[string]apikey.Tier{"partner": {Permissions: []string{"events:write"}}})
	if err != nil {
		return side{}, err
	}
	v, err := apikey.NewVerifier(apikey.Config{Tiers: tiers, Logger: slog.New(slog.DiscardHandler), Store: records{key.Digest(): {
		Digest: key.Digest(), Subject: "usr_abc", Tier: "partner", Permissions: []string{"events:delete"}, CreatedAt: time.Now(),
	}}})
	if err != nil {
		return side{}, err
	}
	credential := authz.NewCredential(apikey.Scheme, key.Reveal())
	return side{"API key: authz/apikey", func(ctx context.Context) error {
		_, err := v.Verify(ctx, authz.Request{}, credential)
		return err
	}}, nil
}

// anyNonce takes each nonce for a new one, as a table would that is asked once.
type anyNonce struct{}

func (anyNonce) Use(context.Context, string, string, time.Time) error { return nil }

func signature() (side, error) {
	const host = "abc123.execute-api.eu-central-1.amazonaws.com"
	key, err := authz.NewHMACKey(authz.HS256, "partner-1", secret)
	if err != nil {
		return side{}, err
	}
	v, err := httpsig.New(httpsig.Config{Keys: authz.StaticKeys{key}, Replays: anyNonce{}})
	if err != nil {
		return side{}, err
	}
	sent, err := http.NewRequest(http.MethodPost, "https://"+host+"/events?limit=5", strings.NewReader("{}"))
	if err != nil {
		return side{}, err
	}
	if err := (&httpsig.Signer{Key: key}).Sign(sent); err != nil {
		return side{}, err
	}
	request := authz.Request{Method: sent.Method, Path: sent.URL.Path, RawQuery: sent.URL.RawQuery, Host: host, Headers: map[string]string{"host": host, "content-length": "2"}}
	for name, values := range sent.Header {
		request.Headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	return side{"signed request: authz/httpsig", func(ctx context.Context) error {
		credential, err := httpsig.Extractor{}.Extract(request)
		if err == nil {
			_, err = v.Verify(ctx, request, credential)
		}
		return err
	}}, nil
}

// ofTenant has as many tenants as a small business has.
func ofTenant() (side, error) {
	var tenants []tenant.Tenant
	for i := range 20 {
		key, err := authz.NewHMACKey(authz.HS256, "", append([]byte(fmt.Sprint(i)), secret...))
		if err != nil {
			return side{}, err
		}
		tenants = append(tenants, tenant.Tenant{ID: fmt.Sprint("tenant-", i), JWT: &authz.JWTConfig{Keys: authz.StaticKeys{key}, Issuer: fmt.Sprint("https://", i, ".example"), AnyAudience: true}})
	}
	key, err := authz.NewHMACKey(authz.HS256, "", secret)
	if err != nil {
		return side{}, err
	}
	tenants = append(tenants, tenant.Tenant{ID: "ours", JWT: &authz.JWTConfig{
		Keys: authz.StaticKeys{key}, Issuer: issuer, Audience: audience, Leeway: authz.DefaultLeeway,
		Map: func(c authz.Claims, p *authz.Principal) error { return c.Decode("permissions", &p.Permissions) },
	}})
	registry, err := tenant.New(tenant.Config{Selectors: []tenant.Selector{tenant.Issuer{}}}, tenants...)
	if err != nil {
		return side{}, err
	}
	credential := authz.NewCredential(authz.BearerScheme, newToken())
	return side{"token of a tenant: authz/tenant", func(ctx context.Context) error {
		p, err := registry.Verify(ctx, authz.Request{}, credential)
		if err == nil && p.Tenant != "ours" {
			return fmt.Errorf("the tenant is %q", p.Tenant)
		}
		return err
	}}, nil
}

func byCedar() (side, error) {
	policy, err := cedar.New(cedar.Config{Policies: `
		@id("readers") permit(principal, action == Action::"GET /events", resource) when { principal.permissions.contains("events:read") };
		@id("writers") permit(principal, action == Action::"POST /events", resource) when { principal.permissions.contains("events:write") };
		@id("deleters") permit(principal, action == Action::"DELETE /events/{id}", resource) when { principal.permissions.contains("events:delete") };
		@id("free-tier-network") forbid (principal, action, resource) when { principal.tier == "free" } unless { context.sourceIp.isInRange(ip("192.0.2.0/24")) };`})
	if err != nil {
		return side{}, err
	}
	caller := authz.Principal{Identity: authz.Identity{Subject: "alice", Tenant: "acme", Tier: "free", Permissions: []string{"events:read", "events:write"}}}
	request := authz.Request{Method: http.MethodPost, RouteKey: "POST /events", Path: "/events", SourceIP: "192.0.2.7"}
	return side{"decision: authz/cedar", func(ctx context.Context) error { return policy.Decide(ctx, caller, request) }}, nil
}
