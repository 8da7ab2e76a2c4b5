package authz

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"sync"
)

var macHashes = map[Algorithm]func() hash.Hash{HS256: sha256.New, HS384: sha512.New384, HS512: sha512.New}

// macState is an HMAC with its key, and room for a message and its MAC. The hash has
// what the key makes of it kept ([hash.Hash.Reset]), so that each message costs its
// own blocks only. It is as secret as the key.
type macState struct {
	hash         hash.Hash
	message, sum []byte
}

// newMAC returns what verifies MACs with a secret; see [Key].fits. MACs are compared
// in constant time, with [hmac.Equal].
func newMAC(algorithm Algorithm, secret []byte) func(signed string, mac []byte) bool {
	states := &sync.Pool{New: func() any {
		s := &macState{hash: hmac.New(macHashes[algorithm], secret)}
		s.hash.Reset() // keeps it
		return s
	}}
	return func(signed string, mac []byte) bool {
		s := states.Get().(*macState)
		s.message = append(s.message[:0], signed...)
		s.hash.Write(s.message)
		s.sum = s.hash.Sum(s.sum[:0])
		good := hmac.Equal(mac, s.sum)
		// Neither the message nor its MAC, which would be good with it, stays.
		clear(s.message)
		clear(s.sum)
		s.hash.Reset()
		states.Put(s)
		return good
	}
}
