package up

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local"
)

func TestTries(t *testing.T) {
	t.Parallel()
	api := local.API{Name: "events", URL: "http://a.example", Routes: []local.Route{
		{Key: "$default", Authorization: "NONE"},
		{Key: "ANY /{rest+}", Authorization: "NONE"},
		{Key: "DELETE /events/{id}", Authorization: "CUSTOM", Authorizer: "authorizer"},
		{Key: "GET /admin", Authorization: "JWT"},
		{Key: "GET /events", Authorization: "NONE"},
		{Key: "GET /events/{id}", Authorization: "NONE"},
		{Key: "POST /events", Authorization: "CUSTOM", Authorizer: "authorizer", Function: "events-api-dev-events-create-event"},
		{Key: "POST /orders/events", Authorization: "JWT"},
		{Key: "PUT /sync", Authorization: "AWS_IAM"},
	}}
	const post = `curl -i -X POST -H 'Content-Type: application/json' -d '{"name":"My first event"}'`
	want := []string{
		post + " 'http://a.example/events'   # no credential: 401",
		post + " -H 'Authorization: Bearer bad-token' 'http://a.example/events'   # bad token: 403",
		post + ` -H "Authorization: Bearer $TOKEN" 'http://a.example/events'   # protected`,
		`curl -i -X POST -H 'Content-Type: application/json' -d '{}' -H "Authorization: Bearer …" 'http://a.example/orders/events'   # with a token of the route's JWT issuer`,
		`curl -i -X PUT -H 'Content-Type: application/json' -d '{}' --aws-sigv4 "aws:amz:$AWS_REGION:execute-api" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" 'http://a.example/sync'   # signed, with the environment below`,
		`curl -i -H "Authorization: Bearer …" 'http://a.example/admin'   # with a token of the route's JWT issuer`,
		"curl -i 'http://a.example/events'   # public",
		"curl -i 'http://a.example/events/ID'   # public, with a value for ID",
		`curl -i -X DELETE -H "Authorization: Bearer $TOKEN" 'http://a.example/events/ID'   # protected, with a value for ID`,
	}
	if got := tries(api, true); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := tries(api, false); !slices.Equal(got, slices.Concat(want[:1], want[3:8])) {
		t.Errorf("without tokens: got %q", got)
	}
}

// An API is called by its domain where its own endpoint is disabled, and the greeting
// says of each domain how.
func TestDomainsAreGreeted(t *testing.T) {
	t.Parallel()
	api := local.API{
		Name: "events", Stage: "$default", URL: "http://127.0.0.1:1", Routes: []local.Route{{Key: "GET /events", Authorization: "NONE"}},
		Domains: []local.Domain{
			{Host: "closed.example.com", URL: "http://127.0.0.1:1", MutualTLS: true},
			{Host: "api.example.com", URL: "http://127.0.0.1:1/v1"},
		},
	}
	const domains = "  its domain closed.example.com asks for client certificates, which there cannot be here: 403\n" +
		"  and by its domain with -H 'Host: api.example.com' at http://127.0.0.1:1/v1\n"
	if got := serves(api); got != "The API events serves at http://127.0.0.1:1\n"+domains {
		t.Errorf("got %s", got)
	}
	if got := tries(api, false); !slices.Equal(got, []string{"curl -i 'http://127.0.0.1:1/events'   # public"}) {
		t.Errorf("got %q", got)
	}
	api.EndpointDisabled = true
	if got := serves(api); got != "The API events serves by its domains only: its own endpoint is disabled\n"+domains {
		t.Errorf("got %s", got)
	}
	if got := tries(api, false); !slices.Equal(got, []string{"curl -i -H 'Host: api.example.com' 'http://127.0.0.1:1/v1/events'   # public"}) {
		t.Errorf("got %q", got)
	}
}

// TestStateOfAPIs: what the state file says of an API.
func TestStateOfAPIs(t *testing.T) {
	t.Parallel()
	content, err := json.Marshal(state{APIs: []local.API{{
		Name: "events", ID: "a1", Stage: "$default", URL: "http://127.0.0.1:1",
		Routes: []local.Route{
			{Key: "GET /events", Authorization: "NONE", Function: "list"},
			{Key: "POST /events", Authorization: "CUSTOM", Function: "create", AuthorizerID: "z1", Authorizer: "authorizer", TTL: time.Minute, Permissions: []string{"events:write"}},
		},
		Authorizers: []local.Authorizer{
			{ID: "z1", Name: "events-authorizer", Function: "authorizer", TTL: time.Minute, Sources: []string{"$request.header.Authorization"}},
			{ID: "z2", Name: "events-jwt-users", Sources: []string{"$request.header.Authorization"}, Issuer: "https://issuer", Audience: []string{"app"}},
		},
	}}})
	const want = `"apis":[{"name":"events","id":"a1","stage":"$default","url":"http://127.0.0.1:1","routes":[` +
		`{"key":"GET /events","authorization":"NONE","function":"list"},` +
		`{"key":"POST /events","authorization":"CUSTOM","function":"create","authorizerId":"z1","authorizer":"authorizer","permissions":["events:write"]}],"authorizers":[` +
		`{"id":"z1","name":"events-authorizer","function":"authorizer","identitySources":["$request.header.Authorization"]},` +
		`{"id":"z2","name":"events-jwt-users","identitySources":["$request.header.Authorization"],"issuer":"https://issuer","audience":["app"]}]}]`
	if err != nil || !strings.Contains(string(content), want) {
		t.Errorf("got %s, %v\nwant %s", content, err, want)
	}
}
