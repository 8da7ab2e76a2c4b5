package apikey

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/localaws/console"
	"github.com/protected-http-api/protected-http-api/internal/localaws/console/consoletest"
	localdynamodb "github.com/protected-http-api/protected-http-api/internal/localaws/dynamodb"
	"github.com/protected-http-api/protected-http-api/internal/localaws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/localaws/endpoint/endpointtest"
)

const (
	keyTable   = "events-api-keys"
	stateTable = "events-authorizer-state"
)

// cloud is a local AWS with the two tables.
type cloud struct {
	*endpointtest.Server
	console consoletest.Buffer
	sdk     *dynamodb.Client
}

func newCloud(t testing.TB) *cloud {
	t.Helper()
	c := &cloud{}
	// The time of the tests' clocks, by which nothing has expired yet.
	tables := localdynamodb.New(endpointtest.Account, func() time.Time { return newClock().t })
	c.Server = endpointtest.Start(t, endpoint.Options{DynamoDB: tables, Console: console.New(&c.console)})
	c.sdk = c.CreateTables(t, keyTable, stateTable)
	if _, err := c.sdk.UpdateTimeToLive(t.Context(), &dynamodb.UpdateTimeToLiveInput{
		TableName:               aws.String(stateTable),
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String(contract.AuthorizerTableTTL), Enabled: aws.Bool(true)},
	}); err != nil {
		t.Fatal(err)
	}
	return c
}

// root is the environment of the developer, with the names of the tables.
func (c *cloud) root() endpointtest.Environment { return withTables(c.Root()) }

func withTables(env endpointtest.Environment) endpointtest.Environment {
	env[contract.EnvAPIKeyTable], env[contract.EnvStateTable] = keyTable, stateTable
	return env
}

func newDynamoDB(env endpointtest.Environment) *DynamoDB {
	// A machine with other work may be slow, and a write that is given up and
	// repeated counts twice.
	return NewDynamoDB(DynamoDBConfig{Timeout: time.Minute, Getenv: withTables(env).Get})
}

// authorizer is DynamoDB with the permissions of an authorizer and no other.
func (c *cloud) authorizer(t testing.TB) *DynamoDB {
	t.Helper()
	table := "arn:aws:dynamodb:" + endpointtest.Account.Region + ":" + endpointtest.Account.ID + ":table/"
	return newDynamoDB(c.Role(t, "authorizer",
		endpointtest.Allow("dynamodb:GetItem", table+keyTable),
		endpointtest.Allow("dynamodb:PutItem,dynamodb:UpdateItem", table+stateTable)))
}

// clock is a clock that stands still until it is moved.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func newClock() *clock { return &clock{time.Date(2026, 3, 1, 12, 0, 30, 500, time.UTC)} }

func (c *cloud) admin(clock *clock) Admin {
	return Admin{DynamoDB: newDynamoDB(c.Root()), Now: clock.now}
}

// items are all items of a table, without those of other prefixes.
func (c *cloud) items(t *testing.T, table, prefix string) []map[string]types.AttributeValue {
	t.Helper()
	out, err := c.sdk.Scan(t.Context(), &dynamodb.ScanInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	var items []map[string]types.AttributeValue
	for _, i := range out.Items {
		if strings.HasPrefix(i["id"].(*types.AttributeValueMemberS).Value, prefix) {
			items = append(items, i)
		}
	}
	return items
}

func testTiers(t testing.TB) Tiers {
	t.Helper()
	tiers, err := NewTiers(map[string]Tier{
		"free": {Permissions: []string{"events:read"}, Quota: Quota{PerMinute: 5, PerDay: 20}},
		"pro":  {Permissions: []string{"events:read", "events:write"}, Quota: Quota{PerDay: 100}},
		"open": {},
	})
	if err != nil {
		t.Fatal(err)
	}
	return tiers
}
