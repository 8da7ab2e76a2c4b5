package functions

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strings"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/events/schema"
	"github.com/protected-http-api/protected-http-api/internal/events/token"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/dynamodb"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/ssm"
)

const (
	// Region is the local AWS's.
	Region = "eu-central-1"
	// TableName is the events table's.
	TableName  = "events"
	secretPath = "/bench/jwt-secret" //nolint:gosec // a name, not a secret
	keysPath   = "/bench/signing-keys"
)

// Cloud is the part of the local AWS that functions call: DynamoDB with the events table,
// and Systems Manager with the secrets.
type Cloud struct {
	server          *http.Server
	secret          string
	env             []string // of a process that calls it
	authorizerEvent []byte
	endpoint        string
	credentials     iam.Credentials
}

// NewCloud starts one. It serves until it is closed.
func NewCloud(ctx context.Context) (*Cloud, error) {
	here := account.Account{ID: contract.LocalAccountID, Region: Region, Partition: "aws"}
	identities, tables, parameters := iam.New(here), dynamodb.New(here, nil), ssm.New(here, nil)
	c := &Cloud{secret: rand.Text() + rand.Text()}
	_, err := tables.CreateTable(ctx, dynamodb.Table{
		Name: TableName, BillingMode: "PAY_PER_REQUEST", HashKey: schema.PartitionKey,
		Attributes: []dynamodb.Attribute{
			{Name: schema.PartitionKey, Type: "S"}, {Name: schema.IndexPartitionKey, Type: "S"}, {Name: schema.IndexSortKey, Type: "S"},
		},
		GSIs: []dynamodb.Index{{Name: schema.Index, HashKey: schema.IndexPartitionKey, RangeKey: schema.IndexSortKey, Projection: "ALL"}},
	})
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{secretPath: c.secret, keysPath: fmt.Sprintf(`{"keys":{"partner":%q}}`, rand.Text()+rand.Text())} {
		if _, _, err := parameters.Put(ssm.Parameter{Name: name, Type: "SecureString", Value: value}); err != nil {
			return nil, err
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for functions: %w", err)
	}
	c.server = &http.Server{ReadHeaderTimeout: patience, IdleTimeout: time.Hour, Handler: endpoint.New(endpoint.Options{
		Account: here, IAM: identities, Services: endpoint.Services{"dynamodb": tables.Handler(), "ssm": parameters.Handler()},
	})}
	go func() { _ = c.server.Serve(listener) }()
	c.endpoint, c.credentials = "http://"+listener.Addr().String(), identities.Root()
	c.env = []string{
		"AWS_ENDPOINT_URL=" + c.endpoint,
		"AWS_ACCESS_KEY_ID=" + c.credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + c.credentials.SecretAccessKey,
	}
	c.env = c.env[:len(c.env):len(c.env)]
	c.authorizerEvent, err = c.newAuthorizerEvent()
	return c, err
}

// Secret signs the token of AuthorizerEvent, a request with a good one.
func (c *Cloud) Secret() string { return c.secret }

// AuthorizerEvent is what an authorizer gets of that request.
func (c *Cloud) AuthorizerEvent() []byte { return c.authorizerEvent }

// Endpoint is its address.
func (c *Cloud) Endpoint() string { return c.endpoint }

// Credentials are those of the developer, who may do everything.
func (c *Cloud) Credentials() aws.Credentials {
	return aws.Credentials{AccessKeyID: c.credentials.AccessKeyID, SecretAccessKey: c.credentials.SecretAccessKey}
}

// Close ends it.
func (c *Cloud) Close() error { return c.server.Close() }

// headers are what a client and API Gateway send.
var headers = map[string]string{
	"accept": "*/*", "content-length": "16", "content-type": "application/json", "host": "abcdef1234.execute-api.eu-central-1.amazonaws.com",
	"user-agent": "curl/8.5.0", "x-amzn-trace-id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700", "x-forwarded-for": "203.0.113.7", "x-forwarded-port": "443", "x-forwarded-proto": "https",
}

// newAuthorizerEvent is a request with a good token.
func (c *Cloud) newAuthorizerEvent() ([]byte, error) {
	now := time.Now()
	signed, err := token.Sign([]byte(c.secret), token.Claims{Subject: "usr_abc", IssuedAt: now, ExpiresAt: now.Add(3 * time.Hour), Extra: map[string]any{
		"permissions": []string{"events:read", "events:write"}, "jti": "01J9ZK3V7Q",
	}})
	if err != nil {
		return nil, err
	}
	sent := maps.Clone(headers)
	sent["authorization"] = "Bearer " + signed
	return json.Marshal(lambdaevents.APIGatewayV2CustomAuthorizerV2Request{
		Version: "2.0", Type: "REQUEST", RouteArn: "arn:aws:execute-api:eu-central-1:000000000000:abcdef1234/$default/POST/events",
		IdentitySource: []string{"Bearer " + signed, "POST /events"}, RouteKey: "POST /events", RawPath: "/events", Headers: sent, RequestContext: requestContext("POST", "/events"),
	})
}

func requestContext(method, path string) lambdaevents.APIGatewayV2HTTPRequestContext {
	return lambdaevents.APIGatewayV2HTTPRequestContext{
		RouteKey: method + " " + path, AccountID: "000000000000", Stage: "$default", RequestID: "JKJaXmPLvHcESHA=", APIID: "abcdef1234",
		DomainName: headers["host"], DomainPrefix: "abcdef1234", Time: "12/Mar/2026:19:03:58 +0000", TimeEpoch: 1773342238000,
		HTTP: lambdaevents.APIGatewayV2HTTPRequestContextHTTPDescription{Method: method, Path: path, Protocol: "HTTP/1.1", SourceIP: "203.0.113.7", UserAgent: headers["user-agent"]},
	}
}

func listEvent() []byte {
	event, _ := json.Marshal(lambdaevents.APIGatewayV2HTTPRequest{ // texts and numbers
		Version: "2.0", RouteKey: "GET /events", RawPath: "/events", Headers: headers, RequestContext: requestContext("GET", "/events"),
	})
	return event
}

// letIn gives the handler that creates events a request that the authorizer among the
// functions has let in.
func (c *Cloud) letIn(ctx context.Context, functions []Function) error {
	var authorizer, create *Function
	for i := range functions {
		switch functions[i].Name {
		case Authorizer:
			authorizer = &functions[i]
		case Create:
			create = &functions[i]
		}
	}
	process, err := Start(ctx, *authorizer)
	if err != nil {
		return err
	}
	defer process.Close()
	body, _, _, err := process.Invoke(ctx, authorizer.Event)
	if err != nil {
		return err
	}
	var decided struct {
		IsAuthorized bool
		Context      map[string]any
	}
	if err := json.Unmarshal(body, &decided); err != nil || !decided.IsAuthorized {
		return fmt.Errorf("the authorizer answers %s to a good token", strings.TrimSpace(string(body)))
	}
	with := requestContext("POST", "/events")
	with.Authorizer = &lambdaevents.APIGatewayV2HTTPRequestContextAuthorizerDescription{Lambda: decided.Context}
	create.Event, err = json.Marshal(lambdaevents.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "POST /events", RawPath: "/events", Headers: headers, RequestContext: with, Body: `{"name":"bench"}`,
	})
	return err
}
