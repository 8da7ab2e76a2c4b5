// Package protocol is what the services behind the AWS endpoint have in
// common: the request that the endpoint has verified, the permissions that it
// needs, and AWS's JSON protocols (1.0 and 1.1, and REST). Which services there are is left to package endpoint, and what
// they do to themselves.
package protocol

import (
	"net/http"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
)

// Service answers the requests of one signing name.
type Service interface {
	// Serve answers a request whose signature is good. It calls
	// Request.Authorize before it does anything.
	Serve(w http.ResponseWriter, r *Request)
	// Fail answers with an error in the service's own protocol.
	Fail(w http.ResponseWriter, err error)
}

// Request is one request to a service.
type Request struct {
	// Identity is who signed it, for what Scope.
	Identity iam.Identity
	Scope    iam.Scope
	// HTTP is the request itself; its body has been read into Body.
	HTTP *http.Request
	Body []byte
	// Authorize is that of [iam.Service], for the Identity.
	Authorize func(iam.Grant) error
	Console   *console.Console
}

// Watcher is a ResponseWriter that is told with what error a request fails, which is more
// than its sender is.
type Watcher interface{ Failed(e *awserr.Error) }

// Failing tells w, where it is a [Watcher], of the error that it gets. [Service.Fail] does.
func Failing(w http.ResponseWriter, e *awserr.Error) {
	if watcher, ok := w.(Watcher); ok {
		watcher.Failed(e)
	}
}

// run does an operation of the name, once what it needs is authorized. The
// developer is told what was refused, with its cure.
func run[In, Out any](r *Request, name string, in In, grants func(In) ([]iam.Grant, error), do func(In) (Out, error)) (Out, error) {
	var out Out
	needed, err := grants(in)
	if err == nil {
		for _, g := range needed {
			if err := r.Authorize(g); err != nil {
				r.Console.Refused(awserr.Message(err), awserr.CureOf(err))
				return out, err
			}
		}
		out, err = do(in)
	}
	if cure := awserr.CureOf(err); cure != "" {
		r.Console.Refused(name+": "+err.Error(), cure)
	}
	return out, err
}
