package components

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// StageArgs describes the API's stage, which serves every change of the API at once.
type StageArgs struct {
	// Name is the stage's name: letters, digits, "-" and "_", at most 128 characters.
	// It is the first segment of the paths of requests, also of those that functions
	// see. A change replaces the stage and nothing else; the Url is another then.
	// Defaults to "$default", which is no part of the paths.
	Name string
	// Variables are found by functions in an event's stageVariables, and by
	// authorizers where they are identity sources; a name has letters, digits and
	// "_", at most 64, a value letters, digits and -._~:/?#&=, and commas, at most 512. Whoever
	// may read the API's configuration reads them: they are no place for secrets.
	// Defaults to none.
	Variables map[string]pulumi.StringInput
}

const defaultStage = "$default"

// Limits of stages (API Gateway developer guide, "Quotas for configuring and running
// an HTTP API", and API Gateway V2 API reference, Stage).
const (
	maxStageVariables     = 100
	maxStageVariableName  = 64
	maxStageVariableValue = 512
)

var (
	stageName          = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
	stageVariableName  = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	stageVariableValue = regexp.MustCompile(`^[A-Za-z0-9._~:/?#&=,-]*$`)
)

func (c *checker) checkStage(stage StageArgs) {
	if stage.Name != defaultStage && !stageName.MatchString(stage.Name) {
		c.addf("Stage.Name", "%q is not a name that AWS allows: up to 128 letters, digits, - and _, or %s", stage.Name, defaultStage)
	}
	if n := len(stage.Variables); n > maxStageVariables {
		c.addf("Stage.Variables", "%d variables are too many: at most %d are allowed", n, maxStageVariables)
	}
	for _, name := range slices.Sorted(maps.Keys(stage.Variables)) {
		property := fmt.Sprintf("Stage.Variables[%q]", name)
		plain, known := stage.Variables[name].(pulumi.String)
		switch {
		case !stageVariableName.MatchString(name) || len(name) > maxStageVariableName:
			c.addf(property, "is not a name that AWS allows: up to %d letters, digits and _", maxStageVariableName)
		case stage.Variables[name] == nil || known && plain == "":
			c.addf(property, "has no value, and AWS knows no empty ones: leave it out")
		case !stageVariableValue.MatchString(string(plain)):
			c.addf(property, "the value %q has a character other than letters, digits, commas and -._~:/?#&=, which are all that AWS takes", string(plain))
		case len(plain) > maxStageVariableValue:
			c.addf(property, "the value has %d characters: at most %d are allowed", len(plain), maxStageVariableValue)
		}
	}
}

// stageName is Pulumi's name for the stage. Another stage has another: it is there, and
// a domain leads to it, before the old one goes, which AWS does not delete as long as a
// domain leads to that.
func (p *plan) stageName() string {
	if p.stage.Name == defaultStage {
		return p.name + "-stage"
	}
	return p.name + "-stage-" + p.stage.Name
}

// createStage makes the stage, after the routes: AWS refuses settings of a route that
// is not there. A route that goes is deleted after its settings, and on the way down
// the stage is the first to go.
func (c *ProtectedHttpApi) createStage(ctx *pulumi.Context, p *plan) error {
	logs, err := c.createAccessLogs(ctx, p)
	if err != nil {
		return err
	}
	var routes []pulumi.Resource
	for _, key := range slices.Sorted(maps.Keys(c.Routes)) {
		routes = append(routes, c.Routes[key])
	}
	args := &apigatewayv2.StageArgs{
		ApiId:      c.Api.ID(),
		Name:       pulumi.String(p.stage.Name),
		AutoDeploy: pulumi.Bool(true),
		DefaultRouteSettings: apigatewayv2.StageDefaultRouteSettingsArgs{
			ThrottlingRateLimit:    pulumi.Float64(p.throttling.Rate),
			ThrottlingBurstLimit:   pulumi.Int(p.throttling.Burst),
			DetailedMetricsEnabled: p.detailedMetrics(),
		},
		RouteSettings: p.routeSettings(),
		Tags:          p.tagInputs(),
	}
	if logs != nil {
		args.AccessLogSettings = logs
	}
	if len(p.stage.Variables) > 0 {
		args.StageVariables = pulumi.StringMap(p.stage.Variables)
	}
	c.Stage, err = apigatewayv2.NewStage(ctx, p.stageName(), args, pulumi.Parent(c), pulumi.DependsOn(routes))
	return err
}

// stageUrl is where the stage is served without a domain of its own.
func (c *ProtectedHttpApi) stageUrl() pulumi.StringOutput {
	return c.Stage.InvokeUrl.ApplyT(func(url string) string {
		return strings.TrimSuffix(url, "/") // AWS adds one for the $default stage
	}).(pulumi.StringOutput)
}
