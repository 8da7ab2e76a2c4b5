package local

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
)

// The linked program of a project is there for its next deployment, and not more than a
// few are kept.
func TestProgramsAreKept(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	of := func(name string) *Deployment {
		project := &project{Project: &workspace.Project{Name: tokens.PackageName(name)}}
		return &Deployment{project: project, dir: t.TempDir()}
	}
	for i := range keptPrograms + 1 {
		d := of(fmt.Sprint("p", i))
		if err := os.WriteFile(d.programPath(), []byte{byte(i)}, 0o700); err != nil {
			t.Fatal(err)
		}
		d.keepProgram()
		kept, err := d.keptProgram()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(kept, time.Time{}, time.Unix(int64(1e9+i), 0)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range keptPrograms + 1 {
		d := of(fmt.Sprint("p", i))
		d.fetchProgram()
		content, err := os.ReadFile(filepath.Join(d.dir, "program"))
		if i == 0 && err == nil || i > 0 && (err != nil || content[0] != byte(i)) {
			t.Errorf("p%d: %v, %v", i, content, err)
		}
	}
}
