package components

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func logFields(fields map[string]string) func(*ProtectedHttpApiArgs) {
	return func(a *ProtectedHttpApiArgs) { a.AccessLogs.Fields = fields }
}

func TestCheckAccessLogs(t *testing.T) {
	t.Parallel()
	const secret = " may be a credential, and whoever reads the log could use it: log what only names it, $context.authorizer.credentialId for instance"
	const unknown = ` is no variable of an HTTP API's access log, and API Gateway would write - for it: see the developer guide, "Customize HTTP API access logs"`
	without := map[string]string{}
	for _, field := range accessLogFields {
		without[field.name] = ""
	}
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"all that is allowed", logFields(map[string]string{
			"agent": "$context.identity.userAgent", "time": "$context.requestTimeEpoch", "path": "", "both": "$context.httpMethod $context.path.",
			"scope": "$context.authorizer.claims.scope", "tier": "$context.authorizer.tier", "env": "dev", "subject": "$context.identity.clientCert.subjectDN",
		}), ""},
		{"off with more", func(a *ProtectedHttpApiArgs) { a.AccessLogs = AccessLogsArgs{Off: true, RetentionDays: 7} },
			"AccessLogs.Off: is set beside RetentionDays, Group or Fields, which are then for nothing: leave out it or them"},
		{"retention", func(a *ProtectedHttpApiArgs) { a.AccessLogs.RetentionDays = 8 },
			"AccessLogs.RetentionDays: 8 is not one of " + retentionText},
		{"retention of a group that is there", func(a *ProtectedHttpApiArgs) {
			a.AccessLogs = AccessLogsArgs{RetentionDays: 7, Group: pulumi.String("/shared")}
		}, "AccessLogs.RetentionDays: 7 is not possible with Group, whose retention is its own: leave out one of them"},
		{"group", func(a *ProtectedHttpApiArgs) { a.AccessLogs.Group = pulumi.String("a group") },
			`AccessLogs.Group: "a group" is not a name that AWS allows: up to 512 letters, digits, '.', '-', '_', '/' and '#'`},
		{"headers and parameters", logFields(map[string]string{"a": "$request.header.Authorization", "b": "x $request.querystring.token", "c": "$input.params"}),
			`AccessLogs.Fields["a"]: $request.header.Authorization` + secret + `
AccessLogs.Fields["b"]: $request.querystring.token` + secret + `
AccessLogs.Fields["c"]: $input.params` + secret},
		{"credentials of the context", logFields(map[string]string{
			"a": "$context.authorizer.accessToken", "b": "$context.authorizer.claims.refresh_token", "c": "$context.identity.apiKey",
			"d": "$context.authorizer.sessionCookie", "e": "$context.identity.clientCert.clientCertPem",
		}), `AccessLogs.Fields["a"]: $context.authorizer.accessToken` + secret + `
AccessLogs.Fields["b"]: $context.authorizer.claims.refresh_token` + secret + `
AccessLogs.Fields["c"]: $context.identity.apiKey` + secret + `
AccessLogs.Fields["d"]: $context.authorizer.sessionCookie` + secret + `
AccessLogs.Fields["e"]: $context.identity.clientCert.clientCertPem` + secret},
		{"unknown variables", logFields(map[string]string{"a": "$context.requestID", "b": "$context.authorizer.claims", "c": "costs $5", "d": "$context.error.messageString"}),
			`AccessLogs.Fields["a"]: $context.requestID` + unknown + `
AccessLogs.Fields["b"]: $context.authorizer.claims` + unknown + `
AccessLogs.Fields["c"]: $5` + unknown + `
AccessLogs.Fields["d"]: $context.error.messageString` + unknown},
		{"names", logFields(map[string]string{"user agent": "$context.identity.userAgent", "9": "9"}),
			`AccessLogs.Fields["9"]: is not a field's name: a letter, then up to 63 letters, digits and _
AccessLogs.Fields["user agent"]: is not a field's name: a letter, then up to 63 letters, digits and _`},
		{"characters", logFields(map[string]string{"a": `","status":"200`, "b": "a\nb"}),
			`AccessLogs.Fields["a"]: "\",\"status\":\"200" has a character that would not arrive in a line of JSON: use ASCII, without ", \, <, > and &
AccessLogs.Fields["b"]: "a\nb" has a character that would not arrive in a line of JSON: use ASCII, without ", \, <, > and &`},
		{"a credential of a name with a hyphen", logFields(map[string]string{"a": "$context.authorizer.access-token", "b": "$context.authorizer.sessionId"}),
			`AccessLogs.Fields["a"]: $context.authorizer.access-token` + secret + `
AccessLogs.Fields["b"]: $context.authorizer.sessionId` + secret},
		{"hyphens between variables", logFields(map[string]string{"a": "$context.stage-$context.status-"}), ""},
		{"nothing to leave out", logFields(map[string]string{"agent": ""}),
			`AccessLogs.Fields["agent"]: is empty, which leaves out a field, and by default there is none of the name: ` + accessLogFieldNames()},
		{"no request", logFields(without),
			"AccessLogs.Fields: leave no field with $context.requestId, without which API Gateway takes no format: keep requestId"},
		{"too long", logFields(map[string]string{"a": strings.Repeat("x", 3000)}),
			"AccessLogs.Fields: make a format of 4187 bytes: API Gateway allows 3072: leave out some, those by default too with an empty text"},
	})
}

