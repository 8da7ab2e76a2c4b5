package dynamodb

import (
	"strings"
	"testing"
)

// TestSizesOfKeys: those of the table are limited in requests of every kind,
// those of an index where an item is written.
func TestSizesOfKeys(t *testing.T) {
	t.Parallel()
	s := newService()
	if _, err := s.CreateTable(t.Context(), Table{
		Name: "tab", BillingMode: "PAY_PER_REQUEST", HashKey: "h", RangeKey: "r", Attributes: []Attribute{{"h", "S"}, {"r", "B"}, {"g", "S"}, {"i", "S"}},
		GSIs: []Index{{Name: "by-g", HashKey: "g", RangeKey: "i", Projection: "KEYS_ONLY"}},
	}); err != nil {
		t.Fatal(err)
	}
	const (
		v    = "ValidationException: "
		hash = v + "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes"
		sort = v + "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
	)
	b := func(n int) string { return strings.Repeat("AAAA", n/3) } // n is a multiple of 3
	key := func(h, r int, more string) string {
		return `{"h":{"S":"` + strings.Repeat("h", h) + `"},"r":{"B":"` + b(r) + `"}` + more + `}`
	}
	for _, tc := range []struct{ op, body, want string }{
		{"PutItem", `"Item":` + key(2048, 1023, ""), ""},
		{"PutItem", `"Item":` + key(2049, 3, ""), hash},
		{"PutItem", `"Item":` + key(1, 1026, ""), sort},
		{"GetItem", `"Key":` + key(2049, 3, ""), hash},
		{"DeleteItem", `"Key":` + key(1, 1026, ""), sort},
		{"PutItem", `"Item":` + key(1, 3, `,"g":{"S":"`+strings.Repeat("g", 2049)+`"}`), hash},
		{"PutItem", `"Item":` + key(1, 3, `,"i":{"S":"`+strings.Repeat("i", 1025)+`"}`), sort},
		{"PutItem", `"Item":` + key(1, 3, `,"g":{"S":"`+strings.Repeat("g", 2048)+`"},"i":{"S":"`+strings.Repeat("i", 1024)+`"}`), ""},
		{"PutItem", `"Item":` + key(1, 0, ""), v + "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty binary value. Key: r"},
		{"Query", `"KeyConditionExpression":"h = :h","ExpressionAttributeValues":{":h":{"S":"` + strings.Repeat("h", 2049) + `"}}`, hash},
		{"Query", `"KeyConditionExpression":"h = :h","ExpressionAttributeValues":{":h":{"S":""}}`, v + "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: h"},
	} {
		_, err := do(s, tc.op, `{"TableName":"tab",`+tc.body+`}`)
		if tc.want != "" {
			wantError(t, err, tc.want)
		} else if err != nil {
			t.Errorf("%s: %v", tc.op, err)
		}
	}
}

