package parameter

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// secretStore has a secret of Secrets Manager.
type secretStore struct {
	client               *secretsmanager.Client
	arn, region, example string
}

func newSecret(cfg aws.Config, arn, region, example string) secretStore {
	client := secretsmanager.NewFromConfig(cfg, func(o *secretsmanager.Options) { o.Region = region })
	return secretStore{client, arn, region, example}
}

// suffix is what Secrets Manager adds to a secret's name in its ARN.
var suffix = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)

func (s secretStore) read(ctx context.Context) (version, error) { return s.stage(ctx, "AWSCURRENT") }

// stage reads the version that has a staging label.
func (s secretStore) stage(ctx context.Context, label string) (version, error) {
	output, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &s.arn, VersionStage: &label})
	if missing := (*types.ResourceNotFoundException)(nil); errors.As(err, &missing) {
		name := suffix.ReplaceAllString(s.arn[strings.LastIndex(s.arn, ":")+1:], "")
		return version{}, fmt.Errorf("there is none in %s, or it has no value; give it one: %s | aws secretsmanager put-secret-value --region %s --secret-id %s --secret-string file:///dev/stdin; or make one, whose ARN is another then: aws secretsmanager create-secret --region %s --name %s", s.region, s.example, s.region, s.arn, s.region, name)
	}
	if err != nil {
		return version{}, err
	}
	// The authorizer refuses it as well.
	if output.SecretString == nil {
		return version{}, fmt.Errorf("it has no text; a binary value is not read; put a text: aws secretsmanager put-secret-value --secret-id %s --secret-string …", s.arn)
	}
	return version{*output.SecretString, aws.ToString(output.VersionId), aws.ToTime(output.CreatedDate)}, nil
}

// put may be tried again by the client: its token makes a repeated request the same one
// (Secrets Manager API reference, PutSecretValue). The version that was current is the
// previous one then, unless another was put in between.
func (s secretStore) put(ctx context.Context, before version, value, _ string) (version, string, error) {
	output, err := s.client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &s.arn, SecretString: &value})
	if err != nil {
		return version{}, "", err
	}
	note := ""
	if previous, err := s.stage(ctx, "AWSPREVIOUS"); err == nil && previous.id != before.id {
		note = changedMeanwhile
	}
	return version{value, aws.ToString(output.VersionId), before.modifiedAt}, note, nil
}

func (s secretStore) history() string {
	return "aws secretsmanager list-secret-version-ids --secret-id " + s.arn
}
