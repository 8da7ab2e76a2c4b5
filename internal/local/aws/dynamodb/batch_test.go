package dynamodb

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestBatchGetOfSixteenMegabytes: what has no room is asked for again.
func TestBatchGetOfSixteenMegabytes(t *testing.T) {
	t.Parallel()
	s := newIndexed(t)
	if _, err := s.CreateTable(t.Context(), Table{Name: "zzz", BillingMode: "PAY_PER_REQUEST", HashKey: "id", Attributes: []Attribute{{"id", "S"}}}); err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("x", 399<<10)
	var keys []string
	for i := range 50 {
		must(t, s, "PutItem", fmt.Sprintf(`{"TableName":"tab","Item":{"pk":{"S":"%02d"},"x":{"S":%q}}}`, i, large))
		keys = append(keys, fmt.Sprintf(`{"pk":{"S":"%02d"}}`, i))
	}
	must(t, s, "PutItem", `{"TableName":"zzz","Item":{"id":{"S":"1"}}}`)
	request := `{"tab":{"ConsistentRead":true,"ProjectionExpression":"#p","ExpressionAttributeNames":{"#p":"pk"},"Keys":[` + strings.Join(keys, ",") + `]},"zzz":{"Keys":[{"id":{"S":"1"}}]}}`
	found := 0
	for round := 1; ; round++ {
		var out struct {
			Responses       map[string][]map[string]any
			UnprocessedKeys json.RawMessage
		}
		if err := json.Unmarshal([]byte(must(t, s, "BatchGetItem", `{"RequestItems":`+request+`}`)), &out); err != nil {
			t.Fatal(err)
		}
		found += len(out.Responses["tab"]) + len(out.Responses["zzz"])
		request = string(out.UnprocessedKeys)
		if round == 1 {
			if len(out.Responses["tab"]) != 41 || len(out.Responses["zzz"]) != 0 {
				t.Fatalf("the first answer has %d items", found)
			}
			wantJSON(t, request, `{"tab":{"ConsistentRead":true,"ProjectionExpression":"#p","ExpressionAttributeNames":{"#p":"pk"},"Keys":[`+strings.Join(keys[41:], ",")+`]},"zzz":{"Keys":[{"id":{"S":"1"}}]}}`)
		}
		if request == "{}" {
			break
		}
	}
	if found != 51 {
		t.Errorf("%d items of 51", found)
	}
}

func TestBatchErrors(t *testing.T) {
	t.Parallel()
	s := newIndexed(t)
	if _, err := s.CreateTable(t.Context(), Table{Name: "zzz", BillingMode: "PAY_PER_REQUEST", HashKey: "id", Attributes: []Attribute{{"id", "S"}}}); err != nil {
		t.Fatal(err)
	}
	const v = "ValidationException: "
	const bounds = v + "1 validation error detected: Value at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]"
	puts := func(key string, n int) string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprintf(`{"PutRequest":{"Item":{%q:{"S":"%d"}}}}`, key, i))
		}
		return strings.Join(out, ",")
	}
	keys := func(key string, n int) string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprintf(`{%q:{"S":"%d"}}`, key, i))
		}
		return strings.Join(out, ",")
	}
	for _, tc := range []struct{ op, items, want string }{
		{"BatchWriteItem", ``, v + "The requestItems parameter is required for BatchWriteItem"},
		{"BatchWriteItem", `"tab":[]`, bounds},
		{"BatchWriteItem", `"tab":[` + puts("pk", 26) + `]`, bounds},
		{"BatchWriteItem", `"tab":[` + puts("pk", 13) + `],"zzz":[` + puts("id", 13) + `]`, v + "Too many items requested for the BatchWriteItem call"},
		{"BatchWriteItem", `"tab":[{}]`, v + "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"},
		{"BatchWriteItem", `"tab":[{"PutRequest":{"Item":{"pk":{"N":"5"}}}}]`, v + "The provided key element does not match the schema"},
		{"BatchWriteItem", `"tab":[{"PutRequest":{"Item":{"pk":{"L":[]}}}}]`, v + "The provided key element does not match the schema"},
		{"BatchWriteItem", `"tab":[{"PutRequest":{"Item":{"other":{"S":"x"}}}}]`, v + "The provided key element does not match the schema"},
		{"BatchWriteItem", `"tab":[{"PutRequest":{"Item":{"pk":{"S":""}}}}]`, v + "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"},
		{"BatchWriteItem", `"tab":[{"PutRequest":{"Item":{"pk":{"S":"x"},"g":{"N":"5"}}}}]`, v + "One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: by-g"},
		{"BatchWriteItem", `"tab":[{"PutRequest":{"Item":{"pk":{"S":"x"},"g":{"S":""}}}}]`, v + "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: by-g, IndexKey: g"},
		{"BatchWriteItem", `"none":[{"PutRequest":{"Item":{"pk":{"S":"x"}}}}]`, "ResourceNotFoundException: Requested resource not found"},
		{"BatchGetItem", ``, v + "The requestItems parameter is required for BatchGetItem"},
		{"BatchGetItem", `"tab":{"Keys":[]}`, v + "1 validation error detected: Value at 'RequestItems.tab.member.Keys' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"BatchGetItem", `"tab":{"Keys":[` + keys("pk", 101) + `]}`, v + "1 validation error detected: Value at 'RequestItems.tab.member.Keys' failed to satisfy constraint: Member must have length less than or equal to 100"},
		{"BatchGetItem", `"tab":{"Keys":[` + keys("pk", 51) + `]},"zzz":{"Keys":[` + keys("id", 50) + `]}`, v + "Too many items requested for the BatchGetItem call"},
		{"BatchGetItem", `"tab":{"Keys":[{"pk":{"S":"1"}},{"pk":{"S":"1"}}]}`, v + "Provided list of item keys contains duplicates"},
		{"BatchGetItem", `"tab":{"Keys":[null]}`, v + "1 validation error detected: Value null at 'key' failed to satisfy constraint: Member must not be null"},
		{"BatchGetItem", `"tab":{"Keys":[{"pk":{"S":"1"}}],"ProjectionExpression":""}`, v + "Invalid ProjectionExpression: The expression can not be empty;"},
		{"BatchGetItem", `"tab":{"Keys":[{"pk":{"S":"1"}}],"ExpressionAttributeNames":{}}`, v + "ExpressionAttributeNames can only be specified when using expressions"},
	} {
		_, err := do(s, tc.op, `{"RequestItems":{`+tc.items+`}}`)
		if err == nil || err.Error() != tc.want {
			t.Errorf("%s %.100s: got error\n%v\nwant\n%s", tc.op, tc.items, err, tc.want)
		}
	}
	if info, _ := s.Table("tab"); info.ItemCount != 0 {
		t.Errorf("an error has changed the table: %d items", info.ItemCount)
	}
}
