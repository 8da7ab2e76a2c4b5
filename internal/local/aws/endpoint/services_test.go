package endpoint_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
	localdynamodb "github.com/protected-http-api/protected-http-api/internal/local/aws/dynamodb"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/logs"
	localssm "github.com/protected-http-api/protected-http-api/internal/local/aws/ssm"
)

// wholeCloud is a local AWS with every service of the endpoint, the function
// "echo" with its log group, and an API with one route to it.
type wholeCloud struct {
	*cloud
	api       management.API
	functions *lambda.Service
}

const echoARN = "arn:aws:lambda:eu-central-1:000000000000:function:echo"

func newWholeCloud(t *testing.T) *wholeCloud {
	t.Helper()
	c := &cloud{iam: iam.New(acct), ssm: localssm.New(acct, nil), dynamodb: localdynamodb.New(acct, nil), console: &consoletest.Buffer{}}
	written, err := logs.New(acct, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	out := console.New(c.console)
	functions, err := lambda.New(lambda.Options{Account: acct, IAM: c.iam, Logs: written, Console: out, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	gate := management.New(live.New(live.Options{Account: acct, Invoker: functions, Console: out}), nil)
	server := httptest.NewServer(endpoint.New(endpoint.Options{
		Account: acct, IAM: c.iam, Console: out,
		Services: endpoint.Services{
			"ssm": c.ssm.Handler(), "dynamodb": c.dynamodb.Handler(),
			"apigateway": gate.Handler(), "lambda": functions.Handler(), "logs": written.Handler(),
		},
	}))
	c.url = server.URL
	t.Cleanup(func() {
		server.Close()
		for _, err := range []error{gate.Close(t.Context()), functions.Close(), written.Close()} {
			if err != nil && t.Context().Err() == nil {
				t.Error(err)
			}
		}
	})
	if err := written.CreateGroup(logs.Group{Name: "/aws/lambda/echo", RetentionDays: 14}); err != nil {
		t.Fatal(err)
	}
	w := &wholeCloud{cloud: c, functions: functions}
	w.deployFunction(t, functions)
	w.deployAPI(t, gate)
	return w
}

func (w *wholeCloud) deployFunction(t *testing.T, functions *lambda.Service) {
	t.Helper()
	role, err := w.iam.CreateRole(iam.Role{Name: "echo-role", AssumeRolePolicy: lambdaTrust})
	if err == nil {
		err = w.iam.PutRolePolicy("echo-role", "logs", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:eu-central-1:000000000000:log-group:/aws/lambda/echo:*"}}`)
	}
	if err != nil {
		t.Fatal(err)
	}
	architecture := map[string]string{"amd64": "x86_64"}[runtime.GOARCH]
	if architecture == "" {
		architecture = runtime.GOARCH
	}
	for _, name := range []string{"echo", "busy"} {
		f := lambda.Function{
			Name: name, RoleARN: role.ARN, Runtime: "provided.al2023", Handler: "bootstrap", Architecture: architecture,
			Timeout: 10 * time.Second, Code: bootstrapZip(t), Environment: map[string]string{"STAGE": "test"},
		}
		if name == "busy" {
			none := 0
			f.ReservedConcurrency = &none
		}
		if _, err := functions.CreateFunction(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *wholeCloud) deployAPI(t *testing.T, gate *management.Service) {
	t.Helper()
	api, err := gate.CreateAPI(management.API{Name: "events", ProtocolType: "HTTP", Tags: map[string]string{"team": "blue"}})
	if err != nil {
		t.Fatal(err)
	}
	uri := "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/" + echoARN + "/invocations"
	integration, err := gate.CreateIntegration(api.ID, management.Integration{IntegrationType: "AWS_PROXY", IntegrationURI: uri, PayloadFormatVersion: "2.0"})
	if err != nil {
		t.Fatal(err)
	}
	authorizer, err := gate.CreateAuthorizer(api.ID, management.Authorizer{
		Name: "tokens", AuthorizerType: "REQUEST", AuthorizerURI: uri, PayloadFormatVersion: "2.0", EnableSimpleResponses: true,
		IdentitySources: []string{"$request.header.Authorization"}, ResultTTL: 300,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"GET /events", "POST /events", "DELETE /events/{id}"} {
		if _, err := gate.CreateRoute(api.ID, management.Route{RouteKey: key, AuthorizationType: "CUSTOM", AuthorizerID: authorizer.ID, Target: "integrations/" + integration.ID}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := gate.CreateStage(api.ID, management.Stage{Name: "$default", AutoDeploy: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := gate.CreateDomainName(management.DomainName{
		Name: "api.example.com", CertificateARN: "arn:aws:acm:eu-central-1:000000000000:certificate/c", EndpointType: "REGIONAL", SecurityPolicy: "TLS_1_2",
		MutualTLS: &management.MutualTLS{TruststoreURI: "s3://bucket/roots.pem"},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := gate.CreateAPIMapping(management.APIMapping{DomainName: "api.example.com", APIID: api.ID, Stage: "$default", Key: "v1"}); err != nil {
		t.Fatal(err)
	}
	w.api = api
}

var bootstrap struct {
	once sync.Once
	zip  []byte
	err  error
}

// scriptZip is a deployment package with a shell script.
func scriptZip(t *testing.T, script string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	header := &zip.FileHeader{Name: "bootstrap"}
	header.SetMode(0o755)
	entry, err := w.CreateHeader(header)
	if err == nil {
		_, err = entry.Write([]byte(script))
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bootstrapZip is the function of package lambda's tests, compiled once.
func bootstrapZip(t *testing.T) []byte {
	t.Helper()
	bootstrap.once.Do(func() { bootstrap.zip, bootstrap.err = buildBootstrap() })
	if bootstrap.err != nil {
		t.Fatal(bootstrap.err)
	}
	return bootstrap.zip
}

func buildBootstrap() ([]byte, error) {
	dir, err := os.MkdirTemp("", "endpoint-test-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "bootstrap")
	cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", file, "../lambda/testdata/bootstrap")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if _, err := cmd.Output(); err != nil {
		return nil, err
	}
	program, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Store}
	header.SetMode(0o755)
	entry, err := w.CreateHeader(header)
	if err == nil {
		_, err = entry.Write(program)
	}
	if err == nil {
		err = w.Close()
	}
	return b.Bytes(), err
}
