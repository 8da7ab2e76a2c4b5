package apikey

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/localaws/account"
	"github.com/protected-http-api/protected-http-api/internal/localaws/console"
	"github.com/protected-http-api/protected-http-api/internal/localaws/console/consoletest"
	localdynamodb "github.com/protected-http-api/protected-http-api/internal/localaws/dynamodb"
	"github.com/protected-http-api/protected-http-api/internal/localaws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/localaws/iam"
)

var testAccount = account.Account{ID: contract.LocalAccountID, Region: "eu-central-1", Partition: "aws"}

const (
	keyTable   = "events-api-keys"
	stateTable = "events-authorizer-state"
)

// cloud is a local AWS with the two tables.
type cloud struct {
	iam     *iam.Service
	handler http.Handler
	server  *httptest.Server
	console consoletest.Buffer
	sdk     *dynamodb.Client
}

func newCloud(t testing.TB) *cloud {
	t.Helper()
	c := &cloud{iam: iam.New(testAccount)}
	// The time of the tests' clocks, by which nothing has expired yet.
	tables := localdynamodb.New(testAccount, func() time.Time { return newClock().t })
	c.handler = endpoint.New(endpoint.Options{Account: testAccount, IAM: c.iam, DynamoDB: tables, Console: console.New(&c.console)})
	c.server = httptest.NewServer(c.handler)
	t.Cleanup(func() { c.server.Close() })
	c.sdk = dynamodb.NewFromConfig(aws.Config{
		Region: testAccount.Region, BaseEndpoint: &c.server.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentialsOf(c.iam.Root()), nil }),
	})
	for _, table := range []string{keyTable, stateTable} {
		if _, err := c.sdk.CreateTable(t.Context(), &dynamodb.CreateTableInput{
			TableName: &table, BillingMode: types.BillingModePayPerRequest,
			KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String(contract.AuthorizerTableKey), KeyType: types.KeyTypeHash}},
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String(contract.AuthorizerTableKey), AttributeType: types.ScalarAttributeTypeS}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.sdk.UpdateTimeToLive(t.Context(), &dynamodb.UpdateTimeToLiveInput{
		TableName:               aws.String(stateTable),
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String(contract.AuthorizerTableTTL), Enabled: aws.Bool(true)},
	}); err != nil {
		t.Fatal(err)
	}
	return c
}

func credentialsOf(c iam.Credentials) aws.Credentials {
	return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
}

// stop ends the server, as an outage does; start brings it back at the same
// address with the same data.
func (c *cloud) stop() {
	c.server.CloseClientConnections()
	c.server.Close()
}

func (c *cloud) start(t *testing.T) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", strings.TrimPrefix(c.server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	c.server = httptest.NewUnstartedServer(c.handler)
	_ = c.server.Listener.Close()
	c.server.Listener = listener
	c.server.Start()
}

// environment is what a process with these credentials has.
func (c *cloud) environment(creds iam.Credentials) map[string]string {
	return map[string]string{
		"AWS_REGION": testAccount.Region, "AWS_ENDPOINT_URL": c.server.URL,
		"AWS_ACCESS_KEY_ID": creds.AccessKeyID, "AWS_SECRET_ACCESS_KEY": creds.SecretAccessKey, "AWS_SESSION_TOKEN": creds.SessionToken,
		contract.EnvAPIKeyTable: keyTable, contract.EnvStateTable: stateTable,
	}
}

func (c *cloud) dynamodb(creds iam.Credentials) *DynamoDB {
	env := c.environment(creds)
	// A machine with other work may be slow, and a write that is given up and
	// repeated counts twice.
	return NewDynamoDB(DynamoDBConfig{Timeout: time.Minute, Getenv: func(name string) string { return env[name] }})
}

// iamRole is a role that functions have.
func iamRole(name string) iam.Role {
	return iam.Role{Name: name, AssumeRolePolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`}
}

// authorizer is DynamoDB with the permissions of an authorizer and no other.
func (c *cloud) authorizer(t testing.TB) *DynamoDB {
	t.Helper()
	table := "arn:aws:dynamodb:" + testAccount.Region + ":" + testAccount.ID + ":table/"
	role, err := c.iam.CreateRole(iamRole("authorizer"))
	if err == nil {
		err = c.iam.PutRolePolicy("authorizer", "p", `{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Action":"dynamodb:GetItem","Resource":"`+table+keyTable+`"},
			{"Effect":"Allow","Action":["dynamodb:PutItem","dynamodb:UpdateItem"],"Resource":"`+table+stateTable+`"}]}`)
	}
	if err != nil {
		t.Fatal(err)
	}
	creds, _, err := c.iam.AssumeRole(role.ARN, "lambda.amazonaws.com", "authorizer")
	if err != nil {
		t.Fatal(err)
	}
	return c.dynamodb(creds)
}

// clock is a clock that stands still until it is moved.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func newClock() *clock { return &clock{time.Date(2026, 3, 1, 12, 0, 30, 500, time.UTC)} }

func (c *cloud) admin(clock *clock) Admin {
	return Admin{DynamoDB: c.dynamodb(c.iam.Root()), Now: clock.now}
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
