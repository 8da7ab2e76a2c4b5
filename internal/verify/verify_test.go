package verify

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// gateway answers as API Gateway does, or as a broken deployment would.
func gateway(t *testing.T, answer func(*http.Request) (int, string)) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, body := answer(r)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

const (
	unauthorized = `{"message":"Unauthorized"}`
	forbidden    = `{"message":"Forbidden"}`
)

// guarded lets in who has the right header.
func guarded(r *http.Request) (int, string) {
	switch r.Header.Get("Authorization") {
	case "":
		return http.StatusUnauthorized, unauthorized
	case "Bearer good":
		return http.StatusNotFound, `{"message":"Not Found"}`
	}
	return http.StatusForbidden, forbidden
}

func TestRun(t *testing.T) {
	t.Parallel()
	custom := &Authorizer{Name: "own", Sources: []string{"$request.header.Authorization"}, Unread: errors.New("nobody may")}
	good := map[string]Credential{"own": {Header: http.Header{"Authorization": {"Bearer good"}}}}
	anything := &Authorizer{Name: "own", Unread: custom.Unread}
	protected := func(key string) Route { return Route{Key: key, Authorization: "CUSTOM", Authorizer: custom} }
	const unread = `GET /a: with TTL 0 a second call with the same credential runs the authorizer "own" again: not checked: the function's configuration could not be read: nobody may`
	tests := []struct {
		name   string
		route  Route
		answer func(*http.Request) (int, string)
		body   string
		want   []string
	}{
		{name: "as it should be", route: protected("GET /a"), answer: guarded, want: []string{
			"ok   GET /a without a credential is 401", "ok   GET /a with a bad credential is 403", "ok   GET /a with a good credential lets in", "-    " + unread,
		}},
		{
			name: "open", route: protected("GET /a"), answer: func(*http.Request) (int, string) { return 200, "hello" }, want: []string{
				"FAIL GET /a without a credential is 401: the status is 200: hello",
				"FAIL GET /a with a bad credential is 403: a text that is no token: the status is 200: hello",
				"ok   GET /a with a good credential lets in", "-    " + unread,
			},
		},
		{
			name: "keys are not verified", route: Route{Key: "GET /a", Authorization: "CUSTOM", Authorizer: anything},
			answer: func(r *http.Request) (int, string) {
				if r.Header.Get("X-Api-Key") != "" {
					return 200, ""
				}
				return guarded(r)
			},
			want: []string{
				"ok   GET /a without a credential is 401 or 403", "FAIL GET /a with a bad credential is 401 or 403: an API key that there is not: the status is 200: ",
				"ok   GET /a with a good credential lets in", "-    " + unread,
			},
		},
		{
			name: "signatures of requests are not verified", route: Route{Key: "GET /a", Authorization: "CUSTOM", Authorizer: anything},
			answer: func(r *http.Request) (int, string) {
				if r.Header.Get("Signature") != "" {
					return 200, ""
				}
				return guarded(r)
			},
			want: []string{
				"ok   GET /a without a credential is 401 or 403", "FAIL GET /a with a bad credential is 401 or 403: a forged signature: the status is 200: ",
				"ok   GET /a with a good credential lets in", "-    " + unread,
			},
		},
		{
			name: "the function refuses itself", route: protected("GET /a"),
			answer: func(r *http.Request) (int, string) {
				status, _ := guarded(r)
				return status, `{"error":"go away, ` + r.Header.Get("Authorization") + `"}`
			},
			want: []string{
				`FAIL GET /a without a credential is 401: the status is 401, but not by API Gateway: the request reached the function, which answered {"error":"go away, "}`,
				`FAIL GET /a with a bad credential is 403: a text that is no token: the status is 403, but not by API Gateway: the request reached the function, which answered {"error":"go away, Bearer (the credential)"}`,
				"ok   GET /a with a good credential lets in", "-    " + unread,
			},
		},
		{
			name: "signatures are not verified", route: protected("GET /a"),
			answer: func(r *http.Request) (int, string) {
				if strings.Count(r.Header.Get("Authorization"), ".") == 2 {
					return 200, ""
				}
				return guarded(r)
			},
			want: []string{
				"ok   GET /a without a credential is 401", "FAIL GET /a with a bad credential is 403: a token with a forged signature: the status is 200: ",
				"ok   GET /a with a good credential lets in", "-    " + unread,
			},
		},
		{
			name: "nobody is let in", route: protected("GET /a"),
			answer: func(r *http.Request) (int, string) {
				if r.Header.Get("Authorization") == "" {
					return 401, unauthorized
				}
				return 403, forbidden
			},
			want: []string{
				"ok   GET /a without a credential is 401", "ok   GET /a with a bad credential is 403",
				"FAIL GET /a with a good credential lets in: API Gateway refuses it with 403: " + forbidden, "-    " + unread,
			},
		},
		{name: "what may change something", route: protected("POST /a"), answer: guarded, want: []string{
			"ok   POST /a without a credential is 401", "ok   POST /a with a bad credential is 403",
			"-    POST /a with a good credential lets in: not checked: it may change something, and no body is given for it",
			"-    " + strings.Replace(unread, "GET", "POST", 1),
		}},
		{name: "a body that is wrong", route: protected("POST /a"), answer: guarded, body: "{}", want: []string{
			"ok   POST /a without a credential is 401", "ok   POST /a with a bad credential is 403",
			`FAIL POST /a with a good credential lets in: with the body that was given the status is 404: {"message":"Not Found"}`,
			"-    " + strings.Replace(unread, "GET", "POST", 1),
		}},
		{name: "a public route that is not", route: Route{Key: "GET /a", Authorization: "NONE"}, answer: guarded, want: []string{
			"FAIL GET /a is public: API Gateway refuses it with 401: " + unauthorized,
		}},
		{name: "a public route that fails", route: Route{Key: "GET /a", Authorization: "NONE"}, answer: func(*http.Request) (int, string) { return 502, "oh" }, want: []string{
			"FAIL GET /a is public: the status is 502: oh",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			opts := Options{API: API{URL: gateway(t, tt.answer), Routes: []Route{tt.route}}}
			if tt.route.Authorizer != nil {
				opts.Credentials = good
			}
			if tt.body != "" {
				opts.Bodies = map[string]string{tt.route.Key: tt.body}
			}
			var got []string
			err := Run(t.Context(), opts, func(r Result) { got = append(got, r.String()) })
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %s", strings.Join(got, "\n"))
			}
			fails := slices.ContainsFunc(tt.want, func(line string) bool { return strings.HasPrefix(line, "FAIL") })
			if errors.Is(err, ErrFailed) != fails {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		opts Options
		want string
	}{
		{Options{API: API{URL: "http://a.example"}}, `the API's URL "http://a.example" takes credentials: it is http to the host "a.example", so that credentials could be read on the way: use https, which only a loopback address such as 127.0.0.1 may do without`},
		{Options{API: API{URL: "https://me:secret@a.example"}}, "the API's URL is not shown, because it has an @ and so maybe a password: leave that out"},
		{Options{API: API{URL: "a.example"}}, `the API's URL "a.example" is not an http or https URL, such as https://abc123.execute-api.eu-central-1.amazonaws.com`},
		{
			Options{API: API{URL: "https://a.example"}, Credentials: map[string]Credential{"own": {}}, Bodies: map[string]string{"GET /": "{}"}},
			"there is a credential for the authorizer \"own\", which no route of the API has; its authorizers: none\nthere is a body for the route \"GET /\", which the API does not have; its routes: none",
		},
	} {
		if err := Run(t.Context(), tt.opts, func(Result) {}); fmt.Sprint(err) != tt.want {
			t.Errorf("the error is %v, want %s", err, tt.want)
		}
	}
}
