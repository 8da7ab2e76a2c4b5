package page

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/logs"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
)

// onTheWay is a request to a protected route, before anything was decided.
func onTheWay() live.Decision {
	return live.Decision{
		RequestID: "id", RouteKey: "POST /events", Authorization: live.AuthorizationCustom, Method: "POST", Path: "/events",
		Authorizer: live.Invocation{Function: "authorizer"}, Handler: live.Invocation{Function: "create"},
	}
}

var found = live.IdentityValue{Source: "$request.header.Authorization", Value: "Bearer x"}

func ran(d time.Duration) live.Invocation {
	return live.Invocation{Function: "f", RequestID: "run", Duration: d}
}

// handled is the run of a handler behind an authorizer of package authz.
func handled() live.Invocation {
	i := ran(time.Millisecond)
	i.RequestID = "handled"
	i.Event = []byte(`{"requestContext":{"authorizer":{"lambda":{"userId":"usr_1","method":"JWT"}}}}`)
	return i
}

// explained are a request's way, a letter of each station's state and its text, and the cure.
func explained(e entry) (string, string) {
	w := way{entry: e, route: &route{Needs: []string{"events:write"}}, name: func(arn string) string { return arn }}
	var b strings.Builder
	for _, s := range w.steps() {
		b.WriteString(s.State[:2] + " " + s.Text + "\n")
	}
	return b.String(), cureOf(e)
}

