package components

import (
	"cmp"
	"path/filepath"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// FunctionArgs describes one Lambda function. Package, Code and Arn say which code
// it is, and exclude each other.
//
// A change of the code and of the environment at once is two calls on AWS: first
// the configuration, some seconds later the code. Until then requests meet the old
// code with the new environment. Where the old code cannot do with that, deploy
// code first that can do with both environments; or give the function another
// Name. Functions of another Name are other functions: they are there, with their
// permissions, before a route is switched over to them, and the old ones go last.
type FunctionArgs struct {
	// Package is the function's Go package, a package main: its folder, absolute or
	// relative to the program's folder, or its import path. What begins with "./" or
	// "../", and what is the name of a folder that is there, is a folder, and is
	// compiled in the module that it belongs to, which may be another than the
	// program's. Everything else is an import path, "github.com/acme/api/create" for
	// instance, and is compiled in the program's module, in the version that its
	// go.mod requires; a tool line there (go get -tool) keeps go mod tidy from
	// removing that requirement.
	Package string
	// Name is the function's name within the component, for instance
	// "create-event": letters, digits, "-" and "_". All that belongs to the
	// function is called after it. Two Names with the same Package are two
	// functions. Defaults to the last element of Package, or of Code's Path without
	// ".zip", or to the name in Arn.
	Name string
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
	// TableActions are what the function may do on the table: Read, Write,
	// ReadWrite, or DynamoDB actions, for instance "dynamodb:PutItem". Wildcards are
	// refused. With them, or with IndexActions, the function finds the table's name
	// in the environment variable TABLE_NAME. Defaults to none.
	TableActions []string
	// IndexActions are what the function may do on the table's indexes, by the
	// index's name: Read, or actions, "dynamodb:Query" for instance. Actions on the
	// table do not include its indexes. Defaults to none.
	IndexActions map[string][]string
	// Tables is what the function may do with the further tables, by their names in
	// ProtectedHttpApiArgs.Tables. Defaults to nothing.
	Tables map[string]TableAccess
	// Statements are what else the function may do. Defaults to none.
	Statements []StatementArgs

	// Code is prebuilt code, in any language.
	Code *CodeArgs
	// Arn is the ARN of a function that is there already, of which the component
	// makes nothing and can say nothing: beside it there is only Name, which is
	// required where the ARN is known only at deployment. A version or an alias at
	// its end is what API Gateway invokes. The component allows it to, for which
	// whoever deploys needs lambda:AddPermission on the function.
	Arn pulumi.StringInput
	// Build says how Package is compiled.
	Build *BuildArgs
	// Naming says what the function is called on AWS.
	Naming *NamingArgs
	// Logging says what is logged, where, and for how long.
	Logging *LoggingArgs
	// Architecture is the function's processor, "arm64" or "x86_64". Defaults to
	// "arm64".
	Architecture string
	// Layers are ARNs of layers' versions, at most 5, which Lambda unpacks to /opt in
	// this order. Layers that are for another processor fail at run time. Defaults to
	// those of Defaults; an empty slice that is not nil is none.
	Layers []pulumi.StringInput
	// Vpc connects the function to subnets. Defaults to Lambda's own network.
	Vpc *VpcArgs
	// ReservedConcurrency is how many invocations may run at once, which are set
	// aside from those of the account; 0 switches the function off. API Gateway
	// answers 500 to a request of a route whose function may not start another.
	// Defaults to no reservation.
	ReservedConcurrency *int
	// Tracing is "Active", with which Lambda samples requests and sends traces to
	// X-Ray, or "PassThrough", with which it samples none itself. Defaults to
	// "PassThrough".
	Tracing string
	// EphemeralStorage is the size of /tmp in MB, 512 to 10240. Defaults to 512.
	EphemeralStorage int
	// DeadLetterArn is the ARN of a queue of SQS or a topic of SNS, not FIFO, that
	// gets the events of failed asynchronous invocations, to which the function is
	// permitted. API Gateway invokes synchronously and answers 500 instead: it is
	// for functions that something else invokes too. Defaults to none.
	DeadLetterArn pulumi.StringInput
	// PermissionsBoundary is the ARN of the policy that bounds what the function's
	// role may do: of what the component grants, only what the boundary allows too.
	// Among that are the function's own logs. Defaults to none.
	PermissionsBoundary pulumi.StringInput
}

// NamingArgs say what a function is called on AWS. Defaults to
// {project}-{stack}-{component}-{Name}; where that has other characters or is too
// long, to something like it with a hash.
type NamingArgs struct {
	// PhysicalName is the function's name on AWS: letters, digits, "-" and "_",
	// at most 64 characters. A change replaces the function, and AWS has none
	// meanwhile; so give the old name here where the project or the stack is
	// renamed.
	PhysicalName string
	// AutoName has Pulumi name the function, and its log group unless there is a
	// Logging.Group: {component}-{Name} and random characters. The names outlive a
	// renaming of the project or the stack, and a function that is replaced is
	// there before the old one goes. It excludes PhysicalName. Defaults to
	// false.
	AutoName bool
}

// naming returns what Naming says.
func (f FunctionArgs) naming() NamingArgs {
	if f.Naming == nil {
		return NamingArgs{}
	}
	return *f.Naming
}

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
func (f FunctionArgs) given() bool { return f.Package != "" || f.Code != nil || f.Arn != nil }

// named fills in the Name.
func (f FunctionArgs) named() FunctionArgs {
	if f.Name != "" {
		return f
	}
	switch {
	case f.Package != "":
		f.Name = filepath.Base(packageIdentity(f.Package))
	case f.Code != nil && f.Code.Path != "":
		f.Name = strings.TrimSuffix(filepath.Base(absolute(f.Code.Path)), ".zip")
	case f.Arn != nil:
		if plain, ok := f.Arn.(pulumi.String); ok {
			arn, _ := parseFunctionArn(string(plain))
			f.Name = arn.name
		}
	}
	return f
}

// newFunction adds a function to the plan. Filled are the arguments with all
// defaults; args is what is said of this function alone.
func (c *checker) newFunction(property string, args, filled FunctionArgs, limits limits) *functionPlan {
	f := &functionPlan{args: filled, property: property, environment: filled.Environment}
	f.logicalName = functionLogicalNames.of(c.plan.name, filled.Name)
	if !filled.naming().AutoName {
		f.physicalName = cmp.Or(filled.naming().PhysicalName, functionNames.of(c.scope.project, c.scope.stack, c.plan.name, filled.Name))
	}
	c.plan.functions = append(c.plan.functions, f)
	if !args.given() {
		c.addf(property+".Package", "is required: give the folder or the import path of the function's Go package, or else Code or Arn")
	} else {
		c.checkName(f)
	}
	if args.Arn != nil {
		c.checkExisting(property, args)
		return f
	}
	if args.given() {
		c.checkPhysicalName(f)
	}
	c.checkSettings(property, args, limits)
	c.checkLogging(property+".Logging", args.Logging, filled.Logging)
	c.checkConcurrency(property, args)
	if args.DeadLetterArn != nil {
		c.add(property+".DeadLetterArn", plainly(args.DeadLetterArn, checkDeadLetterArn))
	}
	c.checkTableAccess(property, args)
	c.checkStatements(property, args.Statements)
	c.checkTarget(f)
	c.checkCodeArgs(f)
	c.checkPackage(f)
	return f
}

// checkSettings finds mistakes in what functions can have from Defaults too. What is
// not given is none.
func (c *checker) checkSettings(property string, args FunctionArgs, limits limits) {
	if args.MemorySize != 0 && (args.MemorySize < minMemorySize || args.MemorySize > maxMemorySize) {
		c.addf(property+".MemorySize", "%d is out of range: %d to %d MB", args.MemorySize, minMemorySize, maxMemorySize)
	}
	if args.Timeout != 0 && (args.Timeout < time.Second || args.Timeout > limits.maxTimeout) {
		c.addf(property+".Timeout", "%v is out of range: 1s to %v, %s", args.Timeout, limits.maxTimeout, limits.why)
	} else {
		c.add(property+".Timeout", checkWholeSeconds(args.Timeout))
	}
	if args.Architecture != "" {
		c.add(property+".Architecture", CheckArchitecture(args.Architecture))
	}
	if args.Tracing != "" && args.Tracing != tracingActive && args.Tracing != tracingPass {
		c.addf(property+".Tracing", "%q is not one of %q, %q", args.Tracing, tracingActive, tracingPass)
	}
	if n := args.EphemeralStorage; n != 0 && (n < minStorage || n > maxStorage) {
		c.addf(property+".EphemeralStorage", "%d is out of range: %d to %d MB", n, minStorage, maxStorage)
	}
	if args.PermissionsBoundary != nil {
		c.add(property+".PermissionsBoundary", plainly(args.PermissionsBoundary, checkPolicyArn))
	}
	c.checkBuild(property+".Build", args)
	c.checkEnvironment(property+".Environment", args.Environment)
	c.checkLayers(property+".Layers", args.Layers)
	c.checkVpc(property+".Vpc", args.Vpc)
}

func (c *checker) checkConcurrency(property string, args FunctionArgs) {
	if n := args.ReservedConcurrency; n != nil && *n < 0 {
		c.addf(property+".ReservedConcurrency", "%d is negative: leave it out for no reservation, 0 switches the function off", *n)
	}
}

func (c *checker) checkName(f *functionPlan) {
	property := f.property + ".Name"
	switch {
	case f.args.Name == "":
		c.addf(property, "is required: the name in the ARN is known only at deployment")
	case functionNames.other.MatchString(f.args.Name):
		c.addf(property, "%q has a character other than letters, digits, - and _: give the function another Name", f.args.Name)
	}
	if f.args.Name != "" {
		c.byName[f.args.Name] = f
	}
}

func (c *checker) checkPhysicalName(f *functionPlan) {
	property, naming := f.property+".Naming.PhysicalName", f.args.naming()
	switch name := naming.PhysicalName; {
	case name == "":
	case naming.AutoName:
		c.addf(property, "%q is not possible with AutoName, which leaves the name to Pulumi: leave out one of them", name)
	case functionNames.other.MatchString(name) || len(name) > maxFunctionName:
		c.addf(property, "%q is not a name that AWS allows: up to %d letters, digits, - and _", name, maxFunctionName)
	}
	if other, ok := c.byPhysicalName[f.physicalName]; ok && f.physicalName != "" && other.args.Name != f.args.Name {
		c.addf(property, "%q is the name of %s on AWS too: give one of them another", f.physicalName, other.property)
	}
	c.byPhysicalName[f.physicalName] = f
}

// createFunctions makes the functions, each with what it needs to run.
func (c *ProtectedHttpApi) createFunctions(ctx *pulumi.Context, p *plan) error {
	c.Functions, c.LogGroups = map[string]*lambda.Function{}, map[string]*cloudwatch.LogGroup{}
	c.Roles, c.RolePolicies = map[string]*iam.Role{}, map[string]*iam.RolePolicy{}
	c.logGroupNames = map[string]pulumi.StringOutput{}
	for _, f := range p.functions {
		if !f.made() {
			continue
		}
		if err := c.createFunction(ctx, p, f); err != nil {
			return err
		}
	}
	return nil
}

// createFunction makes a log group, a role, its policy, and then the function.
// Lambda would make a missing log group itself, without retention and out of
// Pulumi's sight. A function that is there before its policy would fail its
// first requests.
func (c *ProtectedHttpApi) createFunction(ctx *pulumi.Context, p *plan, f *functionPlan) error {
	logs, err := c.createLogGroup(ctx, p, f)
	if err != nil {
		return err
	}
	c.logGroupNames[f.args.Name] = logs.name
	role, err := iam.NewRole(ctx, f.logicalName, &iam.RoleArgs{
		AssumeRolePolicy:    pulumi.String(trustPolicy),
		PermissionsBoundary: optionalInput(f.args.PermissionsBoundary),
		Tags:                p.tagInputs(),
	}, pulumi.Parent(c))
	if err != nil {
		return err
	}
	c.Roles[f.args.Name] = role
	policy, err := iam.NewRolePolicy(ctx, f.logicalName, &iam.RolePolicyArgs{
		Role:   role.Name,
		Policy: c.functionPolicy(p, f, logs.arn),
	}, pulumi.Parent(c))
	if err != nil {
		return err
	}
	c.RolePolicies[f.args.Name] = policy
	environment, opts := c.environment(ctx, p, f, logs.arn)
	args := f.lambdaArgs(logs)
	args.Role = role.Arn
	args.Tags = p.tagInputs()
	if len(environment) > 0 {
		args.Environment = lambda.FunctionEnvironmentArgs{Variables: environment}
	}
	opts = append(opts, pulumi.Parent(c), pulumi.DependsOn(append(logs.resources, policy)))
	c.Functions[f.args.Name], err = lambda.NewFunction(ctx, f.logicalName, args, opts...)
	return err
}

// lambdaArgs returns what Lambda gets of a function, but for the role and the
// environment.
//
// The defaults of logging, tracing and storage are sent too: where they are unset,
// AWS's provider keeps what was set before.
func (f *functionPlan) lambdaArgs(logs logGroup) *lambda.FunctionArgs {
	args := &lambda.FunctionArgs{
		Name:             optional(f.physicalName),
		Runtime:          pulumi.String(goRuntime),
		Handler:          pulumi.String("bootstrap"),
		Architectures:    pulumi.StringArray{pulumi.String(f.architecture())},
		Code:             pulumi.NewFileArchive(f.archive.Path),
		SourceCodeHash:   pulumi.String(f.archive.SHA256),
		MemorySize:       pulumi.Int(f.args.MemorySize),
		Timeout:          pulumi.Int(int(f.args.Timeout / time.Second)),
		TracingConfig:    lambda.FunctionTracingConfigArgs{Mode: pulumi.String(f.args.Tracing)},
		EphemeralStorage: lambda.FunctionEphemeralStorageArgs{Size: pulumi.Int(f.args.EphemeralStorage)},
		LoggingConfig: lambda.FunctionLoggingConfigArgs{
			LogFormat:           pulumi.String(f.args.Logging.Format),
			LogGroup:            logs.name,
			ApplicationLogLevel: optional(f.args.Logging.ApplicationLevel),
			SystemLogLevel:      optional(f.args.Logging.SystemLevel),
		},
	}
	if code := f.args.Code; code != nil {
		args.Runtime, args.Handler = pulumi.String(code.Runtime), pulumi.String(code.handler())
	}
	if len(f.args.Layers) > 0 {
		args.Layers = pulumi.StringArray(f.args.Layers)
	}
	if f.args.Vpc.connects() {
		args.VpcConfig = lambda.FunctionVpcConfigArgs{
			SubnetIds:        pulumi.StringArray(f.args.Vpc.SubnetIds),
			SecurityGroupIds: pulumi.StringArray(f.args.Vpc.SecurityGroupIds),
		}
	}
	if n := f.args.ReservedConcurrency; n != nil {
		args.ReservedConcurrentExecutions = pulumi.Int(*n)
	}
	if arn := f.args.DeadLetterArn; arn != nil {
		args.DeadLetterConfig = lambda.FunctionDeadLetterConfigArgs{TargetArn: arn}
	}
	return args
}
