package dynamodb

import (
	"encoding/json"
	"strings"
	"testing"
)

const conditionValues = `{":h":{"S":"hello"},":he":{"S":"he"},":n":{"N":"9.0"},":10":{"N":"10"},":5":{"N":"5"},":a":{"S":"a"},":t":{"BOOL":true},":type":{"S":"SS"},":S":{"S":"S"},
		":one":{"N":"1"},":l":{"L":[{"N":"1"},{"S":"x"}]},":big":{"N":"12345678901234567890123456788"},":ss":{"SS":["b","a"]},":dog":{"S":"DOG"},":list":{"L":[]}}`

// TestConditionForms: what DynamoDB accepts, and how it evaluates it.
func TestConditionForms(t *testing.T) {
	t.Parallel()
	var it item
	if err := json.Unmarshal([]byte(`{"s":{"S":"hello"},"p":{"S":"he"},"n":{"N":"9"},"five":{"N":"5"},"l":{"L":[{"N":"1"},{"SS":["a","b"]}]},"m":{"M":{"k":{"S":"v"}}},"and":{"N":"1"}}`), &it); err != nil {
		t.Fatal(err)
	}
	var values map[string]value
	if err := json.Unmarshal([]byte(conditionValues), &values); err != nil {
		t.Fatal(err)
	}
	for expression, want := range map[string]bool{
		"(size(s)) = :5": true, "(s) = :h": true, "(:h) = (s)": true, "((size(s)) = :5)": true, "(s) IN (:he, (:h))": true, "(n) BETWEEN (:5) AND (:10)": true,
		"(n BETWEEN :5 AND :10) AND (s = :h)": true, "((s = :h) AND (n = :n))": true, "(s = :h AND (n = :n OR n = :5))": true,
		"size(s) = five": true, "five = size(s)": true, "size(s) > size(p)": true, "size((s)) = :5": true, "size(:h) = :5": true, "size(n) = :5": false,
		"attribute_type(:h, :S)": true, "attribute_type(s, :S)": true, "attribute_type(:n, :S)": false,
		"begins_with(:h, p)": true, "begins_with(s, p)": true, "contains(l, :ss)": true, "contains(s, p)": true, "contains(:h, p)": true, "contains(l, :h)": false,
		"NOT NOT NOT NOT s = :h": true, "not (s = :he)": true, "s BETWEEN p AND :h": true, "n BETWEEN five AND :10": true, "n BETWEEN :10 AND five": false,
		"n BETWEEN five AND :h": false, "n IN (:h, :n)": true, "s IN (p, :h)": true, "m.k = m.x": false, "m.k <> m.x": true, "x <> y": true, "x = y": false,
		"s = :h OR s = :he AND n = :one": true, "NOT s = :he AND n = :one": false, "attribute_exists (m.k)": true, "#and = :one": true,
	} {
		n, err := newExpressions(map[string]string{"#and": "and"}, values).condition("ConditionExpression", expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
		} else if got := n.holds(it); got != want {
			t.Errorf("%s: got %t", expression, got)
		}
	}
}

