package apikey

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/protected-http-api/protected-http-api/authz"
)

// counterFunc is a function as a CounterStore.
type counterFunc func(window string, limit int, end time.Time) (bool, error)

func (f counterFunc) Count(_ context.Context, window string, limit int, end time.Time) (bool, error) {
	return f(window, limit, end)
}

func newLimiter(t testing.TB, cfg LimiterConfig) *Limiter {
	t.Helper()
	if len(cfg.Tiers.byName) == 0 {
		cfg.Tiers = testTiers(t)
	}
	l, err := NewLimiter(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func apiKey(id, tier string) authz.Principal {
	return authz.Principal{Identity: authz.Identity{Subject: "usr_abc", Method: Scheme, CredentialID: id, Tier: tier}}
}

// TestChecklist11QuotaIsExact: of N+50 concurrent requests, spread over several
// execution environments, exactly N pass.
func TestChecklist11QuotaIsExact(t *testing.T) {
	t.Parallel()
	const limit = 100
	c, clock := newCloud(t), newClock()
	store := c.authorizer(t)
	var limiters []*Limiter
	for range 5 {
		limiters = append(limiters, newLimiter(t, LimiterConfig{Counters: store, now: clock.now}))
	}
	// twice: on the next day again
	for day := range 2 {
		var passed, refused atomic.Int32
		var wg sync.WaitGroup
		for i := range limit + 50 {
			wg.Go(func() {
				switch err := limiters[i%len(limiters)].Take(t.Context(), apiKey("key_1", "pro"), authz.Request{}); {
				case err == nil:
					passed.Add(1)
				case errors.Is(err, authz.ErrQuotaExceeded):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if passed.Load() != limit || refused.Load() != 50 {
			t.Errorf("day %d: %d pass and %d are refused, want %d and 50", day, passed.Load(), refused.Load(), limit)
		}
		clock.t = clock.t.Add(12 * time.Hour)
	}
	items := c.items(t, stateTable, "quota#key_1#day#")
	if len(items) != 2 {
		t.Fatalf("there are %d counters, want 2", len(items))
	}
	for _, item := range items {
		id := item["id"].(*types.AttributeValueMemberS).Value
		want := map[string]string{"quota#key_1#day#1772323200": "1772413200", "quota#key_1#day#1772409600": "1772499600"}[id]
		if item["count"].(*types.AttributeValueMemberN).Value != "100" || item["expiresAt"].(*types.AttributeValueMemberN).Value != want {
			t.Errorf("%s is not as documented", id)
		}
	}
}

// TestChecklist11MinuteThenDay: what is refused for the minute does not count
// for the day.
func TestChecklist11MinuteThenDay(t *testing.T) {
	t.Parallel()
	c, clock := newCloud(t), newClock()
	l := newLimiter(t, LimiterConfig{Counters: c.authorizer(t), now: clock.now})
	take := func() string {
		if err := l.Take(t.Context(), apiKey("key_1", "free"), authz.Request{}); err != nil {
			return err.Error()
		}
		return "passes"
	}
	for minute := range 4 {
		for range 5 {
			if got := take(); got != "passes" {
				t.Errorf("minute %d: %s", minute, got)
			}
		}
		for range 3 {
			want := fmt.Sprintf("rate limited: all 5 requests of the minute have been made; the next begins at 2026-03-01T12:%02d:00Z", minute+1)
			if got := take(); got != want {
				t.Errorf("minute %d: %s", minute, got)
			}
		}
		clock.t = clock.t.Add(time.Minute)
	}
	const exceeded = "quota exceeded: all 20 requests of the day have been made; the next begins at 2026-03-02T00:00:00Z"
	if got := take(); got != exceeded {
		t.Errorf("got %s", got)
	}
	clock.t = time.Date(2026, 3, 1, 23, 59, 59, 999_999_999, time.UTC)
	if got := take(); got != exceeded {
		t.Errorf("got %s", got)
	}
	clock.t = clock.t.Add(time.Nanosecond)
	if got := take(); got != "passes" {
		t.Errorf("on the next day: %s", got)
	}
}

// TestLimiterOutage: a request that cannot be counted is a fault, and the end
// of the outage needs no restart.
func TestLimiterOutage(t *testing.T) {
	t.Parallel()
	c, clock := newCloud(t), newClock()
	l := newLimiter(t, LimiterConfig{Counters: c.authorizer(t), now: clock.now})
	take := func() error { return l.Take(t.Context(), apiKey("key_1", "pro"), authz.Request{}) }
	if err := take(); err != nil {
		t.Fatal(err)
	}
	c.Stop()
	if err := take(); !errors.Is(err, authz.ErrUnavailable) || !strings.HasPrefix(err.Error(), `counting a request: state table "events-authorizer-state": unavailable: calling DynamoDB: `) {
		t.Errorf("got %v", err)
	}
	c.Restart(t)
	if err := take(); err != nil {
		t.Errorf("after the outage: %v", err)
	}
}

// TestFullWindowIsRemembered: a client that goes on costs no call, until the
// window ends or its limit is raised.
func TestFullWindowIsRemembered(t *testing.T) {
	t.Parallel()
	clock, calls := newClock(), 0
	tiers, err := NewTiers(map[string]Tier{"pro": {Quota: Quota{PerDay: 100}}, "max": {Quota: Quota{PerDay: 200}}})
	if err != nil {
		t.Fatal(err)
	}
	l := newLimiter(t, LimiterConfig{now: clock.now, Tiers: tiers, Counters: counterFunc(func(string, int, time.Time) (bool, error) {
		calls++
		return false, nil
	})})
	for _, step := range []struct {
		who   authz.Principal
		after time.Duration
		calls int
	}{
		{apiKey("key_1", "pro"), 0, 1}, {apiKey("key_1", "pro"), time.Hour, 1}, {apiKey("key_2", "pro"), 0, 2},
		{apiKey("key_1", "max"), 0, 3}, {apiKey("key_1", "pro"), 24 * time.Hour, 4},
	} {
		clock.t = clock.t.Add(step.after)
		if err := l.Take(t.Context(), step.who, authz.Request{}); err == nil || calls != step.calls {
			t.Errorf("got %v and %d calls, want %d", err, calls, step.calls)
		}
	}
	// A full day spares the counting of the minute.
	free := newLimiter(t, LimiterConfig{now: clock.now, Counters: counterFunc(func(window string, _ int, _ time.Time) (bool, error) {
		calls++
		return strings.Contains(window, "#minute#"), nil
	})})
	calls = 0
	for range 2 {
		if err := free.Take(t.Context(), apiKey("key_1", "free"), authz.Request{}); !errors.Is(err, authz.ErrQuotaExceeded) || calls != 2 {
			t.Errorf("got %v and %d calls, want 2", err, calls)
		}
	}
	for i := range 2 * maxSeen {
		_ = l.Take(t.Context(), apiKey(fmt.Sprint(i), "pro"), authz.Request{})
	}
	if len(l.full) > maxSeen {
		t.Errorf("%d windows are remembered", len(l.full))
	}
}

// TestWhoIsCountedTogether: new tokens of one caller are one caller, and no two
// callers are.
func TestWhoIsCountedTogether(t *testing.T) {
	t.Parallel()
	token := authz.Principal{Identity: authz.Identity{Subject: "s", Issuer: "i", Tenant: "t", Method: "JWT", CredentialID: "jti1"}}
	next := token
	next.CredentialID = "jti2"
	if counted(token) != counted(next) {
		t.Error("a new token begins anew")
	}
	seen := map[string]int{}
	for i, p := range []authz.Principal{
		token,
		{Identity: authz.Identity{Subject: "S", Issuer: "i", Tenant: "t", Method: "JWT"}},
		{Identity: authz.Identity{Subject: "s", Issuer: "it", Tenant: "", Method: "JWT"}},
		{Identity: authz.Identity{Subject: "s", Issuer: "", Tenant: "it", Method: "JWT"}},
		{Identity: authz.Identity{Subject: "s", Issuer: "i", Tenant: "t", Method: "Signature"}},
		{Identity: authz.Identity{Subject: "key_1", Method: "APIKey", CredentialID: "key_1"}},
		{Identity: authz.Identity{Subject: "key_1", Method: "JWT", CredentialID: "key_1"}},
		{Identity: authz.Identity{Subject: "key_1", Method: "APIKey", CredentialID: "key_2"}},
		{Identity: authz.Identity{Subject: "1:s", Method: "JWT"}},
	} {
		if other, twice := seen[counted(p)]; twice {
			t.Errorf("principals %d and %d are counted together", other, i)
		}
		seen[counted(p)] = i
	}
}

func TestQuotaOfPrincipal(t *testing.T) {
	t.Parallel()
	var limits []int
	counters := counterFunc(func(_ string, limit int, _ time.Time) (bool, error) {
		limits = append(limits, limit)
		return true, nil
	})
	strict := newLimiter(t, LimiterConfig{Counters: counters})
	lax := newLimiter(t, LimiterConfig{Counters: counters, Untiered: &Quota{PerMinute: 7}})
	for _, tt := range []struct {
		limiter    *Limiter
		tier, want string
	}{
		{strict, "free", "<nil> [5 20]"},
		{strict, "pro", "<nil> [100]"},
		{strict, "open", "<nil> []"},
		{strict, "gold", `misconfigured: there is no tier "gold"; change the key's tier, or add the tier to the authorizer []`},
		{strict, "", "misconfigured: the principal has no tier; set apikey.LimiterConfig.Untiered to a quota for such []"},
		{lax, "", "<nil> [7]"},
		{lax, "gold", `misconfigured: there is no tier "gold"; change the key's tier, or add the tier to the authorizer []`},
	} {
		limits = nil
		err := tt.limiter.Take(t.Context(), apiKey("key_1", tt.tier), authz.Request{})
		if got := fmt.Sprint(err, limits); got != tt.want {
			t.Errorf("tier %q: got %s, want %s", tt.tier, got, tt.want)
		}
	}
}

func TestNewLimiterErrors(t *testing.T) {
	t.Parallel()
	counters := counterFunc(func(string, int, time.Time) (bool, error) { return true, nil })
	for want, cfg := range map[string]LimiterConfig{
		"misconfigured: apikey.LimiterConfig.Counters is not set":                       {Tiers: testTiers(t)},
		"misconfigured: apikey.LimiterConfig.Tiers is not set; make them with NewTiers": {Counters: counters},
		"misconfigured: apikey.LimiterConfig.Untiered: its quota is 0 a minute and -1 a day, allowed are 0 (no limit) and more": {
			Counters: counters, Tiers: testTiers(t), Untiered: &Quota{PerDay: -1},
		},
	} {
		if _, err := NewLimiter(cfg); fmt.Sprint(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestNewTiersErrors(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 129)
	many := make([]string, 51)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	one := func(name string, tier Tier) map[string]Tier { return map[string]Tier{name: tier} }
	for want, tiers := range map[string]map[string]Tier{
		"there are no tiers": {},
		`tier "": its name is not 1 to 32 lower-case letters, digits and hyphens`:                                                        one("", Tier{}),
		`tier "Free": its name is not 1 to 32 lower-case letters, digits and hyphens`:                                                    one("Free", Tier{}),
		`tier "a": its quota is -1 a minute and 0 a day, allowed are 0 (no limit) and more`:                                              one("a", Tier{Quota: Quota{PerMinute: -1}}),
		`tier "a": permission "a b" is not 1 to 128 printable ASCII characters without space, quote, backslash and comma`:                one("a", Tier{Permissions: []string{"a b"}}),
		`tier "a": permission "` + long[:128] + `" is not 1 to 128 printable ASCII characters without space, quote, backslash and comma`: one("a", Tier{Permissions: []string{long}}),
		`tier "a": permission "a,b" is not 1 to 128 printable ASCII characters without space, quote, backslash and comma`:                one("a", Tier{Permissions: []string{"a,b"}}),
		`tier "a": permission "x" is there twice`:                                                                                        one("a", Tier{Permissions: []string{"x", "y", "x"}}),
		`tier "a": permission "" is not segments with colons between them, each a word or a star`:                                        one("a", Tier{Permissions: []string{""}}),
		`tier "a": permission "a::b" is not segments with colons between them, each a word or a star`:                                    one("a", Tier{Permissions: []string{"a::b"}}),
		`tier "a": permission "a:b*" is not segments with colons between them, each a word or a star`:                                    one("a", Tier{Permissions: []string{"a:b*"}}),
		`tier "a": there are 51 permissions, allowed are 50`:                                                                             one("a", Tier{Permissions: many}),
	} {
		if _, err := NewTiers(tiers); fmt.Sprint(err) != "misconfigured: "+want || !errors.Is(err, authz.ErrMisconfigured) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	given := []string{"events:*"}
	tiers, err := NewTiers(one("free-2", Tier{Permissions: given, Quota: Quota{PerDay: 1}}))
	given[0] = "admin:*"
	if err != nil || fmt.Sprint(tiers.Names(), tiers.byName["free-2"].Permissions) != "[free-2] [events:*]" {
		t.Errorf("got %v, %v", tiers, err)
	}
}
