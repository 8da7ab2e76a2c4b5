package management

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// Limits of HTTP APIs (API Gateway developer guide, http-api-quotas), and of their
// settings (API Gateway V2 API reference).
const (
	maxRoutes       = 300
	maxIntegrations = 300
	maxStages       = 10
	maxAuthorizers  = 10
	maxScopes       = 10   // of a route
	maxAudiences    = 50   // of a JWT authorizer
	maxResultTTL    = 3600 // seconds

	minIntegrationTimeout = 50 // milliseconds
	maxIntegrationTimeout = 30_000

	maxStageVariables     = 100
	maxStageVariableName  = 64
	maxStageVariableValue = 512
	maxLogTemplate        = 3 << 10

	// maxCORSAge is the longest MaxAge, in seconds; -1 switches the browser's
	// cache of preflights off.
	maxCORSAge = 86_400
)

var (
	stageName          = regexp.MustCompile(`^(\$default|[A-Za-z0-9_-]{1,128})$`)
	stageVariableName  = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	stageVariableValue = regexp.MustCompile(`^[A-Za-z0-9._~:/?#&=,-]*$`)

	corsMethods = []string{"*", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
	corsOrigin  = regexp.MustCompile(`^(\*|https?://(\*|[A-Za-z0-9._-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?))$`)

	logGroupARN   = regexp.MustCompile(`^arn:[a-z-]+:logs:([a-z0-9-]+):([0-9]{12}):log-group:([.\-_/#A-Za-z0-9]{1,512})(:\*)?$`)
	firehoseARN   = regexp.MustCompile(`^arn:[a-z-]+:firehose:`)
	logRequestIDs = regexp.MustCompile(`\$context\.(requestId|extendedRequestId)\b`)
)

const defaultRouteSelection = "$request.method $request.path"

// Codes of the apigatewayv2 API.
const (
	CodeBadRequest      = "BadRequestException"
	CodeNotFound        = "NotFoundException"
	CodeConflict        = "ConflictException"
	CodeTooManyRequests = "TooManyRequestsException" // a quota is reached
)

func badRequest(format string, args ...any) error { return awserr.New(CodeBadRequest, format, args...) }

func notFound(format string, args ...any) error { return awserr.New(CodeNotFound, format, args...) }

func conflict(format string, args ...any) error { return awserr.New(CodeConflict, format, args...) }

// setting is a setting that must be left out, and whether it was given.
type setting struct {
	given bool
	name  string
	cure  string
}

func refuse(settings ...setting) error {
	for _, s := range settings {
		if s.given {
			return awserr.Unsupported(s.name, s.cure)
		}
	}
	return nil
}

// The functions below return a resource with its defaults filled in, or the
// error that its creation would give for what the resource is by itself:
// everything but references to other resources, names that are taken, and
// quotas.

// ValidateAPI validates an API.
func ValidateAPI(in API) (API, error) {
	if in.ProtocolType == "WEBSOCKET" {
		return API{}, awserr.Unsupported("the protocol type WEBSOCKET", "use HTTP")
	}
	if in.ProtocolType != "HTTP" {
		return API{}, badRequest("Invalid protocol specified. Must be one of [HTTP, WEBSOCKET]")
	}
	if err := checkName(in.Name); err != nil {
		return API{}, err
	}
	if in.RouteSelectionExpression == "" {
		in.RouteSelectionExpression = defaultRouteSelection
	}
	if in.RouteSelectionExpression != defaultRouteSelection && in.RouteSelectionExpression != "${request.method} ${request.path}" {
		return API{}, badRequest("Invalid route selection expression %q. HTTP APIs only have %q.", in.RouteSelectionExpression, defaultRouteSelection)
	}
	err := refuse(
		setting{in.IPAddressType != "" && in.IPAddressType != "ipv4", "the IP address type " + in.IPAddressType, "use ipv4"},
		setting{in.RouteKey != "" || in.Target != "" || in.CredentialsARN != "", "quick create (a route key, target or credentials of an API)", "create a route, an integration and a stage"},
	)
	if err == nil {
		err = checkCORS(in.CORSConfiguration)
	}
	in.IPAddressType = "ipv4"
	in = in.clone()
	if cors := in.CORSConfiguration; cors != nil {
		// So API Gateway stores, shows and sends them, and nothing else of the
		// configuration (seen on AWS: cdk-real-drift issues 257 and 874).
		for _, names := range [][]string{cors.AllowHeaders, cors.ExposeHeaders} {
			for i, name := range names {
				names[i] = strings.ToLower(name)
			}
		}
	}
	return in, err
}

func checkName(name string) error {
	if n := utf8.RuneCountInString(name); n < 1 || n > 128 {
		return badRequest("Name must be 1 to 128 characters long, and %q has %d", name, n)
	}
	return nil
}

// checkCORS refuses what AWS refuses. The words about origins and credentials are
// AWS's own (aws-cdk issue 9076 quotes the second).
func checkCORS(c *live.CORS) error {
	if c == nil {
		return nil
	}
	for _, origin := range c.AllowOrigins {
		if !corsOrigin.MatchString(origin) {
			return badRequest("Invalid format for origin %s", origin)
		}
		if origin == "*" && c.AllowCredentials {
			return badRequest("allow-credentials is not supported if 'allow-origin' is *")
		}
	}
	for _, method := range c.AllowMethods {
		if !slices.Contains(corsMethods, method) {
			return badRequest("Invalid method %q of a CORS configuration. It should be one of %s.", method, strings.Join(corsMethods, ", "))
		}
	}
	for _, name := range slices.Concat(c.AllowHeaders, c.ExposeHeaders) {
		if !httpguts.ValidHeaderFieldName(name) {
			return badRequest("Invalid header name %q of a CORS configuration", name)
		}
	}
	if c.MaxAge < -1 || c.MaxAge > maxCORSAge {
		return badRequest("MaxAge of a CORS configuration should be between -1 and %d, and is %d", maxCORSAge, c.MaxAge)
	}
	return nil
}

// ValidateStage validates a stage.
func ValidateStage(in Stage) (Stage, error) {
	if !stageName.MatchString(in.Name) {
		return in, badRequest("Stage name %q only allows a-zA-Z0-9_- and at most 128 characters, or %s", in.Name, live.DefaultName)
	}
	if n := len(in.StageVariables); n > maxStageVariables {
		return in, badRequest("The stage %q has %d stage variables. The limit is %d.", in.Name, n, maxStageVariables)
	}
	for _, name := range sortedKeys(in.StageVariables) {
		value := in.StageVariables[name]
		if len(name) > maxStageVariableName || len(value) > maxStageVariableValue {
			return in, badRequest("Stage variable %q: names have at most %d characters, values %d", name, maxStageVariableName, maxStageVariableValue)
		}
		if !stageVariableName.MatchString(name) || !stageVariableValue.MatchString(value) {
			return in, badRequest("Stage variable %q: names only allow a-zA-Z0-9_, values only a-zA-Z0-9-._~:/?#&=,", name)
		}
	}
	if err := refuse(
		setting{!in.AutoDeploy, "a stage without automatic deployment", "set AutoDeploy"},
		setting{in.DeploymentID != "", "a deployment of one's own", "leave DeploymentId out and set AutoDeploy"},
		setting{in.ClientCertificateID != "", "a stage's client certificate", "leave it out"},
	); err != nil {
		return in, err
	}
	if in.DefaultRouteSettings != nil {
		if err := in.DefaultRouteSettings.check("the default route settings"); err != nil {
			return in, err
		}
	}
	for _, key := range sortedKeys(in.RouteSettings) {
		if err := in.RouteSettings[key].check("the route settings of " + key); err != nil {
			return in, err
		}
	}
	return in, in.AccessLogSettings.check()
}

func (r RouteSettings) check(where string) error {
	if (r.ThrottlingBurstLimit != nil && *r.ThrottlingBurstLimit < 0) || (r.ThrottlingRateLimit != nil && *r.ThrottlingRateLimit < 0) {
		return badRequest("Invalid throttling limits of %s. They should not be negative.", where)
	}
	return nil
}

// check refuses what cannot be an access log (developer guide,
// http-api-logging).
func (in *AccessLogSettings) check() error {
	if in == nil {
		return nil
	}
	switch {
	case firehoseARN.MatchString(in.DestinationARN):
		return awserr.Unsupported("access logs to Firehose", "name a log group in DestinationArn")
	case !logGroupARN.MatchString(in.DestinationARN):
		return badRequest("Invalid ARN %q of an access log's destination. It should be the ARN of a log group.", in.DestinationARN)
	case len(in.Format) > maxLogTemplate:
		return badRequest("Access log format has %d bytes. The limit is %d.", len(in.Format), maxLogTemplate)
	case strings.ContainsAny(strings.TrimSuffix(in.Format, "\n"), "\r\n"):
		return badRequest("Access log format must be single line, new line character is allowed only at end of the format")
	case !logRequestIDs.MatchString(in.Format):
		return badRequest("Access log format must include at least $context.requestId or $context.extendedRequestId")
	}
	return nil
}
