package local

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"

	"github.com/protected-http-api/protected-http-api/internal/verify"
)

// repository is the Events API itself.
const repository = "../.."

// buffer is a log that tests read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// deployed is a deployment that a test looks at.
type deployed struct {
	*Deployment
	console *buffer
	output  *buffer
}

// deploy starts a deployment that ends with the test, and checks at the end
// that the project's folder is as it was and that the secret is nowhere.
func deploy(t testing.TB, opts Options) deployed {
	t.Helper()
	before := snapshot(t, opts.Project)
	d := deployed{console: &buffer{}, output: &buffer{}}
	if opts.Console == nil {
		opts.Console = io.MultiWriter(d.console, t.Output())
	}
	opts.Progress = io.MultiWriter(d.output, t.Output())
	var err error
	if d.Deployment, err = Start(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.searchSecret(t)
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		for _, dir := range []string{d.dir, d.AWS.LogDir} {
			if _, err := os.Stat(dir); !os.IsNotExist(err) {
				t.Errorf("%s is left behind", dir)
			}
		}
		if after := snapshot(t, opts.Project); !maps.Equal(before, after) {
			t.Error("a file of the project has changed")
		}
	})
	return d
}

// snapshot reads the files that Pulumi or Go might write to.
func snapshot(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = string(content)
	}
	return files
}

// searchSecret looks for the secret in the stack's state, in every log and in
// all that was printed.
func (d deployed) searchSecret(t testing.TB) {
	t.Helper()
	for _, root := range []string{d.dir, d.AWS.LogDir} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			content, err := os.ReadFile(path)
			if bytes.Contains(content, d.Secret) {
				t.Errorf("%s contains the secret", path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	for name, text := range map[string]string{"the console": d.console.String(), "Pulumi's output": d.output.String()} {
		if strings.Contains(text, string(d.Secret)) {
			t.Errorf("%s contains the secret", name)
		}
	}
}

// up deploys again and wants just these changes.
func (d deployed) up(t *testing.T, want map[string]int) {
	t.Helper()
	changes, err := d.Up(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if changes["same"] == 0 {
		t.Errorf("no resource stayed the same: %v", changes)
	}
	delete(changes, "same")
	if !maps.Equal(changes, want) {
		t.Errorf("the changes are %v, want %v", changes, want)
	}
}

// status sends a request and returns its status.
func (d deployed) status(t *testing.T, method, path, token string) int {
	t.Helper()
	url, err := d.Output("apiUrl")
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

func (d deployed) token(t testing.TB) string {
	t.Helper()
	token, err := d.Token("usr_test")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (d deployed) verify(t *testing.T) {
	t.Helper()
	report := func(r verify.Result) {
		if r.Err != nil {
			t.Error(r)
		}
	}
	url, err := d.Output("apiUrl")
	if err != nil {
		t.Fatal(err)
	}
	if err := verify.Run(t.Context(), verify.Options{APIURL: url, Token: d.token(t)}, report); err != nil {
		t.Error(err)
	}
	if err := d.VerifyCache(t.Context(), report); err != nil {
		t.Error(err)
	}
}

// The whole way of the Events API: deployed, called, changed, destroyed.
func TestEventsAPI(t *testing.T) {
	t.Parallel()
	d := deploy(t, Options{Project: repository, Stack: "dev"})
	d.verify(t)
	d.checkOutputs(t)
	d.checkClients(t)

	// Nothing has changed, so nothing changes.
	d.up(t, map[string]int{})

	// Another TTL changes the authorizer only.
	d.set(t, ttlKey, "30m")
	d.up(t, map[string]int{"update": 1})
	d.project.set(ttlKey, "30m")
	if err := d.VerifyCache(t.Context(), func(verify.Result) {}); err != nil {
		t.Errorf("after pulumi config set authorizerTtl 30m: %v", err)
	}
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
		Name: aws.String(d.SecretPath), WithDecryption: aws.Bool(true),
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
	if scan.Count != 2 { // those of VerifyCache; verify deletes its own
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

// checkDestroy destroys the stack and then asks, by a refresh of the state from
// before, what of it is still there.
func (d deployed) checkDestroy(t *testing.T) {
	t.Helper()
	before, err := d.Stack.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Stack.Import(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	result, err := d.Stack.Refresh(t.Context(), optrefresh.ProgressStreams(d.output), optrefresh.ErrorProgressStreams(d.output))
	if err != nil {
		t.Fatal(err)
	}
	changes := *result.Summary.ResourceChanges
	// The stack, the component and the provider are Pulumi's own.
	if changes["delete"] < 30 || changes["update"] != 0 || changes["same"] > 3 {
		t.Errorf("after pulumi destroy a refresh finds %v", changes)
	}
}

// prod caches results, and protects its table from being deleted.
func TestEventsAPIProd(t *testing.T) {
	t.Parallel()
	d := deploy(t, Options{Project: repository, Stack: "prod"})
	d.verify(t)
	if err := d.Destroy(t.Context()); err == nil {
		t.Error("a table with deletion protection was deleted")
	}
	if want := "Disable deletion protection"; !strings.Contains(d.output.String(), want) {
		t.Errorf("Pulumi's output lacks %q", want)
	}
}

// otherModule copies the project of another module into a folder of its own,
// with this module as its dependency.
func otherModule(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/orders")); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	module, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	const path = "github.com/protected-http-api/protected-http-api"
	text := strings.Replace(string(module), "module "+path, "module example.com/orders", 1)
	text += fmt.Sprintf("\nrequire %s v0.0.0\n\nreplace %s => %s\n", path, path, root)
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o600); err != nil {
		t.Fatal(err)
	}
	// What this module needs indirectly stands in its own graph only; the other
	// module's go.mod has to name some of it.
	cmd := exec.CommandContext(t.Context(), "go", "list", "-mod=mod", "-deps", "./...")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("completing the other module: %v\n%s", err, out)
	}
	return dir
}

// A program of another module deploys too, with handlers of its own, and its
// mistakes are refused with the grant that would cure them.
func TestAnotherModule(t *testing.T) {
	t.Parallel()
	dir := otherModule(t)

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
	d.set(t, "injectSecret", "true")
	if _, err := d.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.expectStatuses(t, http.StatusCreated)
}

// set changes the stack's configuration.
func (d deployed) set(t *testing.T, key, value string) {
	t.Helper()
	if err := d.Stack.SetConfig(t.Context(), key, auto.ConfigValue{Value: value}); err != nil {
		t.Fatal(err)
	}
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
		{string(d.Secret) + "\n", []string{"ssm", "get-parameter", "--with-decryption", "--name", d.SecretPath, "--query", "Parameter.Value", "--output", "text"}},
		{"0\n", []string{"dynamodb", "scan", "--table-name", table, "--query", "Count", "--output", "text"}},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := exec.CommandContext(ctx, cli, tt.args...)
		cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") })
		for name, value := range d.AWS.Environment() {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		out, err := cmd.CombinedOutput()
		cancel()
		if err != nil || string(out) != tt.want {
			t.Errorf("aws %s %s: %v, and not the wanted output", tt.args[0], tt.args[1], err)
		}
	}
}
