package deployed

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/pulumicli"
)

// Export reads the state of a stack with Pulumi's own command.
type Export struct {
	// Dir is the project's folder.
	Dir, Stack string
	// Backend has the state of a local deployment. Empty, it is the user's own: then the
	// user's Pulumi reads it, if there is one.
	Backend string
	// Temp is where a Pulumi is built where there is none; empty for the system's.
	Temp     string
	Progress io.Writer
}

// Run returns what pulumi stack export prints.
func (e Export) Run(ctx context.Context) ([]byte, error) {
	pulumi, err := e.pulumi(ctx)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, pulumi, "stack", "export", "--stack", e.Stack, "--cwd", e.Dir, "--non-interactive") //nolint:gosec // the user's own choice
	cmd.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true")
	if e.Backend != "" {
		cmd.Env = append(cmd.Env, "PULUMI_BACKEND_URL="+e.Backend)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("pulumi stack export says: %s", cmp.Or(strings.TrimSpace(stderr.String()), err.Error()))
	}
	return stdout.Bytes(), nil
}

// pulumi is the command that reads the state.
func (e Export) pulumi(ctx context.Context) (string, error) {
	if e.Backend == "" {
		if own, err := exec.LookPath("pulumi"); err == nil {
			return own, nil
		}
	}
	ensure := pulumicli.Ensure
	if e.Backend != "" {
		ensure = pulumicli.EnsureEngine
	}
	root, err := ensure(ctx, e.Temp, e.Progress)
	return filepath.Join(root, "bin", "pulumi"), err
}
