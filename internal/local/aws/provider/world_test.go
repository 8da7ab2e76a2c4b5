package provider

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/dynamodb"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/jwtauth/oidctest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/logs"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/secretsmanager"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/ssm"
)

const (
	apiType         = "aws:apigatewayv2/api:Api"
	stageType       = "aws:apigatewayv2/stage:Stage"
	integrationType = "aws:apigatewayv2/integration:Integration"
	authorizerType  = "aws:apigatewayv2/authorizer:Authorizer"
	routeType       = "aws:apigatewayv2/route:Route"
	domainNameType  = "aws:apigatewayv2/domainName:DomainName"
	apiMappingType  = "aws:apigatewayv2/apiMapping:ApiMapping"
	logGroupType    = "aws:cloudwatch/logGroup:LogGroup"
	alarmType       = "aws:cloudwatch/metricAlarm:MetricAlarm"
	dashboardType   = "aws:cloudwatch/dashboard:Dashboard"
	parameterType   = "aws:ssm/parameter:Parameter"
	secretType      = "aws:secretsmanager/secret:Secret"
	versionType     = "aws:secretsmanager/secretVersion:SecretVersion"
	tableType       = "aws:dynamodb/table:Table"
	roleType        = "aws:iam/role:Role"
	rolePolicyType  = "aws:iam/rolePolicy:RolePolicy"
	policyType      = "aws:iam/policy:Policy"
	attachmentType  = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	functionType    = "aws:lambda/function:Function"
	permissionType  = "aws:lambda/permission:Permission"

	trust       = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}]}`
	allow       = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:PutLogEvents","ec2:*","sqs:*","xray:*"],"Resource":"*"}]}`
	basicARN    = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
	roleARN     = "arn:aws:iam::000000000000:role/fn-role"
	functionARN = "arn:aws:lambda:eu-central-1:000000000000:function:fn"
	layerARN    = "arn:aws:lambda:eu-central-1:580247275435:layer:LambdaInsightsExtension:53"
	invokeFnARN = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/" + functionARN + "/invocations"
)

// world is a provider with all its services.
type world struct {
	t *testing.T
	p.Provider
	Services
}

