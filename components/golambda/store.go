package golambda

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// maxUnused is how long an archive that no build has asked for is kept.
const maxUnused = 30 * 24 * time.Hour

// format changes whenever pack would make another archive of the same binary.
const format = 1

// store is a folder of archives, each named after the hash of its contents.
type store struct {
	folder string
	now    func() time.Time
}

func openStore(folder string, now func() time.Time) (*store, error) {
	if folder == "" {
		var err error
		if folder, err = defaultFolder(os.UserCacheDir, os.TempDir()); err != nil {
			return nil, err
		}
	}
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, fmt.Errorf("finding the folder for archives: %w", err)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder for archives: %w", err)
	}
	return &store{folder: folder, now: now}, nil
}

// defaultFolder returns the folder in the user's cache folder. A user without
// a home has none; the temporary folder, which others may write to as well,
// then serves, if what is there belongs to this user alone.
func defaultFolder(userCacheDir func() (string, error), tempDir string) (string, error) {
	if cache, err := userCacheDir(); err == nil {
		return filepath.Join(cache, "protected-http-api", "lambda"), nil
	}
	own := filepath.Join(tempDir, fmt.Sprintf("protected-http-api-%d", os.Getuid()))
	if err := os.Mkdir(own, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("making the folder for archives: %w", err)
	}
	info, err := os.Lstat(own)
	if err != nil {
		return "", fmt.Errorf("making the folder for archives: %w", err)
	}
	if !info.IsDir() || info.Mode().Perm()&0o022 != 0 {
		return "", fmt.Errorf("using the folder for archives: %q is not a folder that only its owner may write to: remove it, or set HOME or XDG_CACHE_HOME", own)
	}
	return filepath.Join(own, "lambda"), nil
}

// put stores the archive of a package and remembers it as the last one.
func (s *store) put(folder string, target Target, contents []byte) (Archive, error) {
	sum := sha256.Sum256(contents)
	name := fmt.Sprintf("%s-%s.zip", filepath.Base(folder), hex.EncodeToString(sum[:]))
	archive := s.archive(name, sum)
	for _, file := range []struct {
		path     string
		contents []byte
	}{
		{archive.Path, contents},
		{s.pointer(folder, target), []byte(name)},
	} {
		if err := s.write(file.path, file.contents); err != nil {
			return Archive{}, fmt.Errorf("storing the archive: %w", err)
		}
	}
	return archive, nil
}

func (s *store) archive(name string, sum [sha256.Size]byte) Archive {
	return Archive{
		Path:   filepath.Join(s.folder, name),
		SHA256: base64.StdEncoding.EncodeToString(sum[:]),
	}
}

// pointer returns the path of the file that names the last archive of a
// package.
func (s *store) pointer(folder string, target Target) string {
	key := sha256.Sum256(fmt.Appendf(nil, "%d %s/%s %s", format, target.goos, target.goarch, folder))
	return filepath.Join(s.folder, "last-"+hex.EncodeToString(key[:]))
}

// lastBuild is an archive with the binary in it.
type lastBuild struct {
	archive Archive
	binary  []byte
}

// last returns the last build of a package, and marks it as used. It finds none
// where the archive is incomplete, after a full disk for instance.
func (s *store) last(folder string, target Target) (lastBuild, bool) {
	pointer := s.pointer(folder, target)
	name, err := os.ReadFile(pointer) //nolint:gosec // a file of the store's own
	if err != nil || !ownName.Match(name) || filepath.Base(string(name)) != string(name) {
		return lastBuild{}, false
	}
	contents, err := os.ReadFile(filepath.Join(s.folder, string(name))) //nolint:gosec // a base name, checked above
	if err != nil {
		return lastBuild{}, false
	}
	sum := sha256.Sum256(contents)
	if !bytes.HasSuffix(name, []byte("-"+hex.EncodeToString(sum[:])+".zip")) {
		return lastBuild{}, false
	}
	binary, err := unpack(contents)
	if err != nil {
		return lastBuild{}, false
	}
	archive := s.archive(string(name), sum)
	for _, path := range []string{pointer, archive.Path} {
		// Failing to mark it costs at most a later rebuild.
		_ = os.Chtimes(path, s.now(), s.now())
	}
	return lastBuild{archive, binary}, true
}

// write makes the file appear whole or not at all.
func (s *store) write(path string, contents []byte) error {
	file, err := os.CreateTemp(s.folder, "golambda-*.tmp")
	if err != nil {
		return err
	}
	_, err = file.Write(contents)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}

// ownName matches the files that a store writes, and nothing else that a
// caller may keep in the same folder.
var ownName = regexp.MustCompile(`-[0-9a-f]{64}\.zip$|^last-[0-9a-f]{64}$|^golambda-[0-9]+\.tmp$`)

// prune removes archives, and remains of interrupted writes, that have not
// been used for maxUnused. What cannot be removed is left for another time.
func (s *store) prune() {
	entries, err := os.ReadDir(s.folder)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if !ownName.MatchString(entry.Name()) {
			continue
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() && s.now().Sub(info.ModTime()) > maxUnused {
			_ = os.Remove(filepath.Join(s.folder, entry.Name()))
		}
	}
}
