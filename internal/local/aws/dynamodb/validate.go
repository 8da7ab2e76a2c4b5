package dynamodb

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Quotas of the developer guide.
const (
	maxGSIs        = 20
	maxProjected   = 100
	maxTags        = 50
	maxHashKeySize = 2048
	maxSortKeySize = 1024
)

var tableNames = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)

const badName = "Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'"

// ValidateTable returns the error that CreateTable would give for what the table is
// by itself: all but whether the name is free.
func ValidateTable(t Table) error {
	switch {
	case !tableNames.MatchString(t.Name):
		return validation(badName)
	case t.BillingMode == "" || t.BillingMode == "PROVISIONED":
		return unsupported("the billing mode PROVISIONED, which is AWS's default,", "set the billing mode PAY_PER_REQUEST")
	case t.BillingMode != "PAY_PER_REQUEST":
		return validation("1 validation error detected: Value '%s' at 'billingMode' failed to satisfy constraint: Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]", t.BillingMode)
	case len(t.Tags) > maxTags:
		return validation("One or more parameter values were invalid: a table has at most %d tags", maxTags)
	}
	if err := checkAttributes(t); err != nil {
		return err
	}
	return checkIndexes(t)
}

// checkAttributes wants that the definitions are those of the keys, no more
// and no fewer.
func checkAttributes(t Table) error {
	defined := map[string]string{}
	for _, a := range t.Attributes {
		if a.Name == "" || len(a.Name) > 255 || !slices.Contains([]string{"S", "N", "B"}, a.Type) {
			return validation("1 validation error detected: Value '%s' at 'attributeDefinitions.attributeType' of %q failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]", a.Type, a.Name)
		}
		if _, twice := defined[a.Name]; twice {
			return validation("One or more parameter values were invalid: Duplicate AttributeName in AttributeDefinitions: %s", a.Name)
		}
		defined[a.Name] = a.Type
	}
	if t.HashKey == "" {
		return validation("No Hash Key specified in schema.  All Dynamo DB Tables must have exactly one hash key")
	}
	used := map[string]bool{}
	for _, i := range append([]Index{{HashKey: t.HashKey, RangeKey: t.RangeKey}}, t.GSIs...) {
		if i.HashKey == i.RangeKey {
			return validation("Both the Hash Key and the Range Key element in the KeySchema have the same name: %q", i.HashKey)
		}
		used[i.HashKey] = true
		if i.RangeKey != "" {
			used[i.RangeKey] = true
		}
	}
	names, keys := slices.Sorted(maps.Keys(defined)), slices.Sorted(maps.Keys(used))
	if missing := slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return defined[k] != "" }); len(missing) > 0 {
		return validation("One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [%s], AttributeDefinitions: [%s]", strings.Join(missing, ", "), strings.Join(names, ", "))
	}
	if len(names) > len(keys) {
		return validation("One or more parameter values were invalid: Some AttributeDefinitions are not used. AttributeDefinitions: [%s], keys used: [%s]", strings.Join(names, ", "), strings.Join(keys, ", "))
	}
	return nil
}

func checkIndexes(t Table) error {
	if len(t.GSIs) > maxGSIs {
		return validation("One or more parameter values were invalid: a table has at most %d global secondary indexes", maxGSIs)
	}
	names, projected := map[string]bool{}, 0
	for _, i := range t.GSIs {
		switch {
		case !tableNames.MatchString(i.Name):
			return validation(badName)
		case names[i.Name]:
			return validation("One or more parameter values were invalid: Duplicate index name: %s", i.Name)
		case i.HashKey == "":
			return validation("One or more parameter values were invalid: No Hash Key specified in schema of index: %s", i.Name)
		case !slices.Contains([]string{"ALL", "KEYS_ONLY", "INCLUDE"}, i.Projection):
			return validation("One or more parameter values were invalid: Unknown ProjectionType: %s of index: %s", i.Projection, i.Name)
		case (i.Projection == "INCLUDE") != (len(i.NonKeyAttributes) > 0):
			return validation("One or more parameter values were invalid: ProjectionType is %s, and NonKeyAttributes must be specified for INCLUDE only (index: %s)", i.Projection, i.Name)
		}
		names[i.Name] = true
		projected += len(i.NonKeyAttributes)
	}
	if projected > maxProjected {
		return validation("One or more parameter values were invalid: the indexes of a table project at most %d non-key attributes", maxProjected)
	}
	return nil
}
