package protocol

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
)

// things is a service that answers with what it understood of a request.
func things() *REST {
	answer := func(name string) func(*RESTRequest) (*RESTAnswer, error) {
		return func(r *RESTRequest) (*RESTAnswer, error) {
			if r.Query.Get("fail") != "" {
				return nil, &awserr.Error{Code: r.Query.Get("fail"), Message: "no", Members: map[string]any{"Type": "User"}}
			}
			return &RESTAnswer{Status: 201, Header: http.Header{"X-Name": {name}}, Body: []byte(r.Path["id"])}, nil
		}
	}
	none := func(*RESTRequest) ([]iam.Grant, error) { return nil, nil }
	return &REST{
		Name: "things", Message: "Message", Statuses: map[string]int{"Gone": 410},
		Operations: []RESTOperation{
			{Name: "List", Method: "GET", Path: "/v1/things", Grants: none, Run: func(*RESTRequest) (*RESTAnswer, error) {
				return &RESTAnswer{Body: map[string]string{"a": "<"}}, nil
			}},
			{Name: "Get", Method: "GET", Path: "/v1/things/{id}", Grants: none, Run: answer("Get")},
			{Name: "Drop", Method: "DELETE", Path: "/v1/things/{id}/cache", Run: answer("Drop"), Grants: func(*RESTRequest) ([]iam.Grant, error) {
				return []iam.Grant{{Action: "things:Drop", Resource: "*"}}, nil
			}},
		},
	}
}

func TestREST(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, method, target string
		status               int
		body, errorType      string
	}{
		{"list", "GET", "/v1/things", 200, `{"a":"\u003c"}`, ""},
		{"slash at the end", "GET", "/v1/things/", 200, `{"a":"\u003c"}`, ""},
		{"variable", "GET", "/v1/things/arn%3Aaws%3Ax%2Fy", 201, "arn:aws:x/y", ""},
		{"dollar", "GET", "/v1/things/$default", 201, "$default", ""},
		{"its error", "GET", "/v1/things/a?fail=Gone", 410, `{"Message":"no","Type":"User"}`, "Gone"},
		{"another error", "GET", "/v1/things/a?fail=Odd", 400, `{"Message":"no","Type":"User"}`, "Odd"},
		{"denied", "DELETE", "/v1/things/a/cache", 403, `{"Message":"denied"}`, "AccessDeniedException"},
		{"other method", "POST", "/v1/things", 404, `{"Message":"An unknown operation was requested."}`, "UnknownOperationException"},
		{"longer", "GET", "/v1/things/a/b", 404, `{"Message":"An unknown operation was requested."}`, "UnknownOperationException"},
		{"empty segment", "DELETE", "/v1/things//cache", 404, `{"Message":"An unknown operation was requested."}`, "UnknownOperationException"},
		{"bad query", "GET", "/v1/things?a=%zz", 404, `{"Message":"An unknown operation was requested."}`, "UnknownOperationException"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			things().Serve(w, &Request{
				HTTP:      httptest.NewRequestWithContext(t.Context(), tc.method, tc.target, nil),
				Authorize: func(iam.Grant) error { return &awserr.Error{Code: "AccessDeniedException", Message: "denied"} },
			})
			if w.Code != tc.status || w.Body.String() != tc.body || w.Header().Get("x-amzn-ErrorType") != tc.errorType || len(w.Header().Get("x-amzn-requestid")) != 36 {
				t.Errorf("got %d %v %s", w.Code, w.Header(), w.Body.String())
			}
		})
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	all := []int{1, 2, 3, 4, 5}
	token, got := "", 0
	for range all {
		page, next, err := Page(all, token, 2, "Bad")
		if err != nil || len(page) > 2 {
			t.Fatal(page, err)
		}
		got += len(page)
		if token = next; token == "" {
			break
		}
	}
	if got != len(all) || token != "" {
		t.Errorf("%d elements, token %q", got, token)
	}
	for _, bad := range []string{"x", "-1", "6"} {
		var own *awserr.Error
		if _, _, err := Page(all, bad, 2, "Bad"); !errors.As(err, &own) || own.Code != "Bad" {
			t.Errorf("%s: got %v", bad, err)
		}
	}
}

func FuzzREST(f *testing.F) {
	for _, seed := range []string{"/v1/things", "/v1/things/%2F", "/v1/things/%", "//", "/v1/things/a/cache?b=%41"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(target, "/") {
			return
		}
		w := httptest.NewRecorder()
		things().Serve(w, &Request{HTTP: &http.Request{Method: "GET", URL: u, Body: io.NopCloser(strings.NewReader(""))}})
		if _, err := io.ReadAll(w.Body); err != nil || w.Code < 200 || w.Code > 404 && w.Code != 410 {
			t.Errorf("%q: status %d", target, w.Code)
		}
	})
}
