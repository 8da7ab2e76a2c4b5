package components

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AccessLogsArgs describes the stage's access log: a line of JSON for each request,
// refused ones too, that says who called what, how it ended, and what the authorizer
// and the function had to do with it. No field is a credential.
//
// Whoever deploys it needs the permissions of the API Gateway developer guide,
// "Configure logging for HTTP APIs", logs:CreateLogDelivery and
// logs:PutResourcePolicy among them.
type AccessLogsArgs struct {
	// Off leaves the log out. Nobody can then say who was refused, and why: an
	// authorizer that API Gateway cannot call answers 500, and writes nothing itself.
	// Defaults to false.
	Off bool
	// RetentionDays is how long CloudWatch keeps the log, one of
	// AllowedLogRetentionDays. Defaults to what Defaults.Logging has.
	RetentionDays int
	// Group is the name of a log group that is there already, which the component
	// neither creates nor deletes. It excludes RetentionDays. Defaults to a log group
	// of its own, /aws/vendedlogs/apis/{project}-{stack}-{component}: beside names
	// with /aws/vendedlogs/ API Gateway need not add each group to a resource policy
	// of the account, which holds 5,120 characters.
	Group pulumi.StringInput
	// Fields are further fields of a line, by name: a text with variables of API
	// Gateway, "$context.identity.userAgent" (API Gateway developer guide, "Customize
	// HTTP API access logs"). An empty text leaves out a field that is there by
	// default. Defaults to none.
	Fields map[string]string
}

// accessLogFields are the fields by default, in this order: first what AWS knows, and
// last what a caller chooses freely. The User-Agent is not among them: it is a
// stranger's text of any length, and AWS does not say how it escapes it.
var accessLogFields = []struct{ name, value string }{
	{"requestId", "$context.requestId"},
	{"time", "$context.requestTime"},
	{"routeKey", "$context.routeKey"},
	{"stage", "$context.stage"},
	{"status", "$context.status"},
	{"error", "$context.error.message"},
	{"errorType", "$context.error.responseType"},

	// Who. Of a Lambda authorizer's context these are what authz.Handler writes.
	{"userId", "$context.authorizer.userId"},
	{"credentialId", "$context.authorizer.credentialId"},
	{"tenant", "$context.authorizer.tenant"},
	{"authMethod", "$context.authorizer.method"},
	{"jwtSubject", "$context.authorizer.claims.sub"},
	{"jwtIssuer", "$context.authorizer.claims.iss"},
	{"iamUser", "$context.identity.userArn"},
	{"sourceIp", "$context.identity.sourceIp"},

	// The cache shows in these: an answer from it took no time, and may be about a
	// credential that has expired.
	{"credentialExpires", "$context.authorizer.expiresAt"},
	{"authorizerError", "$context.authorizer.error"},
	{"authorizerLatency", "$context.authorizer.latency"}, // not in every edition of AWS's list

	{"integrationError", "$context.integration.error"},
	{"integrationStatus", "$context.integration.integrationStatus"}, // Lambda's own
	{"functionStatus", "$context.integration.status"},
	{"functionRequestId", "$context.integration.requestId"},
	{"integrationLatency", "$context.integration.latency"},
	{"responseLatency", "$context.responseLatency"},
	{"responseLength", "$context.responseLength"},

	{"protocol", "$context.protocol"},
	{"httpMethod", "$context.httpMethod"},
	{"domainName", "$context.domainName"},
	{"path", "$context.path"}, // without the query, in which a credential may be
}

// maxAccessLogFormat is how long a format may be (API Gateway developer guide,
// "Quotas for configuring and running an HTTP API": access log template).
const maxAccessLogFormat = 3 << 10

var (
	accessLogField = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)
	// accessLogVariable finds variables, and dollars that begin none. AWS does not say
	// whether a hyphen ends a variable.
	accessLogVariable = regexp.MustCompile(`\$[A-Za-z0-9_.-]*`)
	// accessLogVariables matches what HTTP APIs know (API Gateway developer guide,
	// "Customize HTTP API access logs").
	accessLogVariables = regexp.MustCompile(`^\$context\.(accountId|apiId|authorizer\.claims\.[A-Za-z0-9_]+|authorizer\.[A-Za-z0-9_]+|` +
		`awsEndpointRequestId2?|customDomain\.basePathMatched|dataProcessed|domainName|domainPrefix|error\.(message|responseType)|extendedRequestId|httpMethod|` +
		`identity\.(accountId|caller|cognitoAuthenticationProvider|cognitoAuthenticationType|cognitoIdentityId|cognitoIdentityPoolId|principalOrgId|` +
		`clientCert\.(subjectDN|issuerDN|serialNumber|validity\.notBefore|validity\.notAfter)|sourceIp|user|userAgent|userArn)|` +
		`integration\.(error|integrationStatus|latency|requestId|status)|integrationErrorMessage|integrationLatency|integrationStatus|` +
		`path|protocol|requestId|requestTime|requestTimeEpoch|responseLatency|responseLength|routeKey|stage|status)$`)
	// credentialVariable matches variables in which a credential may be: headers and
	// parameters, which access logs of HTTP APIs do not have anyhow, and members of an
	// authorizer's context that are called after one.
	credentialVariable = regexp.MustCompile(`(?i)^\$(request|input|method|util)\b|^\$context\.(requestOverride|responseOverride)|` +
		`^\$context\.identity\.(apiKey|accessKey|clientCert\.clientCertPem)$|` +
		`^\$context\.authorizer\.(.*\.)?[a-z0-9_-]*(session|token|secret|passw|authorization|apikey|api_key|cookie|signature|jwt|bearer|assertion)[a-z0-9_-]*$`)
)

