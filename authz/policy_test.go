package authz

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func policyError(err error) PolicyFunc {
	return func(context.Context, Principal, Request) error { return err }
}

func policyPanic(context.Context, Principal, Request) error { panic("boom") }

func TestPermits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		granted  []string
		required string
		want     bool
	}{
		{"same", []string{"events:write"}, "events:write", true},
		{"second of two", []string{"a:b", "events:write"}, "events:write", true},
		{"nothing granted", nil, "events:write", false},
		{"nothing required", []string{"*"}, "", false},
		{"another action", []string{"events:read"}, "events:write", false},
		{"another case", []string{"Events:write"}, "events:write", false},
		{"every action", []string{"events:*"}, "events:write", true},
		{"every action on one resource", []string{"events:*:42"}, "events:delete:42", true},
		{"every action on another resource", []string{"events:*:42"}, "events:delete:43", false},
		{"every action, with a resource", []string{"events:*"}, "events:delete:42", true},
		{"the rest is at least one segment", []string{"events:*"}, "events", false},
		{"everything", []string{"*"}, "events:delete:42", true},
		{"shorter than required", []string{"events:delete"}, "events:delete:42", false},
		{"longer than required", []string{"events:delete:42"}, "events:delete", false},
		{"wildcard within a segment is none", []string{"events:wri*"}, "events:write", false},
		{"wildcard that is required", []string{"events:write"}, "events:*", false},
		{"empty segment required", []string{"events:*"}, "events:", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Permits(tt.granted, tt.required); got != tt.want {
				t.Errorf("got %v", got)
			}
			if got := (Identity{Permissions: tt.granted}).May(tt.required); got != tt.want {
				t.Errorf("May: got %v", got)
			}
		})
	}
}

func TestRoutePermissions(t *testing.T) {
	t.Parallel()
	policy, err := ParseRoutePermissions(`{"POST /events":["events:write"],"DELETE /events/{id}":["events:delete:{id}"],"GET /me":[],"ANY /any":["any"],"PUT /both":["a","b"],"GET /f/{path+}":["f:{path+}"],"$default":["rest"]}`)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		granted []string
		request Request
		text    string
	}{
		{"granted", []string{"events:*"}, Request{RouteKey: "POST /events"}, ""},
		{"missing", []string{"events:read"}, Request{RouteKey: "POST /events"}, `denied: the permission "events:write" is missing`},
		{"nothing required", nil, Request{RouteKey: "GET /me"}, ""},
		{"unknown route", []string{"*"}, Request{RouteKey: "GET /other"}, "denied: nothing says what the route requires"},
		{"no route", []string{"*"}, Request{}, "denied: nothing says what the route requires"},
		{"one of two", []string{"a"}, Request{RouteKey: "PUT /both"}, `denied: the permission "b" is missing`},
		{"both", []string{"b", "a"}, Request{RouteKey: "PUT /both"}, ""},
		{"own resource", []string{"events:delete:42"}, Request{RouteKey: "DELETE /events/{id}", PathParameters: map[string]string{"id": "42"}}, ""},
		{"another resource", []string{"events:delete:42"}, Request{RouteKey: "DELETE /events/{id}", PathParameters: map[string]string{"id": "43"}}, `denied: the permission "events:delete:{id}" is missing`},
		{"resource with a colon", []string{"events:delete:4:2"}, Request{RouteKey: "DELETE /events/{id}", PathParameters: map[string]string{"id": "4:2"}}, `denied: the permission "events:delete:{id}" is missing`},
		{"resource that is a wildcard", []string{"events:delete:42"}, Request{RouteKey: "DELETE /events/{id}", PathParameters: map[string]string{"id": "*"}}, `denied: the permission "events:delete:{id}" is missing`},
		{"no resource", []string{"*"}, Request{RouteKey: "DELETE /events/{id}"}, `denied: the permission "events:delete:{id}" is missing`},
		{"greedy variable", []string{"f:a/b"}, Request{RouteKey: "GET /f/{path+}", PathParameters: map[string]string{"path": "a/b"}}, ""},
		{"ANY, told by its key", []string{"any"}, Request{RouteKey: "ANY /any"}, ""},
		{"ANY, of format 2.0 with a method", []string{"any"}, Request{RouteKey: "GET /any"}, "denied: nothing says what the route requires"},
		{"ANY, of format 1.0", []string{"any"}, Request{RouteKey: "GET /any", ownMethod: true}, ""},
		{"ANY, of format 1.0, missing", nil, Request{RouteKey: "GET /any", ownMethod: true}, `denied: the permission "any" is missing`},
		{"$default", []string{"rest"}, Request{RouteKey: "$default"}, ""},
		{"$default, of format 1.0", []string{"rest"}, Request{RouteKey: "DELETE $default", ownMethod: true}, ""},
		{"$default, of format 1.0, missing", nil, Request{RouteKey: "DELETE $default", ownMethod: true}, `denied: the permission "rest" is missing`},
		{"$default, of format 2.0 with a method", []string{"rest"}, Request{RouteKey: "DELETE $default"}, "denied: nothing says what the route requires"},
		{"unknown route, of format 1.0", []string{"*"}, Request{RouteKey: "GET /other", ownMethod: true}, "denied: nothing says what the route requires"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := policy.Decide(t.Context(), Principal{Identity: Identity{Permissions: tt.granted}}, tt.request)
			if text(err) != tt.text || (err != nil && !errors.Is(err, ErrDenied)) {
				t.Errorf("got %q, want %q", text(err), tt.text)
			}
		})
	}
}

