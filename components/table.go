package components

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// TableArgs describes a DynamoDB table: one that the component makes, or one that is
// there. It is billed by request.
//
// It is encrypted at rest with the AWS managed key aws/dynamodb, which shows
// in CloudTrail when it is used and is billed by KMS; the functions need no
// permission for it. Without that setting DynamoDB would encrypt as well, with
// a key of its own that nobody else sees.
type TableArgs struct {
	// Existing is the name or the ARN of a table that is there already: of the same
	// program, of another stack, or, by its ARN, of another account that lets this
	// one in. It is in the functions' Region. The component makes no table then and
	// asks AWS nothing about it, so that nobody checks the table's indexes before a
	// request names one. It excludes all other fields but KmsKeyArn. Defaults to a
	// table that the component makes.
	Existing pulumi.StringInput
	// HashKey is the attribute that is the partition key. Required without Existing.
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
	// TtlAttribute is the attribute with the second since the Unix epoch at which an
	// item is worthless, a number. DynamoDB removes the item some time after that,
	// at no cost. AWS takes up to an hour to change from one attribute to another.
	// Defaults to none: items stay. Without the attribute that was here before they
	// do not: AWS's provider leaves the TTL on, and whoever wants it off runs
	// aws dynamodb update-time-to-live.
	TtlAttribute string
	// StreamViewType makes the table write a stream of its changes, and says what is
	// in it of an item that changes: "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE" or
	// "NEW_AND_OLD_IMAGES". Its ARN is an output. Defaults to no stream.
	StreamViewType string
	// PointInTimeRecovery keeps what is needed to restore the table as it was
	// at any second of the last 35 days. Defaults to false.
	PointInTimeRecovery bool
	// DeletionProtection has AWS refuse to delete the table. Defaults to
	// false.
	DeletionProtection bool
	// KmsKeyArn is the ARN of a customer managed KMS key that the table is encrypted
	// with. The functions that may use the table may then decrypt with the key, for
	// DynamoDB and this table only; whoever deploys the table needs kms:CreateGrant
	// and kms:DescribeKey on it. Defaults to the AWS managed key aws/dynamodb. To go
	// back to that, first run aws dynamodb update-table: AWS's provider leaves the
	// table on its key, for which the functions then have no permission.
	KmsKeyArn pulumi.StringInput
	// Class is "STANDARD", or "STANDARD_INFREQUENT_ACCESS", where storing is cheaper
	// and reading and writing are dearer. Defaults to "STANDARD".
	Class string
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

var (
	// CreateTable takes names of indexes and tables of 3 to 255 of these characters.
	indexName = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)
	// existingArn has the Region, the account and the name of a table.
	existingArn = regexp.MustCompile(`^arn:[a-z-]+:dynamodb:([a-z0-9-]+):([0-9]{12}):table/([A-Za-z0-9_.-]{3,255})$`)
	// tableKey matches the names by which Tables has its tables: they are parts of
	// names on AWS and of a variable's name.
	tableKey = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
)

// DynamoDB API reference, StreamSpecification and CreateTable.
var (
	streamViewTypes = []string{"", "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"}
	tableClasses    = []string{"", "STANDARD", "STANDARD_INFREQUENT_ACCESS"}
)

// tablePlan is a table that the functions may use.
type tablePlan struct {
	name     string // empty: the one of ProtectedHttpApiArgs.Table
	property string
	args     TableArgs
	// logicalName is Pulumi's name for the table, if the component makes it.
	logicalName string
	// variable is the environment variable with the table's name.
	variable string
}

func (p *plan) table(name string) *tablePlan {
	for _, t := range p.tables {
		if t.name == name {
			return t
		}
	}
	return nil
}

// planTables plans the tables and checks them. The name of a further one stands before
// "table", and those of the authorizers' tables have other ends: no two are the same.
func (c *checker) planTables() {
	if c.args.Table != nil {
		c.plan.tables = append(c.plan.tables, &tablePlan{property: "Table", args: *c.args.Table,
			logicalName: tableLogicalNames.of(c.plan.name, "table"), variable: contract.EnvTableName})
	}
	byVariable := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(c.args.Tables)) {
		t := &tablePlan{name: name, property: fmt.Sprintf("Tables[%q]", name), args: c.args.Tables[name],
			logicalName: tableLogicalNames.of(c.plan.name, name, "table"), variable: tableVariable(name)}
		if !tableKey.MatchString(name) {
			c.addf(t.property, "the name must be 1 to 64 letters, digits, '_', '-' or '.'")
		}
		if other, ok := byVariable[t.variable]; ok {
			c.addf(t.property, "functions would find its name in %s, and so that of %s: give one of them another name", t.variable, other)
		}
		byVariable[t.variable] = t.property
		c.plan.tables = append(c.plan.tables, t)
	}
	for _, t := range c.plan.tables {
		c.checkTable(t.property, t.args)
	}
}

