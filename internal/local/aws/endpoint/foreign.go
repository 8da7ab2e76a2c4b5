package endpoint

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

// prefixes are what stands before the actions of services whose signing name is
// another one (service authorization reference).
var prefixes = map[string]string{"email": "ses", "monitoring": "cloudwatch"}

// operation is the path of the protocol rpcv2Cbor.
var operation = regexp.MustCompile(`^/service/\w+/operation/(\w+)$`)

// grants are the permissions that a request to a service needs that the local AWS does
// not have. S3, SQS and SNS have resources. Of all others the resource is not known,
// and of those whose protocol does not name the operation neither is the action: then
// all of it must be allowed.
func grants(a account.Account, r *protocol.Request) ([]iam.Grant, error) {
	if r.Scope.Service == s3Name {
		return s3Grants(a, r)
	}
	action, parameters := actionOf(r)
	g := iam.Grant{Action: action, Resource: "*", Unknown: true}
	service, name, _ := strings.Cut(action, ":")
	switch {
	case name == "*":
	case service == "sqs":
		g.Action = strings.TrimSuffix(action, "Batch")
		queue := parameters("QueueUrl")
		queue = queue[strings.LastIndex(queue, "/")+1:]
		if queue == "" {
			queue = parameters("QueueName")
		}
		if source := parameters("SourceArn"); queue == "" && strings.HasPrefix(source, "arn:") {
			queue = source[strings.LastIndex(source, ":")+1:]
		}
		if queue == "" && strings.Count(r.HTTP.URL.Path, "/") > 1 {
			queue = r.HTTP.URL.Path[strings.LastIndex(r.HTTP.URL.Path, "/")+1:]
		}
		if queue != "" {
			g.Resource, g.Unknown = a.ARN("sqs", queue), false
		}
	case service == "sns":
		g.Action = strings.TrimSuffix(action, "Batch")
		topic := parameters("TopicArn")
		if target := parameters("TargetArn"); topic == "" {
			topic = target
		}
		if name == "CreateTopic" {
			topic = a.ARN("sns", parameters("Name"))
		}
		if topic != "" {
			g.Resource, g.Unknown = topic, false
		}
	}
	return []iam.Grant{g}, nil
}

// actionOf is the operation that a request is for in the words of IAM, which are service:*
// where its protocol does not name it, with its parameters.
func actionOf(r *protocol.Request) (string, func(string) string) {
	service := r.Scope.Service
	if other, ok := prefixes[service]; ok {
		service = other
	}
	operation, parameters := operationOf(r)
	if operation == "" {
		operation = "*"
	}
	return service + ":" + operation, parameters
}

// operationOf is the operation that a request is for, empty where its protocol does
// not name it, with its parameters.
func operationOf(r *protocol.Request) (string, func(string) string) {
	none := func(string) string { return "" }
	if target := r.HTTP.Header.Get("X-Amz-Target"); target != "" {
		var body map[string]any
		if err := json.Unmarshal(r.Body, &body); err != nil {
			return target[strings.LastIndex(target, ".")+1:], none
		}
		return target[strings.LastIndex(target, ".")+1:], func(name string) string {
			text, _ := body[name].(string)
			return text
		}
	}
	if m := operation.FindStringSubmatch(r.HTTP.URL.Path); m != nil {
		return m[1], none
	}
	if r.HTTP.Method == http.MethodPost && isForm(r.HTTP) {
		form, err := url.ParseQuery(string(r.Body))
		if err != nil || len(form["Action"]) != 1 || r.HTTP.URL.Query().Has("Action") {
			return "", none
		}
		return form.Get("Action"), form.Get
	}
	return "", none
}

// isForm tells the Query protocol.
func isForm(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}
