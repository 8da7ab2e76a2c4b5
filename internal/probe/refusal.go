package probe

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// refusal is a resource that AWS refuses to create, in the words that its error has.
// Exactly one of the kinds is set.
type refusal struct {
	cors       *corsSetup
	authorizer *authorizerSetup
	route      string
	stage      *stageSetup
	// format is the stage's access log format, and group follows the name of the
	// setup's log group: another group.
	format, group string
	words         []string
}

// refusedName is the resource's name in the stack.
const refusedName = "refused"

// refusalAPI has room for an authorizer more.
const refusalAPI = "more"

// create registers the resource.
func (r refusal) create(ctx *pulumi.Context, f functions, apis map[string]*apigatewayv2.Api) (err error) {
	api := apis[mainAPI]
	switch {
	case r.cors != nil:
		_, err = apigatewayv2.NewApi(ctx, refusedName, &apigatewayv2.ApiArgs{ProtocolType: pulumi.String("HTTP"), CorsConfiguration: r.cors.args()})
	case r.authorizer != nil:
		version := "2.0"
		if r.authorizer.version1 {
			version = "1.0"
		}
		_, err = apigatewayv2.NewAuthorizer(ctx, refusedName, &apigatewayv2.AuthorizerArgs{
			ApiId: apis[refusalAPI].ID(), AuthorizerType: pulumi.String("REQUEST"), AuthorizerUri: f.authorizer.InvokeArn,
			AuthorizerPayloadFormatVersion: pulumi.String(version), EnableSimpleResponses: pulumi.Bool(!r.authorizer.policy),
			AuthorizerResultTtlInSeconds: pulumi.Int(r.authorizer.ttl), IdentitySources: pulumi.ToStringArray(r.authorizer.sources),
		})
	case r.route != "":
		target, err := apigatewayv2.NewIntegration(ctx, refusedName+"-target", &apigatewayv2.IntegrationArgs{
			ApiId: api.ID(), IntegrationType: pulumi.String("AWS_PROXY"), IntegrationUri: f.handler.InvokeArn, PayloadFormatVersion: pulumi.String("2.0"),
		})
		if err != nil {
			return err
		}
		_, err = apigatewayv2.NewRoute(ctx, refusedName, &apigatewayv2.RouteArgs{
			ApiId: api.ID(), RouteKey: pulumi.String(r.route), Target: pulumi.Sprintf("integrations/%s", target.ID()),
		})
		return err
	case r.stage != nil:
		args := &apigatewayv2.StageArgs{ApiId: api.ID(), Name: pulumi.String(r.stage.name), AutoDeploy: pulumi.Bool(true), StageVariables: pulumi.ToStringMap(r.stage.variables)}
		for key, limit := range r.stage.limits {
			args.RouteSettings = apigatewayv2.StageRouteSettingArray{apigatewayv2.StageRouteSettingArgs{
				RouteKey: pulumi.String(key), ThrottlingBurstLimit: pulumi.Int(limit.burst), ThrottlingRateLimit: pulumi.Float64(limit.rate),
			}}
		}
		if r.format != "" {
			group := f.logs.Arn
			if r.group != "" {
				group = pulumi.Sprintf("%s%s", f.logs.Arn, r.group)
			}
			args.AccessLogSettings = apigatewayv2.StageAccessLogSettingsArgs{DestinationArn: group, Format: pulumi.String(r.format)}
		}
		_, err = apigatewayv2.NewStage(ctx, refusedName, args)
	}
	return err
}

// judge compares AWS's words with what is expected.
func (r refusal) judge(t terms, said string) StepResult {
	if said == "" {
		said = "created"
	}
	result := StepResult{Request: "creation"}
	for _, words := range r.words {
		result.Checks = append(result.Checks, Check{"refused with", words, t.hide(said), strings.Contains(said, words)})
	}
	return result
}
