package authz

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// eventV1 returns the fixture of an event of format 1.0 with headers and path.
func eventV1(t testing.TB, path string, headers map[string]string) json.RawMessage {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "authorizer_event_v1.json"))
	if err != nil {
		t.Fatal(err)
	}
	var event map[string]any
	if err := json.Unmarshal(data, &event); err != nil {
		t.Fatal(err)
	}
	event["headers"], event["path"], event["identitySource"] = headers, path, headers["Authorization"]
	event["methodArn"] = "arn:aws:execute-api:eu-central-1:000000000000:abcdef1234/$default/DELETE" + path
	if data, err = json.Marshal(event); err != nil {
		t.Fatal(err)
	}
	return data
}

// withMultiValue adds multiValueHeaders to an event.
func withMultiValue(event json.RawMessage, headers string) json.RawMessage {
	return bytes.Replace(event, []byte("{"), []byte(`{"multiValueHeaders":`+headers+","), 1)
}

func TestHandlePolicy(t *testing.T) {
	t.Parallel()
	bearer := "Bearer " + sign(testHeader, testClaims)
	const allowed = `{"principalId":"usr_abc","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":["execute-api:Invoke"],"Effect":"Allow","Resource":["%s"]}]},"context":{"credentialId":"sha256:f12fd46e9b45","expiresAt":1700000060,"method":"JWT","userId":"usr_abc"}}`
	const denied = `{"principalId":"anonymous","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":["execute-api:Invoke"],"Effect":"Deny","Resource":["*"]}]}}`
	const noARN = "misconfigured: the event has no ARN of the route, so that no policy can allow it; is the function invoked by an authorizer of an HTTP API?"
	arn := func(path string) string {
		return "arn:aws:execute-api:eu-central-1:000000000000:abcdef1234/$default/DELETE" + path
	}
	tests := []struct {
		name   string
		event  json.RawMessage
		answer string
		text   string
		reason string
	}{
		{"format 1.0", eventV1(t, "/events/42", map[string]string{"Authorization": bearer}), fmt.Sprintf(allowed, arn("/events/42")), "", ""},
		{"format 1.0, one header in two spellings", eventV1(t, "/events/42", map[string]string{"Authorization": bearer, "authorization": bearer}), denied, "", "malformed"},
		{"format 1.0, bad token", eventV1(t, "/events/42", map[string]string{"Authorization": "Bearer x"}), denied, "", "malformed"},
		{"format 1.0, no token", eventV1(t, "/events/42", nil), denied, "", "no credential"},
		{"a wildcard in the path", eventV1(t, "/events/*", map[string]string{"Authorization": bearer}), denied, "", "malformed"},
		{"a stage's name in the path", eventV1(t, "/events/$default/x", map[string]string{"Authorization": bearer}), denied, "", "malformed"},
		{"a question mark in the path", eventV1(t, "/events/a?", map[string]string{"Authorization": bearer}), denied, "", "malformed"},
		{"a variable in the path", eventV1(t, "/events/${aws:userid}", map[string]string{"Authorization": bearer}), denied, "", "malformed"},
		{"format 2.0", readEvent(t, bearer), fmt.Sprintf(allowed, "arn:aws:execute-api:eu-central-1:000000000000:abcdef1234/$default/POST/events"), "", ""},
		{"format 1.0, a header twice", withMultiValue(eventV1(t, "/events/42", map[string]string{"Authorization": bearer}), `{"authorization":["Bearer x"],"Authorization":["Bearer y","`+bearer+`"]}`), denied, "", "malformed"},
		{"format 1.0, no ARN", json.RawMessage(`{"version":"1.0","headers":{"Authorization":"` + bearer + `"}}`), "", noARN, "misconfigured"},
		{"format 2.0, no ARN", json.RawMessage(`{"version":"2.0","headers":{"authorization":"` + bearer + `"}}`), "", noARN, "misconfigured"},
		{"another version", json.RawMessage(`{"version":"3.0"}`), "", "misconfigured: the event's version is neither 1.0 nor 2.0: is the function invoked by an authorizer of an HTTP API?", "misconfigured"},
		{"no object", json.RawMessage(`"text"`), "", "misconfigured: the event is not one of an authorizer of an HTTP API", "misconfigured"},
		{"another shape", json.RawMessage(`{"version":"1.0","headers":"text"}`), "", "misconfigured: the event is not one of an authorizer of an HTTP API", "misconfigured"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			h := Handler{Chain: chainOf(newJWT(t)), Getenv: uncached, Logger: slog.New(slog.NewJSONHandler(&log, nil))}
			response, err := h.HandlePolicy(t.Context(), tt.event)
			if tt.text != "" {
				if text(err) != "judging a request: "+tt.text {
					t.Errorf("got %q, want %q", text(err), tt.text)
				}
			} else if answer, _ := json.Marshal(response); err != nil || string(answer) != tt.answer {
				t.Errorf("got %s, %v; want %s", answer, err, tt.answer)
			}
			if tt.reason != "" && !strings.Contains(log.String(), fmt.Sprintf(`"reason":%q`, tt.reason)) || (tt.reason == "" && log.Len() > 0) {
				t.Errorf("logged %s", log.String())
			}
		})
	}
}

