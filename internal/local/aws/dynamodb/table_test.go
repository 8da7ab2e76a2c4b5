package dynamodb

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

func operations(s *Service) map[string]protocol.Operation {
	return s.Handler().(*protocol.JSON).Operations
}

func TestTableLifecycle(t *testing.T) {
	t.Parallel()
	s := newService()
	ctx := t.Context()
	made, err := s.CreateTable(ctx, Table{
		Name: "events", BillingMode: "PAY_PER_REQUEST", HashKey: "pk", Attributes: []Attribute{{"pk", "S"}},
		DeletionProtection: true, PointInTimeRecovery: true, Tags: map[string]string{"a": "b"},
	})
	if err != nil || made.ARN != "arn:aws:dynamodb:eu-central-1:000000000000:table/events" || made.Created != start || len(made.ID) != 36 {
		t.Fatalf("got %+v, %v", made, err)
	}
	_, err = s.CreateTable(ctx, made.Table)
	wantError(t, err, "ResourceInUseException: Table already exists: events")
	must(t, s, "PutItem", `{"TableName":"events","Item":{"pk":{"S":"1"},"g":{"S":"x"}}}`)
	must(t, s, "PutItem", `{"TableName":"events","Item":{"pk":{"S":"2"},"g":{"N":"1"}}}`)
	wantError(t, s.DeleteTable(ctx, "events"), "ValidationException: Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")

	// A new index has what was there before; what does not fit is left out.
	next := made.Table
	next.DeletionProtection = false
	next.Attributes = append(slices.Clone(next.Attributes), Attribute{"g", "S"})
	next.GSIs = []Index{{Name: "by-g", HashKey: "g", Projection: "ALL"}}
	updated, err := s.UpdateTable(ctx, next)
	if err != nil || updated.ID != made.ID || updated.ItemCount != 2 || updated.DeletionProtection {
		t.Fatalf("got %+v, %v", updated, err)
	}
	wantJSON(t, must(t, s, "Scan", `{"TableName":"events","IndexName":"by-g"}`), `{"Count":1,"ScannedCount":1,"Items":[{"pk":{"S":"1"},"g":{"S":"x"}}]}`)
	other := next
	other.HashKey, other.Attributes = "g", []Attribute{{"g", "S"}}
	_, err = s.UpdateTable(ctx, other)
	wantError(t, err, "ValidationException: the key of table events cannot be changed: replace the table")

	if err := s.DeleteTable(ctx, "events"); err != nil {
		t.Fatal(err)
	}
	wantError(t, s.DeleteTable(ctx, "events"), "ResourceNotFoundException: Requested resource not found: Table: events not found")
	_, err = s.UpdateTable(ctx, next)
	wantError(t, err, "ResourceNotFoundException: Requested resource not found: Table: events not found")
	if _, ok := s.Table("events"); ok {
		t.Error("the table is still there")
	}
}

