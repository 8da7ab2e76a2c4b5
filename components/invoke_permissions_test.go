package components

import (
	"slices"
	"testing"
)

// Without the permissions API Gateway would answer 500: they are there before a
// route is, or is switched over.
func TestRoutesDependOnPermissions(t *testing.T) {
	t.Parallel()
	m := mustDeploy(t, exampleArgs())
	for name, want := range map[string][]string{
		"GET /events":    {"list-events"},
		"POST /events":   {"create-event", "authorizer"},
		"PUT /events/{}": {"create-event", "authorizer"},
	} {
		got := m.find(t, "Route", "events-"+name).RegisterRPC.GetDependencies()
		for _, function := range []string{"authorizer", "create-event", "get", "list-events"} {
			urn := "urn:pulumi:dev::events-api::protected-http-api:index:ProtectedHttpApi$aws:lambda/permission:Permission::events-" + function
			if depends := slices.Contains(got, urn); depends != slices.Contains(want, function) {
				t.Errorf("that %s depends on the permission of %s is %v", name, function, depends)
			}
		}
	}
}

func TestInvokePermissions(t *testing.T) {
	t.Parallel()
	m := mustDeploy(t, exampleArgs())
	const api = "arn:aws:execute-api:eu-central-1:123456789012:api123"
	for name, source := range map[string]string{
		"authorizer":   api + "/authorizers/auth123",
		"list-events":  api + "/*/GET/events",
		"get":          api + "/*/GET/events/*",
		"create-event": api + "/*/*", // two routes
	} {
		expectInputs(t, m.find(t, "Permission", "events-"+name), map[string]any{
			"action": "lambda:InvokeFunction", "function": "events-api-dev-events-" + name,
			"principal": "apigateway.amazonaws.com", "sourceArn": source,
		})
	}
}
