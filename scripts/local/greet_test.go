package main

import (
	"slices"
	"testing"
)

func TestTries(t *testing.T) {
	t.Parallel()
	access := map[string]any{"GET /events": "public", "GET /events/{id}": "public", "POST /events": "Lambda authorizer", "DELETE /events/{id}": "Lambda authorizer", "ANY /{rest+}": "public"}
	const post = `curl -i -X POST -H 'Content-Type: application/json' -d '{"name":"My first event"}'`
	want := []string{
		post + " 'http://a.example/events'   # no credential: 401",
		post + " -H 'Authorization: Bearer bad-token' 'http://a.example/events'   # bad token: 403",
		post + ` -H "Authorization: Bearer $TOKEN" 'http://a.example/events'   # protected`,
		"curl -i 'http://a.example/events'   # public",
		"curl -i 'http://a.example/events/ID'   # public, with a value for ID",
		`curl -i -X DELETE -H "Authorization: Bearer $TOKEN" 'http://a.example/events/ID'   # protected, with a value for ID`,
	}
	if got := tries(access, "http://a.example/", true); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := tries(access, "http://a.example", false); !slices.Equal(got, []string{want[0], want[3], want[4]}) {
		t.Errorf("without tokens: got %q", got)
	}
}
