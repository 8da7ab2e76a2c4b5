package awsjson

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

func TestTable(t *testing.T) {
	t.Parallel()
	call := func(name, kind string) error {
		server := newService(t, refuse(400, kind, "no"))
		client, _ := newClient(environment(server.URL))
		return Table{Client: client, Name: name, Title: "state", Variable: "STATE"}.Call(t.Context(), "PutItem", input{}, nil)
	}
	for _, tt := range []struct{ name, table, kind, want string }{
		{"no name", "", "X", "misconfigured: the name of the state table is not set; set STATE to it"},
		{"no table", "t", "ResourceNotFoundException", `state table "t": misconfigured: DynamoDB answered status 400, "ResourceNotFoundException": "no"; is it deployed, in this Region and account?`},
		{"no grant", "t", "AccessDeniedException", `state table "t": misconfigured: DynamoDB answered status 400, "AccessDeniedException": "no"; allow the caller dynamodb:PutItem on the table`},
		{"another refusal", "t", "ValidationException", `state table "t": misconfigured: DynamoDB answered status 400, "ValidationException": "no"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := call(tt.table, tt.kind)
			if text(err) != tt.want || !errors.Is(err, authz.ErrMisconfigured) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
			if _, failed := ConditionFailed(err); failed {
				t.Error("it is taken for a condition that is not met")
			}
		})
	}
	if item, failed := ConditionFailed(call("t", "ConditionalCheckFailedException")); !failed || item != nil {
		t.Errorf("without the item: got %v, %v", item, failed)
	}
	if err := WithCure(nil, map[string]string{"": "x"}); err != nil {
		t.Errorf("no error: got %v", err)
	}
}

// TestTransaction: why a transaction was cancelled decides what it is, as of
// any other write.
func TestTransaction(t *testing.T) {
	t.Parallel()
	const begin = "Transaction cancelled, please refer cancellation reasons for specific reasons "
	for reasons, want := range map[string]struct {
		calls  int
		failed bool
		err    error
	}{
		"[None, ConditionalCheckFailed]":                 {1, true, nil},
		"[TransactionConflict, ConditionalCheckFailed]":  {1, true, nil},
		"[None, TransactionConflict]":                    {3, false, authz.ErrUnavailable},
		"[ThrottlingError, None]":                        {3, false, authz.ErrUnavailable},
		"[ProvisionedThroughputExceeded, None]":          {3, false, authz.ErrUnavailable},
		"[None, ValidationError]":                        {1, false, authz.ErrMisconfigured},
		"[ItemCollectionSizeLimitExceeded, None]":        {1, false, authz.ErrMisconfigured},
		strings.Repeat("None, ", 99) + "ThrottlingError": {3, false, authz.ErrUnavailable}, // longer than what is shown
	} {
		t.Run(reasons[:min(len(reasons), 40)], func(t *testing.T) {
			t.Parallel()
			server := newService(t, refuse(400, "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", begin+reasons))
			client, _ := newClient(environment(server.URL))
			err := client.Call(t.Context(), "TransactWriteItems", input{}, nil)
			if _, failed := ConditionFailed(err); failed != want.failed || len(server.requests()) != want.calls {
				t.Errorf("got %v after %d calls", err, len(server.requests()))
			}
			for _, sentinel := range []error{authz.ErrUnavailable, authz.ErrMisconfigured} {
				if errors.Is(err, sentinel) != (want.err == sentinel) {
					t.Errorf("got %v, want %v", err, want.err)
				}
			}
		})
	}
}

func TestItem(t *testing.T) {
	t.Parallel()
	at := time.Unix(1700000000, 0)
	item := Item{"s": String("x"), "n": Number(-7), "t": Seconds(at), "zero": Number(0), "far": Number(contract.MaxSeconds + 1), "last": Number(contract.MaxSeconds), "half": {N: new("1.5")}}
	if item.Text("s") != "x" || item.Text("n") != "" || item.Text("none") != "" || *item["n"].N != "-7" {
		t.Errorf("got %v", item)
	}
	for _, tt := range []struct {
		name string
		want time.Time
		err  string
	}{
		{"t", at, ""},
		{"last", time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), ""},
		{"none", time.Time{}, ""},
		{"s", time.Time{}, "it is no number"},
		{"zero", time.Time{}, "it is no time"},
		{"n", time.Time{}, "it is no time"},
		{"far", time.Time{}, "it is no time"},
		{"half", time.Time{}, "it is no time"},
	} {
		if got, err := item.Time(tt.name); !got.Equal(tt.want) || text(err) != tt.err {
			t.Errorf("%s: got %v, %v", tt.name, got, err)
		}
	}
}
