package components

import (
	"context"
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A function is shown to the transform by its type, and by its name, which is made
// of the component's and of FunctionArgs.Name.
func ExampleNewProtectedHttpApi_transformFunction() {
	deployTransformed(func(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
		if args.Type == "aws:lambda/function:Function" && args.Name == "events-create" {
			args.Props["memorySize"] = pulumi.Int(512)
		}
		return &pulumi.ResourceTransformResult{Props: args.Props, Opts: args.Opts}
	}, "Function", "memorySize")
	// Output:
	// events-authorizer: memorySize 128
	// events-create: memorySize 512
}

// All roles of the component go below a path, as some organizations want it. A path
// is for good: with another one, IAM has another role.
func ExampleNewProtectedHttpApi_transformRole() {
	deployTransformed(func(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
		if args.Type == "aws:iam/role:Role" {
			args.Props["path"] = pulumi.String("/teams/events/")
		}
		return &pulumi.ResourceTransformResult{Props: args.Props, Opts: args.Opts}
	}, "Role", "path")
	// Output:
	// events-authorizer: path /teams/events/
	// events-create: path /teams/events/
}

// The stage gets a description.
func ExampleNewProtectedHttpApi_transformStage() {
	deployTransformed(func(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
		if args.Type == "aws:apigatewayv2/stage:Stage" {
			args.Props["description"] = pulumi.String("of the team of events")
		}
		return &pulumi.ResourceTransformResult{Props: args.Props, Opts: args.Opts}
	}, "Stage", "description")
	// Output:
	// events-stage: description of the team of events
}

// The table is never deleted, nor replaced: the transform changes the options of
// the resource too.
func ExampleNewProtectedHttpApi_transformTable() {
	deployTransformed(func(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
		if args.Type == "aws:dynamodb/table:Table" {
			args.Props["deletionProtectionEnabled"] = pulumi.Bool(true)
			args.Opts.RetainOnDelete = true
		}
		return &pulumi.ResourceTransformResult{Props: args.Props, Opts: args.Opts}
	}, "Table", "deletionProtectionEnabled")
	// Output:
	// events-table: deletionProtectionEnabled true
}

// deployTransformed deploys an API with a transform, and prints a property of the
// children of a type.
func deployTransformed(transform pulumi.ResourceTransform, kind, property string) {
	m := &mocks{account: testAccount}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := NewProtectedHttpApi(ctx, "events", &ProtectedHttpApiArgs{
			Authorizer: AuthorizerArgs{Function: FunctionArgs{Package: "testdata/handlers/authorizer"}},
			Routes:     Routes{"POST /events": {Function: FunctionArgs{Package: "testdata/handlers/create"}}},
			Table:      &TableArgs{HashKey: "pk"},
		}, pulumi.Transforms([]pulumi.ResourceTransform{transform}))
		return err
	}, pulumi.WithMocks("events-api", "dev", m))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	for _, name := range m.children() {
		for _, r := range m.registered {
			if short(r.TypeToken) == kind && kind+" "+r.Name == name {
				fmt.Printf("%s: %s %v\n", r.Name, property, r.Inputs.Mappable()[property])
			}
		}
	}
}
