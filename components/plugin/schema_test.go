package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"go/ast"
	"go/doc"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/components"
	"github.com/protected-http-api/protected-http-api/components/internal/doccomments"
)

var update = flag.Bool("update", false, "write schema.json")

const schemaFile = "schema.json"

// TestSchema: the schema says of each argument and output what the Go types and their
// doc comments say.
func TestSchema(t *testing.T) {
	t.Parallel()
	want, err := json.MarshalIndent(packageSpec(t), "", "    ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(schemaFile, want, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(want) != string(filed(t)) {
		t.Fatalf("%s is not what the component's types and doc comments say: run go test ./components/plugin -run TestSchema -update", schemaFile)
	}
}

// filed is the schema's file, as it is now.
func filed(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// packageSpec describes the package.
func packageSpec(t *testing.T) schema.PackageSpec {
	t.Helper()
	declared, err := doccomments.Types("..")
	if err != nil {
		t.Fatal(err)
	}
	g := &generator{t: t, declared: declared, spec: schema.PackageSpec{
		Name:        packageName,
		DisplayName: "Protected HTTP API",
		Description: "An Amazon API Gateway HTTP API of Lambda functions, whose routes are protected by a Lambda authorizer unless they say otherwise.",
		Keywords:    []string{"pulumi", "aws", "api-gateway", "lambda", "authorizer", "category/cloud", "kind/component"},
		Homepage:    "https://github.com/protected-http-api/protected-http-api",
		Repository:  "https://github.com/protected-http-api/protected-http-api",
		License:     "Apache-2.0",
		Publisher:   "protected-http-api",
		Types:       map[string]schema.ComplexTypeSpec{},
		Language: map[string]schema.RawMessage{
			"csharp": schema.RawMessage(`{"respectSchemaVersion": true}`),
			"go":     schema.RawMessage(`{"generateResourceContainerTypes": true, "importBasePath": "github.com/protected-http-api/protected-http-api/sdk/go/protectedhttpapi", "respectSchemaVersion": true}`),
			"nodejs": schema.RawMessage(`{"respectSchemaVersion": true}`),
			"python": schema.RawMessage(`{"pyproject": {"enabled": true}, "respectSchemaVersion": true}`),
		},
	}}
	inputs := g.object(reflect.TypeFor[components.ProtectedHttpApiArgs]())
	resource := schema.ResourceSpec{
		ObjectTypeSpec:  schema.ObjectTypeSpec{Type: "object", Properties: map[string]schema.PropertySpec{}},
		IsComponent:     true,
		InputProperties: inputs.Properties,
		RequiredInputs:  inputs.Required,
	}
	g.describeOutputs(&resource)
	g.spec.Resources = map[string]schema.ResourceSpec{components.ProtectedHttpApiType: resource}
	return g.spec
}

// descriptions are those of types whose doc comments are about Go alone.
var descriptions = map[string]string{
	"Auth": `How a route is protected. Left out: by the component's ` + "`authorizer`" + `. "authorizer:NAME" is one of ` + "`authorizers`" + `, "jwt:NAME" one of ` + "`jwtIssuers`.",
}

// generator writes Go's types as types of a schema.
type generator struct {
	t        *testing.T
	declared map[string]*doc.Type
	spec     schema.PackageSpec
}

// describeOutputs adds what the component gives. What else it has in Go are resources.
func (g *generator) describeOutputs(resource *schema.ResourceSpec) {
	resource.Description, _, _ = strings.Cut(g.describe(g.declared[componentType.Name()].Doc), "\n\n")
	docs := g.fieldDocs(componentType.Name())
	for i := range componentType.NumField() {
		field := componentType.Field(i)
		name := field.Tag.Get("pulumi")
		if name == "" {
			continue
		}
		property := schema.PropertySpec{Description: g.describe(docs[field.Name])}
		switch field.Type {
		case reflect.TypeFor[pulumi.StringOutput]():
			property.TypeSpec = schema.TypeSpec{Type: "string"}
		case reflect.TypeFor[pulumi.StringMapOutput]():
			property.TypeSpec = schema.TypeSpec{Type: "object", AdditionalProperties: &schema.TypeSpec{Type: "string"}}
		default:
			g.t.Errorf("the output %s is a %v, which has no type in the schema yet", field.Name, field.Type)
		}
		resource.Properties[name] = property
		resource.Required = append(resource.Required, name)
	}
	slices.Sort(resource.Required)
}

// required matches the doc comments of required fields.
var required = regexp.MustCompile(`(\bRequired\.|\bAt least one is required\b)`)

// object is a struct's fields as properties.
func (g *generator) object(of reflect.Type) schema.ObjectTypeSpec {
	object := schema.ObjectTypeSpec{
		Type: "object", Description: g.describe(g.declared[of.Name()].Doc), Properties: map[string]schema.PropertySpec{},
	}
	docs := g.fieldDocs(of.Name())
	for i := range of.NumField() {
		field := of.Field(i)
		text := docs[field.Name]
		if text == "" {
			g.t.Errorf("%s.%s has no doc comment", of.Name(), field.Name)
		}
		if required.MatchString(doccomments.Paragraphs(text, "")) {
			object.Required = append(object.Required, propertyName(field.Name))
		}
		text = g.describe(text)
		if field.Type == durationType {
			text += ` A duration is text: "90s", "5m" or "1h" for instance.`
		}
		object.Properties[propertyName(field.Name)] = schema.PropertySpec{TypeSpec: g.typeOf(field.Type), Description: text}
	}
	slices.Sort(object.Required)
	return object
}

// typeOf is a Go type in the schema. Plain types take no outputs. Lists and objects
// that are not plain have values in them that may be outputs.
func (g *generator) typeOf(of reflect.Type) schema.TypeSpec {
	if of == stringInputType {
		return schema.TypeSpec{Type: "string"}
	}
	if of == durationType {
		return schema.TypeSpec{Type: "string", Plain: true}
	}
	switch of.Kind() {
	case reflect.Pointer:
		return g.typeOf(of.Elem())
	case reflect.Slice:
		items := g.typeOf(of.Elem())
		return schema.TypeSpec{Type: "array", Items: &items, Plain: items.Plain}
	case reflect.Map:
		values := g.typeOf(of.Elem())
		return schema.TypeSpec{Type: "object", AdditionalProperties: &values, Plain: values.Plain}
	case reflect.Struct:
		token := packageName + ":index:" + typeName(of)
		if _, done := g.spec.Types[token]; !done {
			g.spec.Types[token] = schema.ComplexTypeSpec{} // a type may have itself in it
			g.spec.Types[token] = schema.ComplexTypeSpec{ObjectTypeSpec: g.object(of)}
		}
		return schema.TypeSpec{Ref: "#/types/" + token}
	case reflect.String:
		if of.PkgPath() != "" && g.enum(of) {
			return schema.TypeSpec{Plain: true, OneOf: []schema.TypeSpec{
				{Type: "string", Plain: true}, {Ref: "#/types/" + packageName + ":index:" + of.Name(), Plain: true},
			}}
		}
		return schema.TypeSpec{Type: "string", Plain: true}
	case reflect.Bool:
		return schema.TypeSpec{Type: "boolean", Plain: true}
	case reflect.Int:
		return schema.TypeSpec{Type: "integer", Plain: true}
	case reflect.Float64:
		return schema.TypeSpec{Type: "number", Plain: true}
	}
	g.t.Errorf("arguments have a %v, which has no type in the schema yet", of)
	return schema.TypeSpec{}
}

// enum adds a type that has constants. The empty one is what leaving out means.
func (g *generator) enum(of reflect.Type) bool {
	declared := g.declared[of.Name()]
	enum := schema.ComplexTypeSpec{ObjectTypeSpec: schema.ObjectTypeSpec{Type: "string", Description: cmp.Or(descriptions[of.Name()], g.describe(declared.Doc))}}
	for _, group := range declared.Consts {
		for _, spec := range group.Decl.Specs {
			constant := spec.(*ast.ValueSpec)
			if !constant.Names[0].IsExported() {
				continue
			}
			value, err := strconv.Unquote(constant.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				g.t.Fatal(err)
			}
			if constants[constant.Names[0].Name] == "" {
				g.t.Errorf("words.go has no word for the constant %s", constant.Names[0].Name)
			}
			if value != "" {
				enum.Enum = append(enum.Enum, schema.EnumValueSpec{Name: constant.Names[0].Name, Value: value, Description: g.describe(constant.Doc.Text())})
			}
		}
	}
	if len(enum.Enum) > 0 {
		g.spec.Types[packageName+":index:"+of.Name()] = enum
	}
	return len(enum.Enum) > 0
}

// describe is a doc comment for the other languages.
func (g *generator) describe(comment string) string {
	return inWords(doccomments.Paragraphs(comment, ""), "`")
}

// fieldDocs are the doc comments of a struct's fields.
func (g *generator) fieldDocs(name string) map[string]string {
	docs := map[string]string{}
	for _, field := range g.declared[name].Decl.Specs[0].(*ast.TypeSpec).Type.(*ast.StructType).Fields.List {
		for _, n := range field.Names {
			docs[n.Name] = field.Doc.Text()
		}
	}
	return docs
}

// TestSchemaIsValid: Pulumi takes the schema, and has nothing to warn of.
func TestSchemaIsValid(t *testing.T) {
	t.Parallel()
	var spec schema.PackageSpec
	if err := json.Unmarshal(filed(t), &spec); err != nil {
		t.Fatal(err)
	}
	pkg, diagnostics, err := schema.BindSpec(spec, noLoader{}, schema.ValidationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range diagnostics {
		t.Error(d.Summary, d.Detail)
	}
	if len(pkg.Resources) != 1 {
		t.Errorf("the package has %d resources", len(pkg.Resources))
	}
}

// noLoader has no other packages, to which the schema refers nowhere.
type noLoader struct{ schema.Loader }

// TestWords: texts about Go are texts about the schema.
func TestWords(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		`SecretPath is where the secret is. Routes are listed`:             "`secretPath` is where the secret is. Routes are listed",
		`Defaults to Header("Authorization").`:                             `Defaults to "$request.header.Authorization".`,
		`for routes whose Auth is Jwt(name)`:                               "for routes whose `auth` is \"jwt:NAME\"",
		`leave it empty, or use Public, Iam, AuthorizedBy or Jwt`:          `leave it empty, or use "public", "iam", "authorizer:NAME" or "jwt:NAME"`,
		`those of ProtectedHttpApiArgs.Throttling`:                         "those of `throttling`",
		`FunctionArgs.Name and Logging.Group`:                              "`name` and `logging.group`",
		`AuthorizerArgs describes the Lambda authorizer`:                   "Authorizer describes the Lambda authorizer",
		`"Name" and ./Name/Routes stay`:                                    `"Name" and ./Name/Routes stay`,
		`give an empty slice that is not nil`:                              `give an empty list`,
		`Defaults to DeliverAtRuntime.`:                                    `Defaults to "runtime".`,
		`Routes["GET /x"].Function.Package: leave out Code, which is late`: "`routes`[\"GET /x\"].`function.package`: leave out `code`, which is late",
	} {
		if got := inWords(given, "`"); got != want {
			t.Errorf("%s\nis %s\nnot %s", given, got, want)
		}
	}
}
