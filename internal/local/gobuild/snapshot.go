package gobuild

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Snapshot is all that a program was compiled from: with the same, the go command would
// compile the same. To compare takes the tenth of the time in which the go command finds
// that it has nothing to do.
type Snapshot struct {
	Package Package
	Sources *Sources
	// Sum is a hash of the sources' contents, and of what the go command says of itself.
	Sum string
}

// TakeSnapshot looks at what a package is compiled from now.
func TakeSnapshot(ctx context.Context, p Package) (*Snapshot, error) {
	sources, err := FindSources(ctx, []Package{p})
	if err != nil {
		return nil, err
	}
	sum, err := sources.sum(ctx, p)
	return &Snapshot{Package: p, Sources: sources, Sum: sum}, err
}

// Current reports whether all is as it was.
func (s *Snapshot) Current(ctx context.Context) bool {
	sum, err := s.Sources.sum(ctx, s.Package)
	return err == nil && sum == s.Sum
}

// outside are flags of the go command with which builds read other files than sources.
var outside = []string{"-overlay", "-modfile", "-toolexec", "-pgo"}

func (s *Sources) sum(ctx context.Context, p Package) (string, error) {
	out, err := goOutput(ctx, p.Folder, p.Env, "env", "-json")
	if err != nil {
		return "", err
	}
	env := map[string]string{}
	if err := json.Unmarshal(out, &env); err != nil {
		return "", fmt.Errorf("reading what go env says: %w", err)
	}
	for _, flag := range outside {
		if strings.Contains(env["GOFLAGS"], flag) {
			return "", fmt.Errorf("GOFLAGS has %s, with which more than sources are read", flag)
		}
	}
	delete(env, "GOGCCFLAGS") // made of others, and of the name of a temporary folder
	hash := sha256.New()
	// A map's members are sorted.
	if err := json.NewEncoder(hash).Encode([]any{p, env}); err != nil {
		return "", err
	}
	for _, tool := range []string{"compile", "link"} {
		info, err := os.Stat(filepath.Join(env["GOTOOLDIR"], tool))
		if err != nil {
			return "", fmt.Errorf("looking at the Go toolchain: %w", err)
		}
		_, _ = fmt.Fprintf(hash, "%s %d %d\n", tool, info.Size(), info.ModTime().UnixNano())
	}
	for _, folder := range s.Folders() {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return "", fmt.Errorf("looking at the sources: %w", err)
		}
		for _, entry := range entries {
			path := filepath.Join(folder, entry.Name())
			if !s.Read(path) {
				continue
			}
			content, err := os.ReadFile(path) //nolint:gosec // the developer's own source
			if info, stat := os.Stat(path); err != nil && (stat != nil || !info.IsDir()) {
				return "", fmt.Errorf("looking at the sources: %w", errors.Join(err, stat))
			}
			_, _ = fmt.Fprintf(hash, "%q %x\n", path, sha256.Sum256(content))
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// stored is how sources are kept in a file.
type stored struct {
	Files, Packages, Modules map[string]bool
	Patterns                 []storedPattern
	Missing                  []string
}

type storedPattern struct {
	Folder, Match string
	All           bool
}

// MarshalJSON implements json.Marshaler.
func (s *Sources) MarshalJSON() ([]byte, error) {
	to := stored{Files: s.files, Packages: s.packages, Modules: s.modules, Missing: s.missing}
	for _, p := range s.patterns {
		to.Patterns = append(to.Patterns, storedPattern{p.folder, p.match, p.all})
	}
	return json.Marshal(to)
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Sources) UnmarshalJSON(content []byte) error {
	var from stored
	if err := json.Unmarshal(content, &from); err != nil {
		return err
	}
	*s = Sources{files: from.Files, packages: from.Packages, modules: from.Modules, missing: from.Missing}
	for _, p := range from.Patterns {
		s.patterns = append(s.patterns, pattern{p.Folder, p.Match, p.All})
	}
	return nil
}
