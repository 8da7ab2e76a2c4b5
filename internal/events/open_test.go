package events

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

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
