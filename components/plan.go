package components

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/components/golambda"
	"github.com/protected-http-api/protected-http-api/components/internal/routekey"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// plan is what the component will register: its arguments, checked, with their
// defaults, in an order that does not depend on that of a map.
type plan struct {
	name             string
	target           golambda.Target
	logRetentionDays int
	table            *TableArgs
	routes           []routePlan     // by route key
	functions        []*functionPlan // by name, the authorizer's among them
	authorizer       *functionPlan   // nil where every route is public
	authorizerArgs   AuthorizerArgs
}

type routePlan struct {
	key         routekey.Key
	auth        Auth
	permissions []string
	function    *functionPlan
}

type functionPlan struct {
	args FunctionArgs
	// property is the path of args in the component's arguments.
	property string
	// logicalName is Pulumi's name for the function and what belongs to it.
	logicalName string
	// physicalName is the function's name on AWS.
	physicalName string
	routes       []routekey.Key
	// environment are the variables that are there before any resource is:
	// those of args, and what the component tells the authorizer.
	environment map[string]pulumi.StringInput
	archive     golambda.Archive
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
	if len(p.functions) > 0 {
		// Shown while it lasts, and kept in no summary.
		message := fmt.Sprintf("compiling %d Go functions; a first build compiles what they import too and takes longer", len(p.functions))
		if err := ctx.Log.Info(message, &pulumi.LogArgs{Ephemeral: true}); err != nil {
			return nil, err
		}
	}
	mistakes = append(mistakes, p.build(ctx.Context())...)
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	return p, nil
}

// build compiles the functions and returns what went wrong.
func (p *plan) build(ctx context.Context) mistakes {
	var packages []string
	var functions []*functionPlan
	for _, f := range p.functions {
		if f.args.Package != "" {
			packages, functions = append(packages, f.args.Package), append(functions, f)
		}
	}
	if len(packages) == 0 {
		return nil
	}
	archives, err := golambda.Build(ctx, golambda.Options{Packages: packages, Target: p.target})
	var failed golambda.Errors
	if errors.As(err, &failed) {
		var m mistakes
		for _, f := range failed {
			m.add(functions[slices.Index(packages, f.Package)].property+".Package", f)
		}
		return m
	}
	if err != nil {
		return mistakes{err}
	}
	for i, archive := range archives {
		functions[i].archive = archive
	}
	return nil
}

// handlers returns the functions that handle routes.
func (p *plan) handlers() []*functionPlan {
	return slices.DeleteFunc(slices.Clone(p.functions), func(f *functionPlan) bool { return f == p.authorizer })
}

// checkAccount refuses functions that were compiled for this machine on any
// AWS but the local one. AWS would take them and fail every request.
func (c *ProtectedHttpApi) checkAccount(ctx *pulumi.Context, p *plan) error {
	if !p.target.Host() {
		return nil
	}
	identity, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, pulumi.Parent(c))
	if err != nil {
		return fmt.Errorf("finding the AWS account: %w", err)
	}
	if identity.AccountId != contract.LocalAccountID {
		return fmt.Errorf("environment variable %s is %q, which compiles functions for the local AWS only, but this stack deploys to the AWS account %s: unset the variable",
			contract.EnvBuildTarget, contract.BuildTargetHost, identity.AccountId)
	}
	return nil
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

// quoted returns the strings in quotes, in one line.
func quoted(list []string) string {
	var text []string
	for _, s := range list {
		text = append(text, fmt.Sprintf("%q", s))
	}
	return strings.Join(text, ", ")
}
