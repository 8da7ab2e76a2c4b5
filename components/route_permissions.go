package components

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/components/internal/routekey"
)

// maxPermission keeps the permissions of a whole API within what an
// environment variable holds.
const maxPermission = 128

var (
	permissionSegment = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	// permissionVariable matches a segment that stands for a path variable.
	permissionVariable = regexp.MustCompile(`^\{([A-Za-z0-9._-]+)\}$`)
)

// checkPermissions checks what a route requires. It refuses everything that an
// authorizer could read otherwise than it was meant.
func (c *checker) checkPermissions(property string, key routekey.Key, route Route) {
	if len(route.Permissions) > 0 {
		kind, _, _ := strings.Cut(string(route.Auth), ":")
		why := map[string]string{
			string(Public): "on a public route, which is open to everybody: leave them out, or leave out Auth",
			string(Iam):    "on a route whose Auth is Iam: the callers' IAM policies say what they may do: leave them out, or leave out Auth",
			"jwt":          "on a route whose Auth is Jwt, which no authorizer function judges: require Scopes, or leave out Auth",
		}[kind]
		if why != "" {
			c.addf(property, "cannot be required %s", why)
			return
		}
	}
	for i, permission := range route.Permissions {
		element := fmt.Sprintf("%s[%d]", property, i)
		c.add(element, checkPermission(permission, key.Variables()))
		if slices.Contains(route.Permissions[:i], permission) {
			c.addf(element, "%q occurs twice", permission)
		}
	}
}

func checkPermission(permission string, variables []string) error {
	if len(permission) > maxPermission {
		return fmt.Errorf("%q has %d characters: at most %d are allowed", permission, len(permission), maxPermission)
	}
	for segment := range strings.SplitSeq(permission, ":") {
		variable := permissionVariable.FindStringSubmatch(segment)
		switch {
		case segment == "*":
			return fmt.Errorf("%q has a wildcard: a route names what it requires; wildcards are for what callers are granted", permission)
		case variable != nil && !slices.Contains(variables, variable[1]):
			return fmt.Errorf("%q has the variable %q, which is not one of the route's path: %s", permission, variable[1], cmp.Or(quoted(variables), "it has none"))
		case variable == nil && !permissionSegment.MatchString(segment):
			return fmt.Errorf("%q must be segments of letters, digits, '_', '-' or '.', or {name} for a path variable, with a : between two of them", permission)
		}
	}
	return nil
}

// pathPermission returns the first permission that has a path variable, and
// its route's key; empty where there is none.
func (a *authorizerPlan) pathPermission() (permission, key string) {
	for _, r := range a.routes {
		for _, permission := range r.permissions {
			if strings.Contains(permission, "{") {
				return permission, r.key.String()
			}
		}
	}
	return "", ""
}

// requiresPermissions reports whether any of the authorizer's routes requires
// permissions.
func (a *authorizerPlan) requiresPermissions() bool {
	return slices.ContainsFunc(a.routes, func(r *routePlan) bool { return len(r.permissions) > 0 })
}

// routePermissions returns what each of the authorizer's routes requires, as JSON.
// Routes that require nothing are in it too: an authorizer denies a route that
// it does not find there.
func (a *authorizerPlan) routePermissions() string {
	permissions := map[string][]string{}
	for _, r := range a.routes {
		permissions[r.key.String()] = append([]string{}, r.permissions...)
	}
	text, _ := json.Marshal(permissions) // a map of strings has JSON
	return string(text)
}
