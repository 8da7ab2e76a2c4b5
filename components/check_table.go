package components

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// Limits of DynamoDB (developer guide, "Quotas in Amazon DynamoDB" and "Naming
// rules").
const (
	maxIndexes          = 20
	maxKeyName          = 255
	maxNonKeyAttributes = 100
)

// CreateTable takes index names of 3 to 255 of these characters.
var indexName = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)

func (c *checker) checkTable(table *TableArgs) {
	if table == nil {
		return
	}
	c.checkKeys("Table", table.HashKey, table.RangeKey)
	keys := table.keys()
	for _, name := range slices.Sorted(maps.Keys(table.Attributes)) {
		property := fmt.Sprintf("Table.Attributes[%q]", name)
		if kind := table.Attributes[name]; kind != "S" && kind != "N" && kind != "B" {
			c.addf(property, "%q is not one of \"S\", \"N\", \"B\"", kind)
		}
		if !slices.Contains(keys, name) {
			c.addf(property, "is no key of the table or of an index: DynamoDB declares only those")
		}
	}
	if n := len(table.GlobalSecondaryIndexes); n > maxIndexes {
		c.addf("Table.GlobalSecondaryIndexes", "%d indexes are too many: at most %d are allowed", n, maxIndexes)
	}
	nonKeyAttributes := 0
	for _, name := range slices.Sorted(maps.Keys(table.GlobalSecondaryIndexes)) {
		index := table.GlobalSecondaryIndexes[name]
		c.checkIndex(fmt.Sprintf("Table.GlobalSecondaryIndexes[%q]", name), name, index)
		nonKeyAttributes += len(index.NonKeyAttributes)
	}
	if nonKeyAttributes > maxNonKeyAttributes {
		c.addf("Table.GlobalSecondaryIndexes", "%d NonKeyAttributes in all are too many: at most %d are allowed", nonKeyAttributes, maxNonKeyAttributes)
	}
}

func (c *checker) checkIndex(property, name string, index IndexArgs) {
	if !indexName.MatchString(name) {
		c.addf(property, "the name must be 3 to 255 letters, digits, '_', '-' or '.'")
	}
	c.checkKeys(property, index.HashKey, index.RangeKey)
	switch index.ProjectionType {
	case "INCLUDE":
		if len(index.NonKeyAttributes) == 0 {
			c.addf(property+".NonKeyAttributes", "at least one is required with the ProjectionType \"INCLUDE\"")
		}
	case "", "ALL", "KEYS_ONLY":
		if len(index.NonKeyAttributes) > 0 {
			c.addf(property+".NonKeyAttributes", "are for the ProjectionType \"INCLUDE\" only")
		}
	default:
		c.addf(property+".ProjectionType", "%q is not one of \"ALL\", \"KEYS_ONLY\", \"INCLUDE\"", index.ProjectionType)
	}
}

func (c *checker) checkKeys(property, hashKey, rangeKey string) {
	switch hashKey {
	case "":
		c.addf(property+".HashKey", "is required")
	case rangeKey:
		c.addf(property+".RangeKey", "%q is the HashKey already", rangeKey)
	}
	for _, key := range []struct{ field, name string }{{".HashKey", hashKey}, {".RangeKey", rangeKey}} {
		if len(key.name) > maxKeyName {
			c.addf(property+key.field, "the name has %d bytes: at most %d are allowed", len(key.name), maxKeyName)
		}
	}
}
