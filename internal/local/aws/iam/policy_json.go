package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/strictjson"
)

// object is a JSON object in the order of its members, whose names AWS tells apart
// by case, as encoding/json does not.
type object []member

type member struct {
	name  string
	value any
}

func (o object) get(name string) (any, bool) {
	for _, m := range o {
		if m.name == name {
			return m.value, true
		}
	}
	return nil, false
}

// only refuses members of other names.
func (o object) only(where string, names ...string) error {
	for _, m := range o {
		if slices.Contains(names, m.name) {
			continue
		}
		for _, n := range names {
			if strings.EqualFold(n, m.name) || strings.EqualFold(n+"s", m.name) {
				return malformed("Syntax errors in policy: %q is not a member of %s: write %q", m.name, where, n)
			}
		}
		return malformed("Syntax errors in policy: %q is not a member of %s: use only %s", m.name, where, strings.Join(names, ", "))
	}
	return nil
}

// maxDepth is deeper than any policy goes.
const maxDepth = 8

func parseObject(document string) (object, error) {
	members, err := strictjson.Members([]byte(document))
	var repeated *strictjson.RepeatedError
	switch {
	case errors.As(err, &repeated):
		return nil, malformed("Syntax errors in policy: %q stands twice: keep one", repeated.Name)
	case errors.Is(err, strictjson.ErrNotObject):
		return nil, malformed("This policy contains invalid Json: the policy must be an object")
	case err != nil:
		var syntax *json.SyntaxError
		if errors.As(json.Unmarshal([]byte(document), new(any)), &syntax) {
			return nil, malformed("This policy contains invalid Json: byte %d: %v", syntax.Offset, syntax)
		}
		return nil, malformed("This policy contains invalid Json: it %v", err)
	}
	return parseMembers(members, 0)
}

func parseMembers(members []strictjson.Member, depth int) (object, error) {
	o := make(object, len(members))
	for i, m := range members {
		value, err := parseValue(m.Value, depth+1)
		if err != nil {
			return nil, err
		}
		o[i] = member{m.Name, value}
	}
	return o, nil
}

// parseValue reads a part of what strictjson has read: it cannot be malformed.
func parseValue(raw json.RawMessage, depth int) (any, error) {
	if depth > maxDepth {
		return nil, malformed("This policy contains invalid Json: nested too deeply")
	}
	switch raw[0] {
	case '{':
		members, err := strictjson.Members(raw)
		if err != nil {
			return nil, err
		}
		return parseMembers(members, depth)
	case '[':
		var elements []json.RawMessage
		if err := json.Unmarshal(raw, &elements); err != nil {
			return nil, err
		}
		list := make([]any, len(elements))
		for i, element := range elements {
			var err error
			if list[i], err = parseValue(element, depth+1); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var value any
	err := d.Decode(&value)
	return value, err
}

// stringList reads a string or a list of strings.
func stringList(v any) ([]string, bool) {
	if s, ok := v.(string); ok {
		return []string{s}, true
	}
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	out := make([]string, 0, len(list))
	for _, e := range list {
		s, ok := e.(string)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}
