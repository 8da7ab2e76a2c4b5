package main

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/protected-http-api/protected-http-api/components"
)

// TestEquality: of the arguments that a component made in Go has in the stack's state
// the plugin makes the same resources. Together the examples have every argument that
// there is.
func TestEquality(t *testing.T) {
	t.Parallel()
	given := map[string]bool{}
	for name, args := range examples(t) {
		collect(reflect.ValueOf(args), given)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inGo, byPlugin := newMonitor(t), newMonitor(t)
			inGo.run(t, args)
			inputs, err := plugin.UnmarshalProperties(inGo.component(t).GetObject(), plugin.MarshalOptions{KeepSecrets: true})
			if err != nil {
				t.Fatal(err)
			}
			answer, err := byPlugin.construct(t, false, inputs, nil)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, inGo, byPlugin)
			urn := "urn:pulumi:dev::shop::" + components.ProtectedHttpApiType + "::orders"
			if answer.GetUrn() != urn || !proto.Equal(answer.GetState(), inGo.outputs[urn]) {
				t.Errorf("the plugin's answer is %s with\n%v\nwant\n%v", answer.GetUrn(), answer.GetState(), inGo.outputs[urn])
			}
		})
	}
	for _, of := range argumentTypes() {
		for i := range of.NumField() {
			if field := of.Name() + "." + of.Field(i).Name; !given[field] {
				t.Errorf("no example has %s", field)
			}
		}
	}
}

// run makes the component in a Go program.
func (m *monitor) run(t *testing.T, args *components.ProtectedHttpApiArgs) {
	t.Helper()
	ctx, err := pulumi.NewContext(t.Context(), pulumi.RunInfo{Project: "shop", Stack: "dev", MonitorAddr: m.address, EngineAddr: m.address, Parallel: 16})
	if err != nil {
		t.Fatal(err)
	}
	err = pulumi.RunWithContext(ctx, func(ctx *pulumi.Context) error {
		_, err := components.NewProtectedHttpApi(ctx, "orders", args)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	delete(m.registered, "pulumi:pulumi:Stack shop-dev")
}

// compare holds what two monitors were told to each other.
func compare(t *testing.T, want, got *monitor) {
	t.Helper()
	if len(want.registered) < 10 {
		t.Errorf("only %d resources", len(want.registered))
	}
	for _, name := range slices.Sorted(maps.Keys(want.registered)) {
		if other := got.registered[name]; !proto.Equal(want.registered[name], other) {
			t.Errorf("%s is\n%s\nin Go, by the plugin\n%s", name, protojson.Format(want.registered[name]), protojson.Format(other))
		}
	}
	for name := range got.registered {
		if want.registered[name] == nil {
			t.Errorf("the plugin alone makes %s", name)
		}
	}
}

// collect notes which fields have values.
func collect(value reflect.Value, given map[string]bool) {
	switch value.Kind() {
	case reflect.Pointer:
		collect(value.Elem(), given)
	case reflect.Map, reflect.Slice:
		for _, element := range value.Seq2() {
			collect(element, given)
		}
	case reflect.Struct:
		for i := range value.NumField() {
			if field := value.Type().Field(i); field.IsExported() && !value.Field(i).IsZero() {
				given[value.Type().Name()+"."+field.Name] = true
				collect(value.Field(i), given)
			}
		}
	}
}

// bundle is a folder with code for a runtime.
func bundle(t *testing.T, file string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, file), []byte("\x7fELF"), 0o700); err != nil {
		t.Fatal(err)
	}
	return folder
}

func secret(value string) pulumi.StringInput {
	return pulumi.ToSecret(pulumi.String(value)).(pulumi.StringOutput)
}

