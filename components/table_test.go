package components

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func TestCheckTable(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("k", 256)
	many := map[string]IndexArgs{}
	for i := range 21 {
		many[fmt.Sprintf("index-%d", i)] = IndexArgs{HashKey: "pk"}
	}
	tests := []struct {
		name  string
		table TableArgs
		want  string
	}{
		{"key alone", TableArgs{HashKey: "pk"}, ""},
		{"everything", TableArgs{HashKey: "pk", RangeKey: "sk", Attributes: map[string]string{"pk": "S", "sk": "N", "owner": "B"},
			GlobalSecondaryIndexes: map[string]IndexArgs{
				"by-owner": {HashKey: "owner", ProjectionType: "INCLUDE", NonKeyAttributes: []string{"name"}},
				"by-sk":    {HashKey: "sk", RangeKey: "pk", ProjectionType: "KEYS_ONLY"},
			}}, ""},
		{"options", TableArgs{HashKey: "pk", RangeKey: "at", Attributes: map[string]string{"at": "N"}, TtlAttribute: "at", StreamViewType: "KEYS_ONLY",
			Class: "STANDARD_INFREQUENT_ACCESS", KmsKeyArn: pulumi.String("arn:aws:kms:eu-central-1:123456789012:key/1")}, ""},
		{"wrong options", TableArgs{HashKey: "pk", TtlAttribute: "pk", StreamViewType: "new_image", Class: "INFREQUENT", KmsKeyArn: pulumi.String("alias/mine")},
			`Table.KmsKeyArn: "alias/mine" is not the ARN of a KMS key: arn:aws:kms:{region}:{account}:key/{id}
Table.TtlAttribute: "pk" is a key of type "S", but DynamoDB reads the time from a number: give it the type "N" in Attributes, or name another attribute
Table.StreamViewType: "new_image" is not one of "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"
Table.Class: "INFREQUENT" is not one of "STANDARD", "STANDARD_INFREQUENT_ACCESS"`},
		{"long name of the TTL's attribute", TableArgs{HashKey: "pk", TtlAttribute: long}, "Table.TtlAttribute: the name has 256 bytes: at most 255 are allowed"},
		{"existing", TableArgs{Existing: pulumi.String("notes"), KmsKeyArn: pulumi.String("arn:aws:kms:eu-central-1:123456789012:key/1")}, ""},
		{"existing, with what only a new one has", TableArgs{Existing: pulumi.String("arn:aws:dynamodb:eu-central-1:123456789012:table/notes"),
			HashKey: "pk", TtlAttribute: "at", DeletionProtection: true},
			`Table.HashKey: is not possible with Existing: a table that is there already is as it is: leave it out
Table.TtlAttribute: is not possible with Existing: a table that is there already is as it is: leave it out
Table.DeletionProtection: is not possible with Existing: a table that is there already is as it is: leave it out`},
		{"no reference", TableArgs{Existing: pulumi.String("arn:aws:s3:::notes")},
			`Table.Existing: "arn:aws:s3:::notes" is neither the name of a DynamoDB table, 3 to 255 letters, digits, '_', '-' or '.', nor its ARN: arn:aws:dynamodb:{region}:{account}:table/{name}`},
		{"no key", TableArgs{}, "Table.HashKey: is required"},
		{"same keys", TableArgs{HashKey: "pk", RangeKey: "pk"}, `Table.RangeKey: "pk" is the HashKey already`},
		{"long keys", TableArgs{HashKey: long, RangeKey: long + "2"},
			"Table.HashKey: the name has 256 bytes: at most 255 are allowed\nTable.RangeKey: the name has 257 bytes: at most 255 are allowed"},
		{"attributes", TableArgs{HashKey: "pk", Attributes: map[string]string{"pk": "string", "name": "S"}},
			"Table.Attributes[\"name\"]: is no key of the table or of an index: DynamoDB declares only those\n" +
				"Table.Attributes[\"pk\"]: \"string\" is not one of \"S\", \"N\", \"B\""},
		{"indexes", TableArgs{HashKey: "pk", GlobalSecondaryIndexes: map[string]IndexArgs{
			"a":          {},
			"with-all":   {HashKey: "pk", NonKeyAttributes: []string{"name"}},
			"with-none":  {HashKey: "pk", ProjectionType: "INCLUDE"},
			"with-other": {HashKey: "pk", ProjectionType: "all"},
		}}, `Table.GlobalSecondaryIndexes["a"]: the name must be 3 to 255 letters, digits, '_', '-' or '.'
Table.GlobalSecondaryIndexes["a"].HashKey: is required
Table.GlobalSecondaryIndexes["with-all"].NonKeyAttributes: are for the ProjectionType "INCLUDE" only
Table.GlobalSecondaryIndexes["with-none"].NonKeyAttributes: at least one is required with the ProjectionType "INCLUDE"
Table.GlobalSecondaryIndexes["with-other"].ProjectionType: "all" is not one of "ALL", "KEYS_ONLY", "INCLUDE"`},
		{"too many indexes", TableArgs{HashKey: "pk", GlobalSecondaryIndexes: many},
			"Table.GlobalSecondaryIndexes: 21 indexes are too many: at most 20 are allowed"},
		{"too many attributes", TableArgs{HashKey: "pk", GlobalSecondaryIndexes: map[string]IndexArgs{
			"wide": {HashKey: "pk", ProjectionType: "INCLUDE", NonKeyAttributes: make([]string, 101)},
		}}, "Table.GlobalSecondaryIndexes: 101 NonKeyAttributes in all are too many: at most 100 are allowed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := &checker{}
			c.checkTable("Table", test.table)
			if got := messages(c.mistakes); got != test.want {
				t.Errorf("mistakes are\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{false, true} {
		t.Run(fmt.Sprint(on), func(t *testing.T) {
			t.Parallel()
			args := exampleArgs()
			args.Table.PointInTimeRecovery, args.Table.DeletionProtection = on, on
			expectInputs(t, mustDeploy(t, args).find(t, "Table", "events-table"), map[string]any{
				"billingMode": "PAY_PER_REQUEST",
				"hashKey":     "pk",
				"attributes": []any{
					map[string]any{"name": "count", "type": "N"}, map[string]any{"name": "pk", "type": "S"}, map[string]any{"name": "type", "type": "S"},
				},
				"globalSecondaryIndexes": []any{
					map[string]any{"name": "newest-first", "hashKey": "type", "rangeKey": "count", "projectionType": "ALL"},
				},
				"serverSideEncryption":      map[string]any{"enabled": true},
				"pointInTimeRecovery":       map[string]any{"enabled": on},
				"deletionProtectionEnabled": on,
			})
		})
	}
}

func TestTableOptions(t *testing.T) {
	t.Parallel()
	args := exampleArgs()
	args.Table.TtlAttribute, args.Table.StreamViewType, args.Table.Class = "until", "NEW_AND_OLD_IMAGES", "STANDARD_INFREQUENT_ACCESS"
	args.Table.KmsKeyArn = pulumi.String("arn:aws:kms:eu-central-1:123456789012:key/1")
	inputs := mustDeploy(t, args).find(t, "Table", "events-table").Inputs.Mappable()
	for property, want := range map[string]any{
		"ttl": map[string]any{"attributeName": "until", "enabled": true}, "streamEnabled": true, "streamViewType": "NEW_AND_OLD_IMAGES",
		"tableClass":           "STANDARD_INFREQUENT_ACCESS",
		"serverSideEncryption": map[string]any{"enabled": true, "kmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/1"},
	} {
		if !reflect.DeepEqual(inputs[property], want) {
			t.Errorf("%s is %v, want %v", property, inputs[property], want)
		}
	}
}
