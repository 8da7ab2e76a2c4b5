package lambda

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The variables make the test binary a local AWS with one function, whose code
// is in a file and which meets at an address.
const (
	helperAddress = "LAMBDA_TEST_MEETING"
	helperCode    = "LAMBDA_TEST_CODE"
)

// A function does not outlive a local AWS that is killed, even one that does
// nothing that would tell it.
func TestHardKill(t *testing.T) {
	t.Parallel()
	if address := os.Getenv(helperAddress); address != "" {
		f := newFixture(t)
		code, err := os.ReadFile(os.Getenv(helperCode))
		if err != nil {
			t.Fatal(err)
		}
		fn := Function{Name: "fn", RoleARN: role, Runtime: "provided.al2023", Handler: "h", Timeout: maxTimeout, Code: code}
		if _, err := f.CreateFunction(t.Context(), fn); err != nil {
			t.Fatal(err)
		}
		f.invoke(fmt.Sprintf(`{"mode":"pid","meet":%q}`, address))
		t.Fatal("the function has ended")
	}
	dir := t.TempDir()
	t.Cleanup(func() { // the helper cannot tidy up, and its folders are read-only
		if err := removeAll(dir); err != nil {
			t.Error(err)
		}
	})
	code := filepath.Join(dir, "code.zip")
	if err := os.WriteFile(code, bootstrapZip(t), 0o600); err != nil {
		t.Fatal(err)
	}
	m := newMeeting(t)
	helper := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHardKill$")
	helper.Env = append(os.Environ(), helperAddress+"="+m.Addr().String(), helperCode+"="+code, "TMPDIR="+dir)
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	g := m.await()
	if err := helper.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := helper.Wait(); err == nil {
		t.Error("the helper ended by itself")
	}
	g.ended()
}
