package dynamodb

import "slices"

// bounds are what a key condition allows: one partition, and a condition on
// the sort key.
type bounds struct {
	set  bool
	hash string
	sort *node
}

// bounds reads a key condition: hash = :v, alone or with AND and one
// condition on the sort key (developer guide, "Key condition expressions for
// the Query operation").
func (t *table) bounds(v *view, key *node) (bounds, error) {
	parts := []*node{key}
	if key.op == "AND" {
		parts = key.kids
	}
	b := bounds{set: true}
	var hash *node
	for _, n := range parts {
		if !slices.Contains([]string{"=", "<", "<=", ">", ">=", "BETWEEN", "begins_with"}, n.op) {
			return b, validation("Invalid operator used in KeyConditionExpression: %s", n.op)
		}
		// :v = name is read like name = :v.
		if n.op == "=" && n.args[0].val != nil && n.args[1].val == nil {
			n.args[0], n.args[1] = n.args[1], n.args[0]
		}
		if n.args[0].size || n.args[0].val != nil || len(n.args[0].path) != 1 {
			return b, validation("Invalid KeyConditionExpression: KeyConditionExpressions must have a key attribute on the left and values on the right")
		}
		name := n.args[0].path[0].name
		for _, a := range n.args[1:] {
			if a.val == nil || a.size {
				return b, validation("Invalid KeyConditionExpression: KeyConditionExpressions must have a key attribute on the left and values on the right")
			}
			if (name == v.hashKey || name == v.rangeKey) && a.val.kind != t.types[name] {
				return b, validation("One or more parameter values were invalid: Condition parameter type does not match schema type")
			}
		}
		switch {
		case name == v.hashKey && n.op == "=" && hash == nil:
			hash = n
		case name == v.hashKey:
			return b, validation("Query key condition not supported")
		case name == v.rangeKey && b.sort == nil:
			b.sort = n
		case name == v.rangeKey:
			return b, validation("KeyConditionExpressions must only contain one condition per key")
		}
	}
	if hash == nil {
		return b, validation("Query condition missed key schema element: %s", v.hashKey)
	}
	if len(parts) == 2 && b.sort == nil {
		missed := v.rangeKey
		if missed == "" {
			return b, validation("Query key condition not supported")
		}
		return b, validation("Query condition missed key schema element: %s", missed)
	}
	b.hash = hash.args[1].val.order()
	return b, nil
}
