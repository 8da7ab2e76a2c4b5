package page

import (
	"slices"
	"testing"
)

// What has become public comes first; what is the same is not mentioned.
func TestChanges(t *testing.T) {
	t.Parallel()
	before := []api{{Name: "events", Routes: []route{
		{Key: "GET /events", Protection: "public", Function: "list"},
		{Key: "POST /events", Protection: "lambda", Authorizer: "authorizer", Needs: []string{"events:write"}, Function: "create"},
		{Key: "GET /me", Protection: "jwt", Authorizer: "cognito", Needs: []string{"a", "b"}, Function: "me"},
		{Key: "GET /old", Protection: "iam", Function: "old"},
	}, Authorizers: []authorizer{
		{Name: "authorizer", Kind: "lambda", TTLSeconds: 0, Sources: []string{"$request.header.Authorization"}},
		{Name: "cognito", Kind: "jwt", Issuer: "https://issuer", Audience: []string{"web"}},
	}}}
	after := []api{{Name: "events", Routes: []route{
		{Key: "GET /events", Protection: "public", Function: "search"},
		{Key: "POST /events", Protection: "public", Function: "create"},
		{Key: "GET /me", Protection: "jwt", Authorizer: "cognito", Needs: []string{"a"}, Function: "me"},
		{Key: "ANY /new", Protection: "iam", Function: "new"},
	}, Authorizers: []authorizer{
		{Name: "authorizer", Kind: "lambda", TTLSeconds: 300, Sources: []string{"$request.header.Authorization", "$context.routeKey"}},
		{Name: "cognito", Kind: "jwt", Issuer: "https://other", Audience: []string{"web"}},
		{Name: "partners", Kind: "lambda"},
	}}}
	want := []string{
		"events: POST /events: public, was: authorizer, needs events:write",
		"events: ANY /new: new, IAM, answered by new",
		"events: GET /events: answered by search, was: list",
		"events: GET /me: cognito, needs a, was: cognito, needs a b",
		"events: authorizer authorizer: answers reused for 5m0s, by $request.header.Authorization, $context.routeKey, was: answers reused for 0s, by $request.header.Authorization",
		"events: authorizer cognito: tokens of https://other for web, was: tokens of https://issuer for web",
		"events: authorizer partners: new, answers reused for 0s, by ",
		"events: GET /old: gone, was: IAM",
		"function create: new code",
	}
	if got := changes(before, after, map[string]string{"create": "1", "list": "1", "old": "1"}, map[string]string{"create": "2", "list": "1", "new": "1"}); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := changes(after, after, nil, nil); got == nil || len(got) != 0 {
		t.Errorf("got %v", got)
	}
}
