package iam

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
)

// object is a JSON object in the order of its members. encoding/json would
// take the last of two members of one name, and match names whatever their
// case: a statement could then say something else than what is evaluated.
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

var (
	errDuplicate = errors.New("member twice")
	errDeep      = errors.New("nested too deeply")
)

func parseObject(document string) (object, error) {
	d := json.NewDecoder(strings.NewReader(document))
	d.UseNumber()
	v, err := parseValue(d, 0)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("text after the policy")
		}
	}
	switch {
	case errors.Is(err, errDuplicate):
		return nil, malformed("Syntax errors in policy: %v: keep one", err)
	case err != nil:
		return nil, malformed("This policy contains invalid Json: byte %d: %v", d.InputOffset(), err)
	}
	o, ok := v.(object)
	if !ok {
		return nil, malformed("This policy contains invalid Json: the policy must be an object")
	}
	return o, nil
}

// duplicateError names the member that stands twice.
type duplicateError struct{ name string }

func (e duplicateError) Error() string        { return strconv.Quote(e.name) + " stands twice" }
func (e duplicateError) Is(target error) bool { return target == errDuplicate }

func parseValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errDeep
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return t, nil
	}
	if delim == '[' {
		list := []any{}
		for d.More() {
			v, err := parseValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	}
	o := object{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		key, _ := name.(string)
		if _, twice := o.get(key); twice {
			return nil, duplicateError{key}
		}
		v, err := parseValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		o = append(o, member{key, v})
	}
	_, err = d.Token()
	return o, err
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

func itoa(n int) string { return strconv.Itoa(n) }
