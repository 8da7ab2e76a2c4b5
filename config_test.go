package main

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"gopkg.in/yaml.v3"

	"github.com/protected-http-api/protected-http-api/components"
)

func TestReadSettings(t *testing.T) {
	t.Parallel()
	const days = "1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653"
	const topic = "arn:aws:sns:eu-central-1:123456789012:alarms"
	tests := []struct {
		name   string
		values map[string]string
		secret []string
		want   settings
		err    string
	}{
		{name: "none", want: defaultSettings("dev")},
		{name: "all", values: map[string]string{
			"authorizerTtl": "5m", "secretPath": "/a/b", "architecture": "x86_64",
			"logRetentionDays": "7", "pointInTimeRecovery": "true", "deletionProtection": "true", "revocation": "true",
			"authMethods": "jwt", "signingKeysPath": "/a/c", "secretMaxAge": "1m", "monitoring": "true", "alarmTopicArn": topic,
			"corsOrigins": "https://a.example, http://localhost:5173",
		}, want: settings{"jwt", 5 * time.Minute, "/a/b", "/a/c", time.Minute, "x86_64", 7, true, true, true, true, topic, "https://a.example,http://localhost:5173"}},
		{name: "limits of the TTL", values: map[string]string{"authorizerTtl": "1h"},
			want: settings{"jwt", time.Hour, "/events-api/dev/jwt-secret", "/events-api/dev/signing-keys", 5 * time.Minute, "arm64", 30, false, false, false, false, "", ""}},
		{name: "methods", values: map[string]string{"authMethods": "signature, jwt,apikey", "authorizerTtl": "0s"},
			want: settings{"jwt,apikey,signature", 0, "/events-api/dev/jwt-secret", "/events-api/dev/signing-keys", 5 * time.Minute, "arm64", 30, false, false, false, false, "", ""}},
		{name: "the stack's name", values: map[string]string{"secretPath": "/team/{stack}/a", "signingKeysPath": "/{stack}"},
			want: settings{"jwt", 0, "/team/dev/a", "/dev", 5 * time.Minute, "arm64", 30, false, false, false, false, "", ""}},
		{name: "other braces", values: map[string]string{"secretPath": "/team/{project}/a"},
			err: `secretPath: "/team/{project}/a" must be 1 to 15 parts, each a / and letters, digits, '.', '-' or '_'`},
		{name: "no method", values: map[string]string{"authMethods": ""},
			err: `authMethods: "" is not one of jwt, apikey, signature: write one or more of them, with commas between them`},
		{name: "unknown method", values: map[string]string{"authMethods": "jwt,JWT"},
			err: `authMethods: "JWT" is not one of jwt, apikey, signature: write one or more of them, with commas between them`},
		{name: "same method", values: map[string]string{"authMethods": "apikey,apikey"}, err: `authMethods: "apikey" occurs twice`},
		{name: "method and TTL", values: map[string]string{"authMethods": "apikey,jwt", "authorizerTtl": "5m"},
			err: `authorizerTtl: 5m0s is not possible with events-api:authMethods "jwt,apikey": a result that API Gateway reuses would count no request against a quota, and let a signed one in twice: set authorizerTtl to 0s, or authMethods to jwt`},
		{name: "unknown method and TTL", values: map[string]string{"authMethods": "key", "authorizerTtl": "5m"},
			err: `authMethods: "key" is not one of jwt, apikey, signature: write one or more of them, with commas between them`},
		{name: "signing keys", values: map[string]string{"signingKeysPath": "keys"}, err: `signingKeysPath: "keys" must begin with /, or be the ARN of a secret of Secrets Manager: arn:aws:secretsmanager:{region}:{account}:secret:{name}`},
		{name: "no age", values: map[string]string{"secretMaxAge": "300"},
			err: `secretMaxAge: "300" is not a duration: write 1s to 24h, for instance 5m`},
		{name: "young secrets", values: map[string]string{"secretMaxAge": "0s"}, err: "secretMaxAge: 0s is out of range: 1s to 24h"},
		{name: "no duration", values: map[string]string{"authorizerTtl": "300"},
			err: `authorizerTtl: "300" is not a duration: write 0s to 1h, for instance 5m`},
		{name: "long TTL", values: map[string]string{"authorizerTtl": "61m"},
			err: "authorizerTtl: 1h1m0s is out of range: 0s to 1h"},
		{name: "negative TTL", values: map[string]string{"authorizerTtl": "-1s"},
			err: "authorizerTtl: -1s is out of range: 0s to 1h"},
		{name: "TTL of milliseconds", values: map[string]string{"authorizerTtl": "1500ms"},
			err: "authorizerTtl: 1.5s is not a whole number of seconds"},
		{name: "secret path", values: map[string]string{"secretPath": "jwt-secret"},
			err: `secretPath: "jwt-secret" must begin with /, or be the ARN of a secret of Secrets Manager: arn:aws:secretsmanager:{region}:{account}:secret:{name}`},
		{name: "architecture", values: map[string]string{"architecture": "amd64"},
			err: `architecture: "amd64" is not one of "arm64", "x86_64"`},
		{name: "retention", values: map[string]string{"logRetentionDays": "2"},
			err: "logRetentionDays: 2 is not one of " + days},
		{name: "retention that is no number", values: map[string]string{"logRetentionDays": "forever"},
			err: `logRetentionDays: "forever" is not a whole number: write one of [` + strings.ReplaceAll(days, ",", "") + "]"},
		{name: "origin", values: map[string]string{"corsOrigins": "https://a.example,b.example"},
			err: `corsOrigins: "b.example" does not begin with https:// or http://: write the whole origin, https://app.example.com for instance`},
		{name: "no second origin", values: map[string]string{"corsOrigins": "https://a.example,"},
			err: `corsOrigins: "" does not begin with https:// or http://: write the whole origin, https://app.example.com for instance`},
		{name: "boolean", values: map[string]string{"deletionProtection": "yes"},
			err: `deletionProtection: "yes" is not one of true, false`},
		{name: "no topic", values: map[string]string{"monitoring": "true", "alarmTopicArn": "me@example.com"},
			err: `alarmTopicArn: "me@example.com" is not the ARN of a topic, arn:aws:sns:{region}:{account}:{name}`},
		{name: "topic without alarms", values: map[string]string{"alarmTopicArn": topic},
			err: `alarmTopicArn: "` + topic + `" is told nothing without alarms: set events-api:monitoring to true, or leave it out`},
		{name: "unknown key", values: map[string]string{"authorizerTTL": "5m"},
			err: "authorizerTTL: is not known: the keys are alarmTopicArn, architecture, authMethods, authorizerTtl, corsOrigins, deletionProtection, logRetentionDays, monitoring, pointInTimeRecovery, revocation, secretMaxAge, secretPath, signingKeysPath"},
		{name: "secret", values: map[string]string{"secretPath": "hunter2"}, secret: []string{"events-api:secretPath"},
			err: "secretPath: is marked as a secret, and is none: set it without --secret"},
		{name: "one parameter for two purposes", values: map[string]string{"authMethods": "jwt,signature", "secretPath": "/k", "signingKeysPath": "/k"},
			err: `signingKeysPath: "/k" is events-api:secretPath too: whoever may sign requests could sign tokens for anybody: set one of them to another parameter`},
		{name: "several", values: map[string]string{"authorizerTtl": "x", "architecture": "", "ttl": "5m"},
			err: `architecture: "" is not one of "arm64", "x86_64"
authorizerTtl: "x" is not a duration: write 0s to 1h, for instance 5m
ttl: is not known: the keys are alarmTopicArn, architecture, authMethods, authorizerTtl, corsOrigins, deletionProtection, logRetentionDays, monitoring, pointInTimeRecovery, revocation, secretMaxAge, secretPath, signingKeysPath`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			values := map[string]string{"aws:region": "eu-central-1", "events-api-two:authorizerTtl": "x"}
			for key, value := range test.values {
				values["events-api:"+key] = value
			}
			got, err := readSettings("events-api", "dev", values, test.secret)
			message, want := "", ""
			if err != nil {
				message = err.Error()
			}
			if test.err != "" {
				want = "configuration events-api:" + strings.ReplaceAll(test.err, "\n", "\nconfiguration events-api:")
			}
			if message != want {
				t.Errorf("error is\n%s\nwant\n%s", message, want)
			}
			if got != test.want {
				t.Errorf("settings are %+v, want %+v", got, test.want)
			}
		})
	}
}

