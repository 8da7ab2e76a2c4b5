// Package components holds ProtectedHttpApi, a Pulumi component: an Amazon API
// Gateway HTTP API whose routes are Go Lambda functions and are protected by a
// Lambda authorizer unless they say otherwise.
//
// It makes resources and wires them. Verifying a credential is the concern of
// the authorizer function, compiling a function that of package golambda.
//
// A file holds one concern, in this order: its arguments, the checks of them,
// the creation of what they ask for. The function check in plan.go calls the
// checks, NewProtectedHttpApi the creation. Helpers of several concerns are in
// values.go.
package components

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ProtectedHttpApiType is the component's Pulumi type token.
const ProtectedHttpApiType = "protected-http-api:index:ProtectedHttpApi"

// ProtectedHttpApiArgs describes the API. Plain Go values decide how many
// resources there are and what they are called, and so must be known before
// anything is deployed; values that AWS may resolve are Pulumi inputs.
type ProtectedHttpApiArgs struct {
	// Routes are the API's routes by route key. At least one is required.
	Routes Routes
	// Authorizer decides on the requests to the protected routes. Required as
	// soon as one route is protected, a mistake where none is.
	Authorizer AuthorizerArgs
	// Authorizers are further Lambda authorizers by name, for routes whose Auth is
	// AuthorizedBy(name). Each has a function of its own. Its tables are called after
	// the name: with another they are other tables, without anything in them. Defaults
	// to none.
	Authorizers map[string]AuthorizerArgs
	// JwtIssuers are issuers of tokens by name, for routes whose Auth is Jwt(name).
	// Defaults to none.
	JwtIssuers map[string]JwtIssuerArgs
	// Table is the table that the functions share. Defaults to no table.
	Table *TableArgs
	// Tables are further tables by name: letters, digits, "_", "-" and ".". A
	// function that may use the table of the name audit-log finds its name on AWS in
	// the environment variable TABLE_NAME_AUDIT_LOG: in upper case, with "_" for "-"
	// and ".". Defaults to none.
	Tables map[string]TableArgs
	// Monitoring watches the API: alarms, a dashboard and metrics. Defaults to none.
	Monitoring *MonitoringArgs
	// Defaults are what the functions share. Each of them may say otherwise.
	Defaults FunctionDefaults
	// Quotas are what AWS has raised for the API. Defaults to AWS's usual quotas.
	Quotas QuotasArgs
	// Cors lets web pages of other origins call the API from a browser. Defaults to
	// none: browsers keep pages from it.
	Cors *CorsArgs
	// Throttling limits the requests to each route.
	Throttling ThrottlingArgs
	// AccessLogs describes the log of requests, which is on by default.
	AccessLogs AccessLogsArgs
	// Domain gives the API a domain name of its own. Defaults to none.
	Domain *DomainArgs
	// Stage describes the API's stage.
	Stage StageArgs
	// Tags are for every resource that takes tags; the provider's defaultTags come
	// on top. At most 50, keys of 1 to 128 characters, values of up to 256: letters,
	// digits, spaces and _ . : / = + - @. Defaults to none.
	Tags map[string]string
}

