package endpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

// Emulator is what the developer runs in the place of a service that the local AWS
// does not have.
type Emulator struct {
	// URL is its address.
	URL *url.URL
	// AccessKeyID and SecretAccessKey are the emulator's own credentials, with which
	// requests are signed again. Default to test and test.
	AccessKeyID, SecretAccessKey string
}

// Emulators are emulators by the signing name of their service, for instance s3.
type Emulators map[string]Emulator

// client talks to emulators: to their addresses and nowhere else.
var client = &http.Client{
	Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// handOn authorizes a request, whose signature is good, for the role that sent it, and
// sends it to an emulator.
func (e *endpoint) handOn(w http.ResponseWriter, r *protocol.Request, to Emulator) {
	needed, err := grants(e.Account, r)
	for i := 0; err == nil && i < len(needed); i++ {
		err = r.Authorize(needed[i])
	}
	if err != nil {
		e.refuse(w, r.HTTP, err, awserr.CureOf(err))
		return
	}
	response, err := to.send(r)
	if err != nil {
		e.refuse(w, r.HTTP, &awserr.Error{
			Code: "ServiceUnavailable", Status: http.StatusServiceUnavailable,
			Message: fmt.Sprintf("The emulator of %s at %s cannot be reached.", r.Scope.Service, to.URL),
		}, "start the emulator, or correct --endpoint "+r.Scope.Service)
		return
	}
	defer func() { _ = response.Body.Close() }()
	for name, values := range response.Header {
		if !ofConnection[name] {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body) // the client may have gone
}

// ofConnection are headers of one connection (RFC 9110 section 7.6.1), and those that
// net/http writes itself.
var ofConnection = map[string]bool{
	"Connection": true, "Expect": true, "Keep-Alive": true, "Proxy-Authenticate": true, "Proxy-Authorization": true, "Proxy-Connection": true,
	"Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
}

// ofSignature are headers of the signature that the local AWS has verified, which says
// nothing to the emulator.
var ofSignature = map[string]bool{"Authorization": true, "X-Amz-Date": true, "Date": true, "X-Amz-Security-Token": true}

// send sends a request on, signed with the emulator's credentials.
func (to Emulator) send(r *protocol.Request) (*http.Response, error) {
	target := *to.URL
	path := r.HTTP.URL.EscapedPath()
	if r.Scope.Service == s3Name {
		path = s3Path(r.HTTP)
	}
	escaped := strings.TrimSuffix(target.EscapedPath(), "/") + path
	var err error
	if target.Path, err = url.PathUnescape(escaped); err != nil {
		return nil, err
	}
	target.RawPath = escaped
	target.RawQuery = unsignedQuery(r.HTTP.URL.RawQuery)
	request, err := http.NewRequestWithContext(r.HTTP.Context(), r.HTTP.Method, target.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	for name, values := range r.HTTP.Header {
		if !ofConnection[name] && !ofSignature[name] {
			request.Header[name] = values
		}
	}
	sum := sha256.Sum256(r.Body)
	hash := hex.EncodeToString(sum[:])
	if r.Scope.Service == s3Name {
		if sent := request.Header.Get("X-Amz-Content-Sha256"); sent != "" {
			hash = sent
		}
		request.Header.Set("X-Amz-Content-Sha256", hash)
	}
	credentials := aws.Credentials{AccessKeyID: to.AccessKeyID, SecretAccessKey: to.SecretAccessKey}
	if credentials.AccessKeyID == "" {
		credentials.AccessKeyID, credentials.SecretAccessKey = "test", "test"
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = r.Scope.Service == s3Name })
	if err := signer.SignHTTP(r.HTTP.Context(), credentials, request, hash, r.Scope.Service, r.Scope.Region, time.Now()); err != nil {
		return nil, err
	}
	return client.Do(request)
}

// unsignedQuery is a query without the parameters of a presigned URL.
func unsignedQuery(raw string) string {
	var kept []string
	for pair := range strings.SplitSeq(raw, "&") {
		name, _, _ := strings.Cut(pair, "=")
		switch name {
		case "", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Security-Token", "X-Amz-Signature", "X-Amz-SignedHeaders":
		default:
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}
