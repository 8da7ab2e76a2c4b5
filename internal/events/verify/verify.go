// Package verify checks a deployed Events API from outside, as a client sees
// it: which requests are let through, and who an event was created by.
package verify

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/cleartext"
)

// requestTimeout is how long one request may take. API Gateway itself gives
// up after 30 s (HTTP API quotas, "Maximum integration timeout").
const requestTimeout = 35 * time.Second

// maxBody is how much of an answer is read.
const maxBody = 1 << 20

// Options are what is checked.
type Options struct {
	// APIURL is the API's address, without a path below the stage: https, or http
	// to a loopback address.
	APIURL string
	// Token is one that the authorizer accepts.
	Token string
	// Cache adds a check of the authorizer's cache. Defaults to none.
	Cache *Cache
}

// Result is one check. Err is nil where it passed.
type Result struct {
	Name string
	Err  error
}

// Report takes results as they come.
type Report func(Result)

// ErrFailed is returned when at least one check failed; which, the report has
// been told.
var ErrFailed = errors.New("the deployment does not behave as it should")

// Run runs every check in order and reports each. The event that it creates it
// deletes again.
func Run(ctx context.Context, opts Options, report Report) error {
	v, err := newVerifier(opts)
	if err != nil {
		return err
	}
	failed := false
	for _, check := range v.checks() {
		err := check.run(ctx)
		report(Result{Name: check.name, Err: err})
		failed = failed || err != nil
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	if failed {
		return ErrFailed
	}
	return nil
}

type verifier struct {
	base    *url.URL
	token   string
	subject string
	cache   *Cache

	// The event that was created; empty until then.
	created event
}

type event struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	CreatedBy string `json:"createdBy"`
}

type check struct {
	name string
	run  func(context.Context) error
}

func newVerifier(opts Options) (*verifier, error) {
	base, err := parseURL(opts.APIURL)
	if err != nil {
		return nil, err
	}
	subject, err := subjectOf(opts.Token)
	if err != nil {
		return nil, err
	}
	return &verifier{base: base, token: opts.Token, subject: subject, cache: opts.Cache}, nil
}

// CheckURL returns the error with which Run refuses an API's address.
func CheckURL(text string) error {
	_, err := parseURL(text)
	return err
}

// parseURL reads the API's address. A token is sent there.
func parseURL(text string) (*url.URL, error) {
	base, err := url.Parse(text)
	switch {
	case strings.Contains(text, "@"):
		return nil, errors.New("the API's URL is not shown, because it has an @ and so maybe a password: leave that out")
	case err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "":
		return nil, fmt.Errorf("the API's URL %q is not an http or https URL, such as https://abc123.execute-api.eu-central-1.amazonaws.com", text)
	}
	if err := cleartext.Check(base); err != nil {
		return nil, fmt.Errorf("the API's URL %q takes a token: %w", text, err)
	}
	return base, nil
}

