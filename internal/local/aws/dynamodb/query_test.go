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
		{"cursor of another partition", `"KeyConditionExpression":"pk = :s AND sk = :n","ExclusiveStartKey":{"pk":{"S":"q"},"sk":{"N":"1"}}`, v + "The provided starting key is invalid"},
		{"cursor with too much", `"KeyConditionExpression":"pk = :s AND sk = :n","ExclusiveStartKey":{"pk":{"S":"s"},"sk":{"N":"1"},"x":{"N":"1"}}`, v + "The provided starting key is invalid"},
		{"select", `"KeyConditionExpression":"pk = :s","Select":"SOME"`, v + "1 validation error detected: Value 'SOME' at 'select' failed to satisfy constraint: Member must satisfy enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]"},
		{"all of a partial index", `"IndexName":"by-owner","KeyConditionExpression":"x = :s","Select":"ALL_ATTRIBUTES"`, v + "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index by-owner because its projection type is not ALL"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := do(s, "Query", `{"TableName":"events",`+tc.more+`,"ExpressionAttributeValues":{":s":{"S":"s"},":n":{"N":"1"}}}`)
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

// TestPageOfOneMegabyte: a page ends after 1 MB.
func TestPageOfOneMegabyte(t *testing.T) {
	t.Parallel()
	s := newEvents(t)
	for i := range 5 {
		put(t, s, fmt.Sprint(i), `,"x":{"S":"`+strings.Repeat("x", 300<<10)+`"}`)
	}
	p := read(t, s, "Scan", `{"TableName":"events","ProjectionExpression":"sk"}`)
	if p.numbers() != "0 1 2 3" || p.LastEvaluatedKey == nil {
		t.Errorf("got %s, %s", p.numbers(), p.LastEvaluatedKey)
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	var it item
	if err := json.Unmarshal([]byte(`{"s":{"S":"hello"},"n":{"N":"9"},"b":{"B":"AAEC"},"t":{"BOOL":true},"z":{"NULL":true},
		"l":{"L":[{"N":"1"},{"S":"x"}]},"m":{"M":{"k":{"S":"v"}}},"ss":{"SS":["a","b"]},"big":{"N":"12345678901234567890123456789"}}`), &it); err != nil {
		t.Fatal(err)
	}
	var values map[string]value
	if err := json.Unmarshal([]byte(`{":h":{"S":"hello"},":he":{"S":"he"},":n":{"N":"9.0"},":10":{"N":"10"},":a":{"S":"a"},":t":{"BOOL":true},":type":{"S":"SS"},
		":one":{"N":"1"},":l":{"L":[{"N":"1"},{"S":"x"}]},":big":{"N":"12345678901234567890123456788"},":ss":{"SS":["b","a"]}}`), &values); err != nil {
		t.Fatal(err)
	}
	for expression, want := range map[string]any{
		"s = :h": true, "s <> :h": false, "n = :n": true, "n < :10": true, "n >= :10": false, "s > :n": false, "s = :n": false,
		"absent = :h": false, "absent <> :h": true, "absent < :h": false, "NOT absent < :h": true, "big > :big": true,
		"attribute_exists(m.k) AND attribute_not_exists(m.x)": true, "attribute_exists(l[1]) and not attribute_exists(l[2])": true,
		"attribute_type(ss, :type)": true, "begins_with(s, :he)": true, "begins_with(n, :he)": false,
		"contains(s, :he)": true, "contains(ss, :a)": true, "contains(l, :one)": true, "contains(m, :a)": false,
		"size(s) < :10": true, "size(ss) > :one": true, "size(l) = :one": false, "size(n) = :one": false,
		"n BETWEEN :one AND :10": true, "n IN (:one, :n)": true, "n IN (:one)": false, "l = :l": true, "ss = :ss": true, "t = :t": true,
		"s = :h OR s = :he AND n = :one": true, "(s = :h OR s = :he) AND n = :one": false, "NOT s = :h OR n = :n": true, ":h = s": true,
		"":                           "Invalid ConditionExpression: The expression can not be empty;",
		"s = ":                       `Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "="`,
		"s = :h attribute_exists(n)": `Invalid ConditionExpression: Syntax error; token: "attribute_exists", near: ":h attribute_exists ("`,
		"s ~ :h":                     `Invalid ConditionExpression: Syntax error; token: "~"`,
		"(s = :h":                    `Invalid ConditionExpression: Syntax error; token: "<EOF>", near: ":h"`,
		"foo(s)":                     "Invalid ConditionExpression: Invalid function name; function: foo",
		"contains(s)":                "Invalid ConditionExpression: Incorrect number of operands for operator or function; operator or function: contains, number of operands: 1",
		"attribute_exists(:h)":       "Invalid ConditionExpression: Operator or function requires a document path; operator or function: attribute_exists",
		"attribute_type(s, :h)":      "Invalid ConditionExpression: Invalid attribute type name found; valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
		"n < :t":                     "Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: <, operand type: BOOL",
		"begins_with(s, :n)":         "Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
		"n BETWEEN :10 AND :one":     "Invalid ConditionExpression: The BETWEEN operator requires upper bound to be greater than or equal to lower bound",
		"name = :h":                  "Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: name",
		"#n = :h":                    "Invalid ConditionExpression: An expression attribute name used in the document path is not defined; attribute name: #n",
		strings.Repeat("(", 400) + "s = :h" + strings.Repeat(")", 400): "Invalid ConditionExpression: The expression contains too many nested operators",
		strings.Repeat("s", 5000):                                      "Invalid ConditionExpression: Expression size has exceeded the maximum allowed size; expression size: 5000",
	} {
		n, err := newExpressions(nil, values).condition("ConditionExpression", expression)
		if text, isText := want.(string); isText {
			wantError(t, err, "ValidationException: "+text)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", expression, err)
		} else if got := n.holds(it); got != want {
			t.Errorf("%s: got %t", expression, got)
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	// In the order of their values; each line's texts are one number.
	lines := [][]string{
		{"-9.9999999999999999999999999999999999999E+125"}, {"-100", "-1e2", "-100.00"}, {"-12"}, {"-2"}, {"-1.5"}, {"-1", "-01", "-1e0"}, {"-0.5"}, {"-1E-130"},
		{"0", "-0", "0.000", "0e5", "00"}, {"1e-130"}, {"0.05", ".05", "5e-2", "5.0E-2"}, {"0.5", "+0.5"}, {"1", "1.", "1.0", "10e-1"},
		{"1.5"}, {"2"}, {"12"}, {"99"}, {"100"}, {"12345678901234567890123456789012345678"}, {"1e125"},
	}
	last := ""
	for _, line := range lines {
		order := ""
		for _, text := range line {
			d, err := parseNumber(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			again, err := parseNumber(d.String())
			if err != nil || again.order() != d.order() || again.String() != d.String() {
				t.Errorf("%s: read back as %s, %v", text, again, err)
			}
			if order != "" && d.order() != order {
				t.Errorf("%s differs from %s", text, line[0])
			}
			order = d.order()
		}
		if order <= last {
			t.Errorf("%s does not sort after what stands before it", line[0])
		}
		last = order
	}
	for _, text := range []string{"", "+", ".", "e5", "1e", "0x1", "1 ", "NaN", "Infinity", "1e99999", "--1"} {
		if _, err := parseNumber(text); err == nil {
			t.Errorf("%q was taken for a number", text)
		}
	}
}

func FuzzConditions(f *testing.F) {
	for _, s := range []string{"a = :v", "NOT (a.b[0] <> :v OR size(a) IN (:v))", "begins_with(a, :v) AND a BETWEEN :v AND :v", "#n < :v", "((("} {
		f.Add(s)
	}
	it := item{"a": {kind: "M", m: item{"b": {kind: "L", list: []value{{kind: "S", text: "x"}}}}}}
	f.Fuzz(func(t *testing.T, text string) {
		e := newExpressions(map[string]string{"#n": "a"}, map[string]value{":v": {kind: "S", text: "x"}})
		if n, err := e.condition("ConditionExpression", text); err == nil {
			n.holds(it)
			n.holds(nil)
		}
		if actions, err := e.update(text); err == nil {
			before := it.size()
			_, _ = apply(actions, it)
			if it.size() != before {
				t.Fatalf("%q changed the item itself", text)
			}
		}
		if paths, err := e.projection(text); err == nil {
			project(it, paths)
		}
	})
}

func FuzzRequests(f *testing.F) {
	f.Add("PutItem", `{"TableName":"events","Item":{"pk":{"S":"p"},"sk":{"N":"1"}}}`)
	f.Add("Query", `{"TableName":"events","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"p"}}}`)
	f.Add("TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"events"}}]}`)
	f.Add("BatchGetItem", `{"RequestItems":{"events":{"Keys":[null]}}}`)
	f.Add("UpdateTable", `{"TableName":"events","GlobalSecondaryIndexUpdates":[{}]}`)
	s := newService()
	if _, err := s.CreateTable(f.Context(), eventsTable); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(_ *testing.T, op, body string) {
		if o, ok := operations(s)[op]; ok {
			_, _ = o.Grants([]byte(body))
			_, _ = do(s, op, body)
		}
	})
}
