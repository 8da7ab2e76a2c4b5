package components

import (
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// defaultIdentitySource is where a client's credential is by default.
const defaultIdentitySource = "$request.header.Authorization"

// AuthorizerArgs describes the Lambda authorizer. API Gateway calls it with
// payload format 2.0, and it gives the simple response.
type AuthorizerArgs struct {
	// Function decides on requests. Required where a route is protected.
	Function FunctionArgs
	// SecretPath is the name of the SSM parameter, a SecureString, with the
	// secret that credentials are verified with. It begins with "/". The
	// function finds it in the environment variable JWT_SECRET_PATH and may
	// read this parameter only. Defaults to no secret.
	SecretPath pulumi.StringInput
	// SecretKmsKeyArn is the ARN of the customer managed KMS key that the
	// parameter is encrypted with; the function may then decrypt with it.
	// Defaults to the AWS managed key aws/ssm, which needs no permission: its
	// key policy lets every principal of the account decrypt through SSM.
	SecretKmsKeyArn pulumi.StringInput
	// InjectSecret has the secret read at deployment, and put into the
	// function's environment variable JWT_SECRET, in place of having the
	// function read it at cold start. Cold starts are then faster, but the
	// value stands, encrypted, in Pulumi's state and, readable for whoever may
	// read the function's configuration, on AWS; and a changed secret needs a
	// deployment. Defaults to false.
	InjectSecret bool
	// CacheTtl is how long API Gateway reuses a result for requests with the
	// same identity sources, on all protected routes: whole seconds, 0s to 1h.
	// A credential that is revoked meanwhile stays valid for that long.
	// Defaults to 0s, no caching.
	CacheTtl time.Duration
	// IdentitySources are the request's values that the credential is in, for
	// instance "$request.querystring.token". A request that lacks one is
	// answered with 401, and the function is not called. Without any (an empty
	// slice that is not nil) it is called for every request; this excludes a
	// CacheTtl. Defaults to "$request.header.Authorization".
	IdentitySources []string
}

// createAuthorizer makes the authorizer, if a route needs one.
//
// The TTL is always sent, as 0 too: the provider keeps an old value where it
// is unset, and sends 300 seconds for a new authorizer.
func (c *ProtectedHttpApi) createAuthorizer(ctx *pulumi.Context, p *plan) (err error) {
	if p.authorizer == nil {
		return nil
	}
	c.Authorizer, err = apigatewayv2.NewAuthorizer(ctx, p.name+"-authorizer", &apigatewayv2.AuthorizerArgs{
		ApiId:                          c.Api.ID(),
		AuthorizerType:                 pulumi.String("REQUEST"),
		AuthorizerUri:                  c.Functions[p.authorizer.args.Name].InvokeArn,
		AuthorizerPayloadFormatVersion: pulumi.String("2.0"),
		EnableSimpleResponses:          pulumi.Bool(true),
		AuthorizerResultTtlInSeconds:   pulumi.Int(int(p.authorizerArgs.CacheTtl / time.Second)),
		IdentitySources:                pulumi.ToStringArray(p.authorizerArgs.IdentitySources),
	}, pulumi.Parent(c))
	return err
}

// lookupSecret reads the secret at deployment. It is marked as secret here,
// and so is everything that is made of it.
func (c *ProtectedHttpApi) lookupSecret(ctx *pulumi.Context, path pulumi.StringInput) pulumi.StringOutput {
	parameter := ssm.LookupParameterOutput(ctx, ssm.LookupParameterOutputArgs{
		Name:           path,
		WithDecryption: pulumi.Bool(true),
	}, pulumi.Parent(c))
	return pulumi.ToSecret(parameter.Value()).(pulumi.StringOutput)
}
