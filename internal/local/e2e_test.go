package local

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
)

// The whole way of the Events API: deployed, called, changed, destroyed.
func TestEventsAPI(t *testing.T) {
	t.Parallel()
	d := deploy(t, Options{Project: repository, Stack: "dev"})
	d.verify(t, 0)
	d.checkOutputs(t)
	d.checkClients(t)

	// Nothing has changed, so nothing changes.
	d.up(t, map[string]int{})

	// Another TTL changes the authorizer, and its function, which is told.
	d.set(t, ttlKey, "30m")
	d.up(t, map[string]int{"update": 3})
	d.verify(t, 30*time.Minute)
	d.checkDestroy(t)
}

// checkOutputs looks at the stack's outputs.
func (d deployed) checkOutputs(t *testing.T) {
	t.Helper()
	want := map[string]string{
		"GET /events":         "public",
		"GET /events/{id}":    "public",
		"POST /events":        "Lambda authorizer",
		"DELETE /events/{id}": "Lambda authorizer",
	}
	access, _ := d.Outputs["access"].(map[string]any)
	for route, how := range want {
		if access[route] != how {
			t.Errorf("the access of %s is %v, want %s", route, access[route], how)
		}
	}
	if len(access) != len(want) {
		t.Errorf("access has %d routes, want %d", len(access), len(want))
	}
	functions, _ := d.Outputs["functionNames"].(map[string]any)
	if names := slices.Sorted(maps.Keys(functions)); !slices.Equal(names, []string{"authorizer", "create-event", "delete-event", "get-event", "list-events"}) {
		t.Errorf("functionNames has %v", names)
	}
	for _, name := range []string{"apiId", "authorizerId", "tableName"} {
		if value, err := d.Output(name); err != nil || value == "" {
			t.Errorf("the output %s is %q: %v", name, value, err)
		}
	}
}

// checkClients reads the secret and the table as the AWS SDK's own clients do.
func (d deployed) checkClients(t *testing.T) {
	t.Helper()
	cfg := d.config()
	parameter, err := ssm.NewFromConfig(cfg).GetParameter(t.Context(), &ssm.GetParameterInput{
		Name: aws.String(d.SecretPaths[0]), WithDecryption: aws.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	if aws.ToString(parameter.Parameter.Value) != string(d.Secret) {
		t.Error("the parameter's value is not the secret")
	}
	table, _ := d.Output("tableName")
	scan, err := dynamodb.NewFromConfig(cfg).Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(table)})
	if err != nil {
		t.Fatal(err)
	}
	if scan.Count != 2 { // those of the check of the cache; verify deletes the other
		t.Errorf("the table has %d items, want 2", scan.Count)
	}
}

