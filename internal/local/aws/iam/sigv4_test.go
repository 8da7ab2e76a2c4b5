package iam

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// TestVectors are two of AWS's Signature Version 4 test suite.
func TestVectors(t *testing.T) {
	t.Parallel()
	now := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	s := New(acct)
	s.sessions["AKIDEXAMPLE"] = session{credentials: Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}, identity: Identity{ARN: "vector"}}
	for _, tc := range []struct{ name, url, signature string }{
		{"get-vanilla", "https://example.amazonaws.com/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-vanilla-query-order-key-case", "https://example.amazonaws.com/?Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, tc.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Amz-Date", "20150830T123600Z")
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature="+tc.signature)
			id, scope, err := s.Verify(r, nil, now)
			if err != nil || id.ARN != "vector" || scope != (Scope{"us-east-1", "service"}) {
				t.Errorf("got %+v, %+v, %v", id, scope, err)
			}
		})
	}
}

var signTime = time.Date(2024, 9, 5, 19, 33, 8, 0, time.UTC)

const signedBody = `{"Name":"/x"}`

// signed is a request as the SDK signs it.
func signed(t *testing.T, c Credentials, at time.Time) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:4566/a%20b/c?z=1&a=%2F+b&a=&q", strings.NewReader(signedBody))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", "AmazonSSM.GetParameter")
	r.Header.Add("X-Amz-Meta", "  two   spaces ")
	r.Header.Add("X-Amz-Meta", "again")
	sum := sha256.Sum256([]byte(signedBody))
	if err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken},
		r, hex.EncodeToString(sum[:]), "ssm", "eu-central-1", at); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVerify(t *testing.T) {
	t.Parallel()
	s := New(acct)
	role := newRole(t, s, "fn")
	temporary, id, err := s.AssumeRole(role.ARN, "lambda.amazonaws.com", "fn")
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, updated string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, updated, 1))
		}
	}
	const mismatch = "InvalidSignatureException: " + invalidSignature
	const unknown = "UnrecognizedClientException: " + invalidToken
	for _, tc := range []struct {
		name   string
		change func(*http.Request)
		body   string
		after  time.Duration
		want   string
	}{
		{"good", func(*http.Request) {}, signedBody, 0, ""},
		{"good at the end of the window", func(*http.Request) {}, signedBody, 5 * time.Minute, ""},
		{"good at the start of the window", func(*http.Request) {}, signedBody, -5 * time.Minute, ""},
		{"unsigned header that is not AWS's", func(r *http.Request) { r.Header.Set("X-Other", "1") }, signedBody, 0, ""},

		{"body", func(*http.Request) {}, `{"Name":"/y"}`, 0, mismatch},
		{"path", func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/other", "" }, signedBody, 0, mismatch},
		{"query", func(r *http.Request) { r.URL.RawQuery += "&x=1" }, signedBody, 0, mismatch},
		{"bad query", func(r *http.Request) { r.URL.RawQuery = "%zz" }, signedBody, 0, mismatch},
		{"method", func(r *http.Request) { r.Method = http.MethodPut }, signedBody, 0, mismatch},
		{"host", func(r *http.Request) { r.Host = "other" }, signedBody, 0, mismatch},
		{"operation", func(r *http.Request) { r.Header.Set("X-Amz-Target", "AmazonSSM.DeleteParameter") }, signedBody, 0, mismatch},
		{"header removed", func(r *http.Request) { r.Header.Del("X-Amz-Meta") }, signedBody, 0, mismatch},
		{"signature", func(r *http.Request) {
			h := r.Header.Get("Authorization")
			last := "0"
			if strings.HasSuffix(h, "0") {
				last = "1"
			}
			r.Header.Set("Authorization", h[:len(h)-1]+last)
		}, signedBody, 0, mismatch},
		{"region", replace("/eu-central-1/", "/us-east-1/"), signedBody, 0, mismatch},
		{"service", replace("/ssm/", "/dynamodb/"), signedBody, 0, mismatch},
		{"unsigned payload", func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }, signedBody, 0, "IncompleteSignatureException: 'x-amz-content-sha256' must be a 'SignedHeader' in the AWS Authorization."},
		{"added header of AWS's", func(r *http.Request) { r.Header.Set("X-Amz-Other", "1") }, signedBody, 0, "IncompleteSignatureException: 'x-amz-other' must be a 'SignedHeader' in the AWS Authorization."},
		{"host not signed", replace("content-length;host;", "content-length;"), signedBody, 0, "IncompleteSignatureException: 'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."},
		{"headers out of order", replace("content-length;host;", "host;content-length;"), signedBody, 0, "IncompleteSignatureException: SignedHeaders must be lower-case names in alphabetical order, each once, separated by semicolons"},
		{"no header", func(r *http.Request) { r.Header.Del("Authorization") }, signedBody, 0, "MissingAuthenticationTokenException: Request is missing Authentication Token"},
		{"two headers", func(r *http.Request) { r.Header.Add("Authorization", "x") }, signedBody, 0, "IncompleteSignatureException: Request has more than one Authorization header"},
		{"other scheme", func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, signedBody, 0, "IncompleteSignatureException: Unsupported AWS 'algorithm': use AWS4-HMAC-SHA256"},
		{"no signature", replace("Signature=", "Signed="), signedBody, 0, "IncompleteSignatureException: Authorization header requires 'Signature' parameter."},
		{"short signature", replace("Signature=", "Signature=ab,X="), signedBody, 0, "IncompleteSignatureException: Signature must have 64 hexadecimal digits"},
		{"no pairs", replace("Signature=", "Signature"), signedBody, 0, "IncompleteSignatureException: Authorization header must have Credential, SignedHeaders and Signature, each once, as key=value pairs"},
		{"short credential", replace("/aws4_request", ""), signedBody, 0, "IncompleteSignatureException: Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term"},
		{"terminator", replace("/aws4_request", "/aws5"), signedBody, 0, "InvalidSignatureException: Credential should be scoped with a valid terminator: 'aws4_request'."},
		{"unknown key", replace("Credential=ASIA", "Credential=ASIB"), signedBody, 0, unknown},
		{"other token", func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "x") }, signedBody, 0, unknown},
		{"token in two headers", func(r *http.Request) {
			token := r.Header.Get("X-Amz-Security-Token")
			r.Header["X-Amz-Security-Token"] = []string{token[:9], token[9:]}
		}, signedBody, 0, unknown},
		{"no token", func(r *http.Request) { r.Header.Del("X-Amz-Security-Token") }, signedBody, 0, unknown},
		{"no date", func(r *http.Request) { r.Header.Del("X-Amz-Date") }, signedBody, 0, "IncompleteSignatureException: Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."},
		{"bad date", func(r *http.Request) { r.Header.Set("X-Amz-Date", "today") }, signedBody, 0, "IncompleteSignatureException: Date must be in ISO-8601 'basic format'."},
		{"other date", func(r *http.Request) { r.Header.Set("X-Amz-Date", "20240906T000000Z") }, signedBody, 0, "InvalidSignatureException: Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20240905' != '20240906'."},
		{"date moved", func(r *http.Request) { r.Header.Set("X-Amz-Date", "20240905T193309Z") }, signedBody, 0, mismatch},
		{"too old", func(*http.Request) {}, signedBody, 5*time.Minute + time.Second, "InvalidSignatureException: Signature expired: 20240905T193308Z is now earlier than 20240905T193309Z (20240905T193809Z - 5 min.)"},
		{"too early", func(*http.Request) {}, signedBody, -5*time.Minute - time.Second, "InvalidSignatureException: Signature not yet current: 20240905T193308Z is still later than 20240905T193307Z (20240905T192807Z + 5 min.)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := signed(t, temporary, signTime)
			tc.change(r)
			got, scope, err := s.Verify(r, []byte(tc.body), signTime.Add(tc.after))
			wantError(t, err, tc.want)
			if err == nil && (got != id || scope != (Scope{"eu-central-1", "ssm"})) {
				t.Errorf("got %+v, %+v", got, scope)
			}
			if err != nil && (got != (Identity{}) || strings.Contains(err.Error(), temporary.AccessKeyID) || strings.Contains(err.Error(), temporary.SecretAccessKey)) {
				t.Errorf("an error gives something away: %v", err)
			}
		})
	}
}