// TestTableOperations: a table made over the protocol is as a Table says, and is
// described so.
func TestTableOperations(t *testing.T) {
	t.Parallel()
	s := newService()
	created := must(t, s, "CreateTable", `{"TableName":"tab","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"a","KeyType":"HASH"},{"AttributeName":"b","KeyType":"RANGE"}],
		"AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"},{"AttributeName":"b","AttributeType":"N"},{"AttributeName":"c","AttributeType":"S"}],
		"GlobalSecondaryIndexes":[{"IndexName":"by-c","KeySchema":[{"AttributeName":"c","KeyType":"HASH"}],"Projection":{"ProjectionType":"KEYS_ONLY"}}],
		"DeletionProtectionEnabled":true,"SSESpecification":{"Enabled":true},"Tags":[{"Key":"k","Value":"v"}]}`)
	info, ok := s.Table("tab")
	if !ok || info.HashKey != "a" || info.RangeKey != "b" || len(info.GSIs) != 1 || !info.DeletionProtection || !info.SSE || info.Tags["k"] != "v" {
		t.Fatalf("got %+v", info)
	}
	const arn = `arn:aws:dynamodb:eu-central-1:000000000000:table/tab`
	description := `{"TableName":"tab","TableArn":"` + arn + `","TableId":"` + info.ID + `","TableStatus":"ACTIVE","CreationDateTime":1725564788,"ItemCount":0,"TableSizeBytes":0,
		"KeySchema":[{"AttributeName":"a","KeyType":"HASH"},{"AttributeName":"b","KeyType":"RANGE"}],"DeletionProtectionEnabled":true,
		"ProvisionedThroughput":{"NumberOfDecreasesToday":0,"ReadCapacityUnits":0,"WriteCapacityUnits":0},"BillingModeSummary":{"BillingMode":"PAY_PER_REQUEST","LastUpdateToPayPerRequestDateTime":1725564788},
		"AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"},{"AttributeName":"b","AttributeType":"N"},{"AttributeName":"c","AttributeType":"S"}],
		"SSEDescription":{"Status":"ENABLED","SSEType":"KMS"},
		"GlobalSecondaryIndexes":[{"IndexName":"by-c","IndexArn":"` + arn + `/index/by-c","IndexStatus":"ACTIVE","KeySchema":[{"AttributeName":"c","KeyType":"HASH"}],"Projection":{"ProjectionType":"KEYS_ONLY"},
			"ItemCount":0,"IndexSizeBytes":0,"ProvisionedThroughput":{"NumberOfDecreasesToday":0,"ReadCapacityUnits":0,"WriteCapacityUnits":0}}]}`
	wantJSON(t, created, `{"TableDescription":`+description+`}`)
	wantJSON(t, must(t, s, "DescribeTable", `{"TableName":"`+arn+`"}`), `{"Table":`+description+`}`)
	_, err := do(s, "DescribeTable", `{"TableName":"none"}`)
	wantError(t, err, "ResourceNotFoundException: Requested resource not found: Table: none not found")
}

func TestTableErrors(t *testing.T) {
	t.Parallel()
	const v = "ValidationException: "
	for _, tc := range []struct {
		name   string
		change func(*Table)
		want   string
	}{
		{"name", func(x *Table) { x.Name = "a b" }, v + "1 validation error detected: Value 'a b' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"},
		{"billing mode", func(x *Table) { x.BillingMode = "FREE" }, v + "1 validation error detected: Value 'FREE' at 'billingMode' failed to satisfy constraint: Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]"},
		{"no billing mode", func(x *Table) { x.BillingMode = "" }, v + "the billing mode PROVISIONED, which is AWS's default, is not supported by the local AWS"},
		{"no hash key", func(x *Table) { x.HashKey = "" }, v + "No Hash Key specified in schema.  All Dynamo DB Tables must have exactly one hash key"},
		{"same key", func(x *Table) { x.RangeKey = "pk" }, v + "Both the Hash Key and the Range Key element in the KeySchema have the same name"},
		{"undefined", func(x *Table) { x.Attributes = x.Attributes[1:] }, v + "One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [pk], AttributeDefinitions: [at, owner, sk]"},
		{"unused", func(x *Table) { x.Attributes = append(slices.Clone(x.Attributes), Attribute{"z", "S"}) }, v + "One or more parameter values were invalid: Some AttributeDefinitions are not used. AttributeDefinitions: [at, owner, pk, sk, z], keys used: [at, owner, pk, sk]"},
		{"type", func(x *Table) { x.Attributes = []Attribute{{"pk", "BOOL"}} }, v + `1 validation error detected: Value 'BOOL' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]`},
		{"same index", func(x *Table) { x.GSIs = append(slices.Clone(x.GSIs), x.GSIs[0]) }, v + "One or more parameter values were invalid: Duplicate index name: by-owner"},
		{"projection", func(x *Table) { x.GSIs = []Index{{Name: "glo", HashKey: "owner", RangeKey: "at", Projection: "SOME"}} }, v + "1 validation error detected: Value 'SOME' at 'globalSecondaryIndexes.1.member.projection.projectionType' failed to satisfy constraint: Member must satisfy enum value set: [ALL, INCLUDE, KEYS_ONLY]"},
		{"include nothing", func(x *Table) {
			x.GSIs = []Index{{Name: "glo", HashKey: "owner", RangeKey: "at", Projection: "INCLUDE"}}
		}, v + "One or more parameter values were invalid: ProjectionType is INCLUDE, but NonKeyAttributes is not specified"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			table := eventsTable
			tc.change(&table)
			_, err := newService().CreateTable(t.Context(), table)
			wantError(t, err, tc.want)
		})
	}
}

