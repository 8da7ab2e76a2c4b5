package components

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/components/internal/routekey"
)

// Routes are routes by route key: a method (GET, HEAD, POST, PUT, PATCH,
// DELETE, OPTIONS or ANY), a space and a path, for instance
// "GET /events/{id}" or "ANY /files/{path+}"; or "$default" for the requests
// that no other route matches.
//
// Keys that differ only in the names of their variables are duplicates.
type Routes map[string]Route

// Route is one route.
type Route struct {
	// Function handles the route's requests. Routes whose functions have the
	// same Name share one Lambda function; all other fields must then be the
	// same too. Required.
	Function FunctionArgs
	// Auth is how the route is protected. Defaults to Protected, by the
	// component's Authorizer: a route is open only where it says Public.
	Auth Auth
	// Permissions are what a caller must be allowed to do, for instance
	// "events:write"; all of them are required. Each is segments with colons
	// between them, of letters, digits, "_", "-" and ".", at most 128
	// characters in all. A segment that is the name of one of the route's path
	// variables in braces, as in "events:delete:{id}", stands for the
	// variable's value in the request. There are no wildcards here; they are
	// for what callers are granted. Defaults to none, which lets every caller
	// in whose credential is good.
	//
	// The component only hands them over. The authorizer's function finds those
	// of all its routes in the environment variable ROUTE_PERMISSIONS, as soon as
	// one route has any, and enforces them:
	// authz.RoutePermissionsFromEnvironment does. A function that does not read the
	// variable lets everybody in. Where they are too many for Lambda's limit of a
	// function's variables, 4 KB, the variable names the file with them in the
	// function's code, which the component has put there.
	Permissions []string
	// Scopes are the OAuth scopes of which a token must have one (RFC 6749 section
	// 3.3), on a route whose Auth is Jwt. Defaults to none, which lets in every
	// token of the issuer.
	Scopes []string
	// Throttling are the route's own limits. What they leave out is the stage's.
	// Defaults to those of ProtectedHttpApiArgs.Throttling.
	Throttling *ThrottlingArgs
}

func (c *checker) checkRoutes(routes Routes) {
	if len(routes) == 0 {
		c.addf("Routes", "at least one is required")
	}
	seen := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(routes)) {
		property := fmt.Sprintf("Routes[%q]", key)
		route := routes[key]
		parsed, err := routekey.Parse(key)
		c.add(property, err)
		if err == nil {
			if other, ok := seen[parsed.Normalized()]; ok {
				c.addf(property, "matches the same requests as Routes[%q]: keep one of them", other)
			} else {
				seen[parsed.Normalized()] = key
			}
		}
		r := &routePlan{key: parsed, permissions: route.Permissions, scopes: route.Scopes, throttling: c.checkRouteThrottling(property+".Throttling", route.Throttling)}
		c.checkAuth(property, r, route)
		c.checkPermissions(property+".Permissions", parsed, route)
		c.checkScopes(property+".Scopes", route)
		r.function = c.routeFunction(property+".Function", route.Function)
		r.function.routes = append(r.function.routes, parsed)
		c.plan.routes = append(c.plan.routes, r)
	}
}

// routeFunction returns the function with the arguments' name, a new one if this
// is the first route that has it.
func (c *checker) routeFunction(property string, args FunctionArgs) *functionPlan {
	filled := c.args.Defaults.fill(args, routeLimits)
	f, ok := c.byName[filled.Name]
	if !ok || !args.given() {
		return c.newFunction(property, args, filled, routeLimits)
	}
	if fields := differences(f.args, filled); len(fields) > 0 {
		c.addf(property, "has the Name %q of %s but another %s: routes that share a function give it the same arguments, two functions have two Names",
			filled.Name, f.property, strings.Join(fields, ", "))
	}
	return f
}

// createRoutes makes an integration for each function and a route for each
// route key.
//
// A route's logical name holds its route key without the names of variables. It
// depends on no other route. Whoever renames a variable changes the route in
// place: AWS would refuse a new route beside the old one as a conflict.
//
// A route is made, or switched to another function or authorizer, and an integration to
// another version or alias, only after API Gateway may invoke them: before that it
// would answer 500.
func (c *ProtectedHttpApi) createRoutes(ctx *pulumi.Context, p *plan) error {
	c.Integrations = map[string]*apigatewayv2.Integration{}
	for _, f := range p.handlers() {
		integration, err := apigatewayv2.NewIntegration(ctx, f.logicalName, &apigatewayv2.IntegrationArgs{
			ApiId:                c.Api.ID(),
			IntegrationType:      pulumi.String("AWS_PROXY"),
			IntegrationMethod:    pulumi.String("POST"), // of the call to Lambda, whatever the route's
			IntegrationUri:       c.invokeArn(f),
			PayloadFormatVersion: pulumi.String("2.0"),
		}, pulumi.Parent(c), pulumi.DependsOn([]pulumi.Resource{c.InvokePermissions[f.args.Name]}))
		if err != nil {
			return err
		}
		c.Integrations[f.args.Name] = integration
	}
	c.Routes = map[string]*apigatewayv2.Route{}
	for _, r := range p.routes {
		args := &apigatewayv2.RouteArgs{
			ApiId:             c.Api.ID(),
			RouteKey:          pulumi.String(r.key.String()),
			Target:            pulumi.Sprintf("integrations/%s", c.Integrations[r.function.args.Name].ID()),
			AuthorizationType: pulumi.String("NONE"),
		}
		needs := []pulumi.Resource{c.InvokePermissions[r.function.args.Name]}
		switch {
		case r.authorizer != nil:
			args.AuthorizationType = pulumi.String("CUSTOM")
			args.AuthorizerId = c.Authorizers[r.authorizer.name].Authorizer.ID()
			needs = append(needs, c.InvokePermissions[r.authorizer.function.args.Name])
		case r.issuer != nil:
			args.AuthorizationType = pulumi.String("JWT")
			args.AuthorizerId = c.JwtAuthorizers[r.issuer.name].ID()
			if len(r.scopes) > 0 {
				args.AuthorizationScopes = pulumi.ToStringArray(r.scopes)
			}
		case r.auth == Iam:
			args.AuthorizationType = pulumi.String("AWS_IAM")
		}
		route, err := apigatewayv2.NewRoute(ctx, p.name+"-"+r.key.Normalized(), args, pulumi.Parent(c), pulumi.DependsOn(needs))
		if err != nil {
			return err
		}
		c.Routes[r.key.String()] = route
	}
	return nil
}
