package golambda

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func newStore(t *testing.T, now time.Time) *store {
	t.Helper()
	s, err := openStore(t.TempDir(), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// put stores what a build of the folder would.
func put(t *testing.T, s *store, folder, binary string) Archive {
	t.Helper()
	contents, err := pack([]byte(binary), nil, maxZipSize)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := s.put(folder, Target{goos: "linux", goarch: "arm64"}, contents)
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

func TestPackRefusesWhatLambdaRefuses(t *testing.T) {
	t.Parallel()
	archive, err := pack([]byte("binary"), nil, maxZipSize)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pack([]byte("binary"), nil, len(archive)); err != nil {
		t.Errorf("an archive as large as the limit: %v", err)
	}
	_, err = pack([]byte("binary"), nil, len(archive)-1)
	want := fmt.Sprintf("zipping bootstrap: the archive has %d bytes, Lambda takes %d by direct upload: import fewer packages", len(archive), len(archive)-1)
	if err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

func TestStoreRemembersTheLastBuild(t *testing.T) {
	t.Parallel()
	arm, amd := Target{goos: "linux", goarch: "arm64"}, Target{goos: "linux", goarch: "amd64"}
	tests := []struct {
		name   string
		change func(t *testing.T, s *store, last Archive)
		folder string
		target Target
		want   string // the binary, or nothing
	}{
		{name: "unchanged", folder: "/src/hello", target: arm, want: "second"},
		{name: "other folder", folder: "/copy/hello", target: arm},
		{name: "other target", folder: "/src/hello", target: amd},
		{name: "damaged archive", folder: "/src/hello", target: arm,
			change: func(t *testing.T, _ *store, last Archive) { write(t, last.Path, "damaged") }},
		{name: "lost archive", folder: "/src/hello", target: arm,
			change: func(t *testing.T, _ *store, last Archive) { must(t, os.Remove(last.Path)) }},
		{name: "damaged name", folder: "/src/hello", target: arm,
			change: func(t *testing.T, s *store, last Archive) {
				write(t, s.pointer("/src/hello", arm), "../"+filepath.Base(last.Path))
			}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t, epoch)
			put(t, s, "/src/hello", "first")
			archive := put(t, s, "/src/hello", "second")
			if test.change != nil {
				test.change(t, s, archive)
			}
			last, found := s.last(test.folder, test.target)
			if found != (test.want != "") || string(last.binary) != test.want {
				t.Fatalf("the last build is %q, %v, want %q", last.binary, found, test.want)
			}
			if found && last.archive != archive {
				t.Errorf("the archive is %+v, want %+v", last.archive, archive)
			}
		})
	}
}

func TestStoreMarksTheLastBuildAsUsed(t *testing.T) {
	t.Parallel()
	s := newStore(t, epoch)
	archive := put(t, s, "/src/hello", "binary")
	files := []string{archive.Path, s.pointer("/src/hello", Target{goos: "linux", goarch: "arm64"})}
	old := epoch.Add(-20 * 24 * time.Hour)
	for _, file := range files {
		must(t, os.Chtimes(file, old, old))
	}
	s.last("/src/hello", Target{goos: "linux", goarch: "arm64"})
	for _, file := range files {
		info, err := os.Stat(file)
		must(t, err)
		if !info.ModTime().Equal(epoch) {
			t.Errorf("%s was last used at %v, want %v", file, info.ModTime(), epoch)
		}
	}
}

func TestStorePrunesOnlyItsOwnUnusedFiles(t *testing.T) {
	t.Parallel()
	s := newStore(t, epoch)
	fresh, stale := put(t, s, "/src/fresh", "1"), put(t, s, "/src/stale", "2")
	others := []string{"golambda-1.tmp", "backup.zip", "notes.txt"}
	for _, name := range others {
		write(t, filepath.Join(s.folder, name), "x")
	}
	age := func(path string, age time.Duration) { must(t, os.Chtimes(path, epoch.Add(-age), epoch.Add(-age))) }
	arm := Target{goos: "linux", goarch: "arm64"}
	age(s.pointer("/src/fresh", arm), maxUnused)
	age(s.pointer("/src/stale", arm), maxUnused+time.Second)
	age(fresh.Path, maxUnused)
	age(stale.Path, maxUnused+time.Second)
	for _, name := range others {
		age(filepath.Join(s.folder, name), 2*maxUnused)
	}
	s.prune()
	entries, err := os.ReadDir(s.folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if got, want := strings.Join(names, " "), "backup.zip "+filepath.Base(fresh.Path)+" "+filepath.Base(s.pointer("/src/fresh", arm))+" notes.txt"; got != want {
		t.Errorf("left are %s, want %s", got, want)
	}
}

// An archive in a folder that others could write to, or one that is not the user's
// alone, is never deployed again.
func TestStoreTrustsOnlyTheUsersOwn(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		open  func(t *testing.T, s *store, last Archive)
		found bool
	}{
		{name: "own", open: func(*testing.T, *store, Archive) {}, found: true},
		{name: "archive", open: func(t *testing.T, _ *store, last Archive) { must(t, os.Chmod(last.Path, 0o666)) }},
		{name: "name of the last", open: func(t *testing.T, s *store, _ Archive) {
			must(t, os.Chmod(s.pointer("/src/hello", Target{goos: "linux", goarch: "arm64"}), 0o666))
		}},
		{name: "folder", open: func(t *testing.T, s *store, _ Archive) { must(t, os.Chmod(s.folder, 0o777)) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, err := openStore(filepath.Join(shown(t), "store"), func() time.Time { return epoch })
			must(t, err)
			must(t, os.Chmod(s.folder, 0o755))
			archive := put(t, s, "/src/hello", "binary")
			test.open(t, s, archive)
			if _, found := s.last("/src/hello", Target{goos: "linux", goarch: "arm64"}); found != test.found {
				t.Errorf("found is %t, want %t", found, test.found)
			}
		})
	}
}

// shown returns a folder that others may enter, unlike the ones of tests.
func shown(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o755))
	must(t, os.Chmod(filepath.Dir(dir), 0o755))
	return dir
}

