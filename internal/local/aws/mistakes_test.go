package aws

import (
	"runtime"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// hostArchitecture is Lambda's name of this machine's processor.
func hostArchitecture() string {
	return map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
}

const logsOf = "arn:aws:logs:eu-central-1:000000000000:log-group:/aws/lambda/"

// protectedAPI is a right stack: GET /open is public, GET /item and GET /list
// are protected.
func protectedAPI(code property.Archive) stack {
	function := func(name string, environment object) resource {
		return resource{name, "aws:lambda/function:Function", object{
			"name": name, "role": ref{name + "-role", "arn"}, "runtime": "provided.al2023", "handler": "bootstrap",
			"architectures": []any{hostArchitecture()}, "code": code, "timeout": 5, "environment": object{"variables": environment},
		}}
	}
	role := func(name, document string) []resource {
		return []resource{
			{name + "-logs", "aws:cloudwatch/logGroup:LogGroup", object{"name": "/aws/lambda/" + name, "retentionInDays": 7}},
			{name + "-role", "aws:iam/role:Role", object{"name": name, "assumeRolePolicy": trust("lambda.amazonaws.com")}},
			{name + "-policy", "aws:iam/rolePolicy:RolePolicy", object{"name": "inline", "role": name, "policy": document}},
		}
	}
	route := func(key string, inputs object) resource {
		inputs["apiId"], inputs["routeKey"] = ref{"api", "id"}, key
		inputs["target"] = sprintf("integrations/%s", ref{"integration", "id"})
		return resource{key, "aws:apigatewayv2/route:Route", inputs}
	}
	protected := func() object {
		return object{"authorizationType": "CUSTOM", "authorizerId": ref{"gate", "id"}}
	}
	permission := func(function, source string, refs ...ref) resource {
		return resource{function + "-permission", "aws:lambda/permission:Permission", object{
			"function": function, "action": "lambda:InvokeFunction", "principal": "apigateway.amazonaws.com", "sourceArn": sprintf(source, refs...),
		}}
	}
	s := stack{
		{"table", "aws:dynamodb/table:Table", object{
			"name": "things", "billingMode": "PAY_PER_REQUEST", "hashKey": "pk",
			"attributes":             []any{object{"name": "pk", "type": "S"}, object{"name": "kind", "type": "S"}},
			"globalSecondaryIndexes": []any{object{"name": "by-kind", "hashKey": "kind", "projectionType": "ALL"}},
		}},
	}
	s = append(s, role("judge", policy(
		"logs:CreateLogStream", logsOf+"judge:*", "logs:PutLogEvents", logsOf+"judge:*"))...)
	s = append(s, role("reader", policy(
		"logs:CreateLogStream", logsOf+"reader:*", "logs:PutLogEvents", logsOf+"reader:*",
		"dynamodb:GetItem", "arn:aws:dynamodb:eu-central-1:000000000000:table/things",
		"dynamodb:Query", "arn:aws:dynamodb:eu-central-1:000000000000:table/things/index/by-kind"))...)
	return append(s,
		function("judge", object{"MODE": "authorizer"}),
		function("reader", object{"TABLE_NAME": "things"}),
		resource{"api", "aws:apigatewayv2/api:Api", object{"name": "things", "protocolType": "HTTP"}},
		resource{"stage", "aws:apigatewayv2/stage:Stage", object{"apiId": ref{"api", "id"}, "name": "$default", "autoDeploy": true}},
		resource{"gate", "aws:apigatewayv2/authorizer:Authorizer", object{
			"apiId": ref{"api", "id"}, "name": "gate", "authorizerType": "REQUEST", "authorizerUri": ref{"judge", "invokeArn"},
			"authorizerPayloadFormatVersion": "2.0", "enableSimpleResponses": true,
			"identitySources": []any{"$request.header.Authorization"}, "authorizerResultTtlInSeconds": 0,
		}},
		resource{"integration", "aws:apigatewayv2/integration:Integration", object{
			"apiId": ref{"api", "id"}, "integrationType": "AWS_PROXY", "integrationUri": ref{"reader", "invokeArn"}, "payloadFormatVersion": "2.0",
		}},
		permission("judge", "%s/authorizers/%s", ref{"api", "executionArn"}, ref{"gate", "id"}),
		permission("reader", "%s/*/*", ref{"api", "executionArn"}),
		route("GET /open", object{"authorizationType": "NONE"}),
		route("GET /item", protected()),
		route("GET /list", protected()),
	)
}

// Without a mistake everything works: so each mistake's test fails for the
// mistake.
func TestNoMistake(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	if err := d.deploy(t.Context(), protectedAPI(probe(t))); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/open": 200, "/item": 200, "/list": 200, "/none": 404} {
		if got, err := d.request(t.Context(), "GET", path, map[string]string{"Authorization": "good"}); got != want {
			t.Errorf("GET %s is %d, want %d (%v)", path, got, want, err)
		}
	}
	if got, err := d.request(t.Context(), "GET", "/item", nil); got != 401 {
		t.Errorf("GET /item without a token is %d (%v)", got, err)
	}
	if got, err := d.request(t.Context(), "GET", "/item", map[string]string{"Authorization": "bad"}); got != 403 {
		t.Errorf("GET /item with a bad token is %d (%v)", got, err)
	}
	if strings.Contains(d.out.String(), "REFUSED") {
		t.Errorf("something was refused:\n%s", d.out.String())
	}
}