func TestWay(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*entry)
		want   string
		cure   string
	}{
		{"allowed, the cache off", func(e *entry) {
			d := &e.decision
			d.Sources, d.Authorizer, d.Handler, d.Allowed, d.Status = []live.IdentityValue{found}, ran(time.Millisecond), handled(), true, 201
		}, "pa POST /events\npa found: Authorization\nsk off: the TTL is 0\npa warm, allowed\npa has events:write\npa warm\npa 201 Created\n", ""},
		{"cached", func(e *entry) {
			d := &e.decision
			d.Sources, d.Handler, d.Allowed, d.Status = []live.IdentityValue{found}, handled(), true, 200
			d.Cache = live.CacheUse{Asked: true, Hit: true, Age: 12 * time.Second, Left: 288 * time.Second, TTL: 5 * time.Minute}
		}, "pa POST /events\npa found: Authorization\npa hit, 12s old, 4m48s left\nsk not run: the cache has its answer\npa has events:write\npa warm\npa 200 OK\n", ""},
		{"no credential", func(e *entry) {
			d := &e.decision
			d.Sources, d.Status, d.Cure = []live.IdentityValue{{Source: "$request.header.Authorization"}}, 401, "send it"
		}, "pa POST /events\nst Authorization is missing\nsk not reached\nsk not reached\nsk not reached\nsk not reached\nst 401 Unauthorized\n", "send it"},
		{"a bad token, after a cold start", func(e *entry) {
			d := &e.decision
			d.Sources, d.Authorizer, d.Status, d.Cache.Asked = []live.IdentityValue{found}, ran(time.Millisecond), 403, true
			d.Authorizer.Cold = true
			e.reason = "invalid signature"
		}, "pa POST /events\npa found: Authorization\npa miss\nst refused: invalid signature\nsk not reached\nsk not reached\nst 403 Forbidden\n", cures["invalid signature"]},
		{"a permission is missing", func(e *entry) {
			d := &e.decision
			d.Sources, d.Authorizer, d.Status = []live.IdentityValue{found}, ran(time.Millisecond), 403
			e.reason, e.text = "denied", "the permission is missing"
		}, "pa POST /events\npa found: Authorization\nsk off: the TTL is 0\npa warm, the credential is good\nst refused: denied\nsk not reached\nst 403 Forbidden\n", cures["denied"]},
		{"a cached refusal", func(e *entry) {
			d := &e.decision
			d.Sources, d.Status = []live.IdentityValue{found}, 403
			d.Cache = live.CacheUse{Asked: true, Hit: true, Age: time.Second, Left: time.Second, RequestID: "run-1"}
			e.reason = "revoked"
		}, "pa POST /events\npa found: Authorization\nst hit, 1s old, 1s left, refused: revoked\nsk not reached\nsk not reached\nsk not reached\nst 403 Forbidden\n",
			cures["revoked"] + ". The answer came from the cache, 1s old: empty it ({pha} reset-cache) if what the authorizer decides has changed since"},
		{"a cached refusal of which no reason is known", func(e *entry) {
			d := &e.decision
			d.Sources, d.Status = []live.IdentityValue{found}, 403
			d.Cache = live.CacheUse{Asked: true, Hit: true, Age: time.Second, Left: time.Second, RequestID: "run-1"}
		}, "pa POST /events\npa found: Authorization\nst hit, 1s old, 1s left, refused\nsk not reached\nsk not reached\nsk not reached\nst 403 Forbidden\n",
			"send a credential that the authorizer lets in: its log says more, by the request run-1. The answer came from the cache, 1s old: empty it ({pha} reset-cache) if what the authorizer decides has changed since"},
		{"the authorizer fails for a stopped service", func(e *entry) {
			d := &e.decision
			d.Sources, d.Authorizer, d.Status = []live.IdentityValue{found}, ran(time.Millisecond), 500
			d.Authorizer.Failure = "the function returned an error"
			e.reason = "unavailable"
			e.calls = []endpoint.Call{{RequestID: "run", Action: "ssm:GetParameter", Error: "ServiceUnavailable", Cure: "resume it"}}
		}, "pa POST /events\npa found: Authorization\nsk off: the TTL is 0\nfa failed: unavailable\nsk not reached\nsk not reached\nfa 500 Internal Server Error\n", "resume it"},
		{"the function may not be invoked", func(e *entry) {
			d := &e.decision
			d.Sources, d.Authorizer, d.Allowed, d.Status = []live.IdentityValue{found}, ran(time.Millisecond), true, 500
			d.Handler.Failure, d.Cure = "not authorized to perform: lambda:InvokeFunction", "add a permission"
		}, "pa POST /events\npa found: Authorization\nsk off: the TTL is 0\npa warm, allowed\nfa API Gateway may not invoke the function\nsk not reached\nfa 500 Internal Server Error\n", "add a permission"},
		{"the handler refuses", func(e *entry) {
			d := &e.decision
			d.Sources, d.Authorizer, d.Handler, d.Allowed, d.Status = []live.IdentityValue{found}, ran(time.Millisecond), handled(), true, 404
		}, "pa POST /events\npa found: Authorization\nsk off: the TTL is 0\npa warm, allowed\npa has events:write\nst warm, answered 404\nst 404 Not Found\n",
			"the request was let through, and the handler itself answered not found: it wants another request"},
		{"no route", func(e *entry) { e.decision = live.Decision{Status: 404, Cure: "add it"} },
			"st not found\nsk not reached\nsk not reached\nsk not reached\nsk not reached\nsk not reached\nst 404 Not Found\n", "add it"},
		{"throttled", func(e *entry) { e.decision.Early, e.decision.Status, e.decision.Cure = true, 429, "raise it" },
			"st throttled\nsk not reached\nsk not reached\nsk not reached\nsk not reached\nsk not reached\nst 429 Too Many Requests\n", "raise it"},
		{"headers too large", func(e *entry) { e.decision.Early, e.decision.Status, e.decision.Cure = true, 431, "send less" },
			"st request header fields too large\nsk not reached\nsk not reached\nsk not reached\nsk not reached\nsk not reached\nst 431 Request Header Fields Too Large\n", "send less"},
		{"another host", func(e *entry) {
			e.decision = live.Decision{Early: true, Status: 403, Kind: "unknown host", Failure: "the host \"x\" is nobody's", Cure: "call another"}
		},
			"st unknown host\nsk not reached\nsk not reached\nsk not reached\nsk not reached\nsk not reached\nst 403 Forbidden\n", "call another"},
		{"a preflight", func(e *entry) { e.decision = live.Decision{Status: 204} },
			"st answered by itself: CORS\nsk not reached\nsk not reached\nsk not reached\nsk not reached\nsk not reached\npa 204 No Content\n", ""},
		{"JWT, refused", func(e *entry) {
			d := &e.decision
			d.Authorization, d.Status, d.Failure, d.Kind, d.Cure = live.AuthorizationJWT, 401, "the token has expired: it is late", "expired", "get another"
		}, "pa POST /events\nsk none of a Lambda authorizer\nsk no Lambda authorizer\nst refused: expired\nsk not reached\nsk not reached\nst 401 Unauthorized\n", "get another"},
		{"JWT, without the scope", func(e *entry) {
			d := &e.decision
			d.Authorization, d.Status, d.Scopes, d.Failure, d.Kind, d.Cure = live.AuthorizationJWT, 403, []string{"write"}, "insufficient_scope: no", "insufficient scope", "get another"
		}, "pa POST /events\nsk none of a Lambda authorizer\nsk no Lambda authorizer\npa the credential is good\nst refused: insufficient scope\nsk not reached\nst 403 Forbidden\n", "get another"},
		{"IAM, without the grant", func(e *entry) {
			d := &e.decision
			d.Authorization, d.Status, d.Failure, d.Kind, d.Cure = live.AuthorizationIAM, 403, "User: x is not authorized", "denied", "allow it"
		}, "pa POST /events\nsk none of a Lambda authorizer\nsk no Lambda authorizer\npa the credential is good\nst refused: denied\nsk not reached\nst 403 Forbidden\n", "allow it"},
		{"IAM, with a body that is too large", func(e *entry) {
			e.decision.Authorization, e.decision.Status, e.decision.Cure = live.AuthorizationIAM, 413, "send less"
		}, "pa POST /events\nsk none of a Lambda authorizer\nsk no Lambda authorizer\nst refused: request entity too large\nsk not reached\nsk not reached\nst 413 Request Entity Too Large\n", "send less"},
		{"IAM, allowed", func(e *entry) {
			d := &e.decision
			d.Authorization, d.Handler, d.Allowed, d.Status = live.AuthorizationIAM, ran(time.Millisecond), true, 200
		}, "pa POST /events\nsk none of a Lambda authorizer\nsk no Lambda authorizer\npa allowed\npa has execute-api:Invoke\npa warm\npa 200 OK\n", ""},
		{"an authorizer that fails", func(e *entry) {
			d := &e.decision
			d.Sources, d.Authorizer, d.Status, d.Cure = []live.IdentityValue{found}, ran(time.Millisecond), 500, "mend it"
			d.Failure = "the function returned an error"
			d.Authorizer.Failure = d.Failure
		}, "pa POST /events\npa found: Authorization\nsk off: the TTL is 0\nfa failed\nsk not reached\nsk not reached\nfa 500 Internal Server Error\n", "mend it"},
		{"an authorizer that Lambda throttles", func(e *entry) {
			d := &e.decision
			d.Sources, d.Status, d.Failure, d.Cure = []live.IdentityValue{found}, 500, "Rate Exceeded.", "let more run"
			d.Authorizer.Failure = d.Failure
		}, "pa POST /events\npa found: Authorization\nsk off: the TTL is 0\nfa failed: the authorizer was throttled\nsk not reached\nsk not reached\nfa 500 Internal Server Error\n", "let more run"},
		{"public", func(e *entry) {
			d := &e.decision
			d.Authorization, d.Handler, d.Allowed, d.Status = live.AuthorizationNone, ran(time.Millisecond), true, 200
		}, "pa POST /events\nsk none: the route is public\nsk no Lambda authorizer\nsk none\npa none needed\npa warm\npa 200 OK\n", ""},
		{"an authorizer of which nothing is known", func(e *entry) {
			d := &e.decision
			d.Sources, d.Authorizer, d.Handler, d.Allowed, d.Status = []live.IdentityValue{found}, ran(time.Millisecond), ran(time.Millisecond), true, 200
		}, "pa POST /events\npa found: Authorization\nsk off: the TTL is 0\npa warm, allowed\npa needs events:write: the authorizer decides\npa warm\npa 200 OK\n", ""},
		{"functions that get on without what they may not do", func(e *entry) {
			d := &e.decision
			d.Sources, d.Authorizer, d.Handler, d.Allowed, d.Status = []live.IdentityValue{found}, ran(time.Millisecond), handled(), true, 200
			e.calls = []endpoint.Call{{RequestID: "run", Action: "ssm:GetParameter", Error: "AccessDeniedException"}, {RequestID: "handled", Action: "ssm:GetParameter", Error: "AccessDeniedException"}}
		}, "pa POST /events\npa found: Authorization\nsk off: the TTL is 0\npa warm, allowed\npa has events:write\npa warm\npa 200 OK\n", ""},
		{"a handler that fails, not for what its authorizer may not do", func(e *entry) {
			d := &e.decision
			d.Sources, d.Authorizer, d.Handler, d.Allowed, d.Status = []live.IdentityValue{found}, ran(time.Millisecond), handled(), true, 500
			e.calls = []endpoint.Call{{RequestID: "run", Action: "ssm:GetParameter", Error: "AccessDeniedException", Cure: "allow it"}}
		}, "pa POST /events\npa found: Authorization\nsk off: the TTL is 0\npa warm, allowed\npa has events:write\nfa warm, answered 500\nfa 500 Internal Server Error\n",
			"the handler failed: its log below says why"},
		{"during a deployment", func(e *entry) {
			d := &e.decision
			e.deploying = true
			d.Sources, d.Authorizer, d.Handler, d.Allowed, d.Status = []live.IdentityValue{found}, ran(time.Millisecond), handled(), true, 200
		}, "pa POST /events\npa found: Authorization\nsk off: the TTL is 0\npa warm, allowed\npa not known during a deployment: the authorizer decides\npa warm\npa 200 OK\n", ""},
		{"JWT, allowed, with a scope of several", func(e *entry) {
			d := &e.decision
			d.Scopes, e.deploying = []string{"read", "write"}, true
			d.Authorization, d.Handler, d.Allowed, d.Status = live.AuthorizationJWT, ran(time.Millisecond), true, 200
		}, "pa POST /events\nsk none of a Lambda authorizer\nsk no Lambda authorizer\npa allowed\npa has one of read, write\npa warm\npa 200 OK\n", ""},
		{"JWT, allowed", func(e *entry) {
			d := &e.decision
			d.Scopes = []string{"events:write"}
			d.Authorization, d.Handler, d.Allowed, d.Status = live.AuthorizationJWT, ran(time.Millisecond), true, 200
		}, "pa POST /events\nsk none of a Lambda authorizer\nsk no Lambda authorizer\npa allowed\npa has events:write\npa warm\npa 200 OK\n", ""},
		{"an authorizer that refuses in its own words", func(e *entry) {
			d := &e.decision
			d.Sources, d.Authorizer, d.Status = []live.IdentityValue{found}, ran(time.Millisecond), 403
		}, "pa POST /events\npa found: Authorization\nsk off: the TTL is 0\nst refused\nsk not reached\nsk not reached\nst 403 Forbidden\n",
			"send a credential that the authorizer lets in: what it got and answered, and what it logged, is below"},
		{"an authorizer that may not be invoked", func(e *entry) {
			d := &e.decision
			d.Sources, d.Status, d.Failure = []live.IdentityValue{found}, 500, "API Gateway doesn't have permissions to call the authorizer."
			d.Authorizer.Failure, d.Cure = d.Failure, "grant it"
		}, "pa POST /events\npa found: Authorization\nsk off: the TTL is 0\nfa failed: the authorizer may not be invoked\nsk not reached\nsk not reached\nfa 500 Internal Server Error\n", "grant it"},
		{"a function that may not do what it does", func(e *entry) {
			d := &e.decision
			d.Sources, d.Authorizer, d.Handler, d.Allowed, d.Status = []live.IdentityValue{found}, ran(time.Millisecond), handled(), true, 500
			e.calls = []endpoint.Call{
				{RequestID: "handled", Action: "dynamodb:PutItem", Error: "AccessDeniedException", Cure: "allow it"},
				{RequestID: "run", Action: "ssm:GetParameter", Error: "AccessDeniedException", Cure: "allow what is not the handler's"},
			}
		}, "pa POST /events\npa found: Authorization\nsk off: the TTL is 0\npa warm, allowed\nfa the function may not call dynamodb:PutItem\nfa warm, answered 500\nfa 500 Internal Server Error\n", "allow it"},
		{"a call that succeeded the second time", func(e *entry) {
			d := &e.decision
			d.Authorization, d.Handler, d.Allowed, d.Status = live.AuthorizationNone, ran(time.Millisecond), true, 500
			e.calls = []endpoint.Call{{RequestID: "run", Action: "dynamodb:Query", Error: "Throttled", Cure: "no"}, {RequestID: "run", Action: "dynamodb:Query"}}
		}, "pa POST /events\nsk none: the route is public\nsk no Lambda authorizer\nsk none\npa none needed\nfa warm, answered 500\nfa 500 Internal Server Error\n",
			"the handler failed: its log below says why"},
		{"a handler without the identity", func(e *entry) {
			d := &e.decision
			d.Sources, d.Authorizer, d.Handler, d.Allowed, d.Status = []live.IdentityValue{found}, ran(time.Millisecond), handled(), true, 401
		}, "pa POST /events\npa found: Authorization\nsk off: the TTL is 0\npa warm, allowed\npa has events:write\nst warm, answered 401\nst 401 Unauthorized\n",
			"the handler itself answered 401: authz.FromRequest has it do so where the authorizer's answer has no identity in it, or one that has expired"},
		{"a preflight that CORS refuses", func(e *entry) {
			e.decision = live.Decision{Status: 204, Early: true, Failure: "no origin matches", Cure: "allow the origin"}
		}, "st not allowed by CORS\nsk not reached\nsk not reached\nsk not reached\nsk not reached\nsk not reached\npa 204 No Content\n", "allow the origin"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := entry{decision: onTheWay()}
			tt.change(&e)
			got, cure := explained(e)
			if got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
			if cure != cli.Text(tt.cure) {
				t.Errorf("the cure is %q, want %q", cure, tt.cure)
			}
		})
	}
}

