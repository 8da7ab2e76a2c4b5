package management

import (
	"errors"
	"net"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

func TestListen(t *testing.T) {
	t.Parallel()
	var asked string
	listener := must((&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0"))
	service := New(live.New(live.Options{}), func(apiID string) (net.Listener, error) {
		if asked != "" {
			return nil, errors.New("port taken")
		}
		asked = apiID
		return listener, nil
	})
	api := must(service.CreateAPI(API{Name: "first", ProtocolType: "HTTP"}))
	if asked != api.ID || api.Endpoint != "http://"+listener.Addr().String() {
		t.Errorf("asked for %q, API %+v", asked, api)
	}
	_, err := service.CreateAPI(API{Name: "second", ProtocolType: "HTTP"})
	if err == nil || len(service.apis) != 1 {
		t.Errorf("got error %v and %d APIs", err, len(service.apis))
	}
	if err := service.DeleteAPI(api.ID); err != nil {
		t.Error(err)
	}
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the deleted API still listens: %v", err)
	}
	if err := service.Close(t.Context()); err != nil {
		t.Error(err)
	}
	_, err = service.CreateAPI(API{Name: "third", ProtocolType: "HTTP"})
	wantError(t, err, "creating an API: the local AWS is closed")
}

func TestIAMNeedsIdentities(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.service.gateway.Identities = nil
	_, err := w.service.CreateRoute(w.api.ID, Route{RouteKey: "GET /iam", Target: "integrations/" + w.integration.ID, AuthorizationType: "AWS_IAM"})
	wantError(t, err, "the local AWS does not support the authorization type AWS_IAM without an identity service: use CUSTOM with a Lambda authorizer")
}

func TestAccessLogNeedsLogService(t *testing.T) {
	t.Parallel()
	service := New(live.New(live.Options{}), nil)
	t.Cleanup(func() { _ = service.Close(t.Context()) })
	api := must(service.CreateAPI(API{Name: "n", ProtocolType: "HTTP"}))
	_, err := service.CreateStage(api.ID, Stage{Name: "$default", AutoDeploy: true, AccessLogSettings: &AccessLogSettings{logGroup, "$context.requestId"}})
	wantError(t, err, "the local AWS does not support access logs without a log service: leave AccessLogSettings out")
}
