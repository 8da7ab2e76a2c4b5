package golambda

import (
	"context"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/modfile"
)

// pin returns the value of GOTOOLCHAIN with which a folder's package is compiled
// by the toolchain that its go.work or go.mod names in a toolchain line, and by no
// newer one. It is empty where the go command takes that one by itself, and where
// there is no such line.
func (c *compiler) pin(ctx context.Context, folder string, alone bool, env goEnv) (string, error) {
	if env.GOMOD == os.DevNull && env.GOWORK == "" {
		return "", fmt.Errorf("folder %q belongs to no Go module: run go mod init in it or in a folder above it", folder)
	}
	file, name := toolchainLine(env)
	if name == "" || name == plain(env.GOVERSION) {
		return "", nil
	}
	// GOTOOLCHAIN is auto, path, local or a name, or a name with +auto or +path
	// (go.dev/doc/toolchain).
	_, mode, both := strings.Cut(env.GOTOOLCHAIN, "+")
	if !both {
		mode = env.GOTOOLCHAIN
	}
	value := name
	switch mode {
	case "auto":
	case "path": // only what is installed
		value += "+path"
	default:
		return "", fmt.Errorf("%s has the line toolchain %s, but the go command is %s, and GOTOOLCHAIN=%s allows no other: set GOTOOLCHAIN=auto, install %s, or change the line",
			file, name, plain(env.GOVERSION), env.GOTOOLCHAIN, name)
	}
	if err := c.have(ctx, folder, alone, value); err != nil {
		return "", fmt.Errorf("%s has the line toolchain %s, which cannot be had (connect to the network, install it with go install golang.org/dl/%s@latest, or change the line): %w",
			file, name, name, err)
	}
	return value, nil
}

// toolchainLine returns the file that decides about the toolchain, and the
// toolchain that it names. A file that cannot be read is left to go build to report.
func toolchainLine(env goEnv) (file, name string) {
	if file = env.GOMOD; env.GOWORK != "" && env.GOWORK != "off" {
		file = env.GOWORK
	}
	content, err := os.ReadFile(file) //nolint:gosec // as the go command names it
	if err != nil {
		return file, ""
	}
	// The lax parser passes over the lines of later versions of Go. It reads
	// go.work too, since both files have one syntax.
	parsed, err := modfile.ParseLax(file, content, nil)
	if err != nil {
		return file, ""
	}
	for _, statement := range parsed.Syntax.Stmt {
		line, ok := statement.(*modfile.Line)
		if ok && len(line.Token) == 2 && line.Token[0] == "toolchain" && line.Token[1] != "default" {
			name = line.Token[1]
		}
	}
	return file, name
}

// plain leaves out what a toolchain adds to its version: its experiments.
func plain(version string) string {
	version, _, _ = strings.Cut(version, " ")
	version, _, _ = strings.Cut(version, "-X:")
	return version
}

// have asks the go command for a toolchain, which it may have to download.
func (c *compiler) have(ctx context.Context, folder string, alone bool, value string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err, known := c.toolchains[value]
	if !known {
		cmd := c.goRun(ctx, folder, alone, "version")
		cmd.Env = append(cmd.Environ(), "GOTOOLCHAIN="+value)
		if _, err = cmd.Output(); err != nil {
			err = commandError(err)
		}
		c.toolchains[value] = err
	}
	return err
}