// TestDateHeader: a Date header may take the place of X-Amz-Date, and is then
// signed. The SDK never does so, so that the request is signed by hand.
func TestDateHeader(t *testing.T) {
	t.Parallel()
	s := New(acct)
	const date = "Thu, 05 Sep 2024 19:33:08 GMT"
	for _, tc := range []struct{ name, date, headers, want string }{
		{"good", date, "date;host", ""},
		{"date not signed", date, "host", "IncompleteSignatureException: 'date' must be a 'SignedHeader' in the AWS Authorization."},
		{"form of the other header", "20240905T193308Z", "date;host", "IncompleteSignatureException: Date must be in ISO-8601 'basic format'."},
		{"old", "Thu, 05 Sep 2024 19:28:07 GMT", "date;host", "InvalidSignatureException: Signature expired: 20240905T192807Z is now earlier than 20240905T192808Z (20240905T193308Z - 5 min.)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:4566/", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Date", tc.date)
			a, err := newAuthorization(s.root.AccessKeyID+"/20240905/eu-central-1/ssm/aws4_request", tc.headers, strings.Repeat("0", 64))
			if err != nil {
				t.Fatal(err)
			}
			canonical, _ := canonicalRequest(r, a, bodyHash(""))
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+s.root.AccessKeyID+"/20240905/eu-central-1/ssm/aws4_request, SignedHeaders="+tc.headers+", Signature="+hex.EncodeToString(sign(signingKey{s.root, a.date, a.region, a.service}.derive(), a, signTime, canonical)))
			_, _, err = s.Verify(r, nil, signTime)
			wantError(t, err, tc.want)
		})
	}
}