func TestConditionErrors(t *testing.T) {
	t.Parallel()
	var values map[string]value
	if err := json.Unmarshal([]byte(conditionValues), &values); err != nil {
		t.Fatal(err)
	}
	const (
		parens   = "The expression has redundant parentheses;"
		distinct = "The first operand must be distinct from the remaining operands for this operator or function; operator: "
		misused  = "The function is not allowed to be used this way in an expression; function: "
		operand  = "Incorrect operand type for operator or function; operator or function: "
	)
	many := make([]string, 101)
	for i := range many {
		many[i] = ":h"
	}
	for expression, want := range map[string]string{
		"":                                       "The expression can not be empty;",
		" ":                                      "The expression can not be empty;",
		"((s <> :h))":                            parens,
		"((s)) = :h":                             parens,
		"(((s = :h) AND (n = :n)))":              parens,
		"n = :n AND ((s = :h))":                  parens,
		"NOT ((s = :h))":                         parens,
		"s IN (((:h)))":                          parens,
		"s = s":                                  distinct + "=, first operand: [s]",
		"m.k[1] < m.k[1]":                        distinct + "<, first operand: [m, k, [1]]",
		"#a <> s":                                distinct + "<>, first operand: [s]",
		"(s) = (s)":                              distinct + "=, first operand: [s]",
		"contains(s, s)":                         distinct + "contains, first operand: [s]",
		"begins_with(s, s)":                      distinct + "begins_with, first operand: [s]",
		"s BETWEEN s AND :h":                     distinct + "BETWEEN, first operand: [s]",
		"s BETWEEN :h AND s":                     distinct + "BETWEEN, first operand: [s]",
		"s IN (:h, s)":                           distinct + "IN, first operand: [s]",
		"n BETWEEN :one AND :h":                  "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:hello}",
		"n BETWEEN :10 AND :one":                 "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:10}, upper bound operand: AttributeValue: {N:1}",
		"n BETWEEN :list AND :list":              operand + "BETWEEN, operand type: L",
		":t < n":                                 operand + "<, operand type: BOOL",
		"size(:n) = :one":                        operand + "size, operand type: N",
		"size(:t) = :one":                        operand + "size, operand type: BOOL",
		"size(size(s)) = :one":                   operand + "size, operand type: N",
		"size(s)":                                misused + "size",
		"(size(s))":                              misused + "size",
		"NOT size(s)":                            misused + "size",
		"size(s) AND s = :h":                     misused + "size",
		"attribute_exists(s) < :one":             misused + "attribute_exists",
		":one = contains(s, :h)":                 misused + "contains",
		"size(attribute_exists(s)) = :n":         misused + "attribute_exists",
		"size(s, s) = :n":                        "Incorrect number of operands for operator or function; operator or function: size, number of operands: 2",
		"if_not_exists(s, :h) = :h":              "The function is not allowed in a condition expression; function: if_not_exists",
		"list_append(s, :h) = :h":                "The function is not allowed in a condition expression; function: list_append",
		"BEGINS_WITH(s, :h)":                     "Invalid function name; function: BEGINS_WITH",
		"begins_with(:n, s)":                     operand + "begins_with, operand type: N",
		"begins_with(size(s), :h)":               operand + "begins_with, operand type: N",
		"attribute_type(s, :dog)":                "Invalid attribute type name found; type: DOG, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
		"attribute_type(s, :n)":                  operand + "attribute_type, operand type: N",
		"attribute_type(s, p)":                   operand + "attribute_type, operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}",
		"attribute_exists(size(s))":              "Operator or function requires a document path; operator or function: attribute_exists",
		"attribute_not_exists(:h)":               "Operator or function requires a document path; operator or function: attribute_not_exists",
		"s IN ()":                                `Syntax error; token: ")", near: "()"`,
		"s IN (" + strings.Join(many, ",") + ")": "The IN operator is provided with too many operands; number of operands: 101",
		"_a = :h":                                `Syntax error; token: "_", near: "_a"`,
		"s != :h":                                `Syntax error; token: "!", near: "s !="`,
		"s":                                      `Syntax error; token: "<EOF>", near: "s"`,
		":h":                                     `Syntax error; token: "<EOF>", near: ":h"`,
		"(s = :h":                                `Syntax error; token: "<EOF>", near: ":h"`,
		"s = :h)":                                `Syntax error; token: ")", near: ":h)"`,
		")(":                                     `Syntax error; token: ")", near: ")("`,
		strings.Repeat("NOT ", 301) + "s = :h":   "The expression contains too many operators; operator count: 301",
		strings.Repeat("NOT ", 400) + "s = :h":   "The expression contains too many operators; operator count: 301",
	} {
		_, err := newExpressions(map[string]string{"#a": "s"}, values).condition("FilterExpression", expression)
		if wanted := "ValidationException: Invalid FilterExpression: " + want; err == nil || err.Error() != wanted {
			t.Errorf("%s: got error\n%v\nwant\n%s", expression, err, wanted)
		}
	}
}

