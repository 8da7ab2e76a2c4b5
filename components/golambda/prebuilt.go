package golambda

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// maxUnzipped is the most bytes of a function's files (Lambda developer guide,
// "Lambda quotas": 250 MB).
const maxUnzipped = 250 << 20

// PackOptions say what Pack makes sure of.
type PackOptions struct {
	// Bootstrap says that the code has to have an executable of that name.
	Bootstrap bool
	// folder is as in Options.
	folder string
}

// Pack returns the archive of code that is there already: a zip file as it is, or a
// folder's files, which are zipped to the same bytes whenever they are the same.
// Whether a file is executable counts; other permissions and times do not. A link
// to a file in the folder is that file.
func Pack(path string, options PackOptions) (Archive, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Archive{}, err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Archive{}, fmt.Errorf("%q does not exist: give a zip file or a folder", path)
	case err != nil:
		return Archive{}, err
	case !info.IsDir():
		return checkZip(path, info.Size(), options.Bootstrap)
	}
	contents, err := packFolder(path)
	if err != nil {
		return Archive{}, fmt.Errorf("zipping %q: %w", path, err)
	}
	if err := checkContents(path, contents, options.Bootstrap); err != nil {
		return Archive{}, err
	}
	store, err := openStore(options.folder, time.Now)
	if err != nil {
		return Archive{}, err
	}
	return store.put(path, Target{}, contents)
}

// checkZip returns the archive that a zip file is.
func checkZip(path string, size int64, needsBootstrap bool) (Archive, error) {
	if size > maxZipSize {
		return Archive{}, tooLarge(path, size)
	}
	contents, err := os.ReadFile(path) //nolint:gosec // the caller's own code
	if err != nil {
		return Archive{}, err
	}
	if err := checkContents(path, contents, needsBootstrap); err != nil {
		return Archive{}, err
	}
	sum := sha256.Sum256(contents)
	return Archive{Path: path, SHA256: base64.StdEncoding.EncodeToString(sum[:])}, nil
}

func tooLarge(path string, size int64) error {
	return fmt.Errorf("%q has %d bytes zipped, Lambda takes %d by direct upload: leave out what the function does not need, or put it into a layer", path, size, maxZipSize)
}

// checkContents refuses an archive that Lambda would refuse, or could not run.
func checkContents(path string, contents []byte, needsBootstrap bool) error {
	if len(contents) > maxZipSize {
		return tooLarge(path, int64(len(contents)))
	}
	archive, err := zip.NewReader(bytes.NewReader(contents), int64(len(contents)))
	if err != nil {
		return fmt.Errorf("%q is neither a folder nor a zip file: %w", path, err)
	}
	var size uint64
	var program fs.FileMode
	for _, f := range archive.File {
		if size += min(f.UncompressedSize64, maxUnzipped+1); size > maxUnzipped {
			return fmt.Errorf("%q has more than %d bytes unzipped, which is what Lambda allows: leave out what the function does not need", path, maxUnzipped)
		}
		if f.Name == bootstrap {
			program = f.Mode()
		}
	}
	switch {
	case len(archive.File) == 0:
		return fmt.Errorf("%q has no files", path)
	case needsBootstrap && program == 0:
		return fmt.Errorf("%q has no file bootstrap at its top, which the runtime starts", path)
	case needsBootstrap && program&0o111 == 0:
		return fmt.Errorf("the file bootstrap of %q is not executable, and the runtime could not start it: chmod 755 bootstrap", path)
	}
	return nil
}

// packFolder zips a folder's files, by name.
func packFolder(folder string) ([]byte, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	var contents bytes.Buffer
	archive := zip.NewWriter(&contents)
	var size int64
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := root.Stat(filepath.FromSlash(name)) // follows a link, within the folder
		switch {
		case err != nil:
			return err
		case !info.Mode().IsRegular():
			return fmt.Errorf("%q is neither a file nor a folder nor a link to a file: leave it out, or copy what it leads to", name)
		}
		if size += info.Size(); size > maxUnzipped {
			return fmt.Errorf("the files have more than %d bytes, which is what Lambda allows: leave out what the function does not need", maxUnzipped)
		}
		content, err := root.ReadFile(filepath.FromSlash(name))
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if info.Mode()&0o111 != 0 {
			mode = 0o755
		}
		return add(archive, name, mode, content)
	})
	err = errors.Join(err, archive.Close())
	return contents.Bytes(), err
}
