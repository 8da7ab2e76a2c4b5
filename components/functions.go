package components

import (
	"maps"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

const (
	defaultMemorySize = 128
	defaultTimeout    = 10 * time.Second
)

// FunctionArgs describes one Lambda function.
type FunctionArgs struct {
	// Package is the folder of the function's Go package, absolute or relative
	// to the program's folder. It must be a package main; the module that it
	// belongs to may be another than the program's.
	Package string
	// Name is the function's name within the component, for instance
	// "create-event": letters, digits, "-" and "_". The name on AWS is
	// {project}-{stack}-{component}-{Name}, at most 64 characters. Defaults to
	// the last element of Package.
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

// createFunctions makes the functions, each with what it needs to run.
func (c *ProtectedHttpApi) createFunctions(ctx *pulumi.Context, p *plan) error {
	c.Functions = map[string]*lambda.Function{}
	for _, f := range p.functions {
		function, err := c.createFunction(ctx, p, f)
		if err != nil {
			return err
		}
		c.Functions[f.args.Name] = function
	}
	return nil
}

// createFunction makes a log group, a role with its policy, and a function, in
// this order: Lambda would make a missing log group itself, without retention
// and out of Pulumi's sight, and a function without its policy would fail the
// requests of its first seconds.
func (c *ProtectedHttpApi) createFunction(ctx *pulumi.Context, p *plan, f *functionPlan) (*lambda.Function, error) {
	logGroup, err := cloudwatch.NewLogGroup(ctx, f.logicalName, &cloudwatch.LogGroupArgs{
		// Where Lambda writes by itself (Lambda developer guide, "Sending
		// Lambda function logs to CloudWatch Logs"). Its default text format is
		// what suits a function that writes JSON lines of its own.
		Name:            pulumi.String("/aws/lambda/" + f.physicalName),
		RetentionInDays: pulumi.Int(p.logRetentionDays),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, err
	}
	role, err := iam.NewRole(ctx, f.logicalName, &iam.RoleArgs{
		AssumeRolePolicy: pulumi.String(trustPolicy),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, err
	}
	policy, err := iam.NewRolePolicy(ctx, f.logicalName, &iam.RolePolicyArgs{
		Role:   role.Name,
		Policy: c.functionPolicy(p, f, logGroup.Arn),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, err
	}
	environment, opts := c.environment(ctx, p, f)
	args := &lambda.FunctionArgs{
		Name:           pulumi.String(f.physicalName),
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
	opts = append(opts, pulumi.Parent(c), pulumi.DependsOn([]pulumi.Resource{logGroup, policy}))
	return lambda.NewFunction(ctx, f.logicalName, args, opts...)
}

// environment returns the function's environment variables, and the resource
// options that they need.
func (c *ProtectedHttpApi) environment(ctx *pulumi.Context, p *plan, f *functionPlan) (pulumi.StringMap, []pulumi.ResourceOption) {
	variables := pulumi.StringMap{}
	maps.Copy(variables, f.environment)
	if f.args.usesTable() {
		variables[contract.EnvTableName] = c.Table.Name
	}
	if f != p.authorizer {
		return variables, nil
	}
	if c.ApiKeyTable != nil {
		variables[contract.EnvAPIKeyTable] = c.ApiKeyTable.Name
	}
	if c.StateTable != nil {
		variables[contract.EnvStateTable] = c.StateTable.Name
	}
	if !p.authorizerArgs.InjectSecret {
		return variables, nil
	}
	variables[contract.EnvSecret] = c.lookupSecret(ctx, p.authorizerArgs.SecretPath)
	// The provider reads the variables back from AWS, where they are not
	// marked as secret.
	return variables, []pulumi.ResourceOption{pulumi.AdditionalSecretOutputs([]string{"environment"})}
}
