package components

import (
	"fmt"
	"strings"
	"testing"
)

func TestCheckRoutePermissions(t *testing.T) {
	t.Parallel()
	expectMistakes(t, testScope, guardedArgs, []mistakeTest{
		{"permissions of a public route", require("GET /me", Public, "events:read"),
			`Routes["GET /me"].Permissions: cannot be required on a public route, which is open to everybody: leave them out, or leave out Auth`},
		{"permissions", require("GET /me", Protected, "events:read", "events:{id}", "events:read"),
			`Routes["GET /me"].Permissions[1]: "events:{id}" has the variable "id", which is not one of the route's path: it has none
Routes["GET /me"].Permissions[2]: "events:read" occurs twice`},
	})
}

func TestCheckPermissions(t *testing.T) {
	t.Parallel()
	const grammar = ` must be segments of letters, digits, '_', '-' or '.', or {name} for a path variable, with a : between two of them`
	long := strings.Repeat("p", 129)
	for _, test := range []struct {
		permission string
		want       string
	}{
		{"events", ""},
		{"events:write", ""},
		{"Events.v1:write_all:a-b:0", ""},
		{"events:{id}:delete", ""},
		{"{id}", ""},
		{"{path}:read", ""},
		{long[:128], ""},
		{"", `""` + grammar},
		{":", `":"` + grammar},
		{"events:", `"events:"` + grammar},
		{":write", `":write"` + grammar},
		{"events write", `"events write"` + grammar},
		{"events:wríte", `"events:wríte"` + grammar},
		{"events:{id", `"events:{id"` + grammar},
		{"events:x{id}", `"events:x{id}"` + grammar},
		{"files:{path+}", `"files:{path+}"` + grammar},
		{"events:*", `"events:*" has a wildcard: a route names what it requires; wildcards are for what callers are granted`},
		{"events:{event}", `"events:{event}" has the variable "event", which is not one of the route's path: "id", "path"`},
		{long, fmt.Sprintf("%q has 129 characters: at most 128 are allowed", long)},
	} {
		t.Run(test.permission, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := checkPermission(test.permission, []string{"id", "path"}); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("error is\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}
