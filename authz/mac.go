package authz

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"sync"
)

var macHashes = map[Algorithm]func() hash.Hash{HS256: sha256.New, HS384: sha512.New384, HS512: sha512.New}

// hasher is a hash, and room for a message and its sum. One of an HMAC has what the
// key makes of it kept ([hash.Hash.Reset]), so that a message costs its own blocks
// only: it is as secret as the key.
type hasher struct {
	hash         hash.Hash
	message, sum []byte
}

// hasherPool has the hashers of one hash or key.
type hasherPool struct{ sync.Pool }

func newHasherPool(newHash func() hash.Hash) *hasherPool {
	return &hasherPool{sync.Pool{New: func() any {
		h := &hasher{hash: newHash()}
		h.hash.Reset() // from which on it keeps what it has
		return h
	}}}
}

// use calls use with the sum of a message, which is good until that returns. Neither
// stays: a MAC would be good with its message.
func (p *hasherPool) use(message string, use func(sum []byte)) {
	h := p.Get().(*hasher)
	h.message = append(h.message[:0], message...)
	h.hash.Write(h.message)
	h.sum = h.hash.Sum(h.sum[:0])
	use(h.sum)
	clear(h.message)
	clear(h.sum)
	h.hash.Reset()
	p.Put(h)
}

// newMAC returns what verifies MACs with a secret; see [Key].fits. MACs are compared
// in constant time, with [hmac.Equal].
func newMAC(algorithm Algorithm, secret []byte) func(signed string, mac []byte) bool {
	pool := newHasherPool(func() hash.Hash { return hmac.New(macHashes[algorithm], secret) })
	return func(signed string, mac []byte) (good bool) {
		pool.use(signed, func(sum []byte) { good = hmac.Equal(mac, sum) })
		return good
	}
}
