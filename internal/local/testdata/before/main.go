// The program before deploys what an older ProtectedHttpApi left in the state of a
// stack: the same children by the same types, names, inputs and dependencies, below
// a component of the same type and name. So the state and the local AWS are those of
// before, though the older component is not here any more.
//
// The files were made of the states of real deployments of the Events API, of commit
// e519251 with authMethods "jwt" and "jwt,apikey,signature": each resource without
// what Pulumi had named itself, and with ${Type name|output} in the place of another
// one's output. The authorizers are those of then, the other functions run today's
// handlers.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/components"
	"github.com/protected-http-api/protected-http-api/components/golambda"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// child is one of the component's children.
type child struct {
	Type, Name string
	// Package is the folder below handlers of a function.
	Package   string
	Inputs    map[string]any
	DependsOn []string
}

// made is a child that is there, with the outputs that others take.
type made struct {
	pulumi.CustomResourceState

	Arn          pulumi.StringOutput `pulumi:"arn"`
	Name         pulumi.StringOutput `pulumi:"name"`
	InvokeArn    pulumi.StringOutput `pulumi:"invokeArn"`
	ExecutionArn pulumi.StringOutput `pulumi:"executionArn"`
	InvokeUrl    pulumi.StringOutput `pulumi:"invokeUrl"`
}

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		state, _ := ctx.GetConfig("events-api:state")
		text, err := os.ReadFile(state + ".json") //nolint:gosec // one of those beside this file
		if err != nil {
			return err
		}
		var children []child
		if err := json.Unmarshal(text, &children); err != nil {
			return err
		}
		archives, architecture, err := build(ctx, children)
		if err != nil {
			return err
		}
		component := &struct{ pulumi.ResourceState }{}
		if err := ctx.RegisterComponentResource(components.ProtectedHttpApiType, "events", component); err != nil {
			return err
		}
		all := map[string]*made{}
		functionNames := pulumi.StringMap{}
		for _, c := range children {
			kind := c.Type[strings.LastIndex(c.Type, ":")+1:]
			if archive, ok := archives[c.Package]; ok {
				c.Inputs["architectures"] = []any{architecture}
				c.Inputs["code"], c.Inputs["sourceCodeHash"] = pulumi.NewFileArchive(archive.Path), archive.SHA256
			}
			m, err := c.create(ctx, component, all)
			if err != nil {
				return fmt.Errorf("%s %s: %w", kind, c.Name, err)
			}
			all[kind+" "+c.Name] = m
			switch kind {
			case "Stage":
				ctx.Export("apiUrl", m.InvokeUrl.ApplyT(func(url string) string { return strings.TrimSuffix(url, "/") }))
			case "Function":
				functionNames[strings.TrimPrefix(c.Name, "events-")] = m.Name
			}
		}
		ctx.Export("tableName", all["Table events-table"].Name)
		ctx.Export("functionNames", functionNames)
		return ctx.RegisterResourceOutputs(component, pulumi.Map{})
	})
}

// build compiles the functions, by their packages.
func build(ctx *pulumi.Context, children []child) (map[string]golambda.Archive, string, error) {
	target, err := golambda.NewTarget(golambda.ARM64, os.Getenv(contract.EnvBuildTarget))
	if err != nil {
		return nil, "", err
	}
	options := golambda.Options{Target: target}
	for _, c := range children {
		if strings.HasSuffix(c.Package, "authorizer") {
			options.Packages = append(options.Packages, golambda.Package{Path: "./handlers/" + c.Package})
		} else if c.Package != "" {
			options.Packages = append(options.Packages, golambda.Package{Path: "../../../../handlers/" + c.Package})
		}
	}
	list, err := golambda.Build(ctx.Context(), options)
	archives := map[string]golambda.Archive{}
	for i, archive := range list {
		archives[filepath.Base(options.Packages[i].Path)] = archive
	}
	return archives, target.Architecture(), err
}

func (c child) create(ctx *pulumi.Context, parent pulumi.Resource, all map[string]*made) (*made, error) {
	inputs := pulumi.Map{}
	for name, value := range c.Inputs {
		inputs[name] = resolve(value, all)
	}
	var needs []pulumi.Resource
	for _, name := range c.DependsOn {
		needs = append(needs, all[name])
	}
	m := &made{}
	return m, ctx.RegisterResource(c.Type, c.Name, inputs, m, pulumi.Parent(parent), pulumi.DependsOn(needs), pulumi.Version("6.83.2"))
}

var reference = regexp.MustCompile(`\$\{([^|}]+)\|(\w+)\}`)

// resolve puts the others' outputs into a value.
func resolve(value any, all map[string]*made) pulumi.Input {
	switch value := value.(type) {
	case pulumi.Input:
		return value
	case map[string]any:
		m := pulumi.Map{}
		for name, element := range value {
			m[name] = resolve(element, all)
		}
		return m
	case []any:
		var list pulumi.Array
		for _, element := range value {
			list = append(list, resolve(element, all))
		}
		return list
	case string:
		var outputs []any
		format := reference.ReplaceAllStringFunc(strings.ReplaceAll(value, "%", "%%"), func(text string) string {
			parts := reference.FindStringSubmatch(text)
			m := all[parts[1]]
			outputs = append(outputs, map[string]pulumi.StringOutput{
				"id": m.ID().ToStringOutput(), "arn": m.Arn, "name": m.Name, "invokeArn": m.InvokeArn, "executionArn": m.ExecutionArn,
			}[parts[2]])
			return "%s"
		})
		if outputs == nil {
			return pulumi.String(value)
		}
		return pulumi.Sprintf(format, outputs...)
	case bool:
		return pulumi.Bool(value)
	case float64:
		return pulumi.Float64(value)
	}
	panic(fmt.Sprintf("a state has no %T", value))
}
