package components

import (
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/components/golambda"
	"github.com/protected-http-api/protected-http-api/components/internal/routekey"
)

const (
	defaultArchitecture     = golambda.ARM64
	defaultLogRetentionDays = 30
)

// checker turns arguments into a plan and collects the mistakes it meets.
type checker struct {
	mistakes
	scope scope
	plan  *plan
	// byFolder and byName find the functions that are there already.
	byFolder, byName map[string]*functionPlan
	// protected are the keys of the routes that need the authorizer.
	protected []string
}

// check returns the plan for the arguments, and all the mistakes in them. With
// mistakes, the plan is good for finding the compile errors, and no more.
func check(s scope, name string, args *ProtectedHttpApiArgs) (*plan, mistakes) {
	c := &checker{scope: s, plan: &plan{name: name},
		byFolder: map[string]*functionPlan{}, byName: map[string]*functionPlan{}}
	if name == "" {
		c.addf("name", "is required")
	}
	if args == nil {
		c.addf("args", "is required")
		return c.plan, c.mistakes
	}
	c.checkTarget(orDefault(args.Architecture, defaultArchitecture))
	c.plan.logRetentionDays = orDefault(args.LogRetentionDays, defaultLogRetentionDays)
	c.add("LogRetentionDays", CheckLogRetentionDays(c.plan.logRetentionDays))
	c.plan.table = args.Table
	c.checkTable(args.Table)
	c.checkRoutes(args.Routes)
	c.checkAuthorizer(args.Authorizer)
	for _, f := range c.plan.functions {
		c.checkEnvironmentSize(f)
	}
	slices.SortFunc(c.plan.functions, func(a, b *functionPlan) int { return strings.Compare(a.logicalName, b.logicalName) })
	return c.plan, c.mistakes
}

// checkTarget finds out what to compile for; where that is a mistake, compile
// errors are still found, for the default.
func (c *checker) checkTarget(architecture string) {
	if err := CheckArchitecture(architecture); err != nil {
		c.add("Architecture", err)
		architecture = defaultArchitecture
	}
	target, err := golambda.NewTarget(architecture, c.scope.buildTarget)
	if err != nil {
		c.mistakes = append(c.mistakes, err) // begins with the environment variable
		target, _ = golambda.NewTarget(defaultArchitecture, "")
	}
	c.plan.target = target
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
		if !route.Auth.valid() {
			c.addf(property+".Auth", "%q is not known: leave it empty for a protected route, or use %q", string(route.Auth), string(Public))
		}
		if route.Auth != Public {
			c.protected = append(c.protected, key)
		}
		c.checkPermissions(property+".Permissions", parsed, route)
		f := c.routeFunction(property+".Function", route.Function)
		f.routes = append(f.routes, parsed)
		c.plan.routes = append(c.plan.routes, routePlan{key: parsed, auth: route.Auth, permissions: route.Permissions, function: f})
	}
}

// routeFunction returns the function with the arguments' package, a new one if
// this is the first route that has it.
func (c *checker) routeFunction(property string, args FunctionArgs) *functionPlan {
	folder := absolute(args.Package)
	args = withDefaults(args, filepath.Base(folder))
	if f, ok := c.byFolder[folder]; ok && args.Package != "" {
		if fields := differences(f.args, args); len(fields) > 0 {
			c.addf(property, "has the same Package as %s but another %s: routes that share a function give it the same arguments",
				f.property, strings.Join(fields, ", "))
		}
		return f
	}
	return c.newFunction(property, folder, args, routeLimits)
}

func (c *checker) checkAuthorizer(args AuthorizerArgs) {
	given := !reflect.ValueOf(args).IsZero()
	switch {
	case len(c.protected) == 0 && !given:
		return
	case len(c.protected) == 0 && len(c.plan.routes) > 0:
		c.addf("Authorizer", "is given, but no route is protected: leave it out, or leave out the Auth of the routes to protect")
	case len(c.protected) > 0 && args.Function.Package == "":
		c.addf("Authorizer.Function.Package", "is required, since these routes are protected: %s", quoted(c.protected))
	}
	if args.IdentitySources == nil {
		if len(c.protected) > 0 && (args.ApiKeys != nil || args.ReplayProtection) {
			c.addf("Authorizer.IdentitySources", "is required with ApiKeys or ReplayProtection: API Gateway answers 401, without asking the authorizer, to a request that lacks one of them: name the header that the credential is in, %q or %q for instance, or give an empty slice where callers may choose",
				"$request.header.X-Api-Key", signatureSource)
		}
		args.IdentitySources = []string{defaultIdentitySource}
	}
	c.checkCaching(args)
	c.checkSecrets(args)
	args.IdentitySources = c.plan.identitySources(args)
	c.plan.authorizerArgs = args
	if args.Function.Package == "" {
		return
	}
	folder := absolute(args.Function.Package)
	if other, ok := c.byFolder[folder]; ok {
		c.addf("Authorizer.Function.Package", "is the Package of %s too: an authorizer and a route's handler are two functions", other.property)
		return
	}
	function := withDefaults(args.Function, filepath.Base(folder))
	c.plan.authorizer = c.newFunction("Authorizer.Function", folder, function, authorizerLimits)
	c.plan.authorizer.environment = c.plan.authorizerEnvironment()
}

// absolute returns a folder's one and only name.
func absolute(folder string) string {
	if path, err := filepath.Abs(folder); err == nil {
		return path
	}
	return filepath.Clean(folder)
}
