package apikey

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
	localdynamodb "github.com/protected-http-api/protected-http-api/internal/local/aws/dynamodb"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint/endpointtest"
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
	c.Server = endpointtest.Start(t, endpoint.Options{Services: endpoint.Services{"dynamodb": tables.Handler()}, Console: console.New(&c.console)})
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

// between returns an environment whose requests go through a hook, which has them
// carried out, or not, and may lose the answer.
func (c *cloud) between(t testing.TB, env endpointtest.Environment, hook func(operation string, carryOut func()) (lost bool)) endpointtest.Environment {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		answer := httptest.NewRecorder()
		if hook(operation, func() { c.Handler.ServeHTTP(answer, r) }) {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(answer.Code)
		_, _ = io.Copy(w, answer.Body)
	}))
	t.Cleanup(proxy.Close)
	env = maps.Clone(env)
	env["AWS_ENDPOINT_URL"] = proxy.URL
	return env
}

// writes reports whether an operation changes a table.
func writes(operation string) bool {
	return slices.Contains([]string{"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}, operation)
}

// answering is DynamoDB that has the same answer to everything, and does not
// wait.
func answering(t testing.TB, status int, body string) *DynamoDB {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	env := withTables(endpointtest.Environment{"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": server.URL})
	return NewDynamoDB(DynamoDBConfig{Timeout: time.Minute, Getenv: env.Get, sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
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
	return Admin{DynamoDB: newDynamoDB(c.Root()), clock: clock.now}
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
