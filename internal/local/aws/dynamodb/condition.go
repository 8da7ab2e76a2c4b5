package dynamodb

import (
	"slices"
	"strconv"
	"strings"
)

// operand is a path, a value, or the size of either.
type operand struct {
	path path
	val  *value
	size bool
}

// in evaluates the operand; ok is false where the item has no such attribute.
func (o operand) in(it item) (value, bool) {
	v, ok := value{}, true
	if o.val != nil {
		v = *o.val
	} else {
		v, ok = o.path.in(it)
	}
	if !o.size || !ok {
		return v, ok
	}
	n := 0
	switch v.kind {
	case "S", "B":
		n = len(v.text)
	case "SS", "NS", "BS":
		n = len(v.set)
	case "L":
		n = len(v.list)
	case "M":
		n = len(v.m)
	default:
		return value{}, false
	}
	return value{kind: "N", text: strconv.Itoa(n)}, true
}

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
	n, err := p.or(0)
	if err != nil {
		return nil, err
	}
	return n, p.end()
}

// maxParentheses bounds the recursion: 300 operators are allowed on AWS.
const maxParentheses = 300

func (p *parser) or(depth int) (*node, error) {
	return p.chain("OR", func() (*node, error) {
		return p.chain("AND", func() (*node, error) { return p.not(depth) })
	})
}

func (p *parser) chain(op string, part func() (*node, error)) (*node, error) {
	n, err := part()
	for err == nil && p.accept(op) {
		var right *node
		right, err = part()
		n = &node{op: op, kids: []*node{n, right}}
	}
	return n, err
}

func (p *parser) not(depth int) (*node, error) {
	if depth > maxParentheses {
		return nil, p.fail("The expression contains too many nested operators")
	}
	if p.accept("NOT") {
		n, err := p.not(depth + 1)
		return &node{op: "NOT", kids: []*node{n}}, err
	}
	if p.accept("(") {
		n, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		return n, p.expect(")")
	}
	if p.pos+1 < len(p.tokens) && p.tokens[p.pos+1] == "(" && p.peek() != "size" {
		return p.function()
	}
	return p.comparison()
}

// functions and how many arguments they take.
var functions = map[string]int{
	"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2, "contains": 2,
}

func (p *parser) function() (*node, error) {
	n := &node{op: p.next()}
	want, ok := functions[n.op]
	if !ok {
		return nil, p.fail("Invalid function name; function: %s", n.op)
	}
	var err error
	if n.args, err = p.operands(); err != nil {
		return nil, err
	}
	if len(n.args) != want {
		return nil, p.fail("Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", n.op, len(n.args))
	}
	if strings.HasPrefix(n.op, "attribute_") && (n.args[0].val != nil || n.args[0].size) {
		return nil, p.fail("Operator or function requires a document path; operator or function: %s", n.op)
	}
	if n.op == "attribute_type" {
		types := []string{"S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"}
		if v := n.args[1].val; v == nil || v.kind != "S" || !slices.Contains(types, v.text) {
			return nil, p.fail("Invalid attribute type name found; valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}")
		}
	}
	if v := n.args[len(n.args)-1].val; n.op == "begins_with" && v != nil && v.kind != "S" && v.kind != "B" {
		return nil, p.fail("Incorrect operand type for operator or function; operator or function: begins_with, operand type: %s", v.kind)
	}
	return n, nil
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
	if p.peek() == "size" && p.pos+1 < len(p.tokens) && p.tokens[p.pos+1] == "(" {
		p.pos++
		args, err := p.operands()
		if err != nil {
			return operand{}, err
		}
		if len(args) != 1 || args[0].size {
			return operand{}, p.fail("Incorrect number of operands for operator or function; operator or function: size, number of operands: %d", len(args))
		}
		args[0].size = true
		return args[0], nil
	}
	if v, ok, err := p.placeholder(); ok || err != nil {
		return operand{val: &v}, err
	}
	path, err := p.path()
	return operand{path: path}, err
}

func (p *parser) comparison() (*node, error) {
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	switch op := p.peek(); {
	case slices.Contains([]string{"=", "<>", "<", "<=", ">", ">="}, op):
		p.pos++
		right, err := p.operand()
		if err != nil {
			return nil, err
		}
		return p.ordered(&node{op: op, args: []operand{left, right}})
	case p.accept("BETWEEN"):
		low, err := p.operand()
		if err != nil {
			return nil, err
		}
		if err := p.expect("AND"); err != nil {
			return nil, err
		}
		high, err := p.operand()
		if err != nil {
			return nil, err
		}
		if low.val != nil && high.val != nil {
			if c, ok := low.val.compare(*high.val); ok && c > 0 {
				return nil, p.fail("The BETWEEN operator requires upper bound to be greater than or equal to lower bound")
			}
		}
		return p.ordered(&node{op: "BETWEEN", args: []operand{left, low, high}})
	case p.accept("IN"):
		list, err := p.operands()
		if len(list) > 100 {
			return nil, p.fail("Too many operands for operator or function; operator or function: IN, number of operands: %d", len(list))
		}
		return &node{op: "IN", args: append([]operand{left}, list...)}, err
	}
	return nil, p.syntax()
}

// ordered refuses to order values that have no order.
func (p *parser) ordered(n *node) (*node, error) {
	if n.op == "=" || n.op == "<>" {
		return n, nil
	}
	for _, a := range n.args {
		if a.val != nil && !slices.Contains([]string{"S", "N", "B"}, a.val.kind) && !a.size {
			return nil, p.fail("Incorrect operand type for operator or function; operator or function: %s, operand type: %s", n.op, a.val.kind)
		}
	}
	return n, nil
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

// attributes are the top-level names that a condition reads.
func (n *node) attributes() []string {
	if n == nil {
		return nil
	}
	var out []string
	for _, k := range n.kids {
		out = append(out, k.attributes()...)
	}
	for _, a := range n.args {
		if a.val == nil {
			out = append(out, a.path[0].name)
		}
	}
	return out
}
