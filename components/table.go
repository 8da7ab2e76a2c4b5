package components

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TableArgs describes the DynamoDB table. It is billed by request.
//
// It is encrypted at rest with the AWS managed key aws/dynamodb, which shows
// in CloudTrail when it is used and is billed by KMS; the functions need no
// permission for it. Without that setting DynamoDB would encrypt as well, with
// a key of its own that nobody else sees.
type TableArgs struct {
	// HashKey is the attribute that is the partition key. Required.
	HashKey string
	// RangeKey is the attribute that is the sort key. Defaults to none.
	RangeKey string
	// Attributes are the types of the attributes that are keys of the table or
	// of an index, by name: "S" for string, "N" for number, "B" for binary.
	// DynamoDB knows no others here. Those left out are strings.
	//
	// A type cannot be changed: AWS's provider sends it when the table or an
	// index is made, and reports success for a change that AWS never sees. The
	// component knows nothing of the table that is there and cannot find it
	// out; the local AWS refuses the change. Give an index another name, or
	// move the items to a new table.
	Attributes map[string]string
	// GlobalSecondaryIndexes are the table's indexes by name. Defaults to
	// none.
	GlobalSecondaryIndexes map[string]IndexArgs
	// PointInTimeRecovery keeps what is needed to restore the table as it was
	// at any second of the last 35 days. Defaults to false.
	PointInTimeRecovery bool
	// DeletionProtection has AWS refuse to delete the table. Defaults to
	// false.
	DeletionProtection bool
}

// IndexArgs describes a global secondary index.
type IndexArgs struct {
	// HashKey is the attribute that is the index's partition key. Required.
	HashKey string
	// RangeKey is the attribute that is the index's sort key. Defaults to
	// none.
	RangeKey string
	// ProjectionType says which attributes the index holds: "ALL",
	// "KEYS_ONLY", or "INCLUDE" for the keys and NonKeyAttributes. Defaults to
	// "ALL".
	ProjectionType string
	// NonKeyAttributes are further attributes, for "INCLUDE" only.
	NonKeyAttributes []string
}

// keys returns the names of the key attributes of the table and its indexes,
// sorted, each once.
func (t *TableArgs) keys() []string {
	keys := map[string]bool{t.HashKey: true, t.RangeKey: true}
	for _, index := range t.GlobalSecondaryIndexes {
		keys[index.HashKey], keys[index.RangeKey] = true, true
	}
	delete(keys, "")
	return slices.Sorted(maps.Keys(keys))
}

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

func (p *plan) tableName() string { return tableLogicalNames.of(p.name, "table") }

// createTable makes the table, if there is to be one.
func (c *ProtectedHttpApi) createTable(ctx *pulumi.Context, p *plan) (err error) {
	if p.table == nil {
		return nil
	}
	var attributes dynamodb.TableAttributeArray
	for _, key := range p.table.keys() {
		attributes = append(attributes, dynamodb.TableAttributeArgs{
			Name: pulumi.String(key),
			Type: pulumi.String(cmp.Or(p.table.Attributes[key], "S")),
		})
	}
	var indexes dynamodb.TableGlobalSecondaryIndexArray
	for _, name := range slices.Sorted(maps.Keys(p.table.GlobalSecondaryIndexes)) {
		index := p.table.GlobalSecondaryIndexes[name]
		args := dynamodb.TableGlobalSecondaryIndexArgs{
			Name:           pulumi.String(name),
			HashKey:        pulumi.String(index.HashKey),
			RangeKey:       optional(index.RangeKey),
			ProjectionType: pulumi.String(cmp.Or(index.ProjectionType, "ALL")),
		}
		if len(index.NonKeyAttributes) > 0 {
			args.NonKeyAttributes = pulumi.ToStringArray(index.NonKeyAttributes)
		}
		indexes = append(indexes, args)
	}
	args := p.newTableArgs(p.table.HashKey, attributes, p.table.PointInTimeRecovery, p.table.DeletionProtection)
	args.RangeKey = optional(p.table.RangeKey)
	args.GlobalSecondaryIndexes = indexes
	c.Table, err = dynamodb.NewTable(ctx, p.tableName(), args, pulumi.Parent(c))
	return err
}

// newTableArgs returns the arguments that all of the component's tables have.
func (p *plan) newTableArgs(hashKey string, attributes dynamodb.TableAttributeArray, pointInTimeRecovery, deletionProtection bool) *dynamodb.TableArgs {
	return &dynamodb.TableArgs{
		BillingMode:               pulumi.String("PAY_PER_REQUEST"),
		HashKey:                   pulumi.String(hashKey),
		Attributes:                attributes,
		ServerSideEncryption:      dynamodb.TableServerSideEncryptionArgs{Enabled: pulumi.Bool(true)},
		PointInTimeRecovery:       dynamodb.TablePointInTimeRecoveryArgs{Enabled: pulumi.Bool(pointInTimeRecovery)},
		DeletionProtectionEnabled: pulumi.Bool(deletionProtection),
		Tags:                      p.tagInputs(),
	}
}

// tableName returns a table's physical name, an empty one without a table.
func tableName(table *dynamodb.Table) pulumi.StringOutput {
	if table == nil {
		return pulumi.String("").ToStringOutput()
	}
	return table.Name
}

// tableArn returns a table's ARN, an empty one without a table.
func tableArn(table *dynamodb.Table) pulumi.StringOutput {
	if table == nil {
		return pulumi.String("").ToStringOutput()
	}
	return table.Arn
}
