package authz

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/protected-http-api/protected-http-api/authz/internal/hmackey"
)

// Algorithm is a signature algorithm by its name in the registry of RFC 7518
// section 3.1.
type Algorithm string

// The algorithms that a key can be bound to.
const (
	HS256 Algorithm = "HS256"
	HS384 Algorithm = "HS384"
	HS512 Algorithm = "HS512"
	RS256 Algorithm = "RS256"
	PS256 Algorithm = "PS256"
	ES256 Algorithm = "ES256"
	EdDSA Algorithm = "EdDSA" // Ed25519 only (RFC 8037)
)

// minSecretBytes is how long the secret of an HMAC algorithm must at least be:
// as long as its hash (RFC 7518 section 3.2).
var minSecretBytes = map[Algorithm]int{HS256: 32, HS384: 48, HS512: 64}

// isHMAC reports whether the algorithm's keys are secrets.
func (a Algorithm) isHMAC() bool { return a == HS256 || a == HS384 || a == HS512 }

// MinSecretBytes returns how long the secret of an HMAC algorithm must at least
// be, in bytes; 0 for other algorithms.
func MinSecretBytes(algorithm Algorithm) int { return minSecretBytes[algorithm] }

// minRSABits is the shortest RSA key (RFC 7518 sections 3.3 and 3.5), and
// maxRSABits a length beyond which checking a signature takes too long.
const minRSABits, maxRSABits = 2048, 8192

// minRSAExponent is the least public exponent (RFC 8017 section 3.1), and
// maxRSAExponent the greatest that crypto/rsa verifies with.
const minRSAExponent, maxRSAExponent = 3, 1<<31 - 1

// secretPrefix marks a secret that is written in base64.
const secretPrefix = "base64:"

// Key is a key bound to the one algorithm it may be used with. Printed, logged
// or marshalled, it does not show the key.
type Key struct {
	id        string
	algorithm Algorithm
	// material is the secret or the public key, and fits verifies a signature with it.
	// They are functions, because fmt prints the fields of a struct that holds a Key
	// in an unexported field without asking String, and follows pointers to structs.
	material func() any
	fits     func(signed string, signature []byte) bool
}

// NewHMACKey returns the key of an HMAC algorithm. The secret is copied. One
// that is shorter than MinSecretBytes is refused, and so is an id that is
// neither empty nor one of [CheckCredentialID]. The error is ErrMisconfigured.
func NewHMACKey(algorithm Algorithm, id string, secret []byte) (Key, error) {
	shortest := minSecretBytes[algorithm]
	switch {
	case shortest == 0:
		return Key{}, fmt.Errorf("%w: %q is not an HMAC algorithm; use HS256, HS384 or HS512", ErrMisconfigured, algorithm)
	case bytes.HasPrefix(bytes.TrimSpace(secret), []byte("-----BEGIN")):
		// The attack of RFC 8725 section 2.1, made by hand.
		return Key{}, fmt.Errorf("%w: the secret is a key in PEM, which is public or belongs to another algorithm; make a secret with: openssl rand -base64 %d", ErrMisconfigured, shortest)
	case len(secret) < shortest:
		return Key{}, fmt.Errorf("%w: the secret has %d bytes, %s needs at least %d (RFC 7518 section 3.2); make one with: openssl rand -base64 %d", ErrMisconfigured, len(secret), algorithm, shortest, shortest)
	}
	secret = bytes.Clone(secret)
	return newKey(algorithm, id, secret, newMAC(algorithm, secret))
}

// NewPublicKey returns the key of an algorithm with public keys: an
// *rsa.PublicKey of 2048 to 8192 bits and an odd exponent from 3 to 2^31-1 for
// RS256 and PS256, an *ecdsa.PublicKey on the curve P-256 for ES256, an
// ed25519.PublicKey for EdDSA. Anything else, and an id that is neither empty
// nor one of [CheckCredentialID], is refused with ErrMisconfigured.
func NewPublicKey(algorithm Algorithm, id string, key crypto.PublicKey) (Key, error) {
	good := false
	switch public := key.(type) {
	case *rsa.PublicKey:
		bits := 0
		if public != nil && public.N != nil {
			bits = public.N.BitLen()
		}
		if (algorithm == RS256 || algorithm == PS256) && (bits < minRSABits || bits > maxRSABits) {
			return Key{}, fmt.Errorf("%w: the RSA key has %d bits, %s takes %d to %d (RFC 7518 section 3.3)", ErrMisconfigured, bits, algorithm, minRSABits, maxRSABits)
		}
		good = algorithm == RS256 || algorithm == PS256
		if good && (public.E < minRSAExponent || public.E > maxRSAExponent || public.E%2 == 0) {
			return Key{}, fmt.Errorf("%w: the RSA key's exponent is %d, which is even, below %d or beyond %d; 65537 is usual", ErrMisconfigured, public.E, minRSAExponent, maxRSAExponent)
		}
	case *ecdsa.PublicKey:
		good = algorithm == ES256 && public != nil && public.Curve == elliptic.P256() &&
			public.X != nil && public.Y != nil //nolint:staticcheck // ECDH panics without, and only the fields tell
		if good {
			_, err := public.ECDH() // fails for a point that is not on the curve
			good = err == nil
		}
	case ed25519.PublicKey:
		good = algorithm == EdDSA && len(public) == ed25519.PublicKeySize
	}
	if !good {
		return Key{}, fmt.Errorf("%w: a %T is no key of %q; RS256 and PS256 take RSA, ES256 takes ECDSA on P-256, EdDSA takes Ed25519", ErrMisconfigured, key, algorithm)
	}
	return newKey(algorithm, id, key, func(signed string, signature []byte) bool {
		return signingMethods[algorithm].Verify(signed, signature, key) == nil
	})
}

