//go:build unix

package safepath

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	stranger = 4242
	ownGroup = 4343
)

// world is a folder and a judge that takes the real owner of all files to be the
// user, but for those that the test gives to somebody else.
type world struct {
	dir    string
	judge  *judge
	owners map[string]owner
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	// All of what lies in it would be hidden otherwise.
	w := &world{dir: filepath.Join(dir, "world"), owners: map[string]owner{}}
	w.judge = self()
	w.judge.group = ownGroup
	w.judge.owner = func(path string, info fs.FileInfo) (owner, bool) {
		if o, ok := w.owners[path]; ok {
			return o, true
		}
		return fileOwner(path, info)
	}
	must(t, os.Mkdir(w.dir, 0o755))
	return w
}

// shown opens the folders above the world, which tests have for themselves alone.
func (w *world) shown(t *testing.T) {
	t.Helper()
	for dir := filepath.Dir(w.dir); w.judge.hidden(dir); dir = filepath.Dir(dir) {
		if info, err := os.Lstat(dir); err == nil && info.Mode().Perm()&0o011 == 0 {
			must(t, os.Chmod(dir, info.Mode().Perm()|0o011))
		}
	}
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) folder(t *testing.T, name string, mode fs.FileMode) {
	t.Helper()
	must(t, os.Mkdir(w.path(name), 0o700))
	must(t, os.Chmod(w.path(name), mode))
}

func (w *world) file(t *testing.T, name string, mode fs.FileMode) {
	t.Helper()
	must(t, os.WriteFile(w.path(name), []byte("x"), 0o600))
	must(t, os.Chmod(w.path(name), mode))
}

func (w *world) link(t *testing.T, target, name string) {
	t.Helper()
	must(t, os.Symlink(target, w.path(name)))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const writable = " can be written to by others than its owner (chmod go-w)"

func foreign() string { return fmt.Sprintf(" belongs to the user with the id %d", stranger) }

func TestCheck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		build func(t *testing.T, w *world)
		path  string
		// want is the refused element and the rest of the error; none for a safe path.
		element, want string
	}{
		{name: "a folder of the user's own", path: "a",
			build: func(t *testing.T, w *world) { w.folder(t, "a", 0o755) }},
		{name: "writable by all", path: "a", element: "a", want: writable,
			build: func(t *testing.T, w *world) { w.folder(t, "a", 0o777) }},
		{name: "writable by a group", path: "a", element: "a", want: writable,
			build: func(t *testing.T, w *world) { w.folder(t, "a", 0o775) }},
		{name: "writable by the user's own group", path: "a",
			build: func(t *testing.T, w *world) {
				w.folder(t, "a", 0o775)
				w.owners[w.path("a")] = owner{os.Geteuid(), ownGroup}
			}},
		{name: "somebody else's", path: "a", element: "a", want: foreign(),
			build: func(t *testing.T, w *world) {
				w.folder(t, "a", 0o755)
				w.owners[w.path("a")] = owner{stranger, stranger}
			}},
		{name: "root's", path: "a",
			build: func(t *testing.T, w *world) { w.folder(t, "a", 0o755); w.owners[w.path("a")] = owner{0, 0} }},
		{name: "below one that is writable by all", path: "a/b", element: "a", want: writable,
			build: func(t *testing.T, w *world) { w.folder(t, "a", 0o777); w.folder(t, "a/b", 0o700) }},
		{name: "below somebody else's", path: "a/b", element: "a", want: foreign(),
			build: func(t *testing.T, w *world) {
				w.folder(t, "a", 0o755)
				w.folder(t, "a/b", 0o700)
				w.owners[w.path("a")] = owner{stranger, stranger}
			}},
		{name: "below a sticky one", path: "a/b",
			build: func(t *testing.T, w *world) { w.folder(t, "a", 0o777|fs.ModeSticky); w.folder(t, "a/b", 0o700) }},
		{name: "a sticky one itself", path: "a", element: "a", want: writable,
			build: func(t *testing.T, w *world) { w.folder(t, "a", 0o777|fs.ModeSticky) }},
		{name: "planted in a sticky one", path: "a/b", element: "a/b", want: foreign(),
			build: func(t *testing.T, w *world) {
				w.folder(t, "a", 0o777|fs.ModeSticky)
				w.folder(t, "a/b", 0o755)
				w.owners[w.path("a/b")] = owner{stranger, stranger}
			}},
		{name: "below one that others may not enter", path: "a/b/c",
			build: func(t *testing.T, w *world) {
				w.folder(t, "a", 0o700)
				w.folder(t, "a/b", 0o777)
				w.file(t, "a/b/c", 0o666)
			}},
		{name: "a file", path: "a",
			build: func(t *testing.T, w *world) { w.file(t, "a", 0o644) }},
		{name: "a file that is writable by all", path: "a", element: "a", want: writable,
			build: func(t *testing.T, w *world) { w.file(t, "a", 0o666) }},
		{name: "a planted file", path: "a", element: "a", want: foreign(),
			build: func(t *testing.T, w *world) {
				w.file(t, "a", 0o644)
				w.owners[w.path("a")] = owner{stranger, stranger}
			}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.shown(t)
			test.build(t, w)
			checkError(t, w, w.judge.walk(w.path(test.path), false), test.element, test.want)
		})
	}
}

