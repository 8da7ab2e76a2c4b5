package dynamodb

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Quotas of the developer guide and limits of the API reference.
const (
	maxGSIs             = 20
	maxProjected        = 100
	maxProjectedOfIndex = 20
	maxTags             = 50
	maxHashKeySize      = 2048
	maxSortKeySize      = 1024
	maxKeyName          = 255
	shortestName        = 3
)

var nameCharacters = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)

// ValidateTable returns the error that CreateTable would give for what the table is
// by itself: all but whether the name is free.
func ValidateTable(t Table) error {
	t = t.withDefaults()
	var c constraints
	c.name("tableName", t.Name, shortestName)
	c.enum("billingMode", t.BillingMode, "PROVISIONED", "PAY_PER_REQUEST")
	for i, a := range t.Attributes {
		at := fmt.Sprintf("attributeDefinitions.%d.member.", i+1)
		c.length(at+"attributeName", len(a.Name), 1, maxKeyName)
		if !slices.Contains([]string{"B", "N", "S"}, a.Type) {
			c.violated(fmt.Sprintf("'%s' at '%sattributeType'", a.Type, at), "Member must satisfy enum value set: [B, N, S]")
		}
	}
	for i, g := range t.GSIs {
		at := fmt.Sprintf("globalSecondaryIndexes.%d.member.", i+1)
		c.name(at+"indexName", g.Name, shortestName)
		c.enum(at+"projection.projectionType", g.Projection, "ALL", "INCLUDE", "KEYS_ONLY")
		c.length(at+"projection.nonKeyAttributes", len(g.NonKeyAttributes), 0, maxProjectedOfIndex)
	}
	switch err := c.err(); {
	case err != nil:
		return err
	case t.BillingMode != "PAY_PER_REQUEST":
		return unsupported("the billing mode PROVISIONED, which is AWS's default,", "set the billing mode PAY_PER_REQUEST")
	case len(t.Tags) > maxTags:
		return validation("One or more parameter values were invalid: a table has at most %d tags", maxTags)
	}
	for _, check := range []func(Table) error{checkSettings, checkAttributes, checkIndexes} {
		if err := check(t); err != nil {
			return err
		}
	}
	return nil
}

// checkAttributes wants that the definitions are those of the keys, no more
// and no fewer.
func checkAttributes(t Table) error {
	defined := map[string]bool{}
	for _, a := range t.Attributes {
		if defined[a.Name] {
			return validation("One or more parameter values were invalid: Duplicate AttributeName in AttributeDefinitions: %s", a.Name)
		}
		defined[a.Name] = true
	}
	if t.HashKey == "" {
		return validation("No Hash Key specified in schema.  All Dynamo DB Tables must have exactly one hash key")
	}
	used := map[string]bool{}
	for _, i := range append([]Index{{HashKey: t.HashKey, RangeKey: t.RangeKey}}, t.GSIs...) {
		if i.HashKey == i.RangeKey {
			return validation("Both the Hash Key and the Range Key element in the KeySchema have the same name")
		}
		used[i.HashKey] = true
		if i.RangeKey != "" {
			used[i.RangeKey] = true
		}
	}
	names, keys := slices.Sorted(maps.Keys(defined)), slices.Sorted(maps.Keys(used))
	if slices.ContainsFunc(keys, func(k string) bool { return !defined[k] }) {
		missing := slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return defined[k] })
		return validation("One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [%s], AttributeDefinitions: [%s]", strings.Join(missing, ", "), strings.Join(names, ", "))
	}
	switch {
	case len(names) == len(keys):
		return nil
	case len(t.GSIs) == 0:
		return validation("One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions")
	}
	return validation("One or more parameter values were invalid: Some AttributeDefinitions are not used. AttributeDefinitions: [%s], keys used: [%s]", strings.Join(names, ", "), strings.Join(keys, ", "))
}

func checkIndexes(t Table) error {
	if len(t.GSIs) > maxGSIs {
		return validation("One or more parameter values were invalid: GlobalSecondaryIndex count exceeds the per-table limit of %d", maxGSIs)
	}
	names, projected := map[string]bool{}, 0
	for _, i := range t.GSIs {
		switch {
		case names[i.Name]:
			return validation("One or more parameter values were invalid: Duplicate index name: %s", i.Name)
		case i.HashKey == "":
			return validation("One or more parameter values were invalid: No Hash Key specified in schema of index: %s", i.Name)
		case i.Projection == "":
			return validation("One or more parameter values were invalid: Unknown ProjectionType: null")
		case i.Projection == "INCLUDE" && len(i.NonKeyAttributes) == 0:
			return validation("One or more parameter values were invalid: ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
		case i.Projection != "INCLUDE" && len(i.NonKeyAttributes) > 0:
			return validation("One or more parameter values were invalid: ProjectionType is %s, but NonKeyAttributes is specified", i.Projection)
		}
		sorted := slices.Sorted(slices.Values(i.NonKeyAttributes))
		for n, name := range sorted {
			if name == "" || n > 0 && sorted[n-1] == name {
				return validation("One or more parameter values were invalid: NonKeyAttributes of index %s has the attribute %q twice, or an empty one", i.Name, name)
			}
		}
		names[i.Name] = true
		projected += len(i.NonKeyAttributes)
	}
	if projected > maxProjected {
		return validation("One or more parameter values were invalid: the indexes of a table project at most %d non-key attributes", maxProjected)
	}
	return nil
}
