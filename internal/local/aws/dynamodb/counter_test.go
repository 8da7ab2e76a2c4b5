package dynamodb

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// newState returns a service with a table as an authorizer has it for its
// counters and nonces.
func newState(t *testing.T) *Service {
	t.Helper()
	s := newService()
	_, err := s.CreateTable(t.Context(), Table{Name: "state", BillingMode: "PAY_PER_REQUEST", HashKey: "id",
		Attributes: []Attribute{{"id", "S"}}, TTLAttribute: "expiresAt"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// many runs a request n times at once, and returns how often it was done and
// the items that those whose condition failed got to see.
func many(t *testing.T, s *Service, n int, op, body string) (done int, seen []string) {
	t.Helper()
	var succeeded atomic.Int64
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			_, err := do(s, op, body)
			var failed *awserr.Error
			switch {
			case err == nil:
				succeeded.Add(1)
			case !errors.As(err, &failed) || failed.Code != "ConditionalCheckFailedException":
				t.Error(err)
			default:
				text, err := json.Marshal(failed.Members)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				seen = append(seen, string(text))
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return int(succeeded.Load()), seen
}

// TestConditionalCounter: of many requests at once exactly as many are done as
// the condition allows. 99 and 100 sort the other way round as texts do.
func TestConditionalCounter(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{1, 9, 100} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			t.Parallel()
			s, end := newState(t), start.Unix()+86400
			count := func(limit int, end int64) string {
				return fmt.Sprintf(`{"TableName":"state","Key":{"id":{"S":"quota#key#day#1"}},"ReturnValues":"UPDATED_NEW",
					"UpdateExpression":"ADD used :one SET expiresAt = if_not_exists(expiresAt, :end)",
					"ConditionExpression":"attribute_not_exists(id) OR used < :limit","ReturnValuesOnConditionCheckFailure":"ALL_OLD",
					"ExpressionAttributeValues":{":one":{"N":"1"},":end":{"N":"%d"},":limit":{"N":"%d"}}}`, end, limit)
			}
			done, seen := many(t, s, limit+50, "UpdateItem", count(limit, end))
			if done != limit || len(seen) != 50 {
				t.Fatalf("%d were done and %d refused, want %d and 50", done, len(seen), limit)
			}
			counter := fmt.Sprintf(`{"Item":{"id":{"S":"quota#key#day#1"},"used":{"N":"%d"},"expiresAt":{"N":"%d"}}}`, limit, end)
			wantJSON(t, seen[0], counter)
			wantJSON(t, must(t, s, "GetItem", `{"TableName":"state","Key":{"id":{"S":"quota#key#day#1"}}}`), counter)
			// SET leaves what is there already.
			wantJSON(t, must(t, s, "UpdateItem", count(limit+1, end+1)),
				fmt.Sprintf(`{"Attributes":{"used":{"N":"%d"},"expiresAt":{"N":"%d"}}}`, limit+1, end))
		})
	}
}

// TestNonceIsStoredOnce: of many puts of one nonce at once a single one is
// done, again after the second at which the stored one has expired.
func TestNonceIsStoredOnce(t *testing.T) {
	t.Parallel()
	put := func(now, expires int64) string {
		return fmt.Sprintf(`{"TableName":"state","Item":{"id":{"S":"nonce#k#n"},"expiresAt":{"N":"%d"}},"ReturnValuesOnConditionCheckFailure":"ALL_OLD",
			"ConditionExpression":"attribute_not_exists(id) OR expiresAt < :now","ExpressionAttributeValues":{":now":{"N":"%d"}}}`, expires, now)
	}
	s, now := newState(t), start.Unix()
	done, seen := many(t, s, 50, "PutItem", put(now, now+600))
	if done != 1 || len(seen) != 49 {
		t.Fatalf("%d were done and %d refused, want 1 and 49", done, len(seen))
	}
	stored := fmt.Sprintf(`{"Item":{"id":{"S":"nonce#k#n"},"expiresAt":{"N":"%d"}}}`, now+600)
	for _, item := range seen {
		wantJSON(t, item, stored)
	}
	// The client's clock decides in the condition, TTL has not removed it.
	if done, _ := many(t, s, 50, "PutItem", put(now+600, now+1200)); done != 0 {
		t.Errorf("at the second of the expiry %d were done", done)
	}
	if done, _ := many(t, s, 50, "PutItem", put(now+601, now+1201)); done != 1 {
		t.Errorf("after the expiry %d were done, want 1", done)
	}
	// Without being asked, a failed condition shows nothing.
	_, seen = many(t, s, 1, "PutItem", strings.ReplaceAll(put(now, now+600), "ALL_OLD", "NONE"))
	if len(seen) != 1 || seen[0] != "null" {
		t.Errorf("the refused put saw %q", seen)
	}
}