// TestNewIndexOverOldItems: what could not be written to the index is left out
// of it, and can be written otherwise.
func TestNewIndexOverOldItems(t *testing.T) {
	t.Parallel()
	s := newService()
	table := Table{Name: "tab", BillingMode: "PAY_PER_REQUEST", HashKey: "pk", Attributes: []Attribute{{"pk", "S"}}}
	if _, err := s.CreateTable(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	for id, g := range map[string]string{"good": `{"S":"g"}`, "empty": `{"S":""}`, "large": `{"S":"` + strings.Repeat("g", 2049) + `"}`, "number": `{"N":"1"}`} {
		must(t, s, "PutItem", `{"TableName":"tab","Item":{"pk":{"S":"`+id+`"},"g":`+g+`}}`)
	}
	table.Attributes = append(table.Attributes, Attribute{"g", "S"})
	table.GSIs = []Index{{Name: "by-g", HashKey: "g", Projection: "KEYS_ONLY"}}
	if _, err := s.UpdateTable(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	wantJSON(t, must(t, s, "Scan", `{"TableName":"tab","IndexName":"by-g"}`), `{"Count":1,"ScannedCount":1,"Items":[{"pk":{"S":"good"},"g":{"S":"g"}}]}`)
	for _, id := range []string{"empty", "large", "number"} {
		must(t, s, "UpdateItem", `{"TableName":"tab","Key":{"pk":{"S":"`+id+`"}},"UpdateExpression":"SET x = :x","ExpressionAttributeValues":{":x":{"S":"x"}}}`)
		must(t, s, "DeleteItem", `{"TableName":"tab","Key":{"pk":{"S":"`+id+`"}}}`)
	}
	if p := read(t, s, "Scan", `{"TableName":"tab","Select":"COUNT"}`); p.Count != 1 {
		t.Errorf("%d items are left", p.Count)
	}
}

// TestValuesOfItems: what a value must be.
func TestValuesOfItems(t *testing.T) {
	t.Parallel()
	const v = "ValidationException: "
	nested := func(levels int) string {
		return strings.Repeat(`{"L":[`, levels) + `{"S":"x"}` + strings.Repeat(`]}`, levels)
	}
	for value, want := range map[string]string{
		`"":{"S":"x"}`:             v + "Empty attribute name",
		`"m":{"M":{"":{"S":"x"}}}`: v + "Empty attribute name",
		`"` + strings.Repeat("n", 65536) + `":{"S":"x"}`: v + "Attribute name is too large, must be less than 65536 bytes",
		`"` + strings.Repeat("n", 65535) + `":{"S":"x"}`: "",
		`"s":{"SS":[]}`:         v + "One or more parameter values were invalid: An string set  may not be empty",
		`"s":{"NS":[]}`:         v + "One or more parameter values were invalid: An number set  may not be empty",
		`"s":{"BS":[]}`:         v + "One or more parameter values were invalid: Binary sets should not be empty",
		`"s":{"SS":["a","a"]}`:  v + "One or more parameter values were invalid: Input collection contains duplicates.",
		`"s":{"SS":["",""]}`:    v + "One or more parameter values were invalid: Input collection contains duplicates.",
		`"s":{"BS":["",""]}`:    v + "One or more parameter values were invalid: Input collection of type BS contains duplicates.",
		`"s":{"NS":["1","01"]}`: v + "Input collection contains duplicates",
		`"s":{"NS":[""]}`:       v + "The parameter cannot be converted to a numeric value",
		`"s":{"SS":[""]},"b":{"BS":[""]},"e":{"S":""},"f":{"B":""},"l":{"L":[]},"m":{"M":{}}`: "",
		`"z":{"NULL":false}`: v + "One or more parameter values were invalid: Null attribute value types must have the value of true",
		`"n":{"N":"1E-131"}`: v + "Number underflow. Attempting to store a number with magnitude smaller than supported range",
		`"n":{"N":"1E125"}`:  "",
		`"l":` + nested(31):  "",
		`"l":` + nested(32):  v + "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
		`"x":{"S":"` + strings.Repeat("x", 400<<10-3) + `"}`: "",
		`"x":{"S":"` + strings.Repeat("x", 400<<10-2) + `"}`: v + "Item size has exceeded the maximum allowed size",
		`"x":{"S":"` + strings.Repeat("é", 200<<10-2) + `"}`: "",
		`"x":{"S":"` + strings.Repeat("é", 200<<10-1) + `"}`: v + "Item size has exceeded the maximum allowed size",
	} {
		s := newService()
		if _, err := s.CreateTable(t.Context(), Table{Name: "tab", BillingMode: "PAY_PER_REQUEST", HashKey: "k", Attributes: []Attribute{{"k", "N"}}}); err != nil {
			t.Fatal(err)
		}
		_, err := do(s, "PutItem", `{"TableName":"tab","Item":{"k":{"N":"0"},`+value+`}}`)
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%.80s: got error\n%v\nwant\n%s", value, err, want)
		}
	}
}
