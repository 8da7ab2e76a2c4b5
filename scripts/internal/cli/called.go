package cli

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// name is the command's own.
const name = "pha"

// Called is how the command was called, for texts that name it: by its name or path
// where it is installed, else by the go command.
var Called = called(os.Args[0], os.Getenv("GOCACHE"), builtFrom())

// Text puts how the command was called in the place of {pha}.
func Text(text string) string { return strings.ReplaceAll(text, "{pha}", Called) }

// Quote writes a word for a POSIX shell (Shell Command Language, section 2.2.2): nothing
// has a meaning between single quotes.
func Quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// called finds that out: the go command runs what it has built from its cache or from a
// temporary folder called go-build…, and what it has built of the checkout itself has no
// version.
func called(path, cache, version string) string {
	byGo := cache != "" && strings.HasPrefix(path, cache+string(filepath.Separator))
	for folder := range strings.SplitSeq(filepath.ToSlash(path), "/") {
		byGo = byGo || strings.HasPrefix(folder, "go-build")
	}
	switch {
	case !byGo:
		return path
	case version == "(devel)":
		return "go run ./scripts/" + name
	}
	return "go tool " + name
}

// builtFrom is the version of the module that the command was built from; "(devel)"
// stands for a checkout.
func builtFrom() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return ""
}
