package dynamodb

import (
	"cmp"
	"slices"
	"strings"
)

var (
	errMissingOperand = validation("The provided expression refers to an attribute that does not exist in the item")
	errOperandType    = validation("An operand in the update expression has an incorrect data type")
	errDocumentPath   = validation("The document path provided in the update expression is invalid for update")
)

// change is what an action's path shall lead to; nil is nothing.
type change struct {
	path    path
	updated *value
}

// apply returns the item with the actions done to it. All read the item as it
// was, and mean its indexes: of a list, what is set goes by index, so that what
// lies beyond the end is appended in order, and what is removed goes from the
// end.
func apply(actions []action, it item) (item, error) {
	changes := make([]change, len(actions))
	for i, a := range actions {
		updated, err := a.result(it)
		if err != nil {
			return nil, err
		}
		changes[i] = change{a.path, updated}
	}
	slices.SortFunc(changes, func(a, b change) int {
		switch {
		case a.updated == nil && b.updated == nil:
			return b.path.compare(a.path)
		case a.updated == nil:
			return 1
		case b.updated == nil:
			return -1
		}
		return a.path.compare(b.path)
	})
	out := value{kind: "M", m: it}
	for _, c := range changes {
		var ok bool
		if out, ok = out.with(c.path, c.updated); !ok {
			return nil, errDocumentPath
		}
	}
	return out.m, nil
}

// takesAway is whether all actions only take away, so that they make no item.
func takesAway(actions []action) bool {
	return len(actions) > 0 && !slices.ContainsFunc(actions, func(a action) bool { return a.clause == "SET" || a.clause == "ADD" })
}

// compare orders paths by their steps.
func (p path) compare(q path) int {
	return slices.CompareFunc(p, q, func(a, b step) int {
		return cmp.Or(cmp.Compare(a.index, b.index), strings.Compare(a.name, b.name))
	})
}

// result is what an action's path shall lead to; nil is nothing.
func (a action) result(it item) (*value, error) {
	if a.clause == "REMOVE" {
		return nil, nil
	}
	v, err := a.term.in(it)
	if err != nil || a.clause == "SET" {
		return &v, err
	}
	old, there := a.path.in(it)
	switch {
	case a.clause == "ADD" && !there:
		return &v, nil
	case !there:
		return nil, nil
	case old.kind != v.kind:
		return nil, errOperandType
	case v.kind == "N":
		sum, err := old.plus(v, false)
		return &sum, err
	}
	var set []string
	for _, e := range old.set {
		if a.clause == "ADD" || !slices.Contains(v.set, e) {
			set = append(set, e)
		}
	}
	if a.clause == "ADD" {
		set = append(set, v.set...)
	}
	slices.Sort(set)
	if set = slices.Compact(set); len(set) == 0 {
		return nil, nil // an empty set is removed
	}
	return &value{kind: old.kind, set: set}, nil
}

// in evaluates a term against the item as it was before the update.
func (t *term) in(it item) (value, error) {
	if t.op == "" {
		v, ok := t.leaf.in(it)
		if !ok {
			return v, errMissingOperand
		}
		return v, nil
	}
	left, err := t.kids[0].in(it)
	if t.op == "if_not_exists" {
		if err == nil {
			return left, nil
		}
		return t.kids[1].in(it)
	}
	if err != nil {
		return left, err
	}
	right, err := t.kids[1].in(it)
	if err != nil {
		return right, err
	}
	if t.op == "list_append" {
		if left.kind != "L" || right.kind != "L" {
			return left, errOperandType
		}
		return value{kind: "L", list: slices.Concat(left.list, right.list)}, nil
	}
	return left.plus(right, t.op == "-")
}

// plus adds or subtracts numbers.
func (v value) plus(o value, minus bool) (value, error) {
	if v.kind != "N" || o.kind != "N" {
		return v, errOperandType
	}
	a, err := parseNumber(v.text)
	if err != nil {
		return v, err
	}
	b, err := parseNumber(o.text)
	if err != nil {
		return v, err
	}
	if minus {
		b = b.neg()
	}
	sum, err := a.add(b)
	if err != nil {
		return v, err
	}
	return value{kind: "N", text: sum.String()}, nil
}