type failing struct{ err error }

func (f failing) Verify(context.Context, authz.Request, authz.Credential) (authz.Principal, error) {
	return authz.Principal{}, f.err
}

// Each reason with which an authorizer of package authz refuses a request, or fails, is
// found in its log, and has a cure.
func TestCures(t *testing.T) {
	t.Parallel()
	event, err := os.ReadFile("../../../authz/testdata/authorizer_event.json")
	if err != nil {
		t.Fatal(err)
	}
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "run-1"})
	for _, err := range []error{
		authz.ErrNotApplicable, authz.ErrMalformed, authz.ErrUnsupportedAlgorithm, authz.ErrUnknownKey, authz.ErrInvalidSignature,
		authz.ErrExpired, authz.ErrNotYetValid, authz.ErrInvalidClaim, authz.ErrRevoked, authz.ErrReplayed, authz.ErrDenied, authz.ErrTenantSuspended,
		authz.ErrQuotaExceeded, authz.ErrRateLimited, authz.ErrMisconfigured, authz.ErrUnavailable, errors.New("another"),
	} {
		var log strings.Builder
		h := authz.Handler{Chain: authz.Chain{{Verifier: failing{err}}}, Logger: slog.New(slog.NewJSONHandler(&log, nil)), Getenv: func(string) string { return "" }}
		_, _ = h.Invoke(ctx, event) // it fails or refuses, and says so in the log
		r := testRecorder()
		r.decided(refusal("1"))
		r.logged("", []logs.Event{{Message: log.String()}})
		e, _ := r.find(1)
		if cure := cureOf(e); e.reason == "" || cures[e.reason] == "" || cure != cli.Text(cures[e.reason]) || strings.Contains(cure, "{pha}") {
			t.Errorf("%v: %q: %q", err, e.reason, cure)
		}
	}
}

