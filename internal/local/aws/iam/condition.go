package iam

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// condition is one key of one operator of a Condition block. All conditions
// of a statement must hold; one of the values of each is enough (IAM User
// Guide, "Multi-valued context keys" and "Condition operators").
type condition struct {
	operator operator
	ifExists bool
	key      string // lower-case: condition keys are case-insensitive
	values   []string
	// foreign keys are of services that are not here. Where the request does not
	// tell their value, nothing is allowed for it, and all is denied.
	foreign bool
}

type operator struct {
	// negated operators hold when no value matches, also where the key is
	// missing from the request.
	negated bool
	match   func(want, got string) bool
	// want is what the policy may say.
	want valueKind
}

// valueKind is what the values of an operator must be.
type valueKind struct {
	valid func(string) bool // nil: every text
	name  string            // for the error
}

func equal(want, got string) bool { return want == got }

var (
	anyText  = valueKind{}
	aBoolean = valueKind{func(v string) bool { return strings.EqualFold(v, "true") || strings.EqualFold(v, "false") }, `"true" or "false"`}
	aNumber  = valueKind{func(v string) bool { _, ok := number(v); return ok }, "a number"}
	aDate    = valueKind{func(v string) bool { _, ok := date(v); return ok }, "a date such as 2006-01-02T15:04:05Z, or seconds since 1970"}
)

// operators are those that the local AWS evaluates (IAM User Guide, "IAM JSON
// policy elements: Condition operators"). IpAddress and NotIpAddress are
// refused when a policy is put, because the address from which a function
// calls on AWS is not known here; so are BinaryEquals and the set operators
// ForAllValues and ForAnyValue, because no key here has such values.
var operators = map[string]operator{
	"StringEquals":              {false, equal, anyText},
	"StringNotEquals":           {true, equal, anyText},
	"StringEqualsIgnoreCase":    {false, strings.EqualFold, anyText},
	"StringNotEqualsIgnoreCase": {true, strings.EqualFold, anyText},
	"StringLike":                {false, Wildcard, anyText},
	"StringNotLike":             {true, Wildcard, anyText},
	"ArnEquals":                 {false, ARNLike, anyText},
	"ArnLike":                   {false, ARNLike, anyText},
	"ArnNotEquals":              {true, ARNLike, anyText},
	"ArnNotLike":                {true, ARNLike, anyText},
	"Bool":                      {false, strings.EqualFold, aBoolean},
	"Null":                      {false, nil, aBoolean},
	"NumericEquals":             {false, comparing(number, func(c int) bool { return c == 0 }), aNumber},
	"NumericNotEquals":          {true, comparing(number, func(c int) bool { return c == 0 }), aNumber},
	"NumericLessThan":           {false, comparing(number, func(c int) bool { return c < 0 }), aNumber},
	"NumericLessThanEquals":     {false, comparing(number, func(c int) bool { return c <= 0 }), aNumber},
	"NumericGreaterThan":        {false, comparing(number, func(c int) bool { return c > 0 }), aNumber},
	"NumericGreaterThanEquals":  {false, comparing(number, func(c int) bool { return c >= 0 }), aNumber},
	"DateEquals":                {false, comparing(date, func(c int) bool { return c == 0 }), aDate},
	"DateNotEquals":             {true, comparing(date, func(c int) bool { return c == 0 }), aDate},
	"DateLessThan":              {false, comparing(date, func(c int) bool { return c < 0 }), aDate},
	"DateLessThanEquals":        {false, comparing(date, func(c int) bool { return c <= 0 }), aDate},
	"DateGreaterThan":           {false, comparing(date, func(c int) bool { return c > 0 }), aDate},
	"DateGreaterThanEquals":     {false, comparing(date, func(c int) bool { return c >= 0 }), aDate},
}

// comparing makes a match of an order: how the request's value compares with
// the policy's. A value of the request that is not of the kind never matches.
func comparing(parse func(string) (float64, bool), holds func(order int) bool) func(want, got string) bool {
	return func(want, got string) bool {
		w, ok1 := parse(want)
		g, ok2 := parse(got)
		return ok1 && ok2 && holds(cmp.Compare(g, w))
	}
}

