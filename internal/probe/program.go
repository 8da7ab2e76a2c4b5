package probe

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/components/golambda"
	"github.com/protected-http-api/protected-http-api/internal/probe/instruction"
)

// program is the Pulumi program: two functions, and the APIs in front of them.
type program struct {
	// name begins every name that Pulumi does not make itself.
	name         string
	archive      golambda.Archive
	architecture string
	keys         string
	apis         []apiSetup
	// refused is a resource more, which AWS refuses.
	refused *refusal
}

const trustPolicy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}}`

// accessLogFormat has what Want.Log can ask for.
const accessLogFormat = `{"requestId":"$context.requestId","path":"$context.path","status":"$context.status",` +
	`"userAgent":"$context.identity.userAgent","authorizerError":"$context.authorizer.error","responseType":"$context.error.responseType",` +
	`"message":"$context.error.message","integrationError":"$context.integrationErrorMessage"}`

// functions are the two, with what they share.
type functions struct {
	authorizer, handler *lambda.Function
	// logs is the group of the access logs.
	logs *cloudwatch.LogGroup
}

// deploy makes the stack. Its outputs are each API's address, ID and execution ARN.
func (p program) deploy(ctx *pulumi.Context) error {
	f, err := p.functions(ctx)
	if err != nil {
		return err
	}
	ctx.Export("accessLogs", f.logs.Name)
	apis := map[string]*apigatewayv2.Api{}
	for _, setup := range p.apis {
		if apis[setup.name], err = p.api(ctx, f, setup, apis); err != nil {
			return err
		}
		api := apis[setup.name]
		ctx.Export(setup.name, pulumi.StringArray{api.ApiEndpoint, api.ID(), api.ExecutionArn})
	}
	if p.refused != nil {
		return p.refused.create(ctx, f, apis)
	}
	return nil
}

func (p program) functions(ctx *pulumi.Context) (f functions, err error) {
	if f.logs, err = cloudwatch.NewLogGroup(ctx, "access", &cloudwatch.LogGroupArgs{
		Name: pulumi.String("/" + p.name + "/access"), RetentionInDays: pulumi.Int(1),
	}); err != nil {
		return f, err
	}
	role, err := iam.NewRole(ctx, "probe", &iam.RoleArgs{Name: pulumi.String(p.name), AssumeRolePolicy: pulumi.String(trustPolicy)})
	if err != nil {
		return f, err
	}
	if f.authorizer, err = p.function(ctx, role, "authorizer", instruction.AuthorizerHeader); err != nil {
		return f, err
	}
	f.handler, err = p.function(ctx, role, "handler", instruction.HandlerHeader)
	return f, err
}

func (p program) function(ctx *pulumi.Context, role *iam.Role, name, header string) (*lambda.Function, error) {
	logs, err := cloudwatch.NewLogGroup(ctx, name, &cloudwatch.LogGroupArgs{
		Name: pulumi.String("/aws/lambda/" + p.name + "-" + name), RetentionInDays: pulumi.Int(1),
	})
	if err != nil {
		return nil, err
	}
	policy, err := iam.NewRolePolicy(ctx, name, &iam.RolePolicyArgs{Role: role.Name, Policy: pulumi.Sprintf(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"%s:*"}}`, logs.Arn)})
	if err != nil {
		return nil, err
	}
	return lambda.NewFunction(ctx, name, &lambda.FunctionArgs{
		Name:           pulumi.String(p.name + "-" + name),
		Role:           role.Arn,
		Runtime:        pulumi.String("provided.al2023"),
		Handler:        pulumi.String("bootstrap"),
		Architectures:  pulumi.StringArray{pulumi.String(p.architecture)},
		Code:           pulumi.NewFileArchive(p.archive.Path),
		SourceCodeHash: pulumi.String(p.archive.SHA256),
		MemorySize:     pulumi.Int(256),
		Timeout:        pulumi.Int(29),
		Environment: lambda.FunctionEnvironmentArgs{Variables: pulumi.StringMap{
			instruction.EnvHeader: pulumi.String(header), instruction.EnvKeys: pulumi.String(p.keys),
		}},
	}, pulumi.DependsOn([]pulumi.Resource{logs, policy}))
}