// accessLogPlan is the access log as it will be made.
type accessLogPlan struct {
	off           bool
	name          string // of a group of its own
	group         pulumi.StringInput
	retentionDays int
	format        string
}

func (c *checker) checkAccessLogs(args AccessLogsArgs) {
	l := accessLogPlan{off: args.Off, group: args.Group, retentionDays: args.RetentionDays}
	l.name = "/aws/vendedlogs/apis/" + functionNames.of(c.scope.project, c.scope.stack, c.plan.name)
	if args.Off && (args.RetentionDays != 0 || args.Group != nil || len(args.Fields) > 0) {
		c.addf("AccessLogs.Off", "is set beside RetentionDays, Group or Fields, which are then for nothing: leave out it or them")
	}
	c.checkLogGroup("AccessLogs.Group", args.Group)
	switch {
	case args.RetentionDays == 0:
		l.retentionDays = LoggingArgs{}.filled(c.args.Defaults.Logging).RetentionDays
	case args.Group != nil:
		c.addf("AccessLogs.RetentionDays", "%d is not possible with Group, whose retention is its own: leave out one of them", args.RetentionDays)
	default:
		c.add("AccessLogs.RetentionDays", CheckLogRetentionDays(args.RetentionDays))
	}
	l.format = c.accessLogFormat(args.Fields)
	c.plan.accessLogs = l
}

// accessLogFormat returns the format with the fields. All values are JSON strings: what
// is not there is a -, which is no number.
func (c *checker) accessLogFormat(fields map[string]string) string {
	var line bytes.Buffer
	add := func(name, value string) {
		if value == "" {
			return
		}
		text, _ := json.Marshal(value) // a string has JSON
		fmt.Fprintf(&line, "%s%q:%s", map[bool]string{true: "{", false: ","}[line.Len() == 0], name, text)
	}
	own := map[string]bool{}
	for _, field := range accessLogFields {
		own[field.name] = true
		value, given := fields[field.name]
		if !given {
			value = field.value
		}
		add(field.name, value)
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		c.checkAccessLogField(fmt.Sprintf("AccessLogs.Fields[%q]", name), name, fields[name], own[name])
		if !own[name] {
			add(name, fields[name])
		}
	}
	line.WriteByte('}')
	format := line.String()
	if !strings.Contains(format, "$context.requestId") && !strings.Contains(format, "$context.extendedRequestId") {
		c.addf("AccessLogs.Fields", "leave no field with $context.requestId, without which API Gateway takes no format: keep requestId")
	}
	if len(format) > maxAccessLogFormat {
		c.addf("AccessLogs.Fields", "make a format of %d bytes: API Gateway allows %d: leave out some, those by default too with an empty text", len(format), maxAccessLogFormat)
	}
	return format
}

func (c *checker) checkAccessLogField(property, name, value string, own bool) {
	switch {
	case !accessLogField.MatchString(name):
		c.addf(property, "is not a field's name: a letter, then up to 63 letters, digits and _")
	case value == "" && !own:
		c.addf(property, "is empty, which leaves out a field, and by default there is none of the name: %s", accessLogFieldNames())
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' || strings.ContainsRune(`"\<>&`, r) }):
		c.addf(property, "%q has a character that would not arrive in a line of JSON: use ASCII, without \", \\, <, > and &", value)
	}
	for _, variable := range accessLogVariable.FindAllString(value, -1) {
		variable = strings.TrimRight(variable, ".-")
		switch {
		case credentialVariable.MatchString(variable):
			c.addf(property, "%s may be a credential, and whoever reads the log could use it: log what only names it, $context.authorizer.credentialId for instance", variable)
		case !accessLogVariables.MatchString(variable) || variable == "$context.authorizer.claims":
			c.addf(property, "%s is no variable of an HTTP API's access log, and API Gateway would write - for it: see the developer guide, \"Customize HTTP API access logs\"", variable)
		}
	}
}

func accessLogFieldNames() string {
	var names []string
	for _, field := range accessLogFields {
		names = append(names, field.name)
	}
	return strings.Join(names, ", ")
}

// accessLogGroupName is Pulumi's name for the log group.
func (p *plan) accessLogGroupName() string { return p.name + "-access-logs" }

// createAccessLogs makes the log group, or finds the one that it was given, and returns
// what the stage is told; nil without a log.
func (c *ProtectedHttpApi) createAccessLogs(ctx *pulumi.Context, p *plan) (apigatewayv2.StageAccessLogSettingsPtrInput, error) {
	if p.accessLogs.off {
		return nil, nil
	}
	settings := apigatewayv2.StageAccessLogSettingsArgs{Format: pulumi.String(p.accessLogs.format)}
	if p.accessLogs.group != nil {
		settings.DestinationArn = cloudwatch.LookupLogGroupOutput(ctx, cloudwatch.LookupLogGroupOutputArgs{Name: p.accessLogs.group}, pulumi.Parent(c)).Arn()
		return settings, nil
	}
	var err error
	c.AccessLogGroup, err = cloudwatch.NewLogGroup(ctx, p.accessLogGroupName(), &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(p.accessLogs.name),
		RetentionInDays: pulumi.Int(p.accessLogs.retentionDays),
		Tags:            p.tagInputs(),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, err
	}
	settings.DestinationArn = c.AccessLogGroup.Arn
	return settings, nil
}