// ParsePublicKey is NewPublicKey of a key in PEM: a PUBLIC KEY (RFC 5280
// section 4.1) or a CERTIFICATE, of which only the key counts. A JSON Web Key
// Set or its address is refused: an issuer that publishes one is judged by API
// Gateway's own JWT authorizer, without any function.
func ParsePublicKey(algorithm Algorithm, id, text string) (Key, error) {
	trimmed := strings.TrimSpace(text)
	if strings.HasPrefix(trimmed, "{") || strings.Contains(trimmed, "://") {
		return Key{}, fmt.Errorf("%w: the public key is a JSON Web Key Set or an address; %s", ErrMisconfigured, UseJWTAuthorizer)
	}
	block, rest := pem.Decode([]byte(trimmed))
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return Key{}, fmt.Errorf("%w: the public key is not one PEM block", ErrMisconfigured)
	}
	var key crypto.PublicKey
	var err error
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "CERTIFICATE":
		var certificate *x509.Certificate
		if certificate, err = x509.ParseCertificate(block.Bytes); err == nil {
			key = certificate.PublicKey
		}
	case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY":
		return Key{}, fmt.Errorf("%w: this is a private key, which must stay with the issuer; give its public key (openssl pkey -pubout)", ErrMisconfigured)
	default:
		return Key{}, fmt.Errorf("%w: the PEM block is neither PUBLIC KEY nor CERTIFICATE", ErrMisconfigured)
	}
	if err != nil {
		return Key{}, fmt.Errorf("%w: the public key cannot be read: %w", ErrMisconfigured, err)
	}
	return NewPublicKey(algorithm, id, key)
}

// UseJWTAuthorizer says what to do with an issuer that publishes a JSON Web
// Key Set.
const UseJWTAuthorizer = "for an issuer with a JSON Web Key Set (JWKS) use API Gateway's built-in JWT authorizer, which fetches it"

func newKey(algorithm Algorithm, id string, material any, fits func(string, []byte) bool) (Key, error) {
	if id != "" {
		if err := CheckCredentialID(id); err != nil {
			return Key{}, fmt.Errorf("%w: the key's id: %w", ErrMisconfigured, err)
		}
	}
	return Key{id, algorithm, func() any { return material }, fits}, nil
}

// ID returns the key's id, the kid of RFC 7515 section 4.1.4; empty without
// one.
func (k Key) ID() string { return k.id }

// Algorithm returns the algorithm that the key is bound to.
func (k Key) Algorithm() Algorithm { return k.algorithm }

// HMACSecret returns the secret of an HMAC key, and false for any other. It
// must not be changed, and must not reach a log or an error.
func (k Key) HMACSecret() ([]byte, bool) {
	if k.material == nil {
		return nil, false
	}
	secret, ok := k.material().([]byte)
	return secret, ok
}

// Equal reports whether two keys are the same in id, algorithm and key. The time
// that it takes says nothing of the secrets but their length, and whether they are
// the same.
func (k Key) Equal(other Key) bool {
	return k.id == other.id && k.algorithm == other.algorithm && k.SameMaterial(other)
}

// SameMaterial reports whether two keys hold the same secret or public key,
// whatever their ids and algorithms. Two secrets that HMAC makes one key of are
// the same: one that the other is followed by zeros, one that is the other's hash
// (RFC 2104 section 2).
func (k Key) SameMaterial(other Key) bool {
	if k.material == nil || other.material == nil {
		return k.material == nil && other.material == nil
	}
	switch mine := k.material().(type) {
	case []byte:
		theirs, ok := other.HMACSecret()
		return ok && (equal(mine, theirs) || hmackey.Same(mine, theirs))
	case interface{ Equal(crypto.PublicKey) bool }:
		return mine.Equal(other.material())
	}
	return false
}

