package endpoint_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
)

// aws runs the AWS CLI against the endpoint and returns what it prints.
func (c *cloud) aws(t *testing.T, creds iam.Credentials, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "aws", args...)
	home := t.TempDir()
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "AWS_") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	cmd.Env = append(cmd.Env,
		"AWS_CONFIG_FILE="+filepath.Join(home, "config"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(home, "credentials"),
		"AWS_ENDPOINT_URL="+c.url, "AWS_REGION="+acct.Region, "AWS_DEFAULT_REGION="+acct.Region, "AWS_DEFAULT_OUTPUT=json",
		"AWS_ACCESS_KEY_ID="+creds.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+creds.SecretAccessKey, "AWS_MAX_ATTEMPTS=1", "AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true",
	)
	if creds.SessionToken != "" {
		cmd.Env = append(cmd.Env, "AWS_SESSION_TOKEN="+creds.SessionToken)
	}
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// TestAWSCLI: botocore signs and reads otherwise than the SDK for Go.
func TestAWSCLI(t *testing.T) {
	t.Parallel()
	if path, err := exec.LookPath("aws"); err != nil || !filepath.IsAbs(path) {
		t.Skip("the AWS CLI is not installed: the same calls are tested through aws-sdk-go-v2")
	}
	c := newCloud(t)
	root := c.iam.Root()
	role := c.role(t, `{"Effect":"Allow","Action":"ssm:GetParameter","Resource":"arn:aws:ssm:eu-central-1:000000000000:parameter/app/secret"}`)
	wrong := root
	wrong.SecretAccessKey += "x"
	for _, tc := range []struct {
		name  string
		creds iam.Credentials
		args  []string
		want  string // JSON where it begins with { or ", else a part of the output of a failure
	}{
		{"put", root, []string{"ssm", "put-parameter", "--name", "/app/secret", "--type", "SecureString", "--value", "p l+a/i=n ü"}, `{"Version":1,"Tier":"Standard"}`},
		{"overwrite", root, []string{"ssm", "put-parameter", "--name", "/app/secret", "--value", "v2", "--overwrite"}, `{"Version":2,"Tier":"Standard"}`},
		{"get", root, []string{"ssm", "get-parameter", "--with-decryption", "--name", "/app/secret", "--query", "Parameter.Value"}, `"v2"`},
		{"get as a role", role, []string{"ssm", "get-parameter", "--with-decryption", "--name", "/app/secret:1", "--query", "Parameter.Value"}, `"p l+a/i=n ü"`},
		{"delete as a role", role, []string{"ssm", "delete-parameter", "--name", "/app/secret"}, "An error occurred (AccessDeniedException) when calling the DeleteParameter operation: User: arn:aws:sts::000000000000:assumed-role/fn/fn is not authorized to perform: ssm:DeleteParameter on resource: arn:aws:ssm:eu-central-1:000000000000:parameter/app/secret because no identity-based policy allows the ssm:DeleteParameter action"},
		{"delete", root, []string{"ssm", "delete-parameter", "--name", "/app/secret"}, ``},
		{"create table", root, []string{"dynamodb", "create-table", "--table-name", "events", "--billing-mode", "PAY_PER_REQUEST", "--attribute-definitions", "AttributeName=pk,AttributeType=S", "--key-schema", "AttributeName=pk,KeyType=HASH", "--query", "TableDescription.TableArn"}, `"arn:aws:dynamodb:eu-central-1:000000000000:table/events"`},
		{"put item", root, []string{"dynamodb", "put-item", "--table-name", "events", "--item", `{"pk":{"S":"EVENT#1"},"l":{"L":[]}}`}, ``},
		{"scan", root, []string{"dynamodb", "scan", "--table-name", "events"}, `{"Items":[{"pk":{"S":"EVENT#1"},"l":{"L":[]}}],"Count":1,"ScannedCount":1,"ConsumedCapacity":null}`},
		{"empty query", root, []string{"dynamodb", "query", "--table-name", "events", "--key-condition-expression", "pk = :p", "--expression-attribute-values", `{":p":{"S":"x"}}`}, `{"Items":[],"Count":0,"ScannedCount":0,"ConsumedCapacity":null}`},
		{"who", root, []string{"sts", "get-caller-identity"}, `{"UserId":"000000000000","Account":"000000000000","Arn":"arn:aws:iam::000000000000:root"}`},
		{"wrong secret", wrong, []string{"ssm", "get-parameter", "--name", "/x"}, "An error occurred (InvalidSignatureException) when calling the GetParameter operation: The request signature we calculated does not match the signature you provided."},
		{"wrong secret, query protocol", wrong, []string{"sts", "get-caller-identity"}, "An error occurred (SignatureDoesNotMatch) when calling the GetCallerIdentity operation: The request signature we calculated does not match the signature you provided."},
		{"unknown service", root, []string{"kms", "list-keys"}, "An error occurred (UnknownOperationException) when calling the ListKeys operation: The local AWS has no kms: run an emulator of it and start the local AWS with --endpoint kms=http://127.0.0.1:9000, its address."},
		{"unknown REST service", root, []string{"lambda", "list-functions"}, "An error occurred (UnknownOperationException) when calling the ListFunctions operation: The local AWS has no lambda: run an emulator of it and start the local AWS with --endpoint lambda=http://127.0.0.1:9000, its address."},
	} {
		// One after the other: each works on what the one before it left.
		out, err := c.aws(t, tc.creds, tc.args...)
		if strings.HasPrefix(tc.want, "{") || strings.HasPrefix(tc.want, `"`) || tc.want == "" {
			if err != nil || !sameJSON(out, tc.want) {
				t.Errorf("%s: got %v\n%s\nwant\n%s", tc.name, err, out, tc.want)
			}
		} else if err == nil || !strings.Contains(out, tc.want) {
			t.Errorf("%s: got %v\n%s\nwant a failure with\n%s", tc.name, err, out, tc.want)
		}
	}
	if strings.Contains(c.console.String(), root.SecretAccessKey) || strings.Contains(c.console.String(), "p l+a/i=n") {
		t.Error("the console shows a secret")
	}
}

func sameJSON(got, want string) bool {
	if got == want {
		return true
	}
	var g, w any
	if json.Unmarshal([]byte(got), &g) != nil || json.Unmarshal([]byte(want), &w) != nil {
		return false
	}
	a, errA := json.Marshal(g)
	b, errB := json.Marshal(w)
	return errA == nil && errB == nil && string(a) == string(b)
}
