package management

import (
	"regexp"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

var (
	// integrationARN may have stage variables where the function's name and alias
	// are (developer guide, http-api-stages.stage-variables).
	integrationARN = regexp.MustCompile(`^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:([A-Za-z0-9_-]|\$\{stageVariables\.[A-Za-z0-9_]+\})+(:([A-Za-z0-9_$-]|\$\{stageVariables\.[A-Za-z0-9_]+\})+)?$`)
	functionARN    = regexp.MustCompile(`^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?$`)
	invokeARN      = regexp.MustCompile(`^arn:[a-z-]+:apigateway:[a-z0-9-]+:lambda:path/2015-03-31/functions/(.+)/invocations$`)
)

// ValidateIntegration validates an integration.
func ValidateIntegration(in Integration) (Integration, error) {
	switch in.IntegrationType {
	case "AWS_PROXY":
	case "AWS", "HTTP", "HTTP_PROXY", "MOCK":
		return in, awserr.Unsupported("the integration type "+in.IntegrationType, "use AWS_PROXY with a function")
	default:
		return in, badRequest("Invalid integration type %q. It should be AWS_PROXY.", in.IntegrationType)
	}
	switch in.PayloadFormatVersion {
	case "2.0":
	case "1.0":
		return in, awserr.Unsupported("the payload format version 1.0 of an integration", "use 2.0")
	default:
		return in, badRequest("Invalid payload format version %q. An integration of an HTTP API needs 1.0 or 2.0.", in.PayloadFormatVersion)
	}
	if err := refuse(
		setting{in.IntegrationSubtype != "", "integrations with other AWS services", "leave IntegrationSubtype out and name a function"},
		setting{in.ConnectionType == "VPC_LINK" || in.ConnectionID != "", "VPC links", "use the connection type INTERNET"},
		setting{in.CredentialsARN != "", "an integration's credentials", "leave CredentialsArn out and give the function a permission"},
		setting{len(in.RequestParameters) > 0 || len(in.ResponseParameters) > 0, "parameter mapping", "leave RequestParameters and ResponseParameters out"},
		setting{len(in.TLSServerNameConfig) > 0, "a TLS configuration of an integration", "leave TlsConfig out"},
	); err != nil {
		return in, err
	}
	if in.ConnectionType == "" {
		in.ConnectionType = "INTERNET"
	}
	if in.IntegrationMethod == "" {
		in.IntegrationMethod = "POST"
	}
	if in.TimeoutInMillis == 0 {
		in.TimeoutInMillis = maxIntegrationTimeout
	}
	switch {
	case in.ConnectionType != "INTERNET":
		return in, badRequest("Invalid connection type %q. It should be INTERNET.", in.ConnectionType)
	case in.IntegrationMethod != "POST":
		return in, badRequest("Invalid integration method %q. Functions are invoked with POST.", in.IntegrationMethod)
	case in.TimeoutInMillis < minIntegrationTimeout || in.TimeoutInMillis > maxIntegrationTimeout:
		return in, badRequest("Timeout should be between %d ms and %d ms, and is %d ms", minIntegrationTimeout, maxIntegrationTimeout, in.TimeoutInMillis)
	case in.function() == "":
		return in, badRequest("Invalid integration URI %q. It should be the ARN or the invoke ARN of a Lambda function.", in.IntegrationURI)
	}
	in.RequestParameters, in.ResponseParameters, in.TLSServerNameConfig = nil, nil, nil
	return in, nil
}

// function is the ARN of the integration's function.
func (in Integration) function() string {
	if integrationARN.MatchString(in.IntegrationURI) {
		return in.IntegrationURI
	}
	return invoked(in.IntegrationURI, integrationARN)
}

// functionOf returns the function's ARN of an invoke ARN; the empty string
// where uri is none.
func functionOf(uri string) string { return invoked(uri, functionARN) }

func invoked(uri string, grammar *regexp.Regexp) string {
	if m := invokeARN.FindStringSubmatch(uri); m != nil && grammar.MatchString(m[1]) {
		return m[1]
	}
	return ""
}

// ValidateAuthorizer validates an authorizer.
func ValidateAuthorizer(in Authorizer) (Authorizer, error) {
	switch in.AuthorizerType {
	case "REQUEST":
	case "JWT":
		return in, in.checkJWT()
	default:
		return in, badRequest("Invalid authorizer type %q. It should be REQUEST or JWT.", in.AuthorizerType)
	}
	switch in.PayloadFormatVersion {
	case "2.0":
	case "1.0":
		if in.EnableSimpleResponses {
			return in, badRequest("EnableSimpleResponses is not supported for the AuthorizerPayloadFormatVersion 1.0. Use 2.0, or answer with an IAM policy.")
		}
	default:
		return in, badRequest("Invalid AuthorizerPayloadFormatVersion %q. A REQUEST authorizer needs 1.0 or 2.0.", in.PayloadFormatVersion)
	}
	if err := refuse(
		setting{in.CredentialsARN != "", "an authorizer's credentials", "leave AuthorizerCredentialsArn out and give the function a permission"},
		setting{in.IdentityValidationExpression != "", "an identity validation expression", "leave it out: HTTP APIs have none"},
	); err != nil {
		return in, err
	}
	if err := checkName(in.Name); err != nil {
		return in, err
	}
	if in.JWTConfiguration != nil {
		return in, badRequest("A JWT configuration is only supported for JWT authorizers")
	}
	if functionOf(in.AuthorizerURI) == "" {
		return in, badRequest("Invalid Authorizer URI: %s. Authorizer URI should be a valid API Gateway ARN that represents a Lambda function invocation.", in.AuthorizerURI)
	}
	if in.ResultTTL < 0 || in.ResultTTL > maxResultTTL {
		return in, badRequest("AuthorizerResultTtlInSeconds should be between 0 and %d, and is %d", maxResultTTL, in.ResultTTL)
	}
	if in.ResultTTL > 0 && len(in.IdentitySources) == 0 {
		return in, badRequest("Identity source must be set if authorizer caching is enabled (TTL is greater than 0)")
	}
	_, err := in.resolve()
	return in, err
}

// checkJWT checks a JWT authorizer (API Gateway V2 API reference, Authorizers).
func (in Authorizer) checkJWT() error {
	if err := checkName(in.Name); err != nil {
		return err
	}
	if in.AuthorizerURI != "" || in.PayloadFormatVersion != "" || in.EnableSimpleResponses || in.ResultTTL != 0 || in.CredentialsARN != "" || in.IdentityValidationExpression != "" {
		return badRequest("A JWT authorizer has no AuthorizerUri, AuthorizerPayloadFormatVersion, EnableSimpleResponses, AuthorizerResultTtlInSeconds, AuthorizerCredentialsArn or IdentityValidationExpression")
	}
	if in.JWTConfiguration == nil || len(in.JWTConfiguration.Audience) == 0 || len(in.JWTConfiguration.Audience) > maxAudiences {
		return badRequest("A JWT authorizer needs a JwtConfiguration with an issuer and 1 to %d audiences", maxAudiences)
	}
	ofRequest := func(source string) bool {
		_, err := live.ParseIdentitySource(source)
		return err == nil && strings.HasPrefix(source, "$request.")
	}
	if len(in.IdentitySources) != 1 || !ofRequest(in.IdentitySources[0]) {
		return badRequest("A JWT authorizer needs one identity source, $request.header.name or $request.querystring.name")
	}
	_, err := in.resolve()
	return err
}

// ValidateRoute validates a route.
func ValidateRoute(in Route) (Route, error) {
	if _, err := live.ParseRouteKey(in.RouteKey); err != nil {
		return in, err
	}
	if in.AuthorizationType == "" {
		in.AuthorizationType = live.AuthorizationNone
	}
	switch in.AuthorizationType {
	case live.AuthorizationNone, live.AuthorizationIAM:
		if in.AuthorizerID != "" {
			return in, badRequest("The route %q has the authorization type %s and the authorizer %s. Set CUSTOM or JWT, or leave the authorizer out.", in.RouteKey, in.AuthorizationType, in.AuthorizerID)
		}
	case live.AuthorizationCustom, live.AuthorizationJWT:
		if in.AuthorizerID == "" {
			return in, noAuthorizer(in)
		}
	default:
		return in, badRequest("Invalid authorization type %q. It should be NONE, AWS_IAM, CUSTOM or JWT.", in.AuthorizationType)
	}
	switch n := len(in.AuthorizationScopes); {
	case n > 0 && in.AuthorizationType != live.AuthorizationJWT:
		return in, badRequest("The route %q has authorization scopes and the authorization type %s. Only JWT has scopes.", in.RouteKey, in.AuthorizationType)
	case n > maxScopes:
		return in, badRequest("The route %q has %d authorization scopes. The limit is %d.", in.RouteKey, n, maxScopes)
	}
	err := refuse(
		setting{in.APIKeyRequired, "API keys", "leave ApiKeyRequired out: HTTP APIs have none"},
		setting{in.ModelSelectionExpression != "" || len(in.RequestModels) > 0 || len(in.RequestParameters) > 0 || in.RouteResponseSelectionExpression != "", "models and route responses", "leave them out: they belong to WebSocket APIs"},
		setting{in.Target == "", "a route without target", "set Target to " + targetPrefix + "{integration id}"},
	)
	in.RequestModels, in.RequestParameters = nil, nil
	in.AuthorizationScopes = slices.Clone(in.AuthorizationScopes)
	if err == nil && !strings.HasPrefix(in.Target, targetPrefix) {
		return in, badTarget(in)
	}
	return in, err
}

func badTarget(in Route) error {
	return badRequest("Invalid target %q of the route %q. It should be %s and the ID of an integration of this API.", in.Target, in.RouteKey, targetPrefix)
}

func noAuthorizer(in Route) error {
	return badRequest("Invalid authorizer ID specified. Setting the authorization type to %s requires a valid authorizer.", in.AuthorizationType)
}
