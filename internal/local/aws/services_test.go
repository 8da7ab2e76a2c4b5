package aws

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// TestEndpointServices: a server's one endpoint has the services whose names
// in a signature's scope are apigateway, lambda and logs.
func TestEndpointServices(t *testing.T) {
	t.Parallel()
	server, err := Start(Config{Region: "eu-central-1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	cfg := aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.Endpoint), Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: server.Credentials.AccessKeyID, SecretAccessKey: server.Credentials.SecretAccessKey}, nil
		}),
	}
	apis, err := apigatewayv2.NewFromConfig(cfg).GetApis(t.Context(), &apigatewayv2.GetApisInput{})
	if err != nil || len(apis.Items) != 0 {
		t.Errorf("got %v, %v", apis, err)
	}
	functions, err := lambda.NewFromConfig(cfg).ListFunctions(t.Context(), &lambda.ListFunctionsInput{})
	if err != nil || len(functions.Functions) != 0 {
		t.Errorf("got %v, %v", functions, err)
	}
	wantOutages := func(want ...string) {
		t.Helper()
		for _, service := range []string{"apigateway", "dynamodb", "lambda", "logs", "secretsmanager", "ssm"} {
			if down := server.Down(service); down != slices.Contains(want, service) {
				t.Errorf("%s is down: %t; down should be %q", service, down, want)
			}
		}
	}
	wantOutages()
	server.SetOutage("ssm", true)
	server.SetOutage("lambda", true)
	wantOutages("lambda", "ssm")
	if _, err := lambda.NewFromConfig(cfg).ListFunctions(t.Context(), &lambda.ListFunctionsInput{}); err == nil || !strings.Contains(err.Error(), "StatusCode: 503") {
		t.Errorf("Lambda is down, and the error is %v", err)
	}
	server.SetOutage("ssm", false)
	wantOutages("lambda")
	groups, err := cloudwatchlogs.NewFromConfig(cfg).DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
	if err != nil || len(groups.LogGroups) != 0 {
		t.Errorf("got %v, %v", groups, err)
	}
}
