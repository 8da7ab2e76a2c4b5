package awsjson

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
)

func TestCallFails(t *testing.T) {
	t.Parallel()
	const value = "a value that no error may show, in any case at all"
	tests := []struct {
		name   string
		answer http.HandlerFunc
		calls  int
		want   error
		text   string
	}{
		{"denied", refuse(400, "AccessDeniedException", "User: u is not authorized"), 1, authz.ErrMisconfigured,
			`misconfigured: DynamoDB answered status 400, "AccessDeniedException": "User: u is not authorized"`},
		{"type with a namespace", refuse(400, "com.amazonaws.dynamodb.v20120810#ValidationException", "bad name"), 1, authz.ErrMisconfigured,
			`misconfigured: DynamoDB answered status 400, "ValidationException": "bad name"`},
		{"type in the header", respond(400, `{"message":"old"}`, "X-Amzn-Errortype", "ResourceNotFoundException:http://a.example/"), 1, authz.ErrMisconfigured,
			`misconfigured: DynamoDB answered status 400, "ResourceNotFoundException": "old"`},
		{"long message and type", refuse(403, strings.Repeat("t", 9999), strings.Repeat("m", 9999)), 1, authz.ErrMisconfigured,
			`misconfigured: DynamoDB answered status 403, "` + strings.Repeat("t", 100) + `": "` + strings.Repeat("m", 512) + `"`},
		{"not AWS", respond(403, "<html>blocked</html>"), 1, authz.ErrUnavailable, `unavailable: DynamoDB answered status 403 without saying why`},
		{"redirect", respond(307, "", "Location", "/elsewhere"), 1, authz.ErrUnavailable, `unavailable: DynamoDB answered status 307 without saying why`},
		{"throttled", refuse(400, "ThrottlingException", "Rate exceeded"), 3, authz.ErrUnavailable,
			`unavailable: DynamoDB answered status 400, "ThrottlingException": "Rate exceeded"`},
		{"throughput", refuse(400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException", ""), 3, authz.ErrUnavailable,
			`unavailable: DynamoDB answered status 400, "ProvisionedThroughputExceededException"`},
		{"too many requests", respond(429, ""), 3, authz.ErrUnavailable, `unavailable: DynamoDB answered status 429 without saying why`},
		{"no type", respond(400, `{"message":"no"}`), 1, authz.ErrUnavailable, `unavailable: DynamoDB answered status 400, "no"`},
		{"internal error", refuse(500, "InternalServerError", "try again"), 3, authz.ErrUnavailable,
			`unavailable: DynamoDB answered status 500, "InternalServerError": "try again"`},
		{"a proxy's page", respond(503, "<html>"), 3, authz.ErrUnavailable, `unavailable: DynamoDB answered status 503 without saying why`},
		{"null", respond(200, "null"), 1, authz.ErrUnavailable, `unavailable: the answer of DynamoDB to GetItem is not as documented`},
		{"no JSON", respond(200, value), 1, authz.ErrUnavailable, `unavailable: the answer of DynamoDB to GetItem is not as documented`},
		{"value of another type", respond(200, `{"Value":["`+value+`"]}`), 1, authz.ErrUnavailable, `unavailable: the answer of DynamoDB to GetItem is not as documented`},
		{"too long", respond(200, strings.Repeat(" ", maxResponse+1)), 1, authz.ErrUnavailable, `unavailable: the answer of DynamoDB is longer than 1048576 bytes`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := newService(t, tt.answer)
			client, waits := newClient(environment(server.URL))
			var out struct{ Value string }
			err := client.Call(t.Context(), "GetItem", input{value}, &out)
			if !errors.Is(err, tt.want) || text(err) != tt.text {
				t.Errorf("got error %q, want %q", text(err), tt.text)
			}
			if n := len(server.requests()); n != tt.calls || len(*waits) != tt.calls-1 {
				t.Errorf("made %d calls and waited %v, want %d calls", n, *waits, tt.calls)
			}
			for i, wait := range *waits {
				if full := firstBackOff << i; wait < full/2 || wait >= full {
					t.Errorf("wait %d is %v, want %v to %v", i+1, wait, full/2, full)
				}
			}
		})
	}
}

