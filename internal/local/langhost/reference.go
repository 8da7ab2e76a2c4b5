package langhost

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// StackReferences are the outputs of the stacks that a program may refer to, by the
// names that it refers to them by, such as acme/network/prod.
type StackReferences map[string]map[string]any

// hidden is what pulumi stack output --json writes in place of a secret's value.
const hidden = "[secret]"

// ReadStackReferences reads the outputs of stacks from files, as pulumi stack output
// --json writes them.
func ReadStackReferences(files map[string]string) (StackReferences, error) {
	references := StackReferences{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content, err := os.ReadFile(files[name])
		if err != nil {
			return nil, fmt.Errorf("reading the outputs of the stack %s: %w", name, err)
		}
		var outputs map[string]any
		if err := json.Unmarshal(content, &outputs); err != nil || outputs == nil {
			return nil, fmt.Errorf("reading the outputs of the stack %s: %s is not a JSON object: write it with pulumi stack output --json --stack %s", name, files[name], name)
		}
		references[name] = outputs
	}
	return references, nil
}

// Hidden names the secret outputs whose values the files do not have.
func (r StackReferences) Hidden() []string {
	var names []string
	for stack, outputs := range r {
		for name, value := range outputs {
			if value == hidden {
				names = append(names, stack+" "+name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// properties are those of a reference to a stack, as the engine has them. A secret
// whose value is hidden stays one, and its value is that text.
func (r StackReferences) properties(stack string) resource.PropertyMap {
	outputs, secrets := resource.PropertyMap{}, []resource.PropertyValue{}
	for _, name := range slices.Sorted(maps.Keys(r[stack])) {
		value := resource.NewPropertyValue(r[stack][name])
		if r[stack][name] == hidden {
			value, secrets = resource.MakeSecret(value), append(secrets, resource.NewProperty(name))
		}
		outputs[resource.PropertyKey(name)] = value
	}
	return resource.PropertyMap{
		"name":              resource.NewProperty(stack),
		"outputs":           resource.NewProperty(outputs),
		"secretOutputNames": resource.NewProperty(secrets),
	}
}

const referenceType = "pulumi:pulumi:StackReference"

// reference answers for a stack that the program refers to. The engine would look for
// it among the stacks of the local deployment, where it is not.
func (m *monitor) reference(ctx context.Context, read *rpc.ReadResourceRequest) (*rpc.ReadResourceResponse, error) {
	stack := cmp.Or(read.GetId(), read.GetProperties().GetFields()["name"].GetStringValue())
	if _, ok := m.references[stack]; !ok {
		option := fmt.Sprintf("--stack-reference %s=outputs.json, after pulumi stack output --json --stack %[1]s >outputs.json", stack)
		given := strings.Join(slices.Sorted(maps.Keys(m.references)), ", ")
		return nil, status.Errorf(codes.FailedPrecondition, "the program refers to the stack %q, which a local deployment does not have: give its outputs with %s (given: %s)",
			stack, option, cmp.Or(given, "none"))
	}
	properties, err := plugin.MarshalProperties(m.references.properties(stack), plugin.MarshalOptions{KeepSecrets: true})
	if err != nil {
		return nil, status.Errorf(codes.Internal, "the outputs of the stack %s: %v", stack, err)
	}
	urn, err := m.register(ctx, &rpc.RegisterResourceRequest{
		Type: referenceType, Name: read.GetName(), Parent: read.GetParent(), AcceptSecrets: true,
		Dependencies: read.GetDependencies(), SourcePosition: read.GetSourcePosition(),
	}, &rpc.RegisterResourceOutputsRequest{Outputs: properties})
	if err != nil {
		return nil, err
	}
	return &rpc.ReadResourceResponse{Urn: urn, Properties: properties}, nil
}
