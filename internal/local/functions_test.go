package local

import (
	"archive/zip"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/components/golambda"
)

// Functions from everywhere, with every option: what each option does is seen by
// requests.
func TestFunctions(t *testing.T) {
	t.Parallel()
	project := otherModule(t, "functions")
	prebuilt := prebuild(t, project)
	target, err := golambda.NewTarget(golambda.ARM64, "host")
	if err != nil {
		t.Fatal(err)
	}
	d := deploy(t, Options{Project: project, Stack: "dev", Settings: map[string]string{"prebuilt": prebuilt, "architecture": target.Architecture()}})
	const denied = "AccessDeniedException"
	for _, tt := range []struct{ path, result, memory, shared, act string }{
		{path: "/zip", result: "done", memory: "256", shared: "by all"},
		{path: "/folder", result: "done", memory: "256", shared: "by all"},
		{path: "/package?do=parameter", result: "done", memory: "256", shared: "by all"},
		{path: "/denied?do=parameter", result: denied, memory: "512", shared: "by one"},
		{path: "/bounded?do=parameter", result: denied, memory: "256", shared: "by all"},
		{path: "/reader?do=get", result: "done", memory: "256", shared: "by all"},
		{path: "/reader?do=scan", result: "done", memory: "256", shared: "by all"},
		{path: "/reader?do=put", result: denied, memory: "256", shared: "by all"},
		{path: "/reader?do=index", result: denied, memory: "256", shared: "by all"},
		{path: "/writer?do=put", result: "done", memory: "256", shared: "by all"},
		{path: "/writer?do=get", result: denied, memory: "256", shared: "by all"},
		{path: "/writer?do=index", result: "done", memory: "256", shared: "by all"},
		{path: "/surrounded", result: "done", memory: "256", shared: "by all"},
		{path: "/existing", result: "done", memory: "128", act: "handler"},
	} {
		status, body := d.call(t, "GET", tt.path, "", with("Authorization", "open"), http.DefaultClient)
		want := map[string]string{"result": tt.result, "memory": tt.memory, "shared": tt.shared, "act": tt.act}
		var got map[string]string
		if err := json.Unmarshal([]byte(body), &got); err != nil || status != http.StatusOK || !equalStrings(got, want) {
			t.Errorf("GET %s is %d %s, want %v", tt.path, status, body, want)
		}
	}
	d.expect(t, http.StatusInternalServerError, "GET", "/off", nil)
	d.expect(t, http.StatusForbidden, "GET", "/existing", with("Authorization", "shut"))
	d.expect(t, http.StatusForbidden, "GET", "/protected", with("Authorization", "open"))
	d.expect(t, http.StatusOK, "GET", "/protected", with("Authorization", "Bearer "+d.token(t)))
	d.testLogFormats(t)

	d.up(t, map[string]int{})
	if err := os.WriteFile(filepath.Join(prebuilt, "code", "notes.txt"), []byte("more"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.up(t, map[string]int{"update": 1})
	d.expect(t, http.StatusOK, "GET", "/folder", nil)
	d.checkDestroy(t)
}

// testLogFormats reads what a function with JSON logs has logged, which leaves out
// its own lines below WARN, and what one with text has.
func (d deployed) testLogFormats(t *testing.T) {
	t.Helper()
	const start, own = `"type":"platform.start"`, "a line of the function"
	if log := string(d.log(t, "surrounded")); !strings.Contains(log, start) || strings.Contains(log, own) {
		t.Errorf("the log in JSON is\n%s", log)
	}
	if n := d.invocations(t, "surrounded"); n != 1 {
		t.Errorf("by its log the function has run %d times", n)
	}
	if log := string(d.log(t, "package")); strings.Contains(log, start) || !strings.Contains(log, own) {
		t.Errorf("the log in text is\n%s", log)
	}
}

func equalStrings(got, want map[string]string) bool {
	for name, value := range want {
		if got[name] != value {
			return false
		}
	}
	return len(got) == len(want)
}

// prebuild compiles the program's function as somebody would who does not use the
// component for it: to a folder, code, and to a zip file.
func prebuild(t *testing.T, project string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "code"), 0o700); err != nil {
		t.Fatal(err)
	}
	bootstrap := filepath.Join(dir, "code", "bootstrap")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", bootstrap, "./handlers/probe")
	cmd.Dir, cmd.Env = project, append(os.Environ(), "CGO_ENABLED=0", "GOOS="+runtime.GOOS)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	file, err := os.Create(filepath.Join(dir, "code.zip"))
	if err != nil {
		t.Fatal(err)
	}
	archive := zip.NewWriter(file)
	if err := archive.AddFS(os.DirFS(filepath.Join(dir, "code"))); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}