func TestCheckFollowsLinks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		build         func(t *testing.T, w *world)
		path          string
		element, want string
	}{
		{name: "to a safe folder", path: "l/b",
			build: func(t *testing.T, w *world) {
				w.folder(t, "a", 0o755)
				w.folder(t, "a/b", 0o755)
				w.link(t, "a", "l")
			}},
		{name: "to an absolute path", path: "l",
			build: func(t *testing.T, w *world) { w.folder(t, "a", 0o755); w.link(t, w.path("a"), "l") }},
		{name: "upwards", path: "a/l",
			build: func(t *testing.T, w *world) {
				w.folder(t, "a", 0o755)
				w.folder(t, "b", 0o755)
				w.link(t, "../b", "a/l")
			}},
		{name: "to a folder that others write to", path: "l", element: "a", want: writable,
			build: func(t *testing.T, w *world) { w.folder(t, "a", 0o777); w.link(t, "a", "l") }},
		{name: "through a folder that others write to", path: "l", element: "a", want: writable,
			build: func(t *testing.T, w *world) {
				w.folder(t, "a", 0o777)
				w.folder(t, "b", 0o755)
				w.link(t, "../b", "a/m")
				w.link(t, "a/m", "l")
			}},
		{name: "somebody else's", path: "s/l", element: "s/l", want: foreign(),
			build: func(t *testing.T, w *world) {
				w.folder(t, "a", 0o755)
				w.folder(t, "s", 0o777|fs.ModeSticky)
				w.link(t, "../a", "s/l")
				w.owners[w.path("s/l")] = owner{stranger, stranger}
			}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.shown(t)
			test.build(t, w)
			checkError(t, w, w.judge.walk(w.path(test.path), false), test.element, test.want)
		})
	}
}

func TestCheckEndsInALoopOfLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.link(t, "l", "l")
	err := w.judge.walk(w.path("l"), false)
	if want := fmt.Sprintf("%q has more than 40 symbolic links", w.path("l")); err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
}

func checkError(t *testing.T, w *world, err error, element, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("the error is %v, want none", err)
		}
		return
	}
	if want = fmt.Sprintf("%q", w.path(element)) + want; err == nil || err.Error() != want {
		t.Errorf("the error is\n%v\nwant\n%s", err, want)
	}
}

