// Package verify measures the verification of credentials: this project's beside other
// libraries' and the bare HMAC. All sides are in one process, a program of a module of its
// own, so that who imports the project does not get the peers.
package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/bench"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/report"
)

// Folder is where the program's module is, in the project.
const Folder = "scripts/bench/internal/verify/sides"

// Measure fills the part.
func Measure(ctx context.Context, e *bench.Env, part *report.Part) error {
	program := filepath.Join(e.Temp, "verify")
	e.Logf("verify: building the program with all sides")
	if _, err := bench.Run(ctx, filepath.Join(e.Root, Folder), nil, "go", "build", "-o", program, "."); err != nil {
		return err
	}
	e.Logf("verify: measuring")
	args := []string{}
	if e.Quick {
		args = append(args, "-quick")
	}
	out, err := bench.Run(ctx, e.Root, nil, program, args...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, part); err != nil {
		return fmt.Errorf("reading what the program with all sides printed: %w", err)
	}
	return nil
}
