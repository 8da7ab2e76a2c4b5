package dynamodb

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

var start = time.Date(2024, 9, 5, 19, 33, 8, 0, time.UTC)

func newService() *Service {
	return New(account.Account{ID: "000000000000", Region: "eu-central-1", Partition: "aws"}, func() time.Time { return start })
}

// do sends a request, without signature, and returns the answer as JSON.
func do(s *Service, op, body string) (string, error) {
	out, err := s.Handler().(*protocol.JSON).Operations[op].Run([]byte(body))
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(out)
	return string(b), err
}

func must(t *testing.T, s *Service, op, body string) string {
	t.Helper()
	out, err := do(s, op, body)
	if err != nil {
		t.Fatalf("%s %s: %v", op, body, err)
	}
	return out
}

// wantJSON compares JSON by its meaning.
func wantJSON(t *testing.T, got, want string) {
	t.Helper()
	var g, w any
	if json.Unmarshal([]byte(got), &g) != nil || json.Unmarshal([]byte(want), &w) != nil {
		t.Fatalf("not JSON: %s, %s", got, want)
	}
	if !reflect.DeepEqual(g, w) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got error\n%v\nwant\n%s", err, want)
	}
}

var eventsTable = Table{
	Name: "events", BillingMode: "PAY_PER_REQUEST", HashKey: "pk", RangeKey: "sk",
	Attributes: []Attribute{{"pk", "S"}, {"sk", "N"}, {"owner", "S"}, {"at", "N"}},
	GSIs:       []Index{{Name: "by-owner", HashKey: "owner", RangeKey: "at", Projection: "INCLUDE", NonKeyAttributes: []string{"title"}}},
}

func newEvents(t *testing.T) *Service {
	t.Helper()
	s := newService()
	if _, err := s.CreateTable(t.Context(), eventsTable); err != nil {
		t.Fatal(err)
	}
	return s
}

// put stores an item of partition p with the number n and these further
// members.
func put(t *testing.T, s *Service, n, more string) {
	t.Helper()
	must(t, s, "PutItem", `{"TableName":"events","Item":{"pk":{"S":"p"},"sk":{"N":"`+n+`"}`+more+`}}`)
}

func TestItems(t *testing.T) {
	t.Parallel()
	s := newEvents(t)
	const all = `{"pk":{"S":"p"},"sk":{"N":"1"},"s":{"S":""},"n":{"N":"-12345678901234567890123456789012345678"},"b":{"B":"AAE="},
		"t":{"BOOL":true},"f":{"BOOL":false},"z":{"NULL":true},"l":{"L":[]},"m":{"M":{}},"deep":{"L":[{"M":{"a":{"L":[{"S":"x"}]}}}]},
		"ss":{"SS":["a","b"]},"ns":{"NS":["1","2.5"]},"bs":{"BS":["AAE=","AAI="]}}`
	key := `"TableName":"events","Key":{"pk":{"S":"p"},"sk":{"N":"1.00"}}`
	wantJSON(t, must(t, s, "PutItem", `{"TableName":"events","Item":`+all+`}`), `{}`)
	wantJSON(t, must(t, s, "GetItem", `{`+key+`}`), `{"Item":`+all+`}`)
	wantJSON(t, must(t, s, "GetItem", `{`+key+`,"ProjectionExpression":"deep[0].a[0], #s, absent, l[3]","ExpressionAttributeNames":{"#s":"s"}}`),
		`{"Item":{"deep":{"L":[{"M":{"a":{"L":[{"S":"x"}]}}}]},"s":{"S":""}}}`)
	wantJSON(t, must(t, s, "PutItem", `{"TableName":"events","Item":{"pk":{"S":"p"},"sk":{"N":"1"}},"ReturnValues":"ALL_OLD"}`), `{"Attributes":`+all+`}`)
	wantJSON(t, must(t, s, "DeleteItem", `{`+key+`,"ReturnValues":"ALL_OLD"}`), `{"Attributes":{"pk":{"S":"p"},"sk":{"N":"1"}}}`)
	wantJSON(t, must(t, s, "DeleteItem", `{`+key+`,"ReturnValues":"ALL_OLD"}`), `{}`)
	wantJSON(t, must(t, s, "GetItem", `{`+key+`}`), `{}`)
}