// TestTableRequestErrors: what a request can say and a Table cannot.
func TestTableRequestErrors(t *testing.T) {
	t.Parallel()
	const (
		v     = "ValidationException: "
		one   = v + "1 validation error detected: Value "
		index = `"KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"GlobalSecondaryIndexes":[{"IndexName":"by-a","KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"Projection":%s}]`
	)
	key := func(elements string) string { return `"KeySchema":[` + elements + `]` }
	hash := func(name string) string { return `{"AttributeName":"` + name + `","KeyType":"HASH"}` }
	var many []string
	for i := range 21 {
		many = append(many, fmt.Sprintf(`"n%d"`, i))
	}
	for body, want := range map[string]string{
		key(``): one + "at 'keySchema' failed to satisfy constraint: Member must have length greater than or equal to 1",
		key(hash("a") + `,{"AttributeName":"b","KeyType":"SORT"}`): one + "'SORT' at 'keySchema.2.member.keyType' failed to satisfy constraint: Member must satisfy enum value set: [HASH, RANGE]",
		key(hash("a") + "," + hash("b")):                           v + "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
		key(`{"AttributeName":"a","KeyType":"RANGE"}`):             v + "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
		key(`{"AttributeName":"a"}`):                               one + "null at 'keySchema.1.member.keyType' failed to satisfy constraint: Member must not be null",
		key(hash("a") + `,{"AttributeName":"b","KeyType":"RANGE"},{"AttributeName":"c","KeyType":"RANGE"}`): one + "at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2",
		key(hash(strings.Repeat("a", 256))):                                                                 one + "at 'keySchema.1.member.attributeName' failed to satisfy constraint: Member must have length less than or equal to 255",
		key(hash("a") + `,{"AttributeName":"a","KeyType":"RANGE"}`):                                         v + "Both the Hash Key and the Range Key element in the KeySchema have the same name",
		key(hash("a")) + `,"GlobalSecondaryIndexes":[]`:                                                     v + "One or more parameter values were invalid: List of GlobalSecondaryIndexes is empty",
		fmt.Sprintf(index, `{"ProjectionType":"INCLUDE","NonKeyAttributes":["x","y","x"]}`):                 v + `One or more parameter values were invalid: NonKeyAttributes of index by-a has the attribute "x" twice, or an empty one`,
		fmt.Sprintf(index, `{"ProjectionType":"INCLUDE"}`):                                                  v + "One or more parameter values were invalid: ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
		fmt.Sprintf(index, `{"ProjectionType":"KEYS_ONLY","NonKeyAttributes":["x"]}`):                       v + "One or more parameter values were invalid: ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified",
		fmt.Sprintf(index, `{}`):                                                                            v + "One or more parameter values were invalid: Unknown ProjectionType: null",
		fmt.Sprintf(index, `{"ProjectionType":"INCLUDE","NonKeyAttributes":[`+strings.Join(many, ",")+`]}`): one + "at 'globalSecondaryIndexes.1.member.projection.nonKeyAttributes' failed to satisfy constraint: Member must have length less than or equal to 20",
	} {
		s := newService()
		_, err := do(s, "CreateTable", `{"TableName":"tab","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],`+body+`}`)
		if err == nil || err.Error() != want {
			t.Errorf("%.200s: got error\n%v\nwant\n%s", body, err, want)
		}
		if _, ok := s.Table("tab"); ok {
			t.Errorf("%.200s: the table was made nevertheless", body)
		}
	}
}