// tableVariable is the variable with the name of a table of
// ProtectedHttpApiArgs.Tables.
func tableVariable(name string) string {
	return contract.EnvTableName + "_" + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(name))
}

func (c *checker) checkTable(property string, table TableArgs) {
	if plain, ok := table.KmsKeyArn.(pulumi.String); ok {
		c.add(property+".KmsKeyArn", checkKmsKeyArn(string(plain)))
	}
	if table.Existing != nil {
		c.checkExistingTable(property, table)
		return
	}
	c.checkKeys(property, table.HashKey, table.RangeKey)
	keys := table.keys()
	for _, name := range slices.Sorted(maps.Keys(table.Attributes)) {
		attribute := fmt.Sprintf("%s.Attributes[%q]", property, name)
		if kind := table.Attributes[name]; kind != "S" && kind != "N" && kind != "B" {
			c.addf(attribute, "%q is not one of \"S\", \"N\", \"B\"", kind)
		}
		if !slices.Contains(keys, name) {
			c.addf(attribute, "is no key of the table or of an index: DynamoDB declares only those")
		}
	}
	c.checkIndexes(property+".GlobalSecondaryIndexes", table.GlobalSecondaryIndexes)
	c.checkTtl(property+".TtlAttribute", table)
	c.checkWord(property+".StreamViewType", table.StreamViewType, streamViewTypes)
	c.checkWord(property+".Class", table.Class, tableClasses)
}

// checkExistingTable checks a reference to a table, and refuses what only a table of the
// component's own can have.
func (c *checker) checkExistingTable(property string, table TableArgs) {
	plain, ok := table.Existing.(pulumi.String)
	if name := string(plain); ok && !indexName.MatchString(name) && !existingArn.MatchString(name) {
		c.addf(property+".Existing", "%q is neither the name of a DynamoDB table, 3 to 255 letters, digits, '_', '-' or '.', nor its ARN: arn:aws:dynamodb:{region}:{account}:table/{name}", name)
	}
	for field, value := range reflect.ValueOf(table).Fields() {
		if field.Name != "Existing" && field.Name != "KmsKeyArn" && !value.IsZero() {
			c.addf(property+"."+field.Name, "is not possible with Existing: a table that is there already is as it is: leave it out")
		}
	}
}

// checkWord checks one of some words, of which the first is empty.
func (c *checker) checkWord(property, word string, allowed []string) {
	if !slices.Contains(allowed, word) {
		c.addf(property, "%q is not one of %s", word, quoted(allowed[1:]))
	}
}

func (c *checker) checkTtl(property string, table TableArgs) {
	name := table.TtlAttribute
	if len(name) > maxKeyName {
		c.addf(property, "the name has %d bytes: at most %d are allowed", len(name), maxKeyName)
	}
	if kind := cmp.Or(table.Attributes[name], "S"); name != "" && slices.Contains(table.keys(), name) && kind != "N" {
		c.addf(property, "%q is a key of type %q, but DynamoDB reads the time from a number: give it the type \"N\" in Attributes, or name another attribute", name, kind)
	}
}

