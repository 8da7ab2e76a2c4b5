package api_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/events"
	"github.com/protected-http-api/protected-http-api/internal/events/api"
	"github.com/protected-http-api/protected-http-api/internal/events/httpapi"
)

const id = "01HQZX3V8KQ4T5W6Y7Z8A9B0CD"

var (
	event = events.Event{ID: id, Name: "Launch", CreatedBy: "usr_abc", CreatedAt: "2026-02-03T03:05:06.700Z"}

	jsonHeaders = map[string]string{"Content-Type": "application/json", "X-Content-Type-Options": "nosniff"}
	notStored   = with(jsonHeaders, "Cache-Control", "no-store")
	denied      = with(notStored, "WWW-Authenticate", "Bearer")
)

const (
	eventJSON  = `{"id":"` + id + `","name":"Launch","createdBy":"usr_abc","createdAt":"2026-02-03T03:05:06.700Z"}`
	internal   = `{"error":"internal server error"}`
	noIdentity = `{"error":"no valid identity: the credential is missing or has expired"}`
	noEvent    = `{"error":"there is no event \"` + id + `\""}`
)

// fakeStore records what it is asked.
type fakeStore struct {
	page  events.Page
	err   error
	calls []any
}

func (s *fakeStore) List(_ context.Context, limit int32, cursor string) (events.Page, error) {
	s.calls = append(s.calls, limit, cursor)
	return s.page, s.err
}

func (s *fakeStore) Get(_ context.Context, id string) (events.Event, error) {
	s.calls = append(s.calls, id)
	return event, s.err
}

func (s *fakeStore) Create(_ context.Context, name, createdBy string) (events.Event, error) {
	s.calls = append(s.calls, name, createdBy)
	return event, s.err
}

func (s *fakeStore) Delete(_ context.Context, id string) error {
	s.calls = append(s.calls, id)
	return s.err
}

// step is one request to one handler, and all that is to be seen of it.
type step struct {
	name    string
	change  func(*httpapi.Request)
	store   fakeStore
	status  int
	body    string
	headers map[string]string
	calls   []any
	logged  string // a part of the log; empty without a log line
}

// run sends the request in testdata/{fixture}.json, changed, to the handler.
func (tt step) run(t *testing.T, fixture string, handler func(*slog.Logger, *fakeStore) httpapi.Handler) {
	t.Helper()
	req := load(t, fixture)
	if tt.change != nil {
		tt.change(&req)
	}
	var out bytes.Buffer
	log := httpapi.NewLogger(&out)
	resp, err := httpapi.Serve(log, handler(log, &tt.store))(t.Context(), req)
	if err != nil || resp.StatusCode != tt.status || resp.Body != tt.body {
		t.Errorf("response %d %s, %v; want %d %s", resp.StatusCode, resp.Body, err, tt.status, tt.body)
	}
	if !maps.Equal(resp.Headers, tt.headers) {
		t.Errorf("headers %v, want %v", resp.Headers, tt.headers)
	}
	got, _ := json.Marshal(tt.store.calls)
	want, _ := json.Marshal(tt.calls)
	if string(got) != string(want) {
		t.Errorf("the store was asked %s, want %s", got, want)
	}
	if (tt.logged == "") != (out.Len() == 0) || !strings.Contains(out.String(), tt.logged) {
		t.Errorf("log is %q, want %q in it", out.String(), tt.logged)
	}
	if tt.logged != "" && !strings.Contains(out.String(), `"apiRequestId":"`+req.RequestContext.RequestID+`"`) {
		t.Errorf("log %q lacks the request's id", out.String())
	}
}

func load(t *testing.T, fixture string) httpapi.Request {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", fixture+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var req httpapi.Request
	if err := json.Unmarshal(b, &req); err != nil {
		t.Fatalf("reading fixture %q: %v", fixture, err)
	}
	return req
}

func with(headers map[string]string, name, value string) map[string]string {
	headers = maps.Clone(headers)
	headers[name] = value
	return headers
}

func query(name, value string) func(*httpapi.Request) {
	return func(r *httpapi.Request) { r.QueryStringParameters = map[string]string{name: value} }
}

