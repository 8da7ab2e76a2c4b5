package provider

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// noPackages loads no other package: the schema refers to none.
type noPackages struct{ schema.Loader }

// The schema is valid, has every type with every property, and its nested types
// are those of pulumi-aws's SDK.
func TestSchema(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	response, err := w.GetSchema(t.Context(), p.GetSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal([]byte(response.Schema), &spec); err != nil {
		t.Fatal(err)
	}
	pkg, err := schema.ImportSpec(spec, nil, noPackages{}, schema.ValidationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	known := newProvider(w.Services).resources
	for token, r := range known {
		described, ok := pkg.GetResource(token)
		if !ok {
			t.Errorf("there is no %s", token)
			continue
		}
		for _, f := range r.fields() {
			if !slices.ContainsFunc(described.InputProperties, func(p *schema.Property) bool { return p.Name == f.name }) {
				t.Errorf("%s has no input %q", token, f.name)
			}
		}
	}
	for _, sdk := range []any{
		dynamodb.TableAttribute{}, dynamodb.TableGlobalSecondaryIndex{}, dynamodb.TablePointInTimeRecovery{}, dynamodb.TableServerSideEncryption{}, dynamodb.TableTtl{},
		lambda.FunctionEnvironment{}, lambda.FunctionLoggingConfig{}, lambda.FunctionVpcConfig{}, lambda.FunctionTracingConfig{}, lambda.FunctionEphemeralStorage{}, lambda.FunctionDeadLetterConfig{},
		cloudwatch.MetricAlarmMetricQuery{}, cloudwatch.MetricAlarmMetricQueryMetric{},
		apigatewayv2.ApiCorsConfiguration{}, apigatewayv2.DomainNameDomainNameConfiguration{}, apigatewayv2.DomainNameMutualTlsAuthentication{}, apigatewayv2.AuthorizerJwtConfiguration{},
		apigatewayv2.StageAccessLogSettings{}, apigatewayv2.StageDefaultRouteSettings{}, apigatewayv2.StageRouteSetting{},
	} {
		typ := reflect.TypeOf(sdk)
		module := typ.PkgPath()[strings.LastIndex(typ.PkgPath(), "/")+1:]
		token := "aws:" + module + "/" + typ.Name() + ":" + typ.Name()
		described, ok := spec.Types[token]
		if !ok {
			t.Errorf("there is no type %s among %v", token, slices.Sorted(maps.Keys(spec.Types)))
		}
		for name := range described.Properties {
			if !slices.ContainsFunc(reflect.VisibleFields(typ), func(f reflect.StructField) bool { return f.Tag.Get("pulumi") == name }) {
				t.Errorf("pulumi-aws has no %s.%s", typ.Name(), name)
			}
		}
	}
	if len(spec.Types) != 20 {
		t.Errorf("there are the types %v", slices.Sorted(maps.Keys(spec.Types)))
	}
}
