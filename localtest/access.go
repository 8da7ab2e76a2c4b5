package localtest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/protected-http-api/protected-http-api/internal/local"
)

// UpdateVariable is the environment variable with which [API.Access] writes its file
// instead of comparing: LOCALTEST_UPDATE=1 go test.
const UpdateVariable = "LOCALTEST_UPDATE"

const public = "PUBLIC"

// Access compares how the routes of all APIs of the project are protected with the
// file testdata/TEST.access, where TEST is the test's name. It fails the test where
// anything differs, and names what has become public first. The file is text, made to
// be read in a review.
func (a *API) Access() {
	a.t.Helper()
	var got []string
	a.d.look(func(d *local.Deployment) { got = accessOf(d) })
	file := filepath.Join("testdata", strings.ReplaceAll(a.t.Name(), "/", "-")+".access")
	if os.Getenv(UpdateVariable) != "" {
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			a.t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(strings.Join(got, "\n")+"\n"), 0o600); err != nil {
			a.t.Fatal(err)
		}
		return
	}
	content, err := os.ReadFile(file) //nolint:gosec // a file of the test's own
	if err != nil {
		a.t.Fatalf("reading how routes should be protected: %v: %s=1 go test writes it", err, UpdateVariable)
	}
	if different := compareAccess(strings.Split(strings.TrimSpace(string(content)), "\n"), got); different != "" {
		a.t.Errorf("routes are not protected as %s says:\n%s\nif that is meant: %s=1 go test", file, different, UpdateVariable)
	}
}

// compareAccess says what differs, a line each, what is public now first.
func compareAccess(want, got []string) string {
	wanted, found := routesOf(want), routesOf(got)
	var opened, others []string
	for _, route := range slices.Sorted(maps.Keys(found)) {
		before, there := wanted[route]
		switch now := found[route]; {
		case now == before:
		case now == public && there:
			opened = append(opened, fmt.Sprintf("\t%s has become PUBLIC; it was: %s", route, before))
		case now == public:
			opened = append(opened, fmt.Sprintf("\t%s is new and PUBLIC", route))
		case !there:
			others = append(others, fmt.Sprintf("\t%s is new: %s", route, now))
		default:
			others = append(others, fmt.Sprintf("\t%s is: %s; it was: %s", route, now, before))
		}
	}
	for _, route := range slices.Sorted(maps.Keys(wanted)) {
		if _, there := found[route]; !there {
			others = append(others, fmt.Sprintf("\t%s is gone; it was: %s", route, wanted[route]))
		}
	}
	return strings.Join(append(opened, others...), "\n")
}

// routesOf are the lines of an access table by API and route, which two spaces at least
// separate from the rest.
func routesOf(lines []string) map[string]string {
	routes := map[string]string{}
	for _, line := range lines {
		route, access, _ := strings.Cut(line, "  ")
		routes[route] = strings.TrimSpace(access)
	}
	return routes
}

// accessOf is the access table of a deployment.
func accessOf(d *local.Deployment) []string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, api := range d.APIs {
		for _, route := range api.Routes {
			access := public
			switch {
			case route.Public():
			case route.Authorizer != "":
				access = fmt.Sprintf("%s, answers reused for %s", d.ProgramName(route.Authorizer), route.TTL)
				if len(route.Permissions) > 0 {
					access += ", needs " + strings.Join(route.Permissions, " ")
				}
			default:
				access = route.Authorization
				if len(route.Scopes) > 0 {
					access += ", needs one of " + strings.Join(route.Scopes, " ")
				}
			}
			_, _ = fmt.Fprintf(table, "%s: %s\t%s\n", api.Name, route.Key, access)
		}
	}
	_ = table.Flush() // into memory
	return strings.Split(strings.TrimSpace(text.String()), "\n")
}
