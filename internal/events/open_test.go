package events

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/protected-http-api/protected-http-api/internal/events/eventstest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint/endpointtest"
)

// env is a function's environment with changes; a change to "" unsets.
func env(changes map[string]string) func(string) string {
	vars := map[string]string{
		"TABLE_NAME": "events-table", "AWS_REGION": "eu-central-1",
		"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_SESSION_TOKEN": "session",
	}
	return func(name string) string {
		if v, ok := changes[name]; ok {
			return v
		}
		return vars[name]
	}
}

func TestOpenMissing(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, want string
		changes    map[string]string
	}{
		{"no table", `opening the events store: environment variable "TABLE_NAME" is not set: give the function access to the table`,
			map[string]string{"TABLE_NAME": ""}},
		{"no credentials", `opening the events store: environment variable "AWS_ACCESS_KEY_ID" is not set: Lambda sets it, elsewhere set it yourself
environment variable "AWS_SECRET_ACCESS_KEY" is not set: Lambda sets it, elsewhere set it yourself`,
			map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}},
		{"no table and no Region", `opening the events store: environment variable "TABLE_NAME" is not set: give the function access to the table
environment variable "AWS_REGION" is not set: Lambda sets it, elsewhere set it yourself`,
			map[string]string{"TABLE_NAME": "", "AWS_REGION": ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := Open(env(tt.changes)); err == nil || err.Error() != tt.want {
				t.Errorf("error is %v, want %s", err, tt.want)
			}
		})
	}
}

func TestOpenEndpoint(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(env endpointtest.Environment)
	}{
		{"for all services", func(endpointtest.Environment) {}},
		{"for DynamoDB, which goes first", func(env endpointtest.Environment) {
			env["AWS_ENDPOINT_URL_DYNAMODB"], env["AWS_ENDPOINT_URL"] = env["AWS_ENDPOINT_URL"], "http://127.0.0.1:1"
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := eventstest.Start(t)
			tt.change(env)
			s, err := Open(env.Get)
			if err != nil {
				t.Fatal(err)
			}
			e := create(t, s, "Launch")
			if got, err := s.Get(t.Context(), e.ID); err != nil || got != e {
				t.Errorf("Get = %+v, %v; want %+v", got, err, e)
			}
		})
	}
}

// TestOpenAWSEndpoint: the settings of AWS's SDKs reach the client.
func TestOpenAWSEndpoint(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name            string
		changes         map[string]string
		fips, dualStack bool
		own, text       string
	}{
		{"neither", nil, false, false, "", ""},
		{"FIPS", map[string]string{"AWS_USE_FIPS_ENDPOINT": "true"}, true, false, "", ""},
		{"dual stack", map[string]string{"AWS_USE_DUALSTACK_ENDPOINT": "TRUE", "AWS_USE_FIPS_ENDPOINT": "false"}, false, true, "", ""},
		{"an endpoint", map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, false, false, "http://127.0.0.1:1", ""},
		{"an endpoint that is ignored", map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, false, false, "", ""},
		{"neither true nor false", map[string]string{"AWS_USE_FIPS_ENDPOINT": "yes"}, false, false, "", `environment variable "AWS_USE_FIPS_ENDPOINT" is "yes": neither true nor false`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, err := newClient(env(tt.changes))
			if tt.text != "" {
				if err == nil || err.Error() != tt.text {
					t.Errorf("got %v, want %s", err, tt.text)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			o := client.Options()
			if fips, dualStack := o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled, o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled; fips != tt.fips || dualStack != tt.dualStack || aws.ToString(o.BaseEndpoint) != tt.own {
				t.Errorf("got FIPS %v, dual stack %v, endpoint %q", fips, dualStack, aws.ToString(o.BaseEndpoint))
			}
		})
	}
}

func TestOpenSignsWithTheSession(t *testing.T) {
	t.Parallel()
	var got http.Header
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		w.WriteHeader(http.StatusBadRequest)
	}))
	t.Cleanup(srv.Close)
	s, err := Open(env(map[string]string{"AWS_ENDPOINT_URL": srv.URL}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.List(t.Context(), 1, ""); err == nil {
		t.Fatal("a 400 is no error")
	}
	if got.Get("X-Amz-Security-Token") != "session" || got.Get("Authorization") == "" {
		t.Error("request is not signed with the session")
	}
}

// A DynamoDB that never answers does not outlast the context.
func TestOpenHonoursDeadline(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }))
	t.Cleanup(srv.Close)
	t.Cleanup(func() { close(done) })
	s, err := Open(env(map[string]string{"AWS_ENDPOINT_URL": srv.URL}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.List(ctx, 1, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v, want the context's", err)
	}
}
