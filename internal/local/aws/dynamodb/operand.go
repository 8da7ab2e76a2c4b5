package dynamodb

import (
	"slices"
	"strconv"
)

// operand is a path, a value, or the size of either; or a function that is a
// condition, which no operator and no other function takes.
type operand struct {
	path path
	val  *value
	size bool
	call *node
}

// kind is the type of an operand that is known before there is an item; "" of a
// path's.
func (o operand) kind() string {
	switch {
	case o.size:
		return "N"
	case o.val != nil:
		return o.val.kind
	}
	return ""
}

// constant is the operand's value if it is one, and nothing else.
func (o operand) constant() *value {
	if o.size {
		return nil
	}
	return o.val
}

// attribute is the operand's path if it is one, and nothing else.
func (o operand) attribute() path {
	if o.size {
		return nil
	}
	return o.path
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

// functions and how many arguments they take.
var (
	conditionFunctions = map[string]int{
		"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2, "contains": 2, "size": 1,
	}
	updateFunctions = map[string]int{"if_not_exists": 2, "list_append": 2}
)

// allTypes are DynamoDB's types, scalars those that are ordered.
var (
	allTypes = []string{"S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"}
	scalars  = []string{"S", "N", "B"}
)

// function reads a function of conditions.
func (p *parser) function() (operand, error) {
	name := p.next()
	want, known := conditionFunctions[name]
	if _, other := updateFunctions[name]; other {
		return operand{}, p.fail("The function is not allowed in a condition expression; function: %s", name)
	}
	if !known {
		return operand{}, p.fail("Invalid function name; function: %s", name)
	}
	if err := p.operator(); err != nil {
		return operand{}, err
	}
	args, err := p.operands()
	if err != nil {
		return operand{}, err
	}
	if len(args) != want {
		return operand{}, p.operandCount(name, len(args))
	}
	n := &node{op: name, args: args}
	if err := p.checkOperands(n); err != nil {
		return operand{}, err
	}
	if name != "size" {
		return operand{call: n}, p.checkFunction(n)
	}
	if k := args[0].kind(); slices.Contains([]string{"N", "BOOL", "NULL"}, k) {
		return operand{}, p.operandType(name, k)
	}
	args[0].size = true
	return args[0], nil
}

// checkOperands is what no operator and no function takes: a condition, and the
// first operand twice.
func (p *parser) checkOperands(n *node) error {
	for _, a := range n.args {
		if a.call != nil {
			return p.misused(a.call.op)
		}
	}
	first := n.args[0].attribute()
	for _, a := range n.args[1:] {
		if first != nil && slices.Equal(first, a.attribute()) {
			return p.same(n.op, first)
		}
	}
	return nil
}

func (p *parser) checkFunction(n *node) error {
	last := n.args[len(n.args)-1]
	switch n.op {
	case "attribute_exists", "attribute_not_exists":
		if n.args[0].attribute() == nil {
			return p.noPath(n.op)
		}
	case "attribute_type":
		switch k := last.kind(); {
		case k == "":
			return p.operandType(n.op, "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")
		case k != "S":
			return p.operandType(n.op, k)
		case !slices.Contains(allTypes, last.val.text):
			return p.fail("Invalid attribute type name found; type: %s, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}", last.val.text)
		}
	case "begins_with":
		for _, a := range n.args {
			if k := a.kind(); k != "" && k != "S" && k != "B" {
				return p.operandType(n.op, k)
			}
		}
	}
	return nil
}

// The errors about operands.

func (p *parser) misused(function string) error {
	return p.fail("The function is not allowed to be used this way in an expression; function: %s", function)
}

func (p *parser) operandType(operator, kind string) error {
	return p.fail("Incorrect operand type for operator or function; operator or function: %s, operand type: %s", operator, kind)
}

func (p *parser) operandCount(function string, n int) error {
	return p.fail("Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", function, n)
}

func (p *parser) noPath(function string) error {
	return p.fail("Operator or function requires a document path; operator or function: %s", function)
}

func (p *parser) same(operator string, first path) error {
	return p.fail("The first operand must be distinct from the remaining operands for this operator or function; operator: %s, first operand: %s", operator, first)
}