// TestRequests: both formats of the event become the same request, but for
// what format 1.0 does not tell.
func TestRequests(t *testing.T) {
	t.Parallel()
	var got []Request
	h := Handler{
		Getenv: uncached,
		Chain:  Chain{{Extractor: extractFunc(func(r Request) (Credential, error) { got = append(got, r); return Credential{}, ErrNoCredential }), Verifier: newJWT(t)}},
		Logger: slog.New(slog.DiscardHandler),
	}
	for _, event := range []json.RawMessage{readEvent(t, "Bearer x"), eventV1(t, "/events/42", map[string]string{"X-A": "1", "Host": "a.example"})} {
		if _, err := h.HandlePolicy(t.Context(), event); err != nil {
			t.Fatal(err)
		}
	}
	v2 := Request{
		Method: "POST", Path: "/events", RawQuery: "", Host: "abcdef1234.execute-api.eu-central-1.amazonaws.com",
		Headers:  got[0].Headers,
		RouteKey: "POST /events", RouteARN: "arn:aws:execute-api:eu-central-1:000000000000:abcdef1234/$default/POST/events",
		Stage: "$default", SourceIP: "203.0.113.7", RequestID: "api-1", identity: []string{"Bearer x"},
	}
	v1 := Request{
		Method: "DELETE", Path: "/events/42", Host: "a.example", Headers: map[string]string{"x-a": "1", "host": "a.example"},
		PathParameters: map[string]string{"id": "42"},
		RouteKey:       "DELETE /events/{id}", RouteARN: "arn:aws:execute-api:eu-central-1:000000000000:abcdef1234/$default/DELETE/events/42",
		Stage: "$default", SourceIP: "203.0.113.7", RequestID: "api-1", ownMethod: true,
	}
	if want := []Request{v2, v1}; !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestHeadersOfFormat1: every value of a repeated header is there, in an order
// that does not change.
func TestHeadersOfFormat1(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, event, want string }{
		{"one value", `{"headers":{"A":"1"}}`, "1"},
		{"two spellings", `{"headers":{"a":"2","A":"1"}}`, "1,2"},
		{"the same value in two spellings", `{"headers":{"a":"1","A":"1"}}`, "1,1"},
		{"the last of two", `{"headers":{"A":"2"},"multiValueHeaders":{"A":["1","2"]}}`, "1,2"},
		{"both, joined", `{"headers":{"A":"1,2"},"multiValueHeaders":{"A":["1","2"]}}`, "1,2"},
		{"a value of its own", `{"headers":{"A":"3"},"multiValueHeaders":{"A":["1","2"]}}`, "1,2,3"},
		{"two spellings of several", `{"headers":{"a":"4","A":"2"},"multiValueHeaders":{"a":["3","4"],"A":["1","2"]}}`, "1,2,3,4"},
		{"in another spelling", `{"headers":{"a":"1"},"multiValueHeaders":{"A":["1"]}}`, "1"},
		{"two spellings", `{"headers":{"a":"1","A":"1"}}`, "1,1"},
		{"several only", `{"multiValueHeaders":{"A":["1","2"]}}`, "1,2"},
		{"empty", `{"headers":{"A":""}}`, ""},
		{"an empty one", `{"headers":{"A":""},"multiValueHeaders":{"A":[]}}`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, _, err := parseEvent([]byte(`{"version":"1.0",` + tt.event[1:]))
			if want := map[string]string{"a": tt.want}; err != nil || !reflect.DeepEqual(r.Headers, want) {
				t.Errorf("got %q, %v; want %q", r.Headers, err, want)
			}
		})
	}
}

type limiterFunc func(context.Context, Principal, Request) error

func (f limiterFunc) Take(ctx context.Context, p Principal, r Request) error { return f(ctx, p, r) }

// TestHandlerPolicyAndLimiter: who is denied is not counted, and a fault in
// either is no answer.
func TestHandlerPolicyAndLimiter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		policy, limit error
		counted       bool
		answer        string
		reason        string
		want          error
	}{
		{"both let it", nil, nil, true, `{"isAuthorized":true,`, "", nil},
		{"denied", ErrDenied, nil, false, `{"isAuthorized":false}`, "denied", nil},
		{"a failing policy", errors.New("a bug"), nil, false, `{"isAuthorized":false}`, "denied", nil},
		{"suspended", ErrTenantSuspended, nil, false, `{"isAuthorized":false}`, "tenant suspended", nil},
		{"over the quota", nil, ErrQuotaExceeded, true, `{"isAuthorized":false}`, "quota exceeded", nil},
		{"too fast", nil, ErrRateLimited, true, `{"isAuthorized":false}`, "rate limited", nil},
		{"the policy is down", ErrUnavailable, nil, false, "", "unavailable", ErrUnavailable},
		{"the limiter is down", nil, ErrUnavailable, true, "", "unavailable", ErrUnavailable},
		{"an unknown error of the limiter", nil, os.ErrClosed, true, "", "internal", os.ErrClosed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			counted := false
			answer, log, err := invoke(t, Handler{
				Chain: chainOf(newJWT(t)), Policy: policyError(tt.policy), Getenv: uncached,
				Limiter: limiterFunc(func(context.Context, Principal, Request) error { counted = true; return tt.limit }),
			}, readEvent(t, "Bearer "+sign(testHeader, testClaims)))
			if !strings.HasPrefix(answer, tt.answer) || !errors.Is(err, tt.want) || counted != tt.counted {
				t.Errorf("got %s, %v, counted %v", answer, err, counted)
			}
			if tt.reason != "" && !strings.Contains(log, fmt.Sprintf(`"reason":%q,`, tt.reason)) {
				t.Errorf("logged %s", log)
			}
			if tt.reason != "" && !strings.Contains(log, fingerprinted("f12fd46e9b45")) {
				t.Errorf("the credential's id is not in %s", log)
			}
		})
	}
}

