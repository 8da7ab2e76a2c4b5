package local

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// goShim stands before the go command while Pulumi runs. Pulumi's language
// host lists the program's modules with -mod=mod to find plugins to install,
// which may write to the project's go.mod and go.sum. The local AWS needs no
// plugin, and the host takes a failed list for an empty one.
const goShim = `#!/bin/sh
case "$*" in
list\ *-mod=mod*) exit 1 ;;
esac
exec %s "$@"
`

// layTools makes a Pulumi installation in dir that consists of links to the
// one in the folder pulumi and of goShim.
func layTools(dir, pulumi string) error {
	command, err := exec.LookPath("go")
	if err != nil {
		return fmt.Errorf("finding the go command: %w: install Go from https://go.dev/dl", err)
	}
	if command, err = filepath.Abs(command); err != nil {
		return fmt.Errorf("finding the go command: %w", err)
	}
	bin := filepath.Join(dir, "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return fmt.Errorf("making a folder for Pulumi: %w", err)
	}
	for _, name := range []string{"pulumi", "pulumi-language-go"} {
		if err := os.Symlink(filepath.Join(pulumi, "bin", name), filepath.Join(bin, name)); err != nil {
			return fmt.Errorf("linking %s: %w", name, err)
		}
	}
	quoted := "'" + strings.ReplaceAll(command, "'", `'\''`) + "'"
	//nolint:gosec // a script that is to be run
	if err := os.WriteFile(filepath.Join(bin, "go"), fmt.Appendf(nil, goShim, quoted), 0o700); err != nil {
		return fmt.Errorf("writing the go command's stand-in: %w", err)
	}
	return nil
}
