// Package safepath finds and makes folders that nobody but the user can have put
// anything into.
//
// A program that was left in a folder, by an earlier run or by somebody else, is
// run or deployed again only where the folder is safe. The rule is the one of
// OpenSSH for the files that it trusts: every element of the path, from the root
// down, belongs to the user or to root, and nobody else may write to it. Three
// things are let through, because they give nobody a way in:
//
//   - a folder with the sticky bit, as /tmp is, above an element of the user's own:
//     others can add names there, but neither rename nor remove this one;
//   - whatever lies below a folder that others may not enter;
//   - the group that is the user's alone, which systems with the umask 002 let
//     write (pam_umask, "usergroups"), unless somebody else has been added to it.
//
// Links are followed, and both the link and what it leads to are judged. Where files
// have no Unix owner (Windows) nothing is judged: there the cache folder and the
// temporary folder are the user's own, by their access control lists.
package safepath

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxLinks is how many symbolic links a path may have, as on Linux.
const maxLinks = 40

// Check returns an error that names what somebody else could change, unless all of
// the path is safe. What it leads to must exist.
func Check(path string) error { return self().walk(path, false) }

// Make makes a folder, and those above it that are missing, for the user alone. It
// fails where Check of the folder would.
func Make(folder string) error { return self().walk(folder, true) }

// Temp makes a new folder for the user alone in the temporary folder.
func Temp(pattern string) (string, error) { return self().temp("", pattern) }

// TempIn is Temp in another folder than the temporary one, unless that is "".
func TempIn(folder, pattern string) (string, error) { return self().temp(folder, pattern) }

// Cache returns a folder for the user alone in the cache folder of the user, and
// makes it where it is missing. Where the user has no cache folder, cannot write to
// it, or others can, that is a folder of the user's own in the temporary folder.
func Cache(name string) (string, error) {
	return self().cache(name, os.UserCacheDir, os.TempDir())
}

// judge knows whose files are trusted.
type judge struct {
	// owner returns who owns a file, false where files have no owners.
	owner func(path string, info fs.FileInfo) (owner, bool)
	uid   int
	// group is the id of the group that is the user's alone; -1 for none.
	group int
	// root owns the root folder, and could replace all that lies below it. In a
	// container that need not be user 0.
	root int
}

type owner struct{ uid, gid int }

func self() *judge {
	j := &judge{owner: fileOwner, uid: os.Geteuid(), group: userGroup()}
	if info, err := os.Lstat(string(filepath.Separator)); err == nil {
		if o, ok := j.owner(string(filepath.Separator), info); ok {
			j.root = o.uid
		}
	}
	return j
}

func (j *judge) temp(parent, pattern string) (string, error) {
	folder, err := os.MkdirTemp(parent, pattern)
	if err != nil {
		return "", fmt.Errorf("making a temporary folder: %w", err)
	}
	if err := j.walk(folder, false); err != nil {
		return "", errors.Join(fmt.Errorf("making a temporary folder: %w: set TMPDIR to a folder of your own", err), os.Remove(folder))
	}
	return folder, nil
}

func (j *judge) cache(name string, userCacheDir func() (string, error), tempDir string) (string, error) {
	folder, err := userCacheDir()
	if err == nil {
		folder = filepath.Join(folder, "protected-http-api", name)
		if err = j.walk(folder, true); err == nil {
			return folder, nil
		}
	}
	folder = filepath.Join(tempDir, fmt.Sprintf("protected-http-api-%d", j.uid), name)
	if tempErr := j.walk(folder, true); tempErr != nil {
		return "", fmt.Errorf("finding a cache folder: %w; %w: set XDG_CACHE_HOME to a folder of your own", err, tempErr)
	}
	return folder, nil
}

// Error says what is not safe in a path.
type Error struct {
	// Path is the element.
	Path string
	// Reason is who could change it.
	Reason string
}

// Error returns the element and the reason.
func (e *Error) Error() string { return fmt.Sprintf("%q %s", e.Path, e.Reason) }

// walk judges a path element by element, from the root, and follows links as the
// system does.
func (j *judge) walk(path string, create bool) error {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	at, rest := cut(absolute)
	for links := 0; ; {
		info, err := os.Lstat(at)
		if create && errors.Is(err, fs.ErrNotExist) {
			if err = os.Mkdir(at, 0o700); err == nil || errors.Is(err, fs.ErrExist) {
				info, err = os.Lstat(at)
			}
		}
		if err != nil {
			return err
		}
		if err := j.judge(at, info, len(rest) == 0); err != nil {
			return err
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			if links++; links > maxLinks {
				return fmt.Errorf("%q has more than %d symbolic links", path, maxLinks)
			}
			target, err := os.Readlink(at)
			if err != nil {
				return err
			}
			at = filepath.Dir(at)
			if filepath.IsAbs(target) {
				at, target = root(target)
			}
			rest = append(elements(target), rest...)
		} else if len(rest) == 0 {
			if create && !info.IsDir() {
				return &Error{at, "is no folder"}
			}
			return nil
		}
		if len(rest) > 0 {
			at, rest = filepath.Join(at, rest[0]), rest[1:]
		}
	}
}

// cut returns the root of an absolute path and the elements below it.
func cut(path string) (string, []string) {
	top, below := root(path)
	return top, elements(below)
}

func root(path string) (top, below string) {
	top = filepath.VolumeName(path) + string(filepath.Separator)
	return top, strings.TrimPrefix(path[len(top)-1:], string(filepath.Separator))
}

func elements(path string) []string {
	return strings.FieldsFunc(filepath.ToSlash(path), func(r rune) bool { return r == '/' })
}

// judge judges one element, whose parents are no links.
func (j *judge) judge(path string, info fs.FileInfo, last bool) error {
	o, ok := j.owner(path, info)
	if !ok {
		return nil
	}
	if !j.trusted(o) {
		return &Error{path, fmt.Sprintf("belongs to the user with the id %d", o.uid)}
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0: // its mode means nothing
	case !j.othersWrite(o, info):
	case info.IsDir() && info.Mode()&fs.ModeSticky != 0 && !last:
	case j.hidden(filepath.Dir(path)):
	default:
		return &Error{path, "can be written to by others than its owner (chmod go-w)"}
	}
	return nil
}

func (j *judge) trusted(o owner) bool { return o.uid == j.uid || o.uid == 0 || o.uid == j.root }

func (j *judge) othersWrite(o owner, info fs.FileInfo) bool {
	mode := info.Mode().Perm()
	return mode&0o002 != 0 || mode&0o020 != 0 && o.gid != j.group
}

// hidden reports whether a folder, or one above it, lets nobody in but its owner.
func (j *judge) hidden(folder string) bool {
	for {
		if info, err := os.Lstat(folder); err == nil && info.Mode().Perm()&0o011 == 0 {
			if o, ok := j.owner(folder, info); ok && j.trusted(o) {
				return true
			}
		}
		if folder == filepath.Dir(folder) {
			return false
		}
		folder = filepath.Dir(folder)
	}
}
