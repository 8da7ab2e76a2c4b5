package httpsig

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// ErrContentDigest says that the body of a signed request is not the one that
// was signed. A handler answers 400; the text is fit for the client.
var ErrContentDigest = errors.New("content digest")

// CheckContentDigest returns an error unless the body of a signed request is
// covered by the signature: a body needs the header Content-Digest (RFC 9530,
// sha-256 or sha-512), and the header needs to match the body. A handler calls
// it before it reads the body. What counts is that the authorizer says so in its
// context ([authz.Identity.DigestRequired]), whatever it calls its method.
// Requests without that pass, and so does one without an identity, which is
// authz.FromRequest's to refuse.
//
// That the signature covers the header was the authorizer's to check; so the
// check here is worth something only where API Gateway does not reuse the
// authorizer's answers.
func CheckContentDigest(request events.APIGatewayV2HTTPRequest) error {
	authorizer := request.RequestContext.Authorizer
	if authorizer == nil {
		return nil
	}
	if _, required := authorizer.Lambda[contract.ContextContentDigest]; !required {
		return nil
	}
	body := []byte(request.Body)
	if request.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(request.Body); err != nil {
			return fmt.Errorf("%w: the request body is not valid base64", ErrContentDigest)
		}
	}
	header, given := request.Headers[componentDigest]
	if !given {
		if len(body) == 0 {
			return nil
		}
		return fmt.Errorf("%w: the request has a body that its signature does not cover; send the header Content-Digest and sign it", ErrContentDigest)
	}
	digests, ok := parseContentDigest(header)
	if !ok {
		return fmt.Errorf("%w: the header Content-Digest is not one sha-256 or sha-512 digest, or one of each", ErrContentDigest)
	}
	for name, digest := range digests {
		// Not secret: the client has sent both.
		if string(digest) != string(digestAlgorithms[name](body)) {
			return fmt.Errorf("%w: the request body does not match the header Content-Digest", ErrContentDigest)
		}
	}
	return nil
}

// digestAlgorithms are those of RFC 9530 section 7.2 that are not insecure.
var digestAlgorithms = map[string]func([]byte) []byte{
	"sha-256": func(b []byte) []byte { sum := sha256.Sum256(b); return sum[:] },
	"sha-512": func(b []byte) []byte { sum := sha512.Sum512(b); return sum[:] },
}

// contentDigest returns the header Content-Digest of a body.
func contentDigest(body []byte) string {
	return "sha-256=" + formatBytes(digestAlgorithms["sha-256"](body))
}

// parseContentDigest reads the header Content-Digest: a Dictionary of Byte
// Sequences. Another algorithm is refused rather than ignored, and so is one
// that is there twice.
func parseContentDigest(header string) (map[string][]byte, bool) {
	digests := map[string][]byte{}
	for i, member := range strings.Split(header, ",") {
		if i > 0 {
			member = strings.TrimPrefix(member, " ")
		}
		name, value, _ := strings.Cut(member, "=")
		digest, ok := parseBytes(value)
		of, known := digestAlgorithms[name]
		if _, twice := digests[name]; !ok || !known || twice || len(digest) != len(of(nil)) {
			return nil, false
		}
		digests[name] = digest
	}
	return digests, true
}
