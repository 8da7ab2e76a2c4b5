package dynamodb

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// placeholders are the members of a request for its expressions.
type placeholders struct {
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues values
}

// values are ExpressionAttributeValues.
type values map[string]value

var (
	namePlaceholder  = regexp.MustCompile(`^#[0-9a-zA-Z_]+$`)
	valuePlaceholder = regexp.MustCompile(`^:[0-9a-zA-Z_]+$`)
)

// UnmarshalJSON says of an invalid value which one it is.
func (v *values) UnmarshalJSON(data []byte) error {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return serialization()
	}
	if members == nil {
		return nil
	}
	*v = make(values, len(members))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !valuePlaceholder.MatchString(name) {
			return validation("ExpressionAttributeValues contains invalid key: Syntax error; key: %q", name)
		}
		var one value
		err := one.decode(members[name], 0)
		if awserr.Has(err, awserr.Validation) {
			return validation("ExpressionAttributeValues contains invalid value: %s for key %s", awserr.Message(err), name)
		}
		if err != nil {
			return err
		}
		(*v)[name] = one
	}
	return nil
}

// expressions begins to read a request's expressions: those that can have
// values, and its projection, each of which may be nil.
func (p placeholders) expressions(projection *string, valued ...*string) (*expressions, error) {
	given := slices.ContainsFunc(valued, func(text *string) bool { return text != nil })
	switch {
	case p.ExpressionAttributeNames != nil && !given && projection == nil:
		return nil, validation("ExpressionAttributeNames can only be specified when using expressions")
	case p.ExpressionAttributeValues != nil && !given:
		return nil, validation("ExpressionAttributeValues can only be specified when using expressions")
	case p.ExpressionAttributeNames != nil && len(p.ExpressionAttributeNames) == 0:
		return nil, validation("ExpressionAttributeNames must not be empty")
	case p.ExpressionAttributeValues != nil && len(p.ExpressionAttributeValues) == 0:
		return nil, validation("ExpressionAttributeValues must not be empty")
	}
	for _, key := range slices.Sorted(maps.Keys(p.ExpressionAttributeNames)) {
		if !namePlaceholder.MatchString(key) {
			return nil, validation("ExpressionAttributeNames contains invalid key: Syntax error; key: %q", key)
		}
		if err := checkAttributeName(p.ExpressionAttributeNames[key]); err != nil {
			return nil, validation("ExpressionAttributeNames contains invalid value: %s for key %s", awserr.Message(err), key)
		}
	}
	return newExpressions(p.ExpressionAttributeNames, p.ExpressionAttributeValues), nil
}

// checkPaths refuses a path into a key: of the table, or of an index.
func (t *table) checkPaths(paths []path) error {
	for _, p := range paths {
		_, key := t.types[p[0].name]
		if len(p) == 1 || !key {
			continue
		}
		what := "IndexKey"
		if slices.Contains(t.keyNames(), p[0].name) {
			what = "Key"
		}
		return validation("Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: %s: %s", what, p[0].name)
	}
	return nil
}
