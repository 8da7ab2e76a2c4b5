package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
)

const upUsage = `up deploys a stack to a local AWS, prints the API's URL, a token and commands to
try, and then shows every request and every function's log until Ctrl-C, which
removes everything.

  go run ./scripts/local up --stack prod
`

// state is what the state file holds.
type state struct {
	// APIURL is the address of the first of APIs.
	APIURL string `json:"apiUrl,omitempty"`
	// APIs are all of them, sorted by name.
	APIs []local.API `json:"apis"`
	// SecretPath is the first SSM parameter that holds the secret of tokens, if
	// any does.
	SecretPath string `json:"secretPath,omitempty"`
	// Outputs are the stack's outputs, without secret ones.
	Outputs map[string]any `json:"outputs"`
	// LogDir has one file a log group, named after it.
	LogDir string `json:"logDir"`
	// Env makes AWS clients talk to the local AWS.
	Env map[string]string `json:"env"`
}

func up(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	start := time.Now()
	var stateFile string
	var watch bool
	opts, err := parse("up", upUsage, args, stdout, func(flags *flag.FlagSet) {
		flags.StringVar(&stateFile, "state-file", "", "when the API serves, write what a test needs to know to this `file`, as JSON")
		flags.BoolVar(&watch, "watch", false, "deploy again whenever a file changes that the builds read, or a Pulumi file")
	})
	if err != nil {
		return err
	}
	opts.Progress = stderr
	opts.Console = stdout
	deployment, err := local.Start(ctx, opts)
	if err != nil {
		return err
	}
	defer func() {
		_, _ = fmt.Fprintln(stderr, "removing everything")
		err = errors.Join(err, deployment.Close())
	}()
	token, err := newToken(deployment, "usr_local")
	if err != nil {
		return err
	}
	if err := greet(stdout, deployment, token, time.Since(start)); err != nil {
		return err
	}
	if stateFile != "" {
		remove, err := writeState(stateFile, stateOf(deployment))
		if err != nil {
			return err
		}
		defer remove()
	}
	if watch {
		if err := deployment.Watch(ctx, stdout); err != nil {
			return err
		}
	}
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, cli.ErrInterrupted) {
		return cause
	}
	return nil
}

func stateOf(d *local.Deployment) state {
	s := state{APIs: d.APIs, Outputs: d.Outputs, LogDir: d.AWS.LogDir, Env: d.AWS.Environment()}
	if len(d.APIs) > 0 {
		s.APIURL = d.APIs[0].URL
	}
	if len(d.SecretPaths) > 0 {
		s.SecretPath = d.SecretPaths[0]
	}
	return s
}

// writeState writes the state file in one piece, readable by its owner only:
// its credentials may do everything in the local AWS.
func writeState(path string, s state) (remove func(), err error) {
	content, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the state file: %w", err)
	}
	partial, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return nil, fmt.Errorf("writing the state file: %w", err)
	}
	_, err = partial.Write(append(content, '\n'))
	err = errors.Join(err, partial.Close())
	if err == nil {
		err = os.Rename(partial.Name(), path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("writing the state file: %w", err), os.Remove(partial.Name()))
	}
	return func() { _ = os.Remove(path) }, nil
}
