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
