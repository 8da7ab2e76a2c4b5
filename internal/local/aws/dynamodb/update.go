package dynamodb

import (
	"slices"
	"strings"
)

// action is one action of an update expression: SET with a term, ADD and
// DELETE with a value, REMOVE with nothing.
type action struct {
	clause string
	path   path
	term   *term
}

// term is the right side of SET: an operand, a function of terms, or a sum or
// difference of two.
type term struct {
	op   string // "", "+", "-", "if_not_exists", "list_append"
	leaf operand
	kids []*term
}

// update reads an UpdateExpression (developer guide, "Using update
// expressions in DynamoDB").
func (e *expressions) update(text string) ([]action, error) {
	p, err := e.parser("UpdateExpression", text)
	if err != nil {
		return nil, err
	}
	var out []action
	seen := map[string]bool{}
	for p.peek() != "" {
		clause := strings.ToUpper(p.peek())
		if !slices.Contains([]string{"SET", "REMOVE", "ADD", "DELETE"}, clause) {
			return nil, p.syntax()
		}
		if seen[clause] {
			return nil, p.fail("The %q section can only be used once in an update expression;", clause)
		}
		seen[clause] = true
		p.pos++
		for {
			a, err := p.action(clause)
			if err != nil {
				return nil, err
			}
			out = append(out, a)
			if !p.accept(",") {
				break
			}
		}
	}
	paths := make([]path, len(out))
	for i, a := range out {
		paths[i] = a.path
	}
	if one, two, found := overlap(paths); found {
		return nil, p.fail("Two document paths overlap with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", one, two)
	}
	return out, nil
}

func (p *parser) action(clause string) (action, error) {
	a := action{clause: clause}
	var err error
	if a.path, err = p.path(); err != nil || clause == "REMOVE" {
		return a, err
	}
	if clause == "SET" {
		if err := p.expect("="); err != nil {
			return a, err
		}
		a.term, err = p.sum(0)
		return a, err
	}
	v, ok, err := p.placeholder()
	if err != nil {
		return a, err
	}
	if !ok {
		return a, p.syntax()
	}
	set := strings.HasSuffix(v.kind, "S") && len(v.kind) == 2
	if !set && (clause == "DELETE" || v.kind != "N") {
		return a, p.fail("Incorrect operand type for operator or function; operator: %s, operand type: %s", clause, v.kind)
	}
	a.term = &term{leaf: operand{val: &v}}
	return a, nil
}

// sum reads one term or two with + or - between them.
func (p *parser) sum(depth int) (*term, error) {
	left, err := p.term(depth)
	if err != nil {
		return nil, err
	}
	op := p.peek()
	if op != "+" && op != "-" {
		return left, nil
	}
	p.pos++
	right, err := p.term(depth)
	return &term{op: op, kids: []*term{left, right}}, err
}

func (p *parser) term(depth int) (*term, error) {
	if depth > maxDepth {
		return nil, p.fail("The expression contains too many nested operators")
	}
	if p.accept("(") {
		t, err := p.sum(depth + 1)
		if err != nil {
			return nil, err
		}
		return t, p.expect(")")
	}
	if p.pos+1 < len(p.tokens) && p.tokens[p.pos+1] == "(" {
		return p.call(depth)
	}
	if v, ok, err := p.placeholder(); ok || err != nil {
		return &term{leaf: operand{val: &v}}, err
	}
	path, err := p.path()
	return &term{leaf: operand{path: path}}, err
}

func (p *parser) call(depth int) (*term, error) {
	t := &term{op: p.next()}
	if t.op != "if_not_exists" && t.op != "list_append" {
		return nil, p.fail("Invalid function name; function: %s", t.op)
	}
	p.pos++ // the parenthesis
	left, err := p.term(depth + 1)
	if err != nil {
		return nil, err
	}
	if err := p.expect(","); err != nil {
		return nil, err
	}
	right, err := p.term(depth + 1)
	if err != nil {
		return nil, err
	}
	if t.op == "if_not_exists" && left.leaf.path == nil {
		return nil, p.fail("Operator or function requires a document path; operator or function: if_not_exists")
	}
	t.kids = []*term{left, right}
	return t, p.expect(")")
}

var (
	errMissingOperand = validation("The provided expression refers to an attribute that does not exist in the item")
	errOperandType    = validation("An operand in the update expression has an incorrect data type")
	errDocumentPath   = validation("The document path provided in the update expression is invalid for update")
)

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

// apply returns the item with the actions done to it. All read the item as it
// was.
func apply(actions []action, it item) (item, error) {
	out := value{kind: "M", m: it}
	// Of a list, the last elements go first, so that the indexes of the others
	// still mean what they meant.
	ordered := slices.Clone(actions)
	slices.SortStableFunc(ordered, func(a, b action) int { return removalOrder(a) - removalOrder(b) })
	for _, a := range ordered {
		updated, err := a.result(it)
		if err != nil {
			return nil, err
		}
		next, ok := out.with(a.path, updated)
		switch {
		case ok:
			out = next
		case updated != nil || len(a.path) > 1 && a.clause == "REMOVE" && !parentExists(a.path, it):
			return nil, errDocumentPath
		}
	}
	return out.m, nil
}

func parentExists(p path, it item) bool {
	_, ok := p[:len(p)-1].in(it)
	return ok
}

// removalOrder puts removals of list elements last, from the end of the list.
func removalOrder(a action) int {
	last := a.path[len(a.path)-1]
	if a.clause != "REMOVE" || !last.isIndex {
		return 0
	}
	return 1 << 30 / (last.index + 1)
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
