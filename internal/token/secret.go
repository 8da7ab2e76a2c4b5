package token

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/protected-http-api/protected-http-api/authz"
)

// DefaultSecretPath is the SSM parameter that holds the secret unless a
// stack's configuration says otherwise.
const DefaultSecretPath = "/events-api/jwt-secret" //nolint:gosec // a parameter's name, not a secret

// readTimeout bounds ReadSecret: without credentials in the environment the
// SDK also asks the instance it may run on.
const readTimeout = 30 * time.Second

// ReadSecret returns the secret that the authorizer reads too: the SecureString
// parameter path, found with the usual AWS configuration of the environment
// (AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL, …) and decoded by
// authz.ParseSecret. Its errors name the parameter and the cure, never the
// value.
func ReadSecret(ctx context.Context, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	value, err := readParameter(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("reading parameter %q: %w", path, err)
	}
	secret, err := authz.ParseSecret(value)
	if err != nil {
		return nil, fmt.Errorf("using parameter %q: %w", path, err)
	}
	return secret, nil
}

func readParameter(ctx context.Context, path string) (string, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return "", fmt.Errorf("loading the AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return "", errors.New("no AWS Region is configured; set AWS_REGION to the parameter's Region")
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return "", fmt.Errorf("no AWS credentials were found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: %w", err)
	}
	output, err := ssm.NewFromConfig(cfg).GetParameter(ctx, &ssm.GetParameterInput{Name: &path, WithDecryption: aws.Bool(true)})
	if missing := (*types.ParameterNotFound)(nil); errors.As(err, &missing) {
		return "", fmt.Errorf("there is none in %s; put one: aws ssm put-parameter --region %s --type SecureString --name %s --value \"base64:$(openssl rand -base64 32)\"", cfg.Region, cfg.Region, path)
	}
	if err != nil {
		return "", err
	}
	if output.Parameter == nil {
		return "", errors.New("the answer of Systems Manager has no parameter")
	}
	// The authorizer refuses it as well.
	if kind := output.Parameter.Type; kind != types.ParameterTypeSecureString {
		return "", fmt.Errorf("its type is %q, but a secret must be a SecureString; delete it and put it again: aws ssm put-parameter --type SecureString --name %s --value …", kind, path)
	}
	return aws.ToString(output.Parameter.Value), nil
}
