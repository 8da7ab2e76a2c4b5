package iam

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// condition is one key of one operator of a Condition block. All conditions
// of a statement must hold; one of the values of each is enough (IAM User
// Guide, "Multi-valued context keys" and "Condition operators").
type condition struct {
	operator operator
	ifExists bool
	key      string // lower-case: condition keys are case-insensitive
	values   []string
}

type operator struct {
	// negated operators hold when no value matches, also where the key is
	// missing from the request.
	negated bool
	match   func(want, got string) bool
}

func equal(want, got string) bool { return want == got }

// arnLike compares the six parts of an ARN one by one.
func arnLike(want, got string) bool {
	w, g := strings.SplitN(want, ":", 6), strings.SplitN(got, ":", 6)
	if len(w) != 6 || len(g) != 6 {
		return false
	}
	for i := range w {
		if !wildcard(w[i], g[i]) {
			return false
		}
	}
	return true
}

// operators are those that the local AWS evaluates. The numeric, date, IP and
// binary ones, and the set operators ForAllValues and ForAnyValue, are refused
// when a policy is put.
var operators = map[string]operator{
	"StringEquals":              {false, equal},
	"StringNotEquals":           {true, equal},
	"StringEqualsIgnoreCase":    {false, strings.EqualFold},
	"StringNotEqualsIgnoreCase": {true, strings.EqualFold},
	"StringLike":                {false, wildcard},
	"StringNotLike":             {true, wildcard},
	"ArnEquals":                 {false, arnLike},
	"ArnLike":                   {false, arnLike},
	"ArnNotEquals":              {true, arnLike},
	"ArnNotLike":                {true, arnLike},
	"Bool":                      {false, strings.EqualFold},
	"Null":                      {},
}

// conditionKeys are the keys whose value is known here, by their lower-case
// name: any other could not be evaluated.
var conditionKeys = map[string]string{
	"aws:principalaccount":                "aws:PrincipalAccount",
	"aws:principalarn":                    "aws:PrincipalArn",
	"aws:requestedregion":                 "aws:RequestedRegion",
	"aws:resourceaccount":                 "aws:ResourceAccount",
	"aws:securetransport":                 "aws:SecureTransport",
	"aws:sourceaccount":                   "aws:SourceAccount",
	"kms:encryptioncontext:parameter_arn": "kms:EncryptionContext:PARAMETER_ARN",
	"kms:viaservice":                      "kms:ViaService",
}

func parseConditions(o object, where string) ([]condition, error) {
	v, ok := o.get("Condition")
	if !ok {
		return nil, nil
	}
	block, ok := v.(object)
	if !ok {
		return nil, malformed(`Syntax errors in policy: the "Condition" of %s must be an object`, where)
	}
	var out []condition
	for _, op := range block {
		name, ifExists := strings.CutSuffix(op.name, "IfExists")
		known, ok := operators[name]
		if !ok || (ifExists && name == "Null") {
			return nil, malformed("the condition operator %q in %s is not supported by the local AWS: use one of %s",
				op.name, where, strings.Join(slices.Sorted(maps.Keys(operators)), ", "))
		}
		keys, ok := op.value.(object)
		if !ok {
			return nil, malformed("Syntax errors in policy: the condition %q of %s must be an object", op.name, where)
		}
		for _, k := range keys {
			lower := strings.ToLower(k.name)
			if _, ok := conditionKeys[lower]; !ok {
				return nil, malformed("the condition key %q in %s is not supported by the local AWS: use one of %s",
					k.name, where, strings.Join(slices.Sorted(maps.Values(conditionKeys)), ", "))
			}
			values, err := conditionValues(k, name, where)
			if err != nil {
				return nil, err
			}
			out = append(out, condition{known, ifExists, lower, values})
		}
	}
	return out, nil
}

// conditionValues reads strings; AWS takes booleans and numbers for them too.
func conditionValues(k member, operator, where string) ([]string, error) {
	list, ok := k.value.([]any)
	if !ok {
		list = []any{k.value}
	}
	var out []string
	for _, v := range list {
		switch v := v.(type) {
		case string:
			out = append(out, v)
		case bool:
			out = append(out, strconv.FormatBool(v))
		case json.Number:
			out = append(out, v.String())
		default:
			return nil, malformed("Syntax errors in policy: the condition key %q of %s must have a string or a list of strings", k.name, where)
		}
	}
	if len(out) == 0 {
		return nil, malformed("Syntax errors in policy: the condition key %q of %s has no value", k.name, where)
	}
	for _, v := range out {
		if err := noVariables(v, where); err != nil {
			return nil, err
		}
		if (operator == "Bool" || operator == "Null") && !strings.EqualFold(v, "true") && !strings.EqualFold(v, "false") {
			return nil, malformed(`Syntax errors in policy: the condition key %q of %s must be "true" or "false"`, k.name, where)
		}
	}
	return out, nil
}

func (c condition) holds(ctx Context) bool {
	got, there := ctx[c.key]
	if c.operator.match == nil { // Null: "true" asks that the key is missing
		return slices.ContainsFunc(c.values, func(want string) bool { return strings.EqualFold(want, "true") != there })
	}
	if !there {
		return c.ifExists || c.operator.negated
	}
	found := slices.ContainsFunc(c.values, func(want string) bool { return c.operator.match(want, got) })
	return found != c.operator.negated
}
