package gateway

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// LogWriter takes access logs.
type LogWriter interface {
	// Append writes one log event.
	Append(group, stream string, at time.Time, line string) error
	// File is empty where there is no such group.
	File(group string) string
}

var (
	logGroupARN   = regexp.MustCompile(`^arn:[a-z-]+:logs:([a-z0-9-]+):([0-9]{12}):log-group:([.\-_/#A-Za-z0-9]{1,512})(:\*)?$`)
	firehoseARN   = regexp.MustCompile(`^arn:[a-z-]+:firehose:`)
	logVariable   = regexp.MustCompile(`\$context(\.[A-Za-z0-9_]+)+`)
	logRequestIDs = regexp.MustCompile(`\$context\.(requestId|extendedRequestId)\b`)
)

// check refuses what cannot be an access log (developer guide,
// http-api-logging).
func (in *AccessLogSettings) check() error {
	if in == nil {
		return nil
	}
	switch {
	case firehoseARN.MatchString(in.DestinationARN):
		return awserr.Unsupported("access logs to Firehose", "name a log group in DestinationArn")
	case !logGroupARN.MatchString(in.DestinationARN):
		return badRequest("Invalid ARN %q of an access log's destination. It should be the ARN of a log group.", in.DestinationARN)
	case len(in.Format) > maxLogTemplate:
		return badRequest("Access log format has %d bytes. The limit is %d.", len(in.Format), maxLogTemplate)
	case strings.ContainsAny(strings.TrimSuffix(in.Format, "\n"), "\r\n"):
		return badRequest("Access log format must be single line, new line character is allowed only at end of the format")
	case !logRequestIDs.MatchString(in.Format):
		return badRequest("Access log format must include at least $context.requestId or $context.extendedRequestId")
	}
	return nil
}

// checkAccessLog refuses a destination that is not there.
func (s *Service) checkAccessLog(in *AccessLogSettings) error {
	if in == nil {
		return nil
	}
	m := logGroupARN.FindStringSubmatch(in.DestinationARN)
	switch {
	case s.logs == nil:
		return awserr.Unsupported("access logs without a log service", "leave AccessLogSettings out")
	case m[1] != s.account.Region || m[2] != s.account.ID:
		return badRequest("Invalid ARN %q of an access log's destination. It should be the ARN of a log group of this account and Region.", in.DestinationARN)
	case s.logs.File(m[3]) == "":
		return badRequest("The log group %q of the access log does not exist. Create it first.", m[3])
	}
	return nil
}

// logAccess writes the access log of a request that reached a stage.
func (s *Service) logAccess(r *request, x exchange) {
	if r.stage == nil || r.stage.AccessLogSettings == nil {
		return
	}
	settings := r.stage.AccessLogSettings
	line := logVariable.ReplaceAllStringFunc(strings.TrimSuffix(settings.Format, "\n"), func(variable string) string {
		name := strings.TrimPrefix(variable, "$context.")
		value := x.variable(r, name)
		switch {
		case value == "":
			return "-"
		case name == "error.messageString":
			return value // with its quotes
		}
		return logValue(value)
	})
	group := logGroupARN.FindStringSubmatch(settings.DestinationARN)[3]
	if err := s.logs.Append(group, r.api.ID+"-"+r.stage.Name, r.received, line); err != nil {
		s.console.Refused("the access log of the stage "+r.stage.Name+" was not written: "+err.Error(), "keep the log group "+group)
	}
}

// logValue escapes what would end a line or a JSON string: values come from
// strangers.
func logValue(value string) string {
	quoted, err := encode(value)
	if err != nil {
		return "-"
	}
	return string(quoted[1 : len(quoted)-1])
}

// variable is the value of $context.{name} (developer guide,
// http-api-logging-variables); empty where it is not set.
func (x exchange) variable(r *request, name string) string {
	if value, ok := contextValues[name]; ok && (name != "routeKey" || r.route != nil) {
		return value(r)
	}
	if property, ok := strings.CutPrefix(name, "authorizer."); ok {
		return x.verdict.variable(property)
	}
	if property, ok := strings.CutPrefix(name, "identity."); ok {
		return x.verdict.identity[property]
	}
	i := x.integration
	switch name {
	case "status":
		return strconv.Itoa(x.response.status)
	case "responseLength":
		return strconv.Itoa(len(x.response.body))
	case "responseLatency":
		return milliseconds(r.service.now().Sub(r.received))
	case "dataProcessed":
		return strconv.Itoa(len(r.body) + len(x.response.body))
	case "error.message":
		return x.response.message
	case "error.messageString":
		if x.response.message == "" {
			return ""
		}
		return `"` + x.response.message + `"`
	case "error.responseType":
		return x.response.kind
	case "integrationErrorMessage", "integration.error":
		return i.failure
	case "integrationLatency", "integration.latency":
		if i.ran {
			return milliseconds(i.latency)
		}
	case "integrationStatus", "integration.integrationStatus":
		return i.lambdaStatus
	case "integration.status":
		return i.functionStatus
	case "awsEndpointRequestId", "integration.requestId":
		return i.requestID
	}
	return ""
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// variable is the value of $context.authorizer.{name}: of a context, strings
// as they are, and what else it holds as JSON.
func (v verdict) variable(name string) string {
	switch name {
	case "error":
		return v.failure
	case "principalId":
		return v.principalID
	}
	if v.context == nil {
		return ""
	}
	switch value := v.context.value.(type) {
	case jwtContext:
		if claim, ok := strings.CutPrefix(name, "claims."); ok {
			return value.Claims[claim]
		}
	case json.RawMessage:
		var members map[string]json.RawMessage
		if json.Unmarshal(value, &members) != nil {
			return ""
		}
		var text string
		if json.Unmarshal(members[name], &text) == nil {
			return text
		}
		return string(members[name])
	}
	return ""
}
