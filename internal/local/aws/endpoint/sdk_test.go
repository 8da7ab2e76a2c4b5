package endpoint_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
	localdynamodb "github.com/protected-http-api/protected-http-api/internal/local/aws/dynamodb"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	localssm "github.com/protected-http-api/protected-http-api/internal/local/aws/ssm"
)

var acct = account.Account{ID: "000000000000", Region: "eu-central-1", Partition: "aws"}

// cloud is a local AWS with its endpoint.
type cloud struct {
	iam      *iam.Service
	ssm      *localssm.Service
	dynamodb *localdynamodb.Service
	console  *consoletest.Buffer
	url      string
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{iam: iam.New(acct), ssm: localssm.New(acct, nil), dynamodb: localdynamodb.New(acct, nil), console: &consoletest.Buffer{}}
	server := httptest.NewServer(endpoint.New(endpoint.Options{
		Account: acct, IAM: c.iam, Services: endpoint.Services{"ssm": c.ssm.Handler(), "dynamodb": c.dynamodb.Handler()}, Console: console.New(c.console),
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

const lambdaTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// role makes a role with one policy of these statements, and assumes it.
func (c *cloud) role(t *testing.T, statements string) iam.Credentials {
	t.Helper()
	role, err := c.iam.CreateRole(iam.Role{Name: "fn", AssumeRolePolicy: lambdaTrust})
	if err == nil {
		err = c.iam.PutRolePolicy("fn", "p", `{"Version":"2012-10-17","Statement":[`+statements+`]}`)
	}
	if err != nil {
		t.Fatal(err)
	}
	creds, _, err := c.iam.AssumeRole(role.ARN, "lambda.amazonaws.com", "fn")
	if err != nil {
		t.Fatal(err)
	}
	return creds
}

func provider(c iam.Credentials) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, nil
	})
}

func (c *cloud) config(creds iam.Credentials) aws.Config {
	return aws.Config{
		Region: acct.Region, BaseEndpoint: aws.String(c.url), Credentials: provider(creds),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func (c *cloud) ssmClient(creds iam.Credentials) *ssm.Client {
	return ssm.NewFromConfig(c.config(creds))
}
func (c *cloud) dynamodbClient(creds iam.Credentials) *dynamodb.Client {
	return dynamodb.NewFromConfig(c.config(creds))
}

// wantAPIError wants the error of an AWS client to be this one.
func wantAPIError(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Fatalf("got error %v, want %s", err, code)
	}
	if api.ErrorCode() != code || api.ErrorMessage() != message {
		t.Errorf("got error\n%s: %s\nwant\n%s: %s", api.ErrorCode(), api.ErrorMessage(), code, message)
	}
}

func TestSSMThroughSDK(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	ctx, client := t.Context(), c.ssmClient(c.iam.Root())
	in := &ssm.PutParameterInput{Name: aws.String("/app/secret"), Value: aws.String("first value"), Type: ssmtypes.ParameterTypeSecureString}
	put, err := client.PutParameter(ctx, in)
	if err != nil || put.Version != 1 || put.Tier != ssmtypes.ParameterTierStandard {
		t.Fatalf("got %+v, %v", put, err)
	}
	_, err = client.PutParameter(ctx, in)
	wantAPIError(t, err, "ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	in.Overwrite, in.Value = aws.Bool(true), aws.String("second value")
	if put, err = client.PutParameter(ctx, in); err != nil || put.Version != 2 {
		t.Fatalf("got %+v, %v", put, err)
	}
	for _, tc := range []struct {
		name, want string
		version    int64
	}{
		{"/app/secret", "second value", 2},
		{"/app/secret:1", "first value", 1},
		{"arn:aws:ssm:eu-central-1:000000000000:parameter/app/secret", "second value", 2},
	} {
		got, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(tc.name), WithDecryption: aws.Bool(true)})
		if err != nil {
			t.Fatal(err)
		}
		p := got.Parameter
		if *p.Value != tc.want || p.Version != tc.version || *p.ARN != "arn:aws:ssm:eu-central-1:000000000000:parameter/app/secret" || p.LastModifiedDate.IsZero() || *p.DataType != "text" {
			t.Errorf("%s: got %+v", tc.name, p)
		}
	}
	got, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/app/secret")})
	// A blank is in no base64, so that the value cannot be in it by chance.
	if err != nil || strings.Contains(*got.Parameter.Value, "second value") || len(*got.Parameter.Value) < 100 {
		t.Errorf("without decryption: got %q, %v", aws.ToString(got.Parameter.Value), err)
	}
	many, err := client.GetParameters(ctx, &ssm.GetParametersInput{Names: []string{"/app/secret", "/none"}, WithDecryption: aws.Bool(true)})
	if err != nil || len(many.Parameters) != 1 || *many.Parameters[0].Value != "second value" || len(many.InvalidParameters) != 1 {
		t.Errorf("got %+v, %v", many, err)
	}
	if _, err := client.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: aws.String("/app/secret")}); err != nil {
		t.Fatal(err)
	}
	_, err = client.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/app/secret")})
	wantAPIError(t, err, "ParameterNotFound", "Parameter /app/secret not found.")
	var notFound *ssmtypes.ParameterNotFound
	if !errors.As(err, &notFound) {
		t.Errorf("the SDK does not know %v", err)
	}
	_, err = client.DescribeParameters(ctx, &ssm.DescribeParametersInput{})
	wantAPIError(t, err, "UnknownOperationException", "An unknown operation was requested.")
	if log := c.console.String(); !strings.Contains(log, `REFUSED ssm: unknown operation "AmazonSSM.DescribeParameters"; cure: use what the local AWS has: DeleteParameter, GetParameter, GetParameters, GetParametersByPath, PutParameter`) {
		t.Errorf("console: %s", log)
	}
}

