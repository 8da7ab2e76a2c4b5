package tenant

import (
	"errors"
	"log/slog"
	"maps"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/fresh"
	"github.com/protected-http-api/protected-http-api/authz/secret"
	localaws "github.com/protected-http-api/protected-http-api/internal/local/aws"
)

// TestLocalAWSOutage: an authorizer with its tenants in the Parameter Store of
// the local AWS. While that is down at the start every request is an error,
// never an allow; it recovers by itself, and then outlives an outage for a
// bounded time.
func TestLocalAWSOutage(t *testing.T) {
	t.Parallel()
	server, err := localaws.Start(localaws.Config{Region: "eu-central-1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	environment := maps.Clone(server.Environment())
	clock := &store{time: now()}
	registry, err := FromParameters(Config{Selectors: []Selector{Host{}, Issuer{}}}, Parameters{
		Path: testPath, Reader: secret.NewClient(func(name string) string { return environment[name] }),
		now: clock.now, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	handler := authz.Handler{Chain: authz.Chain{{Verifier: registry}}, Policy: registry.Policy(), Logger: slog.New(slog.DiscardHandler)}
	for _, i := range issuers() {
		document := i.document("policy", map[string]any{"GET /events": []string{}})
		if err := server.PutSecret(testPath+"/"+i.id, document); err != nil {
			t.Fatal(err)
		}
	}
	ada, bob := issuers()[0], issuers()[1]
	ask := func(host *issuerOf, credential authz.Credential) (authz.SimpleResponse, error) {
		event := events.APIGatewayV2CustomAuthorizerV2Request{Version: "2.0", RouteKey: "GET /events", Headers: map[string]string{"authorization": "Bearer " + credential.Value()}}
		event.RequestContext.DomainName = host.host()
		return handler.Handle(t.Context(), event)
	}
	wantError := func(when string) {
		t.Helper()
		answer, err := ask(ada, ada.long())
		if answer.IsAuthorized || !errors.Is(err, authz.ErrUnavailable) {
			t.Errorf("%s: got allow %v, %v", when, answer.IsAuthorized, err)
		}
	}
	wantAnswer := func(when string, allow bool, host *issuerOf, credential authz.Credential) {
		t.Helper()
		answer, err := ask(host, credential)
		if answer.IsAuthorized != allow || err != nil || allow && answer.Context["tenant"] != host.id {
			t.Errorf("%s: got allow %v, tenant %v, %v", when, answer.IsAuthorized, answer.Context["tenant"], err)
		}
	}
	server.SetOutage("ssm", true)
	wantError("down at cold start")
	server.SetOutage("ssm", false)
	clock.after(time.Second) // a failure is kept
	for _, i := range issuers() {
		wantAnswer("recovered", true, i, i.long())
	}
	wantAnswer("another tenant's token", false, bob, ada.long())
	server.SetOutage("ssm", true)
	clock.after(fresh.MaxStale - time.Second)
	wantAnswer("stale", true, ada, ada.long())
	clock.after(time.Second)
	wantError("too stale")
	server.SetOutage("ssm", false)
	clock.after(time.Second) // a failure is kept
	wantAnswer("recovered again", true, ada, ada.long())

	if err := server.PutSecret(testPath+"/ada", ada.document("suspended", true)); err != nil {
		t.Fatal(err)
	}
	clock.after(DefaultMaxAge)
	wantAnswer("suspended", false, ada, ada.long())
	wantAnswer("another is not", true, bob, bob.long())
}
