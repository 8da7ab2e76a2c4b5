package components

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const componentURN = "urn:pulumi:dev::events-api::protected-http-api:index:ProtectedHttpApi::events"

func TestChildren(t *testing.T) {
	t.Parallel()
	m := mustDeploy(t, exampleArgs())
	want := []string{
		"Api events-api",
		"Authorizer events-authorizer",
		"Function events-authorizer", "Function events-create-event", "Function events-get", "Function events-list-events",
		"Integration events-create-event", "Integration events-get", "Integration events-list-events",
		"LogGroup events-access-logs", "LogGroup events-authorizer", "LogGroup events-create-event", "LogGroup events-get", "LogGroup events-list-events",
		"Permission events-authorizer", "Permission events-create-event", "Permission events-get", "Permission events-list-events",
		"Role events-authorizer", "Role events-create-event", "Role events-get", "Role events-list-events",
		"RolePolicy events-authorizer", "RolePolicy events-create-event", "RolePolicy events-get", "RolePolicy events-list-events",
		"Route events-GET /events", "Route events-GET /events/{}", "Route events-POST /events", "Route events-PUT /events/{}",
		"Stage events-stage",
		"Table events-table",
	}
	if got := m.children(); !slices.Equal(got, want) {
		t.Errorf("children are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, r := range m.registered {
		if r.Custom && r.RegisterRPC.GetParent() != componentURN {
			t.Errorf("the parent of %s %q is %q", r.TypeToken, r.Name, r.RegisterRPC.GetParent())
		}
	}
}

func TestPublicRoutesOnly(t *testing.T) {
	t.Parallel()
	m := mustDeploy(t, &ProtectedHttpApiArgs{
		Routes: Routes{"$default": {Function: FunctionArgs{Package: "testdata/handlers/list"}, Auth: Public}},
	})
	want := []string{
		"Api events-api", "Function events-list", "Integration events-list", "LogGroup events-access-logs", "LogGroup events-list", "Permission events-list",
		"Role events-list", "RolePolicy events-list", "Route events-$default", "Stage events-stage",
	}
	if got := m.children(); !slices.Equal(got, want) {
		t.Errorf("children are %q, want %q", got, want)
	}
	if got := m.find(t, "Permission", "events-list").Inputs["sourceArn"].StringValue(); !strings.HasSuffix(got, ":api123/*/*") {
		t.Errorf("the source is %q", got)
	}
}

// Another route must change nothing but what belongs to it.
func TestStableChildren(t *testing.T) {
	t.Parallel()
	before := mustDeploy(t, exampleArgs())
	args := exampleArgs()
	args.Routes["DELETE /events/{id}"] = Route{Function: FunctionArgs{Package: "testdata/handlers/list", Name: "list-events",
		IndexActions: args.Routes["GET /events"].Function.IndexActions}}
	delete(args.Routes, "GET /events/{id}")
	args.Routes["GET /events/{event}"] = exampleArgs().Routes["GET /events/{id}"]
	after := mustDeploy(t, args)

	var changed []string
	for _, r := range after.registered {
		i := slices.IndexFunc(before.registered, func(b pulumi.MockResourceArgs) bool {
			return b.TypeToken == r.TypeToken && b.Name == r.Name
		})
		if i < 0 {
			changed = append(changed, "+"+r.Name)
		} else if !reflect.DeepEqual(before.registered[i].Inputs.Mappable(), r.Inputs.Mappable()) {
			changed = append(changed, "~"+short(r.TypeToken)+" "+r.Name)
		}
	}
	slices.Sort(changed)
	// The shared function now has two routes.
	want := []string{"+events-DELETE /events/{}", "~Permission events-list-events", "~ProtectedHttpApi events", "~Route events-GET /events/{}"}
	if !slices.Equal(changed, want) {
		t.Errorf("changed are %q, want %q", changed, want)
	}
}

// Mistakes in the arguments come in one error, and without them all compile errors
// in one: before even the component is registered.
func TestMistakesRegisterNothing(t *testing.T) {
	t.Parallel()
	wrong, broken := exampleArgs(), exampleArgs()
	wrong.Authorizer.CacheTtl = 2 * time.Hour
	wrong.Routes["get /events"] = Route{Function: FunctionArgs{Package: "testdata/handlers/broken"}}
	broken.Routes["PATCH /events"] = Route{Function: FunctionArgs{Package: "testdata/handlers/broken"}}
	expectRefusal(t, wrong, `Routes["get /events"]: method "get" is not one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, ANY
Authorizer.CacheTtl: 2h0m0s is out of range: 0s to 1h`)
	expectRefusal(t, broken, `Routes["PATCH /events"].Function.Package: building "testdata/handlers/broken": go build: exit status 1
	# github.com/protected-http-api/protected-http-api/components/testdata/handlers/broken
	./main.go:4:15: undefined: undefinedHere`)
	// What can be found without the compiler is, and then nothing is compiled.
	broken.Routes["HEAD /events"] = Route{Function: FunctionArgs{Package: "./testdata/handlers/missing"}}
	folder, _ := os.Getwd()
	expectRefusal(t, broken, `Routes["HEAD /events"].Function.Package: folder "`+folder+`/testdata/handlers/missing" does not exist`)
	broken.Routes["HEAD /events"] = Route{Function: FunctionArgs{Package: "example.com/missing"}}
	expectRefusal(t, broken, `Routes["HEAD /events"].Function.Package: building "example.com/missing": there is no folder "`+folder+`/example.com/missing", and as an import path the go command does not find it in the module of "`+folder+`":
	no required module provides package example.com/missing; to add it:
		go get example.com/missing`)
}

// expectRefusal wants just these mistakes, and nothing registered.
func expectRefusal(t *testing.T, args *ProtectedHttpApiArgs, want string) {
	t.Helper()
	m := &mocks{}
	if err := deploy(m, args, nil); err == nil || !strings.HasSuffix(strings.TrimSpace(err.Error()), want) {
		t.Errorf("error is\n%v\nwant\n%s", err, want)
	}
	for _, r := range m.registered {
		if r.TypeToken != "pulumi:pulumi:Stack" {
			t.Errorf("registered in spite of the mistakes: %s %q", r.TypeToken, r.Name)
		}
	}
}