// examples are arguments that together have all fields.
func examples(t *testing.T) map[string]*components.ProtectedHttpApiArgs {
	t.Helper()
	native := &components.CodeArgs{Path: bundle(t, "bootstrap"), Runtime: "provided.al2023"}
	node := &components.CodeArgs{Path: bundle(t, "index.js"), Runtime: "nodejs24.x", Handler: "index.handler"}
	str := func(values ...string) []pulumi.StringInput {
		var list []pulumi.StringInput
		for _, value := range values {
			list = append(list, pulumi.String(value))
		}
		return list
	}
	reserved := 5
	return map[string]*components.ProtectedHttpApiArgs{
		"everything of a function": {
			Routes: components.Routes{
				"GET /orders": {Auth: components.Public, Throttling: &components.ThrottlingArgs{Rate: 2.5, Burst: 5}, Function: components.FunctionArgs{
					Name: "list", Code: node, MemorySize: 256, Timeout: 5 * time.Second, Architecture: "x86_64", Tracing: "Active", EphemeralStorage: 1024,
					Environment: map[string]pulumi.StringInput{"MODE": pulumi.String("fast"), "KEY": secret("hidden")}, ReservedConcurrency: &reserved,
					TableActions: []string{components.Read}, IndexActions: map[string][]string{"newest": {components.Read}},
					Tables: map[string]components.TableAccess{"audit-log": {Actions: []string{components.Write}, IndexActions: map[string][]string{"by-time": {"dynamodb:Query"}}}},
					Statements: []components.StatementArgs{{Sid: "Photos", Actions: []string{"s3:Get*"}, Resources: str("*"), AllowWildcards: true,
						Conditions: []components.ConditionArgs{{Operator: "StringEquals", Key: "aws:ResourceTag/team", Values: str("shop")}}}},
					Naming: &components.NamingArgs{PhysicalName: "orders-list"}, Logging: &components.LoggingArgs{Group: pulumi.String("orders")},
					Layers: str("arn:aws:lambda:eu-central-1:123456789012:layer:tools:1"), DeadLetterArn: pulumi.String("arn:aws:sqs:eu-central-1:123456789012:dead"),
					PermissionsBoundary: pulumi.String("arn:aws:iam::123456789012:policy/bound"), Vpc: &components.VpcArgs{SubnetIds: str("subnet-1"), SecurityGroupIds: str("sg-1")},
				}},
				"POST /orders": {Permissions: []string{"orders:write"}, Function: components.FunctionArgs{
					Package: "../testdata/handlers/create", Naming: &components.NamingArgs{AutoName: true}, Build: &components.BuildArgs{Tags: []string{"one"}},
					Logging: &components.LoggingArgs{RetentionDays: 7, Format: "JSON", ApplicationLevel: "DEBUG", SystemLevel: "WARN"},
				}},
			},
			Authorizer: components.AuthorizerArgs{
				Function: components.FunctionArgs{Name: "authorizer", Code: native}, SecretPath: pulumi.String("/shop/dev/secret"), CacheTtl: 5 * time.Minute,
				Secrets: &components.SecretsArgs{
					Paths: map[string]pulumi.StringInput{"OTHER_PATH": pulumi.String("/shop/dev/other")}, Prefixes: map[string]pulumi.StringInput{"TENANTS": pulumi.String("/shop/tenants")},
					Delivery: components.DeliverAtRuntime, MaxAge: 90 * time.Second, KmsKeyArn: pulumi.String("arn:aws:kms:eu-central-1:123456789012:key/1"),
				},
				IdentitySources: []components.IdentitySource{components.Header("X-Token"), components.StageVariable("tier")},
				Revocation:      &components.RevocationArgs{FailOpen: true, PointInTimeRecovery: true, DeletionProtection: true},
			},
			Table: &components.TableArgs{
				HashKey: "pk", RangeKey: "sk", Attributes: map[string]string{"sk": "N"}, TtlAttribute: "expires", StreamViewType: "NEW_IMAGE", PointInTimeRecovery: true,
				DeletionProtection: true, KmsKeyArn: pulumi.String("arn:aws:kms:eu-central-1:123456789012:key/2"), Class: "STANDARD_INFREQUENT_ACCESS",
				GlobalSecondaryIndexes: map[string]components.IndexArgs{"newest": {HashKey: "type", RangeKey: "sk", ProjectionType: "INCLUDE", NonKeyAttributes: []string{"total"}}},
			},
			Tables: map[string]components.TableArgs{"audit-log": {Existing: pulumi.String("audit")}},
			Stage:  components.StageArgs{Name: "live", Variables: map[string]pulumi.StringInput{"tier": pulumi.String("gold")}},
		},
		"everything of an API": {
			Routes: components.Routes{
				"GET /own":      {Auth: components.AuthorizedBy("partners"), Function: components.FunctionArgs{Name: "own", Code: native}},
				"GET /me":       {Auth: components.Jwt("cognito"), Scopes: []string{"orders/read"}, Function: components.FunctionArgs{Arn: pulumi.String("arn:aws:lambda:eu-central-1:123456789012:function:me")}},
				"GET /internal": {Auth: components.Iam, Function: components.FunctionArgs{Name: "internal", Code: native}},
			},
			Authorizers: map[string]components.AuthorizerArgs{"partners": {
				Function: components.FunctionArgs{Name: "gate", Code: native}, ReplayProtection: true, IdentitySources: []components.IdentitySource{},
				ApiKeys: &components.ApiKeysArgs{Quotas: true, PointInTimeRecovery: true, DeletionProtection: true},
			}},
			JwtIssuers: map[string]components.JwtIssuerArgs{"cognito": {
				Issuer: pulumi.String("https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_x"), Audiences: str("client"), IdentitySource: components.Header("X-Id"),
			}},
			Monitoring: &components.MonitoringArgs{
				TopicArns: str("arn:aws:sns:eu-central-1:123456789012:alarms"), Namespace: "Shop", NoDashboard: true, NoRouteMetrics: true,
				Alarms: map[string]components.AlarmArgs{
					components.AlarmClientErrors: {Off: true},
					components.AlarmServerErrors: {Threshold: 7.5, Period: 10 * time.Minute, EvaluationPeriods: 4, DatapointsToAlarm: 3},
				},
			},
			Defaults: components.FunctionDefaults{
				Architecture: "x86_64", MemorySize: 512, Timeout: 4 * time.Second, Environment: map[string]pulumi.StringInput{"ALL": pulumi.String("one")}, Tracing: "Active",
				Build:   &components.BuildArgs{LdFlags: []string{"-X main.a=b"}, GoExperiment: "jsonv2", GoFips140: "latest"},
				Logging: &components.LoggingArgs{RetentionDays: 3}, Layers: str("arn:aws:lambda:eu-central-1:123456789012:layer:tools:2"),
				Vpc: &components.VpcArgs{SubnetIds: str("subnet-2"), SecurityGroupIds: str("sg-2")}, PermissionsBoundary: pulumi.String("arn:aws:iam::123456789012:policy/all"),
			},
			Quotas: components.QuotasArgs{Routes: 400, Authorizers: 20},
			Cors: &components.CorsArgs{
				AllowOrigins: str("https://shop.example.com"), AllowMethods: []string{"GET"}, AllowHeaders: []string{"X-Id", "Authorization", "X-Amz-Date", "X-Amz-Security-Token"}, ExposeHeaders: []string{"X-Next"},
				AllowCredentials: true, MaxAge: time.Hour,
			},
			Throttling: components.ThrottlingArgs{Rate: 100, Burst: 200},
			AccessLogs: components.AccessLogsArgs{RetentionDays: 14, Fields: map[string]string{"agent": "$context.identity.userAgent"}},
			Domain: &components.DomainArgs{
				Name: "api.example.com", CertificateArn: pulumi.String("arn:aws:acm:eu-central-1:123456789012:certificate/1"), BasePath: "v1", HostedZoneId: pulumi.String("Z1"),
				MutualTls: &components.MutualTlsArgs{
					TruststoreUri: pulumi.String("s3://bucket/trust.pem"), TruststoreVersion: pulumi.String("3"),
					OwnershipCertificateArn: pulumi.String("arn:aws:acm:eu-central-1:123456789012:certificate/2"),
				},
			},
			Tags: map[string]string{"team": "shop"},
		},
		"an authorizer without code": {
			Routes: components.Routes{"GET /orders": {Permissions: []string{"orders:read"}, Function: components.FunctionArgs{Name: "orders", Code: native}}},
			Authorizer: components.AuthorizerArgs{SecretPath: pulumi.String("/shop/dev/secret"), Methods: &components.MethodsArgs{
				Tokens: &components.TokensArgs{Issuer: "https://login.example.com", Audience: "orders", Leeway: 10 * time.Second, PermissionsClaim: "roles"},
				ApiKeys: &components.ApiKeyMethodArgs{PointInTimeRecovery: true, DeletionProtection: true,
					Tiers: map[string]components.TierArgs{"partner": {Permissions: []string{"orders:*"}, PerMinute: 60, PerDay: 1000}}},
				Signatures: &components.SignaturesArgs{KeysPath: pulumi.String("/shop/dev/keys"),
					Permissions: []string{"orders:read"}, KeyPermissions: map[string][]string{"acme": {"orders:write"}}},
			}},
		},
		"what excludes something else": {
			Routes:     components.Routes{"GET /open": {Auth: components.Public, Function: components.FunctionArgs{Name: "open", Code: native}}},
			AccessLogs: components.AccessLogsArgs{Group: pulumi.String("shared")},
			Domain:     &components.DomainArgs{Name: "api.example.com", Existing: true, KeepDefaultEndpoint: true},
		},
		"without a log": {
			Routes:     components.Routes{"GET /open": {Auth: components.Public, Function: components.FunctionArgs{Name: "open", Code: native}}},
			AccessLogs: components.AccessLogsArgs{Off: true},
		},
	}
}