func TestItemErrors(t *testing.T) {
	t.Parallel()
	s := newEvents(t)
	put(t, s, "1", "")
	const v = "ValidationException: "
	for _, tc := range []struct{ name, op, body, want string }{
		{"no table", "GetItem", `{"TableName":"none","Key":{}}`, "ResourceNotFoundException: Requested resource not found"},
		{"short key", "GetItem", `{"TableName":"events","Key":{"pk":{"S":"p"}}}`, v + "The provided key element does not match the schema"},
		{"wrong key type", "DeleteItem", `{"TableName":"events","Key":{"pk":{"S":"p"},"sk":{"S":"1"}}}`, v + "The provided key element does not match the schema"},
		{"missing key", "PutItem", `{"TableName":"events","Item":{"pk":{"S":"p"}}}`, v + "One or more parameter values were invalid: Missing the key sk in the item"},
		{"key type", "PutItem", `{"TableName":"events","Item":{"pk":{"N":"1"},"sk":{"N":"1"}}}`, v + "One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N"},
		{"empty key", "PutItem", `{"TableName":"events","Item":{"pk":{"S":""},"sk":{"N":"1"}}}`, v + "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"},
		{"index key type", "PutItem", `{"TableName":"events","Item":{"pk":{"S":"p"},"sk":{"N":"1"},"owner":{"N":"1"}}}`, v + "One or more parameter values were invalid: Type mismatch for Index Key owner Expected: S Actual: N IndexName: by-owner"},
		{"no type", "PutItem", `{"TableName":"events","Item":{"pk":{}}}`, v + "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"},
		{"two types", "PutItem", `{"TableName":"events","Item":{"pk":{"S":"a","N":"1"}}}`, v + "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"},
		{"no number", "PutItem", `{"TableName":"events","Item":{"pk":{"N":"abc"}}}`, v + "The parameter cannot be converted to a numeric value"},
		{"39 digits", "PutItem", `{"TableName":"events","Item":{"pk":{"N":"` + strings.Repeat("1", 39) + `"}}}`, v + "Attempting to store more than 38 significant digits in a Number"},
		{"overflow", "PutItem", `{"TableName":"events","Item":{"pk":{"N":"1e126"}}}`, v + "Number overflow. Attempting to store a number with magnitude larger than supported range"},
		{"duplicates", "PutItem", `{"TableName":"events","Item":{"pk":{"NS":["1","1.0"]}}}`, v + "Input collection contains duplicates"},
		{"too large", "PutItem", `{"TableName":"events","Item":{"pk":{"S":"p"},"sk":{"N":"1"},"x":{"S":"` + strings.Repeat("x", 400<<10) + `"}}}`, v + "Item size has exceeded the maximum allowed size"},
		{"too deep", "PutItem", `{"TableName":"events","Item":{"pk":` + strings.Repeat(`{"L":[`, 34) + strings.Repeat(`]}`, 34) + `}}`, v + "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"},
		{"wrong shape", "PutItem", `{"TableName":7}`, `SerializationException: the member "TableName" must be of type string`},
		{"no object", "PutItem", `[]`, `SerializationException: the body of the request must be a JSON object`},
		{"key update", "UpdateItem", `{"TableName":"events","Key":{"pk":{"S":"p"},"sk":{"N":"1"}},"UpdateExpression":"SET pk = sk"}`, v + "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key"},
		{"condition", "PutItem", `{"TableName":"events","Item":{"pk":{"S":"p"},"sk":{"N":"1"}},"ConditionExpression":"attribute_not_exists(pk)"}`, "ConditionalCheckFailedException: The conditional request failed"},
		{"unused value", "DeleteItem", `{"TableName":"events","Key":{"pk":{"S":"p"},"sk":{"N":"1"}},"ConditionExpression":"attribute_exists(pk)","ExpressionAttributeValues":{":x":{"S":"x"}}}`, v + "Value provided in ExpressionAttributeValues unused in expressions: keys: {:x}"},
		{"values without expression", "PutItem", `{"TableName":"events","Item":{"pk":{"S":"p"},"sk":{"N":"1"}},"ExpressionAttributeNames":{"#x":"x"}}`, v + "ExpressionAttributeNames can only be specified when using expressions"},
		{"return values", "PutItem", `{"TableName":"events","Item":{},"ReturnValues":"ALL_NEW"}`, v + "Return values set to invalid value"},
		{"unknown index", "Scan", `{"TableName":"events","IndexName":"none"}`, v + "The table does not have the specified index: none"},
		{"consistent index", "Scan", `{"TableName":"events","IndexName":"by-owner","ConsistentRead":true}`, v + "Consistent reads are not supported on global secondary indexes"},
		{"limit 0", "Scan", `{"TableName":"events","Limit":0}`, v + "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"empty batch", "BatchWriteItem", `{"RequestItems":{}}`, v + "The requestItems parameter is required for BatchWriteItem"},
		{"batch twice", "BatchWriteItem", `{"RequestItems":{"events":[{"DeleteRequest":{"Key":{"pk":{"S":"p"},"sk":{"N":"1"}}}},{"PutRequest":{"Item":{"pk":{"S":"p"},"sk":{"N":"1.0"}}}}]}}`, v + "Provided list of item keys contains duplicates"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := do(s, tc.op, tc.body)
			wantError(t, err, tc.want)
		})
	}
	if info, _ := s.Table("events"); info.ItemCount != 1 {
		t.Errorf("an error has changed the table: %d items", info.ItemCount)
	}
}

