package endpoint

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

var testAccount = account.Account{ID: "000000000000", Region: "eu-central-1", Partition: "aws"}

// asked are the grants of a request, or its error.
func asked(service, method, target, body string, headers ...string) []string {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	needed, err := grants(testAccount, &protocol.Request{HTTP: r, Body: []byte(body), Scope: iam.Scope{Service: service, Region: testAccount.Region}})
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for _, g := range needed {
		text := g.Action + " " + g.Resource
		if g.Unknown {
			text += " unknown"
		}
		out = append(out, text)
	}
	return out
}

func TestS3Grants(t *testing.T) {
	t.Parallel()
	const all = "s3:* * unknown"
	tests := []struct {
		method, target string
		want           []string
		headers        []string
	}{
		{"GET", "http://127.0.0.1:1/", []string{"s3:ListAllMyBuckets *"}, nil},
		{"GET", "http://127.0.0.1:1/b?list-type=2&prefix=a", []string{"s3:ListBucket arn:aws:s3:::b"}, nil},
		{"GET", "http://127.0.0.1:1/b/", []string{"s3:ListBucket arn:aws:s3:::b"}, nil},
		{"HEAD", "http://127.0.0.1:1/b", []string{"s3:ListBucket arn:aws:s3:::b"}, nil},
		{"PUT", "http://127.0.0.1:1/b", []string{"s3:CreateBucket arn:aws:s3:::b"}, nil},
		{"DELETE", "http://127.0.0.1:1/b", []string{"s3:DeleteBucket arn:aws:s3:::b"}, nil},
		{"GET", "http://127.0.0.1:1/b?location", []string{"s3:GetBucketLocation arn:aws:s3:::b"}, nil},
		{"GET", "http://127.0.0.1:1/b?versions", []string{"s3:ListBucketVersions arn:aws:s3:::b"}, nil},
		{"DELETE", "http://127.0.0.1:1/b?cors", []string{"s3:PutBucketCORS arn:aws:s3:::b"}, nil},
		{"PUT", "http://127.0.0.1:1/b?policy", []string{"s3:PutBucketPolicy arn:aws:s3:::b"}, nil},
		{"PUT", "http://127.0.0.1:1/b?location", []string{all}, nil},
		{"GET", "http://127.0.0.1:1/b?analytics&id=1", []string{all}, nil},
		{"GET", "http://127.0.0.1:1/b?acl&policy", []string{all}, nil},
		{"POST", "http://127.0.0.1:1/b", []string{all}, nil},
		{"GET", "http://127.0.0.1:1/b/a/k%20y", []string{"s3:GetObject arn:aws:s3:::b/a/k y"}, nil},
		{"HEAD", "http://127.0.0.1:1/b/k?versionId=1", []string{"s3:GetObjectVersion arn:aws:s3:::b/k"}, nil},
		{"GET", "http://b.localhost:1/k", []string{"s3:GetObject arn:aws:s3:::b/k"}, nil},
		{"GET", "http://b.s3.localhost:1/", []string{"s3:ListBucket arn:aws:s3:::b"}, nil},
		{"GET", "http://s3.localhost:1/b/k", []string{"s3:GetObject arn:aws:s3:::b/k"}, nil},
		{"GET", "http://localhost:1/b/k?attributes", []string{"s3:GetObject arn:aws:s3:::b/k", "s3:GetObjectAttributes arn:aws:s3:::b/k"}, nil},
		{"GET", "http://localhost:1/b/k?acl&versionId=1", []string{"s3:GetObjectVersionAcl arn:aws:s3:::b/k"}, nil},
		{"PUT", "http://localhost:1/b/k", []string{"s3:PutObject arn:aws:s3:::b/k", "s3:PutObjectAcl arn:aws:s3:::b/k"}, []string{"X-Amz-Acl", "public-read"}},
		{"PUT", "http://localhost:1/b/k", []string{"s3:PutObject arn:aws:s3:::b/k", "s3:PutObjectAcl arn:aws:s3:::b/k"}, []string{"X-Amz-Grant-Read", "x"}},
		{"PUT", "http://localhost:1/b/k", []string{"s3:PutObject arn:aws:s3:::b/k", "s3:GetObject arn:aws:s3:::a/x y"}, []string{"X-Amz-Copy-Source", "/a/x%20y"}},
		{"PUT", "http://localhost:1/b/k?partNumber=1&uploadId=u", []string{"s3:PutObject arn:aws:s3:::b/k", "s3:GetObjectVersion arn:aws:s3:::a/x"}, []string{"X-Amz-Copy-Source", "a/x?versionId=1"}},
		{"PUT", "http://localhost:1/b/k", []string{"InvalidArgument: Copy Source must mention the source bucket and key: sourcebucket/sourcekey"}, []string{"X-Amz-Copy-Source", "arn:aws:s3:eu-central-1:1:accesspoint/p/object/k"}},
		{"PUT", "http://localhost:1/b/k?tagging", []string{"s3:PutObjectTagging arn:aws:s3:::b/k"}, nil},
		{"POST", "http://localhost:1/b/k?uploads", []string{"s3:PutObject arn:aws:s3:::b/k"}, nil},
		{"DELETE", "http://localhost:1/b/k?uploadId=u", []string{"s3:AbortMultipartUpload arn:aws:s3:::b/k"}, nil},
		{"DELETE", "http://localhost:1/b/k", []string{"s3:DeleteObject arn:aws:s3:::b/k"}, nil},
		{"POST", "http://localhost:1/b/k", []string{all}, nil},
		{"GET", "http://localhost:1/b%2Fc/k", []string{"InvalidURI: Couldn't parse the specified URI."}, nil},
	}
	for _, tt := range tests {
		if got := asked("s3", tt.method, tt.target, "", tt.headers...); !slices.Equal(got, tt.want) {
			t.Errorf("%s %s %q: %q, want %q", tt.method, tt.target, tt.headers, got, tt.want)
		}
	}
	for body, want := range map[string][]string{
		`<Delete><Object><Key>a</Key></Object><Object><Key>b</Key><VersionId>1</VersionId></Object></Delete>`: {"s3:DeleteObject arn:aws:s3:::b/a", "s3:DeleteObjectVersion arn:aws:s3:::b/b"},
		`<Delete/>`: {"MalformedXML: The XML you provided was not well-formed or did not validate against our published schema"},
	} {
		if got := asked("s3", "POST", "http://localhost/b?delete", body); !slices.Equal(got, want) {
			t.Errorf("%s: %q", body, got)
		}
	}
}

