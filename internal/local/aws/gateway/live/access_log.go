package live

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var logVariable = regexp.MustCompile(`\$context(\.[A-Za-z0-9_]+)+`)

// logAccess writes the access log of a request that reached a stage.
func (g *Gateway) logAccess(r *request, x exchange) {
	if r.stage == nil || r.stage.AccessLog == nil {
		return
	}
	settings := r.stage.AccessLog
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
	if err := g.Logs.Append(settings.Group, r.deployment.APIID+"-"+r.stage.Name, r.received, line); err != nil {
		g.Console.Refused("the access log of the stage "+r.stage.Name+" was not written: "+err.Error(), "keep the log group "+settings.Group)
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
