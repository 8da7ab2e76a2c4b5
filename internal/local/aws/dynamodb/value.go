package dynamodb

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// value is one attribute value. Values are never changed once they are made,
// so that items can share them.
type value struct {
	// kind is DynamoDB's own name of the type: S, N, B, BOOL, NULL, L, M, SS,
	// NS or BS.
	kind string
	// text is a string, a number's canonical text, or the bytes of a binary.
	text string
	yes  bool
	list []value
	m    item
	// set is sorted; its members are written as text is.
	set []string
}

// item is a row of a table, or a map in one.
type item map[string]value

// Limits of the developer guide, "Quotas".
const (
	maxItem          = 400 << 10
	maxDepth         = 32
	maxAttributeName = 65535
)

// UnmarshalJSON reads a value in DynamoDB's JSON.
func (v *value) UnmarshalJSON(data []byte) error {
	return v.decode(data, 0)
}

func (v *value) decode(data []byte, depth int) error {
	if depth >= maxDepth {
		return errNesting
	}
	var content []byte
	several := false
	if string(data) != "null" {
		if data[0] != '{' {
			return serialization()
		}
		_ = eachMember(data, func(kind string, raw []byte) error {
			if string(raw) != "null" {
				several = several || content != nil && kind != v.kind
				v.kind, content = kind, raw
			} else if kind == v.kind {
				v.kind, content = "", nil // the last of the same members counts
			}
			return nil
		})
	}
	switch {
	case content == nil:
		return validation("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
	case several:
		return validation("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
	}
	return v.decodeKind(content, depth)
}

func (v *value) decodeKind(raw []byte, depth int) error {
	var err error
	switch v.kind {
	case "S", "N", "B":
		text, ok := unquote(raw)
		if !ok {
			return serialization()
		}
		v.text, err = scalarText(v.kind, text)
	case "BOOL", "NULL":
		if raw[0] != 't' && raw[0] != 'f' {
			return serialization()
		}
		v.yes = raw[0] == 't'
		if v.kind == "NULL" && !v.yes {
			return validation("One or more parameter values were invalid: Null attribute value types must have the value of true")
		}
	case "L":
		if raw[0] != '[' {
			return serialization()
		}
		v.list = []value{}
		err = eachElement(raw, func(raw []byte) error {
			v.list = append(v.list, value{})
			return v.list[len(v.list)-1].decode(raw, depth+1)
		})
	case "M":
		v.m, err = decodeItem(raw, depth+1)
	case "SS", "NS", "BS":
		err = v.decodeSet(raw)
	default:
		return validation("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
	}
	return err
}

// UnmarshalJSON reads an item in DynamoDB's JSON; null is none.
func (it *item) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	var err error
	*it, err = decodeItem(data, 0)
	return err
}

func decodeItem(data []byte, depth int) (item, error) {
	if data[0] != '{' {
		return nil, serialization()
	}
	it := item{}
	err := eachMember(data, func(name string, raw []byte) error {
		if err := checkAttributeName(name); err != nil {
			return err
		}
		var e value
		err := e.decode(raw, depth)
		it[name] = e
		return err
	})
	if err != nil {
		return nil, err
	}
	return it, nil
}

// emptySets are what the types of sets are called where one is empty.
var emptySets = map[string]string{
	"SS": "An string set  may not be empty", "NS": "An number set  may not be empty", "BS": "Binary sets should not be empty",
}

// repeatedMembers are the errors of sets that have a member twice. AWS shows
// the members too.
var repeatedMembers = map[string]string{
	"SS": "One or more parameter values were invalid: Input collection contains duplicates.",
	"NS": "Input collection contains duplicates",
	"BS": "One or more parameter values were invalid: Input collection of type BS contains duplicates.",
}

func (v *value) decodeSet(raw []byte) error {
	var list []string
	if json.Unmarshal(raw, &list) != nil {
		return serialization()
	}
	if len(list) == 0 {
		return validation("One or more parameter values were invalid: %s", emptySets[v.kind])
	}
	for i, text := range list {
		var err error
		if list[i], err = scalarText(v.kind[:1], text); err != nil {
			return err
		}
	}
	slices.Sort(list)
	if len(slices.Compact(slices.Clone(list))) != len(list) {
		return validation("%s", repeatedMembers[v.kind])
	}
	v.set = list
	return nil
}

// scalarText turns a scalar from its text on the wire to the one kept.
func scalarText(kind, wire string) (string, error) {
	switch kind {
	case "N":
		d, err := parseNumber(wire)
		if err != nil {
			return "", err
		}
		return d.String(), nil
	case "B":
		b, err := base64.StdEncoding.DecodeString(wire)
		if err != nil {
			return "", serialization()
		}
		return string(b), nil
	}
	return wire, nil
}

// MarshalJSON writes a value in DynamoDB's JSON.
func (v value) MarshalJSON() ([]byte, error) { return v.append(nil), nil }

// MarshalJSON writes an item in DynamoDB's JSON, its names sorted.
func (it item) MarshalJSON() ([]byte, error) { return it.append(nil), nil }

// append writes the value behind b: for encoding/json alone, each level of
// nesting would be written and read once more.
func (v value) append(b []byte) []byte {
	b = append(b, `{"`+v.kind+`":`...)
	switch v.kind {
	case "BOOL", "NULL":
		b = strconv.AppendBool(b, v.yes)
	case "M":
		b = v.m.append(b)
	case "L":
		b = append(b, '[')
		for i, e := range v.list {
			b = e.append(comma(b, i))
		}
		b = append(b, ']')
	case "SS", "NS", "BS":
		b = append(b, '[')
		for i, e := range v.set {
			b = appendScalar(comma(b, i), v.kind[:1], e)
		}
		b = append(b, ']')
	default:
		b = appendScalar(b, v.kind, v.text)
	}
	return append(b, '}')
}

func (it item) append(b []byte) []byte {
	b = append(b, '{')
	var few [16]string // enough for most items
	names := few[:0]
	for name := range it {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		b = append(appendScalar(comma(b, i), "S", name), ':')
		b = it[name].append(b)
	}
	return append(b, '}')
}

func comma(b []byte, i int) []byte {
	if i == 0 {
		return b
	}
	return append(b, ',')
}

func appendScalar(b []byte, kind, text string) []byte {
	if kind == "B" {
		text = base64.StdEncoding.EncodeToString([]byte(text))
	}
	if !strings.ContainsFunc(text, escapes) {
		return append(append(append(b, '"'), text...), '"')
	}
	quoted, _ := json.Marshal(text) // a string can always be written
	return append(b, quoted...)
}

// escapes is whether encoding/json may write a character otherwise than as it is.
func escapes(r rune) bool {
	return r < ' ' || r > '~' || r == '"' || r == '\\' || r == '<' || r == '>' || r == '&'
}

// wire is a scalar as a client writes it.
func (v value) wire() string {
	if v.kind == "B" {
		return base64.StdEncoding.EncodeToString([]byte(v.text))
	}
	return v.text
}

// size is what a value counts for an item's size (developer guide, "DynamoDB
// item sizes and formats").
func (v value) size() int {
	switch v.kind {
	case "BOOL", "NULL":
		return 1
	case "N":
		return numberSize(v.text)
	case "L":
		n := 3
		for _, e := range v.list {
			n += 1 + e.size()
		}
		return n
	case "M":
		return 3 + len(v.m) + v.m.size()
	case "SS", "NS", "BS":
		n := 0
		for _, e := range v.set {
			n += value{kind: v.kind[:1], text: e}.size()
		}
		return n
	}
	return len(v.text)
}

func (it item) size() int {
	n := 0
	for name, v := range it {
		n += len(name) + v.size()
	}
	return n
}

// depth is the level of the deepest value inside; a scalar has 0.
func (v value) depth() int {
	n := 0
	for _, e := range v.list {
		n = max(n, 1+e.depth())
	}
	for _, e := range v.m {
		n = max(n, 1+e.depth())
	}
	return n
}

// equal compares values of any type.
func (v value) equal(o value) bool {
	return v.kind == o.kind && v.text == o.text && v.yes == o.yes && slices.Equal(v.set, o.set) &&
		slices.EqualFunc(v.list, o.list, value.equal) && maps.EqualFunc(v.m, o.m, value.equal)
}

// order is a text that sorts as the scalar values of one kind do: strings and
// binaries by their bytes, numbers by their value.
func (v value) order() string {
	if v.kind != "N" {
		return v.text
	}
	d, _ := parseNumber(v.text) // it was parsed when it came in
	return d.order()
}

// compare orders two scalars; ok is false where they have no order.
func (v value) compare(o value) (c int, ok bool) {
	if v.kind != o.kind || !slices.Contains([]string{"S", "N", "B"}, v.kind) {
		return 0, false
	}
	return strings.Compare(v.order(), o.order()), true
}
