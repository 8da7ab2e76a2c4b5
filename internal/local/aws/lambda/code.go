package lambda

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// Limits of a deployment package (Lambda developer guide,
// gettingstarted-limits): 50 MB zipped, which as base64 is the first number,
// and 250 MB unzipped.
const (
	maxUploadBase64 = 69905067
	maxUnzipped     = 262144000
	bootstrapName   = "bootstrap"
)

// codeDir is an unpacked deployment package, shared by the versions and the
// environments that run it and removed after the last of them.
type codeDir struct {
	path     string
	platform platform // of bootstrap

	mu    sync.Mutex
	users int
}

func (c *codeDir) retain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.users++
}

// release removes the folder when nobody uses it any more. What cannot be
// removed stays until the service is closed.
func (c *codeDir) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users--; c.users == 0 {
		_ = removeAll(c.path)
	}
}

// openArchive checks a zip file and returns it with the platform of its
// program.
func openArchive(zipped []byte) (*zip.Reader, platform, error) {
	if (len(zipped)+2)/3*4 > maxUploadBase64 {
		return nil, platform{}, refusal("RequestEntityTooLargeException", `make the zip smaller than 50 MB: build with -ldflags="-s -w"`,
			"Request must be smaller than %d bytes for the CreateFunction operation", maxUploadBase64)
	}
	archive, err := zip.NewReader(bytes.NewReader(zipped), int64(len(zipped)))
	if err != nil {
		return nil, platform{}, unzipError(err)
	}
	boot, err := checkArchive(archive)
	if err != nil {
		return nil, platform{}, err
	}
	var claimed uint64
	for _, f := range archive.File {
		if claimed += min(f.UncompressedSize64, maxUnzipped); claimed >= maxUnzipped {
			return nil, platform{}, tooLargeUnzipped(maxUnzipped)
		}
	}
	program, err := bootstrapPlatform(boot)
	return archive, program, err
}

func tooLargeUnzipped(limit int64) error {
	return invalidParameter("leave out what the function does not need", "Unzipped size must be smaller than %d bytes", limit)
}

// newCodeDir checks and unpacks a zip file; the caller is its first user.
func (s *Service) newCodeDir(zipped []byte) (*codeDir, error) {
	archive, program, err := openArchive(zipped)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(filepath.Join(s.dir, "code"), "")
	if err != nil {
		return nil, fmt.Errorf("creating a folder for the code: %w", err)
	}
	if err := unpackArchive(archive, dir, maxUnzipped); err != nil {
		return nil, errors.Join(err, removeAll(dir))
	}
	return &codeDir{path: dir, platform: program, users: 1}, nil
}

func unzipError(err error) error {
	return invalidParameter(fmt.Sprintf("give a zip file (%v)", err), "Could not unzip uploaded file. Please check your file, then try to upload again.")
}

// checkArchive refuses what must not be unpacked or could not run, and returns
// the program.
func checkArchive(archive *zip.Reader) (*zip.File, error) {
	const bootstrapCure = "put the program into the zip's root as bootstrap, with mode 0755"
	var boot *zip.File
	seen := map[string]bool{}
	for _, f := range archive.File {
		name := path.Clean(f.Name)
		// The zip is a developer's, but a path out of the folder, or a link,
		// would write wherever it likes (CWE-22).
		if !filepath.IsLocal(name) || strings.ContainsAny(name, "\\\x00") {
			return nil, unzipError(fmt.Errorf("the entry %q leaves the folder", f.Name))
		}
		if mode := f.Mode(); !mode.IsRegular() && !mode.IsDir() {
			return nil, unzipError(fmt.Errorf("the entry %q is neither a file nor a folder", f.Name))
		}
		if seen[name] && !f.Mode().IsDir() {
			return nil, unzipError(fmt.Errorf("the entry %q is there twice", f.Name))
		}
		seen[name] = true
		if name == bootstrapName {
			boot = f
		}
	}
	switch {
	case boot == nil || !boot.Mode().IsRegular():
		return nil, invalidParameter(bootstrapCure, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")
	case boot.Mode().Perm()&0o111 == 0:
		return nil, invalidParameter(bootstrapCure, "fork/exec /var/task/bootstrap: permission denied (its mode is %s)", boot.Mode())
	}
	return boot, nil
}

// unpackArchive unpacks a checked archive of less than limit bytes.
func unpackArchive(archive *zip.Reader, dir string, limit int64) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("opening the folder for the code: %w", err)
	}
	defer root.Close() //nolint:errcheck // nothing is written through the folder itself
	remaining := limit - 1
	for _, f := range archive.File {
		name := path.Clean(f.Name)
		if f.Mode().IsDir() {
			err = root.MkdirAll(name, 0o700)
		} else {
			err = unpackFile(root, f, name, &remaining)
		}
		if err != nil {
			return unzipError(err)
		}
		if remaining < 0 {
			return tooLargeUnzipped(limit)
		}
	}
	// Read-only, as /var/task is.
	return setFolderModes(dir, 0o500)
}

// unpackFile writes one file and takes its real size, not the one that the zip
// claims, from remaining.
func unpackFile(root *os.Root, f *zip.File, name string, remaining *int64) (err error) {
	if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it was only read, and its checksum is told by Read
	content, err := io.ReadAll(io.LimitReader(in, *remaining+1))
	*remaining -= int64(len(content))
	if err != nil {
		return err
	}
	// A process that is forked while the file is open for writing holds it
	// open until its exec, and until then the file cannot be executed
	// (ETXTBSY, go.dev/issue/22315). So nothing forks meanwhile; but functions wait
	// for their start, and so nothing else is done here.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return root.WriteFile(name, content, 0o400|f.Mode().Perm()&0o111)
}

// removeAll removes a folder that may hold folders without write permission.
func removeAll(dir string) error {
	if err := setFolderModes(dir, 0o700); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(dir)
}

// setFolderModes sets the mode of dir and of all folders below it, and follows
// no link out of it.
func setFolderModes(dir string, mode fs.FileMode) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // nothing is written through the folder itself
	return fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return root.Chmod(path, mode)
	})
}
