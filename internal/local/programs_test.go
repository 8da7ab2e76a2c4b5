package local

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"

	"github.com/protected-http-api/protected-http-api/internal/local/gobuild"
	"github.com/protected-http-api/protected-http-api/internal/local/langhost"
)

// The linked program of a project is there for its next deployment, and not more than a
// few are kept.
func TestProgramsAreKept(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	of := func(name string) *Deployment {
		project := &project{Project: &workspace.Project{Name: tokens.PackageName(name)}}
		return &Deployment{project: project, program: &langhost.Program{Binary: filepath.Join(t.TempDir(), "program")}}
	}
	for i := range keptPrograms + 1 {
		d := of(fmt.Sprint("p", i))
		if err := os.WriteFile(d.program.Binary, []byte{byte(i)}, 0o700); err != nil {
			t.Fatal(err)
		}
		d.program.Compiled(&gobuild.Snapshot{Sum: fmt.Sprint(i), Sources: &gobuild.Sources{}})
		d.keepProgram()
	}
	for i := range keptPrograms + 1 {
		d := of(fmt.Sprint("p", i))
		d.fetchProgram()
		content, err := os.ReadFile(d.program.Binary)
		if i == 0 && err == nil || i > 0 && (err != nil || content[0] != byte(i)) {
			t.Errorf("p%d: %v, %v", i, content, err)
		}
		if snapshot := d.program.Snapshot(); (snapshot != nil) != (i > 0) || snapshot != nil && snapshot.Sum != fmt.Sprint(i) {
			t.Errorf("p%d is compiled from %v", i, snapshot)
		}
	}

	// What the file of a program says is of that file, and of no other in its place.
	d := of("p1")
	if err := os.WriteFile(d.program.Binary, []byte("other"), 0o700); err != nil {
		t.Fatal(err)
	}
	d.keepProgram()
	again := of("p1")
	if again.fetchProgram(); again.program.Snapshot() != nil {
		t.Errorf("another program is compiled from %v", again.program.Snapshot())
	}
}
