// Package eventstest gives tests the events table in a local AWS of their own.
package eventstest

import (
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/events/schema"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/dynamodb"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint/endpointtest"
)

// Start starts a local AWS with an empty events table, until the test ends, and
// returns the environment of a function that may do with the table what
// events.Store does.
func Start(t testing.TB) endpointtest.Environment {
	t.Helper()
	tables := dynamodb.New(endpointtest.Account, nil)
	table, err := tables.CreateTable(t.Context(), dynamodb.Table{
		Name: "events-table", BillingMode: "PAY_PER_REQUEST", HashKey: schema.PartitionKey,
		Attributes: []dynamodb.Attribute{
			{Name: schema.PartitionKey, Type: "S"}, {Name: schema.IndexPartitionKey, Type: "S"}, {Name: schema.IndexSortKey, Type: "S"},
		},
		GSIs: []dynamodb.Index{{Name: schema.Index, HashKey: schema.IndexPartitionKey, RangeKey: schema.IndexSortKey, Projection: "ALL"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	env := endpointtest.Start(t, endpoint.Options{Services: endpoint.Services{"dynamodb": tables.Handler()}}).Role(t, "function",
		endpointtest.Allow("dynamodb:PutItem,dynamodb:GetItem,dynamodb:DeleteItem", table.ARN),
		endpointtest.Allow("dynamodb:Query", table.ARN+"/index/"+schema.Index))
	env[contract.EnvTableName] = table.Name
	return env
}
