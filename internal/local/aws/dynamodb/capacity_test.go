package dynamodb

import (
	"fmt"
	"strings"
	"testing"
)

// newIndexed returns a service with a table whose index shows one attribute
// beside the keys.
func newIndexed(t *testing.T) *Service {
	t.Helper()
	s := newService()
	_, err := s.CreateTable(t.Context(), Table{
		Name: "tab", BillingMode: "PAY_PER_REQUEST", HashKey: "pk", Attributes: []Attribute{{"pk", "S"}, {"g", "S"}},
		GSIs: []Index{{Name: "by-g", HashKey: "g", Projection: "INCLUDE", NonKeyAttributes: []string{"shown"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestWriteCapacity: a write counts by the larger item, an index by what it
// shows (measured on AWS by paritysuite/dynamodb-conformance).
func TestWriteCapacity(t *testing.T) {
	t.Parallel()
	const indexed = `"pk":{"S":"1"},"g":{"S":"g"},"shown":{"S":"s"},"more":{"S":"o"}`
	kilobyte := strings.Repeat("x", 1024)
	update := func(expression, values string) string {
		return `"Key":{"pk":{"S":"1"}},"UpdateExpression":"` + expression + `","ExpressionAttributeValues":{":v":{"S":"` + values + `"}}`
	}
	for _, tc := range []struct {
		name, before, op, body string
		table, index           float64
	}{
		{"put", "", "PutItem", `"Item":{"pk":{"S":"1"}}`, 1, 0},
		{"put with an index's key", "", "PutItem", `"Item":{` + indexed + `}`, 1, 1},
		{"put of a KB and a byte", "", "PutItem", `"Item":{"pk":{"S":"1"},"x":{"S":"` + kilobyte[:1021] + `"}}`, 2, 0},
		{"put of a KB", "", "PutItem", `"Item":{"pk":{"S":"1"},"x":{"S":"` + kilobyte[:1020] + `"}}`, 1, 0},
		{"put of the same", indexed, "PutItem", `"Item":{` + indexed + `}`, 1, 0},
		{"put over a larger one", indexed + `,"x":{"S":"` + kilobyte + kilobyte + `"}`, "PutItem", `"Item":{` + indexed + `}`, 3, 0},
		{"update of what the index does not show", indexed, "UpdateItem", update("SET more = :v", "p"), 1, 0},
		{"update of what the index shows", indexed, "UpdateItem", update("SET shown = :v", "p"), 1, 1},
		{"update of the index's key", indexed, "UpdateItem", update("SET g = :v", "h"), 1, 2},
		{"update that removes the index's key", indexed, "UpdateItem", `"Key":{"pk":{"S":"1"}},"UpdateExpression":"REMOVE g"`, 1, 1},
		{"update of nothing", "", "UpdateItem", `"Key":{"pk":{"S":"1"}},"UpdateExpression":"REMOVE g"`, 1, 0},
		{"large in the index", indexed, "UpdateItem", update("SET shown = :v", kilobyte), 2, 2},
		{"delete", indexed, "DeleteItem", `"Key":{"pk":{"S":"1"}}`, 1, 1},
		{"delete of nothing", "", "DeleteItem", `"Key":{"pk":{"S":"1"}}`, 1, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			for _, which := range []string{"NONE", "TOTAL", "INDEXES"} {
				s := newIndexed(t)
				if tc.before != "" {
					must(t, s, "PutItem", `{"TableName":"tab","Item":{`+tc.before+`}}`)
				}
				want := fmt.Sprintf(`{"ConsumedCapacity":{"TableName":"tab","CapacityUnits":%g`, tc.table+tc.index)
				if which == "INDEXES" {
					want += fmt.Sprintf(`,"Table":{"CapacityUnits":%g}`, tc.table)
					if tc.index > 0 {
						want += fmt.Sprintf(`,"GlobalSecondaryIndexes":{"by-g":{"CapacityUnits":%g}}`, tc.index)
					}
				}
				if want += "}}"; which == "NONE" {
					want = "{}"
				}
				wantJSON(t, must(t, s, tc.op, `{"TableName":"tab","ReturnConsumedCapacity":"`+which+`",`+tc.body+`}`), want)
			}
		})
	}
}

func TestReadCapacity(t *testing.T) {
	t.Parallel()
	s := newIndexed(t)
	for i := range 6 {
		must(t, s, "PutItem", fmt.Sprintf(`{"TableName":"tab","Item":{"pk":{"S":"%d"},"g":{"S":"g"},"x":{"S":"%s"}}}`, i, strings.Repeat("x", 4096-6)))
	}
	must(t, s, "PutItem", `{"TableName":"tab","Item":{"pk":{"S":"large"},"x":{"S":"`+strings.Repeat("x", 4096)+`"}}}`)
	const byG = `"IndexName":"by-g","KeyConditionExpression":"g = :g","ExpressionAttributeValues":{":g":{"S":"g"}}`
	for _, tc := range []struct{ name, op, body, want string }{
		{"get", "GetItem", `"Key":{"pk":{"S":"1"}}`, `{"TableName":"tab","CapacityUnits":0.5,"Table":{"CapacityUnits":0.5}}`},
		{"consistent get", "GetItem", `"ConsistentRead":true,"Key":{"pk":{"S":"1"}}`, `{"TableName":"tab","CapacityUnits":1,"Table":{"CapacityUnits":1}}`},
		{"large get", "GetItem", `"Key":{"pk":{"S":"large"}},"ProjectionExpression":"pk"`, `{"TableName":"tab","CapacityUnits":1,"Table":{"CapacityUnits":1}}`},
		{"get of nothing", "GetItem", `"Key":{"pk":{"S":"none"}}`, `{"TableName":"tab","CapacityUnits":0.5,"Table":{"CapacityUnits":0.5}}`},
		{"query of nothing", "Query", `"ConsistentRead":true,"KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"none"}}`, `{"TableName":"tab","CapacityUnits":1,"Table":{"CapacityUnits":1}}`},
		{"scan", "Scan", `"ConsistentRead":true`, `{"TableName":"tab","CapacityUnits":8,"Table":{"CapacityUnits":8}}`},
		{"scan with filter and projection", "Scan", `"ConsistentRead":true,"FilterExpression":"attribute_exists(absent)","ProjectionExpression":"pk"`, `{"TableName":"tab","CapacityUnits":8,"Table":{"CapacityUnits":8}}`},
		{"scan, eventually consistent", "Scan", `"Limit":3`, `{"TableName":"tab","CapacityUnits":1.5,"Table":{"CapacityUnits":1.5}}`},
		{"query of an index", "Query", byG, `{"TableName":"tab","CapacityUnits":0.5,"Table":{"CapacityUnits":0},"GlobalSecondaryIndexes":{"by-g":{"CapacityUnits":0.5}}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := must(t, s, tc.op, `{"TableName":"tab","ReturnConsumedCapacity":"INDEXES",`+tc.body+`}`)
			wantJSON(t, member(t, got, "ConsumedCapacity"), tc.want)
		})
	}
}

// TestCapacityOfMany: batches count each item by itself, transactions twice.
func TestCapacityOfMany(t *testing.T) {
	t.Parallel()
	s := newIndexed(t)
	if _, err := s.CreateTable(t.Context(), Table{Name: "another", BillingMode: "PAY_PER_REQUEST", HashKey: "id", Attributes: []Attribute{{"id", "S"}}}); err != nil {
		t.Fatal(err)
	}
	got := must(t, s, "BatchWriteItem", `{"ReturnConsumedCapacity":"INDEXES","RequestItems":{"tab":[{"PutRequest":{"Item":{"pk":{"S":"1"},"g":{"S":"g"}}}},{"PutRequest":{"Item":{"pk":{"S":"2"}}}}],"another":[{"DeleteRequest":{"Key":{"id":{"S":"x"}}}}]}}`)
	wantJSON(t, got, `{"UnprocessedItems":{},"ConsumedCapacity":[{"TableName":"another","CapacityUnits":1,"Table":{"CapacityUnits":1}},
		{"TableName":"tab","CapacityUnits":3,"Table":{"CapacityUnits":2},"GlobalSecondaryIndexes":{"by-g":{"CapacityUnits":1}}}]}`)
	got = must(t, s, "BatchGetItem", `{"ReturnConsumedCapacity":"TOTAL","RequestItems":{"tab":{"ConsistentRead":true,"Keys":[{"pk":{"S":"1"}},{"pk":{"S":"2"}},{"pk":{"S":"3"}}]},"another":{"Keys":[{"id":{"S":"x"}}]}}}`)
	wantJSON(t, member(t, got, "ConsumedCapacity"), `[{"TableName":"another","CapacityUnits":0.5},{"TableName":"tab","CapacityUnits":3}]`)
	write := `{"ReturnConsumedCapacity":"%s","ClientRequestToken":"t","TransactItems":[{"Put":{"TableName":"tab","Item":{"pk":{"S":"3"},"x":{"S":"` + strings.Repeat("x", 1024) + `"}}}},
		{"ConditionCheck":{"TableName":"tab","Key":{"pk":{"S":"4"}},"ConditionExpression":"attribute_not_exists(pk)"}}]}`
	wantJSON(t, must(t, s, "TransactWriteItems", fmt.Sprintf(write, "INDEXES")), `{"ConsumedCapacity":[{"TableName":"tab","CapacityUnits":6,"WriteCapacityUnits":6,"Table":{"CapacityUnits":6,"WriteCapacityUnits":6}}]}`)
	// Done before: the items are read.
	wantJSON(t, must(t, s, "TransactWriteItems", fmt.Sprintf(write, "TOTAL")), `{"ConsumedCapacity":[{"TableName":"tab","CapacityUnits":4,"ReadCapacityUnits":4}]}`)
	got = must(t, s, "TransactGetItems", `{"ReturnConsumedCapacity":"TOTAL","TransactItems":[{"Get":{"TableName":"tab","Key":{"pk":{"S":"1"}}}},{"Get":{"TableName":"tab","Key":{"pk":{"S":"none"}}}}]}`)
	wantJSON(t, member(t, got, "ConsumedCapacity"), `[{"TableName":"tab","CapacityUnits":4,"ReadCapacityUnits":4}]`)
}

// TestContents: a table and its indexes say how much they have.
func TestContents(t *testing.T) {
	t.Parallel()
	s := newIndexed(t)
	must(t, s, "PutItem", `{"TableName":"tab","Item":{"pk":{"S":"1"},"g":{"S":"gg"},"shown":{"S":"s"},"other":{"N":"-1.5"}}}`)
	must(t, s, "PutItem", `{"TableName":"tab","Item":{"pk":{"S":"2"}}}`)
	info, _ := s.Table("tab")
	const table, index = 3 + 3 + 6 + 9 + 3, 3 + 3 + 6
	if want := (Contents{2, table}); info.Contents != want {
		t.Errorf("got %+v, want %+v", info.Contents, want)
	}
	if want := (Contents{1, index}); info.Indexes["by-g"] != want {
		t.Errorf("got %+v, want %+v", info.Indexes, want)
	}
	got := must(t, s, "DescribeTable", `{"TableName":"tab"}`)
	if want := fmt.Sprintf(`"IndexSizeBytes":%d`, index); !strings.Contains(got, want) || !strings.Contains(got, fmt.Sprintf(`"TableSizeBytes":%d`, table)) {
		t.Errorf("got %s", got)
	}
}
