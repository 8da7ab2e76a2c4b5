// Package parameter reads and changes the SSM parameters with secrets and keys that
// the commands sign with.
package parameter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/secret"
	"github.com/protected-http-api/protected-http-api/scripts/internal/awsconfig"
)

// ReadKey returns the key to sign tokens with: from the secret document in the
// parameter path, which the authorizer reads too, the key with this id or, for
// an empty id, the current one. Its errors name the parameter and the cure,
// never a value.
func ReadKey(ctx context.Context, path, id string) (authz.Key, error) {
	p, err := Read(ctx, path, ExampleSecret)
	if err != nil {
		return authz.Key{}, err
	}
	keys, err := secret.ParseKeys(authz.HS256, p.Value())
	if err != nil {
		return authz.Key{}, fmt.Errorf("using parameter %q: %w", path, err)
	}
	if id == "" {
		if document, err := secret.ParseDocument(p.Value()); err != nil || len(document.Keys) > 1 {
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

// ExampleSecret is a shell command that prints a value for a parameter with the
// secret of tokens.
const ExampleSecret = `printf 'base64:%s' "$(openssl rand -base64 32)"` //nolint:gosec // a command, not a secret

// Read reads the SecureString parameter path, found with the usual
// AWS configuration of the environment (AWS_PROFILE, AWS_REGION,
// AWS_ENDPOINT_URL, …). Its errors name the parameter and the cure; example is
// a shell command that prints a value for the parameter, which the cure of a
// missing one pipes into the AWS CLI: an argument would be seen by every process.
func Read(ctx context.Context, path, example string) (*Parameter, error) {
	limited, cancel := context.WithTimeout(ctx, awsconfig.Timeout)
	defer cancel()
	p, err := read(limited, path, example)
	switch {
	case err == nil:
		return p, nil
	case ctx.Err() != nil: // the interruption, not what it broke
		return nil, context.Cause(ctx)
	}
	return nil, fmt.Errorf("reading parameter %q: %w", path, err)
}

func read(ctx context.Context, path, example string) (*Parameter, error) {
	cfg, err := awsconfig.Load(ctx, "the parameter's")
	if err != nil {
		return nil, err
	}
	client := ssm.NewFromConfig(cfg)
	output, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: &path, WithDecryption: aws.Bool(true)})
	if missing := (*types.ParameterNotFound)(nil); errors.As(err, &missing) {
		return nil, fmt.Errorf("there is none in %s; put one: %s | aws ssm put-parameter --region %s --type SecureString --name %s --value file:///dev/stdin", cfg.Region, example, cfg.Region, path)
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

// lookTimeout bounds the look of Put at what is in force.
const lookTimeout = 5 * time.Second

// Put replaces the value, encrypted with a KMS key, empty for the account's
// default one. Parameter Store has no condition for that: a change that another
// made since the parameter was read is lost, but seen. note is empty, or says what
// there is to know although the value is in force. An error that is no refusal by
// Systems Manager leaves open whether it is.
func (p *Parameter) Put(ctx context.Context, value, kmsKey string) (note string, err error) {
	limited, cancel := context.WithTimeout(ctx, awsconfig.Timeout)
	defer cancel()
	input := &ssm.PutParameterInput{Name: &p.Path, Value: &value, Type: types.ParameterTypeSecureString, Overwrite: aws.Bool(true)}
	if kmsKey != "" {
		input.KeyId = &kmsKey
	}
	// Once: a second attempt could overwrite what another has put in between.
	output, err := p.client.PutParameter(limited, input, func(o *ssm.Options) { o.Retryer = aws.NopRetryer{} })
	var answer *awshttp.ResponseError
	switch {
	case err == nil && output.Version == p.Version+1:
		p.Version, p.value = output.Version, func() string { return value }
		return "", nil
	case err == nil:
		note = "somebody else has changed it at the same time, and what was written between is not in force"
	case errors.As(err, &answer) && answer.HTTPStatusCode() >= 400 && answer.HTTPStatusCode() < 500:
		return "", fmt.Errorf("writing parameter %q: %w", p.Path, err)
	default:
		note = "the answer to the change was lost, but it was made"
	}
	// With a time limit of its own: that of the change may be what has passed.
	limited, cancel = context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer cancel()
	now, readErr := p.client.GetParameter(limited, &ssm.GetParameterInput{Name: &p.Path, WithDecryption: aws.Bool(true)})
	if readErr == nil && now.Parameter != nil && aws.ToString(now.Parameter.Value) == value {
		note = fmt.Sprintf("parameter %q was version %d and is version %d now: %s; see aws ssm get-parameter-history --name %s", p.Path, p.Version, now.Parameter.Version, note, p.Path)
		p.Version, p.value = now.Parameter.Version, func() string { return value }
		return note, nil
	}
	if err = cmp.Or(err, readErr); ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err == nil {
		err = errors.New("it has another value now")
	}
	return "", fmt.Errorf("writing parameter %q: it is not known whether the change was made; see aws ssm get-parameter-history --name %s: %w", p.Path, p.Path, err)
}
