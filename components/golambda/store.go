package golambda

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/safepath"
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

// runPrefix begins the names of folders that serve one run.
const runPrefix = "protected-http-api-run-"

// openStore opens the store in a folder, by default the user's cache folder.
// Where that is not safe, a new folder serves this run alone: the archives must
// outlive Build, since they are read when they are deployed, so a later run removes
// it.
func openStore(folder string, now func() time.Time) (*store, error) {
	var err error
	if folder == "" {
		folder, err = safepath.Cache("lambda")
	} else if folder, err = filepath.Abs(folder); err == nil {
		err = safepath.Make(folder)
	}
	if err != nil {
		removeRuns(os.TempDir(), now)
		if folder, err = safepath.Temp(runPrefix); err != nil {
			return nil, fmt.Errorf("making the folder for archives: %w", err)
		}
	}
	return &store{folder: folder, now: now}, nil
}

// maxRun is how long a deployment may take.
const maxRun = 24 * time.Hour

// removeRuns removes what runs of this user have left in the temporary folder.
func removeRuns(temp string, now func() time.Time) {
	folders, _ := filepath.Glob(filepath.Join(temp, runPrefix+"*"))
	for _, folder := range folders {
		info, err := os.Lstat(folder)
		if err == nil && info.IsDir() && now().Sub(info.ModTime()) > maxRun && safepath.Check(folder) == nil {
			_ = os.RemoveAll(folder)
		}
	}
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
	files   map[string]string
}

// last returns the last build of a package, and marks it as used. It finds none
// where the archive is incomplete, after a full disk for instance, or could be
// somebody else's, from a time when others could write to the folder.
func (s *store) last(folder string, target Target) (lastBuild, bool) {
	pointer := s.pointer(folder, target)
	name, err := os.ReadFile(pointer) //nolint:gosec // a file of the store's own
	if err != nil || !ownName.Match(name) || filepath.Base(string(name)) != string(name) {
		return lastBuild{}, false
	}
	path := filepath.Join(s.folder, string(name))
	if safepath.Check(pointer) != nil || safepath.Check(path) != nil {
		return lastBuild{}, false
	}
	contents, err := os.ReadFile(path) //nolint:gosec // a base name, checked above
	if err != nil {
		return lastBuild{}, false
	}
	sum := sha256.Sum256(contents)
	if !bytes.HasSuffix(name, []byte("-"+hex.EncodeToString(sum[:])+".zip")) {
		return lastBuild{}, false
	}
	binary, files, err := unpack(contents)
	if err != nil {
		return lastBuild{}, false
	}
	archive := s.archive(string(name), sum)
	for _, path := range []string{pointer, archive.Path} {
		// Failing to mark it costs at most a later rebuild.
		_ = os.Chtimes(path, s.now(), s.now())
	}
	return lastBuild{archive, binary, files}, true
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
