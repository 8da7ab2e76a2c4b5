package components

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

func TestCheckCaching(t *testing.T) {
	t.Parallel()
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"long TTL", func(a *ProtectedHttpApiArgs) { a.Authorizer.CacheTtl = time.Hour + time.Second },
			"Authorizer.CacheTtl: 1h0m1s is out of range: 0s to 1h"},
		{"negative TTL", func(a *ProtectedHttpApiArgs) { a.Authorizer.CacheTtl = -time.Second },
			"Authorizer.CacheTtl: -1s is out of range: 0s to 1h"},
		{"broken TTL", func(a *ProtectedHttpApiArgs) { a.Authorizer.CacheTtl = 300 * time.Millisecond },
			"Authorizer.CacheTtl: 300ms is not a whole number of seconds"},
		{"TTL without identity source", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.CacheTtl, a.Authorizer.IdentitySources = time.Minute, []IdentitySource{}
		}, "Authorizer.IdentitySources: at least one is required for a CacheTtl of 1m0s: results are kept by identity source"},
		{"identity sources", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.IdentitySources = []IdentitySource{"$context.routeKey", "Authorization", "$context.routeKey"}
		}, `Authorizer.IdentitySources[1]: "Authorization" is not what Header, Query, Context or StageVariable returns for a name
Authorizer.IdentitySources[2]: "$context.routeKey" occurs twice`},
	})
	expectMistakes(t, testScope, guardedArgs, []mistakeTest{
		{"TTL", func(a *ProtectedHttpApiArgs) {
			require("DELETE /{tenant}/{id}", Protected, "events:write", "{tenant}:delete")(a)
			a.Authorizer.CacheTtl, a.Authorizer.IdentitySources = 5*time.Minute, []IdentitySource{"$request.header.Authorization"}
		}, `Authorizer.CacheTtl: 5m0s is not possible with ApiKeys.Quotas: requests that API Gateway answers with a cached result would not be counted: set it to 0s, or leave out Quotas
Authorizer.CacheTtl: 5m0s is not possible with ReplayProtection: a cached result would let the same signed request in again: set it to 0s, or leave out ReplayProtection
Authorizer.CacheTtl: 5m0s is not possible with the permission "{tenant}:delete" of Routes["DELETE /{tenant}/{id}"]: it depends on the path, and a result would be reused on all paths of the route: set it to 0s, or have the route's function check the permission`},
		{"TTL with keys that are not counted", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.ApiKeys.Quotas, a.Authorizer.ReplayProtection = false, false
			a.Authorizer.CacheTtl, a.Authorizer.IdentitySources = 5*time.Minute, []IdentitySource{"$request.header.X-Api-Key"}
		}, ""},
		{"TTL with signatures", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.ApiKeys, a.Authorizer.ReplayProtection = nil, false
			a.Authorizer.CacheTtl, a.Authorizer.IdentitySources = time.Minute, []IdentitySource{"$request.header.signature"}
		}, `Authorizer.CacheTtl: 1m0s is not possible with the identity source "$request.header.signature": a signature is for one request, and a cached result would let others in with it: set it to 0s`},
		{"TTL with the input of signatures", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.ApiKeys, a.Authorizer.ReplayProtection = nil, false
			a.Authorizer.CacheTtl, a.Authorizer.IdentitySources = time.Minute, []IdentitySource{"$request.header.Signature-Input"}
		}, `Authorizer.CacheTtl: 1m0s is not possible with the identity source "$request.header.Signature-Input": a signature is for one request, and a cached result would let others in with it: set it to 0s`},
		{"TTL without a source of the caller", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.ApiKeys, a.Authorizer.ReplayProtection = nil, false
			a.Authorizer.CacheTtl, a.Authorizer.IdentitySources = time.Minute, []IdentitySource{"$context.routeKey", "$stageVariables.v"}
			stageVariable("v", pulumi.String("1"))(a)
		}, `Authorizer.IdentitySources: none of "$context.routeKey", "$stageVariables.v" can be a credential, and with a CacheTtl of 1m0s one caller's result would be another's: add the one that the credential is in`},
		{"TTL by address", sources("$context.identity.sourceIp"), noneOf(`"$context.identity.sourceIp"`)},
		{"TTL by what is accepted", sources("$request.header.Accept", "$request.header.X-Forwarded-For"), noneOf(`"$request.header.Accept", "$request.header.X-Forwarded-For"`)},
		{"TTL by browser and route", sources("$request.header.user-agent", "$context.routeKey"), noneOf(`"$request.header.user-agent", "$context.routeKey"`)},
		{"TTL by address and key", sources("$context.identity.sourceIp", "$request.header.X-Api-Key"), ""},
		{"TTL by query", sources("$request.querystring.token"), ""},
		{"TTL by certificate", func(a *ProtectedHttpApiArgs) {
			sources("$context.identity.clientCert.serialNumber")(a)
			withDomain(func(d *DomainArgs) { d.MutualTls = &MutualTlsArgs{TruststoreUri: pulumi.String("s3://bucket/key")} })(a)
		}, ""},
		{"TTL by cookie", sources("$request.header.Cookie"), ""},
	})
}

