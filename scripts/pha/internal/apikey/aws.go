package apikey

import (
	"context"
	"errors"
	"fmt"

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
	getenv, err := awsconfig.DynamoDB(ctx, cfg)
	if err != nil {
		return nil, "", err
	}
	return apikey.NewDynamoDB(apikey.DynamoDBConfig{
		KeyTable: table, StateTable: state, Getenv: getenv, Credentials: cfg.Credentials.Retrieve, Timeout: awsconfig.Timeout,
	}), cfg.Region, nil
}

// explain adds to an error what only this command knows.
func explain(err error, region string) error {
	if errors.Is(err, apikey.ErrNoTable) {
		return fmt.Errorf("%w The Region is %s", err, region)
	}
	return err
}
