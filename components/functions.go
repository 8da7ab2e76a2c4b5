package components

import (
	"cmp"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// FunctionArgs describes one Lambda function.
//
// A change of the code and of the environment at once is two calls on AWS: first
// the configuration, some seconds later the code. Until then requests meet the old
// code with the new environment. Where the old code cannot do with that, deploy
// code first that can do with both environments; or give the function another
// Name. Functions of another Name are other functions: they are there, with their
// permissions, before a route is switched over to them, and the old ones go last.
type FunctionArgs struct {
	// Package is the folder of the function's Go package, absolute or relative
	// to the program's folder. It must be a package main; the module that it
	// belongs to may be another than the program's.
	Package string
	// Name is the function's name within the component, for instance
	// "create-event": letters, digits, "-" and "_". All that belongs to the
	// function is called after it. Two Names with the same Package are two
	// functions. Defaults to the last element of Package.
	Name string
	// PhysicalName is the function's name on AWS: letters, digits, "-" and "_",
	// at most 64 characters. A change replaces the function, and AWS has none
	// meanwhile; so give the old name here where the project or the stack is
	// renamed. Defaults to {project}-{stack}-{component}-{Name}; where that has
	// other characters or is too long, to something like it with a hash.
	PhysicalName string
	// AutoName has Pulumi name the function, and its log group unless LogGroup
	// is given: {component}-{Name} and random characters. The names outlive a
	// renaming of the project or the stack, and a function that is replaced is
	// there before the old one goes. It excludes PhysicalName. Defaults to
	// false.
	AutoName bool
	// LogGroup is the name of a log group that is there already, for instance
	// one that the program makes, which the function writes to. The component
	// neither creates nor deletes it, and its retention is its own: the logs
	// outlive the function. Several functions may share one. Defaults to a log
	// group of the function's own, /aws/lambda/{name on AWS}.
	LogGroup pulumi.StringInput
	// BuildTags are tags for //go:build lines, as in go build -tags; GOFLAGS may
	// repeat them, but not differ. Defaults to none but lambda.norpc, which every
	// function has.
	BuildTags []string
	// LdFlags are arguments of the linker, one an element, as in go build
	// -ldflags: "-X=main.version=1.2". Whoever may read the function's code can read
	// them. Defaults to none but -s and -w, which every function has.
	LdFlags []string
	// GoExperiment are the Go toolchain's experiments, as in the environment
	// variable GOEXPERIMENT, which may repeat it but not differ: "jsonv2". Defaults
	// to none.
	GoExperiment string
	// GoFips140 is the version of Go's cryptographic module, as in the environment
	// variable GOFIPS140, which may repeat it but not differ: "latest", "v1.0.0".
	// Defaults to "off".
	GoFips140 string
	// MemorySize is the function's memory in MB, 128 to 10240. Lambda gives
	// processor time in proportion. Defaults to 128.
	MemorySize int
	// Timeout is how long an invocation may take, whole seconds: 1s to 30s for
	// a route's function, since API Gateway waits no longer, 1s to 10s for the
	// authorizer's. Defaults to 10s.
	Timeout time.Duration
	// Environment are further environment variables. The names that Lambda
	// reserves and the component's own are refused. Defaults to none.
	Environment map[string]pulumi.StringInput
	// TableActions are the DynamoDB actions that the function may take on the
	// table, for instance "dynamodb:PutItem". Wildcards are refused. With
	// them, or with IndexActions, the function finds the table's name in the
	// environment variable TABLE_NAME. Defaults to none.
	TableActions []string
	// IndexActions are the actions that the function may take on the table's
	// indexes, by the index's name; "dynamodb:Query" for instance. Actions on
	// the table do not include its indexes. Defaults to none.
	IndexActions map[string][]string
}

// usesTable reports whether the function may do anything with the table.
func (f FunctionArgs) usesTable() bool { return len(f.TableActions)+len(f.IndexActions) > 0 }

const (
	defaultMemorySize = 128
	defaultTimeout    = 10 * time.Second
)

// Limits of Lambda (Lambda developer guide, "Lambda quotas" and API reference,
// CreateFunction) and IAM (IAM user guide, "IAM and AWS STS quotas").
const (
	minMemorySize, maxMemorySize = 128, 10240
	maxFunctionName              = 64
	maxRoleName                  = 64
	// autoNameSuffix is what Pulumi adds to a logical name: a hyphen and seven
	// random characters.
	autoNameSuffix = 8
)

// limits are what the caller of a function allows it.
type limits struct {
	maxTimeout time.Duration
	why        string
}

var (
	// API Gateway developer guide, "Quotas for configuring and running an HTTP
	// API".
	routeLimits      = limits{30 * time.Second, "API Gateway waits no longer for an integration"}
	authorizerLimits = limits{10 * time.Second, "API Gateway waits no longer for an authorizer"}
)

// given reports whether the arguments say which function they mean.
func (f FunctionArgs) given() bool { return f.Package != "" }

// withDefaults fills what the arguments leave out.
func withDefaults(args FunctionArgs) FunctionArgs {
	if args.given() {
		args.Name = cmp.Or(args.Name, filepath.Base(absolute(args.Package)))
	}
	args.MemorySize = cmp.Or(args.MemorySize, defaultMemorySize)
	args.Timeout = cmp.Or(args.Timeout, defaultTimeout)
	return args
}

// newFunction adds a function to the plan.
func (c *checker) newFunction(property string, args FunctionArgs, limits limits) *functionPlan {
	f := &functionPlan{args: args, property: property, environment: args.Environment}
	f.logicalName = functionLogicalNames.of(c.plan.name, args.Name)
	if !args.AutoName {
		f.physicalName = cmp.Or(args.PhysicalName, functionNames.of(c.scope.project, c.scope.stack, c.plan.name, args.Name))
	}
	c.plan.functions = append(c.plan.functions, f)
	if args.Package == "" {
		c.addf(property+".Package", "is required: give the folder of the function's Go package")
	} else {
		c.checkName(f)
		c.checkPhysicalName(f)
	}
	c.checkLogGroup(property+".LogGroup", args.LogGroup)
	if args.MemorySize < minMemorySize || args.MemorySize > maxMemorySize {
		c.addf(property+".MemorySize", "%d is out of range: %d to %d MB", args.MemorySize, minMemorySize, maxMemorySize)
	}
	if args.Timeout < time.Second || args.Timeout > limits.maxTimeout {
		c.addf(property+".Timeout", "%v is out of range: 1s to %v, %s", args.Timeout, limits.maxTimeout, limits.why)
	} else {
		c.add(property+".Timeout", checkWholeSeconds(args.Timeout))
	}
	c.checkBuild(property, args)
	c.checkEnvironment(property+".Environment", args.Environment)
	c.checkTableAccess(property, args)
	return f
}

func (c *checker) checkName(f *functionPlan) {
	property := f.property + ".Name"
	c.byName[f.args.Name] = f
	if functionNames.other.MatchString(f.args.Name) {
		c.addf(property, "%q has a character other than letters, digits, - and _: give the function another Name", f.args.Name)
	}
}

func (c *checker) checkPhysicalName(f *functionPlan) {
	property, name := f.property+".PhysicalName", f.args.PhysicalName
	switch {
	case name == "":
	case f.args.AutoName:
		c.addf(property, "%q is not possible with AutoName, which leaves the name to Pulumi: leave out one of them", name)
	case functionNames.other.MatchString(name) || len(name) > maxFunctionName:
		c.addf(property, "%q is not a name that AWS allows: up to %d letters, digits, - and _", name, maxFunctionName)
	}
	if other, ok := c.byPhysicalName[f.physicalName]; ok && f.physicalName != "" && other.args.Name != f.args.Name {
		c.addf(property, "%q is the name of %s on AWS too: give one of them another", f.physicalName, other.property)
	}
	c.byPhysicalName[f.physicalName] = f
}

// absolute returns the one name of a folder that can be written in many ways.
func absolute(folder string) string {
	if path, err := filepath.Abs(folder); err == nil {
		return path
	}
	return filepath.Clean(folder)
}

// differences returns the names of the fields in which two functions differ.
func differences(a, b FunctionArgs) []string {
	var fields []string
	for _, field := range []struct {
		name string
		same bool
	}{
		{"Package", absolute(a.Package) == absolute(b.Package)},
		{"PhysicalName", a.PhysicalName == b.PhysicalName},
		{"AutoName", a.AutoName == b.AutoName},
		{"LogGroup", sameInput(a.LogGroup, b.LogGroup)},
		{"BuildTags", slices.Equal(a.BuildTags, b.BuildTags)},
		{"LdFlags", slices.Equal(a.LdFlags, b.LdFlags)},
		{"GoExperiment", a.GoExperiment == b.GoExperiment},
		{"GoFips140", a.GoFips140 == b.GoFips140},
		{"MemorySize", a.MemorySize == b.MemorySize},
		{"Timeout", a.Timeout == b.Timeout},
		{"Environment", maps.EqualFunc(a.Environment, b.Environment, sameInput)},
		{"TableActions", slices.Equal(a.TableActions, b.TableActions)},
		{"IndexActions", maps.EqualFunc(a.IndexActions, b.IndexActions, slices.Equal[[]string])},
	} {
		if !field.same {
			fields = append(fields, field.name)
		}
	}
	return fields
}

// sameInput reports whether two inputs are the same plain value or the same
// output. Nobody can compare what two outputs will hold before it is known.
func sameInput(a, b pulumi.StringInput) bool {
	if a == nil || b == nil {
		return a == b
	}
	return reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b
}

// createFunctions makes the functions, each with what it needs to run.
func (c *ProtectedHttpApi) createFunctions(ctx *pulumi.Context, p *plan) error {
	c.Functions, c.LogGroups = map[string]*lambda.Function{}, map[string]*cloudwatch.LogGroup{}
	c.Roles, c.RolePolicies = map[string]*iam.Role{}, map[string]*iam.RolePolicy{}
	c.logGroupNames = map[string]pulumi.StringOutput{}
	for _, f := range p.functions {
		function, err := c.createFunction(ctx, p, f)
		if err != nil {
			return err
		}
		c.Functions[f.args.Name] = function
	}
	return nil
}

// createFunction makes a log group, a role, its policy, and then the function.
// Lambda would make a missing log group itself, without retention and out of
// Pulumi's sight. A function that is there before its policy would fail its
// first requests.
func (c *ProtectedHttpApi) createFunction(ctx *pulumi.Context, p *plan, f *functionPlan) (*lambda.Function, error) {
	logs, err := c.createLogGroup(ctx, p, f)
	if err != nil {
		return nil, err
	}
	c.logGroupNames[f.args.Name] = logs.name
	role, err := iam.NewRole(ctx, f.logicalName, &iam.RoleArgs{
		AssumeRolePolicy: pulumi.String(trustPolicy),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, err
	}
	c.Roles[f.args.Name] = role
	policy, err := iam.NewRolePolicy(ctx, f.logicalName, &iam.RolePolicyArgs{
		Role:   role.Name,
		Policy: c.functionPolicy(f, logs.arn),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, err
	}
	c.RolePolicies[f.args.Name] = policy
	environment, opts := c.environment(ctx, p, f)
	args := &lambda.FunctionArgs{
		Name:           optional(f.physicalName),
		Role:           role.Arn,
		Runtime:        pulumi.String("provided.al2023"),
		Handler:        pulumi.String("bootstrap"),
		Architectures:  pulumi.StringArray{pulumi.String(p.target.Architecture())},
		Code:           pulumi.NewFileArchive(f.archive.Path),
		SourceCodeHash: pulumi.String(f.archive.SHA256),
		MemorySize:     pulumi.Int(f.args.MemorySize),
		Timeout:        pulumi.Int(int(f.args.Timeout / time.Second)),
	}
	if len(environment) > 0 {
		args.Environment = lambda.FunctionEnvironmentArgs{Variables: environment}
	}
	if f.choosesLogGroup() {
		args.LoggingConfig = lambda.FunctionLoggingConfigArgs{LogFormat: pulumi.String("Text"), LogGroup: logs.name}
	}
	opts = append(opts, pulumi.Parent(c), pulumi.DependsOn(append(logs.resources, policy)))
	return lambda.NewFunction(ctx, f.logicalName, args, opts...)
}
