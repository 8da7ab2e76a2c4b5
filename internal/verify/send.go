package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	// requestTimeout is how long one request may take. API Gateway itself gives up
	// after 30 s (HTTP API quotas, "Maximum integration timeout").
	requestTimeout = 35 * time.Second
	// maxBody is how much of an answer is read, maxShown how much of it an error shows.
	maxBody, maxShown = 1 << 20, 200
	// A request that is throttled is sent again, a second later.
	throttled = 5
)

// client follows no redirect: it could lead a credential to another host, or to http.
var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// answer is what came back.
type answer struct {
	status int
	// id is API Gateway's of the request.
	id   string
	body []byte
}

// String is the body, without the credentials that it may repeat and a log would keep.
func (a answer) String() string {
	text := string(bytes.TrimSpace(a.body))
	if len(text) > maxShown {
		text = text[:maxShown] + "…"
	}
	return text
}

// fromGateway reports whether it is API Gateway's own refusal, by the body that only
// HTTP APIs' own answers have. One to HEAD has none.
func (a answer) fromGateway(method string) bool {
	if a.status != http.StatusUnauthorized && a.status != http.StatusForbidden {
		return false
	}
	var members map[string]string
	return method == http.MethodHead ||
		json.Unmarshal(a.body, &members) == nil && len(members) == 1 && members["message"] == http.StatusText(a.status)
}

// send sends a request.
func (v *verifier) send(ctx context.Context, t target, body string, apply applier) (answer, error) {
	for range throttled {
		answer, err := v.sendOnce(ctx, t, body, apply)
		if err != nil || answer.status != http.StatusTooManyRequests {
			return answer, err
		}
		select {
		case <-ctx.Done():
			return answer, context.Cause(ctx)
		case <-time.After(time.Second):
		}
	}
	return answer{}, fmt.Errorf("the route is throttled: its status is 429 again and again")
}

func (v *verifier) sendOnce(ctx context.Context, t target, body string, apply applier) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, t.method, v.API.URL+t.path, strings.NewReader(body))
	if err != nil {
		return answer{}, fmt.Errorf("making the request: %w", err)
	}
	if v.API.Host != "" {
		request.Host = v.API.Host
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	var sent [][]byte
	if apply != nil {
		before := request.Header.Clone()
		if err := apply(request, body); err != nil {
			return answer{}, err
		}
		sent = credentialsOf(before, request)
	}
	response, err := client.Do(request)
	if err != nil {
		return answer{}, fmt.Errorf("sending the request: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // the body has been read
	content, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return answer{}, fmt.Errorf("reading the answer: %w", err)
	}
	for _, credential := range sent {
		content = bytes.ReplaceAll(content, credential, []byte("(the credential)"))
	}
	return answer{response.StatusCode, response.Header.Get("Apigw-Requestid"), content}, nil
}

// credentialsOf are the texts that a request has beside those that it had before.
func credentialsOf(before http.Header, r *http.Request) [][]byte {
	var all [][]byte
	add := func(value string) {
		if _, token, found := strings.Cut(value, " "); found {
			value = token // without its scheme
		}
		if value != "" {
			all = append(all, []byte(value))
		}
	}
	for name, values := range r.Header {
		if _, had := before[name]; !had {
			for _, value := range values {
				add(value)
			}
		}
	}
	for _, values := range r.URL.Query() {
		for _, value := range values {
			add(value)
		}
	}
	return all
}
