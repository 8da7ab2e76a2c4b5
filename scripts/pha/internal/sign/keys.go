package sign

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/secret"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/deployed"
	"github.com/protected-http-api/protected-http-api/scripts/internal/parameter"
)

// envKeys can hold the keys themselves.
const envKeys = "SIGNING_KEYS"

// exampleKeys is a shell command that prints keys.
const exampleKeys = `printf '{"keys": {"partner-1": "base64:%s"}}' "$(openssl rand -base64 32)"`

// readKey returns the key that the options choose. No error shows an id that
// was not asked for: who mistakes one place for another writes a secret there.
func readKey(ctx context.Context, o options, stderr io.Writer) (authz.Key, error) {
	value, where, err := readKeys(ctx, o, stderr)
	if err != nil {
		return authz.Key{}, err
	}
	keys, err := secret.ParseKeys(authz.HS256, value)
	if err != nil {
		return authz.Key{}, fmt.Errorf("using %s: %w", where, err)
	}
	if keys[0].ID() == "" {
		return authz.Key{}, fmt.Errorf(`using %s: its keys have no ids; write {"keys": {"key id": "secret"}}`, where)
	}
	if o.keyID == "" && len(keys) > 1 {
		return authz.Key{}, cli.Usagef("%s has %d keys; choose one with --key-id", where, len(keys))
	}
	for _, key := range keys {
		if o.keyID == "" || key.ID() == o.keyID {
			return key, nil
		}
	}
	return authz.Key{}, fmt.Errorf("%s has no key with the id %q", where, o.keyID)
}

func readKeys(ctx context.Context, o options, stderr io.Writer) (value, where string, err error) {
	if o.keysFile != "" {
		content, err := os.ReadFile(o.keysFile)
		if err != nil {
			return "", "", fmt.Errorf("reading the keys: %w", err)
		}
		return string(content), fmt.Sprintf("file %q", o.keysFile), nil
	}
	if value := os.Getenv(envKeys); value != "" {
		return value, "environment variable " + envKeys, nil
	}
	path, err := o.target.Lookup(ctx, o.keysPath, deployed.Keys, stderr)
	if err != nil {
		return "", "", err
	}
	p, err := parameter.Read(ctx, path, exampleKeys)
	if err != nil {
		return "", "", err
	}
	return p.Value(), parameter.Noun(path), nil
}
