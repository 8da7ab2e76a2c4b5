package secret

import (
	"fmt"
	"slices"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/hmackey"
)

// ParseKeys returns the keys that the value of a secret parameter holds, each
// bound to the algorithm, the current one first. The value is one secret, or
// a JSON document with several:
//
//	{"current": K, "previous": K, "next": K}   (the last two are optional)
//	{"keys": {"key id": "secret", …}}
//
// K is "secret" or {"kid": "key id", "secret": "secret"}; either all keys of a
// document have an id or none has. A secret is written as [authz.ParseSecret]
// describes; for an algorithm with public keys it is a public key in PEM
// ([authz.ParsePublicKey]).
//
// Every mistake, an unknown or repeated member, two keys with one id, one secret
// with two ids and a JSON Web Key Set included, is authz.ErrMisconfigured. No error shows a part
// of the value.
func ParseKeys(algorithm authz.Algorithm, value string) ([]authz.Key, error) {
	document, err := ParseDocument(value)
	if err != nil {
		return nil, err
	}
	entries := document.Entries()
	keys := make([]authz.Key, len(entries))
	for i, entry := range entries {
		if keys[i], err = newKey(algorithm, entry); err != nil {
			if entry.Role != "" {
				err = fmt.Errorf("%s: %w", entry.Role, err)
			}
			return nil, err
		}
	}
	if err := checkIDs(keys); err != nil {
		return nil, err
	}
	return keys, nil
}

func newKey(algorithm authz.Algorithm, entry Entry) (authz.Key, error) {
	if authz.MinSecretBytes(algorithm) == 0 {
		return authz.ParsePublicKey(algorithm, entry.ID, entry.Value())
	}
	secret, err := authz.ParseSecret(entry.Value())
	if err != nil {
		return authz.Key{}, err
	}
	return authz.NewHMACKey(algorithm, entry.ID, secret)
}

// checkIDs refuses keys that a verifier could not tell apart, and one secret under
// two ids ([authz.CheckKeys]). The ids are not shown: who mistakes one place for another writes a secret there.
func checkIDs(keys []authz.Key) error {
	seen, secrets := map[string]bool{}, hmackey.Set[struct{}]{}
	for _, key := range keys {
		id := key.ID()
		if secret, ok := key.HMACSecret(); ok && id != "" {
			if _, same := secrets.Add(secret, struct{}{}); same && !seen[id] {
				return fmt.Errorf("%w: two keys with different ids are the same secret; give each a secret of its own", authz.ErrMisconfigured)
			}
		}
		if id != "" && seen[id] {
			return fmt.Errorf("%w: two keys have the same id", authz.ErrMisconfigured)
		}
		seen[id] = true
	}
	if seen[""] && len(seen) > 1 {
		return fmt.Errorf("%w: some keys have an id and some have none; give all of them one, or none", authz.ErrMisconfigured)
	}
	return nil
}

// sameKeys compares in the order of the parameters and their documents.
func sameKeys(a, b []authz.Key) bool { return slices.EqualFunc(a, b, authz.Key.Equal) }