// TestConditionReturnsItem: a failed condition can show the item.
func TestConditionReturnsItem(t *testing.T) {
	t.Parallel()
	s := newEvents(t)
	put(t, s, "1", `,"a":{"S":"x"}`)
	_, err := do(s, "DeleteItem", `{"TableName":"events","Key":{"pk":{"S":"p"},"sk":{"N":"1"}},"ConditionExpression":"a = :a","ExpressionAttributeValues":{":a":{"S":"y"}},"ReturnValuesOnConditionCheckFailure":"ALL_OLD"}`)
	wantError(t, err, "ConditionalCheckFailedException: The conditional request failed")
	b, _ := json.Marshal(awserr.Of(err).Members)
	wantJSON(t, string(b), `{"Item":{"pk":{"S":"p"},"sk":{"N":"1"},"a":{"S":"x"}}}`)
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	const before = `"n":{"N":"10"},"s":{"S":"a"},"l":{"L":[{"N":"1"},{"N":"2"},{"N":"3"}]},"m":{"M":{"x":{"S":"y"}}},"ss":{"SS":["a","b"]},"big":{"N":"12345678901234567890123456789"}`
	const v = "ValidationException: "
	for _, tc := range []struct{ name, expression, values, want, wantErr string }{
		{"set", "SET a = :v, n = n + :one, s = if_not_exists(s, :v), z = if_not_exists(z, :v)", `":v":{"S":"v"},":one":{"N":"1"}`, `{"a":{"S":"v"},"n":{"N":"11"},"s":{"S":"a"},"z":{"S":"v"}}`, ""},
		{"38 digits", "SET big = big + :one", `":one":{"N":"1"}`, `{"big":{"N":"12345678901234567890123456790"}}`, ""},
		{"swap reads the item as it was", "SET n = s, s = n", ``, `{"n":{"S":"a"},"s":{"N":"10"}}`, ""},
		{"nested and lists", "SET m.y = :v, l[0] = :v, l[9] = :v, #m.#d = :v", `":v":{"S":"v"}`, ``, v + "Invalid UpdateExpression: An expression attribute name used in the document path is not defined; attribute name: #m"},
		{"nested", "SET m.y = :v, l[0] = :v, l[9] = :v", `":v":{"S":"v"}`, `{"m":{"M":{"y":{"S":"v"}}},"l":{"L":[{"S":"v"}]}}`, ""},
		{"append", "SET l = list_append(l, :l)", `":l":{"L":[{"S":"e"}]}`, `{"l":{"L":[{"N":"1"},{"N":"2"},{"N":"3"},{"S":"e"}]}}`, ""},
		{"remove", "REMOVE s, l[0], l[2], m.x, absent", ``, `{"m":{"M":{}},"l":{"L":[{"N":"2"}]}}`, ""},
		{"add", "ADD n :n, c :n, ss :ss", `":n":{"N":"0.5"},":ss":{"SS":["b","c"]}`, `{"n":{"N":"10.5"},"c":{"N":"0.5"},"ss":{"SS":["a","b","c"]}}`, ""},
		{"delete", "DELETE ss :ss, absent :ss", `":ss":{"SS":["a"]}`, `{"ss":{"SS":["b"]}}`, ""},
		{"delete all", "DELETE ss :ss SET a = :ss", `":ss":{"SS":["a","b"]}`, `{"a":{"SS":["a","b"]}}`, ""},
		{"missing operand", "SET a = absent + :n", `":n":{"N":"1"}`, "", v + "The provided expression refers to an attribute that does not exist in the item"},
		{"type", "SET a = s + :n", `":n":{"N":"1"}`, "", v + "An operand in the update expression has an incorrect data type"},
		{"no parent", "SET absent.a = :n", `":n":{"N":"1"}`, "", v + "The document path provided in the update expression is invalid for update"},
		{"remove without parent", "REMOVE absent.a", ``, "", v + "The document path provided in the update expression is invalid for update"},
		{"overlap", "SET m = :n REMOVE m.x", `":n":{"N":"1"}`, "", v + "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [m], path two: [m, x]"},
		{"twice", "SET a = :n SET b = :n", `":n":{"N":"1"}`, "", v + `Invalid UpdateExpression: The "SET" section can only be used once in an update expression;`},
		{"reserved", "SET name = :n", `":n":{"N":"1"}`, "", v + "Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: name"},
		{"syntax", "SET a :n", `":n":{"N":"1"}`, "", v + `Invalid UpdateExpression: Syntax error; token: ":n", near: "a :n"`},
		{"function", "SET a = size(s)", ``, "", v + `Invalid UpdateExpression: The function is not allowed in an update expression; function: size`},
		{"index key type", "SET #o = :n", `":n":{"N":"1"}`, "", v + `Invalid UpdateExpression: An expression attribute name used in the document path is not defined; attribute name: #o`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newEvents(t)
			put(t, s, "1", ","+before)
			body := `{"TableName":"events","Key":{"pk":{"S":"p"},"sk":{"N":"1"}},"ReturnValues":"UPDATED_NEW","UpdateExpression":` + fmt.Sprintf("%q", tc.expression)
			if tc.values != "" {
				body += `,"ExpressionAttributeValues":{` + tc.values + `}`
			}
			got, err := do(s, "UpdateItem", body+"}")
			if tc.wantErr != "" {
				wantError(t, err, tc.wantErr)
				wantJSON(t, must(t, s, "GetItem", `{"TableName":"events","Key":{"pk":{"S":"p"},"sk":{"N":"1"}}}`), `{"Item":{"pk":{"S":"p"},"sk":{"N":"1"},`+before+`}}`)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if tc.name == "remove" { // UPDATED_NEW shows no more than what is left at the paths
				got = must(t, s, "GetItem", `{"TableName":"events","Key":{"pk":{"S":"p"},"sk":{"N":"1"}},"ProjectionExpression":"s, l, m"}`)
				wantJSON(t, got, `{"Item":`+tc.want+`}`)
				return
			}
			if tc.name == "nested" {
				wantJSON(t, got, `{"Attributes":`+tc.want+`}`)
				got = must(t, s, "GetItem", `{"TableName":"events","Key":{"pk":{"S":"p"},"sk":{"N":"1"}},"ProjectionExpression":"l, m"}`)
				wantJSON(t, got, `{"Item":{"l":{"L":[{"S":"v"},{"N":"2"},{"N":"3"},{"S":"v"}]},"m":{"M":{"x":{"S":"y"},"y":{"S":"v"}}}}}`)
				return
			}
			wantJSON(t, got, `{"Attributes":`+tc.want+`}`)
		})
	}
}

