package iam_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	localssm "github.com/protected-http-api/protected-http-api/internal/local/aws/ssm"
)

var acct = account.Account{ID: "000000000000", Region: "eu-central-1", Partition: "aws"}

// TestPoliciesThroughEndpoint: the real SDK, with the credentials of a
// function's role, against the endpoint: each policy allows or refuses as on
// AWS, in AWS's words, and the console names the cure.
func TestPoliciesThroughEndpoint(t *testing.T) {
	t.Parallel()
	const (
		key     = "arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"
		secret  = "arn:aws:ssm:eu-central-1:000000000000:parameter/app/secret"
		user    = "User: arn:aws:sts::000000000000:assumed-role/reader/read-event is not authorized to perform: "
		read    = `{"Effect":"Allow","Action":"ssm:GetParameter","Resource":"` + secret + `"}`
		decrypt = `{"Effect":"Allow","Action":"kms:Decrypt","Resource":"` + key + `"}`
	)
	noGet := user + "ssm:GetParameter on resource: " + secret + " because no identity-based policy allows the ssm:GetParameter action"
	deniedGet := user + "ssm:GetParameter on resource: " + secret + " with an explicit deny in an identity-based policy"
	noDecrypt := user + "kms:Decrypt on resource: " + key + " because no identity-based policy allows the kms:Decrypt action"
	deniedDecrypt := user + "kms:Decrypt on resource: " + key + " with an explicit deny in an identity-based policy"
	allowGet := "allow ssm:GetParameter on " + secret + ` in a policy of the role "reader"`
	removeGet := "remove the Deny statement that matches ssm:GetParameter on " + secret + ` from the role "reader"`
	for _, tc := range []struct{ name, statements, want, cure string }{
		{"exact", read + "," + decrypt, "", ""},
		{"wildcards", `{"Effect":"Allow","Action":["SSM:Get*","kms:De?rypt"],"Resource":["arn:aws:ssm:*:*:parameter/app/*","arn:aws:kms:*:000000000000:key/*"]}`, "", ""},
		{"not action, not resource", `{"Effect":"Allow","NotAction":"ssm:Put*","NotResource":"arn:aws:s3:::*"}`, "", ""},
		{"no permission", `{"Effect":"Allow","Action":"ssm:GetParameters","Resource":"*"}`, noGet, allowGet},
		{"other parameter", `{"Effect":"Allow","Action":"*","Resource":"` + secret + `s"}`, noGet, allowGet},
		{"not action", `{"Effect":"Allow","NotAction":"ssm:*","Resource":"*"}`, noGet, allowGet},
		{"not resource", `{"Effect":"Allow","Action":"*","NotResource":"arn:aws:ssm:*:*:parameter/app/*"}`, noGet, allowGet},
		{"deny beats allow", `{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"ssm:*","Resource":"*"}`, deniedGet, removeGet},
		{"deny by exception", read + `,{"Effect":"Deny","NotAction":"kms:*","NotResource":"arn:aws:ssm:*:*:parameter/public/*"}`, deniedGet, removeGet},
		{"no key", read, noDecrypt, "allow kms:Decrypt on " + key + ` in a policy of the role "reader"`},
		{"denied key", read + "," + decrypt + `,{"Effect":"Deny","Action":"kms:*","Resource":"*"}`, deniedDecrypt, "remove the Deny statement that matches kms:Decrypt on " + key + ` from the role "reader"`},
		{"key through Parameter Store", read + "," + strings.Replace(decrypt, `"Action"`, `"Condition":{"StringEquals":{"kms:ViaService":"ssm.eu-central-1.amazonaws.com","kms:EncryptionContext:PARAMETER_ARN":"`+secret+`"}},"Action"`, 1), "", ""},
		{"key for the parameters below a path, as the component allows it", read + "," + strings.Replace(decrypt, `"Action"`, `"Condition":{"StringEquals":{"kms:ViaService":["ssm.eu-central-1.amazonaws.com"]},"StringLike":{"kms:EncryptionContext:PARAMETER_ARN":["`+secret+`s","arn:aws:ssm:eu-central-1:000000000000:parameter/app/*"]}},"Action"`, 1), "", ""},
		{"key for another parameter", read + "," + strings.Replace(decrypt, `"Action"`, `"Condition":{"StringEquals":{"kms:ViaService":["ssm.eu-central-1.amazonaws.com"],"kms:EncryptionContext:PARAMETER_ARN":["`+secret+`s"]}},"Action"`, 1), noDecrypt, ""},
		{"key for the parameters below another path", read + "," + strings.Replace(decrypt, `"Action"`, `"Condition":{"StringLike":{"kms:EncryptionContext:PARAMETER_ARN":["arn:aws:ssm:eu-central-1:000000000000:parameter/ap/*"]}},"Action"`, 1), noDecrypt, ""},
		{"key through another service", read + "," + strings.Replace(decrypt, `"Action"`, `"Condition":{"StringEquals":{"kms:ViaService":"dynamodb.eu-central-1.amazonaws.com"}},"Action"`, 1), noDecrypt, ""},
		{"condition on the function", strings.Replace(read, `"Action"`, `"Condition":{"ArnEquals":{"lambda:SourceFunctionArn":"arn:aws:lambda:eu-central-1:000000000000:function:read-event"}},"Action"`, 1) + "," + decrypt, "", ""},
		{"condition on another function", strings.Replace(read, `"Action"`, `"Condition":{"ArnEquals":{"lambda:SourceFunctionArn":"arn:aws:lambda:eu-central-1:000000000000:function:other"}},"Action"`, 1) + "," + decrypt, noGet, ""},
		{"condition on a date that has passed", strings.Replace(read, `"Action"`, `"Condition":{"DateLessThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}},"Action"`, 1) + "," + decrypt, noGet, ""},
		{"older sessions are revoked, this one is not", read + "," + decrypt + `,{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2020-01-01T00:00:00Z"}}}`, "", ""},
		{"this session is revoked", read + "," + decrypt + `,{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2999-01-01T00:00:00Z"}}}`, deniedGet, removeGet},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			identities, parameters, text := iam.New(acct), localssm.New(acct, nil), &consoletest.Buffer{}
			server := httptest.NewServer(endpoint.New(endpoint.Options{Account: acct, IAM: identities, Services: endpoint.Services{"ssm": parameters.Handler()}, Console: console.New(text)}))
			t.Cleanup(server.Close)
			// The developer may do everything, customer keys included.
			if _, err := client(server.URL, identities.Root()).PutParameter(t.Context(), &ssm.PutParameterInput{
				Name: aws.String("/app/secret"), Type: types.ParameterTypeSecureString, Value: aws.String("top-secret-value"), KeyId: aws.String(key),
			}); err != nil {
				t.Fatal(err)
			}
			got, err := client(server.URL, assume(t, identities, tc.statements)).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/app/secret"), WithDecryption: aws.Bool(true)})
			if tc.want == "" {
				if err != nil || aws.ToString(got.Parameter.Value) != "top-secret-value" {
					t.Errorf("got %v", err)
				}
				return
			}
			var api smithy.APIError
			var response *awshttp.ResponseError
			if !errors.As(err, &api) || api.ErrorCode() != "AccessDeniedException" || api.ErrorMessage() != tc.want {
				t.Errorf("got\n%v\nwant\n%s", err, tc.want)
			}
			if !errors.As(err, &response) || response.HTTPStatusCode() != http.StatusBadRequest {
				t.Errorf("got %v, want status 400", err)
			}
			if log := text.String(); !strings.Contains(log, "REFUSED "+tc.want+"; cure: "+tc.cure) || strings.Contains(log, "top-secret-value") {
				t.Errorf("console: %s", log)
			}
		})
	}
}

// assume makes the role reader with these statements, and assumes it as Lambda
// does for the function read-event.
func assume(t *testing.T, identities *iam.Service, statements string) iam.Credentials {
	t.Helper()
	role, err := identities.CreateRole(iam.Role{
		Name:             "reader",
		AssumeRolePolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
	})
	if err == nil {
		err = identities.PutRolePolicy("reader", "p", `{"Version":"2012-10-17","Statement":[`+statements+`]}`)
	}
	if err != nil {
		t.Fatal(err)
	}
	credentials, _, err := identities.AssumeRole(role.ARN, "lambda.amazonaws.com", "read-event")
	if err != nil {
		t.Fatal(err)
	}
	return credentials
}

func client(url string, c iam.Credentials) *ssm.Client {
	return ssm.NewFromConfig(aws.Config{
		Region: acct.Region, BaseEndpoint: aws.String(url),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, nil
		}),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
}
