package components

import (
	"path/filepath"
	"reflect"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

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
	// Secrets are the names of further SSM parameters, SecureStrings, that the
	// function may read, by the environment variable in which it finds the
	// name. Names are as in SecretPath, variables as in FunctionArgs. No name
	// occurs twice, and none is SecretPath: whoever has a key for one purpose
	// could use it for the other. Defaults to none.
	Secrets map[string]pulumi.StringInput
	// SecretPrefixes are paths below which the function may read all SSM
	// parameters at once (ssm:GetParametersByPath), at any depth, by the
	// environment variable in which it finds the path: of a registry of tenants
	// for instance. A path has no slash at its end, and the function must ask
	// for it as it is. Defaults to none.
	SecretPrefixes map[string]pulumi.StringInput
	// SecretMaxAge is how old a secret may be before the function reads it
	// again: whole seconds, 1s to 24h. The function finds it in the environment
	// variable SECRET_MAX_AGE. Defaults to not setting it, with which
	// authz/secret takes 5 minutes.
	SecretMaxAge time.Duration
	// SecretKmsKeyArn is the ARN of the customer managed KMS key that the
	// parameters are encrypted with; the function may then decrypt with it.
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
	// ApiKeys has a table of API keys made. The function finds its name in the
	// environment variable API_KEY_TABLE_NAME and may read a key in it
	// (dynamodb:GetItem), nothing else. It gets the state table too, where it
	// writes when a key was last used. Defaults to no table.
	ApiKeys *ApiKeysArgs
	// ReplayProtection has the state table made, in which the function
	// remembers the nonces of signed requests. A cached result would let the
	// same request in again, and so it excludes a CacheTtl. Defaults to false.
	//
	// The function finds the state table's name in the environment variable
	// AUTHORIZER_STATE_TABLE_NAME and may write to it (dynamodb:PutItem and
	// dynamodb:UpdateItem, with conditions). DynamoDB removes its items some
	// time after the second in their attribute "expiresAt".
	ReplayProtection bool
	// CacheTtl is how long API Gateway reuses a result for requests with the
	// same identity sources: whole seconds, 0s to 1h. A credential that is
	// revoked meanwhile stays valid for that long, and nothing that the
	// function does at each request is done. Defaults to 0s, no caching.
	//
	// A result is reused on all protected routes; where a route has Permissions
	// it is reused on the same route only, since "$context.routeKey" is then
	// added to the identity sources. Permissions with a path variable, Quotas
	// and ReplayProtection exclude a CacheTtl.
	CacheTtl time.Duration
	// IdentitySources are the request's values that the credential is in, for
	// instance "$request.querystring.token". A request that lacks one is
	// answered with 401, and the function is not called. API Gateway asks for
	// all of them: where a function accepts credentials in different places, an
	// API key in X-Api-Key or a token in Authorization, these cannot be
	// identity sources together, and no one of them either. Without any (an
	// empty slice that is not nil) the function is called for every request, also
	// for one without a credential, to which authz.Handler has API Gateway answer
	// 401; this excludes a CacheTtl. Required with ApiKeys or ReplayProtection,
	// else it defaults to "$request.header.Authorization".
	IdentitySources []string
}

// defaultIdentitySource is where a client's credential is by default.
const defaultIdentitySource = "$request.header.Authorization"

func (c *checker) checkAuthorizer(args AuthorizerArgs) {
	given := !reflect.ValueOf(args).IsZero()
	switch {
	case len(c.protected) == 0 && !given:
		return
	case len(c.protected) == 0 && len(c.plan.routes) > 0:
		c.addf("Authorizer", "is given, but no route is protected: leave it out, or leave out the Auth of the routes to protect")
	case len(c.protected) > 0 && args.Function.Package == "":
		c.addf("Authorizer.Function.Package", "is required, since these routes are protected: %s", quoted(c.protected))
	}
	if args.IdentitySources == nil {
		if len(c.protected) > 0 && (args.ApiKeys != nil || args.ReplayProtection) {
			c.addf("Authorizer.IdentitySources", "is required with ApiKeys or ReplayProtection: API Gateway answers 401, without asking the authorizer, to a request that lacks one of them: name the header that the credential is in, %q or %q for instance, or give an empty slice where callers may choose",
				"$request.header.X-Api-Key", signatureSource)
		}
		args.IdentitySources = []string{defaultIdentitySource}
	}
	c.checkCaching(args)
	c.checkSecrets(args)
	args.IdentitySources = c.plan.identitySources(args)
	c.plan.authorizerArgs = args
	if args.Function.Package == "" {
		return
	}
	folder := absolute(args.Function.Package)
	if other, ok := c.byFolder[folder]; ok {
		c.addf("Authorizer.Function.Package", "is the Package of %s too: an authorizer and a route's handler are two functions", other.property)
		return
	}
	function := withDefaults(args.Function, filepath.Base(folder))
	c.plan.authorizer = c.newFunction("Authorizer.Function", folder, function, authorizerLimits)
	c.plan.authorizer.environment = c.plan.authorizerEnvironment()
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
