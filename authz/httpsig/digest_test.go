package httpsig

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// handled is what a handler gets behind an authorizer that calls its method so, and
// says that a digest is required of Method.
func handled(method string, headers map[string]string, body string) events.APIGatewayV2HTTPRequest {
	r := events.APIGatewayV2HTTPRequest{Headers: headers, Body: body}
	r.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{Lambda: map[string]any{"userId": "u", "method": method}}
	if method == Method {
		r.RequestContext.Authorizer.Lambda["contentDigest"] = "required"
	}
	return r
}

func TestChecklist12CheckContentDigest(t *testing.T) {
	t.Parallel()
	const (
		none     = "content digest: the request has a body that its signature does not cover; send the header Content-Digest and sign it"
		mismatch = "content digest: the request body does not match the header Content-Digest"
		form     = "content digest: the header Content-Digest is not one sha-256 or sha-512 digest, or one of each"
	)
	sent := func(digest string) map[string]string { return map[string]string{"content-digest": digest} }
	encoded := func(body string, headers map[string]string) events.APIGatewayV2HTTPRequest {
		r := handled(Method, headers, body)
		r.IsBase64Encoded = true
		return r
	}
	jwt := handled("JWT", nil, "{}")
	jwt.RequestContext.Authorizer.JWT = &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{}
	renamed := func(required any) events.APIGatewayV2HTTPRequest {
		r := handled("partner", sent(testDigest), "{ }")
		r.RequestContext.Authorizer.Lambda["contentDigest"] = required
		return r
	}
	tests := []struct {
		name string
		r    events.APIGatewayV2HTTPRequest
		err  string
	}{
		{name: "sha-256", r: handled(Method, sent(testDigest), "{}")},
		{name: "sha-512", r: handled(Method, sent(sha512Digest), "{}")},
		{name: "RFC 9421, appendix B.2", r: handled(Method, sent(b25Request.Headers["content-digest"]), `{"hello": "world"}`)},
		{name: "both", r: handled(Method, sent(sha512Digest+", "+testDigest), "{}")},
		{name: "base64", r: encoded(base64.StdEncoding.EncodeToString([]byte("{}")), sent(testDigest))},
		{name: "no body", r: handled(Method, nil, "")},
		{name: "digest of no body", r: handled(Method, sent("sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"), "")},
		{name: "another method", r: jwt},
		{name: "another name of the method, another body", r: renamed("required"), err: mismatch},
		{name: "a digest is required in other words", r: renamed(true), err: mismatch},
		{name: "no authorizer", r: events.APIGatewayV2HTTPRequest{Body: "{}"}},
		{name: "a body that was not signed", r: handled(Method, nil, "{}"), err: none},
		{name: "a body that was not signed, in base64", r: encoded("e30=", nil), err: none},
		{name: "another body", r: handled(Method, sent(testDigest), "{ }"), err: mismatch},
		{name: "body removed", r: handled(Method, sent(testDigest), ""), err: mismatch},
		{name: "base64 text as the body", r: handled(Method, sent(testDigest), "e30="), err: mismatch},
		{name: "one of two does not match", r: handled(Method, sent("sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:, "+sha512Digest), "{}"), err: mismatch},
		{name: "empty digest", r: handled(Method, sent(""), ""), err: form},
		{name: "another algorithm", r: handled(Method, sent("md5=:AAAAAAAAAAAAAAAAAAAAAA==:"), "{}"), err: form},
		{name: "bad base64", r: encoded("{}", sent(testDigest)), err: "content digest: the request body is not valid base64"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := CheckContentDigest(tt.r)
			if text(err) != tt.err || (err != nil) != errors.Is(err, ErrContentDigest) {
				t.Errorf("got %q, want %q", text(err), tt.err)
			}
		})
	}
}
