// Package hmackey tells secrets apart as HMAC does: it pads a key with zeros to
// the block of its hash, and hashes one that is longer (RFC 2104 section 2). So
// different texts are one key: a secret and the same with a zero byte at its end,
// a long one and its hash.
package hmackey

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
)

// form is what HMAC with one hash makes of a key, hashed again: a set has no
// secret in it.
type form struct {
	hash int // the index in hashes
	sum  [sha256.Size]byte
}

// hashes are those of HS256, HS384 and HS512, with the bytes of their blocks.
var hashes = [...]struct {
	block int
	sum   func([]byte) []byte
}{
	{sha256.BlockSize, func(b []byte) []byte { sum := sha256.Sum256(b); return sum[:] }},
	{sha512.BlockSize, func(b []byte) []byte { sum := sha512.Sum384(b); return sum[:] }},
	{sha512.BlockSize, func(b []byte) []byte { sum := sha512.Sum512(b); return sum[:] }},
}

func formsOf(secret []byte) (forms [len(hashes)]form) {
	for i, hash := range hashes {
		key := secret
		if len(key) > hash.block {
			key = hash.sum(key)
		}
		forms[i] = form{i, sha256.Sum256(bytes.TrimRight(key, "\x00"))}
	}
	return forms
}

// Same reports whether two secrets are one key to any of the hashes.
func Same(a, b []byte) bool {
	mine, theirs := formsOf(a), formsOf(b)
	for i := range mine {
		if mine[i] == theirs[i] {
			return true
		}
	}
	return false
}

// Set finds secrets that are one key among many, and whose they are. Make it with
// the function make.
type Set[T any] map[form]T

// Add adds a secret. If one that is the same key is there already, it returns
// whose that is.
func (s Set[T]) Add(secret []byte, owner T) (other T, same bool) {
	for _, f := range formsOf(secret) {
		if known, ok := s[f]; ok {
			if !same {
				other, same = known, true
			}
			continue
		}
		s[f] = owner
	}
	return other, same
}