// TestDeniedThroughSDK: what a role may not do is refused in AWS's words, and
// the console names the cure.
func TestDeniedThroughSDK(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	const key = "arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	if _, _, err := c.ssm.Put(localssm.Parameter{Name: "/app/kms", Type: "SecureString", Value: "top-secret-value", KeyID: key}); err != nil {
		t.Fatal(err)
	}
	creds := c.role(t, `{"Effect":"Allow","Action":["ssm:GetParameter"],"Resource":"arn:aws:ssm:eu-central-1:000000000000:parameter/app/*"},
		{"Effect":"Deny","Action":"ssm:GetParameter","Resource":"arn:aws:ssm:eu-central-1:000000000000:parameter/app/no"}`)
	const user = "User: arn:aws:sts::000000000000:assumed-role/fn/fn is not authorized to perform: "
	client, ctx := c.ssmClient(creds), t.Context()
	for _, tc := range []struct{ name, parameter, decrypt, want, cure string }{
		{
			"no grant", "/other", "", "ssm:GetParameter on resource: arn:aws:ssm:eu-central-1:000000000000:parameter/other because no identity-based policy allows the ssm:GetParameter action",
			`allow ssm:GetParameter on arn:aws:ssm:eu-central-1:000000000000:parameter/other in a policy of the role "fn"`,
		},
		{
			"explicit deny", "/app/no", "", "ssm:GetParameter on resource: arn:aws:ssm:eu-central-1:000000000000:parameter/app/no with an explicit deny in an identity-based policy",
			`remove the Deny statement that matches ssm:GetParameter on arn:aws:ssm:eu-central-1:000000000000:parameter/app/no from the role "fn"`,
		},
		{
			"customer key", "/app/kms", "yes", "kms:Decrypt on resource: " + key + " because no identity-based policy allows the kms:Decrypt action",
			`allow kms:Decrypt on ` + key + ` in a policy of the role "fn"`,
		},
	} {
		_, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(tc.parameter), WithDecryption: aws.Bool(tc.decrypt != "")})
		wantAPIError(t, err, "AccessDeniedException", user+tc.want)
		if log := c.console.String(); !strings.Contains(log, "REFUSED "+user+tc.want+"; cure: "+tc.cure+"\n") {
			t.Errorf("%s: console: %s", tc.name, log)
		}
	}
	if _, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/app/kms")}); err != nil {
		t.Errorf("without decryption no key is needed: %v", err)
	}
	if err := c.iam.PutRolePolicy("fn", "kms", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:Decrypt","Resource":"`+key+`",
		"Condition":{"StringEquals":{"kms:ViaService":"ssm.eu-central-1.amazonaws.com"}}}}`); err != nil {
		t.Fatal(err)
	}
	got, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/app/kms"), WithDecryption: aws.Bool(true)})
	if err != nil || *got.Parameter.Value != "top-secret-value" {
		t.Errorf("with kms:Decrypt: %v", err)
	}
	if strings.Contains(c.console.String(), "top-secret-value") {
		t.Error("the console shows a value")
	}
	c.iam.Revoke(creds.AccessKeyID)
	_, err = client.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/app/kms")})
	wantAPIError(t, err, "UnrecognizedClientException", "The security token included in the request is invalid.")
}

// TestDynamoDBGrants: each operation needs the action and resource that it
// needs on AWS.
func TestDynamoDBGrants(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	client, ctx := c.dynamodbClient(c.role(t, `{"Effect":"Allow","Action":"dynamodb:None","Resource":"*"}`)), t.Context()
	table := aws.String("events")
	key := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "a"}}
	const arn = "arn:aws:dynamodb:eu-central-1:000000000000:table/events"
	for _, tc := range []struct {
		name, action, resource string
		call                   func() error
	}{
		{"get", "GetItem", arn, func() error {
			_, err := client.GetItem(ctx, &dynamodb.GetItemInput{TableName: table, Key: key})
			return err
		}},
		{"put by arn", "PutItem", arn, func() error {
			_, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(arn), Item: key})
			return err
		}},
		{"update", "UpdateItem", arn, func() error {
			_, err := client.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: table, Key: key})
			return err
		}},
		{"delete", "DeleteItem", arn, func() error {
			_, err := client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: table, Key: key})
			return err
		}},
		{"query an index", "Query", arn + "/index/by-time", func() error {
			_, err := client.Query(ctx, &dynamodb.QueryInput{TableName: table, IndexName: aws.String("by-time"), KeyConditionExpression: aws.String("a = :a")})
			return err
		}},
		{"scan", "Scan", arn, func() error {
			_, err := client.Scan(ctx, &dynamodb.ScanInput{TableName: table})
			return err
		}},
		{"batch get", "BatchGetItem", arn, func() error {
			_, err := client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"events": {Keys: []map[string]types.AttributeValue{key}}}})
			return err
		}},
		{"batch write", "BatchWriteItem", arn, func() error {
			_, err := client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"events": {{PutRequest: &types.PutRequest{Item: key}}}}})
			return err
		}},
		{"transaction", "ConditionCheckItem", arn, func() error {
			_, err := client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
				{ConditionCheck: &types.ConditionCheck{TableName: table, Key: key, ConditionExpression: aws.String("attribute_exists(pk)")}},
			}})
			return err
		}},
		{"transactional get", "GetItem", arn, func() error {
			_, err := client.TransactGetItems(ctx, &dynamodb.TransactGetItemsInput{TransactItems: []types.TransactGetItem{{Get: &types.Get{TableName: table, Key: key}}}})
			return err
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			wantAPIError(t, tc.call(), "AccessDeniedException", "User: arn:aws:sts::000000000000:assumed-role/fn/fn is not authorized to perform: dynamodb:"+tc.action+
				" on resource: "+tc.resource+" because no identity-based policy allows the dynamodb:"+tc.action+" action")
		})
	}
}

func TestUnsigned(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for _, tc := range []struct {
		name, contentType, target string
		status                    int
		want                      string
	}{
		{"nothing", "", "", 403, `{"__type":"MissingAuthenticationTokenException","message":"Request is missing Authentication Token"}`},
		{"json", "application/x-amz-json-1.1", "AmazonSSM.GetParameter", 400, `{"__type":"MissingAuthenticationTokenException","message":"Request is missing Authentication Token"}`},
		{"query", "application/x-www-form-urlencoded", "", 403, `<Error><Type>Sender</Type><Code>MissingAuthenticationToken</Code><Message>Request is missing Authentication Token</Message></Error>`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", tc.contentType)
			if tc.target != "" {
				r.Header.Set("X-Amz-Target", tc.target)
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			var b bytes.Buffer
			if _, err := b.ReadFrom(resp.Body); err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != tc.status || !strings.Contains(b.String(), tc.want) || resp.Header.Get("x-amzn-requestid") == "" {
				t.Errorf("got %d %s", resp.StatusCode, b.String())
			}
		})
	}
}