func (c *checker) checkIndexes(property string, indexes map[string]IndexArgs) {
	if n := len(indexes); n > maxIndexes {
		c.addf(property, "%d indexes are too many: at most %d are allowed", n, maxIndexes)
	}
	nonKeyAttributes := 0
	for _, name := range slices.Sorted(maps.Keys(indexes)) {
		c.checkIndex(fmt.Sprintf("%s[%q]", property, name), name, indexes[name])
		nonKeyAttributes += len(indexes[name].NonKeyAttributes)
	}
	if nonKeyAttributes > maxNonKeyAttributes {
		c.addf(property, "%d NonKeyAttributes in all are too many: at most %d are allowed", nonKeyAttributes, maxNonKeyAttributes)
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

// createTables makes the tables that are not there already.
func (c *ProtectedHttpApi) createTables(ctx *pulumi.Context, p *plan) error {
	c.Tables = map[string]*dynamodb.Table{}
	for _, t := range p.tables {
		if t.args.Existing != nil {
			continue
		}
		table, err := dynamodb.NewTable(ctx, t.logicalName, t.args.resource(p), pulumi.Parent(c))
		if err != nil {
			return err
		}
		if t.name == "" {
			c.Table = table
			continue
		}
		c.Tables[t.name] = table
	}
	return nil
}

// resource returns the arguments of the table that the component makes.
func (t *TableArgs) resource(p *plan) *dynamodb.TableArgs {
	var attributes dynamodb.TableAttributeArray
	for _, key := range t.keys() {
		attributes = append(attributes, dynamodb.TableAttributeArgs{
			Name: pulumi.String(key),
			Type: pulumi.String(cmp.Or(t.Attributes[key], "S")),
		})
	}
	var indexes dynamodb.TableGlobalSecondaryIndexArray
	for _, name := range slices.Sorted(maps.Keys(t.GlobalSecondaryIndexes)) {
		index := t.GlobalSecondaryIndexes[name]
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
	args := p.newTableArgs(t.HashKey, attributes, t.PointInTimeRecovery, t.DeletionProtection)
	args.RangeKey = optional(t.RangeKey)
	args.GlobalSecondaryIndexes = indexes
	args.TableClass = optional(t.Class)
	if t.TtlAttribute != "" {
		args.Ttl = dynamodb.TableTtlArgs{AttributeName: pulumi.String(t.TtlAttribute), Enabled: pulumi.Bool(true)}
	}
	if t.StreamViewType != "" {
		args.StreamEnabled, args.StreamViewType = pulumi.Bool(true), pulumi.String(t.StreamViewType)
	}
	if t.KmsKeyArn != nil {
		args.ServerSideEncryption = dynamodb.TableServerSideEncryptionArgs{Enabled: pulumi.Bool(true), KmsKeyArn: t.KmsKeyArn.ToStringOutput()}
	}
	return args
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

// resourceOf returns the table that the component has made; nil for one that was there.
func (c *ProtectedHttpApi) resourceOf(t *tablePlan) *dynamodb.Table {
	if t.name == "" {
		return c.Table
	}
	return c.Tables[t.name]
}

// located returns a table's ARN, and the name that requests of functions have for it.
// neighbour is the ARN of something in the functions' Region and account.
func (c *ProtectedHttpApi) located(t *tablePlan, neighbour pulumi.StringOutput) (arn, name pulumi.StringOutput) {
	if table := c.resourceOf(t); table != nil {
		return table.Arn, table.Name
	}
	found := pulumi.All(t.args.Existing, neighbour).ApplyT(func(v []any) ([]string, error) {
		arn, name, err := locate(v[0].(string), v[1].(string))
		if err != nil {
			return nil, fmt.Errorf("%s.Existing: %w", t.property, err)
		}
		return []string{arn, name}, nil
	}).(pulumi.StringArrayOutput)
	return found.Index(pulumi.Int(0)), found.Index(pulumi.Int(1))
}

// locate returns the ARN of a table that is known by its name or its ARN, and the name
// for requests: of another account's table that is the ARN (DynamoDB API reference,
// GetItem, TableName).
func locate(reference, neighbour string) (arn, name string, err error) {
	partition, region, account, err := location(neighbour)
	if err != nil {
		return "", "", err
	}
	if indexName.MatchString(reference) {
		return fmt.Sprintf("arn:%s:dynamodb:%s:%s:table/%s", partition, region, account, reference), reference, nil
	}
	parts := existingArn.FindStringSubmatch(reference)
	switch {
	case parts == nil:
		return "", "", fmt.Errorf("%q is neither the name of a DynamoDB table nor its ARN", reference)
	case parts[1] != region:
		return "", "", fmt.Errorf("%q is in the Region %s, the functions are in %s: name a table of their Region", reference, parts[1], region)
	case parts[2] != account:
		return reference, reference, nil
	}
	return reference, parts[3], nil
}

// nameOf returns a table's name for people.
func (c *ProtectedHttpApi) nameOf(t *tablePlan) pulumi.StringOutput {
	if table := c.resourceOf(t); table != nil {
		return table.Name
	}
	return t.args.Existing.ToStringOutput().ApplyT(func(reference string) string {
		return reference[strings.LastIndex(reference, "/")+1:]
	}).(pulumi.StringOutput)
}

// streamOf returns the ARN of a table's stream; empty where the component has made
// none.
func (c *ProtectedHttpApi) streamOf(t *tablePlan) pulumi.StringOutput {
	if table := c.resourceOf(t); table != nil && t.args.StreamViewType != "" {
		return table.StreamArn
	}
	return pulumi.String("").ToStringOutput()
}