func (p program) api(ctx *pulumi.Context, f functions, setup apiSetup, earlier map[string]*apigatewayv2.Api) (*apigatewayv2.Api, error) {
	args := &apigatewayv2.ApiArgs{
		Name: pulumi.String(p.name + "-" + setup.name), ProtocolType: pulumi.String("HTTP"),
		DisableExecuteApiEndpoint: pulumi.Bool(setup.disabled),
	}
	if c := setup.cors; c != nil {
		args.CorsConfiguration = c.args()
	}
	api, err := apigatewayv2.NewApi(ctx, setup.name, args)
	if err != nil {
		return nil, err
	}
	if _, err = lambda.NewPermission(ctx, setup.name+"-handler", &lambda.PermissionArgs{
		Action: pulumi.String("lambda:InvokeFunction"), Function: f.handler.Name, Principal: pulumi.String("apigateway.amazonaws.com"),
		SourceArn: pulumi.Sprintf("%s/*", api.ExecutionArn),
	}); err != nil {
		return nil, err
	}
	authorizers := map[string]*apigatewayv2.Authorizer{}
	for _, a := range setup.authorizers {
		if authorizers[a.name], err = p.authorizer(ctx, f, setup.name, api, a, earlier); err != nil {
			return nil, err
		}
	}
	routes, err := p.routes(ctx, f, setup, api, authorizers)
	if err != nil {
		return nil, err
	}
	return api, p.stages(ctx, f, setup, api, routes)
}

func (c corsSetup) args() apigatewayv2.ApiCorsConfigurationArgs {
	args := apigatewayv2.ApiCorsConfigurationArgs{AllowOrigins: pulumi.ToStringArray(c.origins), AllowCredentials: pulumi.Bool(c.credentials)}
	if c.methods != nil {
		args.AllowMethods = pulumi.ToStringArray(c.methods)
	}
	if c.headers != nil {
		args.AllowHeaders = pulumi.ToStringArray(c.headers)
	}
	if c.expose != nil {
		args.ExposeHeaders = pulumi.ToStringArray(c.expose)
	}
	if c.maxAge != 0 {
		args.MaxAge = pulumi.Int(c.maxAge)
	}
	return args
}

func (p program) authorizer(ctx *pulumi.Context, f functions, name string, api *apigatewayv2.Api, a authorizerSetup, earlier map[string]*apigatewayv2.Api) (*apigatewayv2.Authorizer, error) {
	name += "-" + a.name
	args := &apigatewayv2.AuthorizerArgs{
		ApiId: api.ID(), Name: pulumi.String(a.name), AuthorizerType: pulumi.String("REQUEST"), AuthorizerUri: f.authorizer.InvokeArn,
		AuthorizerPayloadFormatVersion: pulumi.String("2.0"), EnableSimpleResponses: pulumi.Bool(!a.policy),
		AuthorizerResultTtlInSeconds: pulumi.Int(a.ttl), IdentitySources: pulumi.ToStringArray(a.sources),
	}
	if a.version1 {
		args.AuthorizerPayloadFormatVersion = pulumi.String("1.0")
	}
	if a.jwt {
		args = &apigatewayv2.AuthorizerArgs{
			ApiId: api.ID(), Name: pulumi.String(a.name), AuthorizerType: pulumi.String("JWT"), IdentitySources: pulumi.ToStringArray(a.sources),
			JwtConfiguration: apigatewayv2.AuthorizerJwtConfigurationArgs{
				Issuer: earlier[issuerAPI].ApiEndpoint, Audiences: pulumi.ToStringArray([]string{audience}),
			},
		}
	}
	authorizer, err := apigatewayv2.NewAuthorizer(ctx, name, args)
	if err != nil || a.jwt || a.sealed {
		return authorizer, err
	}
	_, err = lambda.NewPermission(ctx, name, &lambda.PermissionArgs{
		Action: pulumi.String("lambda:InvokeFunction"), Function: f.authorizer.Name, Principal: pulumi.String("apigateway.amazonaws.com"),
		SourceArn: pulumi.Sprintf("%s/authorizers/%s", api.ExecutionArn, authorizer.ID()),
	})
	return authorizer, err
}

