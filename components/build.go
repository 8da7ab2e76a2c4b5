package components

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/components/golambda"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// BuildArgs say how a Go package is compiled.
type BuildArgs struct {
	// Tags are build tags, for //go:build lines, as in go build -tags; GOFLAGS may
	// repeat them, but not differ. Defaults to none but lambda.norpc, which every
	// function has.
	Tags []string
	// LdFlags are arguments of the linker, one an element, as in go build
	// -ldflags: "-X=main.version=1.2". Whoever may read the function's code can read
	// them, and they are in the stack's state in plain text. Defaults to none but -s
	// and -w, which every function has.
	LdFlags []string
	// GoExperiment are the Go toolchain's experiments, as in the environment
	// variable GOEXPERIMENT, which may repeat it but not differ: "jsonv2". Defaults
	// to none.
	GoExperiment string
	// GoFips140 is the version of Go's cryptographic module, as in the environment
	// variable GOFIPS140, which may repeat it but not differ: "latest", "v1.0.0".
	// Defaults to "off".
	GoFips140 string
}

// orNone returns what is given, nothing where nothing is.
func (b *BuildArgs) orNone() BuildArgs {
	if b == nil {
		return BuildArgs{}
	}
	return *b
}

// filled returns the arguments with defaults.
func (b *BuildArgs) filled(defaults *BuildArgs) *BuildArgs {
	own, d := b.orNone(), defaults.orNone()
	if own.Tags == nil {
		own.Tags = d.Tags
	}
	if own.LdFlags == nil {
		own.LdFlags = d.LdFlags
	}
	own.GoExperiment = cmp.Or(own.GoExperiment, d.GoExperiment)
	own.GoFips140 = cmp.Or(own.GoFips140, d.GoFips140)
	return &own
}

// CheckArchitecture returns an error that names the value and what is allowed,
// unless architecture may be FunctionArgs.Architecture.
func CheckArchitecture(architecture string) error {
	if architecture != golambda.ARM64 && architecture != golambda.X8664 {
		return fmt.Errorf("%q is not one of %q, %q", architecture, golambda.ARM64, golambda.X8664)
	}
	return nil
}

const defaultArchitecture = golambda.ARM64

// checkTarget plans what to compile the function for.
func (c *checker) checkTarget(f *functionPlan) {
	if CheckArchitecture(f.args.Architecture) == nil {
		f.target, _ = golambda.NewTarget(f.args.Architecture, c.scope.buildTarget) // checkBuildTarget tells what is wrong
	}
}

// checkBuildTarget refuses an environment that names an unknown target.
func (c *checker) checkBuildTarget() {
	target, err := golambda.NewTarget(defaultArchitecture, c.scope.buildTarget)
	if err != nil {
		c.mistakes = append(c.mistakes, err) // begins with the environment variable
	}
	c.plan.host = target.Host()
}

// architecture is the processor that the function runs on: for one that was compiled
// here, what it was compiled for.
func (f *functionPlan) architecture() string {
	if f.args.Package == "" {
		return f.args.Architecture
	}
	return f.target.Architecture()
}

// checkPackage finds mistakes that need no compiler in the choice of a package.
func (c *checker) checkPackage(f *functionPlan) {
	build := f.args.Build.orNone()
	if f.args.Package == "" || f.target == (golambda.Target{}) || golambda.CheckBuildTags(build.Tags) != nil || golambda.CheckLdFlags(build.LdFlags) != nil {
		return
	}
	c.add(f.property+".Package", f.goPackage().Check(f.target))
}

// packageIdentity returns the one name of a package that can be named in many ways.
func packageIdentity(name string) string {
	if name == "" || !golambda.IsFolder(name) {
		return name
	}
	return absolute(name)
}

// absolute returns the one name of a path that can be written in many ways.
func absolute(path string) string {
	if path, err := filepath.Abs(path); err == nil {
		return path
	}
	return filepath.Clean(path)
}

// compiled returns the functions that are compiled.
func (p *plan) compiled() []*functionPlan {
	return slices.DeleteFunc(slices.Clone(p.functions), func(f *functionPlan) bool { return f.args.Package == "" })
}

// record tells the local AWS what the functions are compiled from, those with
// mistakes too: it watches their sources.
func (p *plan) record(ctx context.Context, file string) error {
	if file == "" {
		return nil
	}
	var packages []golambda.Package
	for _, f := range p.compiled() {
		packages = append(packages, f.goPackage())
	}
	return golambda.Record(ctx, file, packages)
}

// build compiles the functions, and returns the errors as mistakes. What several are
// made from is compiled once.
func (p *plan) build(ctx context.Context) mistakes {
	type job struct {
		packages  []golambda.Package
		functions [][]*functionPlan // by package
		found     map[string]int
	}
	var targets []golambda.Target
	jobs := map[golambda.Target]*job{}
	for _, f := range p.compiled() {
		j := jobs[f.target]
		if j == nil {
			j = &job{found: map[string]int{}}
			jobs[f.target], targets = j, append(targets, f.target)
		}
		key := fmt.Sprintf("%q", f.goPackage())
		i, ok := j.found[key]
		if !ok {
			i = len(j.packages)
			j.found[key], j.packages, j.functions = i, append(j.packages, f.goPackage()), append(j.functions, nil)
		}
		j.functions[i] = append(j.functions[i], f)
	}
	var m mistakes
	for _, target := range targets {
		j := jobs[target]
		archives, err := golambda.Build(ctx, golambda.Options{Packages: j.packages, Target: target})
		var failed golambda.Errors
		if errors.As(err, &failed) {
			for _, f := range failed {
				m.add(j.functions[f.Index][0].property+".Package", f)
			}
		} else if err != nil {
			m = append(m, err)
		}
		for i, archive := range archives {
			for _, f := range j.functions[i] {
				f.archive = archive
			}
		}
	}
	return m
}

// goPackage is what the function is compiled from.
func (f *functionPlan) goPackage() golambda.Package {
	build := f.args.Build.orNone()
	return golambda.Package{
		Path: f.args.Package, BuildTags: build.Tags, LdFlags: build.LdFlags, Experiment: build.GoExperiment, FIPS140: build.GoFips140, Files: f.files,
	}
}

// checkBuild finds mistakes in how a function is compiled.
func (c *checker) checkBuild(property string, args FunctionArgs) {
	build := args.Build.orNone()
	c.add(property+".Tags", golambda.CheckBuildTags(build.Tags))
	c.add(property+".LdFlags", golambda.CheckLdFlags(build.LdFlags))
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
	if !p.host || len(p.compiled()) == 0 {
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
