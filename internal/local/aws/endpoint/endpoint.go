// Package endpoint is the one address at which the local AWS's services are
// reached, by the AWS CLI, the SDKs and the functions themselves. It verifies
// the signature of each request, finds the service by the signature's scope,
// and has the service ask for the permissions that the request needs. What the local
// AWS does not have may go to an emulator, with the same questions asked. Refusals
// have AWS's wording; the console says what would cure them, and never shows
// a value.
package endpoint

import (
	"bytes"
	"errors"
	"fmt"
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
	// maxS3Body is our own: a request is held in memory until it is verified.
	maxS3Body = 256 << 20
	// usualBody is what is set aside at once for a request that says so.
	usualBody = 64 << 10
)

// maxBodyOf is the limit of a request.
func maxBodyOf(r *http.Request) int64 {
	if r.Method == http.MethodPut && strings.HasPrefix(r.URL.Path, "/2015-03-31/functions/") && strings.HasSuffix(r.URL.Path, "/code") {
		return maxCodeBody
	}
	if iam.IsS3(r) {
		return maxS3Body
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
	// Emulators are what the developer runs in the place of services that are not
	// among Services.
	Emulators Emulators
	// Outage says whether a service, by its signing name, is down: it then
	// answers every request with 503, as AWS does when it cannot serve. Nil: all
	// are up.
	Outage func(service string) bool
	// Console is told what was refused, and why. Nil tells nobody.
	Console *console.Console
	// Called is told what became of each request, before its sender is. It must be quick.
	// Nil tells nobody.
	Called func(Call)
	// Running tells whose credentials an access key ID is of: a function's ARN, and the id
	// of the invocation that runs with them; empty of others. It is for Called.
	Running func(accessKeyID string) (function, requestID string)
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
	at := time.Now()
	var content bytes.Buffer
	content.Grow(int(min(max(r.ContentLength, 0), usualBody)) + bytes.MinRead)
	_, err := content.ReadFrom(http.MaxBytesReader(w, r.Body, maxBodyOf(r)))
	body := content.Bytes()
	var watch *watched
	if e.Called != nil {
		watch = &watched{ResponseWriter: w, call: Call{At: at}, told: e.Called}
		w = watch
	}
	if err != nil {
		var large *http.MaxBytesError
		failure := awserr.New("SerializationException", "the body of the request could not be read")
		if errors.As(err, &large) {
			failure = &awserr.Error{Code: "RequestEntityTooLargeException", Message: "the request has more than " + strconv.FormatInt(large.Limit, 10) + " bytes", Status: http.StatusRequestEntityTooLarge}
		}
		e.refuse(w, r, failure, "send a smaller request")
		return
	}
	identity, scope, err := e.IAM.Verify(r, body, at)
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
	r.Body = io.NopCloser(bytes.NewReader(body))
	request := &protocol.Request{
		Identity: identity, Scope: scope, HTTP: r, Body: body, Console: e.Console,
		Authorize: func(g iam.Grant) error {
			err := e.IAM.AuthorizeGrant(identity, g)
			watch.asked(g, err)
			return err
		},
	}
	e.by(watch, request)
	service, ok := e.Services[scope.Service]
	emulator, emulated := e.Emulators[scope.Service]
	switch down := e.Outage != nil && e.Outage(scope.Service); {
	case ok && down:
		service.Fail(w, awserr.Unavailable().WithCure(resume, scope.Service))
	case ok:
		service.Serve(w, request)
	case emulated && down:
		e.refuse(w, r, awserr.Unavailable(), fmt.Sprintf(resume, scope.Service))
	case emulated:
		e.handOn(w, request, emulator)
	default:
		e.refuse(w, r, notHere(scope.Service), "run an emulator of "+scope.Service+" and name it with --endpoint, or have the code do without in a local deployment")
	}
}

// resume is the cure of an outage.
const resume = "resume %s, which was stopped here: the live page has a button for it, a test ends its outage"

// notHere is the answer for a service that is neither here nor emulated. It tells the
// cure too: the log of the function is where the developer looks.
func notHere(service string) error {
	return &awserr.Error{
		Code: "UnknownOperationException", Status: http.StatusNotImplemented,
		Message: fmt.Sprintf("The local AWS has no %s: run an emulator of it and start the local AWS with --endpoint %s=http://127.0.0.1:9000, its address.", service, service),
	}
}

// refuse answers a request that reaches no service. S3 and the Query protocol, told
// by its form, read XML; all others read JSON. What is not of a JSON protocol
// with X-Amz-Target gets 403 where its signature is refused.
func (e *endpoint) refuse(w http.ResponseWriter, r *http.Request, err error, cure string) {
	e.Console.Refused(err.Error(), cure)
	failure := *awserr.Of(err)
	failure.Cure = cure
	if iam.IsS3(r) {
		failS3(w, &failure)
		return
	}
	if isForm(r) {
		sts{}.Fail(w, &failure)
		return
	}
	if _, signature := queryErrors[failure.Code]; signature && r.Header.Get("X-Amz-Target") == "" {
		failure.Status = http.StatusForbidden
	}
	(&protocol.JSON{Version: "1.1"}).Fail(w, &failure)
}