// Where others can write to the cache folder, a folder of the run's own serves; and
// what an earlier run has left is removed.
func TestStoreOfOneRun(t *testing.T) {
	shared, temp := filepath.Join(shown(t), "shared"), shown(t)
	must(t, os.Mkdir(shared, 0o700))
	must(t, os.Chmod(shared, 0o777))
	t.Setenv("TMPDIR", temp)
	s, err := openStore(shared, func() time.Time { return epoch })
	must(t, err)
	info, err := os.Stat(s.folder)
	must(t, err)
	if filepath.Dir(s.folder) != temp || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is %s with %v", s.folder, info.Mode())
	}
	must(t, os.Chtimes(s.folder, epoch.Add(-maxRun), epoch.Add(-maxRun)))
	again, err := openStore(shared, func() time.Time { return epoch.Add(time.Second) })
	must(t, err)
	left, err := filepath.Glob(filepath.Join(temp, "*"))
	must(t, err)
	if len(left) != 1 || left[0] != again.folder {
		t.Errorf("left are %v, want %s", left, again.folder)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Files stand beside the executable; with other ones it is another archive, and
// with the same ones the same.
func TestFiles(t *testing.T) {
	t.Parallel()
	folder, store := filepath.Join(writeModule(t, t.TempDir(), map[string]string{"hello": goodMain}), "hello"), t.TempDir()
	build := func(files map[string]string) Archive {
		t.Helper()
		archives, err := Build(t.Context(), Options{folder: store, Target: target(t, ARM64, ""), Packages: []Package{{Path: folder, Files: files}}})
		must(t, err)
		return archives[0]
	}
	files := map[string]string{"b.json": "[1]", "a.json": "{}"}
	archive := build(files)
	contents, err := os.ReadFile(archive.Path)
	must(t, err)
	binary, got, err := unpack(contents)
	must(t, err)
	if len(binary) == 0 || !maps.Equal(got, files) {
		t.Errorf("%d bytes beside %q", len(binary), got)
	}
	if again := build(maps.Clone(files)); again.SHA256 != archive.SHA256 {
		t.Error("the same files make another archive")
	}
	for _, other := range []map[string]string{nil, {"a.json": "{}"}, {"a.json": "{}", "b.json": "[2]"}} {
		if build(other).SHA256 == archive.SHA256 {
			t.Errorf("%q make the archive of %q", other, files)
		}
	}
}
