package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// NPM installs packages, name@version each, into a folder of the cache, unless they are
// there already, and returns the folder. A peer that cannot be installed is Missing.
func (e *Env) NPM(ctx context.Context, peer string, packages ...string) (string, error) {
	for _, needed := range []string{"node", "npm"} {
		if _, err := exec.LookPath(needed); err != nil {
			return "", &Missing{Peer: peer, Why: needed + " is not on the PATH", Install: "apt-get install nodejs npm"}
		}
	}
	sum := sha256.Sum256([]byte(strings.Join(packages, " ")))
	folder := filepath.Join(e.Cache, "npm-"+hex.EncodeToString(sum[:6]))
	done := filepath.Join(folder, "installed")
	if _, err := os.Stat(done); err == nil {
		return folder, nil
	}
	e.Logf("installing %s with npm into %s", strings.Join(packages, ", "), folder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(folder, "package.json"), []byte("{}\n"), 0o600); err != nil {
		return "", err
	}
	arguments := slices.Concat([]string{"install", "--no-audit", "--no-fund", "--legacy-peer-deps"}, packages)
	if _, err := Run(ctx, folder, nil, "npm", arguments...); err != nil {
		if ctx.Err() != nil {
			return "", err
		}
		return "", &Missing{Peer: peer, Why: strings.ReplaceAll(err.Error(), "\n", " "), Install: "npm " + strings.Join(arguments, " ")}
	}
	return folder, os.WriteFile(done, nil, 0o600)
}