// probe is the probe's code.
func probe(t *testing.T) property.Archive {
	t.Helper()
	binary, err := buildProbe()
	if err != nil {
		t.Fatal(err)
	}
	return zipped(t, "bootstrap", binary, 0o755)
}

// Wirings that AWS takes and that fail at run time: the client gets what it
// would get from AWS, and the console names the cure.
func TestMistakesAtRunTime(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		mistake func(stack) stack
		path    string
		status  int
		console string
	}{
		{"no permission for the authorizer", func(s stack) stack { return s.without("judge-permission") }, "/item", 500,
			"cure: add an aws:lambda:Permission to the function arn:aws:lambda:eu-central-1:000000000000:function:judge: action lambda:InvokeFunction, principal apigateway.amazonaws.com, sourceArn matching arn:aws:execute-api:eu-central-1:000000000000:"},
		{"the authorizer's permission for another API", set("judge-permission", "sourceArn", "arn:aws:execute-api:eu-central-1:000000000000:other12345/authorizers/*"), "/item", 500,
			"cure: add an aws:lambda:Permission to the function arn:aws:lambda:eu-central-1:000000000000:function:judge"},
		{"the authorizer's permission for routes", set("judge-permission", "sourceArn", sprintf("%s/*/GET/item", ref{"api", "executionArn"})), "/item", 500,
			"/authorizers/"},
		{"a permission for another service", set("judge-permission", "principal", "events.amazonaws.com"), "/item", 500,
			"principal apigateway.amazonaws.com"},
		{"no permission for the handler", func(s stack) stack { return s.without("reader-permission") }, "/open", 500,
			"cure: add an aws:lambda:Permission to the function arn:aws:lambda:eu-central-1:000000000000:function:reader"},
		{"the handler's permission for another route", set("reader-permission", "sourceArn", sprintf("%s/*/GET/open", ref{"api", "executionArn"})), "/item", 500,
			"/$default/GET/item"},
		{"the handler's permission for another method", set("reader-permission", "sourceArn", sprintf("%s/*/POST/*", ref{"api", "executionArn"})), "/item", 500,
			"/$default/GET/item"},
		{"no grant for the table", set("reader-policy", "policy", policy("logs:*", logsOf+"reader:*")), "/item", 500,
			`cure: allow dynamodb:GetItem on arn:aws:dynamodb:eu-central-1:000000000000:table/things in a policy of the role "reader"`},
		{"a grant for the table and none for its index", set("reader-policy", "policy", policy("logs:*", logsOf+"reader:*", "dynamodb:*", "arn:aws:dynamodb:eu-central-1:000000000000:table/things")), "/list", 500,
			`cure: allow dynamodb:Query on arn:aws:dynamodb:eu-central-1:000000000000:table/things/index/by-kind in a policy of the role "reader"`},
		{"another table's name in the environment", set("reader", "environment", object{"variables": object{"TABLE_NAME": "thinks"}}), "/item", 500,
			`cure: allow dynamodb:GetItem on arn:aws:dynamodb:eu-central-1:000000000000:table/thinks in a policy of the role "reader"`},
		{"an index that is not there", func(s stack) stack {
			s.find("table")["globalSecondaryIndexes"] = []any{object{"name": "by-type", "hashKey": "kind", "projectionType": "ALL"}}
			return s
		}, "/list", 500, "The table does not have the specified index: by-kind"},
		{"a denied action", set("reader-policy", "policy", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"dynamodb:Get*","Resource":"*"}]}`), "/item", 500,
			`cure: remove the Deny statement that matches dynamodb:GetItem on arn:aws:dynamodb:eu-central-1:000000000000:table/things from the role "reader"`},
		{"no grant for the logs", set("judge-policy", "policy", policy("ssm:GetParameter", "*")), "/item", 200,
			"cure: allow logs:CreateLogStream and logs:PutLogEvents on arn:aws:logs:eu-central-1:000000000000:log-group:/aws/lambda/judge:*"},
		{"no log group, and no grant to make one", func(s stack) stack { return s.without("judge-logs") }, "/item", 200,
			"logs:CreateLogGroup"},
		{"a handler that answers as an authorizer", set("gate", "authorizerUri", ref{"reader", "invokeArn"}), "/item", 500,
			"Simple response did not include 'isAuthorized'"},
		{"a header that the identity source does not name", set("gate", "identitySources", []any{"$request.header.X-Token"}), "/item", 401,
			"no identity source: $request.header.X-Token is missing or empty"},
		{"a catch-all route that takes the preflight", func(s stack) stack {
			s.find("api")["corsConfiguration"] = object{"allowOrigins": []any{"https://app.example"}, "allowMethods": []any{"*"}}
			s.find("GET /item")["routeKey"] = "ANY /{proxy+}"
			return s
		}, "OPTIONS /item", 401, "cure: this is a browser's preflight, which carries no credential: add a route OPTIONS /{proxy+} without authorization"},
		{"no stage", func(s stack) stack { return s.without("stage") }, "/open", 404,
			"no stage: the API has no $default stage"},
		{"a named stage, called without its name", set("stage", "name", "prod"), "/open", 404,
			"no stage: the API has no $default stage"},
		{"a time-out that is too short", func(s stack) stack {
			s.find("reader")["timeout"] = 1
			s.find("GET /open")["routeKey"] = "GET /slow"
			return s
		}, "/slow", 500, "Task timed out after 1.00 seconds"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t)
			if err := d.deploy(t.Context(), tt.mistake(protectedAPI(probe(t)))); err != nil {
				t.Fatal(err)
			}
			method, path, preflight := strings.Cut(tt.path, " ")
			headers := map[string]string{"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
			if !preflight {
				method, path, headers = "GET", tt.path, map[string]string{"Authorization": "good"}
			}
			got, err := d.request(t.Context(), method, path, headers)
			if got != tt.status {
				t.Errorf("%s %s is %d, want %d (%v)", method, path, got, tt.status, err)
			}
			if !strings.Contains(d.out.String(), tt.console) {
				t.Errorf("the console lacks %q:\n%s", tt.console, d.out.String())
			}
		})
	}
}

// set is the mistake of one wrong input.
func set(key, input string, value any) func(stack) stack {
	return func(s stack) stack {
		s.find(key)[input] = value
		return s
	}
}

// Wirings that AWS refuses when they are deployed.
func TestMistakesAtDeployment(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		mistake func(stack) stack
		want    string
	}{
		{"a role that Lambda may not assume", set("reader-role", "assumeRolePolicy", trust("apigateway.amazonaws.com")), "The role defined for the function cannot be assumed by Lambda."},
		{"a cache without identity sources", func(s stack) stack {
			delete(s.find("gate"), "identitySources")
			s.find("gate")["authorizerResultTtlInSeconds"] = 300
			return s
		}, "Identity source must be set if authorizer caching is enabled (TTL is greater than 0)"},
		{"a TTL of more than an hour", set("gate", "authorizerResultTtlInSeconds", 3601), "3601"},
		{"an identity source without its kind", set("gate", "identitySources", []any{"Authorization"}), "Authorization"},
		{"an authorizer URI that is a function's ARN", set("gate", "authorizerUri", ref{"judge", "arn"}), "Invalid Authorizer URI"},
		{"a protected route without an authorizer", set("GET /item", "authorizerId", ""), "authorizer"},
		{"a route that ends in a slash", set("GET /item", "routeKey", "GET /item/"), "GET /item/"},
		{"a route key without a method", set("GET /item", "routeKey", "/item"), "/item"},
		{"two routes with one key", set("GET /item", "routeKey", "GET /open"), "Route with key GET /open already exists"},
		{"an integration that is not there", set("GET /item", "target", "integrations/abc1234"), "abc1234"},
		{"an integration time-out over 30 s", set("integration", "timeoutMilliseconds", 31000), "31000"},
		{"a stage without auto-deploy", set("stage", "autoDeploy", false), "deploy"},
		{"no bootstrap in the zip", func(s stack) stack { return s }, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"},
		{"a bootstrap that is not executable", func(s stack) stack { return s }, "permission denied"},
		{"another processor", set("reader", "architectures", []any{map[string]string{"amd64": "arm64", "arm64": "x86_64"}[runtime.GOARCH]}), "the function's architecture is"},
		{"too little memory", set("reader", "memorySize", 64), "64"},
		{"a time-out over 15 minutes", set("reader", "timeout", 901), "901"},
		{"a reserved environment variable", set("reader", "environment", object{"variables": object{"AWS_REGION": "us-east-1"}}), "AWS_REGION"},
		{"a policy without resources", set("reader-policy", "policy", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:GetItem"}]}`), "MalformedPolicyDocument"},
		{"an action without its service", set("reader-policy", "policy", policy("GetItem", "*")), "MalformedPolicyDocument"},
		{"an attribute that no key uses", set("table", "globalSecondaryIndexes", []any{}), "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions"},
		{"a key without its attribute", set("table", "hashKey", "id"), "id"},
		{"a retention that CloudWatch does not know", set("judge-logs", "retentionInDays", 10), "10"},
		{"a setting that is not supported", set("reader-logs", "kmsKeyId", "alias/logs"), `the local AWS does not support the property "kmsKeyId"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code := probe(t)
			switch tt.name {
			case "no bootstrap in the zip":
				code = zipped(t, "main", []byte("#!/bin/sh\n"), 0o755)
			case "a bootstrap that is not executable":
				binary, err := buildProbe()
				if err != nil {
					t.Fatal(err)
				}
				code = zipped(t, "bootstrap", binary, 0o644)
			}
			err := newDeployment(t).deploy(t.Context(), tt.mistake(protectedAPI(code)))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the error is %v, want one with %q", err, tt.want)
			}
		})
	}
}
