package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/scripts/internal/awsconfig"
)

// open finds Region, endpoint and credentials as AWS's own tools do, profiles
// and single sign-on included, and returns the tables and the Region.
func open(ctx context.Context, table, state string) (*apikey.DynamoDB, string, error) {
	ctx, cancel := context.WithTimeout(ctx, awsconfig.Timeout)
	defer cancel()
	cfg, err := awsconfig.Load(ctx, "the tables'")
	if err != nil {
		return nil, "", err
	}
	endpoint, err := endpointOf(ctx, cfg)
	if err != nil {
		return nil, "", err
	}
	getenv := func(name string) string {
		return map[string]string{"AWS_REGION": cfg.Region, "AWS_ENDPOINT_URL": endpoint}[name]
	}
	return apikey.NewDynamoDB(apikey.DynamoDBConfig{
		KeyTable: table, StateTable: state, Getenv: getenv, Credentials: cfg.Credentials.Retrieve, Timeout: awsconfig.Timeout,
	}), cfg.Region, nil
}

// endpointOf is where AWS's own client would find DynamoDB: by the endpoint of the
// environment or the profile, FIPS and dual-stack endpoints among them.
func endpointOf(ctx context.Context, cfg aws.Config) (string, error) {
	client := dynamodb.NewFromConfig(cfg).Options()
	found, err := client.EndpointResolverV2.ResolveEndpoint(ctx, dynamodb.EndpointParameters{
		Region:       &cfg.Region,
		Endpoint:     client.BaseEndpoint,
		UseFIPS:      aws.Bool(client.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack: aws.Bool(client.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
	})
	if err != nil {
		return "", fmt.Errorf("finding the endpoint of DynamoDB: %w", err)
	}
	return found.URI.String(), awsconfig.CheckEndpoint(&found.URI)
}

// explain adds to an error what only this command knows.
func explain(err error, region string) error {
	if errors.Is(err, apikey.ErrNoTable) {
		return fmt.Errorf("%w The Region is %s; the names of the tables are pulumi stack output apiKeyTableName and stateTableName", err, region)
	}
	return err
}
