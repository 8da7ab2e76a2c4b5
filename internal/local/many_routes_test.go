package local

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
)

// TestManyRoutes deploys an API with some routes, and then, under traffic, with as
// many as API Gateway allows, over a hundred functions. All of them require
// permissions, which are then more than an environment holds.
func TestManyRoutes(t *testing.T) {
	t.Parallel()
	dir := otherModule(t, "things")
	d := deploy(t, Options{Project: dir, Stack: "dev", Settings: map[string]string{"routes": "10"}, Console: &consoletest.Buffer{}})
	d.checkTransforms(t)
	d.checkRenamedFolder(t, dir)

	ctx, stop := context.WithCancel(t.Context())
	tr := d.traffic(t)
	defer tr.wantNoFault(stop)
	tr.send(ctx, "thing", http.MethodGet, "/things/0/x", with("Authorization", "Bearer "+d.reader(t, 0)))
	d.set(t, "routes", "299") // and GET /echo
	d.checkFailure(t)
	if _, err := d.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	tr.expect("more routes", "thing", http.StatusOK)
	stop()

	route, err := d.APIs[0].Route("GET /things/150/{id}")
	if want := []string{"things-150:read"}; err != nil || !slices.Equal(route.Permissions, want) {
		t.Errorf("the route is %+v, %v, want the permissions %v, which are in a file", route, err, want)
	}
	for _, i := range []int{0, 150, 298} {
		if status, answer := d.thing(t, i, d.reader(t, i)); status != http.StatusOK || !strings.HasSuffix(answer["function"], fmt.Sprintf("-thing-%d", i%100)) {
			t.Errorf("thing %d is %d %v", i, status, answer)
		}
		if status, answer := d.thing(t, i, d.reader(t, (i+1)%299)); status != http.StatusForbidden {
			t.Errorf("thing %d with the permission of another is %d %v", i, status, answer)
		}
	}
	d.up(t, map[string]int{})
	d.destroyAll(t)
}

// destroyAll wants the stack to be destroyed at once, and nothing to be left of it.
func (d deployed) destroyAll(t *testing.T) {
	t.Helper()
	if err := d.destroy(t); err != nil {
		t.Fatal(err)
	}
	for _, r := range d.resources(t) {
		t.Errorf("after pulumi destroy there is %s", r.URN)
	}
	d.wantFunctionsOfState(t)
}

// checkFailure: an update that fails on its way leaves a state that has what is there.
func (d deployed) checkFailure(t *testing.T) {
	t.Helper()
	d.set(t, "fails", "true")
	if _, err := d.Up(t.Context()); err == nil || err.Error() != "pulumi up failed: Pulumi's output says why" {
		t.Fatalf("the error is %v", err)
	}
	d.set(t, "fails", "false")
	d.wantFunctionsOfState(t)
}

// wantFunctionsOfState wants the local AWS to have the functions that are in the state.
func (d deployed) wantFunctionsOfState(t *testing.T) {
	t.Helper()
	var state, there []string
	for _, r := range d.resources(t) {
		if r.Type == "aws:lambda/function:Function" {
			state = append(state, r.ID)
		}
	}
	for _, f := range d.AWS.Functions() {
		there = append(there, f.Name)
	}
	slices.Sort(state)
	slices.Sort(there)
	if !slices.Equal(state, there) {
		t.Errorf("the functions %v are there, and %v in the state", there, state)
	}
}

// reader is a token for one of the things.
func (d deployed) reader(t testing.TB, thing int) string {
	t.Helper()
	return d.signToken(t, d.Secret, map[string]any{"permissions": []string{fmt.Sprintf("things-%d:read", thing)}})
}

// thing asks for one of the things.
func (d deployed) thing(t testing.TB, i int, token string) (int, map[string]string) {
	t.Helper()
	status, body := d.call(t, http.MethodGet, fmt.Sprintf("/things/%d/x", i), "", with("Authorization", "Bearer "+token), http.DefaultClient)
	answer := map[string]string{}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Errorf("%v: %s", err, body)
	}
	return status, answer
}

// checkTransforms: the caller's transforms were shown every child, and what they
// changed is what is deployed.
func (d deployed) checkTransforms(t *testing.T) {
	t.Helper()
	for thing, memory := range map[int]string{0: "128", 1: "256"} {
		if _, answer := d.thing(t, thing, d.reader(t, thing)); answer["memory"] != memory || answer["release"] != "blue" {
			t.Errorf("thing %d answers %v", thing, answer)
		}
	}
	if arn, _ := d.Output("roleArn"); !strings.Contains(arn, ":role/things/things-authorizer-") {
		t.Errorf("the role is %s", arn)
	}
	table, _ := d.Output("tableName")
	ttl, err := dynamodb.NewFromConfig(d.config()).DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(ttl.TimeToLiveDescription.AttributeName); got != "expiresAt" {
		t.Errorf("the table's TTL attribute is %q", got)
	}
	children := 0
	for _, r := range d.resources(t) {
		if !strings.HasSuffix(r.Parent, "::things") {
			continue
		}
		if children++; r.CustomTimeouts.Create != (7 * time.Minute).Seconds() {
			t.Errorf("%s was not shown to the transform: %v", r.URN, r.CustomTimeouts)
		}
	}
	if children < 10*6 {
		t.Errorf("the component has %d children", children)
	}
}

// checkRenamedFolder: a function that is called after its folder is another one when
// the folder is renamed, with what belongs to it; all else stays what it is.
func (d deployed) checkRenamedFolder(t *testing.T, dir string) {
	t.Helper()
	if err := os.Rename(filepath.Join(dir, "handlers", "echo"), filepath.Join(dir, "handlers", "renamed")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "handlers", "echo"), os.DirFS(filepath.Join(dir, "handlers", "renamed"))); err != nil {
		t.Fatal(err) // the other functions are made of it
	}
	before := map[string]string{}
	for _, r := range d.resources(t) {
		before[r.URN] = r.ID
	}
	d.set(t, "folder", "renamed")
	// Function, integration, log group, permission, role and its policy; the route, and
	// the component's inputs.
	d.up(t, map[string]int{"create": 6, "update": 2, "delete": 6})
	for _, r := range d.resources(t) {
		id, there := before[r.URN]
		if renamed := strings.HasSuffix(r.URN, "::things-renamed"); there && (id != r.ID || renamed) || !there && !renamed {
			t.Errorf("%s is %s, was %q", r.URN, r.ID, id)
		}
	}
	if status, body := d.call(t, http.MethodGet, "/echo", "", nil, http.DefaultClient); status != http.StatusOK || !strings.Contains(body, "-renamed") {
		t.Errorf("GET /echo is %d: %s", status, body)
	}
}

// stateResource is a resource in a stack's state.
type stateResource struct {
	URN, Type, ID, Parent string
	Inputs                map[string]any
	CustomTimeouts        struct{ Create float64 }
}

// resources are what is in the stack's state.
func (d deployed) resources(t testing.TB) []stateResource {
	t.Helper()
	state, err := d.stack.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var deployment struct{ Resources []stateResource }
	if err := json.Unmarshal(state.Deployment, &deployment); err != nil {
		t.Fatal(err)
	}
	return deployment.Resources
}