// The defaults that the Pulumi CLI shows and applies are those of the program.
func TestPulumiYaml(t *testing.T) {
	t.Parallel()
	var project struct {
		Name   string
		Config map[string]struct {
			Type, Description string
			Default           any
		}
	}
	readYaml(t, "Pulumi.yaml", &project)
	if len(project.Config) != len(readers) {
		t.Errorf("Pulumi.yaml has %d keys, the program %d", len(project.Config), len(readers))
	}
	values := map[string]string{}
	for key, setting := range project.Config {
		if setting.Type == "" || setting.Default == nil || setting.Description == "" {
			t.Errorf("%s lacks a type, a default or a description", key)
		}
		values[project.Name+":"+key] = fmt.Sprint(setting.Default)
	}
	got, err := readSettings(project.Name, "dev", values, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got != defaultSettings("dev") {
		t.Errorf("the defaults in Pulumi.yaml are %+v, the program's %+v", got, defaultSettings("dev"))
	}
}

func TestStackFiles(t *testing.T) {
	t.Parallel()
	dev, prod := defaultSettings("dev"), defaultSettings("prod")
	prod.authorizerTtl, prod.pointInTimeRecovery, prod.deletionProtection, prod.revocation, prod.monitoring = 5*time.Minute, true, true, true, true
	dev.corsOrigins = "http://localhost:5173"
	for name, want := range map[string]settings{"dev": dev, "prod": prod} {
		file := "Pulumi." + name + ".yaml"
		var stack struct{ Config map[string]string }
		readYaml(t, file, &stack)
		if got, err := readSettings("events-api", name, stack.Config, nil); err != nil || got != want {
			t.Errorf("%s gives %+v and %v, want %+v", file, got, err, want)
		}
		if stack.Config["aws:region"] != "eu-central-1" {
			t.Errorf("%s sets no aws:region", file)
		}
	}
}

func readYaml(t *testing.T, file string, value any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, value); err != nil {
		t.Fatal(err)
	}
}

