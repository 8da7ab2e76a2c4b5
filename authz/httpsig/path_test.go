package httpsig

import (
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
)

const otherParameters = "malformed credential: the path parameters are not those of the path; it has an encoded slash or question mark, or is encoded twice"

// TestChecklist12PathParameters: a handler gets no parameter that is not in the
// path that was signed.
func TestChecklist12PathParameters(t *testing.T) {
	t.Parallel()
	type values = map[string]string
	tests := []struct {
		name, path, route string
		parameters        values
		err               string
	}{
		{"literal", "/events", "POST /events", nil, ""},
		{"root", "/", "GET /", nil, ""},
		{"root of a stage", "/prod", "GET /", nil, ""},
		{"variable", "/events/1", "DELETE /events/{id}", values{"id": "1"}, ""},
		{"any method", "/events/1", "ANY /events/{id}", values{"id": "1"}, ""},
		{"in the middle", "/events/1/parts", "GET /events/{id}/parts", values{"id": "1"}, ""},
		{"two", "/a/b", "GET /{x}/{y}", values{"x": "a", "y": "b"}, ""},
		{"decoded", "/events/a b", "GET /events/{id}", values{"id": "a b"}, ""},
		{"encoded", "/events/a b", "GET /events/{id}", values{"id": "a%20b"}, ""},
		{"a plus is no space", "/events/a+b", "GET /events/{id}", values{"id": "a+b"}, ""},
		{"a percent sign", "/events/100%", "GET /events/{id}", values{"id": "100%"}, ""},
		{"stage", "/prod/events/1", "DELETE /events/{id}", values{"id": "1"}, ""},
		{"base path", "/shop/v1/events/1", "DELETE /events/{id}", values{"id": "1"}, ""},
		{"slash at the end of the route", "/events/1", "DELETE /events/{id}/", values{"id": "1"}, ""},
		{"slash at the end", "/events/1/", "DELETE /events/{id}", values{"id": "1"}, ""},
		{"greedy", "/files/a/b", "GET /files/{name+}", values{"name": "a/b"}, ""},
		{"greedy, of one segment", "/files/a", "GET /files/{name+}", values{"name": "a"}, ""},
		{"greedy, empty", "/files/", "GET /files/{name+}", values{"name": ""}, ""},
		{"greedy, encoded", "/prod/files/a b/c", "GET /files/{name+}", values{"name": "a%20b/c"}, ""},
		{"greedy, with a slash at the end", "/files/a/", "GET /files/{name+}", values{"name": "a/"}, ""},
		{"greedy, without it", "/files/a/", "GET /files/{name+}", values{"name": "a"}, ""},
		{"greedy after a variable", "/x/y/z", "ANY /{first}/{rest+}", values{"first": "x", "rest": "y/z"}, ""},
		{"all", "/events/1", "DELETE /{all+}", values{"all": "events/1"}, ""},
		{"default", "/events/1", "$default", nil, ""},

		{"another value", "/events/1", "DELETE /events/{id}", values{"id": "2"}, otherParameters},
		{"value with a query", "/events/1", "DELETE /events/{id}", values{"id": "1?x"}, otherParameters},
		{"value with an encoded query", "/events/1", "DELETE /events/{id}", values{"id": "1%3Fx"}, otherParameters},
		{"value with a slash", "/events/1", "DELETE /{id}", values{"id": "events/1"}, otherParameters},
		{"value with an encoded slash", "/events/1", "DELETE /{id}", values{"id": "events%2F1"}, otherParameters},
		{"value encoded twice", "/events/1", "DELETE /events/{id}", values{"id": "%2531"}, otherParameters},
		{"value in another place", "/events/1/2", "GET /events/{id}/2", values{"id": "2"}, otherParameters},
		{"no value", "/events/1", "DELETE /events/{id}", nil, otherParameters},
		{"empty value", "/events/1", "DELETE /events/{id}", values{"id": ""}, otherParameters},
		{"value of another name", "/events/1", "DELETE /events/{id}", values{"key": "1"}, otherParameters},
		{"another literal", "/users/1", "DELETE /events/{id}", values{"id": "1"}, otherParameters},
		{"literal in capitals", "/Events/1", "DELETE /events/{id}", values{"id": "1"}, otherParameters},
		{"literal behind another", "/xevents", "POST /events", nil, otherParameters},
		{"path too short", "/1", "DELETE /events/{id}", values{"id": "1"}, otherParameters},
		{"path too long", "/events/1/2", "DELETE /events/{id}", values{"id": "1"}, otherParameters},
		{"greedy, part of a segment", "/files/ab", "GET /files/{name+}", values{"name": "b"}, otherParameters},
		{"greedy, another value", "/files/a/b", "GET /files/{name+}", values{"name": "a/c"}, otherParameters},
		{"greedy, part of it", "/files/a/b", "GET /files/{name+}", values{"name": "b"}, otherParameters},
		{"greedy, with an encoded slash", "/files/a/b", "GET /files/{name+}", values{"name": "a%2Fb"}, otherParameters},
		{"greedy, with an encoded slash of two", "/files/a/b/c", "GET /files/{name+}", values{"name": "a%2fb/c"}, otherParameters},
		{"value with an encoded question mark", "/events/1?x", "DELETE /events/{id}", values{"id": "1%3Fx"}, otherParameters},
		{"value with an encoded percent sign", "/events/100%", "DELETE /events/{id}", values{"id": "100%25"}, otherParameters},
		{"greedy, no value", "/files/", "GET /files/{name+}", nil, otherParameters},
		{"no route", "/events/1", "", values{"id": "1"}, otherParameters},
		{"not a route", "/events/1", "DELETE", nil, otherParameters},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := authz.Request{Method: "GET", Path: tt.path, Host: testHost, RouteKey: tt.route, PathParameters: tt.parameters}
			r = resign(r, testSecret, "sig1", covered+parameters)
			if tt.err != "" {
				refused(t, r, tt.err)
				return
			}
			v, _ := newVerifier(t, nil)
			if _, err := authenticate(t.Context(), v, r); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestPath: behind a custom domain whose path v1 is mapped to the stage prod,
// clients sign /v1 and the event says /prod.
func TestPath(t *testing.T) {
	t.Parallel()
	mapped := func(r authz.Request) string { return "/v1" + strings.TrimPrefix(r.Path, "/prod") }
	for _, tt := range []struct {
		name, path string
		of         func(authz.Request) string
		id, err    string
	}{
		{"mapped", "/prod/foo", mapped, "foo", ""},
		{"not mapped", "/prod/foo", nil, "foo", "invalid signature: the key did not make it for this request"},
		{"another path", "/prod/bar", mapped, "bar", "invalid signature: the key did not make it for this request"},
		{"parameter of another path", "/prod/foo", mapped, "bar", otherParameters},
		{"no path", "/prod/foo", func(authz.Request) string { return "" }, "foo", "malformed credential: the path does not begin with a slash"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := signed(t, testSigner(t), "GET", "/v1/foo", "")
			r.Path, r.RouteKey, r.Stage, r.PathParameters = tt.path, "GET /{id}", "prod", map[string]string{"id": tt.id}
			v, _ := newVerifier(t, func(c *Config) { c.Path = tt.of })
			if _, err := authenticate(t.Context(), v, r); text(err) != tt.err {
				t.Errorf("got %q, want %q", text(err), tt.err)
			}
		})
	}
}
