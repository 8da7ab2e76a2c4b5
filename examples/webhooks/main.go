// An API for webhooks: GitHub's, which signs the body, and those of partners, who sign
// the request by RFC 9421. Both end in a queue.
package main

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/components"
)

func main() { pulumi.Run(deploy) }

func deploy(ctx *pulumi.Context) error {
	queue, err := sqs.NewQueue(ctx, "deliveries", &sqs.QueueArgs{MessageRetentionSeconds: pulumi.Int(14 * 24 * 3600)})
	if err != nil {
		return err
	}
	secrets := fmt.Sprintf("/webhooks/%s/", ctx.Stack())
	githubSecret, err := parameterArn(ctx, secrets+"github")
	if err != nil {
		return err
	}
	send := components.StatementArgs{Actions: []string{"sqs:SendMessage"}, Resources: []pulumi.StringInput{queue.Arn}}
	api, err := components.NewProtectedHttpApi(ctx, "webhooks", &components.ProtectedHttpApiArgs{
		Authorizer: components.AuthorizerArgs{Methods: &components.MethodsArgs{
			Signatures: &components.SignaturesArgs{KeysPath: pulumi.String(secrets + "partners")},
		}},
		Routes: components.Routes{
			// An authorizer is given no body, and GitHub signs nothing else.
			"POST /github": {Auth: components.Public, Function: components.FunctionArgs{
				Package: "./handlers/github",
				Environment: map[string]pulumi.StringInput{
					"QUEUE_URL": queue.Url, "GITHUB_SECRET_PATH": pulumi.String(secrets + "github"),
				},
				Statements: []components.StatementArgs{send, {
					Actions: []string{"ssm:GetParameter"}, Resources: []pulumi.StringInput{githubSecret},
				}},
			}},
			"POST /partners": {Function: components.FunctionArgs{
				Package:     "./handlers/partner",
				Environment: map[string]pulumi.StringInput{"QUEUE_URL": queue.Url},
				Statements:  []components.StatementArgs{send},
			}},
		},
	})
	if err != nil {
		return err
	}
	ctx.Export("apiUrl", api.Url)
	ctx.Export("access", api.Access)
	ctx.Export("functionNames", api.FunctionNames)
	ctx.Export("queueUrl", queue.Url)
	return nil
}

// parameterArn is the ARN of an SSM parameter in the account and Region of the stack.
func parameterArn(ctx *pulumi.Context, name string) (pulumi.String, error) {
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{})
	if err != nil {
		return "", err
	}
	region, err := aws.GetRegion(ctx, &aws.GetRegionArgs{})
	if err != nil {
		return "", err
	}
	return pulumi.String(fmt.Sprintf("arn:aws:ssm:%s:%s:parameter%s", region.Name, caller.AccountId, name)), nil
}
