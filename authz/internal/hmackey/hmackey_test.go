package hmackey

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strings"
	"testing"
)

func sum256(b []byte) []byte { sum := sha256.Sum256(b); return sum[:] }
func sum384(b []byte) []byte { sum := sha512.Sum384(b); return sum[:] }
func sum512(b []byte) []byte { sum := sha512.Sum512(b); return sum[:] }

// TestSame compares with what the standard library's HMACs make of the keys.
func TestSame(t *testing.T) {
	t.Parallel()
	key, long := []byte("0123456789abcdef0123456789abcdef"), []byte(strings.Repeat("long ", 40))
	for _, tt := range []struct {
		name string
		a, b []byte
		want bool
	}{
		{"the same", key, bytes.Clone(key), true},
		{"another", key, []byte("fedcba9876543210fedcba9876543210"), false},
		{"a zero at the end", key, append(bytes.Clone(key), 0), true},
		{"a block of zeros at the end", key, append(bytes.Clone(key), make([]byte, 32)...), true},
		{"more zeros than a block of SHA-256", key, append(bytes.Clone(key), make([]byte, 33)...), true}, // to SHA-512
		{"more zeros than any block", key, append(bytes.Clone(key), make([]byte, 97)...), false},
		{"a zero at the front", key, append([]byte{0}, key...), false},
		{"the hash of a long one", long, sum256(long), true},
		{"its SHA-384", long, sum384(long), true},
		{"its SHA-512", long, sum512(long), true},
		{"the hash of a short one", key, sum256(key), false},
		{"the hash with a zero", long, append(sum256(long), 0), true},
		{"two that are all zeros", make([]byte, 32), make([]byte, 64), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Same(tt.a, tt.b); got != tt.want || Same(tt.b, tt.a) != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if macs := sameMAC(tt.a, tt.b); macs != tt.want {
				t.Errorf("the MACs of the two are the same: %v", macs)
			}
			set := Set[string]{}
			set.Add(tt.a, "a")
			if other, same := set.Add(tt.b, "b"); same != tt.want || same && other != "a" {
				t.Errorf("in a set: got %q, %v", other, same)
			}
		})
	}
}

func sameMAC(a, b []byte) bool {
	for _, h := range []func() hash.Hash{sha256.New, sha512.New384, sha512.New} {
		x, y := hmac.New(h, a), hmac.New(h, b)
		x.Write([]byte("message"))
		y.Write([]byte("message"))
		if hmac.Equal(x.Sum(nil), y.Sum(nil)) {
			return true
		}
	}
	return false
}