// ProtectedHttpApi is an HTTP API with its functions, authorizer, table, logs
// and permissions. All of them are its children, named after it.
//
// The caller can change the properties of any child with the option
// pulumi.Transforms of NewProtectedHttpApi: Pulumi shows each child to the
// transform before it is registered, whatever its type and however it is called.
// The examples Transforms change a function, a role, a stage and a table. What the
// component has checked is not checked again.
//
// The resources themselves are the fields here. Their names depend neither on the
// order nor on the number of the routes.
type ProtectedHttpApi struct {
	pulumi.ResourceState

	// Url is where clients call the API, without a slash at its end. It resolves
	// when every route and what it needs is there.
	Url pulumi.StringOutput `pulumi:"url"`
	// ApiId is the API's identifier.
	ApiId pulumi.StringOutput `pulumi:"apiId"`
	// AuthorizerId is the default authorizer's identifier; empty without one.
	AuthorizerId pulumi.StringOutput `pulumi:"authorizerId"`
	// AuthorizerIds are the identifiers of the further Lambda authorizers, by name.
	AuthorizerIds pulumi.StringMapOutput `pulumi:"authorizerIds"`
	// TableName is the table's physical name; empty without a table.
	TableName pulumi.StringOutput `pulumi:"tableName"`
	// TableNames are the physical names of the further tables, by name.
	TableNames pulumi.StringMapOutput `pulumi:"tableNames"`
	// TableStreamArn is the ARN of the stream of Table; empty where the component
	// makes none.
	TableStreamArn pulumi.StringOutput `pulumi:"tableStreamArn"`
	// TableStreamArns are the ARNs of the streams of the further tables, by name;
	// without those that the component makes no stream for.
	TableStreamArns pulumi.StringMapOutput `pulumi:"tableStreamArns"`
	// ApiKeyTableName is the physical name of the default authorizer's table of API
	// keys; empty without AuthorizerArgs.ApiKeys.
	ApiKeyTableName pulumi.StringOutput `pulumi:"apiKeyTableName"`
	// StateTableName is the physical name of the table with what the default
	// authorizer has to remember; empty where it has neither ApiKeys nor
	// ReplayProtection.
	StateTableName pulumi.StringOutput `pulumi:"stateTableName"`
	// RevocationTableName is the physical name of the default authorizer's table of
	// revocations; empty without AuthorizerArgs.Revocation.
	RevocationTableName pulumi.StringOutput `pulumi:"revocationTableName"`
	// FunctionNames are the physical names of the functions, by
	// FunctionArgs.Name.
	FunctionNames pulumi.StringMapOutput `pulumi:"functionNames"`
	// Access is how each route is protected, by route key: "public",
	// "Lambda authorizer", with its name where it is not the default one, "JWT of"
	// an issuer, with scopes where there are any, or "IAM".
	Access pulumi.StringMapOutput `pulumi:"access"`
	// GoVersion is the Go toolchain that compiled the functions, "go1.26.8"; with
	// commas where there were several. Another toolchain makes other archives of the
	// same source.
	GoVersion pulumi.StringOutput `pulumi:"goVersion"`

	// Api is the HTTP API.
	Api *apigatewayv2.Api
	// Stage is the API's stage.
	Stage *apigatewayv2.Stage
	// AccessLogGroup is the log group of the access log; nil where there is none, or
	// one that was there already.
	AccessLogGroup *cloudwatch.LogGroup
	// Domain is the API's domain; nil where there is none, or one that was there
	// already.
	Domain *apigatewayv2.DomainName
	// ApiMapping is the stage's place in the domain; nil without a domain.
	ApiMapping *apigatewayv2.ApiMapping
	// DomainRecord is the domain's DNS record; nil where there is none.
	DomainRecord *route53.Record
	// Authorizers are the Lambda authorizers by name, the default one under "".
	Authorizers map[string]*AuthorizerResources
	// JwtAuthorizers are API Gateway's own authorizers by the issuers' names.
	JwtAuthorizers map[string]*apigatewayv2.Authorizer
	// Routes are the API's routes by route key.
	Routes map[string]*apigatewayv2.Route
	// Integrations are what the routes lead to, by the function's FunctionArgs.Name.
	Integrations map[string]*apigatewayv2.Integration
	// Functions are the functions that the component makes, by FunctionArgs.Name, the
	// authorizers' too.
	Functions map[string]*lambda.Function
	// Roles are what the functions may do, by FunctionArgs.Name.
	Roles map[string]*iam.Role
	// RolePolicies are the roles' inline policies, by FunctionArgs.Name.
	RolePolicies map[string]*iam.RolePolicy
	// LogGroups are the functions' log groups, by FunctionArgs.Name; without those
	// that Logging.Group names.
	LogGroups map[string]*cloudwatch.LogGroup
	// InvokePermissions are API Gateway's permissions to invoke the functions, by
	// FunctionArgs.Name.
	InvokePermissions map[string]*lambda.Permission
	// Table is the table; nil where there is none, or one that was there already.
	Table *dynamodb.Table
	// Tables are the further tables by name, without those that were there already.
	Tables map[string]*dynamodb.Table
	// Alarms are the alarms by what they watch: "5xx", "4xx", and after a function's
	// or table's name "-errors", "-latency", "-secret-age", "-throttles" and
	// "-capacity".
	Alarms map[string]*cloudwatch.MetricAlarm
	// Dashboard is the dashboard; nil without one.
	Dashboard *cloudwatch.Dashboard

	logGroupNames map[string]pulumi.StringOutput // by FunctionArgs.Name
}

// NewProtectedHttpApi registers the component and its children. It compiles
// the functions first, on a preview as well.
//
// Everything that can be known to be wrong beforehand comes back in one error
// before the component is registered, a line a mistake, each of which begins with
// the property. So do compile errors, once there are no other mistakes.
//
// The arguments are the component's inputs in the stack's state. All children wait
// for the values among them that other resources give.
func NewProtectedHttpApi(ctx *pulumi.Context, name string, args *ProtectedHttpApiArgs, opts ...pulumi.ResourceOption) (*ProtectedHttpApi, error) {
	p, err := newPlan(ctx, name, args)
	if err != nil {
		return nil, err
	}
	c := &ProtectedHttpApi{}
	if err := ctx.RegisterComponentResourceV2(ProtectedHttpApiType, name, inputsOf(args), c, opts...); err != nil {
		return nil, err
	}
	for _, create := range []func(*pulumi.Context, *plan) error{
		c.checkAccount,
		c.warnOfMissingSecrets,
		c.createTables,
		c.createAuthorizerTables,
		c.createRevocationTables,
		c.createFunctions,
		c.createApi,
		c.createAuthorizers,
		c.createJwtAuthorizers,
		c.createInvokePermissions,
		c.createRoutes,
		c.createStage,
		c.createDomain,
		c.createMonitoring,
	} {
		if err := create(ctx, p); err != nil {
			return nil, err
		}
	}
	return c, c.registerOutputs(ctx, p)
}
