package gateway

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/bench"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/load"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/store"
)

// osls is the fork of serverless 3 that serverless-offline runs in without an account.
const (
	offline = "14.8.2"
	osls    = "4.3.1"
	sdk     = "3.1169.0"
)

// peers start serverless-offline twice: with what is like the Events API, whose functions
// have threads of their own and call a DynamoDB through AWS's SDK; and with what is
// fastest, functions in its own process that keep events in memory.
func peers(ctx context.Context, e *bench.Env, secret string) (_ []target, stop func(), err error) {
	var stops []func()
	stop = func() {
		for _, s := range stops {
			s()
		}
	}
	defer func() {
		if err != nil {
			stop()
		}
	}()
	folder, err := e.NPM(ctx, "serverless-offline", "serverless-offline@"+offline, "osls@"+osls, "@aws-sdk/client-dynamodb@"+sdk)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range []string{"serverless.yml", "handler.js"} {
		content, err := os.ReadFile(filepath.Join(e.Root, "scripts/bench/internal/gateway/testdata", name)) //nolint:gosec // the two above
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), content, 0o600) //nolint:gosec // in the cache
		}
		if err != nil {
			return nil, nil, err
		}
	}
	dynalite, stopDynalite, err := store.Dynalite(ctx, e)
	if err != nil {
		return nil, nil, err
	}
	stops = append(stops, stopDynalite)
	var targets []target
	for _, peer := range []struct{ name, inProcess, dynamodb string }{{alike, "false", dynalite}, {fastest, "true", ""}} {
		port, err := load.FreePort()
		lambdaPort, err2 := load.FreePort()
		if err := errors.Join(err, err2); err != nil {
			return nil, nil, err
		}
		s, err := e.Background(ctx, folder, []string{
			"IN_PROCESS=" + peer.inProcess, "DYNAMODB=" + peer.dynamodb, "SECRET=" + secret, "PORT=" + port, "LAMBDA_PORT=" + lambdaPort,
			"AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=y", "SLS_TELEMETRY_DISABLED=1", "SLS_NOTIFICATIONS_MODE=off",
		}, "node", filepath.Join("node_modules", "osls", "bin", "serverless.js"), "offline", "start")
		if err != nil {
			return nil, nil, err
		}
		stops = append(stops, s)
		if err := load.Serves(ctx, "127.0.0.1:"+port, 2*time.Minute); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", peer.name, err)
		}
		targets = append(targets, target{peer.name, "http://127.0.0.1:" + port})
	}
	return targets, stop, nil
}
