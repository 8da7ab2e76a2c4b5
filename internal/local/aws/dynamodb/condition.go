package dynamodb

import (
	"slices"
	"strings"
)

// node is a condition: AND, OR, NOT with kids; a comparator or function with
// args.
type node struct {
	op   string
	kids []*node
	args []operand
}

// condition reads a ConditionExpression, FilterExpression or
// KeyConditionExpression (developer guide, "Comparison operator and function
// reference").
func (e *expressions) condition(kind, text string) (*node, error) {
	p, err := e.parser(kind, text)
	if err != nil {
		return nil, err
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	return n, p.end()
}

func (p *parser) or() (*node, error) {
	return p.chain("OR", func() (*node, error) { return p.chain("AND", p.not) })
}

func (p *parser) chain(op string, part func() (*node, error)) (*node, error) {
	n, err := part()
	for err == nil && p.accept(op) {
		if err := p.operator(); err != nil {
			return nil, err
		}
		var right *node
		right, err = part()
		n = &node{op: op, kids: []*node{n, right}}
	}
	return n, err
}

func (p *parser) not() (*node, error) {
	switch {
	case p.accept("NOT"):
		if err := p.operator(); err != nil {
			return nil, err
		}
		n, err := p.not()
		return &node{op: "NOT", kids: []*node{n}}, err
	case p.peek() == "(" && !p.groupsOperand():
		if err := p.open(); err != nil {
			return nil, err
		}
		n, err := p.or()
		if err != nil {
			return nil, err
		}
		return n, p.expect(")")
	}
	return p.comparison()
}

var comparators = []string{"=", "<>", "<", "<=", ">", ">="}

// groupsOperand is whether the "(" that comes next is around an operand: what
// compares comes behind its ")".
func (p *parser) groupsOperand() bool {
	end, closed := p.closing[p.pos]
	after := strings.ToUpper(p.at(end + 1))
	return closed && (after == "BETWEEN" || after == "IN" || slices.Contains(comparators, after))
}

// operands reads a list in parentheses.
func (p *parser) operands() ([]operand, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var out []operand
	for {
		o, err := p.operand()
		if err != nil {
			return nil, err
		}
		out = append(out, o)
		if !p.accept(",") {
			return out, p.expect(")")
		}
	}
}

func (p *parser) operand() (operand, error) {
	if p.peek() == "(" {
		if err := p.open(); err != nil {
			return operand{}, err
		}
		o, err := p.operand()
		if err != nil {
			return o, err
		}
		return o, p.expect(")")
	}
	if p.at(p.pos+1) == "(" && p.peek() != "" && isLetter(p.peek()[0]) {
		return p.function()
	}
	if v, ok, err := p.placeholder(); ok || err != nil {
		return operand{val: &v}, err
	}
	path, err := p.path()
	return operand{path: path}, err
}

// comparison reads a condition of one comparator or function.
func (p *parser) comparison() (*node, error) {
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	n := &node{op: strings.ToUpper(p.peek()), args: []operand{left}}
	switch {
	case slices.Contains(comparators, n.op):
		p.pos++
		err = p.more(n)
	case p.accept("BETWEEN"):
		if err = p.more(n); err == nil {
			if err = p.expect("AND"); err == nil {
				err = p.more(n)
			}
		}
	case p.accept("IN"):
		var list []operand
		if list, err = p.operands(); len(list) > 100 {
			return nil, p.fail("The IN operator is provided with too many operands; number of operands: %d", len(list))
		}
		n.args = append(n.args, list...)
	case left.call != nil:
		return left.call, nil
	case left.size:
		return nil, p.misused("size")
	default:
		return nil, p.syntax()
	}
	if err != nil {
		return nil, err
	}
	return n, p.checkComparison(n)
}

func (p *parser) more(n *node) error {
	o, err := p.operand()
	n.args = append(n.args, o)
	return err
}

func (p *parser) checkComparison(n *node) error {
	if err := p.operator(); err != nil {
		return err
	}
	if err := p.checkOperands(n); err != nil {
		return err
	}
	if slices.Contains([]string{"=", "<>", "IN"}, n.op) {
		return nil
	}
	for _, a := range n.args {
		if k := a.kind(); k != "" && !slices.Contains(scalars, k) {
			return p.operandType(n.op, k)
		}
	}
	if n.op != "BETWEEN" || n.args[1].constant() == nil || n.args[2].constant() == nil {
		return nil
	}
	low, high := *n.args[1].val, *n.args[2].val
	wants := ""
	if c, ok := low.compare(high); !ok {
		wants = "same data type for lower and upper bounds"
	} else if c > 0 {
		wants = "upper bound to be greater than or equal to lower bound"
	}
	if wants != "" {
		return p.fail("The BETWEEN operator requires %s; lower bound operand: AttributeValue: {%s:%s}, upper bound operand: AttributeValue: {%s:%s}", wants, low.kind, low.wire(), high.kind, high.wire())
	}
	return nil
}

// holds evaluates the condition; nil holds for every item.
func (n *node) holds(it item) bool {
	if n == nil {
		return true
	}
	switch n.op {
	case "AND":
		return n.kids[0].holds(it) && n.kids[1].holds(it)
	case "OR":
		return n.kids[0].holds(it) || n.kids[1].holds(it)
	case "NOT":
		return !n.kids[0].holds(it)
	}
	left, ok := n.args[0].in(it)
	switch n.op {
	case "attribute_exists":
		return ok
	case "attribute_not_exists":
		return !ok
	case "attribute_type":
		return ok && left.kind == n.args[1].val.text
	case "BETWEEN":
		return n.test(it, ">=", 1) && n.test(it, "<=", 2)
	case "IN":
		return slices.ContainsFunc(n.args[1:], func(o operand) bool {
			right, there := o.in(it)
			return ok && there && left.equal(right)
		})
	}
	return n.test(it, n.op, 1)
}

// test compares the first argument with another one. What is missing differs
// from everything and is neither less nor greater than anything.
func (n *node) test(it item, op string, other int) bool {
	left, ok := n.args[0].in(it)
	right, there := n.args[other].in(it)
	switch {
	case op == "<>":
		return !ok || !there || !left.equal(right)
	case !ok || !there:
		return false
	case op == "=":
		return left.equal(right)
	case op == "begins_with":
		return left.kind == right.kind && (left.kind == "S" || left.kind == "B") && strings.HasPrefix(left.text, right.text)
	case op == "contains":
		return left.contains(right)
	}
	c, ok := left.compare(right)
	switch op {
	case "<":
		return ok && c < 0
	case "<=":
		return ok && c <= 0
	case ">":
		return ok && c > 0
	}
	return ok && c >= 0
}

func (v value) contains(o value) bool {
	switch v.kind {
	case "S", "B":
		return o.kind == v.kind && strings.Contains(v.text, o.text)
	case "SS", "NS", "BS":
		return o.kind == v.kind[:1] && slices.Contains(v.set, o.text)
	case "L":
		return slices.ContainsFunc(v.list, o.equal)
	}
	return false
}
