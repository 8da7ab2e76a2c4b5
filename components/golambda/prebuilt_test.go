package golambda

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A folder gives the same bytes from anywhere and at any time; whether a file is
// executable counts, and a link is what it leads to.
func TestPackFolder(t *testing.T) {
	t.Parallel()
	folder := func() string {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "bootstrap"), "#!/bin/sh\n")
		must(t, os.Chmod(filepath.Join(dir, "bootstrap"), 0o700))
		write(t, filepath.Join(dir, "lib", "b.txt"), "b")
		write(t, filepath.Join(dir, "lib", "a.txt"), "a")
		must(t, os.Symlink("lib/a.txt", filepath.Join(dir, "link")))
		return dir
	}
	one, two := folder(), folder()
	old := time.Now().Add(-100 * time.Hour)
	must(t, os.Chtimes(filepath.Join(two, "lib", "a.txt"), old, old))
	options := PackOptions{Bootstrap: true, folder: t.TempDir()}
	first, err := Pack(one, options)
	must(t, err)
	second, err := Pack(two, options)
	must(t, err)
	if first.SHA256 != second.SHA256 || !bytes.Equal(read(t, first.Path), read(t, second.Path)) {
		t.Error("the archives differ")
	}
	contents := read(t, first.Path)
	archive, err := zip.NewReader(bytes.NewReader(contents), int64(len(contents)))
	must(t, err)
	var got []string
	for _, f := range archive.File {
		got = append(got, fmt.Sprint(f.Name, " ", f.Mode()))
	}
	if want := []string{"bootstrap -rwxr-xr-x", "lib/a.txt -rw-r--r--", "lib/b.txt -rw-r--r--", "link -rw-r--r--"}; !slices.Equal(got, want) {
		t.Errorf("the archive has %q, want %q", got, want)
	}
	if text, err := fs.ReadFile(archive, "link"); err != nil || string(text) != "a" {
		t.Errorf("the link is %q, %v", text, err)
	}
	must(t, os.Chmod(filepath.Join(two, "lib", "a.txt"), 0o700))
	third, err := Pack(two, options)
	must(t, err)
	if third.SHA256 == first.SHA256 {
		t.Error("an executable file is as good as another")
	}
	// A zip file stays what it is.
	if zipped, err := Pack(first.Path, options); err != nil || zipped != first {
		t.Errorf("the zip file is %+v, %v", zipped, err)
	}
}

func TestPackRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	folder := func(name string) string {
		must(t, os.Mkdir(path(name), 0o700))
		return path(name)
	}
	plain := folder("plain")
	write(t, filepath.Join(plain, "main.py"), "x")
	linked := folder("linked")
	must(t, os.Symlink(plain, filepath.Join(linked, "out")))
	inside := folder("inside")
	must(t, os.Mkdir(filepath.Join(inside, "real"), 0o700))
	must(t, os.Symlink("real", filepath.Join(inside, "other")))
	large := folder("large")
	write(t, filepath.Join(large, "file"), "")
	must(t, os.Truncate(filepath.Join(large, "file"), maxUnzipped+1))
	write(t, path("text.zip"), "text")
	write(t, path("huge.zip"), "")
	must(t, os.Truncate(path("huge.zip"), maxZipSize+1))
	for _, tt := range []struct {
		name, path string
		bootstrap  bool
		want       string
	}{
		{"missing", path("missing"), false, `"%s" does not exist: give a zip file or a folder`},
		{"no zip file", path("text.zip"), false, `"%s" is neither a folder nor a zip file: zip: not a valid zip file`},
		{"large zip file", path("huge.zip"), false, `"%s" has 52428801 bytes zipped, Lambda takes 52428800 by direct upload: leave out what the function does not need, or put it into a layer`},
		{"empty", folder("empty"), false, `"%s" has no files`},
		{"no bootstrap", plain, true, `"%s" has no file bootstrap at its top, which the runtime starts`},
		{"link out", linked, false, `zipping "%s": statat out: path escapes from parent`},
		{"link to a folder", inside, false, `zipping "%s": "other" is neither a file nor a folder nor a link to a file: leave it out, or copy what it leads to`},
		{"large folder", large, false, `zipping "%s": the files have more than 262144000 bytes, which is what Lambda allows: leave out what the function does not need`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Pack(tt.path, PackOptions{Bootstrap: tt.bootstrap, folder: t.TempDir()})
			if want := strings.ReplaceAll(tt.want, "%s", tt.path); err == nil || err.Error() != want {
				t.Errorf("the error is %v\nwant %s", err, want)
			}
		})
	}
}
