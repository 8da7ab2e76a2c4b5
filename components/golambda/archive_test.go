package golambda

import (
	"errors"
	"fmt"
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
	contents, err := pack([]byte(binary), maxZipSize)
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
	archive, err := pack([]byte("binary"), maxZipSize)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pack([]byte("binary"), len(archive)); err != nil {
		t.Errorf("an archive as large as the limit: %v", err)
	}
	_, err = pack([]byte("binary"), len(archive)-1)
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

func TestDefaultFolder(t *testing.T) {
	t.Parallel()
	noHome := func() (string, error) { return "", errors.New("neither $XDG_CACHE_HOME nor $HOME are defined") }
	own := func(temp string) string {
		return filepath.Join(temp, fmt.Sprintf("protected-http-api-%d", os.Getuid()))
	}
	tests := []struct {
		name  string
		cache func() (string, error)
		made  func(t *testing.T, own string) // before the call
		want  func(own string) string
		fails bool
	}{
		{name: "home", cache: func() (string, error) { return "/cache", nil },
			want: func(string) string { return "/cache/protected-http-api/lambda" }},
		{name: "no home", cache: noHome, want: func(own string) string { return own + "/lambda" }},
		{name: "no home, again", cache: noHome, want: func(own string) string { return own + "/lambda" },
			made: func(t *testing.T, own string) { must(t, os.Mkdir(own, 0o700)) }},
		{name: "writable by others", cache: noHome, fails: true,
			made: func(t *testing.T, own string) { must(t, os.Mkdir(own, 0o700)); must(t, os.Chmod(own, 0o777)) }},
		{name: "link to elsewhere", cache: noHome, fails: true,
			made: func(t *testing.T, own string) { must(t, os.Symlink(t.TempDir(), own)) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			temp := t.TempDir()
			if test.made != nil {
				test.made(t, own(temp))
			}
			got, err := defaultFolder(test.cache, temp)
			if test.fails {
				want := fmt.Sprintf("using the folder for archives: %q is not a folder that only its owner may write to: remove it, or set HOME or XDG_CACHE_HOME", own(temp))
				if err == nil || err.Error() != want {
					t.Errorf("error is %v, want %s", err, want)
				}
				return
			}
			if err != nil || got != test.want(own(temp)) {
				t.Errorf("got %q and %v, want %q", got, err, test.want(own(temp)))
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