func TestMake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.shown(t)
	must(t, w.judge.walk(w.path("a/b"), true))
	for _, name := range []string{"a", "a/b"} {
		info, err := os.Stat(w.path(name))
		must(t, err)
		if info.Mode() != fs.ModeDir|0o700 {
			t.Errorf("the mode of %s is %v, want 0700", name, info.Mode())
		}
	}
	must(t, w.judge.walk(w.path("a/b"), true)) // again
	w.file(t, "file", 0o600)
	checkError(t, w, w.judge.walk(w.path("file"), true), "file", " is no folder")
	w.folder(t, "open", 0o777)
	checkError(t, w, w.judge.walk(w.path("open/b"), true), "open", writable)
	if _, err := os.Lstat(w.path("open/b")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder was made where others can write: %v", err)
	}
}

func TestCache(t *testing.T) {
	t.Parallel()
	noHome := func(*world) (string, error) { return "", errors.New("neither $XDG_CACHE_HOME nor $HOME are defined") }
	home := func(w *world) (string, error) { return w.path("home/.cache"), nil }
	own := fmt.Sprintf("tmp/protected-http-api-%d", os.Geteuid())
	tests := []struct {
		name  string
		cache func(w *world) (string, error)
		build func(t *testing.T, w *world)
		want  string
		fails string // with the world's folder as W
	}{
		{name: "the user's cache folder", cache: home, want: "home/.cache/protected-http-api/x"},
		{name: "one that others write to", cache: home, want: own + "/x",
			build: func(t *testing.T, w *world) { w.folder(t, "home", 0o777) }},
		{name: "a planted one", cache: home, want: own + "/x",
			build: func(t *testing.T, w *world) {
				w.folder(t, "home", 0o755)
				w.owners[w.path("home")] = owner{stranger, stranger}
			}},
		{name: "no home", cache: noHome, want: own + "/x"},
		{name: "a home that is no folder", cache: home, want: own + "/x",
			build: func(t *testing.T, w *world) { w.file(t, "home", 0o600) }},
		{name: "no home, and a planted folder", cache: noHome,
			build: func(t *testing.T, w *world) {
				w.folder(t, own, 0o755)
				w.owners[w.path(own)] = owner{stranger, stranger}
			},
			fails: `finding a cache folder: neither $XDG_CACHE_HOME nor $HOME are defined; "W/` + own + `"` + foreign() + ": set XDG_CACHE_HOME to a folder of your own"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.shown(t)
			w.folder(t, "tmp", 0o777|fs.ModeSticky)
			if test.build != nil {
				test.build(t, w)
			}
			got, err := w.judge.cache("x", func() (string, error) { return test.cache(w) }, w.path("tmp"))
			if test.fails != "" {
				if want := strings.ReplaceAll(test.fails, "W/", w.dir+"/"); err == nil || err.Error() != want {
					t.Errorf("the error is\n%v\nwant\n%s", err, want)
				}
				return
			}
			if err != nil || got != w.path(test.want) {
				t.Errorf("got %q and %v, want %q", got, err, w.path(test.want))
			}
		})
	}
}

func TestTemp(t *testing.T) {
	w := newWorld(t)
	w.shown(t)
	w.folder(t, "tmp", 0o777|fs.ModeSticky)
	t.Setenv("TMPDIR", w.path("tmp"))
	dir, err := w.judge.temp("", "x-")
	must(t, err)
	info, err := os.Stat(dir)
	must(t, err)
	if info.Mode() != fs.ModeDir|0o700 || filepath.Dir(dir) != w.path("tmp") {
		t.Errorf("made %s with %v", dir, info.Mode())
	}
	must(t, os.Chmod(w.path("tmp"), 0o777))
	_, err = w.judge.temp("", "x-")
	want := fmt.Sprintf("making a temporary folder: %q%s: set TMPDIR to a folder of your own", w.path("tmp"), writable)
	if err == nil || err.Error() != want {
		t.Errorf("the error is\n%v\nwant\n%s", err, want)
	}
	left, err := os.ReadDir(w.path("tmp"))
	must(t, err)
	if len(left) != 1 {
		t.Errorf("the refused folder is left behind: %v", left)
	}
}
