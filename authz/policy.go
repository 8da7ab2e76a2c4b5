package authz

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/strictjson"
)

// Policy decides whether a principal may make a request: nil lets it, any error
// does not. The error is ErrDenied or another denial; ErrMisconfigured or
// ErrUnavailable where the policy cannot decide now, which is then a fault. An
// error without a sentinel of this package, and a panic, count as ErrDenied: a
// policy that fails to evaluate denies. Decide is safe for concurrent use.
//
// With a cache TTL, a policy may depend on the caller, and on the route, the method and
// the path as far as API Gateway keeps answers by them: [Handler] wants the identity
// sources $context.routeKey, $context.httpMethod where the route is for any method, and
// $context.path where it has variables or is $default. A policy that looks at less, or
// finds out itself ([Request.CheckReuse]) what it looks at, has the method
// IdentitySources() []string, which returns the sources that it always needs. One that
// depends on more of the request asks [Request.CheckReuse].
type Policy interface {
	Decide(ctx context.Context, p Principal, r Request) error
}

// PolicyFunc is a function as a [Policy]: business logic in Go.
type PolicyFunc func(ctx context.Context, p Principal, r Request) error

// Decide implements [Policy].
func (f PolicyFunc) Decide(ctx context.Context, p Principal, r Request) error { return f(ctx, p, r) }

// AllPolicies is the [Policy] that lets through what each of its policies lets
// through. Without any it lets nothing through.
type AllPolicies []Policy

// Decide implements [Policy].
func (a AllPolicies) Decide(ctx context.Context, p Principal, r Request) error {
	if len(a) == 0 {
		return fmt.Errorf("%w: there is no policy", ErrDenied)
	}
	for _, policy := range a {
		if err := decide(ctx, policy, p, r); err != nil {
			return err
		}
	}
	return nil
}

// decide asks a policy and makes a denial of whatever goes wrong in it. Its
// text is left out of a panic's: it could have been made of anything.
func decide(ctx context.Context, policy Policy, p Principal, r Request) (err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("%w: the policy panicked", ErrDenied)
		}
	}()
	if err = r.checkPolicy(policy); err != nil {
		return err
	}
	err = policy.Decide(ctx, p, r)
	if err != nil {
		if reason, _ := classify(err); reason == reasonInternal {
			err = fmt.Errorf("%w: the policy failed: %w", ErrDenied, err)
		}
	}
	return err
}

// RoutePermissions is the [Policy] that asks for permissions by route: what a
// route requires, by its route key. All of them must be granted; a route that
// requires none is open to every principal, and one that is not in the map to
// nobody.
//
// A segment of a requirement that is a variable's name in braces stands for the
// value of that variable in the request: "events:delete:{id}".
type RoutePermissions map[string][]string

// ParseRoutePermissions reads the JSON object that the component hands to its
// authorizer: route keys, each of them once, with arrays of permissions. Any
// other text is ErrMisconfigured.
func ParseRoutePermissions(text string) (RoutePermissions, error) {
	if text == "" {
		return nil, fmt.Errorf("%w: the route permissions are empty; the component sets %s as soon as one route has Permissions", ErrMisconfigured, contract.EnvRoutePermissions)
	}
	routes, err := strictjson.Members([]byte(text))
	var repeated *strictjson.RepeatedError
	switch {
	case errors.As(err, &repeated) && repeated.In == "":
		return nil, fmt.Errorf("%w: the route permissions name route %q twice", ErrMisconfigured, repeated.Name)
	case err != nil:
		return nil, notRoutePermissions()
	}
	permissions := make(RoutePermissions, len(routes))
	for _, route := range routes {
		var list []string
		if json.Unmarshal(route.Value, &list) != nil {
			return nil, notRoutePermissions()
		}
		if list == nil { // null, which would open the route as [] does
			return nil, fmt.Errorf("%w: the permissions of route %q are null; write [] for a route that requires none", ErrMisconfigured, route.Name)
		}
		for _, required := range list {
			if err := checkToken(required); err != nil {
				return nil, fmt.Errorf("%w: permission %q of route %q: %w", ErrMisconfigured, required, route.Name, err)
			}
		}
		permissions[route.Name] = list
	}
	return permissions, nil
}

