package up

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
)

const secretURL = `http://127.0.0.1:1/SECRET/?a=1&b="2"`

// A browser that stays does not hold the command up, and the secret address is in a file
// of the user's own, not in its arguments.
func TestOpenPage(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("another system has another command than xdg-open")
	}
	temp := t.TempDir()
	bin := filepath.Join(temp, "bin")
	argv := filepath.Join(temp, "argv")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\nprintf '%s\\n' $$ \"$@\" >" + argv + ".new\nmv " + argv + ".new " + argv + "\nexec sleep 600\n"
	if err := os.WriteFile(filepath.Join(bin, "xdg-open"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	var stderr consoletest.Buffer
	remove, err := openPage(t.Context(), temp, secretURL, &stderr)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(waitFor(t, func() string {
		content, _ := os.ReadFile(argv)
		return string(content)
	})), "\n")
	pid, err := strconv.Atoi(lines[0])
	if err != nil {
		t.Fatal(err)
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Kill() })
	file, isFile := strings.CutPrefix(lines[len(lines)-1], "file://")
	if len(lines) != 2 || !isFile || strings.Contains(file, "SECRET") {
		t.Fatalf("the browser is called with %q", lines[1:])
	}
	content, err := os.ReadFile(file)
	if want := `content="0; url=http://127.0.0.1:1/SECRET/?a=1&amp;b=&#34;2&#34;"`; err != nil || !strings.Contains(string(content), want) {
		t.Errorf("it opens %s, %v", content, err)
	}
	for path, want := range map[string]os.FileMode{file: 0o600, filepath.Dir(file): 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has the mode %v, %v", path, info.Mode(), err)
		}
	}
	remove()
	if _, err := os.Stat(filepath.Dir(file)); !os.IsNotExist(err) {
		t.Errorf("the folder is left: %v", err)
	}
	if got := stderr.String(); got != "" {
		t.Errorf("it says %s", got)
	}
}

// Without a browser the address is said.
func TestOpenPageWithoutBrowser(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("another system has another command than xdg-open")
	}
	t.Setenv("PATH", t.TempDir())
	var stderr consoletest.Buffer
	remove, err := openPage(t.Context(), t.TempDir(), secretURL, &stderr)
	if err != nil {
		t.Fatal(err)
	}
	defer remove()
	got := waitFor(t, stderr.String)
	if !strings.HasPrefix(got, "the browser cannot be opened here (") || !strings.HasSuffix(got, "): open "+secretURL+"\n") {
		t.Errorf("it says %s", got)
	}
}

// waitFor waits until there is a text.
func waitFor(t *testing.T, look func() string) string {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if text := look(); text != "" {
			return text
		}
	}
	t.Fatal("it does not come")
	return ""
}

func TestPorts(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]options{
		"--page-port 65536 is out of range: 1 to 65535, or 0 for a free port":              {deploy: &local.Options{}, pagePort: 65536},
		"--page-port and --port are both 8080: the live page and the API need a port each": {deploy: &local.Options{Port: 8080}, pagePort: 8080},
	} {
		if err := o.run(t.Context(), io.Discard, io.Discard); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