func TestVerifyRootAndRevoke(t *testing.T) {
	t.Parallel()
	s := New(acct)
	root := signed(t, s.Root(), signTime)
	id, _, err := s.Verify(root, []byte(signedBody), signTime)
	if err != nil || !id.Root() || id.ARN != "arn:aws:iam::000000000000:root" {
		t.Errorf("got %+v, %v", id, err)
	}
	root.Header.Set("X-Amz-Security-Token", "x")
	_, _, err = s.Verify(root, []byte(signedBody), signTime)
	wantError(t, err, "UnrecognizedClientException: "+invalidToken)
	s.Revoke(s.Root().AccessKeyID) // has no effect

	r := newRole(t, s, "fn")
	c, _, err := s.AssumeRole(r.ARN, "lambda.amazonaws.com", "fn")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // by a key that was kept too
		if _, _, err := s.Verify(signed(t, c, signTime), []byte(signedBody), signTime); err != nil {
			t.Fatal(err)
		}
	}
	s.Revoke(c.AccessKeyID)
	_, _, err = s.Verify(signed(t, c, signTime), []byte(signedBody), signTime)
	wantError(t, err, "UnrecognizedClientException: "+invalidToken)
	s.keys.Range(func(name, _ any) bool {
		if name.(signingKey).credentials == c {
			t.Error("the key of revoked credentials is kept")
		}
		return true
	})
	if _, _, err := s.Verify(signed(t, s.Root(), signTime), []byte(signedBody), signTime); err != nil {
		t.Errorf("the developer's credentials were revoked: %v", err)
	}
}

func FuzzParseAuthorization(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", "a=b&c", "x")
	f.Add("AWS4-HMAC-SHA256 ,=,", "%", "")
	s := New(acct)
	s.sessions["A"] = session{credentials: Credentials{AccessKeyID: "A", SecretAccessKey: "s"}, identity: Identity{ARN: "a"}}
	f.Fuzz(func(t *testing.T, header, query, body string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://h/", io.NopCloser(bytes.NewReader(nil)))
		if err != nil {
			t.Fatal(err)
		}
		r.URL.RawQuery = query
		r.Header.Set("Authorization", header)
		r.Header.Set("X-Amz-Date", "20150830T123600Z")
		if _, _, err := s.Verify(r, []byte(body), time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)); err != nil {
			var api *awserr.Error
			if !errors.As(err, &api) {
				t.Errorf("not an error of AWS: %v", err)
			}
		}
	})
}