func TestUpdateReturnValues(t *testing.T) {
	t.Parallel()
	for which, want := range map[string]string{
		"NONE": `{}`, "ALL_OLD": `{"Attributes":{"pk":{"S":"p"},"sk":{"N":"1"},"n":{"N":"1"}}}`, "UPDATED_OLD": `{"Attributes":{"n":{"N":"1"}}}`,
		"ALL_NEW": `{"Attributes":{"pk":{"S":"p"},"sk":{"N":"1"},"n":{"N":"2"}}}`, "UPDATED_NEW": `{"Attributes":{"n":{"N":"2"}}}`,
	} {
		s := newEvents(t)
		put(t, s, "1", `,"n":{"N":"1"}`)
		wantJSON(t, must(t, s, "UpdateItem", `{"TableName":"events","Key":{"pk":{"S":"p"},"sk":{"N":"1"}},"UpdateExpression":"SET n = n + :one","ExpressionAttributeValues":{":one":{"N":"1"}},"ReturnValues":"`+which+`"}`), want)
	}
	s := newEvents(t)
	wantJSON(t, must(t, s, "UpdateItem", `{"TableName":"events","Key":{"pk":{"S":"new"},"sk":{"N":"1"}},"ReturnValues":"ALL_NEW"}`), `{"Attributes":{"pk":{"S":"new"},"sk":{"N":"1"}}}`)
}