// subjectOf reads a token's subject without verifying it: whether the token is
// good is what the API is asked. No part of the token is in the error.
func subjectOf(token string) (string, error) {
	const cure = "make one with go run ./scripts/pha token --subject usr_abc"
	segments := strings.Split(token, ".")
	if len(segments) != 3 {
		return "", errors.New("the token is not a JWT of three segments: " + cure)
	}
	payload, err := base64.RawURLEncoding.DecodeString(segments[1])
	if err != nil {
		return "", errors.New("the token's payload is not base64url: " + cure)
	}
	var claims struct {
		Subject string `json:"sub"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil || claims.Subject == "" {
		return "", errors.New("the token has no subject (sub): " + cure)
	}
	return claims.Subject, nil
}

func (v *verifier) checks() []check {
	post := func(token string, want int) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := v.expect(ctx, request{method: http.MethodPost, path: "events", token: token, body: `{"name":"verify"}`}, want)
			return err
		}
	}
	checks := []check{
		{"POST /events without a token is 401", post("", http.StatusUnauthorized)},
		{"POST /events with a bad token is 403", post("bad-token", http.StatusForbidden)},
		{"POST /events with a forged signature is 403", post(forge(v.token), http.StatusForbidden)},
		{"POST /events with a valid token is 201, and createdBy is its subject", v.create},
		{"GET /events without a token is 200", v.list},
		{"GET /events/{id} without a token is 200", v.get},
		{"GET on an unknown route is 404", func(ctx context.Context) error {
			_, err := v.expect(ctx, request{method: http.MethodGet, path: "no-such-route"}, http.StatusNotFound)
			return err
		}},
		{"DELETE /events/{id} without a token is 401", v.onCreated(http.MethodDelete, "", http.StatusUnauthorized)},
		{"DELETE /events/{id} with a valid token is 204", v.onCreated(http.MethodDelete, v.token, http.StatusNoContent)},
		{"GET /events/{id} of the deleted event is 404", v.onCreated(http.MethodGet, "", http.StatusNotFound)},
	}
	if v.cache != nil {
		checks = append(checks, check{v.cache.name(), v.checkCache})
	}
	return checks
}

// forge changes the first character of a token's signature: the last one may
// have bits that mean nothing.
func forge(token string) string {
	i := strings.LastIndexByte(token, '.') + 1
	if i >= len(token) {
		return token + "A"
	}
	replacement := "A"
	if token[i] == 'A' {
		replacement = "B"
	}
	return token[:i] + replacement + token[i+1:]
}

func (v *verifier) create(ctx context.Context) error {
	body, err := v.expect(ctx, request{method: http.MethodPost, path: "events", token: v.token, body: `{"name":"verify"}`}, http.StatusCreated)
	if err != nil {
		return err
	}
	var created event
	if err := json.Unmarshal(body, &created); err != nil {
		return fmt.Errorf("the answer is no event: %w", err)
	}
	v.created = created
	switch {
	case created.ID == "":
		return errors.New("the event has no id")
	case created.CreatedBy != v.subject:
		return fmt.Errorf("createdBy is %q, not the token's subject %q", created.CreatedBy, v.subject)
	}
	return nil
}

func (v *verifier) list(ctx context.Context) error {
	body, err := v.expect(ctx, request{method: http.MethodGet, path: "events"}, http.StatusOK)
	if err != nil {
		return err
	}
	var page struct {
		Items []event `json:"items"`
	}
	if err := json.Unmarshal(body, &page); err != nil || page.Items == nil {
		return errors.New("the answer has no items")
	}
	return nil
}

func (v *verifier) get(ctx context.Context) error {
	if v.created.ID == "" {
		return errors.New("no event was created")
	}
	body, err := v.expect(ctx, request{method: http.MethodGet, path: "events/" + v.created.ID}, http.StatusOK)
	if err != nil {
		return err
	}
	var got event
	if err := json.Unmarshal(body, &got); err != nil || got != v.created {
		return fmt.Errorf("the answer is not the event that was created: %s", bytes.TrimSpace(body))
	}
	return nil
}

// onCreated is a check on the event that was created.
func (v *verifier) onCreated(method, token string, want int) func(context.Context) error {
	return func(ctx context.Context) error {
		if v.created.ID == "" {
			return errors.New("no event was created")
		}
		_, err := v.expect(ctx, request{method: method, path: "events/" + v.created.ID, token: token}, want)
		return err
	}
}

type request struct {
	method, path, token, body string
}

// expect sends a request and returns the body of an answer with the wanted
// status.
func (v *verifier) expect(ctx context.Context, r request, want int) ([]byte, error) {
	status, body, err := v.send(ctx, r)
	if err == nil && status != want {
		shown := body
		if r.token != "" { // which an answer may repeat, and a log would keep
			shown = bytes.ReplaceAll(body, []byte(r.token), []byte("(the token)"))
		}
		err = fmt.Errorf("the status is %d, not %d: %s", status, want, bytes.TrimSpace(shown))
	}
	return body, err
}

// client follows no redirect: it could lead the token to another host, or to http.
// An API of these routes answers with none.
var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// send sends a request and returns the answer's status and body.
func (v *verifier) send(ctx context.Context, r request) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, v.base.JoinPath(r.path).String(), strings.NewReader(r.body))
	if err != nil {
		return 0, nil, fmt.Errorf("making the request: %w", err)
	}
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("sending the request: %w", err)
	}
	defer res.Body.Close() //nolint:errcheck // the body has been read
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err != nil {
		return 0, nil, fmt.Errorf("reading the answer: %w", err)
	}
	return res.StatusCode, body, nil
}

// String is the line that a check prints.
func (r Result) String() string {
	if r.Err != nil {
		return fmt.Sprintf("FAIL %s: %v", r.Name, r.Err)
	}
	return "ok   " + r.Name
}
