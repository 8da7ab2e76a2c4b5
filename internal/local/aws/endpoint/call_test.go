package endpoint_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/ssm"
)

// TestCalled: each call of a function is told with what it needed and what became of it.
func TestCalled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, called)
}

func called(t *testing.T) {
	c := newCloud(t)
	role := c.role(t, `{"Effect":"Allow","Action":["ssm:GetParameter*","dynamodb:GetItem","sns:Publish"],"Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"arn:aws:ssm:*:*:parameter/denied"}`)
	if _, _, err := c.ssm.Put(ssm.Parameter{Name: "/secret", Type: "SecureString", Value: "v"}); err != nil {
		t.Fatal(err)
	}
	emulator := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	defer emulator.Close()
	address, err := url.Parse(emulator.URL)
	if err != nil {
		t.Fatal(err)
	}
	down := ""
	var told []endpoint.Call
	h := endpoint.New(endpoint.Options{
		Account: acct, IAM: c.iam, Console: console.New(c.console),
		Services:  endpoint.Services{"ssm": c.ssm.Handler(), "dynamodb": c.dynamodb.Handler(), "echo": echo},
		Emulators: endpoint.Emulators{"sns": {URL: address}},
		Outage:    func(service string) bool { return service == down },
		Called:    func(call endpoint.Call) { told = append(told, call) },
		Running: func(accessKeyID string) (string, string) {
			if accessKeyID == role.AccessKeyID {
				return "arn:fn", "r-1"
			}
			return "", ""
		},
	})
	const (
		parameter = "arn:aws:ssm:eu-central-1:000000000000:parameter/secret"
		table     = "arn:aws:dynamodb:eu-central-1:000000000000:table/events"
		stopped   = ", which was stopped here: the live page has a button for it, a test ends its outage"
	)
	for _, tt := range []struct {
		name            string
		creds           iam.Credentials
		down            string
		service, target string
		body            string
		want            endpoint.Call
	}{
		{"one", role, "", "ssm", "AmazonSSM.GetParameter", `{"Name":"/secret"}`, endpoint.Call{Action: "ssm:GetParameter", Resource: parameter, Status: 200}},
		{"several needed", role, "", "ssm", "AmazonSSM.GetParameters", `{"Names":["/secret","/other"]}`, endpoint.Call{Action: "ssm:GetParameters", Resource: parameter, Further: 1, Status: 200}},
		{"the second of several refused", role, "", "ssm", "AmazonSSM.GetParameters", `{"Names":["/secret","/denied"]}`, endpoint.Call{
			Action: "ssm:GetParameters", Resource: "arn:aws:ssm:eu-central-1:000000000000:parameter/denied", Further: 1, Status: 400, Error: "AccessDeniedException",
			Cure: `remove the Deny statement that matches ssm:GetParameters on arn:aws:ssm:eu-central-1:000000000000:parameter/denied from the role "fn"`,
		}},
		{"the developer", c.iam.Root(), "", "ssm", "AmazonSSM.GetParameter", `{"Name":"/secret"}`, endpoint.Call{Action: "ssm:GetParameter", Resource: parameter, Status: 200}},
		{"refused", role, "", "dynamodb", "DynamoDB_20120810.PutItem", `{"TableName":"events","Item":{"pk":{"S":"a"}}}`, endpoint.Call{
			Action: "dynamodb:PutItem", Resource: table, Status: 400, Error: "AccessDeniedException", Cure: "allow dynamodb:PutItem on " + table + ` in a policy of the role "fn"`,
		}},
		{"not there", role, "", "ssm", "AmazonSSM.GetParameter", `{"Name":"/none"}`, endpoint.Call{
			Action: "ssm:GetParameter", Resource: "arn:aws:ssm:eu-central-1:000000000000:parameter/none", Status: 400, Error: "ParameterNotFound",
		}},
		{"an outage", role, "dynamodb", "dynamodb", "DynamoDB_20120810.GetItem", `{"TableName":"events"}`, endpoint.Call{
			Action: "dynamodb:GetItem", Status: 503, Error: "ServiceUnavailableException", Cure: "resume dynamodb" + stopped,
		}},
		{"an outage of an emulator", role, "sns", "sns", "X.Publish", `{"TopicArn":"arn:topic"}`, endpoint.Call{
			Action: "sns:Publish", Status: 503, Error: "ServiceUnavailableException", Cure: "resume sns" + stopped,
		}},
		{"an emulator's failure", role, "", "sns", "X.Publish", `{"TopicArn":"arn:topic"}`, endpoint.Call{Action: "sns:Publish", Resource: "arn:topic", Status: 502, Error: "Bad Gateway"}},
		{"a service that is not there", role, "", "sqs", "X.SendMessage", `{}`, endpoint.Call{
			Action: "sqs:SendMessage", Status: 501, Error: "UnknownOperationException", Cure: "run an emulator of sqs and name it with --endpoint, or have the code do without in a local deployment",
		}},
		{"no name of an operation", role, "echo", "echo", "", "", endpoint.Call{
			Action: "echo:*", Status: 503, Error: "ServiceUnavailableException", Cure: "resume echo" + stopped,
		}},
		{"a bad signature", iam.Credentials{AccessKeyID: "AKIAX", SecretAccessKey: "x"}, "", "ssm", "AmazonSSM.GetParameter", `{}`, endpoint.Call{
			Status: 400, Error: "UnrecognizedClientException", Cure: "sign the request with Signature Version 4 and the credentials that the local AWS gave out for this run",
		}},
	} {
		told, down = nil, tt.down
		w := send(t, h, tt.creds, tt.service, "eu-central-1", tt.target, []byte(tt.body), time.Now())
		tt.want.At = time.Now()
		if tt.want.Action != "" {
			tt.want.Service = tt.service
		}
		if tt.creds == role {
			tt.want.Function, tt.want.RequestID = "arn:fn", "r-1"
		}
		if len(told) != 1 || told[0] != tt.want || w.Code != tt.want.Status {
			t.Errorf("%s: the status is %d, told\n%+v\nwant\n%+v", tt.name, w.Code, told, tt.want)
		}
	}
}
