package lambda

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/logs"
)

const role = "arn:aws:iam::000000000000:role/fn-role"

var (
	local = account.Account{ID: "000000000000", Region: "eu-central-1", Partition: "aws"}
	clock = time.Date(2026, 3, 4, 23, 59, 59, 0, time.UTC)

	buildDir  string
	buildOnce sync.Once
	buildZip  []byte
	errBuild  error
)

func TestMain(m *testing.M) {
	var err error
	if buildDir, err = os.MkdirTemp("", "lambda-test-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(buildDir)
	os.Exit(code)
}

// bootstrapZip is the function of testdata/bootstrap, compiled once.
func bootstrapZip(t testing.TB) []byte {
	t.Helper()
	buildOnce.Do(func() {
		file := filepath.Join(buildDir, "bootstrap")
		cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", file, "./testdata/bootstrap")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			errBuild = fmt.Errorf("%w: %s", err, out)
			return
		}
		var program []byte
		if program, errBuild = os.ReadFile(file); errBuild == nil {
			buildZip, errBuild = zipOf(entry{"bootstrap", 0o755, string(program)})
		}
	})
	if errBuild != nil {
		t.Fatal(errBuild)
	}
	return buildZip
}

type entry struct {
	name    string
	mode    fs.FileMode
	content string
}

func zipOf(entries ...entry) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if len(e.content) > 1<<20 {
			h.Method = zip.Store // inflating it for each test takes long
		}
		h.SetMode(e.mode)
		f, err := w.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := io.WriteString(f, e.content); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

func script(t testing.TB, text string) []byte {
	t.Helper()
	b, err := zipOf(entry{"bootstrap", 0o755, text})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// roles is an IAM with one role that may do everything but what is denied.
type roles struct {
	mu      sync.Mutex
	issued  int
	valid   []string
	denied  map[string]bool
	gone    bool
	revoked chan string
}

func (r *roles) AssumeRole(arn, service, session string) (iam.Credentials, iam.Identity, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone || arn != role || service != "lambda.amazonaws.com" {
		return iam.Credentials{}, iam.Identity{}, fmt.Errorf("no role %s for %s", arn, service)
	}
	r.issued++
	key := fmt.Sprintf("ASIA%d", r.issued)
	r.valid = append(r.valid, key)
	return iam.Credentials{AccessKeyID: key, SecretAccessKey: "secret of " + key, SessionToken: "token of " + key},
		iam.Identity{ARN: "arn:aws:sts::000000000000:assumed-role/fn-role/" + session, Role: "fn-role"}, nil
}

func (r *roles) Revoke(key string) {
	r.mu.Lock()
	r.valid = slices.DeleteFunc(r.valid, func(k string) bool { return k == key })
	r.mu.Unlock()
	select {
	case r.revoked <- key:
	default: // nobody counts them
	}
}

func (r *roles) Authorize(id iam.Identity, action, resource string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.denied[action] {
		return awserr.New(awserr.AccessDenied, "User: %s is not authorized to perform: %s on resource: %s because no identity-based policy allows the %s action", id.ARN, action, resource, action)
	}
	return nil
}

func (r *roles) set(change func(*roles)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(r)
}

// fixture is a service with one log group.
type fixture struct {
	*Service
	t       testing.TB
	roles   *roles
	logs    *logs.Service
	console *consoletest.Buffer
}

func newFixture(t testing.TB, change ...func(*Options)) *fixture {
	t.Helper()
	logService, err := logs.New(local, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := logService.CreateGroup(logs.Group{Name: "/aws/lambda/fn"}); err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, roles: &roles{denied: map[string]bool{}, revoked: make(chan string, 1000)}, logs: logService, console: &consoletest.Buffer{}}
	o := Options{
		Account: local, IAM: f.roles, Logs: logService, Console: console.New(f.console),
		Dir: filepath.Join(t.TempDir(), "lambda"), EndpointURL: "http://127.0.0.1:4566",
	}
	for _, c := range change {
		c(&o)
	}
	if f.Service, err = New(o); err != nil {
		t.Fatal(err)
	}
	f.now = func() time.Time { return clock }
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if len(f.roles.valid) > 0 {
			t.Errorf("credentials left: %v", f.roles.valid)
		}
		if _, err := os.Stat(o.Dir); !os.IsNotExist(err) {
			t.Errorf("the scratch folder is left: %v", err)
		}
		if err := logService.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// create deploys the function fn with the compiled bootstrap.
func (f *fixture) create(change ...func(*Function)) FunctionInfo {
	f.t.Helper()
	info, err := f.CreateFunction(f.t.Context(), f.function(change...))
	if err != nil {
		f.t.Fatal(err)
	}
	return info
}

func (f *fixture) function(change ...func(*Function)) Function {
	f.t.Helper()
	fn := Function{Name: "fn", RoleARN: role, Runtime: "provided.al2023", Handler: "bootstrap", Architecture: architectureOf(machine().processor), Timeout: 60 * time.Second, Code: bootstrapZip(f.t)}
	for _, c := range change {
		c(&fn)
	}
	return fn
}

func (f *fixture) invoke(event string) InvokeOutput {
	f.t.Helper()
	out, err := f.Invoke(f.t.Context(), InvokeInput{Function: "fn", Payload: []byte(event)})
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

// start invokes in the background.
func (f *fixture) start(ctx context.Context, event string) <-chan answered {
	c := make(chan answered, 1)
	go func() {
		out, err := f.Invoke(ctx, InvokeInput{Function: "fn", Payload: []byte(event)})
		c <- answered{out, err}
	}()
	return c
}

// messages are the messages in the log of fn, each with its stream removed.
func (f *fixture) messages() []string {
	f.t.Helper()
	var out []string
	for e, err := range f.logs.Since("/aws/lambda/fn", 0) {
		if err != nil {
			f.t.Fatal(err)
		}
		out = append(out, e.Message)
	}
	return out
}

// meeting is where functions come to wait.
type meeting struct {
	net.Listener
	t testing.TB
}

type guest struct {
	net.Conn
	t   testing.TB
	pid int
}

// ended returns when the guest's process is gone, and its connection with it.
func (g guest) ended() {
	g.t.Helper()
	if _, err := io.ReadAll(g); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		g.t.Error(err)
	}
}

func newMeeting(t testing.TB) *meeting {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return &meeting{l, t}
}

// event is an event of the given mode for a function that has to meet first.
func (m *meeting) event(mode string) string {
	return fmt.Sprintf(`{"mode":%q,"meet":%q}`, mode, m.Addr())
}

func (m *meeting) await() guest {
	m.t.Helper()
	conn, err := m.Accept()
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { _ = conn.Close() })
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		m.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		m.t.Fatal(err)
	}
	return guest{conn, m.t, pid}
}

func decode[T any](t testing.TB, out InvokeOutput) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(out.Payload, &v); err != nil {
		t.Fatalf("%v in %s", err, out.Payload)
	}
	return v
}

func exists(pid int) bool { return syscall.Kill(pid, 0) == nil }
