package dynamodb

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
)

const customerKey = "arn:aws:kms:eu-central-1:000000000000:key/11111111-2222-3333-4444-555555555555"

func TestSettingErrors(t *testing.T) {
	t.Parallel()
	const invalid = "ValidationException: One or more parameter values were invalid: "
	for _, tc := range []struct {
		name   string
		change func(*Table)
		want   string
	}{
		{"view", func(x *Table) { x.StreamViewType = "ALL" }, "ValidationException: 1 validation error detected: Value 'ALL' at 'streamSpecification.streamViewType' failed to satisfy constraint: Member must satisfy enum value set: [KEYS_ONLY, NEW_AND_OLD_IMAGES, NEW_IMAGE, OLD_IMAGE]"},
		{"class", func(x *Table) { x.Class = "CHEAP" }, "ValidationException: 1 validation error detected: Value 'CHEAP' at 'tableClass' failed to satisfy constraint: Member must satisfy enum value set: [STANDARD, STANDARD_INFREQUENT_ACCESS]"},
		{"days", func(x *Table) { x.PointInTimeRecovery, x.RecoveryDays = true, 36 }, "ValidationException: 1 validation error detected: Value '36' at 'pointInTimeRecoverySpecification.recoveryPeriodInDays' failed to satisfy constraint: Member must be 1 to 35"},
		{"days of nothing", func(x *Table) { x.RecoveryDays = 7 }, invalid + "RecoveryPeriodInDays is specified, but PointInTimeRecovery is not enabled"},
		{"key of nothing", func(x *Table) { x.SSEKey = customerKey }, invalid + "KMSMasterKeyId is specified, but SSE is not enabled"},
		{"key", func(x *Table) { x.SSE, x.SSEKey = true, "alias/mine" }, invalid + `KMS key "alias/mine" is not the ARN of a key`},
	} {
		table := eventsTable
		tc.change(&table)
		_, err := newService().CreateTable(t.Context(), table)
		wantError(t, err, tc.want)
	}
	s := newService()
	for _, specification := range []string{`{"StreamEnabled":true}`, `{"StreamViewType":"KEYS_ONLY"}`} {
		_, err := do(s, "CreateTable", `{"TableName":"tab","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],"StreamSpecification":`+specification+`}`)
		wantError(t, err, invalid+"a StreamSpecification has StreamEnabled and a StreamViewType, or neither")
	}
}

// A stream has a name of its own as long as its view is the same; one that is off
// keeps its name. The console says once that nobody can read it.
func TestStreams(t *testing.T) {
	t.Parallel()
	var out consoletest.Buffer
	now := start
	s := newService()
	s.now, s.Console = func() time.Time { return now }, console.New(&out)
	table := eventsTable
	table.StreamViewType, table.Class = "NEW_IMAGE", "STANDARD_INFREQUENT_ACCESS"
	table.SSE, table.SSEKey = true, customerKey
	first, err := s.CreateTable(t.Context(), table)
	if want := "arn:aws:dynamodb:eu-central-1:000000000000:table/events/stream/2024-09-05T19:33:08.000"; err != nil || first.StreamARN() != want {
		t.Fatalf("the stream is %q, %v", first.StreamARN(), err)
	}
	described := must(t, s, "DescribeTable", `{"TableName":"events"}`)
	for _, want := range []string{
		`"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"}`, `"LatestStreamLabel":"2024-09-05T19:33:08.000"`,
		`"TableClassSummary":{"TableClass":"STANDARD_INFREQUENT_ACCESS"}`, `"KMSMasterKeyArn":"` + customerKey + `"`,
	} {
		if !strings.Contains(described, want) {
			t.Errorf("there is no %s in %s", want, described)
		}
	}
	for _, tc := range []struct {
		view string
		same bool
	}{{"NEW_IMAGE", true}, {"", true}, {"NEW_IMAGE", false}, {"KEYS_ONLY", false}} {
		before, _ := s.Table("events")
		now = now.Add(time.Second)
		table.StreamViewType = tc.view
		after, err := s.UpdateTable(t.Context(), table)
		if err != nil || (after.StreamARN() == before.StreamARN()) != tc.same {
			t.Errorf("with the view %q the stream was %s and is %s, %v", tc.view, before.StreamARN(), after.StreamARN(), err)
		}
	}
	if n := strings.Count(out.String(), `the stream of the table "events" and others has a name and no records`); n != 1 {
		t.Errorf("the console says it %d times: %s", n, &out)
	}
}

// Who uses the items of a table that a customer's key encrypts needs the key too.
func TestKeyOfTheCustomer(t *testing.T) {
	t.Parallel()
	const key = `"Key":{"pk":{"S":"p"},"sk":{"N":"1"}}`
	table := eventsTable
	table.SSE, table.SSEKey = true, customerKey
	s := newService()
	if _, err := s.CreateTable(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	for op, body := range map[string]string{
		"GetItem": `{"TableName":"events",` + key + `}`, "PutItem": `{"TableName":"events","Item":{}}`,
		"UpdateItem": `{"TableName":"events",` + key + `}`, "DeleteItem": `{"TableName":"` + s.ARN("events") + `",` + key + `}`,
		"Query": `{"TableName":"events"}`, "Scan": `{"TableName":"events","IndexName":"by-owner"}`,
		"BatchGetItem": `{"RequestItems":{"events":{}}}`, "BatchWriteItem": `{"RequestItems":{"events":[]}}`,
		"TransactGetItems":   `{"TransactItems":[{"Get":{"TableName":"events",` + key + `}}]}`,
		"TransactWriteItems": `{"TransactItems":[{"Delete":{"TableName":"events",` + key + `}}]}`,
		"DescribeTable":      `{"TableName":"events"}`, "UpdateTimeToLive": `{"TableName":"events"}`,
	} {
		grants, err := operations(s)[op].Grants([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		var actions []string
		for _, g := range grants {
			if g.Action == "kms:Decrypt" && (g.Resource != customerKey || g.Context["kms:ViaService"] != "dynamodb.eu-central-1.amazonaws.com") {
				t.Errorf("%s asks for %+v", op, g)
			}
			actions = append(actions, g.Action)
		}
		if aboutItems := op != "DescribeTable" && op != "UpdateTimeToLive"; slices.Contains(actions, "kms:Decrypt") != aboutItems {
			t.Errorf("%s needs %v", op, actions)
		}
	}
}
