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

// TestAllocationsOfToken is what a token may cost at most. Times are for benchmarks.
//
//nolint:paralleltest // those of other tests would count
func TestAllocationsOfToken(t *testing.T) {
	v, _ := benchVerifier(t)
	good := sign(testHeader, benchClaims)
	bad := good[:strings.LastIndexByte(good, '.')+1] + segment(strings.Repeat("x", 32))
	for _, tt := range []struct {
		name, token string
		most        float64
		denied      bool
	}{
		{"a good token", good, 13, false},
		{"a bad signature", bad, 7, true},
		{"8 KiB of garbage", strings.Repeat("x", MaxTokenBytes), 2, true},
		{"garbage in three parts", strings.Repeat(strings.Repeat("x", 2000)+".", 3)[:6000], 5, true},
		{"more than 8 KiB", strings.Repeat("x", MaxTokenBytes+1), 2, true},
	} {
		credential := NewCredential(BearerScheme, tt.token)
		ctx := t.Context()
		got := testing.AllocsPerRun(100, func() {
			if _, err := v.Verify(ctx, Request{}, credential); (err != nil) != tt.denied {
				t.Error(tt.name, err)
			}
		})
		if got > tt.most {
			t.Errorf("%s: %v allocations, want at most %v", tt.name, got, tt.most)
		}
	}
}
