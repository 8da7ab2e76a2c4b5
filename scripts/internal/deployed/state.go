// Package deployed finds what a stack has deployed: in the stack's Pulumi state, whatever
// the outputs of the program are called. It needs no more of AWS than Pulumi does.
package deployed

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/events/token"
)

// API is a stage of an HTTP API.
type API struct {
	// Name is that of the component that made the API, or the API's own.
	Name string
	// ID and Stage name it to AWS, in Region. URL is where it serves.
	ID, Stage, Region, URL string
	// AccessLogGroup is the log group of the stage's access log; empty without one.
	AccessLogGroup string
	// Authorizers are the Lambda authorizers, sorted by name.
	Authorizers []Authorizer
}

// Authorizer is a Lambda authorizer and what its function's environment says; what that
// does not say is empty.
type Authorizer struct {
	Name string
	// TTL is how long API Gateway reuses its answers, and ByRoute whether each route has
	// its own.
	TTL     time.Duration
	ByRoute bool
	// MemoryMB is the function's memory.
	MemoryMB int
	// SecretPath has the secret of tokens, KeysPath the keys of signed requests: names
	// of parameters, or ARNs of secrets. MaxAge is how old they may be.
	SecretPath, KeysPath string
	MaxAge               time.Duration
	// The physical names of the tables.
	KeyTable, StateTable, RevocationTable string
	// Accepts is what its tokens and API keys have to have, as far as that is known.
	Accepts contract.Accepts
}

// fromState finds the APIs in a state, sorted by name.
func fromState(state apitype.DeploymentV3) []API {
	var apis []API
	for _, stage := range ofType(state, "aws:apigatewayv2/stage:Stage") {
		for _, r := range ofType(state, "aws:apigatewayv2/api:Api") {
			if string(r.ID) != text(stage.Inputs["apiId"]) {
				continue
			}
			api := API{Name: madeBy(r), ID: string(r.ID), Stage: text(stage.Outputs["name"]), URL: strings.TrimSuffix(text(stage.Outputs["invokeUrl"]), "/")}
			if arn := strings.Split(text(r.Outputs["arn"]), ":"); len(arn) > 3 { // arn:aws:apigateway:eu-central-1::/apis/a1b2c3
				api.Region = arn[3]
			}
			if settings, _ := stage.Inputs["accessLogSettings"].(map[string]any); settings != nil {
				// arn:aws:logs:eu-central-1:123456789012:log-group:/aws/vendedlogs/apis/x
				_, group, _ := strings.Cut(text(settings["destinationArn"]), ":log-group:")
				api.AccessLogGroup = strings.TrimSuffix(group, ":*")
			}
			api.Authorizers = authorizers(state, api.ID)
			apis = append(apis, api)
		}
	}
	slices.SortStableFunc(apis, func(a, b API) int { return cmp.Compare(a.Name, b.Name) })
	return apis
}

func authorizers(state apitype.DeploymentV3, api string) []Authorizer {
	var found []Authorizer
	for _, r := range ofType(state, "aws:apigatewayv2/authorizer:Authorizer") {
		if text(r.Inputs["apiId"]) != api || text(r.Inputs["authorizerType"]) != "REQUEST" {
			continue
		}
		a := Authorizer{Name: r.URN.Name()}
		if ttl, ok := r.Inputs["authorizerResultTtlInSeconds"].(float64); ok {
			a.TTL = time.Duration(ttl) * time.Second
		}
		sources, _ := r.Inputs["identitySources"].([]any)
		a.ByRoute = slices.Contains(sources, any("$context.routeKey"))
		for _, function := range ofType(state, "aws:lambda/function:Function") {
			// …:lambda:path/2015-03-31/functions/{ARN of the function or its alias}/invocations
			arn := text(function.Outputs["arn"])
			if _, uri, ok := strings.Cut(text(r.Outputs["authorizerUri"]), "/functions/"); ok && arn != "" && (strings.HasPrefix(uri, arn+"/") || strings.HasPrefix(uri, arn+":")) {
				a.read(function)
			}
		}
		found = append(found, a)
	}
	slices.SortFunc(found, func(a, b Authorizer) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

// read reads the environment of the authorizer's function.
func (a *Authorizer) read(function apitype.ResourceV3) {
	if memory, ok := function.Inputs["memorySize"].(float64); ok {
		a.MemoryMB = int(memory)
	}
	environment, _ := function.Inputs["environment"].(map[string]any)
	variables, _ := environment["variables"].(map[string]any)
	a.SecretPath, a.KeysPath = text(variables[contract.EnvSecretPath]), text(variables[contract.EnvSigningKeysPath])
	a.KeyTable, a.StateTable = text(variables[contract.EnvAPIKeyTable]), text(variables[contract.EnvStateTable])
	a.Accepts = token.ReadAccepts(text(variables[contract.EnvAccepts]))
	a.RevocationTable = text(variables[contract.EnvRevocationTable])
	if age, err := time.ParseDuration(text(variables[contract.EnvSecretMaxAge])); err == nil {
		a.MaxAge = age
	}
}

func ofType(state apitype.DeploymentV3, kind string) []apitype.ResourceV3 {
	var found []apitype.ResourceV3
	for _, r := range state.Resources {
		if string(r.Type) == kind && !r.Delete {
			found = append(found, r)
		}
	}
	return found
}

// madeBy is the name of the component that a resource belongs to, or its own.
func madeBy(r apitype.ResourceV3) string {
	if r.Parent != "" && r.Parent.Type() != resource.RootStackType {
		return r.Parent.Name()
	}
	return r.URN.Name()
}

// text is a text that is known and no secret.
func text(v any) string {
	s, _ := v.(string)
	return s
}