func TestList(t *testing.T) {
	t.Parallel()
	one := fakeStore{page: events.Page{Items: []events.Event{event}, Cursor: "next"}}
	none := fakeStore{page: events.Page{Items: []events.Event{}}}
	const empty = `{"items":[],"cursor":null}`
	badLimit := func(v string) string {
		return `{"error":"query parameter \"limit\" is \"` + v + `\"; allowed is a whole number from 1 to 100"}`
	}
	badCursor := func(v string) string {
		return `{"error":"query parameter \"cursor\" is \"` + v + `\"; allowed is the cursor of an earlier answer, unchanged"}`
	}
	for _, tt := range []step{
		{name: "a page with more to come", store: one, status: 200, body: `{"items":[` + eventJSON + `],"cursor":"next"}`, headers: jsonHeaders, calls: []any{20, ""}},
		{name: "nothing", store: none, status: 200, body: empty, headers: jsonHeaders, calls: []any{20, ""}},
		{name: "smallest limit", change: query("limit", "1"), store: none, status: 200, body: empty, headers: jsonHeaders, calls: []any{1, ""}},
		{name: "greatest limit", change: query("limit", "100"), store: none, status: 200, body: empty, headers: jsonHeaders, calls: []any{100, ""}},
		{name: "cursor", change: query("cursor", "abc"), store: none, status: 200, body: empty, headers: jsonHeaders, calls: []any{20, "abc"}},
		{name: "unknown parameter", change: query("offset", "7"), store: none, status: 200, body: empty, headers: jsonHeaders, calls: []any{20, ""}},
		{name: "limit 0", change: query("limit", "0"), status: 400, body: badLimit("0"), headers: notStored},
		{name: "limit 101", change: query("limit", "101"), status: 400, body: badLimit("101"), headers: notStored},
		{name: "limit below 0", change: query("limit", "-1"), status: 400, body: badLimit("-1"), headers: notStored},
		{name: "limit with a sign", change: query("limit", "+5"), status: 400, body: badLimit("+5"), headers: notStored},
		{name: "limit twice", change: query("limit", "5,5"), status: 400, body: badLimit("5,5"), headers: notStored},
		{name: "limit in words", change: query("limit", "many"), status: 400, body: badLimit("many"), headers: notStored},
		{name: "limit beyond integers", change: query("limit", "99999999999999999999"), status: 400, body: badLimit("99999999999999999999"), headers: notStored},
		{name: "empty limit", change: query("limit", ""), status: 400, body: badLimit(""), headers: notStored},
		{name: "empty cursor", change: query("cursor", ""), status: 400, body: badCursor(""), headers: notStored},
		{
			name: "bad cursor", change: query("cursor", "x"), store: fakeStore{err: events.ErrBadCursor},
			status: 400, body: badCursor("x"), headers: notStored, calls: []any{20, "x"},
		},
		{
			name: "store fails", store: fakeStore{err: errors.New("throttled")},
			status: 500, body: internal, headers: notStored, calls: []any{20, ""}, logged: `"error":"throttled"`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(t, "list", func(_ *slog.Logger, s *fakeStore) httpapi.Handler { return api.List(s) })
		})
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	for _, tt := range []step{
		{name: "found", status: 200, body: eventJSON, headers: jsonHeaders, calls: []any{id}},
		{name: "not found", store: fakeStore{err: events.ErrNotFound}, status: 404, body: noEvent, headers: notStored, calls: []any{id}},
		{name: "store fails", store: fakeStore{err: errors.New("throttled")}, status: 500, body: internal, headers: notStored, calls: []any{id}, logged: `"error":"throttled"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(t, "get", func(_ *slog.Logger, s *fakeStore) httpapi.Handler { return api.Get(s) })
		})
	}
}

func withBody(s string) func(*httpapi.Request) { return func(r *httpapi.Request) { r.Body = s } }

func noAuthorizer(r *httpapi.Request) { r.RequestContext.Authorizer = nil }

func expired(r *httpapi.Request) { r.RequestContext.Authorizer.Lambda["expiresAt"] = float64(1e9) }

// signed makes the request one that a request signature let in, with this
// header Content-Digest.
func signed(digest string) func(*httpapi.Request) {
	return func(r *httpapi.Request) {
		r.RequestContext.Authorizer.Lambda["contentDigest"] = "required"
		if digest != "" {
			r.Headers["content-digest"] = digest
		}
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	created := with(notStored, "Location", "/events/"+id)
	for _, tt := range []step{
		{name: "created", status: 201, body: eventJSON, headers: created, calls: []any{"Launch", "usr_abc"}},
		{
			name: "base64 body", status: 201, body: eventJSON, headers: created, calls: []any{"Launch", "usr_abc"},
			change: func(r *httpapi.Request) {
				r.Body, r.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(r.Body)), true
			},
		},
		{name: "longest body", change: withBody(`{"name":"a"}` + strings.Repeat(" ", api.MaxBody-12)), status: 201, body: eventJSON, headers: created, calls: []any{"a", "usr_abc"}},
		{name: "body too long", change: withBody(`{"name":"a"}` + strings.Repeat(" ", api.MaxBody-11)), status: 413, body: `{"error":"request body has 65537 bytes; allowed are at most 65536"}`, headers: notStored},
		{
			name: "other content type", change: func(r *httpapi.Request) { r.Headers["content-type"] = "text/plain" },
			status: 415, body: `{"error":"content type is \"text/plain\"; allowed is \"application/json\""}`, headers: notStored,
		},
		{name: "unknown member", change: withBody(`{"name":"a","createdBy":"root"}`), status: 400, body: `{"error":"request body has the unknown member \"createdBy\"; allowed are: name"}`, headers: notStored},
		{name: "no body", change: withBody(""), status: 400, body: `{"error":"request body is not a JSON object"}`, headers: notStored},
		{name: "no name", change: withBody("{}"), status: 400, body: `{"error":"request body lacks the member \"name\""}`, headers: notStored},
		{
			name: "name refused", store: fakeStore{err: &events.InvalidError{Member: "name", Problem: "is empty"}},
			status: 400, body: `{"error":"\"name\" is empty"}`, headers: notStored, calls: []any{"Launch", "usr_abc"},
		},
		{name: "no authorizer", change: noAuthorizer, status: 401, body: noIdentity, headers: denied, logged: `"message":"request refused"`},
		{name: "expired", change: expired, status: 401, body: noIdentity, headers: denied, logged: "expired"},
		{name: "signed", change: signed("sha-256=:7pWYfyDPRoYNJZA+sHW1zBSPwUgoeb6/93Y3bFJo8mo=:"), status: 201, body: eventJSON, headers: created, calls: []any{"Launch", "usr_abc"}},
		{
			name: "signed without the body", change: signed(""), status: 400, headers: notStored,
			body: `{"error":"content digest: the request has a body that its signature does not cover; send the header Content-Digest and sign it"}`,
		},
		{
			name: "signed with another body", change: signed("sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"), status: 400, headers: notStored,
			body: `{"error":"content digest: the request body does not match the header Content-Digest"}`,
		},
		{
			name: "store fails", store: fakeStore{err: errors.New("throttled")},
			status: 500, body: internal, headers: notStored, calls: []any{"Launch", "usr_abc"}, logged: `"error":"throttled"`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(t, "create", func(log *slog.Logger, s *fakeStore) httpapi.Handler { return api.Create(log, s) })
		})
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	for _, tt := range []step{
		{name: "deleted", status: 204, headers: map[string]string{"Cache-Control": "no-store"}, calls: []any{id}},
		{name: "not found", store: fakeStore{err: events.ErrNotFound}, status: 404, body: noEvent, headers: notStored, calls: []any{id}},
		{name: "no authorizer", change: noAuthorizer, status: 401, body: noIdentity, headers: denied, logged: `"message":"request refused"`},
		{name: "expired", change: expired, status: 401, body: noIdentity, headers: denied, logged: "expired"},
		{name: "store fails", store: fakeStore{err: errors.New("throttled")}, status: 500, body: internal, headers: notStored, calls: []any{id}, logged: `"error":"throttled"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(t, "delete", func(log *slog.Logger, s *fakeStore) httpapi.Handler { return api.Delete(log, s) })
		})
	}
}
