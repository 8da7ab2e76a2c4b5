package endpoint_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestAWSCLIServices runs every command of the AWS CLI that the endpoint has,
// but for those of TestAWSCLI. The same calls are tested through
// aws-sdk-go-v2.
func TestAWSCLIServices(t *testing.T) {
	t.Parallel()
	if path, err := exec.LookPath("aws"); err != nil || !filepath.IsAbs(path) {
		t.Skip("the AWS CLI is not installed: the same calls are tested through aws-sdk-go-v2")
	}
	w := newWholeCloud(t)
	payload := filepath.Join(t.TempDir(), "payload")
	id := w.api.ID
	for _, tc := range []struct {
		name string
		args []string
		// want is JSON, or a part of a failure's output; a lone " is any long text.
		want string
		// payload is what lambda invoke has written.
		payload string
	}{
		{"lambda list-functions", []string{"--query", "Functions[].FunctionName"}, `["busy","echo"]`, ""},
		{"lambda get-function-configuration", []string{"--function-name", "echo", "--query", "[FunctionArn,Timeout,LoggingConfig.LogGroup,State]"}, `["` + echoARN + `",10,"/aws/lambda/echo","Active"]`, ""},
		{"lambda get-function", []string{"--function-name", echoARN, "--query", "Configuration.Runtime"}, `"provided.al2023"`, ""},
		{"lambda invoke", []string{"--function-name", "echo", "--payload", `{"mode":"echo","data":{"a":"é"}}`, payload}, `{"StatusCode":200,"ExecutedVersion":"$LATEST"}`, `{"a":"é"}`},
		{"lambda invoke", []string{"--function-name", "echo", "--payload", `{"mode":"error","text":"no"}`, payload}, `{"StatusCode":200,"FunctionError":"Unhandled","ExecutedVersion":"$LATEST"}`, `{"errorMessage":"no","errorType":"errorString"}`},
		{"lambda invoke", []string{"--function-name", "echo", "--payload", `{"mode":"print","text":"printed"}`, "--log-type", "Tail", "--query", "LogResult", payload}, `"`, `null`},
		{"lambda invoke", []string{"--function-name", "none", payload}, "An error occurred (ResourceNotFoundException) when calling the Invoke operation: Function not found: arn:aws:lambda:eu-central-1:000000000000:function:none", ""},
		{"lambda list-aliases", []string{"--function-name", "echo"}, "An error occurred (UnknownOperationException) when calling the ListAliases operation: An unknown operation was requested.", ""},
		{"logs describe-log-groups", []string{"--query", "logGroups[].[logGroupName,retentionInDays]"}, `[["/aws/lambda/echo",14]]`, ""},
		{"logs describe-log-streams", []string{"--log-group-name", "/aws/lambda/echo", "--query", "length(logStreams)"}, `1`, ""},
		{"logs filter-log-events", []string{"--log-group-name", "/aws/lambda/echo", "--filter-pattern", "printed", "--query", "events[].message"}, `["printed"]`, ""},
		{"logs filter-log-events", []string{"--log-group-name", "/aws/lambda/echo", "--filter-pattern", "{ $.a = 1 }"}, "An error occurred (InvalidParameterException) when calling the FilterLogEvents operation: the local AWS does not support JSON filter patterns", ""},
		{"apigatewayv2 get-apis", []string{"--query", "Items[].[ApiId,Name]"}, `[["` + id + `","events"]]`, ""},
		{"apigatewayv2 get-api", []string{"--api-id", id, "--query", "ApiEndpoint"}, `"` + w.api.Endpoint + `"`, ""},
		{"apigatewayv2 get-routes", []string{"--api-id", id, "--query", "sort(Items[].RouteKey)"}, `["DELETE /events/{id}","GET /events","POST /events"]`, ""},
		{"apigatewayv2 get-authorizers", []string{"--api-id", id, "--query", "Items[].[Name,AuthorizerResultTtlInSeconds]"}, `[["tokens",300]]`, ""},
		{"apigatewayv2 get-integrations", []string{"--api-id", id, "--query", "Items[].IntegrationType"}, `["AWS_PROXY"]`, ""},
		{"apigatewayv2 get-stages", []string{"--api-id", id, "--query", "Items[].StageName"}, `["$default"]`, ""},
		{"apigatewayv2 reset-authorizers-cache", []string{"--api-id", id, "--stage-name", "$default"}, ``, ""},
		{"apigatewayv2 reset-authorizers-cache", []string{"--api-id", "none", "--stage-name", "$default"}, "An error occurred (NotFoundException) when calling the ResetAuthorizersCache operation: Invalid API identifier specified 000000000000:none", ""},
		{"apigatewayv2 get-vpc-links", nil, "An error occurred (UnknownOperationException) when calling the GetVpcLinks operation: An unknown operation was requested.", ""},
		{"dynamodb create-table", []string{"--table-name", "sessions", "--billing-mode", "PAY_PER_REQUEST", "--attribute-definitions", "AttributeName=pk,AttributeType=S", "--key-schema", "AttributeName=pk,KeyType=HASH", "--query", "TableDescription.TableStatus"}, `"ACTIVE"`, ""},
		{"dynamodb update-time-to-live", []string{"--table-name", "sessions", "--time-to-live-specification", "Enabled=true,AttributeName=expires"}, `{"TimeToLiveSpecification":{"Enabled":true,"AttributeName":"expires"}}`, ""},
		{"dynamodb describe-time-to-live", []string{"--table-name", "sessions"}, `{"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"expires"}}`, ""},
		{"sts get-caller-identity", []string{"--query", "Arn"}, `"arn:aws:iam::000000000000:root"`, ""},
	} {
		// One after the other: each works on what the one before it left.
		out, err := w.aws(t, w.iam.Root(), append(strings.Fields(tc.name), tc.args...)...)
		switch {
		case strings.HasPrefix(tc.want, "An error occurred"):
			if err == nil || !strings.Contains(out, tc.want) {
				t.Errorf("%s: got %v\n%s\nwant a failure with\n%s", tc.name, err, out, tc.want)
			}
		case err != nil || (!sameJSON(out, tc.want) && (tc.want != `"` || len(out) < 100)):
			t.Errorf("%s: got %v\n%s\nwant\n%s", tc.name, err, out, tc.want)
		}
		if tc.payload != "" {
			if got, err := os.ReadFile(payload); err != nil || string(got) != tc.payload {
				t.Errorf("%s: the payload is %s, %v", tc.name, got, err)
			}
		}
	}
}
