package authz

import (
	"crypto/rsa"
	"fmt"
	"slices"

	"github.com/golang-jwt/jwt/v5"
)

// signingMethods are golang-jwt's implementations for public keys, each of which takes
// keys of its own type only.
var signingMethods = map[Algorithm]jwt.SigningMethod{
	RS256: jwt.SigningMethodRS256, PS256: ps256,
	ES256: jwt.SigningMethodES256, EdDSA: jwt.SigningMethodEdDSA,
}

// ps256 takes a salt as long as the hash and no other (RFC 7518 section 3.5).
// golang-jwt's own takes any.
var ps256 = &jwt.SigningMethodRSAPSS{
	SigningMethodRSA: jwt.SigningMethodPS256.SigningMethodRSA,
	Options:          &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash},
}

// verifySignature tries the keys that the token's header admits, and returns the one
// that fits.
func verifySignature(keys []Key, head header, token compact, legacy bool) (Key, error) {
	candidates, err := selectKeys(keys, head, legacy)
	if err != nil {
		return Key{}, err
	}
	err = ErrUnsupportedAlgorithm
	for _, key := range candidates {
		if key.algorithm != head.algorithm {
			continue
		}
		if key.fits(token.signed, token.signature) {
			return key, nil
		}
		err = ErrInvalidSignature
	}
	return Key{}, err
}

// checkKeySet returns what [KeyProvider] does not allow.
func checkKeySet(keys []Key) error {
	if len(keys) == 0 {
		return fmt.Errorf("%w: the key provider gave no key", ErrMisconfigured)
	}
	const few = 16 // up to which ids are compared one by one
	var many map[string]bool
	if len(keys) > few {
		many = make(map[string]bool, len(keys))
	}
	named := 0
	for i, key := range keys {
		if key.material == nil {
			return fmt.Errorf("%w: the key provider gave the zero Key", ErrMisconfigured)
		}
		if key.algorithm.isHMAC() != keys[0].algorithm.isHMAC() {
			// RFC 8725 section 3.1.
			return fmt.Errorf("%w: the key provider gave secrets and public keys; use one kind, and another verifier for the other", ErrMisconfigured)
		}
		if key.id == "" {
			continue
		}
		named++
		if many[key.id] || many == nil && slices.ContainsFunc(keys[:i], func(k Key) bool { return k.id == key.id }) {
			return fmt.Errorf("%w: the key provider gave two keys with the id %q", ErrMisconfigured, key.id)
		}
		if many != nil {
			many[key.id] = true
		}
	}
	if named > 0 && named < len(keys) {
		return fmt.Errorf("%w: the key provider gave keys with an id and keys without; give all of them an id, or none", ErrMisconfigured)
	}
	return nil
}

// selectKeys returns the keys that a token may be verified with. Its kid has to
// have the form of an id only where the keys have ids: where they have none, an
// issuer may write into it any string, and one of legacy tokens a number.
func selectKeys(keys []Key, head header, legacy bool) ([]Key, error) {
	if err := checkKeySet(keys); err != nil {
		return nil, err
	}
	anonymous := keys[0].id == ""
	switch {
	case head.numericKeyID && (!anonymous || !legacy):
		return nil, errKeyIDType
	case anonymous || !head.hasKeyID:
		return keys, nil
	}
	if CheckCredentialID(head.keyID) != nil {
		return nil, errKeyID
	}
	i := slices.IndexFunc(keys, func(k Key) bool { return k.id == head.keyID })
	if i < 0 {
		return nil, errNoKey
	}
	return keys[i : i+1], nil
}

var (
	errKeyID = malformed("the token's kid is not " + idRule)
	errNoKey = fmt.Errorf("%w: no key has the token's kid", ErrUnknownKey)
)
