package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/cli"
	"github.com/protected-http-api/protected-http-api/internal/local"
)

const upUsage = `up deploys a stack to a local AWS, prints the API's URL, a token and commands to
try, and then shows every request and every function's log until Ctrl-C, which
removes everything.

  go run ./scripts/local up --stack prod
`

// state is what the state file holds.
type state struct {
	// APIURL is the API's address.
	APIURL string `json:"apiUrl"`
	// SecretPath is the SSM parameter that holds the secret.
	SecretPath string `json:"secretPath"`
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
		flags.BoolVar(&watch, "watch", false, "deploy again whenever a Go or Pulumi file changes")
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
	url, err := deployment.Output("apiUrl")
	if err != nil {
		return err
	}
	token, err := deployment.Token("usr_local")
	if err != nil {
		return err
	}
	if err := greet(stdout, deployment, url, token, time.Since(start)); err != nil {
		return err
	}
	if stateFile != "" {
		remove, err := writeState(stateFile, state{
			APIURL:     url,
			SecretPath: deployment.SecretPath,
			Outputs:    deployment.Outputs,
			LogDir:     deployment.AWS.LogDir,
			Env:        deployment.AWS.Environment(),
		})
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

// greet prints what a developer needs to try the API.
func greet(w io.Writer, d *local.Deployment, url, token string, took time.Duration) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\nThe API serves at %s (after %s).\n\n", url, took.Round(100*time.Millisecond))
	fmt.Fprintf(&b, "A token that is good for an hour:\n\n  TOKEN=%s\n\n", token)
	b.WriteString("Try it:\n\n")
	for _, line := range tries(d.Outputs["access"], url) {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	b.WriteString("\nFor the AWS CLI, scripts/token and scripts/verify:\n\n")
	env := d.AWS.Environment()
	for _, name := range slices.Sorted(maps.Keys(env)) {
		fmt.Fprintf(&b, "  export %s=%s\n", name, env[name])
	}
	fmt.Fprintf(&b, "\nLogs, a file a log group: %s\nCtrl-C removes everything. Requests and function logs follow.\n\n", d.AWS.LogDir)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("printing how to use the API: %w", err)
	}
	return nil
}

// public is how the access output names a route that anyone may call.
const public = "public"

// methods in the order in which one tries an API.
var methods = []string{"POST", "PUT", "PATCH", "GET", "HEAD", "OPTIONS", "DELETE"}

// byMethod orders route keys.
func byMethod(a, b string) int {
	rank := func(key string) int {
		method, _, _ := strings.Cut(key, " ")
		return slices.Index(methods, method)
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}

// tries are curl lines, one for each route of the access output, and for the
// first protected route also one without a token and one with a bad token.
func tries(access any, url string) []string {
	routes, _ := access.(map[string]any)
	var lines []string
	refusals := false
	for _, key := range slices.SortedFunc(maps.Keys(routes), byMethod) {
		method, path, _ := strings.Cut(key, " ")
		if !slices.Contains(methods, method) { // ANY and $default
			continue
		}
		line := "curl -i"
		if method != "GET" {
			line += " -X " + method
		}
		if slices.Contains([]string{"POST", "PUT", "PATCH"}, method) {
			line += ` -H 'Content-Type: application/json' -d '{"name":"My first event"}'`
		}
		address := " '" + strings.TrimSuffix(url, "/") + path + "'"
		if routes[key] == public {
			lines = append(lines, line+address+"   # "+public)
			continue
		}
		if !refusals {
			lines = append(lines,
				line+address+"   # no token: 401",
				line+" -H 'Authorization: Bearer bad-token'"+address+"   # bad token: 403")
			refusals = true
		}
		lines = append(lines, line+` -H "Authorization: Bearer $TOKEN"`+address)
	}
	return lines
}
