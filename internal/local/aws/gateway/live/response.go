package live

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// response is what the client gets.
type response struct {
	status int
	header http.Header
	body   []byte
	// kind and message are $context.error.responseType and .message of API
	// Gateway's own answers; empty in an integration's response.
	kind, message string
}

const contentTypeJSON = "application/json"

// message is one of API Gateway's own answers.
func message(status int, text, kind string) response {
	return response{
		status:  status,
		header:  http.Header{"Content-Type": {contentTypeJSON}},
		body:    []byte(`{"message":"` + text + `"}`),
		kind:    kind,
		message: text,
	}
}

var (
	badRequestAnswer   = message(http.StatusBadRequest, "Bad Request", "DEFAULT_4XX")
	unauthorizedAnswer = message(http.StatusUnauthorized, "Unauthorized", "UNAUTHORIZED")
	forbiddenAnswer    = message(http.StatusForbidden, "Forbidden", "ACCESS_DENIED")
	notFoundAnswer     = message(http.StatusNotFound, "Not Found", "RESOURCE_NOT_FOUND")
	tooLargeAnswer     = message(http.StatusRequestEntityTooLarge, "Request Entity Too Large", "REQUEST_TOO_LARGE")
	throttledAnswer    = message(http.StatusTooManyRequests, "Too Many Requests", "THROTTLED")
	headersAnswer      = message(http.StatusRequestHeaderFieldsTooLarge, "Request Header Fields Too Large", "DEFAULT_4XX")
	authorizerFailure  = message(http.StatusInternalServerError, "Internal Server Error", "AUTHORIZER_FAILURE")
	integrationFailure = message(http.StatusInternalServerError, "Internal Server Error", "INTEGRATION_FAILURE")
	unavailableAnswer  = message(http.StatusServiceUnavailable, "Service Unavailable", "INTEGRATION_TIMEOUT")
)

// write sends the response. net/http leaves the body out where the method or
// the status has none.
func (r response) write(w http.ResponseWriter, requestID string) {
	header := w.Header()
	for name, values := range r.header {
		header[name] = values
	}
	header.Set("Apigw-Requestid", requestID)
	if r.status == http.StatusNoContent || r.status == http.StatusNotModified {
		w.WriteHeader(r.status)
		return
	}
	header.Set("Content-Length", strconv.Itoa(len(r.body)))
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body) // a client that has gone is no error
}

// inferResponse reads what a function returned (developer guide,
// http-api-develop-integrations-lambda). An object with a statusCode is a
// response; anything else is the body of one. An error is a response that API
// Gateway answers with 500.
func inferResponse(payload []byte) (response, error) {
	inferred := response{
		status: http.StatusOK,
		header: http.Header{"Content-Type": {contentTypeJSON}},
		body:   payload,
	}
	var text string
	if trimmed := bytes.TrimSpace(payload); bytes.HasPrefix(trimmed, []byte(`"`)) && json.Unmarshal(payload, &text) == nil {
		inferred.body = []byte(text)
		return inferred, nil
	}
	// A map, not a struct: encoding/json matches a struct's fields whatever
	// their case, and API Gateway does not.
	var members map[string]json.RawMessage
	if json.Unmarshal(payload, &members) != nil {
		return inferred, nil
	}
	if _, ok := members["statusCode"]; !ok {
		return inferred, nil
	}
	return parseResponse(members)
}

func parseResponse(members map[string]json.RawMessage) (response, error) {
	status, err := parseStatus(members["statusCode"])
	if err != nil {
		return response{}, err
	}
	var (
		headers map[string]*string
		cookies []string
		body    string
		encoded bool
	)
	for _, member := range []struct {
		name, kind string
		into       any
	}{
		{"headers", "an object of strings", &headers},
		{"cookies", "an array of strings", &cookies},
		{"body", "a string", &body},
		{"isBase64Encoded", "a boolean", &encoded},
	} {
		if raw, ok := members[member.name]; ok && json.Unmarshal(raw, member.into) != nil {
			return response{}, fmt.Errorf("%s is not %s", member.name, member.kind)
		}
	}
	r := response{status: status, body: []byte(body)}
	if r.header, err = responseHeader(status, headers, cookies); err != nil {
		return response{}, err
	}
	if encoded {
		if r.body, err = base64.StdEncoding.DecodeString(body); err != nil {
			return response{}, errors.New("isBase64Encoded is true and body is not base64")
		}
	}
	return r, nil
}

// parseStatus reads a statusCode: a whole number that can end a response.
func parseStatus(raw json.RawMessage) (int, error) {
	var number *float64
	if json.Unmarshal(raw, &number) != nil || number == nil {
		return 0, errors.New("statusCode is not a number")
	}
	if *number < 200 || *number > 599 || *number != math.Trunc(*number) {
		return 0, fmt.Errorf("statusCode %v is not a whole number from 200 to 599", *number)
	}
	return int(*number), nil
}

// responseHeader builds the client's headers. API Gateway sets the length and
// what concerns the connection itself.
func responseHeader(status int, headers map[string]*string, cookies []string) (http.Header, error) {
	header := http.Header{}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		value := headers[name]
		lower := strings.ToLower(name)
		if value == nil || lower == "content-length" || slices.Contains(hopByHop, lower) {
			continue
		}
		if !httpguts.ValidHeaderFieldName(name) {
			return nil, fmt.Errorf("the header name %q is not valid", name)
		}
		if !httpguts.ValidHeaderFieldValue(*value) {
			return nil, fmt.Errorf("the value of the header %q has control characters", name)
		}
		header.Set(name, *value)
	}
	for _, cookie := range cookies {
		if !httpguts.ValidHeaderFieldValue(cookie) {
			return nil, errors.New("a cookie has control characters")
		}
		header.Add("Set-Cookie", cookie)
	}
	if header.Get("Content-Type") == "" && status != http.StatusNoContent && status != http.StatusNotModified {
		header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	return header, nil
}
