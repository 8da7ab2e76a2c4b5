package endpoint_test

import (
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

func s(v string) *types.AttributeValueMemberS { return &types.AttributeValueMemberS{Value: v} }
func n(v string) *types.AttributeValueMemberN { return &types.AttributeValueMemberN{Value: v} }

func createEvents(t *testing.T, client *dynamodb.Client) {
	t.Helper()
	_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("events"), BillingMode: types.BillingModePayPerRequest,
		KeySchema: []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("kind"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("at"), AttributeType: types.ScalarAttributeTypeN},
		},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName: aws.String("by-time"), Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
			KeySchema: []types.KeySchemaElement{{AttributeName: aws.String("kind"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("at"), KeyType: types.KeyTypeRange}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestDynamoDBThroughSDK: values of every type and the errors with members
// survive the way through the SDK.
func TestDynamoDBThroughSDK(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	client, ctx := c.dynamodbClient(c.iam.Root()), t.Context()
	createEvents(t, client)
	described, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String("events")})
	info, ok := c.dynamodb.Table("events")
	if err != nil || !ok || *described.Table.TableArn != info.ARN || *described.Table.TableId != info.ID || described.Table.TableStatus != types.TableStatusActive ||
		*described.Table.GlobalSecondaryIndexes[0].IndexArn != "arn:aws:dynamodb:eu-central-1:000000000000:table/events/index/by-time" {
		t.Fatalf("got %+v, %v", described, err)
	}
	item := map[string]types.AttributeValue{
		"pk": s("EVENT#1"), "kind": s("event"), "at": n("1725564788.5"), "empty": s(""),
		"b": &types.AttributeValueMemberB{Value: []byte{0, 1, 255}}, "t": &types.AttributeValueMemberBOOL{Value: true}, "z": &types.AttributeValueMemberNULL{Value: true},
		"l": &types.AttributeValueMemberL{Value: []types.AttributeValue{}}, "m": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"<é>": s("\"\\\n")}},
		"ss": &types.AttributeValueMemberSS{Value: []string{"a", "b"}}, "ns": &types.AttributeValueMemberNS{Value: []string{"1", "2"}}, "bs": &types.AttributeValueMemberBS{Value: [][]byte{{0}, {1}}},
	}
	put := &dynamodb.PutItemInput{TableName: aws.String("events"), Item: item, ConditionExpression: aws.String("attribute_not_exists(pk)"), ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}
	if _, err := client.PutItem(ctx, put); err != nil {
		t.Fatal(err)
	}
	key := map[string]types.AttributeValue{"pk": s("EVENT#1")}
	got, err := client.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("events"), Key: key})
	if err != nil || !reflect.DeepEqual(got.Item, item) {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = client.PutItem(ctx, put)
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) || !reflect.DeepEqual(failed.Item, item) {
		t.Errorf("got %v", err)
	}
	_, err = client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Put: &types.Put{TableName: aws.String("events"), Item: map[string]types.AttributeValue{"pk": s("EVENT#2")}}},
		{Delete: &types.Delete{TableName: aws.String("events"), Key: key, ConditionExpression: aws.String("attribute_not_exists(pk)")}},
	}})
	var canceled *types.TransactionCanceledException
	if !errors.As(err, &canceled) || len(canceled.CancellationReasons) != 2 || *canceled.CancellationReasons[0].Code != "None" || *canceled.CancellationReasons[1].Code != "ConditionalCheckFailed" {
		t.Errorf("got %v", err)
	}
	_, err = client.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("none"), Key: key})
	var notFound *types.ResourceNotFoundException
	if !errors.As(err, &notFound) {
		t.Errorf("got %v", err)
	}
	_, err = client.ListBackups(ctx, &dynamodb.ListBackupsInput{})
	wantAPIError(t, err, "UnknownOperationException", "An unknown operation was requested.")
	_, err = client.Query(ctx, &dynamodb.QueryInput{TableName: aws.String("events"), KeyConditions: map[string]types.Condition{}})
	wantAPIError(t, err, "ValidationException", "the legacy parameter KeyConditions is not supported by the local AWS")
	if log := c.console.String(); !strings.Contains(log, "cure: write an expression instead of the legacy parameter KeyConditions\n") {
		t.Errorf("console: %s", log)
	}
}

