package httpsig

import (
	"net/url"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/authz"
)

// checkPath returns an error unless the event's path ends with the path of its
// route, its parameters put in. Handlers act on the parameters, and the
// signature covers the path alone: how API Gateway decodes the ones where the
// other has an encoded slash, percent sign or question mark, AWS does not say.
// What stands in front, a stage's name or a custom domain's base path, the
// signature covers too.
func checkPath(r authz.Request) error {
	_, template, found := strings.Cut(r.RouteKey, " /")
	// $default has no parameters, and a route that is not told can have none.
	if found && fitsTemplate(strings.TrimSuffix(template, "/"), r) || r.RouteKey == "$default" || r.RouteKey == "" && len(r.PathParameters) == 0 {
		return nil
	}
	return malformed("the path parameters are not those of the path; it has an encoded slash or question mark, or is encoded twice")
}

func fitsTemplate(template string, r authz.Request) bool {
	if template == "" {
		return true
	}
	parts := strings.Split(template, "/")
	last := len(parts) - 1
	trimmed := strings.TrimSuffix(r.Path, "/")
	name, greedy := strings.CutSuffix(parts[last], "+}")
	if !greedy {
		return endsWith(trimmed, parts, r.PathParameters)
	}
	value, given := r.PathParameters[strings.TrimPrefix(name, "{")]
	for _, rest := range spellings(value) {
		for _, path := range []string{r.Path, trimmed} {
			if head, found := strings.CutSuffix(path, "/"+rest); given && found && endsWith(head, parts[:last], r.PathParameters) {
				return true
			}
		}
	}
	return false
}

// endsWith reports whether the last segments of a path are the parts of a
// template without a greedy variable.
func endsWith(path string, parts []string, parameters map[string]string) bool {
	segments := strings.Split(path, "/")[1:] // nothing is in front of the first slash
	if len(segments) < len(parts) {
		return false
	}
	return slices.EqualFunc(segments[len(segments)-len(parts):], parts, func(segment, part string) bool {
		name, opened := strings.CutPrefix(part, "{")
		name, closed := strings.CutSuffix(name, "}")
		if !opened || !closed {
			return part == segment
		}
		value, given := parameters[name]
		return given && slices.Contains(spellings(value), segment)
	})
}

// spellings returns what the value of a parameter may be in the decoded path:
// itself, and with percent-encoding undone, unless that makes a character that
// no signed path has encoded: /a%2Fb would have the signature of /a/b, and a
// handler would get another value.
func spellings(value string) []string {
	decoded, err := url.PathUnescape(value)
	if err == nil && !strings.ContainsAny(decoded, "%?") && strings.Count(decoded, "/") == strings.Count(value, "/") {
		return []string{value, decoded}
	}
	return []string{value}
}
