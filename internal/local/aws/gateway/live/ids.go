package live

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"
)

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
