package live

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// timeLayout is how requestContext.time is written.
const timeLayout = "02/Jan/2006:15:04:05 -0700"

// Payload format versions. Events of integrations are always 2.0.
const (
	payloadVersion1 = "1.0"
	payloadVersion  = "2.0"
)

// authorizerEvent is what a Lambda authorizer receives (developer guide,
// http-api-lambda-authorizer). It never has the request's body.
type authorizerEvent struct {
	Version               string            `json:"version"`
	Type                  string            `json:"type"`
	RouteARN              string            `json:"routeArn"`
	IdentitySource        []string          `json:"identitySource"` // null where none is configured
	RouteKey              string            `json:"routeKey"`
	RawPath               string            `json:"rawPath"`
	RawQueryString        string            `json:"rawQueryString"`
	Cookies               []string          `json:"cookies,omitempty"`
	Headers               map[string]string `json:"headers"`
	QueryStringParameters map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext        requestContext    `json:"requestContext"`
	PathParameters        map[string]string `json:"pathParameters,omitempty"`
	StageVariables        map[string]string `json:"stageVariables,omitempty"`
}

// integrationEvent is what an integration receives (developer guide,
// http-api-develop-integrations-lambda).
type integrationEvent struct {
	Version               string            `json:"version"`
	RouteKey              string            `json:"routeKey"`
	RawPath               string            `json:"rawPath"`
	RawQueryString        string            `json:"rawQueryString"`
	Cookies               []string          `json:"cookies,omitempty"`
	Headers               map[string]string `json:"headers"`
	QueryStringParameters map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext        requestContext    `json:"requestContext"`
	PathParameters        map[string]string `json:"pathParameters,omitempty"`
	Body                  string            `json:"body,omitempty"`
	IsBase64Encoded       bool              `json:"isBase64Encoded"`
	StageVariables        map[string]string `json:"stageVariables,omitempty"`
}

type requestContext struct {
	AccountID    string             `json:"accountId"`
	APIID        string             `json:"apiId"`
	Authorizer   *authorizerContext `json:"authorizer,omitempty"`
	DomainName   string             `json:"domainName"`
	DomainPrefix string             `json:"domainPrefix"`
	HTTP         httpContext        `json:"http"`
	RequestID    string             `json:"requestId"`
	RouteKey     string             `json:"routeKey"`
	Stage        string             `json:"stage"`
	Time         string             `json:"time"`
	TimeEpoch    int64              `json:"timeEpoch"` // milliseconds
}

// authorizerContext is what the authorizer has to say to the integration: one
// member, named after the kind of authorizer.
type authorizerContext struct {
	kind  string // lambda, jwt or iam
	value any
	// members are those of a value that is JSON already; nil until an access log asks.
	members map[string]json.RawMessage
}

func (c authorizerContext) MarshalJSON() ([]byte, error) {
	return encode(map[string]any{c.kind: c.value})
}

type httpContext struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

func (r *request) context() requestContext {
	return requestContext{
		AccountID:    r.gateway.Account.ID,
		APIID:        r.deployment.APIID,
		DomainName:   r.domainName(),
		DomainPrefix: r.domainPrefix(),
		HTTP: httpContext{
			Method: r.method, Path: r.rawPath, Protocol: r.protocol,
			SourceIP: r.sourceIP, UserAgent: r.headers["user-agent"],
		},
		RequestID: r.id,
		RouteKey:  r.route.Key.text,
		Stage:     r.stage.Name,
		Time:      r.received.UTC().Format(timeLayout),
		TimeEpoch: r.received.UnixMilli(),
	}
}

// domainName is the domain that the request came by, else the name that the API would
// have on AWS. The address that the client used is in headers.host.
func (r *request) domainName() string {
	if r.domain != "" {
		return r.domain
	}
	return r.deployment.APIID + ".execute-api." + r.gateway.Account.Region + ".amazonaws.com"
}

// domainPrefix is the first label of the domain name.
func (r *request) domainPrefix() string {
	prefix, _, _ := strings.Cut(r.domainName(), ".")
	return prefix
}

// routeARN names the request: its method and its path within the stage.
func (r *request) routeARN() string {
	return r.deployment.ExecutionARN + "/" + r.stage.Name + "/" + r.method + r.path()
}

// authorizerEvent builds the event of an authorizer. Its headers have the
// cookie header, those of an integration don't.
func (r *request) authorizerEvent(sources []string) ([]byte, error) {
	return encode(authorizerEvent{
		Version:               payloadVersion,
		Type:                  "REQUEST",
		RouteARN:              r.routeARN(),
		IdentitySource:        sources,
		RouteKey:              r.route.Key.text,
		RawPath:               r.rawPath,
		RawQueryString:        r.rawQuery,
		Cookies:               r.cookies,
		Headers:               r.headers,
		QueryStringParameters: r.query,
		RequestContext:        r.context(),
		PathParameters:        r.parameters,
		StageVariables:        r.stage.Variables,
	})
}

// integrationEvent builds the event of an integration; authorizer is nil on a
// route without one.
func (r *request) integrationEvent(authorizer *authorizerContext, body []byte) ([]byte, error) {
	headers := make(map[string]string, len(r.headers))
	for name, value := range r.headers {
		if name != "cookie" {
			headers[name] = value
		}
	}
	if _, ok := headers["content-length"]; !ok {
		headers["content-length"] = strconv.Itoa(len(body))
	}
	event := integrationEvent{
		Version:               payloadVersion,
		RouteKey:              r.route.Key.text,
		RawPath:               r.rawPath,
		RawQueryString:        r.rawQuery,
		Cookies:               r.cookies,
		Headers:               headers,
		QueryStringParameters: r.query,
		RequestContext:        r.context(),
		PathParameters:        r.parameters,
		StageVariables:        r.stage.Variables,
	}
	event.RequestContext.Authorizer = authorizer
	event.Body, event.IsBase64Encoded = encodeBody(headers["content-type"], body)
	return encode(event)
}

// encode writes JSON as AWS does, without escaping what only HTML needs.
func encode(event any) ([]byte, error) {
	var buffer bytes.Buffer
	buffer.Grow(2 << 10) // an ordinary event
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(event); err != nil {
		return nil, fmt.Errorf("encoding the event: %w", err)
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}
