package main

import (
	"slices"
	"testing"

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
		{Key: "POST /events", Authorization: "CUSTOM", Authorizer: "authorizer"},
		{Key: "PUT /sync", Authorization: "AWS_IAM"},
	}}
	const post = `curl -i -X POST -H 'Content-Type: application/json' -d '{"name":"My first event"}'`
	want := []string{
		post + " 'http://a.example/events'   # no credential: 401",
		post + " -H 'Authorization: Bearer bad-token' 'http://a.example/events'   # bad token: 403",
		post + ` -H "Authorization: Bearer $TOKEN" 'http://a.example/events'   # protected`,
		`curl -i -X PUT -H 'Content-Type: application/json' -d '{}' --aws-sigv4 "aws:amz:$AWS_REGION:execute-api" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" 'http://a.example/sync'   # signed, with the environment below`,
		`curl -i -H "Authorization: Bearer …" 'http://a.example/admin'   # with a token of the route's JWT issuer`,
		"curl -i 'http://a.example/events'   # public",
		"curl -i 'http://a.example/events/ID'   # public, with a value for ID",
		`curl -i -X DELETE -H "Authorization: Bearer $TOKEN" 'http://a.example/events/ID'   # protected, with a value for ID`,
	}
	if got := tries(api, true); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := tries(api, false); !slices.Equal(got, slices.Concat(want[:1], want[3:7])) {
		t.Errorf("without tokens: got %q", got)
	}
}