func TestParseRoutePermissionsRefuses(t *testing.T) {
	t.Parallel()
	const shape = "misconfigured: the route permissions are not a JSON object of arrays of strings"
	for given, want := range map[string]string{
		``:                                     "misconfigured: the route permissions are empty; the component sets ROUTE_PERMISSIONS as soon as one route has Permissions",
		` `:                                    shape,
		`{"GET /":null}`:                       `misconfigured: the permissions of route "GET /" are null; write [] for a route that requires none`,
		`{"GET /":[null]}`:                     `misconfigured: permission "" of route "GET /": it is empty`,
		`{"GET /":["a"],"GET /":[]}`:           `misconfigured: the route permissions name route "GET /" twice`,
		`{"GET /":["a"],"\u0047ET \u002f":[]}`: `misconfigured: the route permissions name route "GET /" twice`,
		`null`:                                 shape,
		`[]`:                                   shape,
		`{"GET /":"a"}`:                        shape,
		`{"GET /":["a b"]}`:                    `misconfigured: permission "a b" of route "GET /": it has a character outside printable ASCII, a space, a quote or a backslash`,
		`{"GET /":["a",""]}`:                   `misconfigured: permission "" of route "GET /": it is empty`,
		`{"GET /":["a"]} extra`:                shape,
	} {
		if _, err := ParseRoutePermissions(given); text(err) != want || !errors.Is(err, ErrMisconfigured) {
			t.Errorf("%s: got %q, want %q", given, text(err), want)
		}
	}
}

func TestRoutePermissionsFromEnvironment(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		`{"POST /events":["a"]}`: "",
		`{"POST /events":["b"]}`: `denied: the permission "b" is missing`,
		``:                       "environment variable ROUTE_PERMISSIONS: misconfigured: the route permissions are empty; the component sets ROUTE_PERMISSIONS as soon as one route has Permissions",
		`[]`:                     "environment variable ROUTE_PERMISSIONS: misconfigured: the route permissions are not a JSON object of arrays of strings",
	} {
		policy := RoutePermissionsFromEnvironment(func(name string) string { return map[string]string{"ROUTE_PERMISSIONS": given}[name] })
		err := policy.Decide(t.Context(), Principal{Identity: Identity{Permissions: []string{"a"}}}, Request{RouteKey: "POST /events"})
		if text(err) != want {
			t.Errorf("%s: got %q, want %q", given, text(err), want)
		}
		if _, denied := classify(err); err != nil && denied != strings.HasPrefix(want, "denied") {
			t.Errorf("%s: denied %v", given, denied)
		}
	}
}

// Permissions that do not fit into an environment stand in a file of the code.
func TestRoutePermissionsInFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	environment := map[string]string{"ROUTE_PERMISSIONS": "file:route-permissions.json", "LAMBDA_TASK_ROOT": folder}
	decide := func(permission string) error {
		policy := RoutePermissionsFromEnvironment(func(name string) string { return environment[name] })
		return policy.Decide(t.Context(), Principal{Identity: Identity{Permissions: []string{permission}}}, Request{RouteKey: "POST /events"})
	}
	file := filepath.Join(folder, "route-permissions.json")
	want := "environment variable ROUTE_PERMISSIONS: misconfigured: open " + file + ": no such file or directory; deploy the function with the component that set the variable"
	if err := decide("a"); text(err) != want || !errors.Is(err, ErrMisconfigured) {
		t.Errorf("without the file: got %q, want %q", text(err), want)
	}
	for content, want := range map[string]string{
		`{"POST /events":["a"]}`: "",
		`{"POST /events":["b"]}`: `denied: the permission "b" is missing`,
		``:                       "environment variable ROUTE_PERMISSIONS: misconfigured: the route permissions are empty; the component sets ROUTE_PERMISSIONS as soon as one route has Permissions",
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := decide("a"); text(err) != want {
			t.Errorf("%s: got %q, want %q", content, text(err), want)
		}
	}
}

func TestAllPolicies(t *testing.T) {
	t.Parallel()
	allow := policyError(nil)
	tests := []struct {
		name   string
		policy AllPolicies
		text   string
	}{
		{"all allow", AllPolicies{allow, allow}, ""},
		{"the last denies", AllPolicies{allow, policyError(ErrTenantSuspended)}, "tenant suspended"},
		{"the first decides", AllPolicies{policyError(ErrDenied), policyError(ErrTenantSuspended)}, "denied"},
		{"a fault stays a fault", AllPolicies{policyError(ErrUnavailable)}, "unavailable"},
		{"an unknown error denies", AllPolicies{policyError(context.Canceled)}, "denied: the policy failed: context canceled"},
		{"a panic denies", AllPolicies{PolicyFunc(policyPanic)}, "denied: the policy panicked"},
		{"none", AllPolicies{}, "denied: there is no policy"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := tt.policy.Decide(t.Context(), Principal{}, Request{}); text(err) != tt.text {
				t.Errorf("got %q, want %q", text(err), tt.text)
			}
		})
	}
}