// TestTooMuchIsNotCounted: whose identity does not fit into the context gets no
// allow, and so none is counted. A token that says too much is a bad token.
func TestTooMuchIsNotCounted(t *testing.T) {
	t.Parallel()
	const rest = `{"credentialId":"sha256:000000000000","expiresAt":1700000060,"method":"JWT","scopes":"","userId":"s"}`
	scoped := func(n int) string {
		return sign(testHeader, `{"sub":"s","exp":1700000060,"scope":"`+strings.Repeat("x", n)+`"}`)
	}
	large := verifyFunc(func(context.Context, Credential) (Principal, error) {
		return Principal{Identity: Identity{Subject: "s", ExpiresAt: time.Unix(testNow, 0), Permissions: []string{strings.Repeat("p", MaxContextBytes)}}}, nil
	})
	for _, tt := range []struct {
		name     string
		verifier Verifier
		token    string
		counted  int
		answer   string
		logged   string
		want     error
	}{
		{"a token, as much as there may be", newJWT(t), scoped(MaxContextBytes - len(rest)), 1, `{"isAuthorized":true,`, "", nil},
		{"a token, one byte more", newJWT(t), scoped(MaxContextBytes - len(rest) + 1), 0, `{"isAuthorized":false}`, `"reason":"invalid claim","error":"invalid claim: the authorizer context has 4097 bytes, at most 4096 are allowed; give the principal fewer scopes and permissions"`, nil},
		{"another verifier", large, "x", 0, "", `"reason":"misconfigured","error":"misconfigured: the authorizer context has 4150 bytes, at most 4096 are allowed; give the principal fewer scopes and permissions"`, ErrMisconfigured},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			counted := 0
			limiter := limiterFunc(func(context.Context, Principal, Request) error { counted++; return nil })
			answer, log, err := invoke(t, Handler{Chain: chainOf(tt.verifier), Limiter: limiter, Getenv: uncached}, readEvent(t, "Bearer "+tt.token))
			if !strings.HasPrefix(answer, tt.answer) || !errors.Is(err, tt.want) || counted != tt.counted {
				t.Errorf("got %.40s, %v, counted %d", answer, err, counted)
			}
			if !strings.Contains(log, tt.logged) || tt.logged == "" && log != "" {
				t.Errorf("logged %s, want %s", log, tt.logged)
			}
		})
	}
}

func TestContextSize(t *testing.T) {
	t.Parallel()
	p := Principal{Identity: Identity{Subject: "s", ExpiresAt: time.Unix(testNow, 0), Permissions: []string{strings.Repeat("p", MaxContextBytes)}}}
	_, err := allow(p)
	const want = "misconfigured: the authorizer context has 4150 bytes, at most 4096 are allowed; give the principal fewer scopes and permissions"
	if text(err) != want {
		t.Errorf("got %q, want %q", text(err), want)
	}
	p.Permissions[0] = p.Permissions[0][:MaxContextBytes-60]
	if _, err := allow(p); err != nil {
		t.Error(err)
	}
}

// Where the component requires permissions, an authorizer without a policy lets
// nobody in: it would let in everybody.
func TestPermissionsWithoutPolicy(t *testing.T) {
	t.Setenv("AUTHORIZER_CACHE_TTL", "0")
	t.Setenv("ROUTE_PERMISSIONS", `{"POST /events":["events:write"]}`)
	const want = "judging a request: misconfigured: the routes require permissions (ROUTE_PERMISSIONS), and authz.Handler.Policy is not set; set it to authz.RoutePermissionsFromEnvironment(nil)"
	h := Handler{Chain: chainOf(newJWT(t)), Logger: slog.New(slog.DiscardHandler)}
	event := readEvent(t, "Bearer "+sign(testHeader, testClaims))
	if answer, err := h.HandlePolicy(t.Context(), event); text(err) != want || answer.PolicyDocument.Statement[0].Effect != "Deny" {
		t.Errorf("got %v, %v", answer, err)
	}
	h.Policy = AllPolicies{}
	if answer, err := h.HandlePolicy(t.Context(), event); err != nil || answer.PolicyDocument.Statement[0].Effect != "Deny" {
		t.Errorf("with a policy: got %v, %v", answer, err)
	}
}
