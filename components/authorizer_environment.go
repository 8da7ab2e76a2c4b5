package components

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// routeKeySource is the identity source that keeps a result for one route.
const routeKeySource = "$context.routeKey"

// identitySources returns the authorizer's identity sources. A result is kept
// by them alone and reused on all routes; where routes require different
// permissions it must not be, and so the route joins them (API Gateway
// developer guide, "Control access to HTTP APIs with AWS Lambda authorizers").
func (p *plan) identitySources(args AuthorizerArgs) []string {
	sources := slices.Clone(args.IdentitySources)
	if args.CacheTtl > 0 && p.requiresPermissions() && !slices.Contains(sources, routeKeySource) {
		sources = append(sources, routeKeySource)
	}
	return sources
}

// authorizerEnvironment returns the authorizer's variables, but for those with
// what is known only once a resource is there.
func (p *plan) authorizerEnvironment() map[string]pulumi.StringInput {
	args := p.authorizerArgs
	variables := map[string]pulumi.StringInput{}
	for _, group := range []map[string]pulumi.StringInput{args.Function.Environment, args.Secrets, args.SecretPrefixes} {
		maps.Copy(variables, group)
	}
	if args.SecretPath != nil && !args.InjectSecret {
		variables[contract.EnvSecretPath] = args.SecretPath
	}
	if args.SecretMaxAge != 0 {
		variables[contract.EnvSecretMaxAge] = pulumi.String(args.SecretMaxAge.String())
	}
	if p.requiresPermissions() {
		variables[contract.EnvRoutePermissions] = pulumi.String(p.routePermissions())
	}
	return variables
}

// routePermissions returns what each protected route requires, as JSON. Every
// one of them is in it: an authorizer denies what it does not find there.
func (p *plan) routePermissions() string {
	permissions := map[string][]string{}
	for _, r := range p.routes {
		if r.auth == lambdaAuthorizer {
			permissions[r.key.String()] = append([]string{}, r.permissions...)
		}
	}
	text, _ := json.Marshal(permissions) // a map of strings has JSON
	return string(text)
}

// tableNames returns the logical names of the tables whose physical names the
// function finds in its environment, by variable.
func (p *plan) tableNames(f *functionPlan) map[string]string {
	names := map[string]string{}
	if f.args.usesTable() {
		names[contract.EnvTableName] = p.tableName()
	}
	if f == p.authorizer && p.authorizerArgs.ApiKeys != nil {
		names[contract.EnvAPIKeyTable] = p.apiKeyTableName()
	}
	if f == p.authorizer && p.authorizerArgs.needsState() {
		names[contract.EnvStateTable] = p.stateTableName()
	}
	return names
}
