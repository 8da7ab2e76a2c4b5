package gateway

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"
)

// Lengths of identifiers, as AWS makes them.
const (
	apiIDLength        = 10
	routeIDLength      = 7
	authorizerIDLength = 6
)

// newID returns n random lower-case letters and digits.
func newID(n int) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
	// 252 is the largest multiple of 36 in a byte: larger bytes would prefer
	// the first letters.
	id := make([]byte, 0, n)
	for buffer := make([]byte, n); len(id) < n; {
		_, _ = rand.Read(buffer) // never fails (Go 1.24)
		for _, b := range buffer {
			if b < 252 && len(id) < n {
				id = append(id, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(id)
}

// newRequestID returns what AWS puts into Apigw-Requestid: 16 characters, the
// base64 form of eleven bytes, so that it ends in "=".
func newRequestID() string {
	id := make([]byte, 11)
	_, _ = rand.Read(id) // never fails (Go 1.24)
	return base64.URLEncoding.EncodeToString(id)
}

// newTraceID returns an X-Ray trace header: version, time and 96 random bits.
func newTraceID(now time.Time) string {
	id := make([]byte, 12)
	_, _ = rand.Read(id) // never fails (Go 1.24)
	return fmt.Sprintf("Root=1-%08x-%s", now.Unix(), hex.EncodeToString(id))
}
