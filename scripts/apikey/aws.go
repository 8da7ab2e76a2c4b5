package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/internal/awsjson"
)

// open finds Region, endpoint and credentials as AWS's own tools do, profiles
// and single sign-on included, and returns the tables and the Region.
func open(ctx context.Context, table, state string) (*apikey.DynamoDB, string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("loading the AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return nil, "", errors.New("no AWS Region is configured; set AWS_REGION to the tables' Region")
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return nil, "", fmt.Errorf("no AWS credentials were found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: %w", err)
	}
	getenv := func(name string) string {
		switch {
		case name == "AWS_REGION":
			return cfg.Region
		case name == "AWS_ENDPOINT_URL" && cfg.BaseEndpoint != nil: // a profile may have one
			return aws.ToString(cfg.BaseEndpoint)
		case name == "AWS_ENDPOINT_URL_DYNAMODB":
			return os.Getenv(name)
		}
		return ""
	}
	return apikey.NewDynamoDB(apikey.DynamoDBConfig{
		KeyTable: table, StateTable: state, Getenv: getenv, Credentials: cfg.Credentials.Retrieve, Timeout: timeout,
	}), cfg.Region, nil
}

// explain adds to an error what only this command knows.
func explain(err error, region string) error {
	if refused := (*awsjson.Error)(nil); errors.As(err, &refused) && refused.Type == "ResourceNotFoundException" {
		return fmt.Errorf("%w The Region is %s; the names of the tables are pulumi stack output apiKeyTableName and stateTableName", err, region)
	}
	return err
}
