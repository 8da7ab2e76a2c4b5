package dynamodb

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// TestTransactionErrors: what the request shows by itself refuses it, what shows
// only at the table or the item cancels it.
func TestTransactionErrors(t *testing.T) {
	t.Parallel()
	const v = "ValidationException: "
	const put = `{"Put":{"TableName":"tab","Item":{"pk":{"S":"1"}}}}`
	puts := func(n, size int) string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprintf(`{"Put":{"TableName":"tab","Item":{"pk":{"S":"n%d"},"x":{"S":"%s"}}}}`, i, strings.Repeat("x", size)))
		}
		return strings.Join(out, ",")
	}
	for _, tc := range []struct{ name, items, more, want string }{
		{"none", ``, ``, v + "1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"101", puts(101, 0), ``, v + "1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length less than or equal to 100"},
		{"over 4 MB", puts(12, 350_000), ``, v + "The items of a transaction must have at most 4194304 bytes together"},
		{"over 4 MB by an update", puts(11, 380_000) + `,{"Update":{"TableName":"tab","Key":{"pk":{"S":"u"}},"UpdateExpression":"SET x = :x","ExpressionAttributeValues":{":x":{"S":"` + strings.Repeat("x", 100_000) + `"}}}}`, ``, v + "The items of a transaction must have at most 4194304 bytes together"},
		{"long token", put, `,"ClientRequestToken":"` + strings.Repeat("t", 37) + `"`, v + "1 validation error detected: Value at 'clientRequestToken' failed to satisfy constraint: Member must have length less than or equal to 36"},
		{"empty token", put, `,"ClientRequestToken":""`, v + "1 validation error detected: Value at 'clientRequestToken' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"capacity", put, `,"ReturnConsumedCapacity":"X"`, v + "1 validation error detected: Value 'X' at 'returnConsumedCapacity' failed to satisfy constraint: Member must satisfy enum value set: [INDEXES, TOTAL, NONE]"},
		{"empty values", `{"Put":{"TableName":"tab","Item":{"pk":{"S":"1"}},"ConditionExpression":"attribute_exists(pk)","ExpressionAttributeValues":{}}}`, ``, v + "ExpressionAttributeValues must not be empty"},
		{"empty condition", `{"ConditionCheck":{"TableName":"tab","Key":{"pk":{"S":"1"}},"ConditionExpression":""}}`, ``, v + "Invalid ConditionExpression: The expression can not be empty;"},
		{"no condition", `{"ConditionCheck":{"TableName":"tab","Key":{"pk":{"S":"1"}}}}`, ``, v + "1 validation error detected: Value null at 'transactItems.conditionCheck.conditionExpression' failed to satisfy constraint: Member must not be null"},
		{"no update", `{"Update":{"TableName":"tab","Key":{"pk":{"S":"1"}}}}`, ``, v + "1 validation error detected: Value null at 'transactItems.update.updateExpression' failed to satisfy constraint: Member must not be null"},
		{"two actions", `{"Put":{"TableName":"tab","Item":{"pk":{"S":"1"}}},"Delete":{"TableName":"tab","Key":{"pk":{"S":"1"}}}}`, ``, v + "TransactItems can only contain one of Check, Put, Update or Delete"},
		{"return values", `{"Delete":{"TableName":"tab","Key":{"pk":{"S":"1"}},"ReturnValuesOnConditionCheckFailure":"ALL_NEW"}}`, ``, v + "1 validation error detected: Value 'ALL_NEW' at 'returnValuesOnConditionCheckFailure' failed to satisfy constraint: Member must satisfy enum value set: [ALL_OLD, NONE]"},
		{"one item twice", put + "," + put, ``, v + "Transaction request cannot include multiple operations on one item"},
		{"no table", `{"Delete":{"TableName":"none","Key":{"pk":{"S":"1"}}}}`, ``, "ResourceNotFoundException: Requested resource not found"},
		{"empty key", `{"Delete":{"TableName":"tab","Key":{"pk":{"S":""}}}}`, ``, v + "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"},
		{"empty index key", `{"Update":{"TableName":"tab","Key":{"pk":{"S":"1"}},"UpdateExpression":"SET g = :v","ExpressionAttributeValues":{":v":{"S":""}}}}`, ``, v + "One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty string value."},
		{"large put", puts(1, 400<<10), ``, v + "Item size has exceeded the maximum allowed size"},
		{"key of another type", put + `,{"Delete":{"TableName":"tab","Key":{"pk":{"N":"1"}}}}`, ``, "[None, ValidationError] The provided key element does not match the schema"},
		{"put of another type", `{"Put":{"TableName":"tab","Item":{"pk":{"N":"1"}}}}`, ``, "[ValidationError] One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N"},
		{"index key of another type", `{"Update":{"TableName":"tab","Key":{"pk":{"S":"1"}},"UpdateExpression":"SET g = :v","ExpressionAttributeValues":{":v":{"N":"1"}}}}`, ``, "[ValidationError] One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: by-g"},
		{"large update", `{"Update":{"TableName":"tab","Key":{"pk":{"S":"1"}},"UpdateExpression":"SET x = :v","ExpressionAttributeValues":{":v":{"S":"` + strings.Repeat("x", 400<<10) + `"}}}}`, ``, "[ValidationError] Item size to update has exceeded the maximum allowed size"},
		{"update of what is not there", `{"Update":{"TableName":"tab","Key":{"pk":{"S":"1"}},"UpdateExpression":"SET a = b"}},` + `{"ConditionCheck":{"TableName":"tab","Key":{"pk":{"S":"2"}},"ConditionExpression":"attribute_exists(pk)"}}`, ``, "[ValidationError, ConditionalCheckFailed] The provided expression refers to an attribute that does not exist in the item"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newIndexed(t)
			_, err := do(s, "TransactWriteItems", `{"TransactItems":[`+tc.items+`]`+tc.more+`}`)
			if codes, message, cancels := strings.Cut(tc.want, "] "); cancels && tc.want[0] == '[' {
				wantError(t, err, "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons "+codes+"]")
				reasons, _ := json.Marshal(awserr.Of(err).Members)
				if !strings.Contains(string(reasons), `{"Code":"ValidationError","Message":"`+message+`"}`) {
					t.Errorf("got %s", reasons)
				}
			} else {
				wantError(t, err, tc.want)
			}
			if info, _ := s.Table("tab"); info.ItemCount != 0 {
				t.Errorf("an error has changed the table: %d items", info.ItemCount)
			}
		})
	}
}

