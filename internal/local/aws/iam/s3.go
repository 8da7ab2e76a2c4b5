package iam

import (
	"net/http"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// s3 is the signing name of S3, whose signatures differ from those of all others (S3
// API reference, "Authenticating Requests"): its paths are encoded once, the hash of
// the body may be left out, and a presigned URL is good as long as it says, at most
// seven days.
const s3 = "s3"

// IsS3 tells whether a request says to be for S3. Its signature must still be verified.
func IsS3(r *http.Request) bool {
	const scope = "/" + s3 + "/" + terminator
	return strings.Contains(r.Header.Get("Authorization"), scope) || strings.Contains(r.URL.Query().Get("X-Amz-Credential"), scope)
}

// Values of X-Amz-Content-Sha256 that stand for no hash.
const (
	unsignedPayload = "UNSIGNED-PAYLOAD"
	unsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
)

// s3Hash is what is signed in the place of the body's hash, of what was sent.
func s3Hash(sent, hash string, presigned bool) (string, error) {
	switch {
	case presigned && sent == "", sent == unsignedPayload:
		return unsignedPayload, nil
	case sent == unsignedTrailer, sent == hash:
		return sent, nil
	case strings.HasPrefix(sent, "STREAMING-"):
		return "", &awserr.Error{Code: "NotImplemented", Message: "bodies whose chunks are signed (" + sent + ") are not supported by the local AWS", Status: http.StatusNotImplemented}
	case sent == "":
		return "", awserr.New("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
	}
	return "", awserr.New("XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
}

// verifyPresignedS3 checks a signature in the query.
func (s *Service) verifyPresignedS3(r *http.Request, body []byte, now time.Time) (Identity, Scope, error) {
	names, values, err := queryParameters(r.URL.RawQuery)
	if err != nil {
		return Identity{}, Scope{}, incomplete("The query cannot be read")
	}
	a, err := parsePresigned(names, values)
	if err != nil {
		return Identity{}, Scope{}, err
	}
	a.query = withoutSignature(r.URL.RawQuery)
	return s.verify(r, body, now, a)
}
