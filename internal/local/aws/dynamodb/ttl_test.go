package dynamodb

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
)

// newClocked returns a service with the table "sessions" and its index
// "by-owner", and a clock that the test moves, in seconds after start.
func newClocked(t *testing.T) (*Service, *atomic.Int64) {
	t.Helper()
	var seconds atomic.Int64
	s := New(account.Account{ID: "000000000000", Region: "eu-central-1", Partition: "aws"}, func() time.Time {
		return start.Add(time.Duration(seconds.Load()) * time.Second)
	})
	must(t, s, "CreateTable", `{"TableName":"sessions","BillingMode":"PAY_PER_REQUEST",
		"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],
		"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"},{"AttributeName":"owner","AttributeType":"S"}],
		"GlobalSecondaryIndexes":[{"IndexName":"by-owner","KeySchema":[{"AttributeName":"owner","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}]}`)
	return s, &seconds
}

const ttlOn = `{"TableName":"sessions","TimeToLiveSpecification":{"Enabled":true,"AttributeName":"expires"}}`

func putSession(t *testing.T, s *Service, id, expires string) {
	t.Helper()
	must(t, s, "PutItem", fmt.Sprintf(`{"TableName":"sessions","Item":{"id":{"S":%q},"owner":{"S":"o"}%s}}`, id, expires))
}

// sessions returns the ids in the table and in its index.
func sessions(t *testing.T, s *Service) string {
	t.Helper()
	var found []string
	table := must(t, s, "Scan", `{"TableName":"sessions"}`)
	index := must(t, s, "Query", `{"TableName":"sessions","IndexName":"by-owner","KeyConditionExpression":"#o = :o","ExpressionAttributeNames":{"#o":"owner"},"ExpressionAttributeValues":{":o":{"S":"o"}}}`)
	for _, id := range []string{"long-ago", "never", "soon", "later", "text"} {
		inTable, inIndex := strings.Contains(table, `"`+id+`"`), strings.Contains(index, `"`+id+`"`)
		if inTable != inIndex {
			t.Errorf("%s: in the table %v, in its index %v", id, inTable, inIndex)
		}
		if inTable {
			found = append(found, id)
		}
	}
	return strings.Join(found, " ")
}

func TestExpiredItemsAreRemoved(t *testing.T) {
	t.Parallel()
	s, seconds := newClocked(t)
	must(t, s, "UpdateTimeToLive", ttlOn)
	number := func(after int64) string { return fmt.Sprintf(`,"expires":{"N":"%d"}`, start.Unix()+after) }
	putSession(t, s, "long-ago", number(-longExpired-1))
	putSession(t, s, "never", "")
	putSession(t, s, "soon", number(10))
	putSession(t, s, "later", number(11))
	putSession(t, s, "text", fmt.Sprintf(`,"expires":{"S":"%d"}`, start.Unix()+10))
	for _, step := range []struct {
		at   int64
		want string
	}{
		{0, "long-ago never soon later text"},
		{10, "long-ago never soon later text"}, // less than the current time, says AWS
		{11, "long-ago never later text"},
		{12, "long-ago never text"},
	} {
		seconds.Store(step.at)
		if got := sessions(t, s); got != step.want {
			t.Errorf("after %d s: got %q, want %q", step.at, got, step.want)
		}
		if info, _ := s.Table("sessions"); info.ItemCount != len(strings.Fields(step.want)) {
			t.Errorf("after %d s: %d items", step.at, info.ItemCount)
		}
	}
	// A condition of a write does not see an expired item either.
	putSession(t, s, "soon", number(30))
	seconds.Store(31)
	must(t, s, "PutItem", `{"TableName":"sessions","Item":{"id":{"S":"soon"}},"ConditionExpression":"attribute_not_exists(id)"}`)
}

func TestTimeToLiveSettings(t *testing.T) {
	t.Parallel()
	s, seconds := newClocked(t)
	wantJSON(t, must(t, s, "DescribeTimeToLive", `{"TableName":"sessions"}`), `{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}`)
	putSession(t, s, "soon", fmt.Sprintf(`,"expires":{"N":"%d"}`, start.Unix()+10))
	seconds.Store(100)
	if got := sessions(t, s); got != "soon" {
		t.Errorf("without a TTL: got %q", got)
	}
	wantJSON(t, must(t, s, "UpdateTimeToLive", ttlOn), `{"TimeToLiveSpecification":{"Enabled":true,"AttributeName":"expires"}}`)
	wantJSON(t, must(t, s, "DescribeTimeToLive", `{"TableName":"sessions"}`), `{"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"expires"}}`)
	if got := sessions(t, s); got != "" {
		t.Errorf("items of before the TTL: got %q", got)
	}
	other := strings.ReplaceAll(ttlOn, "expires", "other")
	for _, tc := range []struct{ name, body, want string }{
		{"again", ttlOn, "ValidationException: TimeToLive is already enabled"},
		{"other attribute", other, "ValidationException: TimeToLive is active on a different AttributeName: current AttributeName is expires"},
		{"disable another", strings.ReplaceAll(other, "true", "false"), "ValidationException: TimeToLive is active on a different AttributeName: current AttributeName is expires"},
		{"no attribute", `{"TableName":"sessions","TimeToLiveSpecification":{"Enabled":true}}`, "ValidationException: 1 validation error detected: Value at 'timeToLiveSpecification' failed to satisfy constraint: it needs Enabled, and an AttributeName of 1 to 255 characters"},
		{"no table", strings.ReplaceAll(ttlOn, "sessions", "none"), "ResourceNotFoundException: Requested resource not found"},
	} {
		_, err := do(s, "UpdateTimeToLive", tc.body)
		if err == nil || err.Error() != tc.want {
			t.Errorf("%s: got %v", tc.name, err)
		}
	}
	must(t, s, "UpdateTimeToLive", strings.ReplaceAll(ttlOn, "true", "false"))
	_, err := do(s, "UpdateTimeToLive", strings.ReplaceAll(ttlOn, "true", "false"))
	wantError(t, err, "ValidationException: TimeToLive is already disabled")
	putSession(t, s, "soon", `,"expires":{"N":"1725564788"}`)
	if got := sessions(t, s); got != "soon" {
		t.Errorf("with the TTL disabled again: got %q", got)
	}
}