// sources caches for a minute by these identity sources.
func sources(list ...IdentitySource) func(*ProtectedHttpApiArgs) {
	return func(a *ProtectedHttpApiArgs) {
		a.Authorizer.ApiKeys, a.Authorizer.ReplayProtection = nil, false
		a.Authorizer.CacheTtl, a.Authorizer.IdentitySources = time.Minute, list
	}
}

func noneOf(list string) string {
	return "Authorizer.IdentitySources: none of " + list + " can be a credential, and with a CacheTtl of 1m0s one caller's result would be another's: add the one that the credential is in"
}

func TestChecklist06RouteKeyJoinsTheIdentitySources(t *testing.T) {
	t.Parallel()
	const header = "$request.header.Authorization"
	for _, test := range []struct {
		name        string
		ttl         time.Duration
		permissions []string
		sources     []IdentitySource
		want        []IdentitySource
	}{
		{"permissions and TTL", time.Minute, []string{"events:write"}, nil, []IdentitySource{header, "$context.routeKey"}},
		{"of the caller", time.Minute, []string{"events:write"}, []IdentitySource{"$request.header.X"}, []IdentitySource{"$request.header.X", "$context.routeKey"}},
		{"there already", time.Minute, []string{"events:write"}, []IdentitySource{"$context.routeKey", header}, []IdentitySource{"$context.routeKey", header}},
		{"no permissions", time.Minute, nil, nil, []IdentitySource{header}},
		{"empty permissions", time.Minute, []string{}, nil, []IdentitySource{header}},
		{"no TTL", 0, []string{"events:write"}, nil, []IdentitySource{header}},
		{"neither", 0, []string{"events:write"}, []IdentitySource{}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := exampleArgs()
			var given []IdentitySource
			if test.sources != nil {
				given = append(make([]IdentitySource, 0, 8), test.sources...) // with room to be written to
			}
			args.Authorizer.CacheTtl, args.Authorizer.IdentitySources = test.ttl, given
			args.Routes["POST /events"] = Route{Function: args.Routes["POST /events"].Function, Permissions: test.permissions}
			p, m := check(testScope, "events", args)
			if len(m) > 0 {
				t.Fatal(messages(m))
			}
			if got := p.authorizer("").args.IdentitySources; !slices.Equal(got, test.want) {
				t.Errorf("identity sources are %q, want %q", got, test.want)
			}
			if all := given[:cap(given)]; !slices.Equal(all[:len(test.sources)], test.sources) || strings.Join(sourceNames(all[len(test.sources):]), "") != "" {
				t.Errorf("the caller's slice has become %q", all)
			}
			wantTTL, wantSources := strconv.Itoa(int(test.ttl/time.Second)), pulumi.StringInput(pulumi.String(strings.Join(sourceNames(test.want), ",")))
			if test.ttl == 0 {
				wantSources = nil
			}
			if e := p.authorizer("").function.environment; e[contract.EnvCacheTTL] != pulumi.String(wantTTL) || e[contract.EnvIdentitySources] != wantSources {
				t.Errorf("the authorizer is told the TTL %v and the identity sources %v", e[contract.EnvCacheTTL], e[contract.EnvIdentitySources])
			}
			if _, ok := p.authorizer("").function.environment[contract.EnvRoutePermissions]; ok != (len(test.permissions) > 0) {
				t.Errorf("the authorizer has ROUTE_PERMISSIONS: %v", ok)
			}
		})
	}
}
