package live

import "strings"

// authorizerEventV1 is what a Lambda authorizer with payload format version
// 1.0 receives (developer guide, http-api-lambda-authorizer). The identity's
// apiKey and clientCert are never there: HTTP APIs have no API keys, and the
// local AWS no mutual TLS.
type authorizerEventV1 struct {
	Version               string            `json:"version"`
	Type                  string            `json:"type"`
	MethodARN             string            `json:"methodArn"`
	IdentitySource        *string           `json:"identitySource"` // null where none is configured
	AuthorizationToken    *string           `json:"authorizationToken"`
	Resource              string            `json:"resource"`
	Path                  string            `json:"path"`
	HTTPMethod            string            `json:"httpMethod"`
	Headers               map[string]string `json:"headers"`
	QueryStringParameters map[string]string `json:"queryStringParameters"`
	PathParameters        map[string]string `json:"pathParameters"`
	StageVariables        map[string]string `json:"stageVariables"`
	RequestContext        requestContextV1  `json:"requestContext"`
}

type requestContextV1 struct {
	Path         string     `json:"path"`
	AccountID    string     `json:"accountId"`
	ResourceID   string     `json:"resourceId"`
	Stage        string     `json:"stage"`
	RequestID    string     `json:"requestId"`
	Identity     identityV1 `json:"identity"`
	ResourcePath string     `json:"resourcePath"`
	HTTPMethod   string     `json:"httpMethod"`
	APIID        string     `json:"apiId"`
}

type identityV1 struct {
	SourceIP string `json:"sourceIp"`
}

// authorizerEventV1 builds the event. The resource is the path of the route
// key with its variables' names; the path has the key of a domain's mapping
// (aws-powertools/powertools-lambda-python issue 576).
func (r *request) authorizerEventV1(sources []string) ([]byte, error) {
	resource := r.route.Key.path
	if r.route.Key.isDefault() {
		resource = DefaultName
	}
	var token *string
	if len(sources) > 0 {
		joined := strings.Join(sources, ",")
		token = &joined
	}
	return encode(authorizerEventV1{
		Version:               payloadVersion1,
		Type:                  "REQUEST",
		MethodARN:             r.routeARN(),
		IdentitySource:        token,
		AuthorizationToken:    token,
		Resource:              resource,
		Path:                  r.fullPath,
		HTTPMethod:            r.method,
		Headers:               r.headers,
		QueryStringParameters: orEmpty(r.query),
		PathParameters:        orEmpty(r.parameters),
		StageVariables:        orEmpty(r.stage.Variables),
		RequestContext: requestContextV1{
			Path:         r.fullPath,
			AccountID:    r.gateway.Account.ID,
			ResourceID:   r.route.Key.text,
			Stage:        r.stage.Name,
			RequestID:    r.id,
			Identity:     identityV1{SourceIP: r.sourceIP},
			ResourcePath: resource,
			HTTPMethod:   r.method,
			APIID:        r.deployment.APIID,
		},
	})
}

// orEmpty makes {} of what would be null.
func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
