package live

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// segmentKind orders what a path segment of a route key can be: a smaller kind
// is more specific and wins.
type segmentKind int

const (
	literal segmentKind = iota
	variable
	greedy
)

// segment is a part of a route key's path between slashes.
type segment struct {
	kind segmentKind
	text string // the literal, or the variable's name
}

// RouteKey is a parsed route key. The $default key has no method and no
// segments.
type RouteKey struct {
	text     string
	method   string
	path     string // as in the key
	segments []segment
}

// DefaultName is the name of the catch-all route, and of the stage without a path.
const DefaultName = "$default"

const (
	anyMethod  = "ANY"
	badRequest = "BadRequestException" // of what cannot be parsed
)

var (
	routeMethods     = []string{anyMethod, "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
	routeVariable    = regexp.MustCompile(`^\{([A-Za-z0-9._:-]+)(\+?)\}$`)
	routePathLiteral = regexp.MustCompile(`^[A-Za-z0-9._:-]+$`)
)

// routePartRule is what AWS says that the parts of a path are held against (sst
// issue 207, before AWS took a colon; aws-lambda-dotnet, IsRouteConfigValid, with
// it). routeVariable and routePathLiteral are its two halves.
const routePartRule = `^(\{[\w.:-]+\+?\}|[a-zA-Z0-9.:_-]+)$`

// ParseRouteKey reads a route key (developer guide, http-api-develop-routes):
// a method and a path without trailing slash, whose segments are literals,
// {variables}, and at the end perhaps one {greedy+} variable.
func ParseRouteKey(text string) (RouteKey, error) {
	if text == DefaultName {
		return RouteKey{text: text}, nil
	}
	method, path, found := strings.Cut(text, " ")
	if !found || !slices.Contains(routeMethods, method) || !strings.HasPrefix(path, "/") {
		return RouteKey{}, awserr.New(badRequest, "The provided route key %q is not formatted properly for HTTP protocol. It should be %s, or one of %s, a space and a path that begins with a slash.",
			text, DefaultName, strings.Join(routeMethods, ", "))
	}
	key := RouteKey{text: text, method: method, path: path}
	parts := splitPath(path)
	seen := map[string]bool{}
	for i, part := range parts {
		match := routeVariable.FindStringSubmatch(part)
		switch {
		case part == "" && path == "/":
			key.segments = append(key.segments, segment{literal, ""})
		case part == "":
			return RouteKey{}, awserr.New(badRequest, "The route key %q has an empty path segment. Paths have no trailing and no double slashes.", text)
		case match == nil && !routePathLiteral.MatchString(part):
			return RouteKey{}, awserr.New(badRequest, "One or more path parts appear to be invalid. Parts are validated against this regular expression: %s", routePartRule).
				WithCure("change the part %q of the route key %q: a literal has letters, digits, '.', ':', '_' and '-' only, and a variable, {name} or {name+}, fills its part", part, text)
		case match == nil:
			key.segments = append(key.segments, segment{literal, part})
		case seen[match[1]]:
			return RouteKey{}, awserr.New(badRequest, "The route key %q has the path variable %q twice.", text, match[1])
		case match[2] == "+" && i < len(parts)-1:
			return RouteKey{}, awserr.New(badRequest, "The greedy path variable %q of the route key %q is not at the end of the path.", part, text)
		default:
			seen[match[1]] = true
			kind := variable
			if match[2] == "+" {
				kind = greedy
			}
			key.segments = append(key.segments, segment{kind, match[1]})
		}
	}
	return key, nil
}

// splitPath splits a path that begins with a slash. "/" has one segment, the
// empty one, and so has "/a/" after its first.
func splitPath(path string) []string { return strings.Split(path[1:], "/") }

func (k RouteKey) isDefault() bool { return len(k.segments) == 0 }

func (k RouteKey) isGreedy() bool {
	return !k.isDefault() && k.segments[len(k.segments)-1].kind == greedy
}

// tier is the order in which AWS documents that keys are tried: full match,
// greedy, $default.
func (k RouteKey) tier() int {
	switch {
	case k.isDefault():
		return 2
	case k.isGreedy():
		return 1
	}
	return 0
}

// Shape is the key without the names of its variables. Two keys of one shape
// match the same requests.
func (k RouteKey) Shape() string {
	if k.isDefault() {
		return k.text
	}
	parts := make([]string, len(k.segments))
	for i, s := range k.segments {
		parts[i] = [...]string{s.text, "{}", "{+}"}[s.kind]
	}
	return k.method + " /" + strings.Join(parts, "/")
}

// compareRouteKeys sorts the key that wins first: by tier, an exact method
// before ANY, then from left to right a literal before a variable before a
// greedy variable.
func compareRouteKeys(a, b RouteKey) int {
	if c := cmp.Compare(a.tier(), b.tier()); c != 0 {
		return c
	}
	if aAny, bAny := a.method == anyMethod, b.method == anyMethod; aAny != bAny {
		if bAny {
			return -1
		}
		return 1
	}
	for i := range min(len(a.segments), len(b.segments)) {
		if c := cmp.Compare(a.segments[i].kind, b.segments[i].kind); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(b.segments), len(a.segments))
}

// match says whether a request belongs to the key, and the values of the
// path variables. Segments are of the decoded path: AWS decodes first, so that
// an encoded slash separates like any other. A variable is never empty, but a
// greedy one may be.
func (k RouteKey) match(method string, segments []string) (map[string]string, bool) {
	if k.isDefault() {
		return nil, true
	}
	if k.method != anyMethod && k.method != method {
		return nil, false
	}
	if len(segments) < len(k.segments) || (len(segments) > len(k.segments) && !k.isGreedy()) {
		return nil, false
	}
	for i, s := range k.segments {
		if (s.kind == literal && segments[i] != s.text) || (s.kind == variable && segments[i] == "") {
			return nil, false
		}
	}
	var values map[string]string
	for i, s := range k.segments {
		if s.kind == literal {
			continue
		}
		if values == nil {
			values = map[string]string{}
		}
		values[s.text] = segments[i]
		if s.kind == greedy {
			values[s.text] = strings.Join(segments[i:], "/")
		}
	}
	return values, true
}

// Matching is the one of some route keys that a request belongs to, by its method and
// the decoded path of its target within the stage; empty where there is none. Keys that
// cannot be parsed are left out.
func Matching(keys []string, method, path string) string {
	var parsed []RouteKey
	for _, text := range keys {
		if key, err := ParseRouteKey(text); err == nil {
			parsed = append(parsed, key)
		}
	}
	slices.SortFunc(parsed, compareRouteKeys)
	path, ok := decodePath(path)
	if !ok || !strings.HasPrefix(path, "/") {
		return ""
	}
	for _, key := range parsed {
		if _, ok := key.match(method, splitPath(path)); ok {
			return key.text
		}
	}
	return ""
}