// config makes an AWS client talk to the deployment's AWS.
func (d deployed) config() aws.Config {
	return aws.Config{
		Region:       d.AWS.Account.Region,
		BaseEndpoint: aws.String(d.AWS.Endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider(d.AWS.Credentials.AccessKeyID, d.AWS.Credentials.SecretAccessKey, ""),
	}
}

func (d deployed) destroy(t *testing.T) error {
	t.Helper()
	return d.provide(func() error {
		_, err := d.stack.Destroy(t.Context(), optdestroy.ProgressStreams(d.output), optdestroy.ErrorProgressStreams(d.output))
		return err
	})
}

// checkDestroy destroys the stack and then asks, by a refresh of the state from
// before, what of it is still there.
func (d deployed) checkDestroy(t *testing.T) {
	t.Helper()
	before, err := d.stack.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.destroy(t); err != nil {
		t.Fatal(err)
	}
	if err := d.stack.Import(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	var result auto.RefreshResult
	err = d.provide(func() (err error) {
		result, err = d.stack.Refresh(t.Context(), optrefresh.ProgressStreams(d.output), optrefresh.ErrorProgressStreams(d.output))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	changes := *result.Summary.ResourceChanges
	// The stack, the component and the provider are Pulumi's own.
	if changes["delete"] < 15 || changes["update"] != 0 || changes["same"] > 3 {
		t.Errorf("after pulumi destroy a refresh finds %v", changes)
	}
}

// prod caches results, and protects its table from being deleted.
func TestEventsAPIProd(t *testing.T) {
	t.Parallel()
	r, opts := listen(Options{Project: repository, Stack: "prod"})
	d := deploy(t, opts)
	d.verify(t, 5*time.Minute)
	d.checkMetrics(t)
	d.checkTold(t, r)
	if said := strings.Count(d.console.String(), "alarms and dashboards are checked and kept, and have no effect here"); said != 1 {
		t.Errorf("the console says %d times that alarms have no effect", said)
	}
	d.up(t, map[string]int{})
	if err := d.destroy(t); err == nil {
		t.Error("a table with deletion protection was deleted")
	}
	if want := "Disable deletion protection"; !strings.Contains(d.output.String(), want) {
		t.Errorf("Pulumi's output lacks %q", want)
	}
	if left := d.watching(t); len(left) > 0 {
		t.Errorf("%d alarms and dashboards are left", len(left))
	}
}

// A program of another module deploys too, with handlers of its own, and its
// mistakes are refused with the grant that would cure them.
func TestAnotherModule(t *testing.T) {
	t.Parallel()
	dir := otherModule(t, "orders")

	// From the start the authorizer may not read its secret: one that has read
	// it would keep it.
	stack := filepath.Join(dir, "Pulumi.dev.yaml")
	if err := os.WriteFile(stack, []byte("config:\n  aws:region: eu-west-1\n  orders:mistake: parameter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := deploy(t, Options{Project: dir, Stack: "dev"})
	d.expectRefusal(t, "cure: allow ssm:GetParameter on arn:aws:ssm:eu-west-1:000000000000:parameter/orders/jwt-secret in a policy of the role")

	// Once it may, it does, in the same execution environment.
	d.set(t, "mistake", "none")
	d.up(t, map[string]int{"update": 1})
	d.expectStatuses(t, http.StatusCreated)
	if got := d.status(t, http.MethodGet, "/orders", ""); got != http.StatusOK {
		t.Errorf("GET /orders is %d, want 200", got)
	}

	d.checkCachedPermissions(t)
	d.checkPolicies(t)

	// A change in one handler changes one function.
	handler := filepath.Join(dir, "handlers", "listorders", "main.go")
	source, err := os.ReadFile(handler)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(handler, bytes.Replace(source, []byte("200"), []byte("203"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	d.up(t, map[string]int{"update": 1})
	if got := d.status(t, http.MethodGet, "/orders", ""); got != http.StatusNonAuthoritativeInfo {
		t.Errorf("GET /orders of the changed handler is %d, want 203", got)
	}

	for _, mistake := range []string{"authorizer", "handler"} {
		d.set(t, "mistake", mistake)
		if _, err := d.Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.expectRefusal(t, "action lambda:InvokeFunction, principal apigateway.amazonaws.com, sourceArn matching arn:aws:execute-api:eu-west-1:000000000000:")
	}

	// The secret of deployment time. That it is in no state in clear text is
	// checked when the test ends.
	d.set(t, "mistake", "none")
	d.set(t, "secretDelivery", "environment")
	if _, err := d.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.expectStatuses(t, http.StatusCreated)
}

// set changes the stack's configuration.
func (d deployed) set(t testing.TB, key, value string) {
	t.Helper()
	if err := d.stack.SetConfig(t.Context(), key, auto.ConfigValue{Value: value}); err != nil {
		t.Fatal(err)
	}
}

// checkCachedPermissions: an answer that API Gateway reuses is the route's own,
// so that a token is let in to one route and not to the other.
func (d deployed) checkCachedPermissions(t *testing.T) {
	t.Helper()
	d.set(t, ttlKey, "5m")
	d.up(t, map[string]int{"update": 3})
	for _, tt := range []struct {
		permission string
		post, put  int
	}{{"orders:write", http.StatusCreated, http.StatusForbidden}, {"orders:replace", http.StatusForbidden, http.StatusCreated}} {
		token := d.signToken(t, d.Secret, map[string]any{"permissions": []string{tt.permission}})
		before := d.invocations(t, "authorizer")
		for range 2 {
			if got := d.status(t, http.MethodPost, "/orders", token); got != tt.post {
				t.Errorf("POST with %s is %d, want %d", tt.permission, got, tt.post)
			}
			if got := d.status(t, http.MethodPut, "/orders", token); got != tt.put {
				t.Errorf("PUT with %s is %d, want %d", tt.permission, got, tt.put)
			}
		}
		if ran := d.invocations(t, "authorizer") - before; ran != 2 {
			t.Errorf("the authorizer ran %d times for two routes", ran)
		}
	}
	d.set(t, ttlKey, "0s")
	d.up(t, map[string]int{"update": 3})
}

// checkPolicies: with events of format 1.0 and policies as answers, the same
// requests are let in and refused; what has no credential is not judged.
func (d deployed) checkPolicies(t *testing.T) {
	t.Helper()
	d.set(t, "answers", "policies")
	d.up(t, map[string]int{"update": 3})
	token := d.signToken(t, d.Secret, map[string]any{"permissions": []string{"orders:write"}})
	for _, tt := range []struct {
		method, token string
		want          int
	}{
		{http.MethodPost, token, http.StatusCreated}, {http.MethodPut, token, http.StatusForbidden},
		{http.MethodPost, "bad-token", http.StatusForbidden}, {http.MethodPost, "", http.StatusUnauthorized},
	} {
		if got := d.status(t, tt.method, "/orders", tt.token); got != tt.want {
			t.Errorf("with policies %s is %d, want %d", tt.method, got, tt.want)
		}
	}
	d.set(t, "answers", "simple")
	d.up(t, map[string]int{"update": 3})
}

// expectRefusal calls the protected route with a good token, and wants a 500
// and a line on the console.
func (d deployed) expectRefusal(t *testing.T, line string) {
	t.Helper()
	seen := len(d.console.String())
	if got := d.status(t, http.MethodPost, "/orders", d.token(t)); got != http.StatusInternalServerError {
		t.Errorf("POST /orders is %d, want 500", got)
	}
	if since := d.console.String()[seen:]; !strings.Contains(since, line) {
		t.Errorf("the console lacks %q:\n%s", line, since)
	}
}

// expectStatuses calls the protected route as the three kinds of client do.
func (d deployed) expectStatuses(t *testing.T, good int) {
	t.Helper()
	for token, want := range map[string]int{"": http.StatusUnauthorized, "bad-token": http.StatusForbidden, d.token(t): good} {
		if got := d.status(t, http.MethodPost, "/orders", token); got != want {
			t.Errorf("POST /orders is %d, want %d", got, want)
		}
	}
}

// The AWS CLI, where there is one, talks to the local AWS by its environment.
func TestAWSCommandLine(t *testing.T) {
	t.Parallel()
	cli, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("no AWS CLI is installed: its calls are made by the AWS SDK in TestEventsAPI")
	}
	d := deploy(t, Options{Project: repository, Stack: "dev"})
	table, _ := d.Output("tableName")
	for _, tt := range []struct {
		want string
		args []string
	}{
		{string(d.Secret) + "\n", []string{"ssm", "get-parameter", "--with-decryption", "--name", d.SecretPaths[0], "--query", "Parameter.Value", "--output", "text"}},
		{"0\n", []string{"dynamodb", "scan", "--table-name", table, "--query", "Count", "--output", "text"}},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := exec.CommandContext(ctx, cli, tt.args...)
		cmd.Env = d.environ()
		out, err := cmd.CombinedOutput()
		cancel()
		if err != nil || string(out) != tt.want {
			t.Errorf("aws %s %s: %v, and not the wanted output", tt.args[0], tt.args[1], err)
		}
	}
}