func TestForeignGrants(t *testing.T) {
	t.Parallel()
	const (
		queue = "arn:aws:sqs:eu-central-1:000000000000:q"
		topic = "arn:aws:sns:eu-central-1:000000000000:t"
	)
	target := func(name string) []string { return []string{"X-Amz-Target", name} }
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	tests := []struct {
		service, path, body string
		headers             []string
		want                string
	}{
		{"sqs", "/", `{"QueueUrl":"https://sqs.eu-central-1.amazonaws.com/000000000000/q"}`, target("AmazonSQS.SendMessageBatch"), "sqs:SendMessage " + queue},
		{"sqs", "/", `{"QueueName":"q"}`, target("AmazonSQS.GetQueueUrl"), "sqs:GetQueueUrl " + queue},
		{"sqs", "/", `{"SourceArn":"` + queue + `"}`, target("AmazonSQS.StartMessageMoveTask"), "sqs:StartMessageMoveTask " + queue},
		{"sqs", "/", `{}`, target("AmazonSQS.ListQueues"), "sqs:ListQueues * unknown"},
		{"sqs", "/000000000000/q", "Action=ReceiveMessage", form, "sqs:ReceiveMessage " + queue},
		{"sqs", "/", "Action=DeleteMessage&QueueUrl=http%3A%2F%2Flocalhost%3A9324%2F000000000000%2Fq", form, "sqs:DeleteMessage " + queue},
		{"sns", "/", "Action=PublishBatch&TopicArn=" + topic, form, "sns:Publish " + topic},
		{"sns", "/", "Action=CreateTopic&Name=t", form, "sns:CreateTopic " + topic},
		{"sns", "/", "Action=Publish&PhoneNumber=%2B49", form, "sns:Publish * unknown"},
		{"sns", "/", "Action=Publish&Action=Subscribe&TopicArn=" + topic, form, "sns:* * unknown"},
		{"sns", "/?Action=Subscribe", "Action=Publish&TopicArn=" + topic, form, "sns:* * unknown"},
		{"kinesis", "/", `{"StreamARN":"arn:aws:kinesis:eu-central-1:000000000000:stream/s"}`, target("Kinesis_20131202.PutRecord"), "kinesis:PutRecord * unknown"},
		{"email", "/v2/email/outbound-emails", `{}`, nil, "ses:* * unknown"},
		{"monitoring", "/service/GraniteServiceVersion20100801/operation/PutMetricData", "x", nil, "cloudwatch:PutMetricData * unknown"},
	}
	for _, tt := range tests {
		if got := asked(tt.service, "POST", "http://127.0.0.1"+tt.path, tt.body, tt.headers...); len(got) != 1 || got[0] != tt.want {
			t.Errorf("%s %s %s: %q, want %q", tt.service, tt.path, tt.body, got, tt.want)
		}
	}
}

// Whatever a function sends, something must be allowed for it, or it is refused.
func FuzzGrants(f *testing.F) {
	f.Add("s3", "GET", "/b/k?acl", "", "", "")
	f.Add("s3", "POST", "/b?delete", "<Delete><Object><Key>k</Key></Object></Delete>", "", "/a/b?versionId=1")
	f.Add("sqs", "POST", "/", `{"QueueUrl":"q"}`, "AmazonSQS.SendMessage", "")
	f.Add("sns", "POST", "/", "Action=Publish&TopicArn=t", "", "")
	f.Fuzz(func(t *testing.T, service, method, target, body, operation, source string) {
		address, err := url.ParseRequestURI(target)
		if err != nil {
			return
		}
		r := &http.Request{Method: method, URL: address, Host: "b.localhost:1", Header: http.Header{
			"X-Amz-Target": {operation}, "X-Amz-Copy-Source": {source}, "Content-Type": {"application/x-www-form-urlencoded"},
		}}
		needed, err := grants(testAccount, &protocol.Request{HTTP: r, Body: []byte(body), Scope: iam.Scope{Service: service}})
		if err == nil && len(needed) == 0 {
			t.Error("nothing must be allowed")
		}
		for _, g := range needed {
			if g.Resource == "" || g.Action == "" {
				t.Errorf("the grant is %+v", g)
			}
		}
	})
}
