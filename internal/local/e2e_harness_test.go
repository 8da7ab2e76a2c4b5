package local

import (
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

	"github.com/protected-http-api/protected-http-api/internal/events/token"
	"github.com/protected-http-api/protected-http-api/internal/events/verify"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
)

// repository is the Events API itself.
const repository = "../.."

// ttlKey is the setting of all these projects for how long API Gateway reuses what
// the authorizer answered.
const ttlKey = "authorizerTtl"

// deployed is a deployment that a test looks at.
type deployed struct {
	*Deployment
	console *consoletest.Buffer
	output  *consoletest.Buffer
	// credentials are the tokens and keys that the test has made.
	credentials *shown
}

// shown collects what must be shown nowhere.
type shown struct {
	mu   sync.Mutex
	list []string
}

func (c *shown) add(credential string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, credential)
	return credential
}

// deploy starts a deployment that ends with the test, and checks at the end
// that the project's folder is as it was and that the secret is nowhere.
func deploy(t testing.TB, opts Options) deployed {
	t.Helper()
	before := snapshot(t, opts.Project)
	d := deployed{console: &consoletest.Buffer{}, output: &consoletest.Buffer{}, credentials: &shown{}}
	if quiet, ok := opts.Console.(*consoletest.Buffer); ok {
		d.console = quiet
	} else if opts.Console == nil {
		opts.Console = io.MultiWriter(d.console, t.Output())
	}
	opts.Progress = io.MultiWriter(d.output, t.Output())
	var err error
	if d.Deployment, err = Start(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	d.credentials.add(string(d.Secret))
	d.credentials.add(string(d.SigningKey))
	t.Cleanup(func() {
		d.searchCredentials(t)
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		for _, dir := range []string{d.dir, d.AWS.LogDir} {
			if _, err := os.Stat(dir); !os.IsNotExist(err) {
				t.Errorf("%s is left behind", dir)
			}
		}
		after := snapshot(t, opts.Project)
		maps.DeleteFunc(after, func(name, content string) bool {
			known, ok := before[name]
			delete(before, name)
			return ok && known == content
		})
		for name := range after {
			t.Errorf("the project's file %s is new or has changed", name)
		}
		for name := range before {
			t.Errorf("the project's file %s is gone", name)
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

// searchCredentials looks for every secret, token and key in the stack's state,
// in every log and in all that was printed.
func (d deployed) searchCredentials(t testing.TB) {
	t.Helper()
	texts := map[string]string{"the console": d.console.String(), "Pulumi's output": d.output.String()}
	for _, root := range []string{d.dir, d.AWS.LogDir} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			content, err := os.ReadFile(path)
			texts[path] = string(content)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	for name, text := range texts {
		for i, credential := range d.credentials.list {
			if strings.Contains(text, credential) {
				t.Errorf("%s contains credential %d", name, i)
			}
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

// call sends a request and returns its status and body.
func (d deployed) call(t testing.TB, method, path, body string, header http.Header, client *http.Client) (int, string) {
	t.Helper()
	url, err := d.Output("apiUrl")
	if err != nil {
		t.Fatal(err)
	}
	return d.callURL(t, method, url+path, body, header, client)
}

// callURL is call with a whole URL.
func (d deployed) callURL(t testing.TB, method, url, body string, header http.Header, client *http.Client) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header.Clone()
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		t.Error(err) // not Fatal: called by other goroutines too
		return 0, ""
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return res.StatusCode, string(answer)
}

const anEvent = `{"name":"x"}`

// with returns a header with one credential.
func with(name, value string) http.Header { return http.Header{name: {value}} }

// expect sends a request with one header and wants a status.
func (d deployed) expect(t testing.TB, want int, method, path string, header http.Header) {
	t.Helper()
	if status, body := d.call(t, method, path, anEvent, header, http.DefaultClient); status != want {
		t.Errorf("%s %s is %d, not %d: %s", method, path, status, want, body)
	}
}

// signToken signs a token of usr_test.
func (d deployed) signToken(t testing.TB, secret []byte, claims map[string]any) string {
	t.Helper()
	return d.sign(t, secret, "usr_test", claims)
}

// token is one of usr_test that may do everything.
func (d deployed) token(t testing.TB) string {
	t.Helper()
	return d.signToken(t, d.Secret, everything)
}

// everything are the claims of a token with every permission.
var everything = map[string]any{"permissions": []string{"*"}}

func (d deployed) sign(t testing.TB, secret []byte, subject string, claims map[string]any) string {
	t.Helper()
	now := time.Now()
	signed, err := token.Sign(secret, token.Claims{Subject: subject, IssuedAt: now, ExpiresAt: now.Add(time.Hour), Extra: claims})
	if err != nil {
		t.Fatal(err)
	}
	return d.credentials.add(signed)
}

// status sends a request without a body, with a token if there is one, and
// returns its status.
func (d deployed) status(t *testing.T, method, path, token string) int {
	t.Helper()
	header := http.Header{}
	if token != "" {
		header = with("Authorization", "Bearer "+token)
	}
	status, _ := d.call(t, method, path, "", header, http.DefaultClient)
	return status
}

// verify checks an Events API, whose authorizer's answers are cached for ttl.
func (d deployed) verify(t *testing.T, ttl time.Duration) {
	t.Helper()
	api, err := d.API("POST /events")
	if err != nil {
		t.Fatal(err)
	}
	route, err := api.Route("POST /events")
	if err != nil {
		t.Fatal(err)
	}
	if route.TTL != ttl {
		t.Errorf("the authorizer's TTL is %v, want %v", route.TTL, ttl)
	}
	cache := &verify.Cache{
		TTL:         ttl,
		Invocations: func() (int, int, error) { return d.InvocationsOf(route) },
		Token:       func(subject string) (string, error) { return d.sign(t, d.Secret, subject, everything), nil },
	}
	err = verify.Run(t.Context(), verify.Options{APIURL: api.URL, Token: d.token(t), Cache: cache}, func(r verify.Result) {
		if r.Err != nil {
			t.Error(r)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// function is the name on AWS of a function of the output functionNames.
func (d deployed) function(t testing.TB, name string) string {
	t.Helper()
	names, _ := d.Outputs["functionNames"].(map[string]any)
	function, ok := names[name].(string)
	if !ok {
		t.Fatalf("the output functionNames has no %q", name)
	}
	return function
}

// invocations counts how often a function has run.
func (d deployed) invocations(t testing.TB, function string) int {
	t.Helper()
	ran, err := d.Invocations(d.function(t, function))
	if err != nil {
		t.Fatal(err)
	}
	return ran
}

// log is what a function has logged so far.
func (d deployed) log(t testing.TB, function string) []byte {
	t.Helper()
	log, err := d.functionLog(d.function(t, function))
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// environ is the environment of a process that talks to the local AWS.
func (d deployed) environ() []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") })
	for name, value := range d.AWS.Environment() {
		env = append(env, name+"="+value)
	}
	return env
}

// verifyByCommand checks the Events API by what is deployed, as a developer does, and wants
// every check to be made but for those that delete.
func (d deployed) verifyByCommand(t *testing.T) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "run", "./scripts/pha", "verify", "--api-id", d.APIs[0].ID, "--body", "POST /events="+anEvent)
	cmd.Dir = repository
	cmd.Env = d.environ()
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Count("\n"+string(out), "\nok ") != 8 || strings.Count("\n"+string(out), "\n- ") != 1 {
		t.Errorf("pha verify: %v\n%s", err, out)
	}
}

// example copies one of the examples into a folder of its own.
func example(t *testing.T, name string) string {
	t.Helper()
	dir, root := copyFolder(t, repository+"/examples/"+name)
	file := filepath.Join(dir, "go.mod")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), " => ../..\n", " => "+root+"\n", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// copyFolder copies a project into a folder of its own. root is that of this module.
func copyFolder(t testing.TB, from string) (dir, root string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	return dir, root
}

// otherModule copies the project of another module, one of testdata, into a
// folder of its own, with this module as its dependency.
func otherModule(t testing.TB, name string) string {
	t.Helper()
	dir, root := copyFolder(t, "testdata/"+name)
	module, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	const path = "github.com/protected-http-api/protected-http-api"
	text := strings.Replace(string(module), "module "+path, "module example.com/"+name, 1)
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
