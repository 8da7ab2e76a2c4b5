package localtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// requestLimit is how long a request may take: longer than the slowest authorizer and
// function together.
const requestLimit = time.Minute

// client follows no redirects: a test sees what the API answers.
var client = &http.Client{
	Timeout:       requestLimit,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// RequestOption changes a request before it is sent; those of one request in the order
// given. Credentials are options.
type RequestOption interface {
	Apply(r *http.Request) error
}

// RequestFunc is an option made of a function.
type RequestFunc func(r *http.Request) error

// Apply calls the function.
func (f RequestFunc) Apply(r *http.Request) error { return f(r) }

// Header sets a header.
func Header(name, value string) RequestOption {
	return RequestFunc(func(r *http.Request) error {
		r.Header.Set(name, value)
		return nil
	})
}

// Get sends a GET request to a path, with a query if there is one.
func (a *API) Get(path string, options ...RequestOption) *Response {
	a.t.Helper()
	return a.Do(http.MethodGet, path, nil, options...)
}

// Post sends a POST request. See [API.Do] for the body.
func (a *API) Post(path string, body any, options ...RequestOption) *Response {
	a.t.Helper()
	return a.Do(http.MethodPost, path, body, options...)
}

// Put sends a PUT request. See [API.Do] for the body.
func (a *API) Put(path string, body any, options ...RequestOption) *Response {
	a.t.Helper()
	return a.Do(http.MethodPut, path, body, options...)
}

// Patch sends a PATCH request. See [API.Do] for the body.
func (a *API) Patch(path string, body any, options ...RequestOption) *Response {
	a.t.Helper()
	return a.Do(http.MethodPatch, path, body, options...)
}

// Delete sends a DELETE request.
func (a *API) Delete(path string, options ...RequestOption) *Response {
	a.t.Helper()
	return a.Do(http.MethodDelete, path, nil, options...)
}

// Do sends a request with any method. The body is nil for none, a text or bytes, which
// are sent as they are, or else a value that is sent as JSON. A body has the content
// type application/json unless an option sets another. Redirects are not followed.
func (a *API) Do(method, path string, body any, options ...RequestOption) *Response {
	a.t.Helper()
	r, err := newRequest(a.chosen(), method, path, body)
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	r = r.WithContext(a.context())
	for _, option := range options {
		if err := option.Apply(r); err != nil {
			a.t.Fatalf("%s %s: %s", method, path, a.d.secrets.hide(err.Error()))
		}
	}
	res := &Response{t: a.t, d: a.d, method: method, path: path, mark: a.d.console.mark()}
	answer, err := client.Do(r)
	if err == nil {
		res.Status, res.Header = answer.StatusCode, answer.Header
		res.Body, err = io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		res.made = a.d.decisions.of(res.Header.Get("Apigw-Requestid"))
	}
	if err != nil {
		a.t.Fatalf("%s %s: %s", method, path, a.d.secrets.hide(err.Error()))
	}
	return res
}

// newRequest makes a request to an API, by its domain where nothing answers at its own
// address.
func newRequest(api local.API, method, path string, body any) (*http.Request, error) {
	content, err := encode(body)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(path, "/") {
		return nil, fmt.Errorf("the path does not begin with a slash")
	}
	base, host := api.Address()
	target, err := url.Parse(base + path)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequest(method, target.String(), bytes.NewReader(content)) //nolint:noctx // Do gives it one
	if err != nil {
		return nil, err
	}
	r.Host = host
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, nil
}

func encode(body any) ([]byte, error) {
	switch body := body.(type) {
	case nil:
		return nil, nil
	case string:
		return []byte(body), nil
	case []byte:
		return body, nil
	}
	content, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encoding the body: %w", err)
	}
	return content, nil
}

// Response is what a client gets.
type Response struct {
	Status int
	Header http.Header
	Body   []byte

	t            testing.TB
	d            *deployment
	method, path string
	mark         int // of the console, before the request
	made         live.Decision
}

// Want fails the test, which goes on, unless the response has a status. It says what
// came instead, how it was decided, and what the functions logged that ran.
func (r *Response) Want(status int) *Response {
	r.t.Helper()
	if r.Status != status {
		r.t.Errorf("%s %s is %s, want %s\n%s", r.method, r.path, statusText(r.Status), statusText(status), r.report())
	}
	return r
}

// JSON reads the body into what value points to.
func (r *Response) JSON(value any) {
	r.t.Helper()
	if err := json.Unmarshal(r.Body, value); err != nil {
		r.t.Fatalf("%s %s: the body cannot be read as JSON: %v\n%s", r.method, r.path, err, r.report())
	}
}

func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}
