package verify

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// target is a request that reaches a route and no other.
type target struct{ method, path string }

// harmless is what path variables get: nothing is called so.
const harmless = "pha-verify"

// greedy has more segments than a path without a greedy variable.
var greedy = harmless + strings.Repeat("/"+harmless, 15)

// tried are the methods of a request to a route of any, the ones that change nothing
// first.
var tried = []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete}

// safe reports whether a method changes nothing (RFC 9110 section 9.2.1).
func safe(method string) bool {
	return slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, method)
}

var (
	pathVariable   = regexp.MustCompile(`\{[^}+]*\}`)
	greedyVariable = regexp.MustCompile(`\{[^}]*\+\}`)
)

// targetOf finds a request for a route among an API's. There is none where the other
// routes catch all.
func targetOf(key string, routes []Route) (target, bool) {
	method, path, found := strings.Cut(key, " ")
	paths := []string{"/" + greedy, "/"} // $default
	if found {
		paths = []string{greedyVariable.ReplaceAllLiteralString(pathVariable.ReplaceAllLiteralString(path, harmless), greedy)}
	}
	if found && method != "ANY" {
		return target{method, paths[0]}, true
	}
	for _, path := range paths {
		for _, method := range tried {
			if !slices.ContainsFunc(routes, func(r Route) bool { return r.Key != key && catches(r.Key, key, method, path) }) {
				return target{method, path}, true
			}
		}
	}
	return target{}, false
}

// catches reports whether a route gets a request that is meant for another one, which
// is of any method or $default: it is for the method, and a greedy one catches only
// what is meant for $default (HTTP API developer guide, "Routing API requests").
func catches(key, other, method, path string) bool {
	of, pattern, found := strings.Cut(key, " ")
	if !found || of != method && (of != "ANY" || other != "$default") {
		return false
	}
	if greedyVariable.MatchString(pattern) && other != "$default" {
		_, otherPattern, _ := strings.Cut(other, " ")
		return shape(pattern) == shape(otherPattern)
	}
	expression := regexp.QuoteMeta(shape(pattern))
	expression = strings.NewReplacer(regexp.QuoteMeta("{+}"), ".+", regexp.QuoteMeta("{}"), "[^/]+").Replace(expression)
	matched, err := regexp.MatchString("^"+expression+"$", path)
	return err == nil && matched
}

// shape is a path without the names of its variables.
func shape(path string) string {
	return greedyVariable.ReplaceAllLiteralString(pathVariable.ReplaceAllLiteralString(path, "{}"), "{+}")
}
