// Package routekey reads the route keys of HTTP APIs (API Gateway developer
// guide, "Create routes for HTTP APIs").
package routekey

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Default is the key of the route that gets what no other route does.
const Default = "$default"

const options, anyMethod = "OPTIONS", "ANY"

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", options, anyMethod}

// Key is a parsed route key: a method and a path, or neither of them for the
// $default route.
type Key struct {
	method, path string
}

var (
	// pathVariable matches a segment that stands for any value. One with a
	// plus is greedy: it stands for all the segments that follow.
	pathVariable = regexp.MustCompile(`^\{([A-Za-z0-9._:-]+)(\+?)\}$`)
	// literalSegment and pathVariable are what AWS holds the parts of a path
	// against: ^(\{[\w.:-]+\+?\}|[a-zA-Z0-9.:_-]+)$ stands in its refusal (sst issue
	// 207, still without the colon) and in its own tool for .NET
	// (aws-lambda-dotnet, IsRouteConfigValid).
	literalSegment = regexp.MustCompile(`^[A-Za-z0-9._:-]+$`)
)

// Parse reads a route key as API Gateway writes it: "GET /events/{id}" or
// "$default". Its error says what is wrong, and leaves the key itself to the
// caller.
func Parse(key string) (Key, error) {
	if key == Default {
		return Key{}, nil
	}
	method, path, found := strings.Cut(key, " ")
	if !found {
		return Key{}, fmt.Errorf("is not a route key: write a method, one space and a path, or %s", Default)
	}
	if !slices.Contains(methods, method) {
		return Key{}, fmt.Errorf("method %q is not one of %s", method, strings.Join(methods, ", "))
	}
	if err := checkPath(path); err != nil {
		return Key{}, err
	}
	return Key{method: method, path: path}, nil
}

func checkPath(path string) error {
	switch {
	case !strings.HasPrefix(path, "/"):
		return fmt.Errorf("path %q must begin with /", path)
	case path == "/":
		return nil
	case strings.HasSuffix(path, "/"):
		return fmt.Errorf("path %q must not end with /", path)
	}
	segments := strings.Split(path[1:], "/")
	seen := map[string]bool{}
	for i, segment := range segments {
		if segment == "" {
			return fmt.Errorf("path %q has an empty segment", path)
		}
		variable := pathVariable.FindStringSubmatch(segment)
		if variable == nil {
			if err := checkLiteral(segment); err != nil {
				return err
			}
			continue
		}
		if seen[variable[1]] {
			return fmt.Errorf("path variable %q occurs twice", variable[1])
		}
		seen[variable[1]] = true
		if variable[2] != "" && i < len(segments)-1 {
			return fmt.Errorf("greedy path variable %q must be the last segment", segment)
		}
	}
	return nil
}

func checkLiteral(segment string) error {
	if strings.ContainsAny(segment, "{}") {
		return fmt.Errorf("segment %q is not a path variable: write {name}, or {name+} in the last segment, with letters, digits, '.', ':', '_' and '-' in the name", segment)
	}
	if !literalSegment.MatchString(segment) {
		return fmt.Errorf("segment %q has a character other than letters, digits, '.', ':', '_' and '-', which are all that AWS takes in a route", segment)
	}
	return nil
}

// String returns the key as API Gateway writes it.
func (k Key) String() string {
	if k.method == "" {
		return Default
	}
	return k.method + " " + k.path
}

// Normalized returns the key without the names of its variables. Two keys that
// differ in those only match the same requests.
func (k Key) Normalized() string {
	return k.replaceVariables("{}", "{+}").String()
}

// Methods returns the methods of the requests that the route matches.
func (k Key) Methods() []string {
	if k.method != "" && k.method != anyMethod {
		return []string{k.method}
	}
	return slices.DeleteFunc(slices.Clone(methods), func(m string) bool { return m == anyMethod })
}

// Options returns the key of a route that takes the OPTIONS requests to the key's
// paths before the key's own route does; false where that takes none.
func (k Key) Options() (Key, bool) {
	switch k.method {
	case "":
		return Key{method: options, path: "/{proxy+}"}, true
	case anyMethod, options:
		return Key{method: options, path: k.path}, true
	}
	return Key{}, false
}

// Variables returns the names of the path's variables.
func (k Key) Variables() []string {
	var names []string
	for segment := range strings.SplitSeq(k.path, "/") {
		if variable := pathVariable.FindStringSubmatch(segment); variable != nil {
			names = append(names, variable[1])
		}
	}
	return names
}

// SourcePattern returns what follows the stage in the ARN that API Gateway
// gives as the source of the route's invocations, as a pattern.
//
// A variable is an asterisk: the pattern then matches whether the ARN holds
// the variable's name or its value, of which AWS documents neither for HTTP
// APIs. For the method ANY and for the $default route it is an asterisk too,
// as in the permissions that AWS SAM writes.
func (k Key) SourcePattern() string {
	if k.method == "" {
		return "*"
	}
	pattern := k.replaceVariables("*", "*")
	if pattern.method == anyMethod {
		pattern.method = "*"
	}
	return pattern.method + pattern.path
}

func (k Key) replaceVariables(plain, greedy string) Key {
	segments := strings.Split(k.path, "/")
	for i, segment := range segments {
		variable := pathVariable.FindStringSubmatch(segment)
		switch {
		case variable == nil:
		case variable[2] == "":
			segments[i] = plain
		default:
			segments[i] = greedy
		}
	}
	return Key{method: k.method, path: strings.Join(segments, "/")}
}
