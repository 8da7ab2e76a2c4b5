package iam

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// Scope is what a signature was made for.
type Scope struct {
	// Region is a Region's name, for instance eu-central-1.
	Region string
	// Service is the signing name of a service, for instance dynamodb.
	Service string
}

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	timeFormat = "20060102T150405Z"
	dateFormat = "20060102"
	// maxSkew is how far a request's date may be from AWS's clock.
	maxSkew = 5 * time.Minute
)

// Messages of AWS.
const (
	invalidToken     = "The security token included in the request is invalid."
	invalidSignature = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)

// Verify checks the Signature Version 4 of a request with the given body (IAM
// User Guide, "Create a signed AWS API request") and says who signed it and
// for what. The canonical request is made again from what arrived, and the
// signatures are compared in constant time. Errors are [awserr.Error]s with the
// codes of the JSON protocols: MissingAuthenticationTokenException,
// IncompleteSignatureException, UnrecognizedClientException and
// InvalidSignatureException. No error repeats a header's value but the date.
//
// The hash of the body is always part of the signature, but for S3, which takes
// UNSIGNED-PAYLOAD and signatures in the query string too: see s3.go. Those of other
// services (presigned URLs) are refused like unsigned requests: see VerifyExecuteAPI.
func (s *Service) Verify(r *http.Request, body []byte, now time.Time) (Identity, Scope, error) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 && IsS3(r) {
		return s.verifyPresignedS3(r, body, now)
	}
	if len(headers) == 0 {
		return Identity{}, Scope{}, awserr.New("MissingAuthenticationTokenException", "Request is missing Authentication Token")
	}
	if len(headers) > 1 {
		return Identity{}, Scope{}, awserr.New("IncompleteSignatureException", "Request has more than one Authorization header")
	}
	a, err := parseAuthorization(headers[0])
	if err != nil {
		return Identity{}, Scope{}, err
	}
	a.token = r.Header.Values("X-Amz-Security-Token")
	a.dateText = r.Header.Get("X-Amz-Date")
	if a.dateText == "" {
		a.dateText, a.httpDate = r.Header.Get("Date"), true
	}
	a.query = r.URL.RawQuery
	return s.verify(r, body, now, a)
}