func newWorld(t *testing.T) *world {
	t.Helper()
	acct := account.Account{ID: "000000000000", Region: "eu-central-1", Partition: "aws"}
	groups, err := logs.New(acct, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	identities := iam.New(acct)
	functions, err := lambda.New(lambda.Options{Account: acct, IAM: identities, Logs: groups, Dir: filepath.Join(t.TempDir(), "lambda")})
	if err != nil {
		t.Fatal(err)
	}
	apis := management.New(live.New(live.Options{Account: acct, Invoker: functions, Logs: groups, Identities: identities}), nil)
	services := Services{
		Account: acct, IAM: identities, Logs: groups, Lambda: functions, Gateway: apis,
		DynamoDB: dynamodb.New(acct, nil), SSM: ssm.New(acct, nil), Secrets: secretsmanager.New(acct, nil),
	}
	t.Cleanup(func() {
		if err := errors.Join(apis.Close(context.Background()), functions.Close(), groups.Close()); err != nil {
			t.Error(err)
		}
	})
	return &world{t: t, Provider: New(services), Services: services}
}

// thing is a resource as the engine knows it.
type thing struct {
	typ, id        string
	inputs, states property.Map
}

// check returns the failures of a type's inputs.
func (w *world) check(typ string, inputs property.Map) []string {
	w.t.Helper()
	response, err := w.Check(w.t.Context(), p.CheckRequest{Urn: urn(typ, "x"), Inputs: inputs, RandomSeed: []byte("seed")})
	if err != nil {
		w.t.Fatal(err)
	}
	var failures []string
	for _, f := range response.Failures {
		failures = append(failures, f.Reason)
	}
	return failures
}

func (w *world) create(typ string, inputs property.Map) thing {
	w.t.Helper()
	if failures := w.check(typ, inputs); len(failures) > 0 {
		w.t.Fatalf("checking %s: %q", typ, failures)
	}
	created, err := w.Create(w.t.Context(), createRequest(typ, inputs))
	if err != nil {
		w.t.Fatal(err)
	}
	return thing{typ, created.ID, inputs, created.Properties}
}

// refresh reads a thing that the engine knows.
func (w *world) refresh(it thing) thing {
	w.t.Helper()
	read, err := w.Read(w.t.Context(), p.ReadRequest{ID: it.id, Urn: urn(it.typ, "x"), Inputs: it.inputs, Properties: it.states})
	if err != nil {
		w.t.Fatal(err)
	}
	return thing{it.typ, read.ID, read.Inputs, read.Properties}
}

// importing reads a thing that the engine does not know.
func (w *world) importing(typ, id string) (thing, error) {
	read, err := w.Read(w.t.Context(), p.ReadRequest{ID: id, Urn: urn(typ, "x")})
	return thing{typ, read.ID, read.Inputs, read.Properties}, err
}

func (w *world) update(it thing, inputs property.Map) {
	w.t.Helper()
	if _, err := w.Update(w.t.Context(), p.UpdateRequest{ID: it.id, Urn: urn(it.typ, "x"), State: it.states, OldInputs: it.inputs, Inputs: inputs}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) remove(it thing) error {
	return w.Delete(w.t.Context(), p.DeleteRequest{ID: it.id, Urn: urn(it.typ, "x"), Properties: it.states, OldInputs: it.inputs})
}

// zipOf is a zip file with a bootstrap.
func zipOf(t *testing.T, mode fs.FileMode, program string) property.Value {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "bootstrap", Method: zip.Store}
	h.SetMode(mode)
	f, err := w.CreateHeader(h)
	if err == nil {
		_, err = f.Write([]byte(program))
	}
	if err == nil {
		err = w.Close()
	}
	file := filepath.Join(t.TempDir(), "code.zip")
	if err == nil {
		err = os.WriteFile(file, b.Bytes(), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	code, err := archive.FromPath(file)
	if err != nil {
		t.Fatal(err)
	}
	return property.New(code)
}

func createRequest(typ string, inputs property.Map) p.CreateRequest {
	return p.CreateRequest{Urn: urn(typ, "x"), Properties: inputs}
}

func list(values ...any) []any { return values }

// functionInputs are those of the smallest function, and pairs.
func (w *world) functionInputs(pairs ...any) property.Map {
	w.t.Helper()
	inputs := object("name", "fn", "role", roleARN, "runtime", "provided.al2023", "handler", "bootstrap").
		Set("code", zipOf(w.t, 0o755, "#!/bin/sh\n"))
	for key, value := range object(pairs...).All {
		inputs = inputs.Set(key, value)
	}
	return inputs
}

// everything creates things of each type with all that they can have, in
// order.
func (w *world) everything() []thing {
	w.t.Helper()
	var things []thing
	add := func(typ string, inputs property.Map) string {
		w.t.Helper()
		things = append(things, w.create(typ, inputs))
		return things[len(things)-1].id
	}
	tags := map[string]any{"team": "events"}
	add(logGroupType, object("name", "/aws/lambda/fn", "retentionInDays", 7, "tags", tags))
	policy := add(policyType, object("name", "mine", "path", "/team/", "description", "d", "policy", allow, "tags", tags))
	add(roleType, object(
		"name", "fn-role", "assumeRolePolicy", trust, "description", "d", "path", "/", "maxSessionDuration", 7200, "tags", tags,
		"permissionsBoundary", policy, "managedPolicyArns", list(policy, basicARN),
	))
	add(attachmentType, object("role", "fn-role", "policyArn", basicARN))
	add(rolePolicyType, object("name", "inline", "role", "fn-role", "policy", allow))
	add(tableType, object(
		"name", "events", "billingMode", "PAY_PER_REQUEST", "hashKey", "pk", "rangeKey", "sk", "tags", tags,
		"attributes", list(map[string]any{"name": "pk", "type": "S"}, map[string]any{"name": "sk", "type": "N"}),
		"globalSecondaryIndexes", list(
			map[string]any{"name": "by-sk", "hashKey": "sk", "projectionType": "ALL"},
			map[string]any{"name": "by-pk", "hashKey": "pk", "rangeKey": "sk", "projectionType": "INCLUDE", "nonKeyAttributes": list("a", "b")},
		),
		"pointInTimeRecovery", map[string]any{"enabled": true, "recoveryPeriodInDays": 7},
		"serverSideEncryption", map[string]any{"enabled": true, "kmsKeyArn": "arn:aws:kms:eu-central-1:000000000000:key/k"},
		"streamEnabled", true, "streamViewType", "NEW_AND_OLD_IMAGES", "tableClass", "STANDARD_INFREQUENT_ACCESS",
		"deletionProtectionEnabled", true, "ttl", map[string]any{"attributeName": "until", "enabled": true},
	))
	add(functionType, w.functionInputs(
		"description", "d", "architectures", list("arm64"), "memorySize", 256, "timeout", 10, "packageType", "Zip",
		"reservedConcurrentExecutions", 5, "tags", tags, "environment", map[string]any{"variables": map[string]any{"TABLE": "events"}},
		"loggingConfig", map[string]any{"logFormat": "JSON", "logGroup": "/aws/lambda/fn", "applicationLogLevel": "DEBUG", "systemLogLevel": "WARN"},
		"layers", list(layerARN), "vpcConfig", map[string]any{"subnetIds": list("subnet-a", "subnet-b"), "securityGroupIds": list("sg-a"), "ipv6AllowedForDualStack": true},
		"tracingConfig", map[string]any{"mode": "Active"}, "ephemeralStorage", map[string]any{"size": 1024},
		"deadLetterConfig", map[string]any{"targetArn": "arn:aws:sqs:eu-central-1:000000000000:failed"}, "kmsKeyArn", "arn:aws:kms:eu-central-1:000000000000:key/k",
	))
	add(permissionType, object(
		"statementId", "gateway", "function", "fn", "action", "lambda:InvokeFunction", "principal", "apigateway.amazonaws.com",
		"sourceArn", "arn:aws:execute-api:eu-central-1:000000000000:abc/*/*", "sourceAccount", "000000000000",
	))
	api := add(apiType, object("name", "events", "protocolType", "HTTP", "description", "d", "version", "1", "tags", tags, "corsConfiguration", map[string]any{
		"allowCredentials": true, "allowHeaders": list("authorization"), "allowMethods": list("GET"), "allowOrigins": list("https://a.example.com"),
		"exposeHeaders": list("date"), "maxAge": 300,
	}))
	integration := add(integrationType, object(
		"apiId", api, "integrationType", "AWS_PROXY", "integrationUri", invokeFnARN, "integrationMethod", "POST", "connectionType", "INTERNET",
		"payloadFormatVersion", "2.0", "timeoutMilliseconds", 5000, "description", "d",
	))
	authorizer := add(authorizerType, object(
		"apiId", api, "name", "lambda", "authorizerType", "REQUEST", "authorizerUri", invokeFnARN, "authorizerPayloadFormatVersion", "2.0",
		"enableSimpleResponses", true, "identitySources", list("$request.header.Authorization"), "authorizerResultTtlInSeconds", 60,
	))
	add(routeType, object(
		"apiId", api, "routeKey", "GET /events/{id}", "target", "integrations/"+integration, "authorizationType", "CUSTOM",
		"authorizerId", authorizer, "operationName", "getEvent",
	))
	jwt := add(authorizerType, object(
		"apiId", api, "name", "jwt", "authorizerType", "JWT", "identitySources", list("$request.header.Authorization"),
		"jwtConfiguration", map[string]any{"issuer": oidctest.Start(w.t).URL, "audiences": list("events")},
	))
	add(routeType, object(
		"apiId", api, "routeKey", "POST /events", "target", "integrations/"+integration, "authorizationType", "JWT",
		"authorizerId", jwt, "authorizationScopes", list("events/write"),
	))
	add(stageType, object(
		"apiId", api, "name", "dev", "autoDeploy", true, "description", "d", "stageVariables", map[string]any{"a": "b"}, "tags", tags,
		"accessLogSettings", map[string]any{"destinationArn": "arn:aws:logs:eu-central-1:000000000000:log-group:/aws/lambda/fn", "format": "$context.requestId"},
		"defaultRouteSettings", map[string]any{"detailedMetricsEnabled": true, "throttlingBurstLimit": 5, "throttlingRateLimit": 2.5},
		"routeSettings", list(map[string]any{"routeKey": "GET /events/{id}", "throttlingBurstLimit": 1, "throttlingRateLimit": 1}),
	))
	topic := "arn:aws:sns:eu-central-1:000000000000:alarms"
	add(alarmType, object(
		"name", "errors", "alarmDescription", "d", "actionsEnabled", false, "alarmActions", list(topic), "okActions", list(topic), "insufficientDataActions", list(topic),
		"comparisonOperator", "GreaterThanThreshold", "evaluationPeriods", 3, "datapointsToAlarm", 2, "threshold", 0, "treatMissingData", "notBreaching",
		"evaluateLowSampleCountPercentiles", "ignore", "namespace", "AWS/Lambda", "metricName", "Duration", "dimensions", map[string]any{"FunctionName": "fn"},
		"extendedStatistic", "p99", "period", 60, "unit", "Milliseconds", "tags", tags,
	))
	add(alarmType, object("name", "sum", "comparisonOperator", "GreaterThanThreshold", "evaluationPeriods", 1, "threshold", 1,
		"namespace", "AWS/Lambda", "metricName", "Errors", "statistic", "Sum", "period", 60))
	add(alarmType, object("name", "band", "comparisonOperator", "GreaterThanUpperThreshold", "evaluationPeriods", 1, "thresholdMetricId", "e1", "metricQueries", list(
		map[string]any{"id": "e1", "expression": "ANOMALY_DETECTION_BAND(m1, 2)", "label": "expected"},
		map[string]any{"id": "m1", "returnData": true, "metric": map[string]any{"namespace": "AWS/ApiGateway", "metricName": "5xx", "stat": "Sum", "period": 60, "dimensions": map[string]any{"ApiId": api}}},
	)))
	add(dashboardType, object("dashboardName", "events", "dashboardBody", `{"widgets":[{"type":"text","properties":{"markdown":"hello"}}]}`))
	const key = "1234abcd-12ab-34cd-56ef-1234567890ab"
	hidden := property.New("hidden").WithSecret(true)
	add(parameterType, object("name", "/app/key", "type", "SecureString", "description", "d", "keyId", key, "allowedPattern", ".+",
		"dataType", "text", "tier", "Standard", "overwrite", true, "tags", tags).Set("value", hidden))
	secret := add(secretType, object("name", "app/jwt", "description", "d", "kmsKeyId", key, "recoveryWindowInDays", 0, "tags", tags))
	add(versionType, object("secretId", secret, "versionStages", list("AWSCURRENT")).Set("secretString", hidden))
	const certificate = "arn:aws:acm:eu-central-1:000000000000:certificate/c"
	domain := add(domainNameType, object(
		"domainName", "api.example.com", "tags", tags, "mutualTlsAuthentication", map[string]any{"truststoreUri": "s3://bucket/roots.pem", "truststoreVersion": "1"},
		"domainNameConfiguration", map[string]any{"certificateArn": certificate, "endpointType": "REGIONAL", "securityPolicy": "TLS_1_2", "ipAddressType": "dualstack", "ownershipVerificationCertificateArn": certificate},
	))
	add(apiMappingType, object("apiId", api, "domainName", domain, "stage", "dev", "apiMappingKey", "v1/events"))
	return things
}

// of finds the first thing of a type.
func of(things []thing, typ string) thing {
	for _, it := range things {
		if it.typ == typ {
			return it
		}
	}
	return thing{}
}
