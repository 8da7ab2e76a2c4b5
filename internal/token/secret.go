package token

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/secret"
	"github.com/protected-http-api/protected-http-api/internal/awsconfig"
	"github.com/protected-http-api/protected-http-api/internal/secretdoc"
)

// DefaultSecretPath is the SSM parameter that holds the secret unless a
// stack's configuration says otherwise.
const DefaultSecretPath = "/events-api/jwt-secret" //nolint:gosec // a parameter's name, not a secret

// ReadKey returns the key to sign tokens with: from the secret document in the
// parameter path, which the authorizer reads too, the key with this id or, for
// an empty id, the current one. Its errors name the parameter and the cure,
// never a value.
func ReadKey(ctx context.Context, path, id string) (authz.Key, error) {
	p, err := ReadParameter(ctx, path)
	if err != nil {
		return authz.Key{}, err
	}
	keys, err := secret.ParseKeys(authz.HS256, p.Value())
	if err != nil {
		return authz.Key{}, fmt.Errorf("using parameter %q: %w", path, err)
	}
	if id == "" {
		if document, err := secretdoc.Parse(p.Value()); err != nil || len(document.Keys) > 1 {
			return authz.Key{}, fmt.Errorf("using parameter %q: it has several keys and none of them is the current one; choose one by its id", path)
		}
		return keys[0], nil // the current one
	}
	for _, key := range keys {
		if key.ID() == id {
			return key, nil
		}
	}
	return authz.Key{}, fmt.Errorf("using parameter %q: it has no key with the id %q", path, id)
}

// Parameter is an SSM parameter of type SecureString. It prints without its
// value.
type Parameter struct {
	// Path is the parameter's full name, Region where it is.
	Path, Region string
	// Version counts what was put, from 1. ModifiedAt is when the last was.
	Version    int64
	ModifiedAt time.Time

	value  func() string
	client *ssm.Client
}

// Value returns what the parameter says.
func (p *Parameter) Value() string { return p.value() }

// ReadParameter reads the SecureString parameter path, found with the usual
// AWS configuration of the environment (AWS_PROFILE, AWS_REGION,
// AWS_ENDPOINT_URL, …). Its errors name the parameter and the cure.
func ReadParameter(ctx context.Context, path string) (*Parameter, error) {
	limited, cancel := context.WithTimeout(ctx, awsconfig.Timeout)
	defer cancel()
	p, err := readParameter(limited, path)
	switch {
	case err == nil:
		return p, nil
	case ctx.Err() != nil: // the interruption, not what it broke
		return nil, context.Cause(ctx)
	}
	return nil, fmt.Errorf("reading parameter %q: %w", path, err)
}

func readParameter(ctx context.Context, path string) (*Parameter, error) {
	cfg, err := awsconfig.Load(ctx, "the parameter's")
	if err != nil {
		return nil, err
	}
	client := ssm.NewFromConfig(cfg)
	output, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: &path, WithDecryption: aws.Bool(true)})
	if missing := (*types.ParameterNotFound)(nil); errors.As(err, &missing) {
		return nil, fmt.Errorf("there is none in %s; put one: aws ssm put-parameter --region %s --type SecureString --name %s --value \"base64:$(openssl rand -base64 32)\"", cfg.Region, cfg.Region, path)
	}
	if err != nil {
		return nil, err
	}
	if output.Parameter == nil {
		return nil, errors.New("the answer of Systems Manager has no parameter")
	}
	// The authorizer refuses it as well.
	if kind := output.Parameter.Type; kind != types.ParameterTypeSecureString {
		return nil, fmt.Errorf("its type is %q, but a secret must be a SecureString; delete it and put it again: aws ssm put-parameter --type SecureString --name %s --value …", kind, path)
	}
	value := aws.ToString(output.Parameter.Value)
	return &Parameter{
		Path: path, Region: cfg.Region, Version: output.Parameter.Version, ModifiedAt: aws.ToTime(output.Parameter.LastModifiedDate),
		value: func() string { return value }, client: client,
	}, nil
}

// Put replaces the value, encrypted with a KMS key, empty for the account's
// default one. Parameter Store has no condition for that: a change that another
// made since the parameter was read is lost, but seen, and then an error.
func (p *Parameter) Put(ctx context.Context, value, kmsKey string) error {
	limited, cancel := context.WithTimeout(ctx, awsconfig.Timeout)
	defer cancel()
	input := &ssm.PutParameterInput{Name: &p.Path, Value: &value, Type: types.ParameterTypeSecureString, Overwrite: aws.Bool(true)}
	if kmsKey != "" {
		input.KeyId = &kmsKey
	}
	output, err := p.client.PutParameter(limited, input)
	switch {
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("writing parameter %q: %w", p.Path, err)
	case output.Version != p.Version+1:
		return fmt.Errorf("writing parameter %q: somebody else has changed it at the same time: it was version %d, is version %d now, and what was written between is no longer in force; see aws ssm get-parameter-history --name %s", p.Path, p.Version, output.Version, p.Path)
	}
	p.Version, p.value = output.Version, func() string { return value }
	return nil
}
