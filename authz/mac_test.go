package authz

import (
	"crypto/hmac"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// TestMAC: MACs are those of the standard library's HMAC, of every algorithm, whatever
// the key has verified before, and by many at a time.
func TestMAC(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []Algorithm{HS256, HS384, HS512} {
		for _, length := range []int{64, 65, 128, 129, 300} { // shorter than a block, and longer
			secret := []byte(strings.Repeat("k", length))
			key, err := NewHMACKey(algorithm, "", secret)
			if err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup
			for worker := range 4 {
				all.Go(func() {
					for i := range 100 {
						message := strings.Repeat(fmt.Sprint(worker), i*7)
						h := hmac.New(macHashes[algorithm], secret)
						h.Write([]byte(message))
						mac := h.Sum(nil)
						if !key.fits(message, mac) {
							t.Errorf("%s, %d bytes: a good MAC is refused", algorithm, len(message))
						}
						if key.fits(message+"x", mac) || key.fits(message, mac[1:]) || key.fits(message, nil) || key.fits(message, append(mac, 0)) {
							t.Errorf("%s, %d bytes: a bad MAC is accepted", algorithm, len(message))
						}
						mac[i%len(mac)] ^= 1
						if key.fits(message, mac) {
							t.Errorf("%s, %d bytes: a MAC with another bit is accepted", algorithm, len(message))
						}
					}
				})
			}
			all.Wait()
		}
	}
}