func TestTransactions(t *testing.T) {
	t.Parallel()
	s := newEvents(t)
	put(t, s, "1", `,"n":{"N":"1"}`)
	const two = `"TableName":"events","Key":{"pk":{"S":"p"},"sk":{"N":"2"}}`
	const inc = `{"Update":{"TableName":"events","Key":{"pk":{"S":"p"},"sk":{"N":"1"}},"UpdateExpression":"ADD n :one","ExpressionAttributeValues":{":one":{"N":"1"}}}}`
	_, err := do(s, "TransactWriteItems", `{"TransactItems":[`+inc+`,{"ConditionCheck":{`+two+`,"ConditionExpression":"attribute_exists(pk)"}}]}`)
	wantError(t, err, "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]")
	b, _ := json.Marshal(awserr.Of(err).Members)
	wantJSON(t, string(b), `{"CancellationReasons":[{"Code":"None"},{"Code":"ConditionalCheckFailed","Message":"The conditional request failed"}]}`)
	read := `{"TransactItems":[{"Get":{"TableName":"events","Key":{"pk":{"S":"p"},"sk":{"N":"1"}},"ProjectionExpression":"n"}},{"Get":{` + two + `}}]}`
	wantJSON(t, must(t, s, "TransactGetItems", read), `{"Responses":[{"Item":{"n":{"N":"1"}}},{}]}`)

	body := `{"ClientRequestToken":"t1","TransactItems":[` + inc + `,{"Put":{"TableName":"events","Item":{"pk":{"S":"p"},"sk":{"N":"2"}}}}]}`
	must(t, s, "TransactWriteItems", body)
	must(t, s, "TransactWriteItems", body) // the token makes it idempotent
	wantJSON(t, must(t, s, "TransactGetItems", read), `{"Responses":[{"Item":{"n":{"N":"2"}}},{"Item":{"pk":{"S":"p"},"sk":{"N":"2"}}}]}`)
	_, err = do(s, "TransactWriteItems", strings.Replace(body, "ADD n", "ADD m", 1))
	wantError(t, err, "IdempotentParameterMismatchException: The request uses the same client token as a previous, but non-identical request. Do not reuse a client token with different requests, unless the requests are identical")
	_, err = do(s, "TransactWriteItems", `{"TransactItems":[`+inc+`,`+inc+`]}`)
	wantError(t, err, "ValidationException: Transaction request cannot include multiple operations on one item")
	_, err = do(s, "TransactWriteItems", `{"TransactItems":[{}]}`)
	wantError(t, err, "ValidationException: TransactItems can only contain one of Check, Put, Update or Delete")
}

