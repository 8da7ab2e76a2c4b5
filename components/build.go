package components

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/components/golambda"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// CheckArchitecture returns an error that names the value and what is allowed,
// unless architecture may be ProtectedHttpApiArgs.Architecture.
func CheckArchitecture(architecture string) error {
	if architecture != golambda.ARM64 && architecture != golambda.X8664 {
		return fmt.Errorf("%q is not one of %q, %q", architecture, golambda.ARM64, golambda.X8664)
	}
	return nil
}

const defaultArchitecture = golambda.ARM64

// checkTarget plans what to compile for.
func (c *checker) checkTarget(architecture string) {
	if err := CheckArchitecture(architecture); err != nil {
		c.add("Architecture", err)
		return
	}
	target, err := golambda.NewTarget(architecture, c.scope.buildTarget)
	if err != nil {
		c.mistakes = append(c.mistakes, err) // begins with the environment variable
	}
	c.plan.target = target
}

// build compiles the functions, and returns the errors as mistakes.
func (p *plan) build(ctx context.Context) mistakes {
	var packages []golambda.Package
	index := map[string]int{}       // of packages, by all that they are
	var functions [][]*functionPlan // by package
	for _, f := range p.functions {
		if f.args.Package == "" {
			continue
		}
		key := fmt.Sprintf("%#v", f.goPackage())
		i, ok := index[key]
		if !ok {
			i = len(packages)
			index[key] = i
			packages, functions = append(packages, f.goPackage()), append(functions, nil)
		}
		functions[i] = append(functions[i], f)
	}
	if len(packages) == 0 {
		return nil
	}
	archives, err := golambda.Build(ctx, golambda.Options{Packages: packages, Target: p.target, Record: p.buildRecord})
	var failed golambda.Errors
	if errors.As(err, &failed) {
		var m mistakes
		for _, f := range failed {
			m.add(functions[slices.IndexFunc(packages, func(p golambda.Package) bool { return p.Folder == f.Package })][0].property+".Package", f)
		}
		return m
	}
	if err != nil {
		return mistakes{err}
	}
	for i, archive := range archives {
		for _, f := range functions[i] {
			f.archive = archive
		}
	}
	return nil
}

// goPackage is what the function is compiled from.
func (f *functionPlan) goPackage() golambda.Package {
	return golambda.Package{
		Folder: f.args.Package, BuildTags: f.args.BuildTags, LdFlags: f.args.LdFlags,
		Experiment: f.args.GoExperiment, FIPS140: f.args.GoFips140, Files: f.files,
	}
}

// checkBuild finds mistakes in how a function is compiled.
func (c *checker) checkBuild(property string, args FunctionArgs) {
	c.add(property+".BuildTags", golambda.CheckBuildTags(args.BuildTags))
	c.add(property+".LdFlags", golambda.CheckLdFlags(args.LdFlags))
}

// goVersions are the toolchains that have compiled the functions, without
// repetition.
func (p *plan) goVersions() []string {
	var versions []string
	for _, f := range p.functions {
		if f.archive.GoVersion != "" {
			versions = append(versions, f.archive.GoVersion)
		}
	}
	slices.Sort(versions)
	return slices.Compact(versions)
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
