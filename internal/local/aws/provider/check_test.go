package provider

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// with returns the inputs with the pairs changed; nil removes one.
func with(inputs property.Map, pairs ...any) property.Map {
	for i := 0; i < len(pairs); i += 2 {
		if name := pairs[i].(string); pairs[i+1] == nil {
			inputs = inputs.Delete(name)
		} else if value, ok := pairs[i+1].(property.Value); ok {
			inputs = inputs.Set(name, value)
		} else {
			inputs = inputs.Set(name, toValue(pairs[i+1]))
		}
	}
	return inputs
}

var (
	api     = object("name", "events", "protocolType", "HTTP")
	stage   = object("apiId", "abc", "name", "$default", "autoDeploy", true)
	invoke1 = object("apiId", "abc", "integrationType", "AWS_PROXY", "integrationUri", invokeFnARN, "payloadFormatVersion", "2.0")
	judge   = object("apiId", "abc", "name", "judge", "authorizerType", "REQUEST", "authorizerUri", invokeFnARN, "authorizerPayloadFormatVersion", "2.0",
		"enableSimpleResponses", true, "identitySources", list("$request.header.Authorization"))
	route  = object("apiId", "abc", "routeKey", "GET /events", "target", "integrations/def")
	domain = object("domainName", "api.example.com", "domainNameConfiguration", map[string]any{
		"certificateArn": "arn:aws:acm:eu-central-1:000000000000:certificate/c", "endpointType": "REGIONAL", "securityPolicy": "TLS_1_2",
	})
	mapping = object("apiId", "abc", "domainName", "api.example.com", "stage", "$default")
	role    = object("name", "fn-role", "assumeRolePolicy", trust)
	inline  = object("name", "inline", "role", "fn-role", "policy", allow)
	group   = object("name", "/aws/lambda/fn", "retentionInDays", 7)
	table   = object("name", "events", "billingMode", "PAY_PER_REQUEST", "hashKey", "pk", "attributes", list(map[string]any{"name": "pk", "type": "S"}))
	grant   = object("statementId", "gateway", "function", "fn", "action", "lambda:InvokeFunction", "principal", "apigateway.amazonaws.com")
)

// parameterOf is a parameter with these properties.
func parameterOf(pairs ...any) property.Map {
	return with(object("name", "/a/b", "type", "String"), pairs...)
}

