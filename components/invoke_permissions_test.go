package components

import "testing"

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
