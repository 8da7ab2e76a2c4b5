package management

import (
	"maps"
	"slices"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// API is an HTTP API. Fields are named as in the apigatewayv2 API; those that
// AWS computes are ignored on input.
type API struct {
	// ID, ARN, Endpoint and ExecutionARN are computed. Endpoint is where the
	// API listens, http://127.0.0.1:PORT; on AWS it is an https URL.
	// ExecutionARN is arn:aws:execute-api:{region}:{account}:{id}.
	ID, ARN, Endpoint, ExecutionARN string

	// Name is required, 1 to 128 characters.
	Name string
	// ProtocolType must be HTTP.
	ProtocolType string
	Description  string
	Version      string
	// RouteSelectionExpression defaults to "$request.method $request.path",
	// the only one that HTTP APIs have.
	RouteSelectionExpression string
	Tags                     map[string]string

	// CORSConfiguration makes API Gateway answer cross-origin requests.
	CORSConfiguration *live.CORS
	// DisableExecuteAPIEndpoint makes every request 404 that does not come by a
	// custom domain name.
	DisableExecuteAPIEndpoint bool

	// Not supported.
	// IPAddressType may be ipv4, the default.
	IPAddressType string
	// RouteKey, Target and CredentialsARN are AWS's quick create.
	RouteKey, Target, CredentialsARN string
}

// Stage is a deployed view of an API. All stages of the local AWS deploy
// automatically, so all serve the API as it is.
type Stage struct {
	// ARN, InvokeURL and ExecutionARN are computed.
	ARN, InvokeURL, ExecutionARN string
	// AutoDeploymentID is computed: the deployment that AutoDeploy has made of the
	// API's last change.
	AutoDeploymentID string

	// Name is $default, or 1 to 128 of A-Z a-z 0-9 - and _, and then the first
	// segment of the stage's paths.
	Name string
	// AutoDeploy must be true.
	AutoDeploy     bool
	Description    string
	StageVariables map[string]string
	Tags           map[string]string
	// AccessLogSettings makes the stage write a line a request.
	AccessLogSettings *AccessLogSettings
	// DefaultRouteSettings limits each route; RouteSettings, by route key,
	// overrides it.
	DefaultRouteSettings *RouteSettings
	RouteSettings        map[string]RouteSettings

	// Not supported.
	DeploymentID        string
	ClientCertificateID string
}

// AccessLogSettings is where a stage logs its requests, and how.
type AccessLogSettings struct {
	// DestinationARN is the ARN of a log group.
	DestinationARN string
	// Format is a line with $context variables, $context.requestId among them.
	Format string
}

// RouteSettings limits the requests to a route. What is nil is not limited;
// what is 0 lets no request through.
type RouteSettings struct {
	// DetailedMetricsEnabled has no effect: there are no metrics.
	DetailedMetricsEnabled bool
	ThrottlingBurstLimit   *int     // requests
	ThrottlingRateLimit    *float64 // requests per second
}

// Integration is a function that answers requests.
type Integration struct {
	// ID is computed.
	ID string
	// IntegrationType must be AWS_PROXY.
	IntegrationType string
	// IntegrationURI is a function's ARN, or its invoke ARN
	// arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations.
	IntegrationURI string
	// IntegrationMethod must be POST, the default.
	IntegrationMethod string
	// PayloadFormatVersion must be 2.0.
	PayloadFormatVersion string
	// TimeoutInMillis is 50 to 30000. Defaults to 30000.
	TimeoutInMillis int
	Description     string

	// Not supported. ConnectionType may be INTERNET, the default.
	ConnectionType, ConnectionID           string
	CredentialsARN, IntegrationSubtype     string
	RequestParameters, TLSServerNameConfig map[string]string
	ResponseParameters                     map[string]map[string]string
}

// Authorizer is a Lambda or JWT authorizer.
type Authorizer struct {
	// ID is computed.
	ID string
	// Name is required and unique in its API.
	Name string
	// AuthorizerType is REQUEST, a function, or JWT.
	AuthorizerType string
	// JWTConfiguration is required with JWT, which of the other settings has
	// only Name and one identity source.
	JWTConfiguration *JWTConfiguration
	// AuthorizerURI is the function's invoke ARN, as in Integration; AWS does
	// not take the plain ARN here.
	AuthorizerURI string
	// PayloadFormatVersion, AWS's AuthorizerPayloadFormatVersion, is 1.0 or 2.0.
	PayloadFormatVersion string
	// EnableSimpleResponses makes the function answer isAuthorized instead of
	// an IAM policy. Version 2.0 only.
	EnableSimpleResponses bool
	// IdentitySources are selection expressions, for instance
	// $request.header.Authorization; AWS's IdentitySource.
	IdentitySources []string
	// ResultTTL is how long an answer is reused, 0 (not at all) to 3600
	// seconds; AWS's AuthorizerResultTtlInSeconds. It is never defaulted.
	ResultTTL int

	// Not supported.
	CredentialsARN               string
	IdentityValidationExpression string
}

// JWTConfiguration is whose tokens a JWT authorizer accepts, and for whom.
type JWTConfiguration struct {
	Audience []string // 1 to 50
	Issuer   string   // a URL
}

// Route sends requests to an integration.
type Route struct {
	// ID is computed.
	ID string
	// RouteKey is $default, or a method (or ANY) and a path: GET /events/{id},
	// ANY /{proxy+}.
	RouteKey string
	// AuthorizationType is one of [live.AuthorizationNone] and the like. Defaults to
	// NONE.
	AuthorizationType string
	// AuthorizerID is required with CUSTOM and JWT.
	AuthorizerID string
	// AuthorizationScopes are for JWT, at most 10: a token needs one of them.
	AuthorizationScopes []string
	// Target is integrations/{integration id}. Required.
	Target        string
	OperationName string

	// Not supported.
	APIKeyRequired                                             bool
	ModelSelectionExpression, RouteResponseSelectionExpression string
	RequestModels                                              map[string]string
	RequestParameters                                          map[string]bool
}

// DomainName is a custom domain name.
type DomainName struct {
	// ARN, HostedZoneID and TargetDomainName are computed. The last is the name
	// that a DNS record points to; neither leads anywhere here.
	ARN, HostedZoneID, TargetDomainName string

	// Name is required, in lower case. It may begin with "*.".
	Name string
	// CertificateARN is that of a certificate of ACM in this Region. Required.
	CertificateARN string
	// OwnershipCertificateARN is AWS's OwnershipVerificationCertificateArn.
	OwnershipCertificateARN string
	// EndpointType must be REGIONAL, SecurityPolicy TLS_1_2.
	EndpointType, SecurityPolicy string
	// IPAddressType is ipv4, the default, or dualstack. Without effect.
	IPAddressType string
	// MutualTLS makes the domain ask for client certificates. Here it then answers
	// every request with 403.
	MutualTLS *MutualTLS
	Tags      map[string]string
}

// MutualTLS is whose client certificates a domain takes.
type MutualTLS struct {
	// TruststoreURI is s3://bucket/key.
	TruststoreURI     string
	TruststoreVersion string
}

// APIMapping maps a path of a domain to a stage of an API.
type APIMapping struct {
	// ID is computed.
	ID         string
	DomainName string
	APIID      string
	Stage      string
	// Key is a path without slashes at its ends, such as v1/orders. Empty: every
	// path that no other mapping has.
	Key string
}

// The copies keep what a caller holds apart from what the service holds.

func (a API) clone() API {
	a.Tags = maps.Clone(a.Tags)
	if c := a.CORSConfiguration; c != nil {
		a.CORSConfiguration = &live.CORS{
			AllowCredentials: c.AllowCredentials, AllowHeaders: slices.Clone(c.AllowHeaders), AllowMethods: slices.Clone(c.AllowMethods),
			AllowOrigins: slices.Clone(c.AllowOrigins), ExposeHeaders: slices.Clone(c.ExposeHeaders), MaxAge: c.MaxAge,
		}
	}
	return a
}

func (s Stage) clone() Stage {
	s.StageVariables = maps.Clone(s.StageVariables)
	s.Tags = maps.Clone(s.Tags)
	if s.AccessLogSettings != nil {
		settings := *s.AccessLogSettings
		s.AccessLogSettings = &settings
	}
	if s.DefaultRouteSettings != nil {
		settings := s.DefaultRouteSettings.clone()
		s.DefaultRouteSettings = &settings
	}
	s.RouteSettings = maps.Clone(s.RouteSettings)
	for key, settings := range s.RouteSettings {
		s.RouteSettings[key] = settings.clone()
	}
	return s
}

func (r RouteSettings) clone() RouteSettings {
	if r.ThrottlingBurstLimit != nil {
		burst := *r.ThrottlingBurstLimit
		r.ThrottlingBurstLimit = &burst
	}
	if r.ThrottlingRateLimit != nil {
		rate := *r.ThrottlingRateLimit
		r.ThrottlingRateLimit = &rate
	}
	return r
}

func (in Authorizer) clone() Authorizer {
	in.IdentitySources = slices.Clone(in.IdentitySources)
	if in.JWTConfiguration != nil {
		in.JWTConfiguration = &JWTConfiguration{Audience: slices.Clone(in.JWTConfiguration.Audience), Issuer: in.JWTConfiguration.Issuer}
	}
	return in
}

func (in Route) clone() Route {
	in.AuthorizationScopes = slices.Clone(in.AuthorizationScopes)
	return in
}