func TestEventsApiAccess(t *testing.T) {
	t.Parallel()
	access := map[string]components.Auth{}
	for key, route := range eventsApi(defaultSettings("dev")).Routes {
		access[key] = route.Auth
	}
	want := map[string]components.Auth{
		"GET /events": components.Public, "GET /events/{id}": components.Public, "POST /events": "", "DELETE /events/{id}": "",
	}
	if !reflect.DeepEqual(access, want) {
		t.Errorf("access is %q, want %q", access, want)
	}
}

// The component knows which headers the credentials are in.
func TestEventsApiCors(t *testing.T) {
	t.Parallel()
	s := defaultSettings("dev")
	if got := eventsApi(s).Cors; got != nil {
		t.Errorf("without origins CORS is %+v", got)
	}
	s.corsOrigins = "https://a.example,http://localhost:5173"
	want := &components.CorsArgs{AllowOrigins: []pulumi.StringInput{pulumi.String("https://a.example"), pulumi.String("http://localhost:5173")}}
	if got := eventsApi(s).Cors; !reflect.DeepEqual(got, want) {
		t.Errorf("CORS is %+v, want %+v", got, want)
	}
}

// What the authorizer gets for each set of methods. With jwt alone the program
// is the one of the README.
func TestEventsApiMethods(t *testing.T) {
	t.Parallel()
	const jwt, keys = pulumi.String("/a/jwt"), pulumi.String("/a/keys")
	multi := func(methods string) components.FunctionArgs {
		return components.FunctionArgs{Name: "multiauthorizer-" + strings.ReplaceAll(methods, ",", "-"),
			Environment: map[string]pulumi.StringInput{"AUTH_METHODS": pulumi.String(methods)}}
	}
	tokens := &components.TokensArgs{}
	signatures := &components.SignaturesArgs{KeysPath: keys, Permissions: []string{"events:*"}}
	apiKeys := &components.ApiKeyMethodArgs{
		Tiers: map[string]components.TierArgs{
			"trial":    {Permissions: []string{"events:write"}, PerDay: 100},
			"standard": {Permissions: []string{"events:write"}, PerMinute: 60, PerDay: 10_000},
			"partner":  {Permissions: []string{"events:*"}, PerMinute: 600, PerDay: 100_000},
		},
		PointInTimeRecovery: true, DeletionProtection: true,
	}
	for _, test := range []struct {
		methods string
		want    components.AuthorizerArgs
	}{
		{"jwt", components.AuthorizerArgs{SecretPath: jwt}},
		{"apikey", components.AuthorizerArgs{Function: multi("apikey"), Methods: &components.MethodsArgs{ApiKeys: apiKeys}}},
		{"signature", components.AuthorizerArgs{Function: multi("signature"), Methods: &components.MethodsArgs{Signatures: signatures}}},
		{"jwt,apikey", components.AuthorizerArgs{Function: multi("jwt,apikey"), SecretPath: jwt, Methods: &components.MethodsArgs{Tokens: tokens, ApiKeys: apiKeys}}},
		{"jwt,signature", components.AuthorizerArgs{Function: multi("jwt,signature"), SecretPath: jwt,
			Methods: &components.MethodsArgs{Tokens: tokens, Signatures: signatures}}},
		{"jwt,apikey,signature", components.AuthorizerArgs{Function: multi("jwt,apikey,signature"), SecretPath: jwt,
			Methods: &components.MethodsArgs{Tokens: tokens, ApiKeys: apiKeys, Signatures: signatures}}},
	} {
		t.Run(test.methods, func(t *testing.T) {
			t.Parallel()
			s := defaultSettings("dev")
			s.authMethods, s.secretPath, s.signingKeysPath = test.methods, string(jwt), string(keys)
			s.secretMaxAge, s.pointInTimeRecovery, s.deletionProtection, s.revocation = time.Minute, true, true, true
			args := eventsApi(s)
			want := test.want
			want.Revocation = &components.RevocationArgs{PointInTimeRecovery: true, DeletionProtection: true}
			if test.methods != "apikey" && want.Secrets == nil {
				want.Secrets = &components.SecretsArgs{MaxAge: time.Minute}
			}
			if !reflect.DeepEqual(args.Authorizer, want) {
				t.Errorf("the authorizer is\n%+v\nwant\n%+v", args.Authorizer, want)
			}
			permissions := map[string][]string{}
			for key, route := range args.Routes {
				if route.Permissions != nil {
					permissions[key] = route.Permissions
				}
			}
			wantPermissions := map[string][]string{}
			if test.methods != "jwt" {
				wantPermissions = map[string][]string{"POST /events": {"events:write"}, "DELETE /events/{id}": {"events:delete"}}
			}
			if !reflect.DeepEqual(permissions, wantPermissions) {
				t.Errorf("permissions are %q, want %q", permissions, wantPermissions)
			}
		})
	}
}

