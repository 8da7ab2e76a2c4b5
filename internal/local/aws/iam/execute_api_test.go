package iam

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

func sdkCredentials(c Credentials) aws.Credentials {
	return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
}

func bodyHash(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// apiRequest is a client's request to a route, not yet signed.
func apiRequest(t *testing.T, method, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://127.0.0.1:8080/dev/r/a%20b?q=1&q=a%2Bb", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	return r
}

// presigned is the request as a client sends it that got the URL alone.
func presigned(t *testing.T, c Credentials, expires, service, region, method, body string) *http.Request {
	t.Helper()
	r := apiRequest(t, method, body)
	r.Header.Del("Content-Type")
	if expires != "" {
		r.URL.RawQuery += "&X-Amz-Expires=" + expires
	}
	signedURL, _, err := v4.NewSigner().PresignHTTP(t.Context(), sdkCredentials(c), r, bodyHash(body), service, region, signTime)
	if err != nil {
		t.Fatal(err)
	}
	out, err := http.NewRequestWithContext(t.Context(), method, signedURL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestVerifyExecuteAPI(t *testing.T) {
	t.Parallel()
	s := New(acct)
	temporary, id, err := s.AssumeRole(newRole(t, s, "fn").ARN, "lambda.amazonaws.com", "caller")
	if err != nil {
		t.Fatal(err)
	}
	const body = `{"a":1}`
	for _, tc := range []struct {
		name            string
		service, region string
		change          func(*http.Request)
		body            string
		after           time.Duration
		want            string
	}{
		{name: "good"},
		{name: "other service", service: "lambda", want: "InvalidSignatureException: Credential should be scoped to correct service: 'execute-api'."},
		{name: "other region", region: "us-east-1", want: "InvalidSignatureException: Credential should be scoped to a valid region, not 'us-east-1'."},
		{name: "unsigned", change: func(r *http.Request) { r.Header.Del("Authorization") }, want: "MissingAuthenticationTokenException: Request is missing Authentication Token"},
		{name: "token of another kind", change: func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, want: "IncompleteSignatureException: Unsupported AWS 'algorithm': use AWS4-HMAC-SHA256"},
		{name: "other body", body: `{"a":2}`, want: "InvalidSignatureException: " + invalidSignature},
		{name: "other route", change: func(r *http.Request) { r.URL.Path = "/dev/admin"; r.URL.RawPath = "" }, want: "InvalidSignatureException: " + invalidSignature},
		{name: "other query", change: func(r *http.Request) { r.URL.RawQuery = "q=2" }, want: "InvalidSignatureException: " + invalidSignature},
		{name: "old", after: 6 * time.Minute, want: "InvalidSignatureException: Signature expired: 20240905T193308Z is now earlier than 20240905T193408Z (20240905T193908Z - 5 min.)"},
		{name: "signature in both places", change: func(r *http.Request) { r.URL.RawQuery += "&X-Amz-Signature=x" }, want: "IncompleteSignatureException: Request has a signature in the Authorization header and in the query: keep one"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := apiRequest(t, http.MethodPost, body)
			service, region := tc.service, tc.region
			if service == "" {
				service = "execute-api"
			}
			if region == "" {
				region = "eu-central-1"
			}
			if err := v4.NewSigner().SignHTTP(t.Context(), sdkCredentials(temporary), r, bodyHash(body), service, region, signTime); err != nil {
				t.Fatal(err)
			}
			if tc.change != nil {
				tc.change(r)
			}
			sent := body
			if tc.body != "" {
				sent = tc.body
			}
			got, err := s.VerifyExecuteAPI(r, []byte(sent), signTime.Add(tc.after))
			wantError(t, err, tc.want)
			if err == nil && (got != id || got.AccessKeyID != temporary.AccessKeyID || !strings.HasPrefix(got.UserID, "AROA") || !strings.HasSuffix(got.UserID, ":caller")) {
				t.Errorf("got %+v", got)
			}
			if err != nil && got != (Identity{}) {
				t.Errorf("an identity in spite of the error: %+v", got)
			}
		})
	}
}

func TestVerifyPresigned(t *testing.T) {
	t.Parallel()
	s := New(acct)
	temporary, id, err := s.AssumeRole(newRole(t, s, "fn").ARN, "lambda.amazonaws.com", "caller")
	if err != nil {
		t.Fatal(err)
	}
	query := func(change func(url.Values)) func(*http.Request) {
		return func(r *http.Request) {
			q := r.URL.Query()
			change(q)
			r.URL.RawQuery = q.Encode()
		}
	}
	add := func(raw string) func(*http.Request) {
		return func(r *http.Request) { r.URL.RawQuery += raw }
	}
	const mismatch = "InvalidSignatureException: " + invalidSignature
	const missing = "IncompleteSignatureException: AWS query-string parameters must include '%'. Re-examine the query-string parameters."
	for _, tc := range []struct {
		name, expires, service string
		change                 func(*http.Request)
		after                  time.Duration
		want                   string
	}{
		{name: "good"},
		{name: "good for five minutes", after: 5 * time.Minute},
		{name: "no longer", after: 5*time.Minute + time.Second, want: "InvalidSignatureException: Signature expired: 20240905T193308Z is now earlier than 20240905T193309Z (20240905T193809Z - 5 min.)"},
		{name: "no longer in spite of Expires", expires: "3600", after: 5*time.Minute + time.Second, want: "InvalidSignatureException: Signature expired: 20240905T193308Z is now earlier than 20240905T193309Z (20240905T193809Z - 5 min.)"},
		{name: "at the end of its life", expires: "30", after: 30 * time.Second},
		{name: "shorter life", expires: "30", after: 31 * time.Second, want: "InvalidSignatureException: Signature expired: 20240905T193308Z is now earlier than 20240905T193309Z (20240905T193339Z - 0.5 min.)"},
		{name: "life of nothing", expires: "0", want: "IncompleteSignatureException: X-Amz-Expires must be a number of seconds between 1 and 604800"},
		{name: "life without end", expires: "604801", want: "IncompleteSignatureException: X-Amz-Expires must be a number of seconds between 1 and 604800"},
		{name: "from the future", after: -6 * time.Minute, want: "InvalidSignatureException: Signature not yet current: 20240905T193308Z is still later than 20240905T193208Z (20240905T192708Z + 5 min.)"},
		{name: "other service", service: "sqs", want: "InvalidSignatureException: Credential should be scoped to correct service: 'execute-api'."},
		{name: "added parameter", change: add("&admin=1"), want: mismatch},
		{name: "changed parameter", change: query(func(q url.Values) { q.Set("q", "2") }), want: mismatch},
		{name: "moved date", change: query(func(q url.Values) { q.Set("X-Amz-Date", "20240905T193309Z") }), want: mismatch},
		{name: "other method", change: func(r *http.Request) { r.Method = http.MethodDelete }, want: mismatch},
		{name: "other path", change: func(r *http.Request) { r.URL.Path = "/dev/admin"; r.URL.RawPath = "" }, want: mismatch},
		{name: "second signature", change: add("&X-Amz-Signature=x"), want: "IncompleteSignatureException: The query has more than one 'X-Amz-Signature'"},
		{name: "second credential", change: add("&X-Amz-Credential=x"), want: "IncompleteSignatureException: The query has more than one 'X-Amz-Credential'"},
		{name: "no signature", change: query(func(q url.Values) { q.Del("X-Amz-Signature") }), want: "MissingAuthenticationTokenException: Request is missing Authentication Token"},
		{name: "empty signature", change: query(func(q url.Values) { q.Set("X-Amz-Signature", "") }), want: "IncompleteSignatureException: Signature must have 64 hexadecimal digits"},
		{name: "no algorithm", change: query(func(q url.Values) { q.Del("X-Amz-Algorithm") }), want: strings.Replace(missing, "%", "X-Amz-Algorithm", 1)},
		{name: "no credential", change: query(func(q url.Values) { q.Del("X-Amz-Credential") }), want: strings.Replace(missing, "%", "X-Amz-Credential", 1)},
		{name: "no date", change: query(func(q url.Values) { q.Del("X-Amz-Date") }), want: strings.Replace(missing, "%", "X-Amz-Date", 1)},
		{name: "no signed headers", change: query(func(q url.Values) { q.Del("X-Amz-SignedHeaders") }), want: strings.Replace(missing, "%", "X-Amz-SignedHeaders", 1)},
		{name: "other algorithm", change: query(func(q url.Values) { q.Set("X-Amz-Algorithm", "AWS4-ECDSA-P256-SHA256") }), want: "IncompleteSignatureException: Unsupported AWS 'algorithm': use AWS4-HMAC-SHA256"},
		{name: "host not signed", change: query(func(q url.Values) { q.Set("X-Amz-SignedHeaders", "accept") }), want: "IncompleteSignatureException: 'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."},
		{name: "no token", change: query(func(q url.Values) { q.Del("X-Amz-Security-Token") }), want: "UnrecognizedClientException: " + invalidToken},
		{name: "token in a header", change: func(r *http.Request) {
			r.Header.Set("X-Amz-Security-Token", r.URL.Query().Get("X-Amz-Security-Token"))
			query(func(q url.Values) { q.Del("X-Amz-Security-Token") })(r)
		}, want: "UnrecognizedClientException: " + invalidToken},
		{name: "added header of AWS's", change: func(r *http.Request) { r.Header.Set("X-Amz-Other", "1") }, want: "IncompleteSignatureException: 'x-amz-other' must be a 'SignedHeader' in the AWS Authorization."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			service := tc.service
			if service == "" {
				service = "execute-api"
			}
			r := presigned(t, temporary, tc.expires, service, "eu-central-1", http.MethodGet, "")
			if tc.change != nil {
				tc.change(r)
			}
			got, err := s.VerifyExecuteAPI(r, nil, signTime.Add(tc.after))
			wantError(t, err, tc.want)
			if (err == nil && got != id) || (err != nil && got != (Identity{})) {
				t.Errorf("got %+v", got)
			}
			// The endpoint of AWS's own services takes the header only.
			if _, _, err := s.Verify(r, nil, signTime); err == nil {
				t.Error("Verify took a signature in the query")
			}
		})
	}
	const body = `{"a":1}`
	post := presigned(t, s.Root(), "", "execute-api", "eu-central-1", http.MethodPost, body)
	if got, err := s.VerifyExecuteAPI(post, []byte(body), signTime); err != nil || !got.Root() || got.UserID != acct.ID || got.AccessKeyID != s.Root().AccessKeyID {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = s.VerifyExecuteAPI(post, []byte("x"), signTime)
	wantError(t, err, mismatch)
}

// TestExecuteAPIPermission: a signature is not a permission.
func TestExecuteAPIPermission(t *testing.T) {
	t.Parallel()
	s := New(acct)
	_, id, err := s.AssumeRole(newRole(t, s, "fn").ARN, "lambda.amazonaws.com", "caller")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.PutRolePolicy("fn", "p", document(`{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:eu-central-1:000000000000:abc123/*/GET/r/*"},
		{"Effect":"Deny","Action":"execute-api:*","Resource":"arn:aws:execute-api:eu-central-1:000000000000:abc123/prod/*"}`)); err != nil {
		t.Fatal(err)
	}
	const arn = "arn:aws:execute-api:eu-central-1:000000000000:abc123/"
	const refused = "AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/fn/caller is not authorized to perform: execute-api:Invoke on resource: " + arn
	for resource, want := range map[string]string{
		"$default/GET/r/1":  "",
		"$default/POST/r/1": refused + "$default/POST/r/1 because no identity-based policy allows the execute-api:Invoke action",
		"prod/GET/r/1":      refused + "prod/GET/r/1 with an explicit deny in an identity-based policy",
	} {
		wantError(t, s.Authorize(id, "execute-api:Invoke", arn+resource), want)
	}
}

func FuzzVerifyExecuteAPI(f *testing.F) {
	f.Add("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20240905%2Feu-central-1%2Fexecute-api%2Faws4_request&X-Amz-Date=20240905T193308Z&X-Amz-SignedHeaders=host&X-Amz-Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31&X-Amz-Expires=60")
	f.Add("X-Amz-Signature=%&=&&X-Amz-Signature")
	s := New(acct)
	s.sessions["A"] = session{credentials: Credentials{AccessKeyID: "A", SecretAccessKey: "s"}, identity: Identity{ARN: "a"}}
	f.Fuzz(func(t *testing.T, query string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://h/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.URL.RawQuery = query
		var api *awserr.Error
		if _, err := s.VerifyExecuteAPI(r, nil, signTime); !errors.As(err, &api) {
			t.Errorf("not an error of AWS: %v", err)
		}
	})
}