// equal compares digests of equal length, so that the time it takes tells
// nothing, not even the length.
func equal(a, b []byte) bool {
	x, y := sha256.Sum256(a), sha256.Sum256(b)
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// String returns the algorithm, the id and a placeholder.
func (k Key) String() string {
	if k.material == nil {
		return "no key"
	}
	return strings.TrimSpace(string(k.algorithm)+" "+k.id) + " " + redacted
}

// Format prints what String returns, for every verb.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

// MarshalText implements [encoding.TextMarshaler], and so JSON and slog too,
// with what String returns.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// CheckKeys returns what is wrong with the keys of one verifier, as
// ErrMisconfigured: none, secrets beside public keys, ids for some only, an id
// twice, or one secret under two ids, of which the one that is taken out would
// still be accepted, and two users would be one.
func CheckKeys(keys []Key) error {
	if err := checkKeySet(keys); err != nil {
		return err
	}
	secrets := hmackey.Set[string]{}
	for _, key := range keys {
		secret, ok := key.HMACSecret()
		if !ok || key.id == "" {
			continue
		}
		if other, same := secrets.Add(secret, key.id); same {
			return fmt.Errorf("%w: the keys with the ids %q and %q are the same secret; give each a secret of its own", ErrMisconfigured, other, key.id)
		}
	}
	return nil
}

// KeyProvider gives the keys that are valid now, at least one: all of them with
// an id or none of them, and no two with the same; secrets or public keys, not
// both ([CheckKeys]). Its error wraps
// ErrMisconfigured or ErrUnavailable. Keys is called for every credential and
// is safe for concurrent use.
type KeyProvider interface {
	Keys(ctx context.Context) ([]Key, error)
}

// Refresher is what a [KeyProvider] can be as well: one that can look for newer
// keys. A verifier asks for it when no key of the provider fits a credential,
// because keys may have been rotated since they were read.
type Refresher interface {
	// Refresh reads the keys again, unless it has done so a short while ago,
	// and reports whether they changed: in this reading, or in another one since
	// the caller may have asked for its keys. Its error is that of Keys.
	Refresh(ctx context.Context) (keys []Key, changed bool, err error)
}

// TryKeys calls try with the keys of a provider and, where none of them is for
// the credential (ErrUnknownKey, ErrInvalidSignature, ErrUnsupportedAlgorithm),
// once more with newer ones if the provider is a [Refresher] and has any. It
// returns try's error, or the provider's: a credential is not called bad while
// it is not known which keys there are.
//
// Strangers can bring these errors about. It is the provider's part to read its
// keys no oftener than it can bear. An error that no key could mend, such as an
// algorithm for which there never is one, is not try's to return.
func TryKeys(ctx context.Context, provider KeyProvider, try func([]Key) error) error {
	keys, err := provider.Keys(ctx)
	if err != nil {
		return err
	}
	failure := try(keys)
	refresher, ok := provider.(Refresher)
	if !ok || !errors.Is(failure, ErrUnknownKey) && !errors.Is(failure, ErrInvalidSignature) && !errors.Is(failure, ErrUnsupportedAlgorithm) {
		return failure
	}
	keys, changed, err := refresher.Refresh(ctx)
	if err != nil {
		return err
	}
	if !changed {
		return failure
	}
	return try(keys)
}

// StaticKeys is the [KeyProvider] of keys that never change.
type StaticKeys []Key

// Keys implements [KeyProvider].
func (s StaticKeys) Keys(context.Context) ([]Key, error) { return s, nil }

// ParseSecret returns the bytes of a secret as it is written down in a
// parameter or an environment variable: base64 with padding (RFC 4648 section
// 4) after the prefix "base64:", else the text itself. Exactly one newline at
// the end (LF or CRLF) is not part of it, because editors and shells add one;
// every other character is. An encoding error is ErrMisconfigured and shows
// nothing of the value; so is what only looks like one of the two, because it
// would silently be another secret: a prefix in another case or behind white
// space or a quote, and a byte order mark. The length is left to NewHMACKey.
func ParseSecret(value string) ([]byte, error) {
	value, newline := strings.CutSuffix(value, "\n")
	if newline {
		value = strings.TrimSuffix(value, "\r")
	}
	encoded, isBase64 := strings.CutPrefix(value, secretPrefix)
	switch {
	case isBase64:
	case strings.HasPrefix(value, "\ufeff"):
		return nil, fmt.Errorf("%w: the secret begins with a byte order mark, which an editor has put there; write it without", ErrMisconfigured)
	case strings.HasPrefix(strings.ToLower(strings.TrimLeft(value, " \t\r\n\"'`")), secretPrefix):
		return nil, fmt.Errorf("%w: the secret does not begin with %q, but with something that looks like it; write that in lower case, with nothing before it", ErrMisconfigured, secretPrefix)
	default:
		return []byte(value), nil
	}
	secret, err := base64.StdEncoding.Strict().DecodeString(encoded)
	// The decoder skips newlines, which would give one secret two spellings.
	if err != nil || strings.ContainsAny(encoded, "\r\n") {
		return nil, fmt.Errorf("%w: the secret begins with %q but what follows is not base64 with padding (RFC 4648 section 4)", ErrMisconfigured, secretPrefix)
	}
	return secret, nil
}
