package iam

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// executeAPI is the signing name of deployed APIs.
const executeAPI = "execute-api"

// VerifyExecuteAPI checks the signature of a request to an HTTP API's route
// with AWS_IAM authorization (API Gateway developer guide,
// "http-api-access-control-iam"), and says who signed it. The signature is in
// the Authorization header, or in the query (a presigned URL, IAM User Guide,
// "Query string authentication"); that of a URL is good for five minutes, as
// for all services but S3, and for less where X-Amz-Expires says so.
//
// It says nothing about the permission: see Authorize with
// execute-api:Invoke. Errors are [awserr.Error]s, as those of Verify; the gateway
// answers 403 to each.
func (s *Service) VerifyExecuteAPI(r *http.Request, body []byte, now time.Time) (Identity, error) {
	id, scope, err := s.verifyEither(r, body, now)
	switch {
	case err != nil:
		return Identity{}, err
	case scope.Service != executeAPI:
		return Identity{}, awserr.New("InvalidSignatureException", "Credential should be scoped to correct service: '%s'.", executeAPI)
	case scope.Region != s.acct.Region:
		return Identity{}, awserr.New("InvalidSignatureException", "Credential should be scoped to a valid region, not '%s'.", scope.Region)
	}
	return id, nil
}

func (s *Service) verifyEither(r *http.Request, body []byte, now time.Time) (Identity, Scope, error) {
	names, values, err := queryParameters(r.URL.RawQuery)
	if err != nil || !slices.Contains(names, "X-Amz-Signature") {
		return s.Verify(r, body, now)
	}
	if r.Header.Get("Authorization") != "" {
		return Identity{}, Scope{}, incomplete("Request has a signature in the Authorization header and in the query: keep one")
	}
	a, err := parsePresigned(names, values)
	if err != nil {
		return Identity{}, Scope{}, err
	}
	a.lifetime = min(a.lifetime, maxSkew)
	a.query = withoutSignature(r.URL.RawQuery)
	return s.verify(r, body, now, a)
}

// queryParameters lists the parameters in their order: of two with one name,
// nobody should take the one that another does not.
func queryParameters(raw string) (names []string, values map[string]string, err error) {
	values = map[string]string{}
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		n, err := url.QueryUnescape(name)
		if err != nil {
			return nil, nil, err
		}
		v, err := url.QueryUnescape(value)
		if err != nil {
			return nil, nil, err
		}
		names, values[n] = append(names, n), v
	}
	return names, values, nil
}

// withoutSignature is the query that is signed: all but the signature.
func withoutSignature(raw string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(raw, "&"), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		n, err := url.QueryUnescape(name)
		return err == nil && n == "X-Amz-Signature"
	}), "&")
}

func parsePresigned(names []string, values map[string]string) (authorization, error) {
	for i, name := range names {
		if strings.HasPrefix(name, "X-Amz-") && slices.Contains(names[:i], name) {
			return authorization{}, incomplete("The query has more than one '%s'", name)
		}
	}
	for _, name := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders"} {
		if values[name] == "" {
			return authorization{}, incomplete("AWS query-string parameters must include '%s'. Re-examine the query-string parameters.", name)
		}
	}
	if values["X-Amz-Algorithm"] != algorithm {
		return authorization{}, incomplete("Unsupported AWS 'algorithm': use %s", algorithm)
	}
	a, err := newAuthorization(values["X-Amz-Credential"], values["X-Amz-SignedHeaders"], values["X-Amz-Signature"])
	if err != nil {
		return authorization{}, err
	}
	a.dateText = values["X-Amz-Date"]
	if slices.Contains(names, "X-Amz-Security-Token") {
		a.token = []string{values["X-Amz-Security-Token"]}
	}
	a.presigned = true
	if slices.Contains(names, "X-Amz-Expires") {
		seconds, err := strconv.Atoi(values["X-Amz-Expires"])
		if err != nil || seconds < 1 || seconds > 604800 {
			return authorization{}, incomplete("X-Amz-Expires must be a number of seconds between 1 and 604800")
		}
		a.lifetime = time.Duration(seconds) * time.Second
	}
	return a, nil
}
