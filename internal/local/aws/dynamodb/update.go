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

// kind is the type of a term that is known before there is an item.
func (t *term) kind() string {
	switch t.op {
	case "":
		return t.leaf.kind()
	case "+", "-":
		return "N"
	case "list_append":
		return "L"
	}
	return ""
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
	return out, p.apart(paths)
}

// longTypes are the names of the types in errors of ADD and DELETE.
var longTypes = map[string]string{"S": "STRING", "N": "NUMBER", "B": "BINARY", "BOOL": "BOOLEAN", "NULL": "NULL", "L": "LIST", "M": "MAP"}

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
		a.term, err = p.sum()
		return a, err
	}
	v, ok, err := p.placeholder()
	if err != nil {
		return a, err
	}
	if !ok {
		return a, p.syntax()
	}
	if name, noSet := longTypes[v.kind]; noSet && (clause == "DELETE" || v.kind != "N") {
		return a, p.fail("Incorrect operand type for operator or function; operator: %s, operand type: %s, typeSet: ALLOWED_FOR_%[1]s_OPERAND", clause, name)
	}
	a.term = &term{leaf: operand{val: &v}}
	return a, nil
}

// sum reads one term or two with + or - between them.
func (p *parser) sum() (*term, error) {
	left, err := p.term(false)
	if err != nil {
		return nil, err
	}
	op := p.peek()
	if op != "+" && op != "-" {
		return left, nil
	}
	p.pos++
	if err := p.operator(); err != nil {
		return nil, err
	}
	right, err := p.term(false)
	if err != nil {
		return nil, err
	}
	out := &term{op: op, kids: []*term{left, right}}
	for _, t := range out.kids {
		if k := t.kind(); k != "" && k != "N" {
			return nil, p.operandType(op, k)
		}
	}
	return out, nil
}

// term reads a term; within a function there is no sum.
func (p *parser) term(within bool) (*term, error) {
	if p.accept("(") {
		inner := p.sum
		if within {
			inner = func() (*term, error) { return p.term(true) }
		}
		t, err := inner()
		if err != nil {
			return nil, err
		}
		return t, p.expect(")")
	}
	if p.at(p.pos+1) == "(" && p.peek() != "" && isLetter(p.peek()[0]) {
		return p.call(within)
	}
	if v, ok, err := p.placeholder(); ok || err != nil {
		return &term{leaf: operand{val: &v}}, err
	}
	path, err := p.path()
	return &term{leaf: operand{path: path}}, err
}

func (p *parser) call(within bool) (*term, error) {
	t := &term{op: p.next()}
	if _, other := conditionFunctions[t.op]; other {
		return nil, p.fail("The function is not allowed in an update expression; function: %s", t.op)
	}
	want, known := updateFunctions[t.op]
	if !known {
		return nil, p.fail("Invalid function name; function: %s", t.op)
	}
	if within && t.op == "list_append" {
		return nil, p.misused(t.op)
	}
	if err := p.operator(); err != nil {
		return nil, err
	}
	p.pos++ // the parenthesis
	for {
		arg, err := p.term(true)
		if err != nil {
			return nil, err
		}
		if t.kids = append(t.kids, arg); !p.accept(",") {
			break
		}
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	if len(t.kids) != want {
		return nil, p.operandCount(t.op, len(t.kids))
	}
	return t, p.checkCall(t)
}

func (p *parser) checkCall(t *term) error {
	if t.op == "list_append" {
		for _, arg := range t.kids {
			if k := arg.kind(); k != "" && k != "L" {
				return p.operandType(t.op, k)
			}
		}
		return nil
	}
	first := t.kids[0].leaf.path
	switch {
	case first == nil:
		return p.noPath(t.op)
	case slices.Equal(first, t.kids[1].leaf.path):
		return p.same(t.op, first)
	}
	return nil
}