// TestPlaceholders: those of a request are looked at before its expressions.
func TestPlaceholders(t *testing.T) {
	t.Parallel()
	const v = "ValidationException: "
	const condition = `"ConditionExpression":"attribute_not_exists(pk)"`
	for more, want := range map[string]string{
		condition + `,"ExpressionAttributeNames":{}`:                                             v + "ExpressionAttributeNames must not be empty",
		condition + `,"ExpressionAttributeValues":{}`:                                            v + "ExpressionAttributeValues must not be empty",
		condition + `,"ExpressionAttributeNames":{"a":"b"}`:                                      v + `ExpressionAttributeNames contains invalid key: Syntax error; key: "a"`,
		condition + `,"ExpressionAttributeNames":{"#":"b"}`:                                      v + `ExpressionAttributeNames contains invalid key: Syntax error; key: "#"`,
		condition + `,"ExpressionAttributeNames":{"#a-b":"b"}`:                                   v + `ExpressionAttributeNames contains invalid key: Syntax error; key: "#a-b"`,
		condition + `,"ExpressionAttributeNames":{"#a":""}`:                                      v + `ExpressionAttributeNames contains invalid value: Empty attribute name for key #a`,
		condition + `,"ExpressionAttributeNames":{"#a":"` + strings.Repeat("x", 65536) + `"}`:    v + `ExpressionAttributeNames contains invalid value: Attribute name is too large, must be less than 65536 bytes for key #a`,
		condition + `,"ExpressionAttributeValues":{"a":{"S":"b"}}`:                               v + `ExpressionAttributeValues contains invalid key: Syntax error; key: "a"`,
		condition + `,"ExpressionAttributeValues":{":a":{"S":"b"}}`:                              v + "Value provided in ExpressionAttributeValues unused in expressions: keys: {:a}",
		condition + `,"ExpressionAttributeValues":{":a":{"SS":[]}}`:                              v + "ExpressionAttributeValues contains invalid value: One or more parameter values were invalid: An string set  may not be empty for key :a",
		condition + `,"ExpressionAttributeValues":{":a":{}}`:                                     v + "ExpressionAttributeValues contains invalid value: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes for key :a",
		`"ExpressionAttributeValues":{":a":{"S":"b"}}`:                                           v + "ExpressionAttributeValues can only be specified when using expressions",
		`"ExpressionAttributeNames":{"#a":"b"}`:                                                  v + "ExpressionAttributeNames can only be specified when using expressions",
		`"ConditionExpression":""`:                                                               v + "Invalid ConditionExpression: The expression can not be empty;",
		`"ConditionExpression":"pk.a = sk"`:                                                      v + "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk",
		`"ConditionExpression":"attribute_exists(at[0])"`:                                        v + "Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: at",
		`"ConditionExpression":"attribute_exists(#a[0])","ExpressionAttributeNames":{"#a":"at"}`: v + "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: at",
	} {
		s := newEvents(t)
		_, err := do(s, "DeleteItem", `{`+oneKey+`,`+more+`}`)
		if err == nil || err.Error() != want {
			t.Errorf("%.200s: got error\n%v\nwant\n%s", more, err, want)
		}
	}
	s := newEvents(t)
	_, err := do(s, "Scan", `{"TableName":"events","ProjectionExpression":"a","ExpressionAttributeValues":{":a":{"S":"b"}}}`)
	wantError(t, err, v+"ExpressionAttributeValues can only be specified when using expressions")
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
		"s = :h attribute_exists(n)": `Invalid ConditionExpression: Syntax error; token: "attribute_exists", near: ":h attribute_exists("`,
		"s ~ :h":                     `Invalid ConditionExpression: Syntax error; token: "~", near: "s ~ :h"`,
		"(s = :h":                    `Invalid ConditionExpression: Syntax error; token: "<EOF>", near: ":h"`,
		"foo(s)":                     "Invalid ConditionExpression: Invalid function name; function: foo",
		"contains(s)":                "Invalid ConditionExpression: Incorrect number of operands for operator or function; operator or function: contains, number of operands: 1",
		"attribute_exists(:h)":       "Invalid ConditionExpression: Operator or function requires a document path; operator or function: attribute_exists",
		"attribute_type(s, :h)":      "Invalid ConditionExpression: Invalid attribute type name found; type: hello, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
		"n < :t":                     "Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: <, operand type: BOOL",
		"begins_with(s, :n)":         "Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
		"n BETWEEN :10 AND :one":     "Invalid ConditionExpression: The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:10}, upper bound operand: AttributeValue: {N:1}",
		"name = :h":                  "Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: name",
		"#n = :h":                    "Invalid ConditionExpression: An expression attribute name used in the document path is not defined; attribute name: #n",
		strings.Repeat("(", 400) + "s = :h" + strings.Repeat(")", 400): "Invalid ConditionExpression: The expression has redundant parentheses;",
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
