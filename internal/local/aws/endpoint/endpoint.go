// Package endpoint is the one address at which the local AWS's services are
// reached, by the AWS CLI, the SDKs and the functions themselves. It verifies
// the signature of each request, finds the service by the signature's scope,
// and has the service ask for the permissions that the request needs. Refusals
// have AWS's wording; the console says what would cure them, and never shows
// a value.
package endpoint

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

// The most bytes that a request may have: DynamoDB's 16 MB, and for a function's
// code what Lambda takes, 50 MB as base64 with some JSON around it.
const (
	maxBody     = 16 << 20
	maxCodeBody = 69905067 + 1<<10
)

// maxBodyOf is the limit of a request.
func maxBodyOf(r *http.Request) int64 {
	if r.Method == http.MethodPut && strings.HasPrefix(r.URL.Path, "/2015-03-31/functions/") && strings.HasSuffix(r.URL.Path, "/code") {
		return maxCodeBody
	}
	return maxBody
}

// Options are what an endpoint is made of.
type Options struct {
	Account account.Account
	// IAM knows the credentials and the policies.
	IAM *iam.Service
	// Services are what is served beside STS's GetCallerIdentity.
	Services Services
	// Outage says whether a service, by its signing name, is down: it then
	// answers every request with 503, as AWS does when it cannot serve. Nil: all
	// are up.
	Outage func(service string) bool
	// Console is told what was refused, and why. Nil tells nobody.
	Console *console.Console
}

// Services are services by their signing name, for instance dynamodb.
type Services map[string]protocol.Service

type endpoint struct{ Options }

// New returns the endpoint.
func New(o Options) http.Handler {
	services := Services{"sts": sts{o.Account, o.IAM}}
	maps.Copy(services, o.Services)
	o.Services = services
	return &endpoint{o}
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyOf(r)))
	if err != nil {
		var large *http.MaxBytesError
		failure := awserr.New("SerializationException", "the body of the request could not be read")
		if errors.As(err, &large) {
			failure = &awserr.Error{Code: "RequestEntityTooLargeException", Message: "the request has more than " + strconv.FormatInt(large.Limit, 10) + " bytes", Status: http.StatusRequestEntityTooLarge}
		}
		e.refuse(w, r, failure, "send a smaller request")
		return
	}
	identity, scope, err := e.IAM.Verify(r, body, time.Now())
	if err != nil {
		e.refuse(w, r, err, "sign the request with Signature Version 4 and the credentials that the local AWS gave out for this run")
		return
	}
	// STS's global endpoint is signed for us-east-1.
	if scope.Region != e.Account.Region && (scope.Service != "sts" || scope.Region != "us-east-1") {
		e.refuse(w, r, awserr.New("InvalidSignatureException", "Credential should be scoped to a valid Region, not '%s'.", scope.Region),
			"use the Region "+e.Account.Region)
		return
	}
	service, ok := e.Services[scope.Service]
	if !ok {
		e.refuse(w, r, awserr.New("UnknownOperationException", "The service %s does not exist in the local AWS.", scope.Service),
			"use a service that the local AWS has, or AWS itself")
		return
	}
	if e.Outage != nil && e.Outage(scope.Service) {
		service.Fail(w, awserr.Unavailable())
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	service.Serve(w, &protocol.Request{
		Identity: identity, Scope: scope, HTTP: r, Body: body, Console: e.Console,
		Authorize: func(g iam.Grant) error { return e.IAM.AuthorizeGrant(identity, g) },
	})
}

// refuse answers a request that reaches no service. The Query protocol, told
// by its form, reads XML; all others read JSON. What is not of a JSON protocol
// with X-Amz-Target gets 403 where its signature is refused.
func (e *endpoint) refuse(w http.ResponseWriter, r *http.Request, err error, cure string) {
	e.Console.Refused(err.Error(), cure)
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		sts{}.Fail(w, err)
		return
	}
	failure := *awserr.Of(err)
	if _, signature := queryErrors[failure.Code]; signature && r.Header.Get("X-Amz-Target") == "" {
		failure.Status = http.StatusForbidden
	}
	(&protocol.JSON{Version: "1.1"}).Fail(w, &failure)
}
