// Command server serves the Events API on a local AWS as pha up does, with the live page or
// without, until its standard input ends. It writes a line of JSON, [gateway.Served], first.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/events/token"
	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/gateway"
	"github.com/protected-http-api/protected-http-api/scripts/internal/page"
)

func main() {
	var opts local.Options
	flag.StringVar(&opts.Project, "project", "", "")
	flag.StringVar(&opts.Temp, "temp", "", "")
	flag.IntVar(&opts.Concurrency, "concurrency", 0, "")
	withPage := flag.Bool("page", false, "")
	flag.Parse()
	if err := run(context.Background(), opts, *withPage); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, opts local.Options, withPage bool) (err error) {
	opts.Stack, opts.Progress, opts.Output, opts.Console, opts.Brief = "prod", io.Discard, io.Discard, io.Discard, true
	var served gateway.Served
	if withPage {
		live, err := page.New(0, nil)
		if err != nil {
			return err
		}
		defer live.Close() //nolint:errcheck // nobody looks any more
		live.Follow(&opts)
		served.Page = live.URL
	}
	d, err := local.Start(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if served.URL, err = d.Output("apiUrl"); err != nil {
		return err
	}
	now := time.Now()
	served.Token, err = token.Sign(d.Secret, token.Claims{Subject: "usr_1", IssuedAt: now, ExpiresAt: now.Add(time.Hour), Extra: map[string]any{"permissions": []string{"*"}}})
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(served); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