// routes makes the routes, and an integration for each kind that they need.
func (p program) routes(ctx *pulumi.Context, f functions, setup apiSetup, api *apigatewayv2.Api, authorizers map[string]*apigatewayv2.Authorizer) ([]pulumi.Resource, error) {
	type kind struct {
		timeout int
		sealed  bool
	}
	integrations := map[kind]*apigatewayv2.Integration{}
	var made []pulumi.Resource
	for _, r := range setup.routes {
		k := kind{r.timeout, r.sealed}
		if integrations[k] == nil {
			args := &apigatewayv2.IntegrationArgs{
				ApiId: api.ID(), IntegrationType: pulumi.String("AWS_PROXY"), IntegrationUri: f.handler.InvokeArn, PayloadFormatVersion: pulumi.String("2.0"),
			}
			name := setup.name
			if r.timeout != 0 {
				args.TimeoutMilliseconds = pulumi.Int(r.timeout)
				name += "-slow"
			}
			if r.sealed {
				args.IntegrationUri = f.authorizer.InvokeArn // which may be invoked as an authorizer only
				name += "-sealed"
			}
			integration, err := apigatewayv2.NewIntegration(ctx, name, args)
			if err != nil {
				return nil, err
			}
			integrations[k] = integration
		}
		args := &apigatewayv2.RouteArgs{
			ApiId: api.ID(), RouteKey: pulumi.String(r.key), Target: pulumi.Sprintf("integrations/%s", integrations[k].ID()),
			AuthorizationType: pulumi.String("NONE"),
		}
		switch a := authorizers[r.authorizer]; {
		case r.authorizer == byIAM:
			args.AuthorizationType = pulumi.String(byIAM)
		case a != nil:
			args.AuthorizationType, args.AuthorizerId = pulumi.String("CUSTOM"), a.ID()
			if setup.isJWT(r.authorizer) {
				args.AuthorizationType = pulumi.String("JWT")
			}
			if r.scopes != nil {
				args.AuthorizationScopes = pulumi.ToStringArray(r.scopes)
			}
		}
		route, err := apigatewayv2.NewRoute(ctx, setup.name+" "+r.key, args)
		if err != nil {
			return nil, err
		}
		made = append(made, route)
	}
	return made, nil
}

func (s apiSetup) isJWT(authorizer string) bool {
	return slices.ContainsFunc(s.authorizers, func(a authorizerSetup) bool { return a.name == authorizer && a.jwt })
}

func (p program) stages(ctx *pulumi.Context, f functions, setup apiSetup, api *apigatewayv2.Api, routes []pulumi.Resource) error {
	for _, s := range setup.stages {
		args := &apigatewayv2.StageArgs{ApiId: api.ID(), Name: pulumi.String(s.name), AutoDeploy: pulumi.Bool(true)}
		if s.variables != nil {
			args.StageVariables = pulumi.ToStringMap(s.variables)
		}
		if s.logged {
			args.AccessLogSettings = apigatewayv2.StageAccessLogSettingsArgs{DestinationArn: f.logs.Arn, Format: pulumi.String(accessLogFormat)}
		}
		if s.limit != nil {
			args.DefaultRouteSettings = apigatewayv2.StageDefaultRouteSettingsArgs{
				ThrottlingBurstLimit: pulumi.Int(s.limit.burst), ThrottlingRateLimit: pulumi.Float64(s.limit.rate),
			}
		}
		var settings apigatewayv2.StageRouteSettingArray
		for _, key := range slices.Sorted(maps.Keys(s.limits)) {
			settings = append(settings, apigatewayv2.StageRouteSettingArgs{
				RouteKey: pulumi.String(key), ThrottlingBurstLimit: pulumi.Int(s.limits[key].burst), ThrottlingRateLimit: pulumi.Float64(s.limits[key].rate),
			})
		}
		var options []pulumi.ResourceOption
		if settings != nil {
			args.RouteSettings = settings
			options = append(options, pulumi.DependsOn(routes)) // they have to be there
		}
		if _, err := apigatewayv2.NewStage(ctx, setup.name+"-"+s.name, args, options...); err != nil {
			return err
		}
	}
	return nil
}