// TestUnheard: what is refused for the caller's clock or session says nothing of
// what was asked for, and is not asked again.
func TestUnheard(t *testing.T) {
	t.Parallel()
	for kind := range unheard {
		server := newService(t, refuse(403, kind, "no"))
		client, _ := newClient(environment(server.URL))
		err := fmt.Errorf("calling: %w", client.Call(t.Context(), "GetItem", input{}, nil))
		if !errors.Is(err, authz.ErrUnavailable) || !Unheard(err) || len(server.requests()) != 1 {
			t.Errorf("%s: got %v after %d calls", kind, err, len(server.requests()))
		}
	}
	if Unheard(nil) || Unheard(&Error{Type: "AccessDeniedException"}) {
		t.Error("other errors are taken for such")
	}
}

// TestAnyAnswerIsNoWrite: where nobody reads the answer, it is one of AWS's all
// the same; a write that a proxy has kept back is not counted as done.
func TestAnyAnswerIsNoWrite(t *testing.T) {
	t.Parallel()
	const want = "unavailable: the answer of DynamoDB to PutItem is not as documented"
	for body, good := range map[string]bool{
		"{}": true, " \r\n\t{\"Attributes\":{}}\n": true,
		"": false, "null": false, "[]": false, `"{}"`: false, "{": false, "{}{}": false, "1": false, "\u00a0{}": false,
		"<html>log in to the hotel</html>": false,
	} {
		server := newService(t, respond(200, body))
		client, _ := newClient(environment(server.URL))
		err := client.Call(t.Context(), "PutItem", input{}, nil)
		if good && err != nil || !good && (!errors.Is(err, authz.ErrUnavailable) || text(err) != want) {
			t.Errorf("%q: got %v", body, err)
		}
	}
}

// TestThrottling: each refusal that passes by itself is tried again.
func TestThrottling(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{
		"ThrottlingException", "Throttling", "ThrottledException", "TooManyRequestsException", "RequestLimitExceeded",
		"RequestThrottled", "RequestThrottledException", "SlowDown", "RequestTimeout", "RequestTimeoutException",
		"PriorRequestNotComplete", "ProvisionedThroughputExceededException", "BandwidthLimitExceeded",
		"LimitExceededException", "TransactionInProgressException", "TransactionConflictException",
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			server := newService(t, refuse(400, kind, "later"))
			client, waits := newClient(environment(server.URL))
			err := client.Call(t.Context(), "UpdateItem", input{}, nil)
			if !errors.Is(err, authz.ErrUnavailable) || errors.Is(err, authz.ErrMisconfigured) || len(server.requests()) != 3 || len(*waits) != 2 {
				t.Errorf("got %v after %d calls", err, len(server.requests()))
			}
		})
	}
}

// TestConditionFails: no fault, and the item is there to look at, but not in
// the text.
func TestConditionFails(t *testing.T) {
	t.Parallel()
	server := newService(t, respond(400, `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed","Item":{"id":{"S":"x"}}}`))
	client, waits := newClient(environment(server.URL))
	err := client.Call(t.Context(), "PutItem", input{}, nil)
	if item, failed := ConditionFailed(fmt.Errorf("storing: %w", err)); !failed || item.Text("id") != "x" {
		t.Fatalf("got %v of %v", item, err)
	}
	if errors.Is(err, authz.ErrMisconfigured) || errors.Is(err, authz.ErrUnavailable) {
		t.Errorf("it is taken for a fault: %v", err)
	}
	if want := `DynamoDB answered status 400, "ConditionalCheckFailedException": "The conditional request failed"`; text(err) != want || len(*waits) != 0 {
		t.Errorf("got %q after %v, want %q", text(err), *waits, want)
	}
	if want := `AWS answered status 400, "X"`; (&Error{Type: "X", Status: 400}).Error() != want {
		t.Errorf("an Error of a test's own is not %q", want)
	}
}
