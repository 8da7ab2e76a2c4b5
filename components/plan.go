package components

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/components/golambda"
	"github.com/protected-http-api/protected-http-api/components/internal/routekey"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// plan is what the component will register: its arguments, checked, with their
// defaults, in an order that does not depend on that of a map.
type plan struct {
	name        string
	host        bool              // functions are compiled for this machine
	tables      []*tablePlan      // by name, that of Table first
	routes      []*routePlan      // by route key
	functions   []*functionPlan   // by name, the authorizers' among them
	authorizers []*authorizerPlan // by name, the default one first
	issuers     []*issuerPlan     // by name
	purposes    []purpose         // of all authorizers' secrets
	monitoring  *monitoringPlan   // nil without
	cors        *CorsArgs         // nil without
	throttling  ThrottlingArgs
	accessLogs  accessLogPlan
	domain      *DomainArgs // nil without
	stage       StageArgs
	tags        map[string]string
}

type routePlan struct {
	key         routekey.Key
	auth        Auth
	authorizer  *authorizerPlan // nil where auth is another
	issuer      *issuerPlan     // nil where auth is another
	permissions []string
	scopes      []string
	throttling  *ThrottlingArgs // nil where the stage's are the route's
	function    *functionPlan
}

type functionPlan struct {
	// args have all defaults filled in; nothing of Defaults in those of a function
	// that exists.
	args FunctionArgs
	// property is the path of args in the component's arguments.
	property string
	// logicalName is Pulumi's name for the function and what belongs to it.
	logicalName string
	// physicalName is the function's name on AWS; empty where Pulumi names it.
	physicalName string
	// authorizer is whose function it is; nil for one that handles routes.
	authorizer *authorizerPlan
	routes     []routekey.Key
	// environment are the variables whose values need no resource: those of
	// args, and what the component tells the authorizer.
	environment map[string]pulumi.StringInput
	// target is what the function is compiled for, files stand beside the executable,
	// by name, and archive is the code.
	target  golambda.Target
	files   map[string]string
	archive golambda.Archive
}

// handlers returns the functions that handle routes.
func (p *plan) handlers() []*functionPlan {
	return slices.DeleteFunc(slices.Clone(p.functions), func(f *functionPlan) bool { return f.authorizer != nil })
}

// scope is where the program runs.
type scope struct {
	project, stack string
	// buildTarget is the value of contract.EnvBuildTarget.
	buildTarget string
}

// newPlan checks the arguments and compiles the functions.
func newPlan(ctx *pulumi.Context, name string, args *ProtectedHttpApiArgs) (*plan, error) {
	p, mistakes := check(scope{
		project:     ctx.Project(),
		stack:       ctx.Stack(),
		buildTarget: os.Getenv(contract.EnvBuildTarget),
	}, name, args)
	if err := p.record(ctx.Context(), os.Getenv(contract.EnvBuildRecord)); err != nil {
		return nil, err
	}
	if len(mistakes) > 0 { // nobody has to wait for a compiler to learn of them
		return nil, errors.Join(mistakes...)
	}
	if n := len(p.compiled()); n > 0 {
		// The CLI shows it during the compilation, and not in its summary.
		message := fmt.Sprintf("compiling %d Go functions; a first build compiles what they import too and takes longer", n)
		if err := ctx.Log.Info(message, &pulumi.LogArgs{Ephemeral: true}); err != nil {
			return nil, err
		}
	}
	return p, errors.Join(p.build(ctx.Context())...)
}

// checker turns arguments into a plan and collects the mistakes it meets.
type checker struct {
	mistakes
	scope scope
	args  ProtectedHttpApiArgs
	plan  *plan
	// byName and byPhysicalName find the functions that are in the plan already.
	byName, byPhysicalName map[string]*functionPlan
	// defaultAuthorizer is in the plan as soon as a route needs it.
	defaultAuthorizer *authorizerPlan
	// purposes are those of the secrets whose paths are known.
	purposes purposes
}

// check returns the plan for the arguments, and all the mistakes in them. A plan
// with mistakes is good for nothing.
func check(s scope, name string, args *ProtectedHttpApiArgs) (*plan, mistakes) {
	c := &checker{scope: s, plan: &plan{name: name},
		byName: map[string]*functionPlan{}, byPhysicalName: map[string]*functionPlan{}}
	if name == "" {
		c.addf("name", "is required")
	}
	if args == nil {
		c.addf("args", "is required")
		return c.plan, c.mistakes
	}
	c.args = *args
	c.checkBuildTarget()
	c.checkDefaults()
	c.planTables()
	c.plan.tags = args.Tags
	c.checkTags(args.Tags)
	c.plan.throttling = args.Throttling.or(defaultThrottling)
	c.checkThrottling("Throttling", args.Throttling)
	c.plan.stage = args.Stage
	c.plan.stage.Name = cmp.Or(args.Stage.Name, defaultStage)
	c.checkStage(c.plan.stage)
	c.checkAccessLogs(args.AccessLogs)
	c.checkDomain(args.Domain)
	c.planAuthorizers()
	c.planIssuers()
	c.checkRoutes(args.Routes)
	c.checkAuthorizers()
	c.checkIssuersUsed()
	c.checkCors(args.Cors)
	c.checkQuotas()
	c.checkMonitoring(args.Monitoring)
	c.checkLogicalNames()
	for _, f := range c.plan.functions {
		c.checkEnvironmentSize(f)
		c.checkPolicySize(f)
	}
	slices.SortFunc(c.plan.functions, func(a, b *functionPlan) int { return strings.Compare(a.logicalName, b.logicalName) })
	return c.plan, c.mistakes
}

// mistakes are errors that each begin with a property's path.
type mistakes []error

func (m *mistakes) add(property string, err error) {
	if err != nil {
		*m = append(*m, fmt.Errorf("%s: %w", property, err))
	}
}

func (m *mistakes) addf(property, format string, args ...any) {
	m.add(property, fmt.Errorf(format, args...))
}
