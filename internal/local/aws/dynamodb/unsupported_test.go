package dynamodb

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// TestUnsupported: what AWS has and the local AWS has not is refused by its name,
// with a cure.
func TestUnsupported(t *testing.T) {
	t.Parallel()
	const (
		key      = `"TableName":"events","Key":{"pk":{"S":"p"},"sk":{"N":"1"}}`
		put      = `"TableName":"events","Item":{"pk":{"S":"p"},"sk":{"N":"1"}}`
		query    = `"TableName":"events","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"p"}}`
		table    = `"TableName":"other","KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}]`
		onDemand = table + `,"BillingMode":"PAY_PER_REQUEST"`
	)
	for _, tt := range []struct{ op, body, what, cure string }{
		{"CreateTable", table, "the billing mode PROVISIONED, which is AWS's default,", "set the billing mode PAY_PER_REQUEST"},
		{"CreateTable", table + `,"BillingMode":"PROVISIONED"`, "the billing mode PROVISIONED, which is AWS's default,", "set the billing mode PAY_PER_REQUEST"},
		{"CreateTable", onDemand + `,"ProvisionedThroughput":{}`, "the parameter ProvisionedThroughput", "leave out ProvisionedThroughput"},
		{"CreateTable", onDemand + `,"GlobalSecondaryIndexes":[{"ProvisionedThroughput":{}}]`, "the parameter ProvisionedThroughput", "leave out ProvisionedThroughput"},
		{"CreateTable", onDemand + `,"LocalSecondaryIndexes":[]`, "the parameter LocalSecondaryIndexes", "leave out LocalSecondaryIndexes"},
		{"GetItem", key + `,"AttributesToGet":["a"]`, "the legacy parameter AttributesToGet", "write an expression instead of the legacy parameter AttributesToGet"},
		{"PutItem", put + `,"Expected":{}`, "the legacy parameter Expected", "write an expression instead of the legacy parameter Expected"},
		{"PutItem", put + `,"ConditionalOperator":"AND"`, "the legacy parameter ConditionalOperator", "write an expression instead of the legacy parameter ConditionalOperator"},
		{"UpdateItem", key + `,"AttributeUpdates":{}`, "the legacy parameter AttributeUpdates", "write an expression instead of the legacy parameter AttributeUpdates"},
		{"Query", query + `,"KeyConditions":{}`, "the legacy parameter KeyConditions", "write an expression instead of the legacy parameter KeyConditions"},
		{"Query", query + `,"QueryFilter":{}`, "the legacy parameter QueryFilter", "write an expression instead of the legacy parameter QueryFilter"},
		{"Scan", `"TableName":"events","ScanFilter":{}`, "the legacy parameter ScanFilter", "write an expression instead of the legacy parameter ScanFilter"},
		{"Scan", `"TableName":"events","KeyConditionExpression":"pk = :p"`, "the parameter KeyConditionExpression", "leave out KeyConditionExpression"},
		{"Query", query + `,"Segment":0`, "the parameter Segment", "leave out Segment"},
		{"PutItem", put + `,"Key":{}`, "the parameter Key", "leave out Key"},
		{"DeleteItem", key + `,"UpdateExpression":"REMOVE a"`, "the parameter UpdateExpression", "leave out UpdateExpression"},
		{"TransactWriteItems", `"TransactItems":[{"Put":{` + put + `,"ReturnValues":"NONE"}}]`, "the parameter ReturnValues", "leave out ReturnValues"},
		{"TransactWriteItems", `"TransactItems":[{"ConditionCheck":{` + key + `,"ConditionExpression":"attribute_exists(a)","Item":{}}}]`, "the parameter Item", "leave out Item"},
		{"CreateTable", onDemand + `,"GlobalSecondaryIndexes":[{"IndexName":"by-two","KeySchema":[{"AttributeName":"a","KeyType":"HASH"},{"AttributeName":"b","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}]`,
			"a key of several attributes, as the index by-two has it,", "make its key of one HASH attribute and at most one RANGE attribute"},
		{"BatchGetItem", `"RequestItems":{"events":{"Keys":[],"AttributesToGet":["a"]}}`, "the legacy parameter AttributesToGet", "write an expression instead of the legacy parameter AttributesToGet"},
	} {
		t.Run(tt.op+" "+tt.what, func(t *testing.T) {
			t.Parallel()
			s := newEvents(t)
			_, err := do(s, tt.op, "{"+tt.body+"}")
			wantError(t, err, "ValidationException: "+tt.what+" is not supported by the local AWS")
			if cure := awserr.Of(err).Cure; cure != tt.cure {
				t.Errorf("the cure is %q, want %q", cure, tt.cure)
			}
			if info, _ := s.Table("events"); info.ItemCount != 0 {
				t.Error("the request was done nevertheless")
			}
		})
	}
}

// TestOperations: any other operation is unknown, and the console lists these.
func TestOperations(t *testing.T) {
	t.Parallel()
	const want = "BatchGetItem BatchWriteItem CreateTable DeleteItem DescribeTable DescribeTimeToLive GetItem ListTables PutItem Query Scan TransactGetItems TransactWriteItems UpdateItem UpdateTimeToLive"
	if got := strings.Join(slices.Sorted(maps.Keys(operations(newService()))), " "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
