package local_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/callers"
	"github.com/protected-http-api/protected-http-api/internal/local"
)

func init() { local.Tries = tries }

// tries makes the callers of a deployment, which are those of what is deployed later too,
// and returns what tries every route with all that it can be tried with: a line a route.
func tries(d *local.Deployment) func(*testing.T) []string {
	c := callers.From(d)
	return func(t *testing.T) (lines []string) {
		t.Helper()
		for _, api := range d.APIs {
			for _, route := range api.Routes {
				method, path, _ := strings.Cut(route.Key, " ")
				url, _ := api.Address()
				var statuses []string
				for _, kind := range c.Kinds(route) {
					r, err := http.NewRequestWithContext(t.Context(), method, url+strings.ReplaceAll(path, "{id}", "evt_00000000000000000000000000"), strings.NewReader(callers.Body(route)))
					if err != nil {
						t.Fatal(err)
					}
					r.Header.Set("Content-Type", "application/json")
					if err := c.Apply(r, api, route, kind); err != nil {
						t.Fatalf("%s, %s: %v", route.Key, kind, err)
					}
					res, err := http.DefaultTransport.RoundTrip(r)
					if err != nil {
						t.Fatalf("%s, %s: %v", route.Key, kind, err)
					}
					_ = res.Body.Close()
					statuses = append(statuses, fmt.Sprintf("%s %d", kind, res.StatusCode))
				}
				lines = append(lines, route.Key+": "+strings.Join(statuses, ", "))
			}
		}
		return lines
	}
}