// verify checks what was read from the header or the query.
func (s *Service) verify(r *http.Request, body []byte, now time.Time, a authorization) (Identity, Scope, error) {
	s.mu.RLock()
	known, ok := s.sessions[a.accessKeyID]
	s.mu.RUnlock()
	if !ok || len(a.token) > 1 || !hmac.Equal([]byte(strings.Join(a.token, "")), []byte(known.credentials.SessionToken)) {
		return Identity{}, Scope{}, awserr.New("UnrecognizedClientException", invalidToken)
	}
	date, err := requestDate(a, now)
	if err != nil {
		return Identity{}, Scope{}, err
	}
	if err := checkSigned(r, a); err != nil {
		return Identity{}, Scope{}, err
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	sent := r.Header.Get("X-Amz-Content-Sha256")
	if a.service == s3 {
		if hash, err = s3Hash(sent, hash, a.presigned); err != nil {
			return Identity{}, Scope{}, err
		}
	} else if sent != "" && sent != hash {
		return Identity{}, Scope{}, awserr.New("InvalidSignatureException", invalidSignature)
	}
	canonical, ok := canonicalRequest(r, a, hash)
	name := signingKey{known.credentials, a.date, a.region, a.service}
	key, kept := s.keys.Load(name)
	if !kept {
		key = name.derive()
	}
	if !ok || !hmac.Equal(sign(key.([]byte), a, date, canonical), a.signature) {
		return Identity{}, Scope{}, awserr.New("InvalidSignatureException", invalidSignature)
	}
	if !kept {
		s.keys.Store(name, key)
	}
	return known.identity, Scope{Region: a.region, Service: a.service}, nil
}

// authorization is the content of an Authorization header, or of the query of
// a presigned URL, with what goes with it.
type authorization struct {
	accessKeyID, date, region, service string
	signedHeaders                      []string
	signature                          []byte

	token    []string // the session token, as often as it was sent
	dateText string
	httpDate bool          // dateText is of a Date header
	query    string        // what of the raw query is signed
	lifetime time.Duration // how long the signature is good

	presigned bool // the signature is in the query
}

func incomplete(format string, args ...any) error {
	return awserr.New("IncompleteSignatureException", format, args...)
}

func parseAuthorization(header string) (authorization, error) {
	var a authorization
	scheme, rest, _ := strings.Cut(header, " ")
	if scheme != algorithm {
		return a, incomplete("Unsupported AWS 'algorithm': use %s", algorithm)
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if _, twice := fields[name]; !ok || twice {
			return a, incomplete("Authorization header must have Credential, SignedHeaders and Signature, each once, as key=value pairs")
		}
		fields[name] = value
	}
	for _, name := range []string{"Credential", "SignedHeaders", "Signature"} {
		if fields[name] == "" {
			return a, incomplete("Authorization header requires '%s' parameter.", name)
		}
	}
	return newAuthorization(fields["Credential"], fields["SignedHeaders"], fields["Signature"])
}

func newAuthorization(credential, signedHeaders, signature string) (authorization, error) {
	a := authorization{lifetime: maxSkew}
	scope := strings.Split(credential, "/")
	if len(scope) != 5 || slices.Contains(scope, "") {
		return a, incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term")
	}
	if scope[4] != terminator {
		return a, awserr.New("InvalidSignatureException", "Credential should be scoped with a valid terminator: '%s'.", terminator)
	}
	a.accessKeyID, a.date, a.region, a.service = scope[0], scope[1], scope[2], scope[3]
	a.signedHeaders = strings.Split(signedHeaders, ";")
	for i, h := range a.signedHeaders {
		if h == "" || h != strings.ToLower(h) || (i > 0 && h <= a.signedHeaders[i-1]) {
			return a, incomplete("SignedHeaders must be lower-case names in alphabetical order, each once, separated by semicolons")
		}
	}
	var err error
	if a.signature, err = hex.DecodeString(signature); err != nil || len(a.signature) != sha256.Size {
		return a, incomplete("Signature must have %d hexadecimal digits", 2*sha256.Size)
	}
	return a, nil
}

// requestDate reads the date that was signed, and compares it with the
// credential's and with the clock.
func requestDate(a authorization, now time.Time) (time.Time, error) {
	date, err := time.Parse(timeFormat, a.dateText)
	if a.httpDate {
		date, err = http.ParseTime(a.dateText)
	}
	switch {
	case a.dateText == "":
		return date, incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	case err != nil:
		return date, incomplete("Date must be in ISO-8601 'basic format'.")
	}
	date = date.UTC()
	if got := date.Format(dateFormat); got != a.date {
		return date, awserr.New("InvalidSignatureException", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%.8s' != '%s'.", a.date, got)
	}
	now = now.UTC()
	if early := now.Add(-a.lifetime); date.Before(early) {
		return date, awserr.New("InvalidSignatureException", "Signature expired: %s is now earlier than %s (%s - %g min.)", date.Format(timeFormat), early.Format(timeFormat), now.Format(timeFormat), a.lifetime.Minutes())
	}
	if late := now.Add(maxSkew); date.After(late) {
		return date, awserr.New("InvalidSignatureException", "Signature not yet current: %s is still later than %s (%s + 5 min.)", date.Format(timeFormat), late.Format(timeFormat), now.Format(timeFormat))
	}
	return date, nil
}

// checkSigned wants host and every x-amz- header in the signature, so that
// nobody can change the operation or add a header on the way.
func checkSigned(r *http.Request, a authorization) error {
	if !slices.Contains(a.signedHeaders, "host") {
		return incomplete("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, strings.ToLower(name))
	}
	slices.Sort(names)
	for _, name := range names {
		if strings.HasPrefix(name, "x-amz-") && !slices.Contains(a.signedHeaders, name) {
			return incomplete("'%s' must be a 'SignedHeader' in the AWS Authorization.", name)
		}
	}
	if a.httpDate && !slices.Contains(a.signedHeaders, "date") {
		return incomplete("'date' must be a 'SignedHeader' in the AWS Authorization.")
	}
	return nil
}

// canonicalRequest is step 1 of the signature; ok is false where a signed
// header is not in the request or the query cannot be read.
func canonicalRequest(r *http.Request, a authorization, hash string) (string, bool) {
	query, ok := canonicalQuery(a.query)
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	var b strings.Builder
	// Every service but S3 encodes the path a second time.
	if a.service != s3 {
		path = uriEncode(path, true)
	}
	b.WriteString(r.Method + "\n" + path + "\n" + query + "\n")
	for _, name := range a.signedHeaders {
		values, there := headerValues(r, name)
		ok = ok && there
		for i, v := range values {
			values[i] = collapse(v)
		}
		b.WriteString(name + ":" + strings.Join(values, ",") + "\n")
	}
	b.WriteString("\n" + strings.Join(a.signedHeaders, ";") + "\n" + hash)
	return b.String(), ok
}

// headerValues finds a header also where net/http keeps it elsewhere.
func headerValues(r *http.Request, name string) ([]string, bool) {
	values := r.Header.Values(name)
	switch {
	case name == "host":
		values = []string{r.Host}
	case name == "content-length" && len(values) == 0 && r.ContentLength >= 0:
		values = []string{strconv.FormatInt(r.ContentLength, 10)}
	}
	return slices.Clone(values), len(values) > 0
}

// collapse trims a value and makes sequences of spaces one.
func collapse(v string) string {
	v = strings.TrimSpace(v)
	for strings.Contains(v, "  ") {
		v = strings.ReplaceAll(v, "  ", " ")
	}
	return v
}

func canonicalQuery(raw string) (string, bool) {
	if raw == "" {
		return "", true
	}
	var pairs [][2]string
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		n, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			return "", false
		}
		pairs = append(pairs, [2]string{uriEncode(n, false), uriEncode(v, false)})
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		if c := strings.Compare(a[0], b[0]); c != 0 {
			return c
		}
		return strings.Compare(a[1], b[1])
	})
	out := make([]string, len(pairs))
	for i, p := range pairs {
		out[i] = p[0] + "=" + p[1]
	}
	return strings.Join(out, "&"), true
}

