package dynamodb

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// constraints are the members of a request that violate what its model says of
// them; AWS names them all at once.
type constraints []string

func (c *constraints) violated(at, what string) {
	*c = append(*c, "Value "+at+" failed to satisfy constraint: "+what)
}

// enum wants one of the values; an empty one is not given.
func (c *constraints) enum(member, value string, allowed ...string) {
	if value != "" && !slices.Contains(allowed, value) {
		c.violated(fmt.Sprintf("'%s' at '%s'", value, member), "Member must satisfy enum value set: ["+strings.Join(allowed, ", ")+"]")
	}
}

// name wants the name of a table or an index.
func (c *constraints) name(member, value string, shortest int) {
	at := fmt.Sprintf("'%s' at '%s'", value, member)
	switch {
	case len(value) < shortest:
		c.violated(at, "Member must have length greater than or equal to "+strconv.Itoa(shortest))
	case len(value) > 255:
		c.violated(at, "Member must have length less than or equal to 255")
	case !nameCharacters.MatchString(value):
		c.violated(at, "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
	}
}

// capacity wants what ReturnConsumedCapacity can be.
func (c *constraints) capacity(which string) {
	c.enum("returnConsumedCapacity", which, "INDEXES", "TOTAL", "NONE")
}

// length wants a list or map of this length.
func (c *constraints) length(member string, n, least, most int) {
	switch {
	case n < least:
		c.violated("at '"+member+"'", "Member must have length greater than or equal to "+strconv.Itoa(least))
	case n > most:
		c.violated("at '"+member+"'", "Member must have length less than or equal to "+strconv.Itoa(most))
	}
}

// returned wants what ReturnValues can be; AWS does not name the member.
func (c *constraints) returned(which string) {
	if which != "" && !slices.Contains([]string{"ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW", "NONE"}, which) {
		*c = append(*c, "Failed to satisfy constraint: Member must satisfy enum value set: [ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATE_NEW, NONE]")
	}
}

func (c constraints) err() error {
	switch n := len(c); n {
	case 0:
		return nil
	case 1:
		return validation("1 validation error detected: %s", c[0])
	default:
		return validation("%d validation errors detected: %s", n, strings.Join(c, "; "))
	}
}

// missing is the refusal of a request without a member that it needs.
func missing(member string) error {
	return validation("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
}

// checkAttributeName is the grammar of attributes' names.
func checkAttributeName(name string) error {
	switch {
	case name == "":
		return validation("Empty attribute name")
	case len(name) > maxAttributeName:
		return validation("Attribute name is too large, must be less than %d bytes", maxAttributeName+1)
	}
	return nil
}