// Every rule that can be known from a resource alone is checked before
// anything is created.
func TestRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fn := w.functionInputs()
	attributes := func(pairs ...string) []any {
		var out []any
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, map[string]any{"name": pairs[i], "type": pairs[i+1]})
		}
		return out
	}
	gsi := func(hash, projection string) []any {
		return list(map[string]any{"name": "by-x", "hashKey": hash, "projectionType": projection})
	}
	large := func(size int) string {
		return strings.Replace(allow, `"*"`, `["arn:aws:s3:::`+strings.Repeat("x", size)+`"]`, 1)
	}
	foreign := make([]byte, 64)
	copy(foreign, "\x7fELF\x02\x01\x01")
	binary.LittleEndian.PutUint16(foreign[18:], 183)
	tests := []struct {
		name   string
		typ    string
		inputs property.Map
		want   string
	}{
		{"API", apiType, api, ""},
		{"protocol", apiType, with(api, "protocolType", "WEBSOCKET"), "the local AWS does not support the protocol type WEBSOCKET: use HTTP"},
		{"long API name", apiType, with(api, "name", strings.Repeat("n", 129)), `BadRequestException: Name must be 1 to 128 characters long, and "` + strings.Repeat("n", 129) + `" has 129`},
		{"route selection", apiType, with(api, "routeSelectionExpression", "$request.body.action"), `BadRequestException: Invalid route selection expression "$request.body.action". HTTP APIs only have "$request.method $request.path".`},
		{"stage", stageType, stage, ""},
		{"stage name", stageType, with(stage, "name", "a/b"), `BadRequestException: Stage name "a/b" only allows a-zA-Z0-9_- and at most 128 characters, or $default`},
		{"stage variable", stageType, with(stage, "stageVariables", map[string]any{"a b": "c"}), `BadRequestException: Stage variable "a b": names only allow a-zA-Z0-9_, values only a-zA-Z0-9-._~:/?#&=,`},
		{"integration", integrationType, invoke1, ""},
		{"integration type", integrationType, with(invoke1, "integrationType", "LAMBDA"), `BadRequestException: Invalid integration type "LAMBDA". It should be AWS_PROXY.`},
		{"integration URI", integrationType, with(invoke1, "integrationUri", "fn"), `BadRequestException: Invalid integration URI "fn". It should be the ARN or the invoke ARN of a Lambda function.`},
		{"integration time-out", integrationType, with(invoke1, "timeoutMilliseconds", 30001), "BadRequestException: Timeout should be between 50 ms and 30000 ms, and is 30001 ms"},
		{"integration time-out 0", integrationType, with(invoke1, "timeoutMilliseconds", 0), `the property "timeoutMilliseconds" of aws:apigatewayv2/integration:Integration is 0: give a number above 0, or leave it out for AWS's default`},
		{"integration payload", integrationType, with(invoke1, "payloadFormatVersion", "3.0"), `BadRequestException: Invalid payload format version "3.0". An integration of an HTTP API needs 1.0 or 2.0.`},
		{"authorizer", authorizerType, judge, ""},
		{"authorizer URI", authorizerType, with(judge, "authorizerUri", functionARN), "BadRequestException: Invalid Authorizer URI: arn:aws:lambda:eu-central-1:000000000000:function:fn. Authorizer URI should be a valid API Gateway ARN that represents a Lambda function invocation."},
		{"long TTL", authorizerType, with(judge, "authorizerResultTtlInSeconds", 3601), "BadRequestException: AuthorizerResultTtlInSeconds should be between 0 and 3600, and is 3601"},
		{"TTL without source", authorizerType, with(judge, "identitySources", nil, "authorizerResultTtlInSeconds", 300), "BadRequestException: Identity source must be set if authorizer caching is enabled (TTL is greater than 0)"},
		{"no TTL and no source", authorizerType, with(judge, "identitySources", nil), ""},
		{"identity source", authorizerType, with(judge, "identitySources", list("header.Authorization")), `BadRequestException: Invalid identity source "header.Authorization". It should be $request.header.name, $request.querystring.name, $context.name or $stageVariables.name.`},
		{"authorizer type", authorizerType, with(judge, "authorizerType", "TOKEN"), `BadRequestException: Invalid authorizer type "TOKEN". It should be REQUEST or JWT.`},
		{"authorizer payload", authorizerType, with(judge, "authorizerPayloadFormatVersion", nil), `BadRequestException: Invalid AuthorizerPayloadFormatVersion "". A REQUEST authorizer needs 1.0 or 2.0.`},
		{"parameter", parameterType, parameterOf("value", "x"), ""},
		{"parameter's name", parameterType, parameterOf("value", "x", "name", "/aws/x"), `ValidationException: Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive): "/aws/x". If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_`},
		{"parameter's type", parameterType, parameterOf("value", "x", "type", "Secret"), "ValidationException: 1 validation error detected: Value 'Secret' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [SecureString, StringList, String]"},
		{"parameter without value", parameterType, parameterOf(), "ValidationException: 1 validation error detected: Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"parameter with two values", parameterType, parameterOf("value", "x", "insecureValue", "y"), "a parameter has value or insecureValue, not both"},
		{"insecure SecureString", parameterType, parameterOf("insecureValue", "y", "type", "SecureString"), "a SecureString has no insecureValue: use value"},
		{"secret", secretType, object("name", "app/jwt"), ""},
		{"secret's name", secretType, object("name", "a b"), `InvalidParameterException: Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!; cure: rename the secret "a b"`},
		{"recovery window", secretType, object("name", "n", "recoveryWindowInDays", 5), "recoveryWindowInDays is 5: it is 0, to delete at once, or 7 to 30"},
		{"version without value", versionType, object("secretId", "n"), "a version of a secret has secretString or secretBinary, one of them"},
		{"version's bytes", versionType, object("secretId", "n", "secretBinary", "%"), "secretBinary is not base64"},
		{"domain", domainNameType, domain, ""},
		{"domain name", domainNameType, with(domain, "domainName", "api"), `BadRequestException: Invalid domain name "api". It should be a whole name in lower case, such as api.example.com or *.example.com.`},
		{"certificate", domainNameType, with(domain, "domainNameConfiguration", map[string]any{"certificateArn": "c", "endpointType": "REGIONAL", "securityPolicy": "TLS_1_2"}), `BadRequestException: Invalid certificate ARN "c". It should be the ARN of a certificate of ACM.`},
		{"truststore", domainNameType, with(domain, "mutualTlsAuthentication", map[string]any{"truststoreUri": "roots.pem"}), `BadRequestException: Invalid truststore URI "roots.pem". It should be s3://bucket/key.`},
		{"mapping", apiMappingType, mapping, ""},
		{"mapping key", apiMappingType, with(mapping, "apiMappingKey", "/v1"), `BadRequestException: Invalid ApiMapping key "/v1". It should have no slash at its beginning or end, and no double one.`},
		{"route", routeType, route, ""},
		{"route method", routeType, with(route, "routeKey", "FETCH /events"), `BadRequestException: The provided route key "FETCH /events" is not formatted properly for HTTP protocol. It should be $default, or one of ANY, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, a space and a path that begins with a slash.`},
		{"route path", routeType, with(route, "routeKey", "GET events"), `BadRequestException: The provided route key "GET events" is not formatted properly for HTTP protocol. It should be $default, or one of ANY, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, a space and a path that begins with a slash.`},
		{"route with a slash at its end", routeType, with(route, "routeKey", "GET /events/"), `BadRequestException: The route key "GET /events/" has an empty path segment. Paths have no trailing and no double slashes.`},
		{"greedy in the middle", routeType, with(route, "routeKey", "GET /{proxy+}/x"), `BadRequestException: The greedy path variable "{proxy+}" of the route key "GET /{proxy+}/x" is not at the end of the path.`},
		{"variable twice", routeType, with(route, "routeKey", "GET /{id}/{id}"), `BadRequestException: The route key "GET /{id}/{id}" has the path variable "id" twice.`},
		{"target", routeType, with(route, "target", "def"), `BadRequestException: Invalid target "def" of the route "GET /events". It should be integrations/ and the ID of an integration of this API.`},
		{"no target", routeType, with(route, "target", nil), "the local AWS does not support a route without target: set Target to integrations/{integration id}"},
		{"authorization type", routeType, with(route, "authorizationType", "LAMBDA"), `BadRequestException: Invalid authorization type "LAMBDA". It should be NONE, AWS_IAM, CUSTOM or JWT.`},
		{"CUSTOM without authorizer", routeType, with(route, "authorizationType", "CUSTOM"), "BadRequestException: Invalid authorizer ID specified. Setting the authorization type to CUSTOM requires a valid authorizer."},
		{"authorizer without CUSTOM", routeType, with(route, "authorizerId", "ghi"), `BadRequestException: The route "GET /events" has the authorization type NONE and the authorizer ghi. Set CUSTOM or JWT, or leave the authorizer out.`},
		{"role", roleType, role, ""},
		{"role name", roleType, with(role, "name", "a b"), `ValidationError: the role name "a b" must be 1 to 64 characters long and match [\w+=,.@-]+`},
		{"role path", roleType, with(role, "path", "team"), `ValidationError: the path "team" of role "fn-role" must begin and end with / and have at most 512 characters`},
		{"session duration", roleType, with(role, "maxSessionDuration", 60), `ValidationError: the maximum session duration 60 of role "fn-role" must be 3600 to 43200 seconds`},
		{"trust policy", roleType, with(role, "assumeRolePolicy", "{"), "MalformedPolicyDocument: This policy contains invalid Json: byte 1: unexpected end of JSON input"},
		{"trust policy without principal", roleType, with(role, "assumeRolePolicy", strings.Replace(trust, `,"Principal":{"Service":"lambda.amazonaws.com"}`, "", 1)), `MalformedPolicyDocument: Syntax errors in policy: add "Principal": {"Service": "lambda.amazonaws.com"} or the like to statement 1 of the trust policy`},
		{"large trust policy", roleType, with(role, "assumeRolePolicy", strings.Replace(trust, `"lambda.amazonaws.com"`, `["`+strings.Repeat("a", 2000)+`.amazonaws.com"]`, 1)), "LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048"},
		{"policy", rolePolicyType, inline, ""},
		{"policy name", rolePolicyType, with(inline, "name", "a/b"), `ValidationError: the policy name "a/b" must be 1 to 128 characters long and match [\w+=,.@-]+`},
		{"policy syntax", rolePolicyType, with(inline, "policy", strings.Replace(allow, "Effect", "Efect", 1)), `MalformedPolicyDocument: Syntax errors in policy: "Efect" is not a member of statement 1: use only Sid, Effect, Principal, NotPrincipal, Action, NotAction, Resource, NotResource, Condition`},
		{"policy version", rolePolicyType, with(inline, "policy", strings.Replace(allow, "2012", "2011", 1)), `MalformedPolicyDocument: Policy document must be version 2012-10-17 or greater: set "Version": "2012-10-17"`},
		{"policy with a table's name", rolePolicyType, with(inline, "policy", strings.Replace(allow, `"*"`, `"events"`, 1)), `MalformedPolicyDocument: Resource events must be in ARN format or "*": statement 1`},
		{"large policy", rolePolicyType, with(inline, "policy", large(10240)), "LimitExceeded: Maximum policy size of 10240 bytes exceeded for role fn-role"},
		{"log group", logGroupType, group, ""},
		{"log group without retention", logGroupType, with(group, "retentionInDays", 0), ""},
		{"log group name", logGroupType, with(group, "name", "a b"), `InvalidParameterException: 1 validation error detected: Value "a b" at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+ with 1 to 512 characters`},
		{"retention", logGroupType, with(group, "retentionInDays", 10), "InvalidParameterException: 1 validation error detected: Value '10' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653]; 0 keeps the events for ever"},
		{"table", tableType, table, ""},
		{"table name", tableType, with(table, "name", "ab"), "ValidationException: 1 validation error detected: Value 'ab' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3"},
		{"billing", tableType, with(table, "billingMode", nil), "ValidationException: the billing mode PROVISIONED, which is AWS's default, is not supported by the local AWS; cure: set the billing mode PAY_PER_REQUEST"},
		{"stream without a view", tableType, with(table, "streamEnabled", true), "streamViewType is required when streamEnabled is true: set NEW_AND_OLD_IMAGES, NEW_IMAGE, OLD_IMAGE or KEYS_ONLY"},
		{"table class", tableType, with(table, "tableClass", "CHEAP"), "ValidationException: 1 validation error detected: Value 'CHEAP' at 'tableClass' failed to satisfy constraint: Member must satisfy enum value set: [STANDARD, STANDARD_INFREQUENT_ACCESS]"},
		{"recovery period", tableType, with(table, "pointInTimeRecovery", map[string]any{"enabled": true, "recoveryPeriodInDays": 40}), "ValidationException: 1 validation error detected: Value '40' at 'pointInTimeRecoverySpecification.recoveryPeriodInDays' failed to satisfy constraint: Member must be 1 to 35"},
		{"missing attribute", tableType, with(table, "rangeKey", "sk"), "ValidationException: One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [sk], AttributeDefinitions: [pk]"},
		{"unused attribute", tableType, with(table, "attributes", attributes("pk", "S", "x", "S")), "ValidationException: One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions"},
		{"attribute type", tableType, with(table, "attributes", attributes("pk", "STRING")), `ValidationException: 1 validation error detected: Value 'STRING' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]`},
		{"index attribute", tableType, with(table, "globalSecondaryIndexes", gsi("x", "ALL")), "ValidationException: One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [x], AttributeDefinitions: [pk]"},
		{"projection", tableType, with(table, "globalSecondaryIndexes", gsi("pk", "SOME")), "ValidationException: 1 validation error detected: Value 'SOME' at 'globalSecondaryIndexes.1.member.projection.projectionType' failed to satisfy constraint: Member must satisfy enum value set: [ALL, INCLUDE, KEYS_ONLY]"},
		{"function", functionType, fn, ""},
		{"function name", functionType, with(fn, "name", "a b"), "ValidationException: 1 validation error detected: Value 'a b' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+; cure: use letters, digits, - and _"},
		{"memory", functionType, with(fn, "memorySize", 64), "ValidationException: 1 validation error detected: Value '64' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128"},
		{"memory 0", functionType, with(fn, "memorySize", 0), `the property "memorySize" of aws:lambda/function:Function is 0: give a number above 0, or leave it out for AWS's default`},
		{"time-out", functionType, with(fn, "timeout", 901), "ValidationException: 1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900"},
		{"runtime", functionType, with(fn, "runtime", "go1.x"), "InvalidParameterValueException: Value 'go1.x' at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [provided.al2023, provided.al2] (the local AWS runs no other); cure: set the runtime provided.al2023: the local AWS runs a program called bootstrap, and no interpreter"},
		{"no runtime", functionType, with(fn, "runtime", nil), "InvalidParameterValueException: Value '' at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [provided.al2023, provided.al2] (the local AWS runs no other); cure: set the runtime provided.al2023: the local AWS runs a program called bootstrap, and no interpreter"},
		{"role of a function", functionType, with(fn, "role", "fn-role"), `ValidationException: 1 validation error detected: Value 'fn-role' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+; cure: give the ARN of the role, not its name`},
		{"two architectures", functionType, with(fn, "architectures", list("arm64", "x86_64")), "a function has one architecture, not 2"},
		{"an architecture by Go's name", functionType, with(fn, "architectures", list("amd64")), "ValidationException: 1 validation error detected: Value '[amd64]' at 'architectures' failed to satisfy constraint: Member must satisfy enum value set: [x86_64, arm64]"},
		{"another package type", functionType, with(fn, "packageType", "Image"), `the local AWS runs functions of the package type Zip only, not "Image"`},
		{"log format", functionType, with(fn, "loggingConfig", map[string]any{"logFormat": "Json"}), "ValidationException: 1 validation error detected: Value 'Json' at 'loggingConfig.logFormat' failed to satisfy constraint: Member must satisfy enum value set: [JSON, Text]"},
		{"layer", functionType, with(fn, "layers", list(strings.TrimSuffix(layerARN, ":53"))), `ValidationException: 1 validation error detected: Value 'arn:aws:lambda:eu-central-1:580247275435:layer:LambdaInsightsExtension' at 'layers' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:lambda:[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+; cure: give the ARN of a layer's version, with its number at the end`},
		{"VPC without security groups", functionType, with(fn, "vpcConfig", map[string]any{"subnetIds": list("subnet-a"), "securityGroupIds": list()}), "InvalidParameterValueException: SubnetIds and SecurityIds must coexist or be both empty list.; cure: give subnets and security groups, or neither"},
		{"snap start", functionType, with(fn, "snapStart", map[string]any{"applyOn": "PublishedVersions"}), `the local AWS does not support the property "snapStart" of aws:lambda/function:Function; it supports architectures, code, deadLetterConfig, description, environment, ephemeralStorage, handler, kmsKeyArn, layers, loggingConfig, memorySize, name, packageType, reservedConcurrentExecutions, role, runtime, sourceCodeHash, tags, timeout, tracingConfig, vpcConfig`},
		{"reservation", functionType, with(fn, "reservedConcurrentExecutions", -2), "ValidationException: 1 validation error detected: Value '-2' at 'reservedConcurrentExecutions' failed to satisfy constraint: Member must have value greater than or equal to 0"},
		{"reserved variable", functionType, with(fn, "environment", map[string]any{"variables": map[string]any{"AWS_REGION": "x"}}), "InvalidParameterValueException: Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION; cure: Lambda sets these variables itself: rename yours"},
		{"source code hash", functionType, with(fn, "sourceCodeHash", "AAAA"), "the sourceCodeHash AAAA is not the base64 SHA-256 hash of the code"},
		{"bootstrap that is not executable", functionType, with(fn, "code", zipOf(t, 0o644, "#!/bin/sh\n")), "InvalidParameterValueException: fork/exec /var/task/bootstrap: permission denied (its mode is -rw-r--r--); cure: put the program into the zip's root as bootstrap, with mode 0755"},
		{"arm64 program on x86_64", functionType, with(fn, "code", zipOf(t, 0o755, string(foreign))), `InvalidParameterValueException: bootstrap is a program for linux/arm64, and the function's architecture is x86_64: on AWS every invocation would fail with Runtime.InvalidEntrypoint (exec format error); cure: set architectures to ["arm64"], or compile bootstrap with GOARCH=amd64`},
		{"large zip", functionType, with(fn, "code", zipOf(t, 0o755, strings.Repeat("x", 53<<20))), `RequestEntityTooLargeException: Request must be smaller than 69905067 bytes for the CreateFunction operation; cure: make the zip smaller than 50 MB: build with -ldflags="-s -w"`},
		{"permission", permissionType, grant, ""},
		{"statement", permissionType, with(grant, "statementId", "a b"), `ValidationException: 1 validation error detected: Value 'a b' at 'statementId' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9\-_]{1,100}`},
		{"action", permissionType, with(grant, "action", "InvokeFunction"), `ValidationException: 1 validation error detected: Value 'InvokeFunction' at 'action' failed to satisfy constraint: Member must satisfy regular expression pattern: (lambda:\*|lambda:[a-zA-Z]+|\*)`},
		{"source ARN", permissionType, with(grant, "sourceArn", "abc/*"), `ValidationException: 1 validation error detected: Value 'abc/*' at 'sourceArn' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}(-gov)?(-iso[a-z]?)?-[a-z]+-\d{1})?:(\d{12})?:(.*)`},
		{"qualifier", permissionType, with(grant, "qualifier", "live"), `the qualifier is "live", but the functions of the local AWS have no versions and aliases: leave it out`},
		{"source account", permissionType, with(grant, "sourceAccount", "1"), `ValidationException: 1 validation error detected: Value '1' at 'sourceAccount' failed to satisfy constraint: Member must satisfy regular expression pattern: \d{12}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			response, err := w.Check(t.Context(), p.CheckRequest{Urn: urn(tt.typ, "x"), Inputs: tt.inputs, RandomSeed: []byte("seed")})
			var got []string
			for _, f := range response.Failures {
				got = append(got, f.Reason)
			}
			want := []string{tt.want}
			if tt.want == "" {
				want = nil
			}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("got  %q, error %v\nwant %q", got, err, want)
			}
		})
	}
}

// What is not known yet is not held against a resource, and what is known
// beside it is still checked.
func TestUnknownValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	unknown := property.New(property.Computed)
	variables := func(pairs ...any) property.Value {
		return property.New(map[string]property.Value{"variables": property.New(with(property.Map{}, pairs...))})
	}
	fn := with(w.functionInputs(), "role", unknown)
	tests := []struct {
		name   string
		typ    string
		inputs property.Map
		want   string
	}{
		{"integration", integrationType, with(invoke1, "apiId", unknown, "integrationUri", unknown), ""},
		{"integration, and a mistake", integrationType, with(invoke1, "apiId", unknown, "integrationUri", unknown, "timeoutMilliseconds", 10), "BadRequestException: Timeout should be between 50 ms and 30000 ms, and is 10 ms"},
		{"authorizer", authorizerType, with(judge, "apiId", unknown, "authorizerUri", unknown), ""},
		{"authorizer, and a mistake", authorizerType, with(judge, "apiId", unknown, "authorizerUri", unknown, "authorizerResultTtlInSeconds", 4000), "BadRequestException: AuthorizerResultTtlInSeconds should be between 0 and 3600, and is 4000"},
		{"identity sources", authorizerType, with(judge, "identitySources", property.New([]property.Value{unknown})), ""},
		{"route", routeType, with(route, "apiId", unknown, "target", unknown, "authorizerId", unknown, "authorizationType", "CUSTOM"), ""},
		{"route, and a mistake", routeType, with(route, "apiId", unknown, "target", unknown, "routeKey", "GET /a/"), `BadRequestException: The route key "GET /a/" has an empty path segment. Paths have no trailing and no double slashes.`},
		{"policy", rolePolicyType, with(inline, "role", unknown, "policy", unknown), ""},
		{"policy, and a mistake", rolePolicyType, with(inline, "role", unknown, "policy", "{}"), `MalformedPolicyDocument: Policy document must be version 2012-10-17 or greater: set "Version": "2012-10-17"`},
		{"trust policy", roleType, with(role, "assumeRolePolicy", unknown), ""},
		{"permission", permissionType, with(grant, "function", unknown, "sourceArn", unknown), ""},
		{"permission, and a mistake", permissionType, with(grant, "function", unknown, "sourceArn", unknown, "action", "Invoke"), `ValidationException: 1 validation error detected: Value 'Invoke' at 'action' failed to satisfy constraint: Member must satisfy regular expression pattern: (lambda:\*|lambda:[a-zA-Z]+|\*)`},
		{"table", tableType, with(table, "hashKey", unknown), ""},
		{"function", functionType, with(fn, "environment", variables("TABLE", unknown)), ""},
		{"mapping", apiMappingType, with(mapping, "apiId", unknown, "domainName", unknown, "stage", unknown), ""},
		{"mapping, and a mistake", apiMappingType, with(mapping, "apiId", unknown, "apiMappingKey", "v1/"), `BadRequestException: Invalid ApiMapping key "v1/". It should have no slash at its beginning or end, and no double one.`},
		{"access log", stageType, with(stage, "apiId", unknown, "accessLogSettings", property.New(with(object("format", "$context.requestId"), "destinationArn", unknown))), ""},
		{"JWT authorizer", authorizerType, with(object("name", "jwt", "authorizerType", "JWT", "identitySources", list("$request.header.Authorization")),
			"apiId", unknown, "jwtConfiguration", property.New(with(object("audiences", list("a")), "issuer", unknown))), ""},
		{"function, and a mistake", functionType, with(fn, "environment", unknown, "memorySize", 64), "ValidationException: 1 validation error detected: Value '64' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128"},
		{"the name of a variable", functionType, with(fn, "environment", variables("1TABLE", unknown)), "ValidationException: 1 validation error detected: Value '1TABLE' at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]; cure: rename the variable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var want []string
			if tt.want != "" {
				want = []string{tt.want}
			}
			if got := w.check(tt.typ, tt.inputs); !slices.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
			_, err := w.Create(t.Context(), createRequest(tt.typ, tt.inputs))
			if err == nil || !strings.Contains(err.Error(), "the engine sent an unknown value for ") {
				t.Errorf("creating it: %v", err)
			}
		})
	}
}

// A property that AWS's provider leaves as it is when the program no longer
// gives it is no change, and stays.
func TestComputedProperties(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	things := w.everything()
	tests := []struct {
		typ, property string
		still         func() any
		want          any
	}{
		{authorizerType, "authorizerResultTtlInSeconds", func() any {
			authorizer, err := w.Gateway.Authorizer(of(things, apiType).id, of(things, authorizerType).id)
			if err != nil {
				t.Fatal(err)
			}
			return authorizer.ResultTTL
		}, 60},
		{functionType, "architectures", func() any {
			info, _ := w.Lambda.Function("fn")
			return info.Architecture
		}, "arm64"},
		{tableType, "pointInTimeRecovery", func() any {
			info, _ := w.DynamoDB.Table("events")
			return info.RecoveryDays
		}, 7},
		{tableType, "ttl", func() any {
			info, _ := w.DynamoDB.Table("events")
			return info.TTLAttribute
		}, "until"},
		{tableType, "serverSideEncryption", func() any {
			info, _ := w.DynamoDB.Table("events")
			return info.SSE
		}, true},
		{functionType, "tracingConfig", func() any {
			info, _ := w.Lambda.Function("fn")
			return info.TracingMode
		}, "Active"},
		{functionType, "ephemeralStorage", func() any {
			info, _ := w.Lambda.Function("fn")
			return info.EphemeralStorage
		}, 1024},
	}
	for _, tt := range tests {
		it := of(things, tt.typ)
		without := it.inputs.Delete(tt.property)
		diff, err := w.Diff(t.Context(), p.DiffRequest{ID: it.id, Urn: urn(it.typ, "x"), State: it.states, OldInputs: it.inputs, Inputs: without})
		if err != nil || diff.HasChanges {
			t.Errorf("%s: %+v, %v", tt.property, diff, err)
		}
		w.update(it, without)
		if got := tt.still(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.property, got, tt.want)
		}
		if read := w.refresh(thing{it.typ, it.id, without, it.states}); !read.inputs.Equals(without) {
			t.Errorf("%s: it is drift: %v", tt.property, read.inputs)
		}
	}
}

// The properties whose change makes a new resource are those of AWS's
// provider; all others are changed in place.
func TestReplacedProperties(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := map[string][]string{
		apiType:         {"protocolType"},
		stageType:       {"apiId", "name"},
		integrationType: {"apiId", "integrationType"},
		authorizerType:  {"apiId"},
		parameterType:   {"dataType", "name"},
		secretType:      {"name"},
		versionType:     {"secretId", "secretString", "versionStages"},
		domainNameType:  {"domainName"},
		apiMappingType:  {"apiId", "domainName"},
		routeType:       {"apiId"},
		logGroupType:    {"name"},
		alarmType:       {"name"},
		dashboardType:   {"dashboardName"},
		tableType:       {"hashKey", "name", "rangeKey"},
		roleType:        {"name", "path"},
		rolePolicyType:  {"name", "role"},
		functionType:    {"name", "packageType"},
		permissionType:  {"action", "function", "principal", "sourceAccount", "sourceArn", "statementId"},
	}
	got := map[string][]string{}
	for _, it := range w.everything() {
		for name, old := range it.inputs.All {
			if name == "code" {
				continue
			}
			diff, err := w.Diff(t.Context(), p.DiffRequest{ID: it.id, Urn: urn(it.typ, "x"), State: it.states.Set(name, property.New("another")), OldInputs: it.inputs.Set(name, property.New("another")), Inputs: it.inputs})
			if err != nil || len(diff.DetailedDiff) != 1 {
				t.Fatalf("%s of %v: %+v, %v", name, old, diff, err)
			}
			if diff.DetailedDiff[name].Kind == p.UpdateReplace && !slices.Contains(got[it.typ], name) {
				got[it.typ] = append(got[it.typ], name)
			}
		}
	}
	for typ := range want {
		slices.Sort(got[typ])
		if !slices.Equal(got[typ], want[typ]) {
			t.Errorf("%s: %v, want %v", typ, got[typ], want[typ])
		}
	}
}

// Everything that is not replaced can be changed in place.
func TestUpdates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	things := w.everything()
	changes := map[string][]any{
		apiType:         {"name", "renamed", "description", nil, "tags", nil},
		stageType:       {"description", "e", "stageVariables", map[string]any{"c": "d"}, "routeSettings", nil},
		integrationType: {"timeoutMilliseconds", 50, "description", nil, "integrationUri", functionARN},
		parameterType:   {"value", property.New("other").WithSecret(true), "description", nil, "tags", nil},
		secretType:      {"description", nil, "kmsKeyId", nil, "tags", nil},
		domainNameType:  {"mutualTlsAuthentication", nil, "domainNameConfiguration", map[string]any{"certificateArn": "arn:aws:acm:eu-central-1:000000000000:certificate/d", "endpointType": "REGIONAL", "securityPolicy": "TLS_1_2"}},
		apiMappingType:  {"apiMappingKey", nil},
		authorizerType:  {"name", "renamed", "authorizerResultTtlInSeconds", 0, "identitySources", list("$request.querystring.token")},
		routeType:       {"routeKey", "ANY /x", "authorizationType", "NONE", "authorizerId", nil, "operationName", nil},
		logGroupType:    {"retentionInDays", 30, "tags", nil},
		alarmType:       {"threshold", 5, "actionsEnabled", nil, "tags", nil, "dimensions", map[string]any{"FunctionName": "other"}},
		dashboardType:   {"dashboardBody", `{"widgets":[]}`},
		tableType: {"deletionProtectionEnabled", nil, "ttl", map[string]any{"attributeName": "until", "enabled": false}, "streamViewType", "KEYS_ONLY", "tableClass", nil, "pointInTimeRecovery", map[string]any{"enabled": false},
			"serverSideEncryption", map[string]any{"enabled": true}, "globalSecondaryIndexes", list(map[string]any{"name": "by-sk", "hashKey": "sk", "projectionType": "KEYS_ONLY"})},
		roleType:       {"description", "e", "maxSessionDuration", nil},
		rolePolicyType: {"policy", strings.Replace(allow, "Allow", "Deny", 1)},
		functionType: {"memorySize", 128, "timeout", nil, "environment", nil, "loggingConfig", nil, "reservedConcurrentExecutions", 0,
			"layers", nil, "vpcConfig", nil, "tracingConfig", map[string]any{"mode": "PassThrough"}, "ephemeralStorage", map[string]any{"size": 512}, "deadLetterConfig", nil, "kmsKeyArn", nil},
	}
	for _, it := range slices.Backward(things) {
		pairs, ok := changes[it.typ]
		if !ok || it.id != of(things, it.typ).id {
			continue
		}
		inputs := with(it.inputs, pairs...)
		w.update(it, inputs)
		if read := w.refresh(thing{it.typ, it.id, inputs, it.states}); !read.inputs.Equals(inputs) {
			t.Errorf("%s: the inputs are\n%v\nwant\n%v", it.typ, read.inputs, inputs)
		}
		// Against the old inputs the change is drift.
		if read := w.refresh(it); read.inputs.Equals(it.inputs) {
			t.Errorf("%s has not changed", it.typ)
		}
	}
}