func TestAccessLogs(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:logs:eu-central-1:" + testAccount + ":log-group:"
	tests := []struct {
		name      string
		args      AccessLogsArgs
		group     map[string]any // nil: none of the component's own
		wantArn   string         // empty: no log
		wantField string
		want      any
	}{
		{"by default", AccessLogsArgs{}, map[string]any{"name": "/aws/vendedlogs/apis/events-api-dev-events", "retentionInDays": 30.0},
			arn + "/aws/vendedlogs/apis/events-api-dev-events", "userId", "$context.authorizer.userId"},
		{"retention", AccessLogsArgs{RetentionDays: 365}, map[string]any{"name": "/aws/vendedlogs/apis/events-api-dev-events", "retentionInDays": 365.0},
			arn + "/aws/vendedlogs/apis/events-api-dev-events", "agent", nil},
		{"a group that is there", AccessLogsArgs{Group: pulumi.String("/shared")}, nil, arn + "/shared", "requestId", "$context.requestId"},
		{"more and fewer fields", AccessLogsArgs{Fields: map[string]string{"agent": "$context.identity.userAgent", "path": ""}},
			map[string]any{"name": "/aws/vendedlogs/apis/events-api-dev-events", "retentionInDays": 30.0},
			arn + "/aws/vendedlogs/apis/events-api-dev-events", "agent", "$context.identity.userAgent"},
		{"off", AccessLogsArgs{Off: true}, nil, "", "", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := exampleArgs()
			args.AccessLogs = test.args
			m := mustDeploy(t, args)
			if test.group != nil {
				expectInputs(t, m.find(t, "LogGroup", "events-access-logs"), test.group)
			} else if names := strings.Join(m.children(), ","); strings.Contains(names, "events-access-logs") {
				t.Errorf("the children are %s", names)
			}
			settings, _ := m.find(t, "Stage", "events-stage").Inputs.Mappable()["accessLogSettings"].(map[string]any)
			if got, _ := settings["destinationArn"].(string); got != test.wantArn {
				t.Fatalf("the destination is %q, want %q", got, test.wantArn)
			}
			if test.wantArn == "" {
				return
			}
			format, _ := settings["format"].(string)
			var line map[string]any
			if err := json.Unmarshal([]byte(format), &line); err != nil || line[test.wantField] != test.want {
				t.Errorf("the field %q of %s is %v, %v", test.wantField, format, line[test.wantField], err)
			}
			if len(line) != strings.Count(format, `":"`) {
				t.Errorf("a field is there twice: %s", format)
			}
		})
	}
}

// What is logged by default is known to AWS and no credential.
func TestAccessLogFieldsByDefault(t *testing.T) {
	t.Parallel()
	for _, field := range accessLogFields {
		c := &checker{plan: &plan{}}
		c.checkAccessLogField(field.name, field.name, field.value, true)
		if len(c.mistakes) > 0 {
			t.Error(messages(c.mistakes))
		}
	}
}
