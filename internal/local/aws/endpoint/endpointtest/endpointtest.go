// Package endpointtest gives tests the local AWS's endpoint at an address of its
// own, with roles that may do what the test says and nothing else.
package endpointtest

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
)

// Account is the account that the endpoint is of.
var Account = account.Account{ID: contract.LocalAccountID, Region: "eu-central-1", Partition: "aws"}

// trust lets a function have a role.
const trust = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`

// Server is an endpoint at an address.
type Server struct {
	// URL is the address.
	URL string
	// Handler is what answers there. A test may put something in front of it,
	// before the first request.
	Handler http.Handler

	iam    *iam.Service
	server *httptest.Server
}

// Start starts the endpoint with the services of o, until the test ends. Account
// and IAM of o are set here.
func Start(t testing.TB, o endpoint.Options) *Server {
	t.Helper()
	s := &Server{iam: iam.New(Account)}
	o.Account, o.IAM = Account, s.iam
	s.Handler = endpoint.New(o)
	s.server = httptest.NewServer(s)
	s.URL = s.server.URL
	t.Cleanup(func() { s.server.Close() })
	return s
}

// ServeHTTP has Handler answer.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.Handler.ServeHTTP(w, r) }

// Stop ends the server, as an outage does.
func (s *Server) Stop() {
	s.server.CloseClientConnections()
	s.server.Close()
}

// Restart brings a server that was stopped back, at the same address with the
// same data.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	s.server = httptest.NewUnstartedServer(s)
	_ = s.server.Listener.Close()
	s.server.Listener = listener
	s.server.Start()
}

// Root returns the environment of the developer, who may do everything.
func (s *Server) Root() Environment { return s.environment(s.iam.Root()) }

// Role returns the environment of a function whose role has a policy of these
// statements, in JSON, each of which allows something; without one it may do
// nothing.
func (s *Server) Role(t testing.TB, name string, allow ...string) Environment {
	t.Helper()
	role, err := s.iam.CreateRole(iam.Role{Name: name, AssumeRolePolicy: trust})
	if err == nil && len(allow) > 0 {
		err = s.iam.PutRolePolicy(name, "p", `{"Version":"2012-10-17","Statement":[`+strings.Join(allow, ",")+`]}`)
	}
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := s.iam.AssumeRole(role.ARN, "lambda.amazonaws.com", name)
	if err != nil {
		t.Fatal(err)
	}
	return s.environment(c)
}

// Allow is a statement that allows actions, separated by commas, on a resource.
func Allow(actions, resource string) string {
	return `{"Effect":"Allow","Action":["` + strings.ReplaceAll(actions, ",", `","`) + `"],"Resource":"` + resource + `"}`
}

// Environment is the environment variables of a process.
type Environment map[string]string

func (s *Server) environment(c iam.Credentials) Environment {
	return Environment{
		"AWS_ENDPOINT_URL": s.URL, "AWS_REGION": Account.Region,
		"AWS_ACCESS_KEY_ID": c.AccessKeyID, "AWS_SECRET_ACCESS_KEY": c.SecretAccessKey, "AWS_SESSION_TOKEN": c.SessionToken,
	}
}

// Get is os.Getenv in this environment.
func (e Environment) Get(name string) string { return e[name] }

// Environ is os.Environ in this environment.
func (e Environment) Environ() []string {
	var list []string
	for name, value := range e {
		list = append(list, name+"="+value)
	}
	return list
}

// CreateTables creates tables with the key of the authorizer's tables, and
// returns a client that may do everything with them.
func (s *Server) CreateTables(t testing.TB, names ...string) *dynamodb.Client {
	t.Helper()
	root := s.iam.Root()
	client := dynamodb.NewFromConfig(aws.Config{
		Region: Account.Region, BaseEndpoint: &s.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: root.AccessKeyID, SecretAccessKey: root.SecretAccessKey}, nil
		}),
	})
	for _, name := range names {
		if _, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
			TableName: &name, BillingMode: types.BillingModePayPerRequest,
			KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String(contract.AuthorizerTableKey), KeyType: types.KeyTypeHash}},
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String(contract.AuthorizerTableKey), AttributeType: types.ScalarAttributeTypeS}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	return client
}