// uriEncode is the UriEncode of AWS's signature documentation: everything but
// the unreserved characters of RFC 3986 is percent-encoded, upper-case.
func uriEncode(s string, keepSlash bool) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9',
			c == '-', c == '_', c == '.', c == '~', c == '/' && keepSlash:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
	return b.String()
}

// signingKey names a derived key, which is good for a day, a Region and a service.
type signingKey struct {
	credentials           Credentials
	date, region, service string
}

// derive is step 3.
func (k signingKey) derive() []byte {
	key := []byte("AWS4" + k.credentials.SecretAccessKey)
	for _, part := range []string{k.date, k.region, k.service, terminator} {
		key = mac(key, part)
	}
	return key
}

// forgetKeys forgets those of credentials that are no longer good.
func (s *Service) forgetKeys(accessKeyID string) {
	s.keys.Range(func(name, _ any) bool {
		if name.(signingKey).credentials.AccessKeyID == accessKeyID {
			s.keys.Delete(name)
		}
		return true
	})
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// sign is steps 2 and 4: the string to sign, the signature.
func sign(key []byte, a authorization, date time.Time, canonical string) []byte {
	sum := sha256.Sum256([]byte(canonical))
	toSign := strings.Join([]string{
		algorithm, date.Format(timeFormat),
		strings.Join([]string{a.date, a.region, a.service, terminator}, "/"),
		hex.EncodeToString(sum[:]),
	}, "\n")
	return mac(key, toSign)
}