// TestManyWritersThroughSDK: as many items are stored as were acknowledged.
func TestManyWritersThroughSDK(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	client, ctx := c.dynamodbClient(c.iam.Root()), t.Context()
	createEvents(t, client)
	var wg sync.WaitGroup
	const writers, each = 8, 25
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				id := strings.Repeat("x", w) + "-" + strings.Repeat("y", i)
				if _, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("events"), Item: map[string]types.AttributeValue{"pk": s(id), "kind": s("event"), "at": n("1")}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	found := map[string]bool{}
	pages := dynamodb.NewQueryPaginator(client, &dynamodb.QueryInput{
		TableName: aws.String("events"), IndexName: aws.String("by-time"), Limit: aws.Int32(7), ScanIndexForward: aws.Bool(false),
		KeyConditionExpression: aws.String("kind = :k"), ExpressionAttributeValues: map[string]types.AttributeValue{":k": s("event")},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range page.Items {
			found[it["pk"].(*types.AttributeValueMemberS).Value] = true
		}
	}
	if len(found) != writers*each {
		t.Errorf("%d of %d items", len(found), writers*each)
	}
}

// TestDynamoDBReadsThroughSDK: tables, segments of a scan and consumed capacity.
func TestDynamoDBReadsThroughSDK(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	client, ctx := c.dynamodbClient(c.iam.Root()), t.Context()
	createEvents(t, client)
	for i := range 20 {
		put, err := client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: aws.String("events"), ReturnConsumedCapacity: types.ReturnConsumedCapacityIndexes, ReturnItemCollectionMetrics: types.ReturnItemCollectionMetricsSize,
			Item: map[string]types.AttributeValue{"pk": s(strings.Repeat("x", i+1)), "kind": s("event"), "at": n("1")},
		})
		if err != nil {
			t.Fatal(err)
		}
		if u := put.ConsumedCapacity; *u.TableName != "events" || *u.CapacityUnits != 2 || *u.Table.CapacityUnits != 1 || *u.GlobalSecondaryIndexes["by-time"].CapacityUnits != 1 {
			t.Errorf("got %+v", u)
		}
	}
	found := map[string]bool{}
	for segment := range int32(3) {
		pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: aws.String("events"), Limit: aws.Int32(3), Segment: aws.Int32(segment), TotalSegments: aws.Int32(3)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, it := range page.Items {
				id := it["pk"].(*types.AttributeValueMemberS).Value
				if found[id] {
					t.Errorf("%s is in two segments", id)
				}
				found[id] = true
			}
		}
	}
	if len(found) != 20 {
		t.Errorf("%d items of 20", len(found))
	}
	tables, err := client.ListTables(ctx, &dynamodb.ListTablesInput{Limit: aws.Int32(1)})
	if err != nil || !reflect.DeepEqual(tables.TableNames, []string{"events"}) || tables.LastEvaluatedTableName != nil {
		t.Errorf("got %+v, %v", tables, err)
	}
	_, err = c.dynamodbClient(c.role(t, `{"Effect":"Allow","Action":"dynamodb:ListTables","Resource":"arn:aws:dynamodb:eu-central-1:000000000000:table/*"}`)).ListTables(ctx, &dynamodb.ListTablesInput{})
	wantAPIError(t, err, "AccessDeniedException", "User: arn:aws:sts::000000000000:assumed-role/fn/fn is not authorized to perform: dynamodb:ListTables on resource: * because no identity-based policy allows the dynamodb:ListTables action")
	described, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String("events")})
	if err != nil || *described.Table.ItemCount != 20 || *described.Table.GlobalSecondaryIndexes[0].ItemCount != 20 || *described.Table.GlobalSecondaryIndexes[0].IndexSizeBytes != *described.Table.TableSizeBytes {
		t.Errorf("got %+v, %v", described, err)
	}
}

// TestTransactionThroughSDK: a key of another type cancels, and a client that is
// called twice with one token, whose maps it writes in any order, does it once.
func TestTransactionThroughSDK(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	client, ctx := c.dynamodbClient(c.iam.Root()), t.Context()
	createEvents(t, client)
	_, err := client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Delete: &types.Delete{TableName: aws.String("events"), Key: map[string]types.AttributeValue{"pk": n("1")}}},
	}})
	var canceled *types.TransactionCanceledException
	if !errors.As(err, &canceled) || *canceled.CancellationReasons[0].Code != "ValidationError" || *canceled.CancellationReasons[0].Message != "The provided key element does not match the schema" {
		t.Errorf("got %v", err)
	}
	values := map[string]types.AttributeValue{}
	var sets []string
	for _, name := range strings.Split("abcdefghij", "") {
		values[":"+name] = n("1")
		sets = append(sets, name+" :"+name)
	}
	for range 5 {
		if _, err := client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{ClientRequestToken: aws.String("token"), TransactItems: []types.TransactWriteItem{{Update: &types.Update{
			TableName: aws.String("events"), Key: map[string]types.AttributeValue{"pk": s("1")}, UpdateExpression: aws.String("ADD " + strings.Join(sets, ", ")), ExpressionAttributeValues: values,
		}}}}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := client.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("events"), Key: map[string]types.AttributeValue{"pk": s("1")}})
	if err != nil || !reflect.DeepEqual(got.Item["j"], types.AttributeValue(n("1"))) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestCompressedRequest: a body that is not as the protocol reads it is refused by
// name, with a cure.
func TestCompressedRequest(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	_, err := c.dynamodbClient(c.iam.Root()).ListTables(t.Context(), &dynamodb.ListTablesInput{}, dynamodb.WithAPIOptions(smithyhttp.SetHeaderValue("Content-Encoding", "gzip")))
	wantAPIError(t, err, "SerializationException", "a body with a Content-Encoding is not supported by the local AWS")
	if log := c.console.String(); !strings.Contains(log, `Content-Encoding "gzip"`) || !strings.Contains(log, "cure: send it as it is: in an AWS SDK, disable request compression\n") {
		t.Errorf("console: %s", log)
	}
}