// The facts of a station are what is known of it, without credentials.
func TestFacts(t *testing.T) {
	t.Parallel()
	e := entry{decision: onTheWay()}
	d := &e.decision
	d.Query = "page=2&token=secret"
	d.Sources = []live.IdentityValue{found, {Source: "$context.routeKey", Value: "POST /events"}}
	d.Authorizer, d.Handler, d.Allowed, d.Status = ran(1500*time.Microsecond), handled(), true, 500
	d.Authorizer.Cold, d.Authorizer.Init = true, 40*time.Millisecond
	d.Cache = live.CacheUse{Asked: true, TTL: 5 * time.Minute}
	e.calls = []endpoint.Call{
		{RequestID: "run", Action: "ssm:GetParameter", Resource: "arn"}, {RequestID: "run", Action: "ssm:PutParameter", Resource: "arn", Error: "AccessDeniedException"},
		{RequestID: "handled", Action: "dynamodb:PutItem", Resource: "arn", Error: "AccessDeniedException"},
		{RequestID: "handled", Action: "dynamodb:GetItem", Resource: "arn", Error: "ResourceNotFoundException"},
		{RequestID: "handled", Action: "ssm:GetParameter", Error: "ServiceUnavailableException"},
	}
	w := way{entry: e, name: func(arn string) string { return "the " + arn }, route: &route{Needs: []string{"events:write"}}}
	got := map[string]string{}
	for _, s := range w.steps() {
		for _, f := range s.Facts {
			got[s.Kind+": "+f.Name] = f.Value
		}
	}
	for name, want := range map[string]string{
		"gateway: query parameters":              "page, token",
		"sources: $request.header.Authorization": "found, 8 characters, " + fingerprint("Bearer x"),
		"sources: $context.routeKey":             "found: POST /events",
		"cache: TTL":                             "5m0s",
		"authorizer: function":                   "the f",
		"authorizer: duration":                   "1.5 ms",
		"authorizer: start":                      "40.0 ms",
		"permissions: the route needs":           "events:write",
		"permissions: dynamodb:PutItem":          "refused",
		"permissions: dynamodb:GetItem":          "allowed",
		"permissions: ssm:GetParameter":          "not asked",

		"permissions: ssm:GetParameter of the authorizer": "allowed",
		"permissions: ssm:PutParameter of the authorizer": "refused",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	w.entry = entry{decision: live.Decision{Early: true, Status: 404, Failure: "no route matches"}}
	if facts := w.steps()[0].Facts; facts[len(facts)-1] != (fact{"reason", "no route matches"}) {
		t.Errorf("of a request that no route matches is said %v", facts)
	}
}
