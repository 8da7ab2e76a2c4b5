package dynamodb

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// page is what a Query or Scan answers, as far as the tests look.
type page struct {
	Count, ScannedCount int
	Items               []map[string]map[string]any
	LastEvaluatedKey    json.RawMessage
}

// numbers are the sort keys of a page's items.
func (p page) numbers() string {
	var out []string
	for _, it := range p.Items {
		out = append(out, fmt.Sprint(it["sk"]["N"]))
	}
	return strings.Join(out, " ")
}

func read(t *testing.T, s *Service, op, body string) page {
	t.Helper()
	var p page
	if err := json.Unmarshal([]byte(must(t, s, op, body)), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// newNumbers has sort keys that sort otherwise as text than as numbers.
func newNumbers(t *testing.T) *Service {
	t.Helper()
	s := newEvents(t)
	for i, n := range []string{"10", "9", "-3", "-20", "0", "2.5", "100"} {
		put(t, s, n, fmt.Sprintf(`,"owner":{"S":"o"},"at":{"N":"%d"},"title":{"S":"t"},"odd":{"BOOL":%t}`, i, i%2 == 1))
	}
	must(t, s, "PutItem", `{"TableName":"events","Item":{"pk":{"S":"q"},"sk":{"N":"1"}}}`)
	return s
}

func TestQuery(t *testing.T) {
	t.Parallel()
	s := newNumbers(t)
	for _, tc := range []struct{ name, more, values, want string }{
		{"all", `"KeyConditionExpression":"pk = :p"`, ``, "-20 -3 0 2.5 9 10 100"},
		{"value first", `"KeyConditionExpression":":p = pk"`, ``, "-20 -3 0 2.5 9 10 100"},
		{"backward", `"KeyConditionExpression":"pk = :p","ScanIndexForward":false`, ``, "100 10 9 2.5 0 -3 -20"},
		{"greater", `"KeyConditionExpression":"pk = :p and sk > :n"`, `,":n":{"N":"2.50"}`, "9 10 100"},
		{"at least, sort key first", `"KeyConditionExpression":"sk >= :n AND (pk = :p)"`, `,":n":{"N":"2.5"}`, "2.5 9 10 100"},
		{"less", `"KeyConditionExpression":"pk = :p AND sk < :n"`, `,":n":{"N":"-3"}`, "-20"},
		{"at most", `"KeyConditionExpression":"pk = :p AND sk <= :n"`, `,":n":{"N":"-3"}`, "-20 -3"},
		{"value first, less", `"KeyConditionExpression":":n < sk AND pk = :p"`, `,":n":{"N":"9"}`, "10 100"},
		{"value first, at least", `"KeyConditionExpression":"(pk = :p) AND (:n >= sk)"`, `,":n":{"N":"-3"}`, "-20 -3"},
		{"all in parentheses", `"KeyConditionExpression":"((sk = :n) AND (:p = pk))"`, `,":n":{"N":"0"}`, "0"},
		{"equal", `"KeyConditionExpression":"pk = :p AND sk = :n"`, `,":n":{"N":"1e1"}`, "10"},
		{"between", `"KeyConditionExpression":"pk = :p AND sk BETWEEN :n AND :m"`, `,":n":{"N":"-3"},":m":{"N":"9"}`, "-3 0 2.5 9"},
		{"filter", `"KeyConditionExpression":"pk = :p","FilterExpression":"odd = :t"`, `,":t":{"BOOL":true}`, "-20 2.5 9"},
		{"limit before filter", `"KeyConditionExpression":"pk = :p","FilterExpression":"odd = :t","Limit":3`, `,":t":{"BOOL":true}`, "-20"},
		{"from a key that is not there", `"KeyConditionExpression":"pk = :p","ExclusiveStartKey":{"pk":{"S":"p"},"sk":{"N":"5"}}`, ``, "9 10 100"},
		{"backward from a key that is not there", `"KeyConditionExpression":"pk = :p","ScanIndexForward":false,"ExclusiveStartKey":{"pk":{"S":"p"},"sk":{"N":"5"}}`, ``, "2.5 0 -3 -20"},
		{"no partition", `"KeyConditionExpression":"pk = :p","ProjectionExpression":"sk"`, ``, "-20 -3 0 2.5 9 10 100"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := read(t, s, "Query", `{"TableName":"events",`+tc.more+`,"ExpressionAttributeValues":{":p":{"S":"p"}`+tc.values+`}}`)
			if got := p.numbers(); got != tc.want || p.Count != len(p.Items) {
				t.Errorf("got %q, count %d, want %q", got, p.Count, tc.want)
			}
		})
	}
}

// TestPages: pages of every size, forward and backward, of table and index,
// by Query and Scan, give every item once and in order.
func TestPages(t *testing.T) {
	t.Parallel()
	s := newNumbers(t)
	for _, tc := range []struct{ name, op, body, want string }{
		{"table", "Query", `"KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"p"}}`, "-20 -3 0 2.5 9 10 100"},
		{"table backward", "Query", `"KeyConditionExpression":"pk = :p","ScanIndexForward":false,"ExpressionAttributeValues":{":p":{"S":"p"}}`, "100 10 9 2.5 0 -3 -20"},
		{"global index", "Query", `"IndexName":"by-owner","KeyConditionExpression":"#o = :o","ExpressionAttributeNames":{"#o":"owner"},"ExpressionAttributeValues":{":o":{"S":"o"}}`, "10 9 -3 -20 0 2.5 100"},
		{"global index backward", "Query", `"IndexName":"by-owner","ScanIndexForward":false,"KeyConditionExpression":"#o = :o","ExpressionAttributeNames":{"#o":"owner"},"ExpressionAttributeValues":{":o":{"S":"o"}}`, "100 2.5 0 -20 -3 9 10"},
		{"scan", "Scan", `"Select":"ALL_ATTRIBUTES"`, "-20 -3 0 2.5 9 10 100 1"},
		{"scan of an index", "Scan", `"IndexName":"by-owner"`, "10 9 -3 -20 0 2.5 100"},
	} {
		for limit := 1; limit <= 8; limit++ {
			t.Run(fmt.Sprintf("%s by %d", tc.name, limit), func(t *testing.T) {
				t.Parallel()
				var got []string
				cursor := ""
				for range 20 {
					p := read(t, s, tc.op, fmt.Sprintf(`{"TableName":"events","Limit":%d,%s%s}`, limit, tc.body, cursor))
					if n := p.numbers(); n != "" {
						got = append(got, n)
					}
					if p.LastEvaluatedKey == nil {
						break
					}
					cursor = `,"ExclusiveStartKey":` + string(p.LastEvaluatedKey)
				}
				if joined := strings.Join(got, " "); joined != tc.want {
					t.Errorf("got %q, want %q", joined, tc.want)
				}
			})
		}
	}
}

func TestQueryErrors(t *testing.T) {
	t.Parallel()
	s := newNumbers(t)
	const v = "ValidationException: "
	for _, tc := range []struct{ name, more, want string }{
		{"none", `"Limit":1`, v + "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."},
		{"no hash key", `"KeyConditionExpression":"sk = :n"`, v + "Query condition missed key schema element: pk"},
		{"other attribute", `"KeyConditionExpression":"pk = :s AND odd = :s"`, v + "Query condition missed key schema element: sk"},
		{"range of the hash key", `"KeyConditionExpression":"pk > :s"`, v + "Query key condition not supported"},
		{"or", `"KeyConditionExpression":"pk = :s OR pk = :s"`, v + "Invalid operator used in KeyConditionExpression: OR"},
		{"type", `"KeyConditionExpression":"pk = :n"`, v + "One or more parameter values were invalid: Condition parameter type does not match schema type"},
		{"key in the filter", `"KeyConditionExpression":"pk = :s","FilterExpression":"sk > :n"`, v + "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk"},
		{"undefined value", `"KeyConditionExpression":"pk = :x"`, v + "Invalid KeyConditionExpression: An expression attribute value used in expression is not defined; attribute value: :x"},
		{"trailing text", `"KeyConditionExpression":"pk = :s garbage"`, v + `Invalid KeyConditionExpression: Syntax error; token: "garbage", near: ":s garbage"`},
		{"cursor of another partition", `"KeyConditionExpression":"pk = :s","ExclusiveStartKey":{"pk":{"S":"q"},"sk":{"N":"1"}}`, v + "The provided starting key is outside query boundaries based on provided conditions"},
		{"cursor of another partition, with a range", `"KeyConditionExpression":"pk = :s AND sk = :n","ExclusiveStartKey":{"pk":{"S":"q"},"sk":{"N":"1"}}`, v + "The query can return at most one row and cannot be restarted"},
		{"cursor outside the range", `"KeyConditionExpression":"pk = :s AND sk > :n","ExclusiveStartKey":{"pk":{"S":"s"},"sk":{"N":"1"}}`, v + "The provided starting key does not match the range key predicate"},
		{"cursor of another type", `"KeyConditionExpression":"pk = :s","ExclusiveStartKey":{"pk":{"S":"s"},"sk":{"S":"1"}}`, v + "The provided starting key is invalid"},
		{"cursor of the table for an index", `"IndexName":"by-owner","KeyConditionExpression":"#o = :s","ExclusiveStartKey":{"pk":{"S":"s"},"sk":{"N":"1"}}`, v + "The provided starting key is invalid"},
		{"unprojected attribute", `"IndexName":"by-owner","KeyConditionExpression":"#o = :s","ProjectionExpression":"pk, title, zzz, m.x, zzz2"`, v + "One or more parameter values were invalid: Global secondary index by-owner does not project [zzz, m, zzz2]"},
		{"filter of an unprojected attribute", `"IndexName":"by-owner","KeyConditionExpression":"#o = :s","FilterExpression":"title = :s AND zzz = :s"`, v + "One or more parameter values were invalid: Global secondary index by-owner does not project [zzz]"},
		{"path into a key", `"KeyConditionExpression":"pk = :s","ProjectionExpression":"sk[0]"`, v + "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: sk"},
		{"empty key condition", `"KeyConditionExpression":""`, v + "Invalid KeyConditionExpression: The expression can not be empty;"},
		{"empty filter", `"KeyConditionExpression":"pk = :s","FilterExpression":""`, v + "Invalid FilterExpression: The expression can not be empty;"},
		{"empty projection", `"KeyConditionExpression":"pk = :s","ProjectionExpression":""`, v + "Invalid ProjectionExpression: The expression can not be empty;"},
		{"overlapping projection", `"KeyConditionExpression":"pk = :s","ProjectionExpression":"l, l[0]"`, v + "Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [l], path two: [l, [0]]"},
		{"conflicting projection", `"KeyConditionExpression":"pk = :s","ProjectionExpression":"a.b, a[1]"`, v + "Invalid ProjectionExpression: Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, [1]]"},
		{"three conditions", `"KeyConditionExpression":"pk = :s AND sk = :n AND odd = :s"`, v + "Conditions can be of length 1 or 2 only"},
		{"two conditions of a key", `"KeyConditionExpression":"pk = :s AND sk > :n AND sk < :n"`, v + "KeyConditionExpressions must only contain one condition per key"},
		{"not equal", `"KeyConditionExpression":"pk = :s AND sk <> :n"`, v + "Invalid operator used in KeyConditionExpression: <>"},
		{"in", `"KeyConditionExpression":"pk = :s AND sk IN (:n)"`, v + "Invalid operator used in KeyConditionExpression: IN"},
		{"not", `"KeyConditionExpression":"pk = :s AND NOT sk = :n"`, v + "Invalid operator used in KeyConditionExpression: NOT"},
		{"function", `"KeyConditionExpression":"pk = :s AND attribute_exists(sk)"`, v + "Invalid operator used in KeyConditionExpression: attribute_exists"},
		{"size", `"KeyConditionExpression":"pk = :s AND size(sk) = :n"`, v + "KeyConditionExpressions cannot contain nested operations"},
		{"nested", `"KeyConditionExpression":"pk = :s AND sk.a = :n"`, v + "KeyConditionExpressions cannot have conditions on nested attributes"},
		{"two attributes", `"KeyConditionExpression":"pk = sk"`, v + "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"},
		{"no attribute", `"KeyConditionExpression":":s = :n"`, v + "Invalid condition in KeyConditionExpression: No key attribute specified"},
		{"between of a value", `"KeyConditionExpression":"pk = :s AND :n BETWEEN sk AND :n"`, v + "Invalid condition in KeyConditionExpression: BETWEEN operator must have the key attribute as its first operand"},
		{"prefix of a number", `"KeyConditionExpression":"pk = :s AND begins_with(sk, :n)"`, v + "Invalid KeyConditionExpression: Incorrect operand type for operator or function; operator or function: begins_with, operand type: N"},
		{"redundant parentheses", `"KeyConditionExpression":"((pk = :s)) AND sk = :n"`, v + "Invalid KeyConditionExpression: The expression has redundant parentheses;"},
		{"limit 0", `"KeyConditionExpression":"pk = :s","Limit":0`, v + "1 validation error detected: Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"nothing specific", `"KeyConditionExpression":"pk = :s","Select":"SPECIFIC_ATTRIBUTES"`, v + "1 validation error detected: Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"},
		{"capacity", `"KeyConditionExpression":"pk = :s","ReturnConsumedCapacity":"SOME"`, v + "1 validation error detected: Value 'SOME' at 'returnConsumedCapacity' failed to satisfy constraint: Member must satisfy enum value set: [INDEXES, TOTAL, NONE]"},
		{"cursor with too much", `"KeyConditionExpression":"pk = :s AND sk = :n","ExclusiveStartKey":{"pk":{"S":"s"},"sk":{"N":"1"},"x":{"N":"1"}}`, v + "The provided starting key is invalid"},
		{"select", `"KeyConditionExpression":"pk = :s","Select":"SOME"`, v + "1 validation error detected: Value 'SOME' at 'select' failed to satisfy constraint: Member must satisfy enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]"},
		{"all of a partial index", `"IndexName":"by-owner","KeyConditionExpression":"x = :s","Select":"ALL_ATTRIBUTES"`, v + "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index by-owner because its projection type is not ALL"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			body := `{"TableName":"events",` + tc.more
			if strings.Contains(tc.more, "#o") {
				body += `,"ExpressionAttributeNames":{"#o":"owner"}`
			}
			var values []string
			for name, v := range map[string]string{":s": `{"S":"s"}`, ":n": `{"N":"1"}`} {
				if strings.Contains(tc.more, name) {
					values = append(values, `"`+name+`":`+v)
				}
			}
			if len(values) > 0 {
				body += `,"ExpressionAttributeValues":{` + strings.Join(values, ",") + `}`
			}
			_, err := do(s, "Query", body+`}`)
			wantError(t, err, tc.want)
		})
	}
}

// TestIndexes: what an index shows follows every kind of write.
func TestIndexes(t *testing.T) {
	t.Parallel()
	s := newEvents(t)
	scan := func(want string) {
		t.Helper()
		wantJSON(t, must(t, s, "Scan", `{"TableName":"events","IndexName":"by-owner"}`), want)
	}
	put(t, s, "1", `,"owner":{"S":"b"},"at":{"N":"1"},"title":{"S":"t"},"hidden":{"S":"h"}`)
	put(t, s, "2", ``)
	const one = `"pk":{"S":"p"},"sk":{"N":"1"},"at":{"N":"1"},"title":{"S":"t"}`
	scan(`{"Count":1,"ScannedCount":1,"Items":[{` + one + `,"owner":{"S":"b"}}]}`)
	must(t, s, "UpdateItem", `{"TableName":"events","Key":{"pk":{"S":"p"},"sk":{"N":"2"}},"UpdateExpression":"SET #o = :o, #a = :a","ExpressionAttributeNames":{"#o":"owner","#a":"at"},"ExpressionAttributeValues":{":o":{"S":"a"},":a":{"N":"5"}}}`)
	const two = `{"pk":{"S":"p"},"sk":{"N":"2"},"owner":{"S":"a"},"at":{"N":"5"}}`
	scan(`{"Count":2,"ScannedCount":2,"Items":[` + two + `,{` + one + `,"owner":{"S":"b"}}]}`)
	put(t, s, "1", `,"owner":{"S":"0"},"at":{"N":"1"},"title":{"S":"t"}`) // replaced: another place
	scan(`{"Count":2,"ScannedCount":2,"Items":[{` + one + `,"owner":{"S":"0"}},` + two + `]}`)
	must(t, s, "UpdateItem", `{"TableName":"events","Key":{"pk":{"S":"p"},"sk":{"N":"1"}},"UpdateExpression":"REMOVE #o","ExpressionAttributeNames":{"#o":"owner"}}`)
	scan(`{"Count":1,"ScannedCount":1,"Items":[` + two + `]}`)
	must(t, s, "DeleteItem", `{"TableName":"events","Key":{"pk":{"S":"p"},"sk":{"N":"2"}}}`)
	scan(`{"Count":0,"ScannedCount":0,"Items":[]}`)
}

// TestKeysThatJoinAlike: keys whose parts joined are the same text are two.
func TestKeysThatJoinAlike(t *testing.T) {
	t.Parallel()
	s := newService()
	if _, err := s.CreateTable(t.Context(), Table{
		Name: "joined", BillingMode: "PAY_PER_REQUEST", HashKey: "h", RangeKey: "r", Attributes: []Attribute{{"h", "S"}, {"r", "S"}, {"g", "S"}},
		GSIs: []Index{{Name: "all", HashKey: "g", Projection: "KEYS_ONLY"}},
	}); err != nil {
		t.Fatal(err)
	}
	for _, k := range [][2]string{{"a", "bc"}, {"ab", "c"}, {"a.b", "c"}, {"a", "b.c"}} {
		must(t, s, "PutItem", `{"TableName":"joined","Item":{"h":{"S":"`+k[0]+`"},"r":{"S":"`+k[1]+`"},"g":{"S":"g"}}}`)
	}
	for _, index := range []string{"", `,"IndexName":"all"`} {
		if p := read(t, s, "Scan", `{"TableName":"joined"`+index+`}`); p.Count != 4 {
			t.Errorf("%s: got %d items", index, p.Count)
		}
	}
	for i, k := range [][2]string{{"a", "bc"}, {"a", "b.c"}} {
		key := `{"h":{"S":"` + k[0] + `"},"r":{"S":"` + k[1] + `"}`
		must(t, s, "DeleteItem", `{"TableName":"joined","Key":`+key+`}}`)
		if got := must(t, s, "Scan", `{"TableName":"joined","IndexName":"all"}`); strings.Count(got, `"h"`) != 3-i || strings.Contains(got, `"h":{"S":"`+k[0]+`"},"r":{"S":"`+k[1]+`"}`) {
			t.Errorf("after %s: got %s", key, got)
		}
	}
}

func TestScan(t *testing.T) {
	t.Parallel()
	s := newNumbers(t)
	if p := read(t, s, "Scan", `{"TableName":"events","Select":"COUNT","FilterExpression":"attribute_exists(odd)"}`); p.Count != 7 || p.ScannedCount != 8 || p.Items != nil {
		t.Errorf("got %+v", p)
	}
}

// TestPageOfOneMegabyte: a page ends before the item that would exceed 1 MB; one
// of exactly 1 MB has it.
func TestPageOfOneMegabyte(t *testing.T) {
	t.Parallel()
	s := newEvents(t)
	for i := range 5 {
		put(t, s, fmt.Sprint(i), `,"x":{"S":"`+strings.Repeat("x", 300<<10)+`"}`)
	}
	for _, more := range []string{``, `,"FilterExpression":"attribute_not_exists(absent)"`} {
		p := read(t, s, "Scan", `{"TableName":"events","ProjectionExpression":"sk"`+more+`}`)
		if p.numbers() != "0 1 2" || p.LastEvaluatedKey == nil {
			t.Errorf("got %s, %s", p.numbers(), p.LastEvaluatedKey)
		}
		p = read(t, s, "Query", `{"TableName":"events","ProjectionExpression":"sk","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"p"}},"ExclusiveStartKey":`+string(p.LastEvaluatedKey)+more+`}`)
		if p.numbers() != "3 4" || p.LastEvaluatedKey != nil {
			t.Errorf("got %s, %s", p.numbers(), p.LastEvaluatedKey)
		}
	}
	s = newEvents(t)
	const key = len("pk") + len("p") + len("sk") + 2 // what the key of put counts
	for i := 1; i <= 4; i++ {
		put(t, s, fmt.Sprint(i), `,"x":{"S":"`+strings.Repeat("x", 256<<10-key-len("x"))+`"}`)
	}
	if p := read(t, s, "Scan", `{"TableName":"events"}`); p.numbers() != "1 2 3 4" || p.LastEvaluatedKey != nil {
		t.Errorf("got %s, %s", p.numbers(), p.LastEvaluatedKey)
	}
	put(t, s, "0", "")
	if p := read(t, s, "Scan", `{"TableName":"events"}`); p.numbers() != "0 1 2 3" || p.LastEvaluatedKey == nil {
		t.Errorf("got %s, %s", p.numbers(), p.LastEvaluatedKey)
	}
	info, _ := s.Table("events")
	if info.SizeBytes != 1<<20+len("pkpsk")+1 { // the number 0 counts one byte
		t.Errorf("the table has %d bytes", info.SizeBytes)
	}
}
