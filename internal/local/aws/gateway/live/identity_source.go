package live

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// IdentitySource is a parsed selection expression.
type IdentitySource struct {
	text string
	// value is empty where the request does not have the source.
	value func(*request) string
}

var (
	headerSource        = regexp.MustCompile("^\\$request\\.header\\.([A-Za-z0-9!#$%&'*+.^_`|~-]+)$") // an RFC 9110 token
	querySource         = regexp.MustCompile(`^\$request\.querystring\.([^\s,]+)$`)
	stageVariableSource = regexp.MustCompile(`^\$stageVariables\.([A-Za-z0-9_]+)$`)
)

// contextValues are the $context variables that a request has before it is
// authorized (developer guide, http-api-logging-variables).
var contextValues = map[string]func(*request) string{
	"accountId":          func(r *request) string { return r.gateway.Account.ID },
	"apiId":              func(r *request) string { return r.deployment.APIID },
	"domainName":         (*request).domainName,
	"domainPrefix":       (*request).domainPrefix,
	"extendedRequestId":  func(r *request) string { return r.id },
	"httpMethod":         func(r *request) string { return r.method },
	"identity.sourceIp":  func(r *request) string { return r.sourceIP },
	"identity.userAgent": func(r *request) string { return r.headers["user-agent"] },
	"path":               func(r *request) string { return r.rawPath },
	"protocol":           func(r *request) string { return r.protocol },
	"requestId":          func(r *request) string { return r.id },
	"requestTime":        func(r *request) string { return r.received.UTC().Format(timeLayout) },
	"requestTimeEpoch":   func(r *request) string { return strconv.FormatInt(r.received.UnixMilli(), 10) },
	"routeKey":           func(r *request) string { return r.route.Key.text },
	"stage":              func(r *request) string { return r.stage.Name },
}

// ParseIdentitySource reads one of the four kinds of identity source (developer
// guide, http-api-lambda-authorizer). Header names are case-insensitive, the others
// are not. The error is a BadRequestException or names what is not supported.
func ParseIdentitySource(text string) (IdentitySource, error) {
	source := IdentitySource{text: text}
	if m := headerSource.FindStringSubmatch(text); m != nil {
		name := strings.ToLower(m[1])
		source.value = func(r *request) string { return r.headers[name] }
		return source, nil
	}
	if m := querySource.FindStringSubmatch(text); m != nil {
		source.value = func(r *request) string { return r.query[m[1]] }
		return source, nil
	}
	if m := stageVariableSource.FindStringSubmatch(text); m != nil {
		source.value = func(r *request) string { return r.stage.Variables[m[1]] }
		return source, nil
	}
	if name, ok := strings.CutPrefix(text, "$context."); ok {
		if source.value, ok = contextValues[name]; ok {
			return source, nil
		}
		return source, awserr.Unsupported("the identity source "+strconv.Quote(text), "use one of $context."+strings.Join(slices.Sorted(maps.Keys(contextValues)), ", $context."))
	}
	return source, awserr.New(badRequest, "Invalid identity source %q. It should be $request.header.name, $request.querystring.name, $context.name or $stageVariables.name.", text)
}
