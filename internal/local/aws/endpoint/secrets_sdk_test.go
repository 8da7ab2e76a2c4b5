package endpoint_test

import (
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	localsecrets "github.com/protected-http-api/protected-http-api/internal/local/aws/secretsmanager"
)

func TestSecretsManagerThroughSDK(t *testing.T) {
	t.Parallel()
	c := &cloud{iam: iam.New(acct), console: &consoletest.Buffer{}}
	server := httptest.NewServer(endpoint.New(endpoint.Options{
		Account: acct, IAM: c.iam, Services: endpoint.Services{"secretsmanager": localsecrets.New(acct, nil).Handler()}, Console: console.New(c.console),
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	client, ctx := secretsmanager.NewFromConfig(c.config(c.iam.Root())), t.Context()
	made, err := client.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("app/jwt"), SecretString: aws.String("first value"), Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
	if err != nil {
		t.Fatal(err)
	}
	put, err := client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: made.ARN, SecretBinary: []byte("second value")})
	if err != nil || len(put.VersionStages) != 1 {
		t.Fatalf("got %+v, %v", put, err)
	}
	got, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("app/jwt"), VersionStage: aws.String("AWSPREVIOUS")})
	if err != nil || *got.SecretString != "first value" || *got.ARN != *made.ARN || *got.VersionId != *made.VersionId || got.CreatedDate.IsZero() {
		t.Errorf("got %v", err)
	}
	if got, err = client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: made.ARN}); err != nil || string(got.SecretBinary) != "second value" || got.SecretString != nil {
		t.Errorf("got %v", err)
	}
	described, err := client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: made.ARN})
	if err != nil || len(described.VersionIdsToStages) != 2 || len(described.Tags) != 1 {
		t.Errorf("got %+v, %v", described, err)
	}
	listed, err := client.ListSecrets(ctx, &secretsmanager.ListSecretsInput{})
	if err != nil || len(listed.SecretList) != 1 || len(listed.SecretList[0].SecretVersionsToStages) != 2 {
		t.Errorf("got %+v, %v", listed, err)
	}
	var missing *types.ResourceNotFoundException
	if _, err = client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("none")}); !errors.As(err, &missing) || missing.ErrorMessage() != "Secrets Manager can't find the specified secret." {
		t.Errorf("got %v", err)
	}

	// A policy that names the secret without its random end does not reach it.
	role := func(resource string) *secretsmanager.Client {
		return secretsmanager.NewFromConfig(c.config(c.role(t, `{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"`+resource+`"}`)))
	}
	const prefix = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:app/jwt"
	_, err = role(prefix).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("app/jwt")})
	wantAPIError(t, err, "AccessDeniedException", "User: arn:aws:sts::000000000000:assumed-role/fn/fn is not authorized to perform: secretsmanager:GetSecretValue on resource: "+*made.ARN+" because no identity-based policy allows the secretsmanager:GetSecretValue action")
	if _, err := client.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: made.ARN}); err != nil {
		t.Error(err)
	}
	var deleted *types.InvalidRequestException
	if _, err = client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: made.ARN}); !errors.As(err, &deleted) {
		t.Errorf("got %v", err)
	}
}