func TestBatches(t *testing.T) {
	t.Parallel()
	s := newEvents(t)
	put(t, s, "1", "")
	wantJSON(t, must(t, s, "BatchWriteItem", `{"RequestItems":{"events":[{"DeleteRequest":{"Key":{"pk":{"S":"p"},"sk":{"N":"1"}}}},{"PutRequest":{"Item":{"pk":{"S":"p"},"sk":{"N":"2"}}}}]}}`), `{"UnprocessedItems":{}}`)
	wantJSON(t, must(t, s, "BatchGetItem", `{"RequestItems":{"events":{"Keys":[{"pk":{"S":"p"},"sk":{"N":"1"}},{"pk":{"S":"p"},"sk":{"N":"2"}}]}}}`),
		`{"Responses":{"events":[{"pk":{"S":"p"},"sk":{"N":"2"}}]},"UnprocessedKeys":{}}`)
	var many []string
	for i := range 26 {
		many = append(many, fmt.Sprintf(`{"PutRequest":{"Item":{"pk":{"S":"p"},"sk":{"N":"%d"}}}}`, 100+i))
	}
	_, err := do(s, "BatchWriteItem", `{"RequestItems":{"events":[`+strings.Join(many, ",")+`]}}`)
	wantError(t, err, "ValidationException: 1 validation error detected: Value at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]")
}

// TestConcurrentWriters: no update of many at once is lost, and indexes agree
// with the table.
func TestConcurrentWriters(t *testing.T) {
	t.Parallel()
	s := newEvents(t)
	put(t, s, "0", `,"n":{"N":"0"}`)
	var wg sync.WaitGroup
	const writers, each = 8, 20
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				bodies := [][2]string{
					{"UpdateItem", `{"TableName":"events","Key":{"pk":{"S":"p"},"sk":{"N":"0"}},"UpdateExpression":"ADD n :one","ExpressionAttributeValues":{":one":{"N":"1"}}}`},
					{"PutItem", fmt.Sprintf(`{"TableName":"events","Item":{"pk":{"S":"w%d"},"sk":{"N":"%d"},"owner":{"S":"o"},"at":{"N":"%d"}}}`, w, i, i)},
					{"Query", `{"TableName":"events","IndexName":"by-owner","KeyConditionExpression":"#o = :o","ExpressionAttributeNames":{"#o":"owner"},"ExpressionAttributeValues":{":o":{"S":"o"}}}`},
				}
				for _, b := range bodies {
					if _, err := do(s, b[0], b[1]); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	wantJSON(t, must(t, s, "GetItem", `{"TableName":"events","Key":{"pk":{"S":"p"},"sk":{"N":"0"}},"ProjectionExpression":"n"}`), fmt.Sprintf(`{"Item":{"n":{"N":"%d"}}}`, writers*each))
	got := must(t, s, "Scan", `{"TableName":"events","IndexName":"by-owner","Select":"COUNT"}`)
	wantJSON(t, got, fmt.Sprintf(`{"Count":%d,"ScannedCount":%d}`, writers*each, writers*each))
}
