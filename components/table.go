package components

import (
	"maps"
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

// createTable makes the table, if there is to be one.
func (c *ProtectedHttpApi) createTable(ctx *pulumi.Context, p *plan) (err error) {
	if p.table == nil {
		return nil
	}
	var attributes dynamodb.TableAttributeArray
	for _, key := range p.table.keys() {
		attributes = append(attributes, dynamodb.TableAttributeArgs{
			Name: pulumi.String(key),
			Type: pulumi.String(orDefault(p.table.Attributes[key], "S")),
		})
	}
	var indexes dynamodb.TableGlobalSecondaryIndexArray
	for _, name := range slices.Sorted(maps.Keys(p.table.GlobalSecondaryIndexes)) {
		index := p.table.GlobalSecondaryIndexes[name]
		args := dynamodb.TableGlobalSecondaryIndexArgs{
			Name:           pulumi.String(name),
			HashKey:        pulumi.String(index.HashKey),
			RangeKey:       optional(index.RangeKey),
			ProjectionType: pulumi.String(orDefault(index.ProjectionType, "ALL")),
		}
		if len(index.NonKeyAttributes) > 0 {
			args.NonKeyAttributes = pulumi.ToStringArray(index.NonKeyAttributes)
		}
		indexes = append(indexes, args)
	}
	args := newTableArgs(p.table.HashKey, attributes, p.table.PointInTimeRecovery, p.table.DeletionProtection)
	args.RangeKey = optional(p.table.RangeKey)
	args.GlobalSecondaryIndexes = indexes
	c.Table, err = dynamodb.NewTable(ctx, p.tableName(), args, pulumi.Parent(c))
	return err
}

// newTableArgs returns what all of the component's tables have.
func newTableArgs(hashKey string, attributes dynamodb.TableAttributeArray, pointInTimeRecovery, deletionProtection bool) *dynamodb.TableArgs {
	return &dynamodb.TableArgs{
		BillingMode:               pulumi.String("PAY_PER_REQUEST"),
		HashKey:                   pulumi.String(hashKey),
		Attributes:                attributes,
		ServerSideEncryption:      dynamodb.TableServerSideEncryptionArgs{Enabled: pulumi.Bool(true)},
		PointInTimeRecovery:       dynamodb.TablePointInTimeRecoveryArgs{Enabled: pulumi.Bool(pointInTimeRecovery)},
		DeletionProtectionEnabled: pulumi.Bool(deletionProtection),
	}
}

// optional returns no input at all for an empty string.
func optional(value string) pulumi.StringPtrInput {
	if value == "" {
		return nil
	}
	return pulumi.String(value)
}

// orDefault returns value, or fallback for a zero value.
func orDefault[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}
