// An API with neighbours, as most have: a queue, a bucket, a topic, a key, and the
// function's permission for the bucket by a managed policy.
package main

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/protected-http-api/protected-http-api/components"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		queue, err := sqs.NewQueue(ctx, "orders", &sqs.QueueArgs{FifoQueue: pulumi.Bool(true)})
		if err != nil {
			return err
		}
		bucket, err := s3.NewBucketV2(ctx, "Files", nil)
		if err != nil {
			return err
		}
		_, err = s3.NewBucketObjectv2(ctx, "readme", &s3.BucketObjectv2Args{
			Bucket: bucket.Bucket, Key: pulumi.String("readme"), Source: pulumi.NewFileAsset("Pulumi.yaml"),
		})
		if err != nil {
			return err
		}
		topic, err := sns.NewTopic(ctx, "orders", nil)
		if err != nil {
			return err
		}
		_, err = sns.NewTopicSubscription(ctx, "orders", &sns.TopicSubscriptionArgs{
			Topic: topic.Arn, Protocol: pulumi.String("sqs"), Endpoint: queue.Arn,
		})
		if err != nil {
			return err
		}
		key, err := kms.NewKey(ctx, "files", nil)
		if err != nil {
			return err
		}
		if _, err := kms.NewAlias(ctx, "files", &kms.AliasArgs{TargetKeyId: key.KeyId}); err != nil {
			return err
		}
		if _, err := sns.LookupTopic(ctx, &sns.LookupTopicArgs{Name: "of-another-team"}); err != nil {
			return err
		}
		api, err := components.NewProtectedHttpApi(ctx, "neighbours", &components.ProtectedHttpApiArgs{
			Routes: components.Routes{"GET /file": {
				Auth: components.Public,
				Function: components.FunctionArgs{
					Package:     "./handlers/getfile",
					Environment: map[string]pulumi.StringInput{"BUCKET": bucket.Bucket, "QUEUE_URL": queue.Url},
				},
			}},
		})
		if err != nil {
			return err
		}
		if err := permit(ctx, api.Roles["getfile"], bucket, config.New(ctx, "").RequireBool("read")); err != nil {
			return err
		}
		ctx.Export("apiUrl", api.Url)
		ctx.Export("bucket", bucket.Bucket)
		ctx.Export("queueUrl", queue.Url)
		ctx.Export("topicArn", topic.Arn)
		return nil
	})
}

// permit lets a role read the objects of a bucket if read says so; the role of a worker
// beside the API has AWS's own policy.
func permit(ctx *pulumi.Context, role *iam.Role, bucket *s3.BucketV2, read bool) error {
	effect := "Deny"
	if read {
		effect = "Allow"
	}
	document := iam.GetPolicyDocumentOutput(ctx, iam.GetPolicyDocumentOutputArgs{
		Statements: iam.GetPolicyDocumentStatementArray{iam.GetPolicyDocumentStatementArgs{
			Sid: pulumi.String("Files"), Effect: pulumi.String(effect),
			Actions: pulumi.ToStringArray([]string{"s3:GetObject", "s3:GetObjectVersion"}), Resources: pulumi.StringArray{pulumi.Sprintf("%s/*", bucket.Arn)},
		}},
	})
	policy, err := iam.NewPolicy(ctx, "files", &iam.PolicyArgs{Policy: document.Json()})
	if err != nil {
		return err
	}
	_, err = iam.NewRolePolicyAttachment(ctx, "files", &iam.RolePolicyAttachmentArgs{Role: role.Name, PolicyArn: policy.Arn})
	if err != nil {
		return err
	}
	trust, err := iam.GetPolicyDocument(ctx, &iam.GetPolicyDocumentArgs{Statements: []iam.GetPolicyDocumentStatement{{
		Actions:    []string{"sts:AssumeRole"},
		Principals: []iam.GetPolicyDocumentStatementPrincipal{{Type: "Service", Identifiers: []string{"lambda.amazonaws.com"}}},
	}}})
	if err != nil {
		return err
	}
	worker, err := iam.NewRole(ctx, "worker", &iam.RoleArgs{AssumeRolePolicy: pulumi.String(trust.Json), PermissionsBoundary: policy.Arn})
	if err != nil {
		return err
	}
	_, err = iam.NewRolePolicyAttachment(ctx, "worker", &iam.RolePolicyAttachmentArgs{
		Role: worker.Name, PolicyArn: pulumi.String("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"),
	})
	return err
}