// TestTransactionToken: a client that writes the members of the same request in
// another order has done it already; ReturnConsumedCapacity may be another.
func TestTransactionToken(t *testing.T) {
	t.Parallel()
	s := newIndexed(t)
	must(t, s, "TransactWriteItems", `{"ClientRequestToken":"t","TransactItems":[{"Update":{"TableName":"tab","Key":{"pk":{"S":"1"}},"UpdateExpression":"ADD n :n, m :m","ExpressionAttributeValues":{":n":{"N":"1"},":m":{"N":"1"}}}}]}`)
	must(t, s, "TransactWriteItems", `{"TransactItems": [{"Update":{"ExpressionAttributeValues":{":m":{"N":"1"},":n":{"N":"1"}},"UpdateExpression":"ADD n :n, m :m","Key":{"pk":{"S":"1"}},"TableName":"tab"}}],"ReturnConsumedCapacity":"TOTAL","ClientRequestToken":"t"}`)
	wantJSON(t, must(t, s, "GetItem", `{"TableName":"tab","Key":{"pk":{"S":"1"}}}`), `{"Item":{"pk":{"S":"1"},"n":{"N":"1"},"m":{"N":"1"}}}`)
	// A token of a transaction that was cancelled is free again.
	const cancelled = `{"ClientRequestToken":"u","TransactItems":[{"Delete":{"TableName":"tab","Key":{"pk":{"S":"1"}},"ConditionExpression":"n = :n","ExpressionAttributeValues":{":n":{"N":"%d"}}}}]}`
	_, err := do(s, "TransactWriteItems", fmt.Sprintf(cancelled, 2))
	wantError(t, err, "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [ConditionalCheckFailed]")
	must(t, s, "TransactWriteItems", fmt.Sprintf(cancelled, 1))
}

func TestTransactGetErrors(t *testing.T) {
	t.Parallel()
	s := newIndexed(t)
	var large []string
	for i := range 11 {
		must(t, s, "PutItem", fmt.Sprintf(`{"TableName":"tab","Item":{"pk":{"S":"%d"},"x":{"S":"%s"}}}`, i, strings.Repeat("x", 390<<10)))
		large = append(large, fmt.Sprintf(`{"Get":{"TableName":"tab","Key":{"pk":{"S":"%d"}},"ProjectionExpression":"pk"}}`, i))
	}
	const v = "ValidationException: "
	for items, want := range map[string]string{
		``:                        v + "1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1",
		`{}`:                      v + "1 validation error detected: Value null at 'transactItems.get' failed to satisfy constraint: Member must not be null",
		strings.Join(large, ","):  v + "The items of a transaction must have at most 4194304 bytes together",
		large[0] + "," + large[0]: v + "Transaction request cannot include multiple operations on one item",
		`{"Get":{"TableName":"tab","Key":{"pk":{"S":""}}}}`:              v + "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
		`{"Get":{"TableName":"tab","Key":{"pk":{"N":"1"}}}},` + large[0]: "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [ValidationError, None]",
	} {
		_, err := do(s, "TransactGetItems", `{"TransactItems":[`+items+`]}`)
		if err == nil || err.Error() != want {
			t.Errorf("%.100s: got error\n%v\nwant\n%s", items, err, want)
		}
	}
}