func TestEventsApiMonitoring(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		monitoring bool
		topic      string
		want       *components.MonitoringArgs
	}{
		{false, "", nil},
		{true, "", &components.MonitoringArgs{}},
		{true, "a-topic", &components.MonitoringArgs{TopicArns: []pulumi.StringInput{pulumi.String("a-topic")}}},
	} {
		s := defaultSettings("dev")
		s.monitoring, s.alarmTopicArn = tt.monitoring, tt.topic
		if got := eventsApi(s).Monitoring; !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%v, %q: %+v, want %+v", tt.monitoring, tt.topic, got, tt.want)
		}
	}
}

type noResources struct{ t *testing.T }

func (n noResources) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.TypeToken != "pulumi:pulumi:Stack" {
		n.t.Errorf("registered in spite of the mistakes: %s %q", args.TypeToken, args.Name)
	}
	return args.Name, args.Inputs, nil
}

func (noResources) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) { return nil, nil }

func TestDeployWithBadConfiguration(t *testing.T) {
	t.Setenv("PULUMI_CONFIG", `{"events-api:authorizerTtl":"2h"}`)
	expectRefusal(t, "configuration events-api:authorizerTtl: 2h0m0s is out of range: 0s to 1h")
}

func TestDeployWithBrokenConfiguration(t *testing.T) {
	t.Setenv("PULUMI_CONFIG", `{"aws:token":"hunter2"`)
	expectRefusal(t, "reading the environment variable PULUMI_CONFIG: it is not the JSON that the Pulumi CLI writes")
}

func expectRefusal(t *testing.T, want string) {
	t.Helper()
	err := pulumi.RunErr(deploy, pulumi.WithMocks("events-api", "dev", noResources{t}))
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error is\n%v\nwant\n%s", err, want)
	}
}