// number reads an integer or a decimal number, without exponent, sign apart.
func number(s string) (float64, bool) {
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && s != "" && strings.Trim(s, "+-.0123456789") == ""
}

// date reads the forms of ISO 8601 that the W3C lists (www.w3.org/TR/NOTE-datetime)
// or seconds since 1970, as seconds since 1970.
func date(s string) (float64, bool) {
	if f, ok := number(s); ok && len(s) > 4 { // four digits are a year
		return f, true
	}
	for _, layout := range []string{"2006", "2006-01", time.DateOnly, "2006-01-02T15:04Z07:00", time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return float64(t.Unix()) + float64(t.Nanosecond())/1e9, true
		}
	}
	return 0, false
}

// ownKeys are the prefixes of keys of what is here: of these only conditionKeys can
// be evaluated. iam's are not among them, since nothing here asks for its permissions.
var ownKeys = []string{"apigateway", "aws", "dynamodb", "execute-api", "kms", "lambda", "logs", "ssm", "sts"}

// conditionKeys are the keys whose value is known here, by their lower-case
// name: any other could not be evaluated.
var conditionKeys = map[string]string{ //nolint:gosec // names of keys, not secrets
	"aws:currenttime":                     "aws:CurrentTime",
	"aws:epochtime":                       "aws:EpochTime",
	"aws:principalaccount":                "aws:PrincipalAccount",
	"aws:principalarn":                    "aws:PrincipalArn",
	"aws:principaltype":                   "aws:PrincipalType",
	"aws:requestedregion":                 "aws:RequestedRegion",
	"aws:resourceaccount":                 "aws:ResourceAccount",
	"aws:securetransport":                 "aws:SecureTransport",
	"aws:sourceaccount":                   "aws:SourceAccount",
	"aws:tokenissuetime":                  "aws:TokenIssueTime",
	"aws:userid":                          "aws:userid",
	"aws:viaawsservice":                   "aws:ViaAWSService",
	"kms:encryptioncontext:parameter_arn": "kms:EncryptionContext:PARAMETER_ARN",
	"kms:encryptioncontext:secretarn":     "kms:EncryptionContext:SecretARN",
	"kms:viaservice":                      "kms:ViaService",
	"lambda:sourcefunctionarn":            "lambda:SourceFunctionArn",

	"kms:encryptioncontext:aws:dynamodb:subscriberid": "kms:EncryptionContext:aws:dynamodb:subscriberId",
	"kms:encryptioncontext:aws:dynamodb:tablename":    "kms:EncryptionContext:aws:dynamodb:tableName",
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
		operator, ok := operators[name]
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
			_, known := conditionKeys[lower]
			prefix, _, prefixed := strings.Cut(lower, ":")
			foreign := !known && prefixed && !slices.Contains(ownKeys, prefix)
			if !known && !foreign {
				return nil, malformed("the condition key %q in %s is not supported by the local AWS: use one of %s",
					k.name, where, strings.Join(slices.Sorted(maps.Values(conditionKeys)), ", "))
			}
			values, err := conditionValues(k, operator.want, where)
			if err != nil {
				return nil, err
			}
			out = append(out, condition{operator, ifExists, lower, values, foreign})
		}
	}
	return out, nil
}

// conditionValues reads strings; AWS takes booleans and numbers for them too.
func conditionValues(k member, kind valueKind, where string) ([]string, error) {
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
		if kind.valid != nil && !kind.valid(v) {
			return nil, malformed("Syntax errors in policy: the condition key %q of %s must be %s", k.name, where, kind.name)
		}
	}
	return out, nil
}

// holds tells whether a condition holds of a statement that denies or allows.
func (c condition) holds(ctx Context, deny bool) bool {
	got, there := ctx[c.key]
	if c.foreign && !there {
		return deny
	}
	if c.operator.match == nil { // Null: "true" asks that the key is missing
		return slices.ContainsFunc(c.values, func(want string) bool { return strings.EqualFold(want, "true") != there })
	}
	if !there {
		return c.ifExists || c.operator.negated
	}
	found := slices.ContainsFunc(c.values, func(want string) bool { return c.operator.match(want, got) })
	return found != c.operator.negated
}
