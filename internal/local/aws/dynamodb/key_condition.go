package dynamodb

// bounds are what a key condition allows: one partition, and a condition on
// the sort key.
type bounds struct {
	set  bool
	hash string
	sort *node
}

// flipped are the comparators with their sides exchanged.
var flipped = map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

// keyConditions reads a KeyConditionExpression: the conditions, by the
// attributes that stand first in them (developer guide, "Key condition
// expressions for the Query operation").
func keyConditions(key *node) (map[string]*node, error) {
	out := map[string]*node{}
	if err := addKeyConditions(out, key); err != nil {
		return nil, err
	}
	if len(out) > 2 {
		return nil, validation("Conditions can be of length 1 or 2 only")
	}
	return out, nil
}

func addKeyConditions(out map[string]*node, n *node) error {
	if n.op == "AND" {
		for _, k := range n.kids {
			if err := addKeyConditions(out, k); err != nil {
				return err
			}
		}
		return nil
	}
	ranges := n.op == "BETWEEN" || n.op == "begins_with"
	if _, compares := flipped[n.op]; !compares && !ranges {
		return validation("Invalid operator used in KeyConditionExpression: %s", n.op)
	}
	if ranges && n.args[0].attribute() == nil && !n.args[0].size {
		return validation("Invalid condition in KeyConditionExpression: %s operator must have the key attribute as its first operand", n.op)
	}
	if n.args[0].val != nil && n.args[1].path != nil && !ranges {
		n = &node{op: flipped[n.op], args: []operand{n.args[1], n.args[0]}}
	}
	var attribute path
	for _, a := range n.args {
		switch {
		case a.size:
			return validation("KeyConditionExpressions cannot contain nested operations")
		case a.path == nil:
		case attribute != nil:
			return validation("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition")
		case len(a.path) > 1:
			return validation("KeyConditionExpressions cannot have conditions on nested attributes")
		default:
			attribute = a.path
		}
	}
	switch {
	case attribute == nil:
		return validation("Invalid condition in KeyConditionExpression: No key attribute specified")
	case out[attribute[0].name] != nil:
		return validation("KeyConditionExpressions must only contain one condition per key")
	}
	out[attribute[0].name] = n
	return nil
}

// bounds applies key conditions to a view.
func (t *table) bounds(v *view, conditions map[string]*node) (bounds, error) {
	hash, sort := conditions[v.hashKey], conditions[v.rangeKey]
	switch {
	case v.rangeKey == "" && len(conditions) > 1:
		return bounds{}, validation("Query key condition not supported")
	case hash == nil:
		return bounds{}, validation("Query condition missed key schema element: %s", v.hashKey)
	case len(conditions) > 1 && sort == nil:
		return bounds{}, validation("Query condition missed key schema element: %s", v.rangeKey)
	}
	for _, c := range []*node{hash, sort} {
		if c == nil {
			continue
		}
		name := c.args[0].path[0].name
		for _, a := range c.args[1:] {
			if a.val.kind != t.types[name] {
				return bounds{}, validation("One or more parameter values were invalid: Condition parameter type does not match schema type")
			}
			if err := checkKeyValue(name, *a.val, c == hash); err != nil {
				return bounds{}, err
			}
		}
	}
	if hash.op != "=" {
		return bounds{}, validation("Query key condition not supported")
	}
	return bounds{set: true, hash: hash.args[1].val.order(), sort: sort}, nil
}