// RoutePermissionsFromEnvironment returns the policy of the environment variable
// ROUTE_PERMISSIONS, which the component sets on the authorizer as soon as one
// route has Permissions. Where they are too many for a variable, it says that they
// stand in a file of the function's code, and the file is read. A nil getenv is
// os.Getenv. Where the variable is not set, or is no policy, each decision is
// ErrMisconfigured with the cause, instead of failing the start of the function: an
// authorizer whose routes require nothing has no such policy.
func RoutePermissionsFromEnvironment(getenv func(string) string) Policy {
	if getenv == nil {
		getenv = os.Getenv
	}
	text, err := getenv(contract.EnvRoutePermissions), error(nil)
	if text == contract.RoutePermissionsInFile {
		text, err = readTaskFile(getenv, contract.RoutePermissionsFile)
	}
	var permissions RoutePermissions
	if err == nil {
		permissions, err = ParseRoutePermissions(text)
	}
	if err != nil {
		err = fmt.Errorf("environment variable %s: %w", contract.EnvRoutePermissions, err)
		return noPermissions{err}
	}
	return permissions
}

// readTaskFile reads a file of the function's code (Lambda developer guide, "Defined
// runtime environment variables").
func readTaskFile(getenv func(string) string, name string) (string, error) {
	text, err := os.ReadFile(getenv("LAMBDA_TASK_ROOT") + "/" + name) //nolint:gosec // beside the executable itself
	if err != nil {
		return "", fmt.Errorf("%w: %w; deploy the function with the component that set the variable", ErrMisconfigured, err)
	}
	return string(text), nil
}

// noPermissions is the policy of an authorizer that does not know what its routes
// require.
type noPermissions struct{ err error }

// Decide implements [Policy].
func (n noPermissions) Decide(context.Context, Principal, Request) error { return n.err }

func notRoutePermissions() error {
	return fmt.Errorf("%w: the route permissions are not a JSON object of arrays of strings", ErrMisconfigured)
}

// defaultRoute is the key of the route for requests that match no other. It has
// no method.
const defaultRoute = "$default"

// Decide implements [Policy].
func (rp RoutePermissions) Decide(_ context.Context, p Principal, r Request) error {
	required, known := rp[r.RouteKey]
	if !known && r.ownMethod {
		_, path, _ := strings.Cut(r.RouteKey, " ")
		if required, known = rp["ANY "+path]; !known && path == defaultRoute {
			required, known = rp[defaultRoute]
		}
	}
	if !known {
		return fmt.Errorf("%w: nothing says what the route requires", ErrDenied)
	}
	if slices.ContainsFunc(required, hasVariable) {
		if err := r.CheckReuse(SourceRouteKey, SourcePath); err != nil {
			return err
		}
	}
	for _, permission := range required {
		if !permits(p.Permissions, permission, r.PathParameters) {
			return fmt.Errorf("%w: the permission %q is missing", ErrDenied, permission)
		}
	}
	return nil
}

// Permits reports whether one of the granted permissions covers the required
// one. A permission is segments with colons between them, for instance
// "events:write" or "events:delete:42". A granted segment "*" covers any one
// segment, at the end one or more: "events:*" covers "events:write" and
// "events:delete:42", not "events". Letters' case counts. A requirement has no
// wildcard: its "*" is an ordinary segment.
func Permits(granted []string, required string) bool { return permits(granted, required, nil) }

// permits replaces variables after it has split the requirement, so that a
// value with a colon is still one segment.
func permits(granted []string, required string, variables map[string]string) bool {
	for rest, more := required, true; more; {
		var segment string
		if segment, rest, more = strings.Cut(rest, ":"); valueOf(segment, variables) == "" {
			return false
		}
	}
	return slices.ContainsFunc(granted, func(permission string) bool { return covers(permission, required, variables) })
}

// valueOf is a segment of a requirement, or the value of the variable that it is.
func valueOf(segment string, variables map[string]string) string {
	if name, ok := strings.CutPrefix(segment, "{"); ok && strings.HasSuffix(name, "}") {
		return variables[strings.TrimSuffix(strings.TrimSuffix(name, "}"), "+")]
	}
	return segment
}

// hasVariable reports whether a segment of a requirement is a variable.
func hasVariable(required string) bool { return strings.Contains(required, "{") }

func covers(granted, required string, variables map[string]string) bool {
	for {
		grant, grants, moreGrants := strings.Cut(granted, ":")
		segment, segments, more := strings.Cut(required, ":")
		switch {
		case grant == "*" && !moreGrants:
			return true
		case grant != "*" && grant != valueOf(segment, variables):
			return false
		case !more || !moreGrants:
			return more == moreGrants
		}
		granted, required = grants, segments
	}
}

// Limiter counts the requests of a principal that the policy let through. Its
// error is ErrQuotaExceeded or ErrRateLimited, or a fault. It needs a TTL of 0: a
// request that API Gateway answers from its cache is not counted, and so a
// [Handler] refuses all requests where there may be a TTL. Take is safe for
// concurrent use.
type Limiter interface {
	Take(ctx context.Context, p Principal, r Request) error
}
