package live

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var logVariable = regexp.MustCompile(`\$context(\.[A-Za-z0-9_]+)+`)

// logPart is a part of a format: text, or the name of a variable without $context.
type logPart struct{ text, variable string }

// parseLogFormat takes a format apart, once a deployment.
func parseLogFormat(format string) []logPart {
	format = strings.TrimSuffix(format, "\n")
	var parts []logPart
	at := 0
	for _, found := range logVariable.FindAllStringIndex(format, -1) {
		parts = append(parts, logPart{text: format[at:found[0]]}, logPart{variable: strings.TrimPrefix(format[found[0]:found[1]], "$context.")})
		at = found[1]
	}
	return append(parts, logPart{text: format[at:]})
}

// logAccess writes the access log of a request that reached a stage.
func (g *Gateway) logAccess(r *request, x *exchange) {
	if r.stage == nil || r.stage.AccessLog == nil {
		return
	}
	settings := r.stage.AccessLog
	line := make([]byte, 0, 2*len(settings.Format))
	for _, part := range r.stage.logFormat {
		if part.variable == "" {
			line = append(line, part.text...)
			continue
		}
		value := x.variable(r, part.variable)
		switch {
		case value == "":
			value = "-"
		case part.variable != "error.messageString": // which has its quotes
			value = logValue(value)
		}
		line = append(line, value...)
	}
	if err := g.Logs.Append(settings.Group, r.deployment.APIID+"-"+r.stage.Name, r.received, string(line)); err != nil {
		g.Console.Refused("the access log of the stage "+r.stage.Name+" was not written: "+err.Error(), "keep the log group "+settings.Group)
	}
}

// logValue escapes what would end a line or a JSON string: values come from
// strangers.
func logValue(value string) string {
	if !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
		return value
	}
	quoted, err := encode(value)
	if err != nil {
		return "-"
	}
	return string(quoted[1 : len(quoted)-1])
}

// variable is the value of $context.{name} (developer guide,
// http-api-logging-variables); empty where it is not set.
func (x *exchange) variable(r *request, name string) string {
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
	case "customDomain.basePathMatched":
		if r.mapping != nil {
			return r.mapping.Key
		}
	case "status":
		return strconv.Itoa(x.response.status)
	case "responseLength":
		return strconv.Itoa(len(x.response.body))
	case "responseLatency":
		return milliseconds(r.gateway.now().Sub(r.received))
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
		switch {
		case i.lambdaStatus == "403":
			return integrationPermissionText
		case i.tried:
			return i.Failure
		}
	case "integrationLatency", "integration.latency":
		if i.tried {
			return milliseconds(i.latency)
		}
	case "integrationStatus", "integration.integrationStatus":
		return i.lambdaStatus
	case "integration.status":
		return i.functionStatus
	case "awsEndpointRequestId", "integration.requestId":
		if i.lambdaStatus != "" { // else API Gateway has no answer of Lambda's
			return i.RequestID
		}
	}
	return ""
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// variable is the value of $context.authorizer.{name}: of a context, strings
// as they are, and what else it holds as JSON.
func (v *verdict) variable(name string) string {
	switch name {
	case "error":
		return v.failure
	case "latency":
		if v.latency != nil {
			return milliseconds(*v.latency)
		}
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
		if v.context.members == nil {
			_ = json.Unmarshal(value, &v.context.members) // an object: parseAnswer has seen it
		}
		var text string
		if json.Unmarshal(v.context.members[name], &text) == nil {
			return text
		}
		return string(v.context.members[name])
	}
	return ""
}
