package verify

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// Payload {"sub":"usr_1"}; the signature is never checked here.
const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c3JfMSJ9.c2lnbmF0dXJl"

// api answers as a right deployment does, but for what a test breaks.
type api struct {
	override map[string]http.HandlerFunc
	events   map[string]event
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if handler, ok := a.override[r.Method+" "+r.URL.Path]; ok {
		handler(w, r)
		return
	}
	id, one := strings.CutPrefix(r.URL.Path, "/events/")
	switch {
	case r.URL.Path != "/events" && !one:
		w.WriteHeader(http.StatusNotFound)
	case r.Method != http.MethodGet && r.Header.Get("Authorization") == "":
		w.WriteHeader(http.StatusUnauthorized)
	case r.Method != http.MethodGet && r.Header.Get("Authorization") != "Bearer "+token:
		w.WriteHeader(http.StatusForbidden)
	case r.Method == http.MethodPost:
		a.events["1"] = event{ID: "1", Name: "verify", CreatedBy: "usr_1"}
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(a.events["1"])
	case !one:
		_ = json.NewEncoder(w).Encode(map[string]any{"items": []event{}})
	case a.events[id].ID == "":
		w.WriteHeader(http.StatusNotFound)
	case r.Method == http.MethodDelete:
		delete(a.events, id)
		w.WriteHeader(http.StatusNoContent)
	default:
		_ = json.NewEncoder(w).Encode(a.events[id])
	}
}

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		override map[string]http.HandlerFunc
		failures []string
	}{
		{name: "a right deployment"},
		{
			name:     "an open route",
			override: map[string]http.HandlerFunc{"POST /events": status(http.StatusCreated, `{"id":"1","createdBy":"usr_1"}`)},
			failures: []string{
				"FAIL POST /events without a token is 401: the status is 201, not 401: {\"id\":\"1\",\"createdBy\":\"usr_1\"}",
				"FAIL POST /events with a bad token is 403: the status is 201, not 403: {\"id\":\"1\",\"createdBy\":\"usr_1\"}",
				"FAIL POST /events with a forged signature is 403: the status is 201, not 403: {\"id\":\"1\",\"createdBy\":\"usr_1\"}",
				"FAIL GET /events/{id} without a token is 200: the status is 404, not 200: ",
				"FAIL DELETE /events/{id} with a valid token is 204: the status is 404, not 204: ",
			},
		},
		{
			name:     "an authorizer that fails",
			override: map[string]http.HandlerFunc{"POST /events": status(http.StatusInternalServerError, `{"message":"Internal Server Error"}`)},
			failures: []string{
				"FAIL POST /events without a token is 401: the status is 500, not 401: {\"message\":\"Internal Server Error\"}",
				"FAIL POST /events with a bad token is 403: the status is 500, not 403: {\"message\":\"Internal Server Error\"}",
				"FAIL POST /events with a forged signature is 403: the status is 500, not 403: {\"message\":\"Internal Server Error\"}",
				"FAIL POST /events with a valid token is 201, and createdBy is its subject: the status is 500, not 201: {\"message\":\"Internal Server Error\"}",
				"FAIL GET /events/{id} without a token is 200: no event was created",
				"FAIL DELETE /events/{id} without a token is 401: no event was created",
				"FAIL DELETE /events/{id} with a valid token is 204: no event was created",
				"FAIL GET /events/{id} of the deleted event is 404: no event was created",
			},
		},
		{
			name:     "a list without items",
			override: map[string]http.HandlerFunc{"GET /events": status(http.StatusOK, `{}`)},
			failures: []string{"FAIL GET /events without a token is 200: the answer has no items"},
		},
		{
			name:     "another event",
			override: map[string]http.HandlerFunc{"GET /events/1": status(http.StatusOK, `{"id":"2"}`)},
			failures: []string{
				"FAIL GET /events/{id} without a token is 200: the answer is not the event that was created: {\"id\":\"2\"}",
				"FAIL GET /events/{id} of the deleted event is 404: the status is 200, not 404: {\"id\":\"2\"}",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(&api{override: tt.override, events: map[string]event{}})
			defer server.Close()
			var failures []string
			checks := 0
			err := Run(t.Context(), Options{APIURL: server.URL, Token: token}, func(r Result) {
				checks++
				if r.Err != nil {
					failures = append(failures, r.String())
				}
			})
			if !slices.Equal(failures, tt.failures) {
				t.Errorf("failures:\n%s\nwant:\n%s", strings.Join(failures, "\n"), strings.Join(tt.failures, "\n"))
			}
			if failed := len(tt.failures) > 0; errors.Is(err, ErrFailed) != failed {
				t.Errorf("the error is %v", err)
			}
			if checks != 10 {
				t.Errorf("%d checks were reported, want 10", checks)
			}
		})
	}
}

func TestRunRefusesBadOptions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, url, token, want string
	}{
		{"no URL", "abc", token, `the API's URL "abc" is not an http or https URL, such as https://abc123.execute-api.eu-central-1.amazonaws.com`},
		{"clear text", "http://a.example", token, `the API's URL "http://a.example" takes a token: it is http to the host "a.example", so that credentials could be read on the way: use https, which only a loopback address such as 127.0.0.1 may do without`},
		{"a password", "http://me:secret@a.example", token, `the API's URL is not shown, because it has an @ and so maybe a password: leave that out`},
		{"no JWT", "https://a.example", "secret-thing", "the token is not a JWT of three segments: make one with go run ./scripts/pha token --subject usr_abc"},
		{"no base64", "https://a.example", "a.!.c", "the token's payload is not base64url: make one with go run ./scripts/pha token --subject usr_abc"},
		{"no subject", "https://a.example", "a.e30.c", "the token has no subject (sub): make one with go run ./scripts/pha token --subject usr_abc"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := Run(t.Context(), Options{APIURL: tt.url, Token: tt.token}, func(Result) { t.Error("a check ran") })
			if err == nil || err.Error() != tt.want {
				t.Errorf("the error is %v, want %s", err, tt.want)
			}
		})
	}
}

// A redirect is an answer like another: the token goes nowhere else.
func TestRunFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	redirect := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}
	server := httptest.NewServer(&api{override: map[string]http.HandlerFunc{"POST /events": redirect}, events: map[string]event{}})
	defer server.Close()
	var got string
	err := Run(t.Context(), Options{APIURL: server.URL, Token: token}, func(r Result) {
		if strings.Contains(r.Name, "with a valid token is 201") {
			got = r.String()
		}
	})
	want := "FAIL POST /events with a valid token is 201, and createdBy is its subject: the status is 307, not 201: "
	if !errors.Is(err, ErrFailed) || got != want {
		t.Errorf("%v: %s, want %s", err, got, want)
	}
}

// An answer that repeats the token is shown without it.
func TestRunShowsNoToken(t *testing.T) {
	t.Parallel()
	echo := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("you sent " + r.Header.Get("Authorization")))
	}
	server := httptest.NewServer(&api{override: map[string]http.HandlerFunc{"POST /events": echo}, events: map[string]event{}})
	defer server.Close()
	var shown strings.Builder
	_ = Run(t.Context(), Options{APIURL: server.URL, Token: token}, func(r Result) { shown.WriteString(r.String() + "\n") })
	for _, credential := range []string{token, forge(token)} {
		if strings.Contains(shown.String(), credential) {
			t.Errorf("a token is shown:\n%s", shown.String())
		}
	}
	if want := "201, and createdBy is its subject: the status is 418, not 201: you sent Bearer (the token)"; !strings.Contains(shown.String(), want) {
		t.Errorf("the results lack %q:\n%s", want, shown.String())
	}
}
