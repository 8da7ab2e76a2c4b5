package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// getSchema describes the types that the local AWS has, with the properties that
// it has, and those of which it has recorded a resource: pulumi import asks for it to write the program of what it imports. The
// tokens of nested types are those of pulumi-aws, so that the program compiles
// with its SDK.
func (pr *provider) getSchema(context.Context, p.GetSchemaRequest) (p.GetSchemaResponse, error) {
	text, err := json.Marshal(pr.schema())
	if err != nil {
		return p.GetSchemaResponse{}, fmt.Errorf("writing the schema: %w", err)
	}
	return p.GetSchemaResponse{Schema: string(text)}, nil
}

func (pr *provider) schema() schema.PackageSpec {
	spec := schema.PackageSpec{
		Name: "aws", Version: version,
		Description: "The part of Amazon Web Services that the local AWS plays.",
		// The module of aws:lambda/function:Function is lambda.
		Meta:  &schema.MetadataSpec{ModuleFormat: "(.*)(?:/[^/]*)"},
		Types: map[string]schema.ComplexTypeSpec{}, Resources: map[string]schema.ResourceSpec{},
		Language: map[string]schema.RawMessage{
			"go": schema.RawMessage(`{"importBasePath":"github.com/pulumi/pulumi-aws/sdk/v6/go/aws","generateResourceContainerTypes":true}`),
		},
	}
	for token, r := range pr.resources {
		// aws:lambda/function:Function has types like aws:lambda/FunctionEnvironment.
		prefix := token[:strings.Index(token, "/")+1] + token[strings.LastIndex(token, ":")+1:]
		inputs, required := objectProperties(spec.Types, prefix, r.inputs())
		properties := map[string]schema.PropertySpec{}
		for name, property := range inputs {
			properties[name] = property
		}
		for _, name := range r.outputs() {
			if _, ok := properties[name]; !ok && !strings.Contains(name, ".") {
				properties[name] = schema.PropertySpec{TypeSpec: schema.TypeSpec{Type: "string"}}
			}
		}
		spec.Resources[token] = schema.ResourceSpec{
			ObjectTypeSpec:  schema.ObjectTypeSpec{Type: "object", Properties: properties, Required: required},
			InputProperties: inputs, RequiredInputs: required,
		}
	}
	for token, inputs := range pr.Neighbours.examples() {
		properties := map[string]schema.PropertySpec{}
		for name, value := range inputs.All {
			if name != defaultsKey {
				properties[name] = schema.PropertySpec{TypeSpec: specOf(value)}
			}
		}
		spec.Resources[token] = schema.ResourceSpec{
			ObjectTypeSpec: schema.ObjectTypeSpec{Type: "object", Properties: properties}, InputProperties: properties,
		}
	}
	return spec
}

// specOf is the type of a value of a resource whose properties are not known here.
func specOf(value property.Value) schema.TypeSpec {
	anything := schema.TypeSpec{Ref: "pulumi.json#/Any"}
	switch {
	case value.IsString():
		return schema.TypeSpec{Type: "string"}
	case value.IsBool():
		return schema.TypeSpec{Type: "boolean"}
	case value.IsNumber() && value.AsNumber() == math.Trunc(value.AsNumber()):
		return schema.TypeSpec{Type: "integer"}
	case value.IsNumber():
		return schema.TypeSpec{Type: "number"}
	case value.IsArray():
		return schema.TypeSpec{Type: "array", Items: &anything}
	case value.IsMap():
		return schema.TypeSpec{Type: "object", AdditionalProperties: &anything}
	}
	return anything
}

// objectProperties describes a struct's fields, and adds the types of those that
// are structs themselves. A function's code is optional: it cannot be imported.
func objectProperties(types map[string]schema.ComplexTypeSpec, prefix string, t reflect.Type) (map[string]schema.PropertySpec, []string) {
	properties := map[string]schema.PropertySpec{}
	var required []string
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" || name == "-" {
			continue
		}
		spec := typeSpec(types, prefix+strings.ToUpper(name[:1])+name[1:], f.Type)
		properties[name] = schema.PropertySpec{TypeSpec: spec}
		if strings.Contains(f.Tag.Get("aws"), "required") && f.Type != reflect.TypeFor[*codeArchive]() {
			required = append(required, name)
		}
	}
	return properties, required
}

func typeSpec(types map[string]schema.ComplexTypeSpec, name string, t reflect.Type) schema.TypeSpec {
	if t == reflect.TypeFor[*codeArchive]() {
		return schema.TypeSpec{Ref: "pulumi.json#/Archive"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeSpec(types, name, t.Elem())
	case reflect.Slice:
		element := typeSpec(types, singular(name), t.Elem())
		return schema.TypeSpec{Type: "array", Items: &element}
	case reflect.Map:
		element := typeSpec(types, name, t.Elem())
		return schema.TypeSpec{Type: "object", AdditionalProperties: &element}
	case reflect.Struct:
		// The token ends with the type's own name.
		token := name + ":" + name[strings.LastIndex(name, "/")+1:]
		properties, required := objectProperties(types, name, t)
		types[token] = schema.ComplexTypeSpec{ObjectTypeSpec: schema.ObjectTypeSpec{Type: "object", Properties: properties, Required: required}}
		return schema.TypeSpec{Type: "object", Ref: "#/types/" + token}
	case reflect.Bool:
		return schema.TypeSpec{Type: "boolean"}
	case reflect.Int:
		return schema.TypeSpec{Type: "integer"}
	case reflect.Float64:
		return schema.TypeSpec{Type: "number"}
	case reflect.String:
		return schema.TypeSpec{Type: "string"}
	}
	panic(fmt.Sprintf("the input %s has the type %s, which has no schema", name, t))
}

// singular is how pulumi-aws calls an element of a list.
func singular(name string) string {
	if stem, ok := strings.CutSuffix(name, "xes"); ok {
		return stem + "x"
	}
	if stem, ok := strings.CutSuffix(name, "ies"); ok {
		return stem + "y"
	}
	return strings.TrimSuffix(name, "s")
}
