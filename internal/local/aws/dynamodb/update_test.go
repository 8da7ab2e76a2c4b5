package dynamodb

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

const oneKey = `"TableName":"events","Key":{"pk":{"S":"p"},"sk":{"N":"1"}}`

// update sends an UpdateExpression for the item p, 1.
func update(s *Service, expression, values, more string) (string, error) {
	body := `{` + oneKey + `,"UpdateExpression":` + fmt.Sprintf("%q", expression)
	if values != "" {
		body += `,"ExpressionAttributeValues":{` + values + `}`
	}
	return do(s, "UpdateItem", body+more+`}`)
}

// TestUpdateOfLists: all indexes are those of the list before the update.
func TestUpdateOfLists(t *testing.T) {
	t.Parallel()
	long := `{"L":[` + strings.Repeat(`{"N":"0"},`, 40000) + `{"N":"1"},{"N":"2"},{"N":"3"}]}`
	for _, tc := range []struct{ name, list, expression, values, want string }{
		{"beyond the end, by index", `{"L":[{"N":"1"},{"N":"3"}]}`, "SET c[4] = :x, c[2] = :y", `":x":{"S":"x"},":y":{"S":"y"}`, `{"L":[{"N":"1"},{"N":"3"},{"S":"y"},{"S":"x"}]}`},
		{"four beyond the end", `{"L":[{"N":"1"}]}`, "SET c[84] = :a, c[37] = :b, c[17] = :c, c[50] = :d", `":a":{"S":"a"},":b":{"S":"b"},":c":{"S":"c"},":d":{"S":"d"}`, `{"L":[{"N":"1"},{"S":"c"},{"S":"b"},{"S":"d"},{"S":"a"}]}`},
		{"an empty list", `{"L":[]}`, "SET c[0] = :x", `":x":{"S":"x"}`, `{"L":[{"S":"x"}]}`},
		{"set and remove", `{"L":[{"N":"2"},{"N":"3"},{"N":"4"},{"N":"5"},{"N":"6"},{"N":"7"}]}`, "REMOVE c[1] SET c[3] = :x", `":x":{"N":"17"}`, `{"L":[{"N":"2"},{"N":"4"},{"N":"17"},{"N":"6"},{"N":"7"}]}`},
		{"append and remove", `{"L":[{"N":"1"},{"N":"2"}]}`, "SET c[9] = :x REMOVE c[0]", `":x":{"N":"3"}`, `{"L":[{"N":"2"},{"N":"3"}]}`},
		{"remove within a list in a list", `{"L":[{"L":[{"N":"1"},{"N":"2"}]},{"L":[{"N":"3"},{"N":"4"}]},{"N":"5"}]}`, "REMOVE c[0], c[1][0], c[2]", ``, `{"L":[{"L":[{"N":"4"}]}]}`},
		{"remove beyond the end", `{"L":[{"N":"1"}]}`, "REMOVE c[7]", ``, `{"L":[{"N":"1"}]}`},
		{"remove the last", `{"L":[{"N":"1"}]}`, "REMOVE c[0]", ``, `{"L":[]}`},
		{"remove far behind", long, "REMOVE c[40000], c[40001]", ``, strings.Replace(long, `{"N":"1"},{"N":"2"},`, "", 1)},
		{"nested in elements", `{"L":[{"M":{"a":{"N":"1"}}},{"M":{"a":{"N":"2"}}}]}`, "SET c[1].b = c[0].a REMOVE c[0].a", ``, `{"L":[{"M":{}},{"M":{"a":{"N":"2"},"b":{"N":"1"}}}]}`},
		{"a set emptied in a list", `{"L":[{"SS":["a"]},{"N":"1"}]}`, "DELETE c[0] :x", `":x":{"SS":["a"]}`, `{"L":[{"N":"1"}]}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newEvents(t)
			put(t, s, "1", `,"c":`+tc.list)
			if _, err := update(s, tc.expression, tc.values, ""); err != nil {
				t.Fatal(err)
			}
			wantJSON(t, must(t, s, "GetItem", `{`+oneKey+`,"ProjectionExpression":"c"}`), `{"Item":{"c":`+tc.want+`}}`)
		})
	}
}

// TestUpdateOfNothing: an update that only takes away makes no item.
func TestUpdateOfNothing(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ expression, values string }{
		{"REMOVE b", ""}, {"REMOVE x.y, z[0]", ""}, {"DELETE s :s", `":s":{"SS":["a"]}`}, {"REMOVE b DELETE s :s", `":s":{"SS":["a"]}`},
	} {
		for _, which := range []string{"NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"} {
			s := newEvents(t)
			got, err := update(s, tc.expression, tc.values, `,"ReturnValues":"`+which+`"`)
			if err != nil {
				t.Fatalf("%s: %v", tc.expression, err)
			}
			wantJSON(t, got, `{}`)
			wantJSON(t, must(t, s, "Scan", `{"TableName":"events"}`), `{"Count":0,"ScannedCount":0,"Items":[]}`)
		}
	}
	s := newEvents(t)
	if _, err := update(s, "REMOVE b SET a = :a", `":a":{"S":"a"}`, ""); err != nil {
		t.Fatal(err)
	}
	wantJSON(t, must(t, s, "GetItem", `{`+oneKey+`}`), `{"Item":{"pk":{"S":"p"},"sk":{"N":"1"},"a":{"S":"a"}}}`)
}

func TestUpdateErrors(t *testing.T) {
	t.Parallel()
	const (
		item     = `,"a":{"S":"text"},"n":{"N":"1"},"l":{"L":[{"N":"1"}]},"m":{"M":{"x":{"S":"y"}}},"ss":{"SS":["a"]}`
		n        = `":v":{"N":"1"}`
		str      = `":v":{"S":"s"}`
		lists    = `":a":{"L":[]},":b":{"L":[]},":c":{"L":[]}`
		v        = "ValidationException: "
		e        = v + "Invalid UpdateExpression: "
		document = v + "The document path provided in the update expression is invalid for update"
		overlap  = e + "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: %s, path two: %s"
		conflict = e + "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: %s, path two: %s"
	)
	for _, tc := range []struct{ name, expression, values, want string }{
		{"empty", "", "", e + "The expression can not be empty;"},
		{"blank", "  ", "", e + "The expression can not be empty;"},
		{"remove a member of a string", "REMOVE a.c", "", document},
		{"remove an element of a string", "REMOVE a[0]", "", document},
		{"remove a member of a list", "REMOVE l.c", "", document},
		{"remove an element of a map", "REMOVE m[0]", "", document},
		{"remove below nothing", "REMOVE d.e", "", document},
		{"delete below nothing", "DELETE d.e :v", `":v":{"SS":["x"]}`, document},
		{"delete below a string", "DELETE a.e :v", `":v":{"SS":["x"]}`, document},
		{"add below nothing", "ADD d.e :v", n, document},
		{"set an element of nothing", "SET d[0] = :v", n, document},
		{"set an element of a map", "SET m[0] = :v", n, document},
		{"the key", "ADD pk :v", n, v + "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key"},
		{"below the key", "SET pk.x = :v", n, v + "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key"},
		{"below an index's key", "SET #o.x = :v", n, v + "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: owner"},
		{"conflict", "SET m.b = :v, m[1] = :v", n, fmt.Sprintf(conflict, "[m, b]", "[m, [1]]")},
		{"deep conflict", "SET m.b.c = :v REMOVE m.b[2]", n, fmt.Sprintf(conflict, "[m, b, c]", "[m, b, [2]]")},
		{"overlap", "SET l[1][1] = :v, l[1] = :v", n, fmt.Sprintf(overlap, "[l, [1], [1]]", "[l, [1]]")},
		{"overlap by a placeholder", "SET #o = :v, owner1 = :v, #o = :v", n, fmt.Sprintf(overlap, "[owner]", "[owner]")},
		{"three summands", "SET n = n + :v + :v", n, e + `Syntax error; token: "+", near: ":v + :v"`},
		{"sum of a string", "SET n = n + :v", str, e + "Incorrect operand type for operator or function; operator or function: +, operand type: S"},
		{"difference of a list", "SET n = :v - n", `":v":{"L":[]}`, e + "Incorrect operand type for operator or function; operator or function: -, operand type: L"},
		{"sum in a function", "SET n = if_not_exists(n, :v + :v)", n, e + `Syntax error; token: "+", near: ":v + :v"`},
		{"nested list_append", "SET l = list_append(list_append(:a, :b), :c)", lists, e + "The function is not allowed to be used this way in an expression; function: list_append"},
		{"list_append in if_not_exists", "SET l = if_not_exists(l, list_append(:a, :b))", `":a":{"L":[]},":b":{"L":[]}`, e + "The function is not allowed to be used this way in an expression; function: list_append"},
		{"list_append of a string", "SET l = list_append(l, :v)", str, e + "Incorrect operand type for operator or function; operator or function: list_append, operand type: S"},
		{"list_append of one", "SET l = list_append(l)", "", e + "Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 1"},
		{"list_append of three", "SET l = list_append(l, l, l)", "", e + "Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 3"},
		{"function in capitals", "SET l = LIST_APPEND(l, l)", "", e + "Invalid function name; function: LIST_APPEND"},
		{"function of conditions", "SET l = size(l)", "", e + "The function is not allowed in an update expression; function: size"},
		{"if_not_exists of a value", "SET n = if_not_exists(:v, :v)", n, e + "Operator or function requires a document path; operator or function: if_not_exists"},
		{"if_not_exists of a function", "SET n = if_not_exists(if_not_exists(n, :v), :v)", n, e + "Operator or function requires a document path; operator or function: if_not_exists"},
		{"add a string", "ADD n :v", str, e + "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND"},
		{"add a list", "ADD l :v", `":v":{"L":[]}`, e + "Incorrect operand type for operator or function; operator: ADD, operand type: LIST, typeSet: ALLOWED_FOR_ADD_OPERAND"},
		{"delete a number", "DELETE ss :v", n, e + "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND"},
		{"add to another type", "ADD a :v", n, v + "An operand in the update expression has an incorrect data type"},
		{"delete of another set", "DELETE ss :v", `":v":{"NS":["1"]}`, v + "An operand in the update expression has an incorrect data type"},
		{"a name that begins with _", "SET _a = :v", n, e + `Syntax error; token: "_", near: "SET _a"`},
		{"another character", "SET a$b = :v", n, e + `Syntax error; token: "$", near: "a$b"`},
		{"a value on the left", "SET :v = :v", n, e + `Syntax error; token: ":v", near: "SET :v ="`},
		{"no clause", "HELLO a = :v", n, e + `Syntax error; token: "HELLO", near: "HELLO a"`},
		{"an index that is a value", "SET l[:v] = :v", n, e + `Syntax error; token: ":v", near: "[:v]"`},
		{"a great index", "SET l[99999999999] = :v", n, e + "List index is not within the allowable range; index: [99999999999]"},
		{"a deep path", "SET " + strings.Repeat("a.", 32) + "a = :v", n, e + "The document path has too many nesting levels; nesting levels: 33"},
		{"overflow", "SET n = n - :v", `":v":{"N":"1e125"}`, v + "Attempting to store more than 38 significant digits in a Number"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newEvents(t)
			put(t, s, "1", item)
			more := ""
			if strings.Contains(tc.expression, "#o") {
				more = `,"ExpressionAttributeNames":{"#o":"owner"}`
			}
			_, err := update(s, tc.expression, tc.values, more)
			wantError(t, err, tc.want)
			wantJSON(t, must(t, s, "GetItem", `{`+oneKey+`}`), `{"Item":{"pk":{"S":"p"},"sk":{"N":"1"}`+item+`}}`)
		})
	}
}

// TestUpdateOfIndexKeys: an update words it otherwise than a put.
func TestUpdateOfIndexKeys(t *testing.T) {
	t.Parallel()
	s := newEvents(t)
	put(t, s, "1", "")
	const names = `,"ExpressionAttributeNames":{"#o":"owner"}`
	const v = "ValidationException: "
	_, err := update(s, "SET #o = :v", `":v":{"S":""}`, names)
	wantError(t, err, v+"One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty string value.")
	_, err = update(s, "SET #o = :v", `":v":{"N":"1"}`, names)
	wantError(t, err, v+"The update expression attempted to update the secondary index key to unsupported type")
	_, err = update(s, "SET #o = :v", `":v":{"S":"`+strings.Repeat("x", 2049)+`"}`, names)
	wantError(t, err, v+"One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes")
	_, err = update(s, "SET x = :v", `":v":{"S":"`+strings.Repeat("x", 400<<10)+`"}`, "")
	wantError(t, err, v+"Item size to update has exceeded the maximum allowed size")
}

// AWS's captures: the leaf of a value is at level 32 at most, also where an
// update puts a value into one that is there.
func TestUpdateNestsTooDeep(t *testing.T) {
	t.Parallel()
	const short = "Nesting Levels have exceeded supported limits"
	deep := func(n int) string {
		return strings.Repeat(`{"L":[`, n) + `{"S":"x"}` + strings.Repeat(`]}`, n)
	}
	s := newEvents(t)
	put(t, s, "1", `,"l":{"L":[]}`)
	if _, err := update(s, "SET l[0] = :v", `":v":`+deep(30), ""); err != nil {
		t.Errorf("31 levels: %v", err)
	}
	_, err := update(s, "SET l[0] = :v", `":v":`+deep(31), "")
	wantError(t, err, "ValidationException: "+short+": Attributes in the item have nested levels beyond supported limit")
	_, err = do(s, "TransactWriteItems", `{"TransactItems":[{"Update":{`+oneKey+`,"UpdateExpression":"SET l[0] = :v","ExpressionAttributeValues":{":v":`+deep(31)+`}}}]}`)
	reasons, _ := json.Marshal(awserr.Of(err).Members)
	if !strings.Contains(string(reasons), `{"Code":"ValidationError","Message":"`+short+`"}`) {
		t.Errorf("in a transaction: got error %v\n%s", err, reasons)
	}
}
