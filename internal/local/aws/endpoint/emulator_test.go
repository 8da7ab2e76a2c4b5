package endpoint_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
)

// emulator checks the signatures of what arrives by its own credentials, and answers
// with what it was asked.
func emulator(t *testing.T) endpoint.Emulator {
	t.Helper()
	own := iam.New(acct)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			_, _, err = own.Verify(r, body, time.Now())
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		for _, name := range []string{"X-Amz-Security-Token", "Expect"} {
			if r.Header.Get(name) != "" {
				t.Errorf("the emulator got %s", name)
			}
		}
		w.Header().Set("ETag", `"e"`)
		w.Header().Set("X-Seen", r.Header.Get("X-Amz-Meta-A"))
		w.WriteHeader(http.StatusAccepted)
		_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.RequestURI, body)
	}))
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL + "/base/")
	if err != nil {
		t.Fatal(err)
	}
	root := own.Root()
	return endpoint.Emulator{URL: address, AccessKeyID: root.AccessKeyID, SecretAccessKey: root.SecretAccessKey}
}

// call is a request of a function.
type call struct {
	service, method, path, body string
	headers                     []string
	hash                        string // of S3, where it is not the body's
	presigned                   bool
}

func (c call) do(t *testing.T, base string, credentials iam.Credentials) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), c.method, base+c.path, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(c.headers); i += 2 {
		r.Header.Set(c.headers[i], c.headers[i+1])
	}
	sum := sha256.Sum256([]byte(c.body))
	hash := hex.EncodeToString(sum[:])
	if c.hash != "" {
		hash = c.hash
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = c.service == "s3" })
	with := aws.Credentials{AccessKeyID: credentials.AccessKeyID, SecretAccessKey: credentials.SecretAccessKey, SessionToken: credentials.SessionToken}
	switch {
	case c.presigned:
		r.URL.RawQuery = "X-Amz-Expires=3600"
		signed, _, err := signer.PresignHTTP(t.Context(), with, r, "UNSIGNED-PAYLOAD", c.service, acct.Region, time.Now().Add(-30*time.Minute))
		if err == nil {
			r, err = http.NewRequestWithContext(t.Context(), c.method, signed, strings.NewReader(c.body))
		}
		if err != nil {
			t.Fatal(err)
		}
	default:
		if c.service == "s3" {
			r.Header.Set("X-Amz-Content-Sha256", hash)
		}
		if err := signer.SignHTTP(t.Context(), with, r, hash, c.service, acct.Region, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(answer)
}

// A service that is not here goes to the developer's emulator, signed again, if the
// role's policy allows it; else the answer is AWS's, in the service's protocol.
func TestHandOn(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	said := &consoletest.Buffer{}
	server := httptest.NewServer(endpoint.New(endpoint.Options{
		Account: acct, IAM: c.iam, Console: console.New(said),
		Emulators: endpoint.Emulators{"s3": emulator(t), "sqs": emulator(t), "email": emulator(t), "kinesis": {URL: &url.URL{Scheme: "http", Host: "127.0.0.1:1"}}},
	}))
	t.Cleanup(server.Close)
	role := c.role(t, `{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::b/*"},
		{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::b/secret/*"},
		{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b","Condition":{"StringLike":{"s3:prefix":"a/*"}}},
		{"Effect":"Allow","Action":["sqs:SendMessage","kinesis:PutRecord"],"Resource":["arn:aws:sqs:eu-central-1:000000000000:q","*"]},
		{"Effect":"Deny","Action":"sqs:*","Resource":"arn:aws:sqs:eu-central-1:000000000000:other"},
		{"Effect":"Allow","Action":"ses:SendEmail","Resource":"*"}`)
	const no = "User: arn:aws:sts::000000000000:assumed-role/fn/fn is not authorized to perform: "
	s3no := func(what string) string { return "<Code>AccessDenied</Code><Message>" + no + what }
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	tests := []struct {
		name   string
		call   call
		status int
		want   string // a part of the answer
	}{
		{"get", call{service: "s3", method: "GET", path: "/b/a%20b/%E2%82%AC%2Bc?x-id=GetObject"}, 202, "GET /base/b/a%20b/%E2%82%AC%2Bc?x-id=GetObject "},
		{"put", call{service: "s3", method: "PUT", path: "/b/k", body: "content", headers: []string{"X-Amz-Meta-A", "seen"}}, 202, "PUT /base/b/k content"},
		{"put without the body's hash", call{service: "s3", method: "PUT", path: "/b/k", body: "content", hash: "UNSIGNED-PAYLOAD"}, 202, "PUT /base/b/k content"},
		{"a presigned URL", call{service: "s3", method: "PUT", path: "/b/k", body: "content", presigned: true}, 202, "PUT /base/b/k content"},
		{"list what may be listed", call{service: "s3", method: "GET", path: "/b?list-type=2&prefix=a%2F1"}, 202, "GET /base/b?list-type=2&prefix=a%2F1 "},
		{"list all", call{service: "s3", method: "GET", path: "/b?list-type=2"}, 403, s3no("s3:ListBucket on resource: arn:aws:s3:::b because no identity-based policy allows the s3:ListBucket action")},
		{"another bucket", call{service: "s3", method: "GET", path: "/c/k"}, 403, s3no("s3:GetObject on resource: arn:aws:s3:::c/k because")},
		{"a deny", call{service: "s3", method: "GET", path: "/b/secret/k"}, 403, s3no("s3:GetObject on resource: arn:aws:s3:::b/secret/k with an explicit deny in an identity-based policy")},
		{"delete", call{service: "s3", method: "DELETE", path: "/b/k"}, 403, s3no("s3:DeleteObject on resource: arn:aws:s3:::b/k because")},
		{"signed chunks", call{service: "s3", method: "PUT", path: "/b/k", hash: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}, 501, "<Code>NotImplemented</Code><Message>bodies whose chunks are signed"},
		{"another body", call{service: "s3", method: "PUT", path: "/b/k", body: "x", hash: strings.Repeat("0", 64)}, 400, "<Code>XAmzContentSHA256Mismatch</Code>"},
		{"send", call{service: "sqs", method: "POST", path: "/", body: `{"QueueUrl":"https://x/1/q","MessageBody":"m"}`, headers: []string{"X-Amz-Target", "AmazonSQS.SendMessage", "Content-Type", "application/x-amz-json-1.0"}}, 202, `POST /base/ {"QueueUrl"`},
		{"send to another queue", call{service: "sqs", method: "POST", path: "/", body: `{"QueueUrl":"https://x/1/other"}`, headers: []string{"X-Amz-Target", "AmazonSQS.SendMessage"}}, 400, `{"__type":"AccessDeniedException","message":"` + no + "sqs:SendMessage on resource: arn:aws:sqs:eu-central-1:000000000000:other with an explicit deny"},
		{"receive, by the Query protocol", call{service: "sqs", method: "POST", path: "/1/q", body: "Action=ReceiveMessage", headers: form}, 403, "<Code>AccessDenied</Code><Message>" + no + "sqs:ReceiveMessage on resource: arn:aws:sqs:eu-central-1:000000000000:q because"},
		{"an action that nobody can tell", call{service: "email", method: "POST", path: "/v2/email/outbound-emails", body: `{}`}, 403, no + "ses:* on resource: * because no identity-based policy allows the ses:* action"},
		{"an emulator that does not run", call{service: "kinesis", method: "POST", path: "/", body: `{}`, headers: []string{"X-Amz-Target", "Kinesis_20131202.PutRecord"}}, 503, "The emulator of kinesis at http://127.0.0.1:1 cannot be reached."},
		{"S3 without a signature that is good", call{service: "s3", method: "GET", path: "/b/k", headers: []string{"X-Test", "stranger"}}, 403, "<Code>InvalidAccessKeyId</Code>"},
		{"no emulator", call{service: "sns", method: "POST", path: "/", body: "Action=Publish", headers: form}, 501, "<Message>The local AWS has no sns: run an emulator of it and start the local AWS with --endpoint sns=http://127.0.0.1:9000, its address.</Message>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			as := role
			if len(tt.call.headers) > 1 && tt.call.headers[1] == "stranger" {
				as = iam.New(acct).Root()
			}
			response, answer := tt.call.do(t, server.URL, as)
			if response.StatusCode != tt.status || !strings.Contains(answer, tt.want) {
				t.Errorf("%d %s", response.StatusCode, answer)
			}
			if tt.status == 202 && (response.Header.Get("ETag") != `"e"` || tt.name == "put" && response.Header.Get("X-Seen") != "seen") {
				t.Errorf("the headers are %v", response.Header)
			}
		})
	}
	t.Cleanup(func() {
		for _, want := range []string{`cure: allow s3:DeleteObject on arn:aws:s3:::b/k in a policy of the role "fn"`, "cure: start the emulator, or correct --endpoint kinesis", "cure: run an emulator of sns and name it with --endpoint"} {
			if !strings.Contains(said.String(), want) {
				t.Errorf("the console does not say %q: %s", want, said)
			}
		}
	})
}

// Without an emulator S3's clients read the answer too.
func TestS3IsNotHere(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	response, answer := call{service: "s3", method: "GET", path: "/b/k"}.do(t, c.url, c.iam.Root())
	want := "<Error><Code>UnknownOperationException</Code><Message>The local AWS has no s3: run an emulator of it and start the local AWS with --endpoint s3=http://127.0.0.1:9000, its address.</Message>"
	if response.StatusCode != http.StatusNotImplemented || !strings.HasPrefix(answer, want) {
		t.Errorf("%d %s", response.StatusCode, answer)
	}
}
