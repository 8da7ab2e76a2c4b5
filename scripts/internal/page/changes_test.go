package page

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

// What has become public comes first; what is the same is not mentioned.
func TestChanges(t *testing.T) {
	t.Parallel()
	names := local.ProgramNames{"list": "events-list"}
	before := settled{things: described([]local.API{{Name: "events", Stage: "$default", Routes: []local.Route{
		{Key: "GET /events", Authorization: "NONE", Function: "list"},
		{Key: "POST /events", Authorization: "CUSTOM", AuthorizerID: "z1", Permissions: []string{"events:write"}, Function: "create"},
		{Key: "GET /me", Authorization: "JWT", AuthorizerID: "z2", Scopes: []string{"a", "b"}, Function: "me"},
		{Key: "GET /old", Authorization: "AWS_IAM", Function: "old"},
	}, Authorizers: []local.Authorizer{
		{ID: "z1", Name: "authorizer", Function: "f", Sources: []string{"$request.header.Authorization"}},
		{ID: "z2", Name: "cognito", Issuer: "https://issuer", Audience: []string{"web"}, Sources: []string{"$request.header.Authorization"}},
	}}}, names)}
	after := settled{things: described([]local.API{{Name: "events", Stage: "$default", Routes: []local.Route{
		{Key: "GET /events", Authorization: "NONE", Function: "search"},
		{Key: "POST /events", Authorization: "NONE", Function: "create"},
		{Key: "GET /me", Authorization: "JWT", AuthorizerID: "z2", Scopes: []string{"a"}, Function: "me"},
		{Key: "ANY /new", Authorization: "AWS_IAM", Function: "new"},
	}, Authorizers: []local.Authorizer{
		{ID: "z1", Name: "authorizer", Function: "f", TTL: 5 * time.Minute, Sources: []string{"$request.header.Authorization", "$context.routeKey"}},
		{ID: "z2", Name: "cognito", Issuer: "https://other", Audience: []string{"web"}, Sources: []string{"$request.querystring.jwt"}},
		{ID: "z3", Name: "partners", Function: "f"},
	}}, {Name: "events", Stage: "v1", Routes: []local.Route{{Key: "GET /events", Authorization: "NONE", Function: "list"}}}}, names)}
	want := []string{
		"events, stage v1: GET /events: new, public, answered by events-list",
		"events: POST /events: public, was: authorizer, needs events:write",
		"events: ANY /new: new, IAM, answered by new",
		"events: GET /events: answered by search, was: events-list",
		"events: GET /me: cognito, needs a, was: cognito, needs a b",
		"events: authorizer authorizer: answers reused for 5m0s, by $request.header.Authorization, $context.routeKey, was: answers reused for 0s, by $request.header.Authorization",
		"events: authorizer cognito: tokens of https://other for web, from $request.querystring.jwt, was: tokens of https://issuer for web, from $request.header.Authorization",
		"events: authorizer partners: new, answers reused for 0s, by ",
		"events: GET /old: gone, was: IAM",
	}
	if got := changes(before, after); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := changes(after, after); got == nil || len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

// What an API does beside its routes is compared too.
func TestChangesOfSettings(t *testing.T) {
	t.Parallel()
	limited := func(rate float64, burst *int) management.Overview {
		return management.Overview{
			API: management.API{CORSConfiguration: &live.CORS{AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"GET", "POST"}, AllowCredentials: true, MaxAge: 60}},
			Stages: []management.Stage{{Name: "other"}, {
				Name: "v1", DefaultRouteSettings: &management.RouteSettings{ThrottlingRateLimit: &rate, ThrottlingBurstLimit: burst},
				RouteSettings: map[string]management.RouteSettings{"GET /events": {}},
			}},
		}
	}
	api := local.API{Name: "events", Stage: "v1"}
	before := settled{things: settings(api, limited(10, new(5)))}
	api.EndpointDisabled = true
	api.Domains = []local.Domain{{Host: "api.example.com", URL: "http://127.0.0.1:1/v1", MutualTLS: true}}
	open := limited(0.5, nil)
	open.CORSConfiguration = &live.CORS{AllowOrigins: []string{"*"}, AllowHeaders: []string{"x-a"}, ExposeHeaders: []string{"x-b"}}
	open.Stages[1].RouteSettings = nil
	want := []string{
		"events, stage v1: CORS: origins *, headers x-a, shows x-b, kept for 0 s, was: origins https://a.example, methods GET POST, credentials, kept for 60 s",
		"events, stage v1: domain api.example.com: new, answers at http://127.0.0.1:1/v1, asks for client certificates",
		"events, stage v1: its own endpoint: disabled, was: answers",
		"events, stage v1: limit of each route: 0.5 requests a second, any burst, was: 10 requests a second, 5 at once",
		"events, stage v1: limit of GET /events: gone, was: any rate, any burst",
	}
	if got := changes(before, settled{things: settings(api, open)}); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// No value of a function's environment is shown.
func TestChangesOfFunctions(t *testing.T) {
	t.Parallel()
	f := lambda.FunctionInfo{CodeSha256: "1", Function: lambda.Function{
		RoleARN: "arn:aws:iam::123456789012:role/reader", Runtime: "provided.al2023", Architecture: "arm64", MemorySize: 128, Timeout: 3 * time.Second,
		Environment: map[string]string{"SAME": "secret", "KEY": "secret", "GONE": "secret"},
	}}
	before := settled{functions: map[string]map[string]string{"create": configuration(f), "old": configuration(f), "same": configuration(f)}}
	f.CodeSha256, f.RoleARN, f.MemorySize, f.Timeout, f.ReservedConcurrency = "2", "arn:aws:iam::123456789012:role/writer", 256, time.Minute, new(1)
	f.Environment = map[string]string{"SAME": "secret", "KEY": "other secret", "NEW": "secret"}
	after := settled{functions: map[string]map[string]string{"create": configuration(f), "new": configuration(f), "same": before.functions["same"]}}
	want := []string{
		"function create: its code has changed",
		"function create: its memory is 256 MB, was: 128 MB",
		"function create: its reserved concurrency is 1, was: none",
		"function create: its role is writer, was: reader",
		"function create: its timeout is 1m0s, was: 3s",
		"function create: the variable GONE is gone",
		"function create: the variable KEY has changed",
		"function create: the variable NEW is new",
	}
	if got := changes(before, after); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestResources(t *testing.T) {
	t.Parallel()
	changed := []local.ResourceChange{{Kind: "updated", Type: "RolePolicy", Name: "events-create-event"}, {Kind: "deleted", Type: "Parameter", Name: "old"}}
	for range mostResources + 2 {
		changed = append(changed, local.ResourceChange{Kind: "created", Type: "Route", Name: "r"})
	}
	want := []string{"created: " + strings.Repeat("Route r, ", mostResources-1) + "Route r and 2 more", "deleted: Parameter old", "updated: RolePolicy events-create-event"}
	if got := resources(changed); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := resources(nil); got == nil || len(got) != 0 {
		t.Errorf("got %v", got)
	}
	if got := same(changed); !slices.Equal(got, []string{"authorizers", "limits", "CORS", "domains", "functions"}) {
		t.Errorf("%q are the same", got)
	}
	changed = nil
	for _, kind := range []string{"Integration", "Authorizer", "Stage", "Api", "ApiMapping", "Function"} {
		changed = append(changed, local.ResourceChange{Kind: "updated", Type: kind})
	}
	if got := same(changed); got == nil || len(got) != 0 {
		t.Errorf("%q are the same", got)
	}
}

// A deployment that fails may have changed something: that is shown, and why it failed.
// The last few are kept.
func TestUpdated(t *testing.T) {
	t.Parallel()
	p := serving(t)
	d := &local.Deployment{AWS: p.current.aws, APIs: []local.API{{ID: "a1", Name: "events", Stage: "v1", Routes: []local.Route{{Key: "POST /events", Authorization: "CUSTOM", AuthorizerID: "z1"}}, Authorizers: []local.Authorizer{{ID: "z1", Name: "authorizer", Function: "f"}}}}}
	p.current.deployments = begin(nil, time.UnixMilli(1))
	p.updated(local.StackUpdate{Deployment: d, Ended: true, Changes: map[string]int{"create": 3}, Resources: []local.ResourceChange{{Kind: "created", Type: "Route", Name: "r"}}})
	first := p.state()
	if got := first.Deployment; got.Status != "serving" || got.Summary != "3 created" || len(got.Changes)+len(got.Resources) != 0 || first.APIs[0].Name != "events, stage v1" || first.APIs[0].Routes[0].Protection != "lambda" {
		t.Errorf("the first: %+v", first)
	}
	p.current.names = local.ProgramNames{"events-dev-old": "old"}
	p.current.deployments = begin(p.current.deployments, time.UnixMilli(2))
	p.recorder.deploys()
	p.recorder.decided(live.Decision{RequestID: "meanwhile"})
	d.APIs = []local.API{{ID: "a1", Name: "events", Stage: "v1", Routes: []local.Route{{Key: "POST /events", Authorization: "NONE"}}}}
	p.updated(local.StackUpdate{
		Deployment: d, Ended: true, Took: time.Second, Err: errors.New("pulumi up failed"), Output: "error: it is forbidden",
		Resources: []local.ResourceChange{{Kind: "updated", Type: "Route", Name: "r"}},
	})
	p.recorder.decided(live.Decision{RequestID: "afterwards"})
	for seq, deploying := range []bool{true, false} {
		if e, _ := p.recorder.find(uint64(seq + 1)); e.deploying != deploying {
			t.Errorf("%s came during the deployment: %v", e.decision.RequestID, e.deploying)
		}
	}
	s := p.state()
	got := s.Deployment
	if got.Status != "failed" || got.Error != "pulumi up failed\nerror: it is forbidden" || got.TookMillis != 1000 || s.APIs[0].Routes[0].Protection != public ||
		!slices.Equal(got.Resources, []string{"updated: Route r"}) || len(got.Changes) != 2 || got.Changes[0] != "events, stage v1: POST /events: public, was: authorizer" {
		t.Errorf("the second: %+v", s)
	}
	if name := p.now().names.Of("events-dev-old"); name != "old" {
		t.Errorf("the function that is gone is called %s", name)
	}
	if len(s.Deployments) != 2 || s.Deployments[0].Number != 2 || s.Deployments[1].Summary != "3 created" {
		t.Errorf("the deployments are %+v", s.Deployments)
	}
	for range keptDeployments {
		p.current.deployments = begin(p.current.deployments, time.UnixMilli(3))
	}
	s = p.state()
	if last := s.Deployments[keptDeployments-1]; len(s.Deployments) != keptDeployments || last.Number != 3 || s.Deployment.Number != 7 || s.Deployment.Status != "deploying" || s.Deployment.At != 3 {
		t.Errorf("the deployments are %+v", s.Deployments)
	}
}
