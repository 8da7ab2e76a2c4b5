package endpoint_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

// echo is a further service: it answers with who calls it.
var echo = &protocol.REST{Name: "echo", Operations: []protocol.RESTOperation{{
	Name: "Call", Method: http.MethodPost,
	Grants: func(*protocol.RESTRequest) ([]iam.Grant, error) {
		return []iam.Grant{{Action: "echo:Call", Resource: "*"}}, nil
	},
	Run: func(r *protocol.RESTRequest) (*protocol.RESTAnswer, error) {
		sent, err := io.ReadAll(r.HTTP.Body)
		return &protocol.RESTAnswer{Body: []byte(r.Identity.ARN + " " + r.Scope.Service + " " + string(sent))}, err
	},
}}}

// send signs a request and sends it to the endpoint.
func send(t *testing.T, h http.Handler, creds iam.Credentials, service, region, target string, body []byte, at time.Time) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:4566/", bytes.NewReader(body))
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	sum := sha256.Sum256(body)
	err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: creds.AccessKeyID, SecretAccessKey: creds.SecretAccessKey, SessionToken: creds.SessionToken},
		r, hex.EncodeToString(sum[:]), service, region, at)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestDispatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, dispatch)
}

func dispatch(t *testing.T) {
	c := newCloud(t)
	role := c.role(t, `{"Effect":"Allow","Action":"ssm:*","Resource":"*"}`)
	now := time.Now()
	h := endpoint.New(endpoint.Options{
		Account: acct, IAM: c.iam, Console: console.New(c.console),
		Services: endpoint.Services{"ssm": c.ssm.Handler(), "echo": echo},
	})
	for _, tc := range []struct {
		name                    string
		creds                   iam.Credentials
		service, region, target string
		body                    []byte
		at                      time.Time
		status                  int
		want, console           string
	}{
		{"further service", c.iam.Root(), "echo", "eu-central-1", "", []byte("hi"), now, 200, "arn:aws:iam::000000000000:root echo hi", ""},
		{
			"further service denied", role, "echo", "eu-central-1", "", nil, now, 403, `{"message":"User: arn:aws:sts::000000000000:assumed-role/fn/fn is not authorized to perform: echo:Call on resource: * because no identity-based policy allows the echo:Call action"}`,
			`cure: allow echo:Call on * in a policy of the role "fn"`,
		},
		{"service that is not there", c.iam.Root(), "dynamodb", "eu-central-1", "X.Y", nil, now, 501, `{"__type":"UnknownOperationException","message":"The local AWS has no dynamodb: run an emulator of it and start the local AWS with --endpoint dynamodb=http://127.0.0.1:9000, its address."}`, "cure: run an emulator of dynamodb and name it with --endpoint, or have the code do without in a local deployment"},
		{"other Region", c.iam.Root(), "ssm", "us-east-1", "AmazonSSM.GetParameter", nil, now, 400, `{"__type":"InvalidSignatureException","message":"Credential should be scoped to a valid Region, not 'us-east-1'."}`, "cure: use the Region eu-central-1"},
		{"other target", c.iam.Root(), "ssm", "eu-central-1", "AmazonSSMX.GetParameter", nil, now, 400, `{"__type":"UnknownOperationException","message":"An unknown operation was requested."}`, `unknown operation "AmazonSSMX.GetParameter"`},
		{"old", c.iam.Root(), "ssm", "eu-central-1", "AmazonSSM.GetParameter", nil, now.Add(-6 * time.Minute), 400, `{"__type":"InvalidSignatureException","message":"Signature expired: 19991231T235400Z is now earlier than 19991231T235500Z (20000101T000000Z - 5 min.)"}`, "cure: sign the request with Signature Version 4"},
		{"too large", c.iam.Root(), "ssm", "eu-central-1", "AmazonSSM.GetParameter", bytes.Repeat([]byte("x"), 16<<20+1), now, 413, `{"__type":"RequestEntityTooLargeException","message":"the request has more than 16777216 bytes"}`, "cure: send a smaller request"},
	} {
		w := send(t, h, tc.creds, tc.service, tc.region, tc.target, tc.body, tc.at)
		if w.Code != tc.status || w.Body.String() != tc.want {
			t.Errorf("%s: got %d %s", tc.name, w.Code, w.Body.String())
		}
		if !strings.Contains(c.console.String(), tc.console) {
			t.Errorf("%s: console: %s", tc.name, c.console.String())
		}
	}
}

// TestErrorHeader: JSON errors name their type in a header, as AWS does.
func TestErrorHeader(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	h := endpoint.New(endpoint.Options{Account: acct, IAM: c.iam, Services: endpoint.Services{"ssm": c.ssm.Handler(), "dynamodb": c.dynamodb.Handler()}})
	for _, tc := range []struct{ service, target, contentType, code, body string }{
		{"ssm", "AmazonSSM.GetParameter", "application/x-amz-json-1.1", "ParameterNotFound", `{"__type":"ParameterNotFound","message":"Parameter /x not found."}`},
		{"dynamodb", "DynamoDB_20120810.DescribeTable", "application/x-amz-json-1.0", "ResourceNotFoundException", `{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"Requested resource not found: Table: abc not found"}`},
		{"dynamodb", "DynamoDB_20120810.Scan", "application/x-amz-json-1.0", "ValidationException", `{"__type":"com.amazon.coral.validate#ValidationException","message":"The table does not have the specified index: idx"}`},
	} {
		body := `{"Name":"/x"}`
		if tc.service == "dynamodb" {
			body = `{"TableName":"abc"}`
		}
		if tc.code == "ValidationException" {
			if w := send(t, h, c.iam.Root(), "dynamodb", acct.Region, "DynamoDB_20120810.CreateTable", []byte(`{"TableName":"abc","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}]}`), time.Now()); w.Code != 200 {
				t.Fatal(w.Body.String())
			}
			body = `{"TableName":"abc","IndexName":"idx"}`
		}
		w := send(t, h, c.iam.Root(), tc.service, acct.Region, tc.target, []byte(body), time.Now())
		if w.Code != 400 || w.Body.String() != tc.body || w.Header().Get("x-amzn-ErrorType") != tc.code || w.Header().Get("Content-Type") != tc.contentType || len(w.Header().Get("x-amzn-requestid")) != 36 {
			t.Errorf("got %d %v %s", w.Code, w.Header(), w.Body.String())
		}
	}
}

// TestClientRegion: a client of another Region is told so.
func TestClientRegion(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	cfg := c.config(c.iam.Root())
	cfg.Region = "us-east-2"
	_, err := ssm.NewFromConfig(cfg).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/x")})
	wantAPIError(t, err, "InvalidSignatureException", "Credential should be scoped to a valid Region, not 'us-east-2'.")
}
