package components

import (
	"cmp"
	"maps"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// FunctionDefaults are what all functions of the component share, unless a function
// says otherwise. They are no concern of existing functions (Arn), and those with
// prebuilt code (Code) have nothing of Build.
type FunctionDefaults struct {
	// Architecture is as FunctionArgs.Architecture.
	Architecture string
	// MemorySize is as FunctionArgs.MemorySize.
	MemorySize int
	// Timeout is as FunctionArgs.Timeout. An authorizer, which may have 10s, gets no
	// more of it.
	Timeout time.Duration
	// Environment are variables of each function, the authorizers' too. A variable
	// of the function's own with the same name wins.
	Environment map[string]pulumi.StringInput
	// Build is as FunctionArgs.Build; a function's own wins field by field.
	Build *BuildArgs
	// Logging is as FunctionArgs.Logging; a function's own wins field by field.
	Logging *LoggingArgs
	// Layers are as FunctionArgs.Layers.
	Layers []pulumi.StringInput
	// Vpc is as FunctionArgs.Vpc. A function whose own names no subnet stays out of
	// it.
	Vpc *VpcArgs
	// Tracing is as FunctionArgs.Tracing.
	Tracing string
	// PermissionsBoundary is as FunctionArgs.PermissionsBoundary.
	PermissionsBoundary pulumi.StringInput
}

// checkDefaults finds mistakes in what functions share.
func (c *checker) checkDefaults() {
	d := c.args.Defaults
	c.checkSettings("Defaults", FunctionArgs{
		Architecture: d.Architecture, MemorySize: d.MemorySize, Timeout: d.Timeout, Environment: d.Environment, Build: d.Build,
		Layers: d.Layers, Vpc: d.Vpc, Tracing: d.Tracing, PermissionsBoundary: d.PermissionsBoundary,
	}, routeLimits)
	filled := LoggingArgs{}.filled(d.Logging)
	c.checkLogging("Defaults.Logging", d.Logging, &filled)
}

// fill returns a function's arguments with all defaults. What would be invalid for
// the function it does not get.
func (d FunctionDefaults) fill(args FunctionArgs, limits limits) FunctionArgs {
	args = args.named()
	if args.Arn != nil {
		return args
	}
	args.Architecture = cmp.Or(args.Architecture, d.Architecture, defaultArchitecture)
	args.MemorySize = cmp.Or(args.MemorySize, d.MemorySize, defaultMemorySize)
	args.Timeout = cmp.Or(args.Timeout, min(d.Timeout, limits.maxTimeout), defaultTimeout)
	args.Tracing = cmp.Or(args.Tracing, d.Tracing, tracingPass)
	args.EphemeralStorage = cmp.Or(args.EphemeralStorage, defaultStorage)
	if len(d.Environment) > 0 {
		environment := maps.Clone(d.Environment)
		maps.Copy(environment, args.Environment)
		args.Environment = environment
	}
	if args.Code == nil {
		args.Build = args.Build.filled(d.Build)
	}
	logging := args.Logging.orNone().filled(d.Logging)
	args.Logging = &logging
	if args.Layers == nil {
		args.Layers = d.Layers
	}
	if args.Vpc == nil {
		args.Vpc = d.Vpc
	}
	if args.PermissionsBoundary == nil {
		args.PermissionsBoundary = d.PermissionsBoundary
	}
	return args
}
