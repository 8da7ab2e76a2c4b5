package parameter

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// parameterStore has a parameter.
type parameterStore struct {
	client                *ssm.Client
	path, region, example string
}

func newParameter(cfg aws.Config, path, example string) parameterStore {
	return parameterStore{ssm.NewFromConfig(cfg), path, cfg.Region, example}
}

func (s parameterStore) read(ctx context.Context) (version, error) {
	output, err := s.client.GetParameter(ctx, &ssm.GetParameterInput{Name: &s.path, WithDecryption: aws.Bool(true)})
	if missing := (*types.ParameterNotFound)(nil); errors.As(err, &missing) {
		return version{}, fmt.Errorf("there is none in %s; put one: %s | aws ssm put-parameter --region %s --type SecureString --name %s --value file:///dev/stdin", s.region, s.example, s.region, s.path)
	}
	if err != nil {
		return version{}, err
	}
	if output.Parameter == nil {
		return version{}, errors.New("the answer of Systems Manager has no parameter")
	}
	// The authorizer refuses it as well.
	if kind := output.Parameter.Type; kind != types.ParameterTypeSecureString {
		return version{}, fmt.Errorf("its type is %q, but a secret must be a SecureString; delete it and put it again: aws ssm put-parameter --type SecureString --name %s --value …", kind, s.path)
	}
	return version{aws.ToString(output.Parameter.Value), strconv.FormatInt(output.Parameter.Version, 10), aws.ToTime(output.Parameter.LastModifiedDate)}, nil
}

func (s parameterStore) put(ctx context.Context, before version, value, kmsKey string) (version, string, error) {
	input := &ssm.PutParameterInput{Name: &s.path, Value: &value, Type: types.ParameterTypeSecureString, Overwrite: aws.Bool(true)}
	if kmsKey != "" {
		input.KeyId = &kmsKey
	}
	// Once: a second attempt could overwrite what another has put in between.
	output, err := s.client.PutParameter(ctx, input, func(o *ssm.Options) { o.Retryer = aws.NopRetryer{} })
	if err != nil {
		return version{}, "", err
	}
	note := ""
	if strconv.FormatInt(output.Version-1, 10) != before.id {
		note = changedMeanwhile
	}
	return version{value, strconv.FormatInt(output.Version, 10), before.modifiedAt}, note, nil
}

// changedMeanwhile is the note about a change that was lost.
const changedMeanwhile = "somebody else has changed it at the same time, and what was written between is not in force"

func (s parameterStore) history() string { return "aws ssm get-parameter-history --name " + s.path }
