// Package eventstest gives tests a DynamoDB protocol server in their own
// process, with the events table in it.
package eventstest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/truora/minidyn/server"

	"github.com/protected-http-api/protected-http-api/internal/events/schema"
)

// Table is the name of the table that Start makes.
const Table = "events-table"

// Start starts a server with an empty events table, until the test ends, and
// returns its address.
func Start(t *testing.T) (endpoint string) {
	t.Helper()
	srv := httptest.NewServer(server.NewServer())
	t.Cleanup(srv.Close)
	attribute := func(name string) types.AttributeDefinition {
		return types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: types.ScalarAttributeTypeS}
	}
	key := func(name string, kind types.KeyType) types.KeySchemaElement {
		return types.KeySchemaElement{AttributeName: aws.String(name), KeyType: kind}
	}
	_, err := Client(srv.URL).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:   aws.String(Table),
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			attribute(schema.PartitionKey), attribute(schema.IndexPartitionKey), attribute(schema.IndexSortKey),
		},
		KeySchema: []types.KeySchemaElement{key(schema.PartitionKey, types.KeyTypeHash)},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName:  aws.String(schema.Index),
			KeySchema:  []types.KeySchemaElement{key(schema.IndexPartitionKey, types.KeyTypeHash), key(schema.IndexSortKey, types.KeyTypeRange)},
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
		}},
	})
	if err != nil {
		t.Fatalf("creating table %q: %v", Table, err)
	}
	return srv.URL
}

// Client returns a client of the server at endpoint. It does not retry, so
// that a test of a broken server does not wait.
func Client(endpoint string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region:       "eu-central-1",
		BaseEndpoint: aws.String(endpoint),
		HTTPClient:   http.DefaultClient,
		Retryer:      aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
}
