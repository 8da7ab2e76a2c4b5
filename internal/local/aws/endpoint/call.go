package endpoint

import (
	"net/http"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

// Call is what became of a request to a service.
type Call struct {
	// Function is the ARN of the function that made it, RequestID Lambda's id of the
	// invocation that its execution environment ran then, or was started for. Both are
	// empty for other callers, and where the signature was refused; RequestID is for a
	// function between its invocations too.
	Function, RequestID string
	// Service is the signing name, empty where the signature was refused.
	Service string
	// Action is what had to be allowed, in the words of IAM, for instance
	// dynamodb:PutItem, and Resource the ARN on which. Where several were needed it is the
	// one that was refused, else the first, and Further is how many there were beside it.
	// Where none was asked for, as in an outage, Action is the operation, which is
	// service:* where the request does not name it, and Resource is empty.
	Action, Resource string
	Further          int
	// At is when the request came, Duration how long the answer took.
	At       time.Time
	Duration time.Duration
	// Status is the answer's.
	Status int
	// Error is AWS's code, empty for a call that succeeded. Of an emulator's it is the
	// text of the status where there is no code in a header.
	Error string
	// Cure is what to change so that it would succeed, where the local AWS knows.
	Cure string
}

// watched is a request of which somebody wants to know what became. Nobody does where it
// is nil.
type watched struct {
	http.ResponseWriter
	call    Call
	request *protocol.Request // nil until the signature is good
	told    func(Call)        // nil once it was
}

// by keeps who sent the request.
func (e *endpoint) by(w *watched, r *protocol.Request) {
	if w == nil {
		return
	}
	w.request, w.call.Service = r, r.Scope.Service
	if e.Running != nil {
		w.call.Function, w.call.RequestID = e.Running(r.Identity.AccessKeyID)
	}
}

// asked keeps what the request needed.
func (w *watched) asked(g iam.Grant, err error) {
	if w == nil {
		return
	}
	first := w.call.Action == ""
	if first || err != nil {
		w.call.Action, w.call.Resource = g.Action, g.Resource
	}
	if !first {
		w.call.Further++
	}
}

// Failed implements [protocol.Watcher].
func (w *watched) Failed(e *awserr.Error) { w.call.Error, w.call.Cure = e.Code, e.Cure }

// WriteHeader tells what became of the request, before its sender can know.
func (w *watched) WriteHeader(status int) {
	if told := w.told; told != nil {
		w.told = nil
		w.call.Status, w.call.Duration = status, time.Since(w.call.At)
		if w.call.Action == "" && w.request != nil {
			w.call.Action, _ = actionOf(w.request)
		}
		if w.call.Error == "" && status >= http.StatusBadRequest {
			if w.call.Error = w.Header().Get("X-Amzn-Errortype"); w.call.Error == "" {
				w.call.Error = http.StatusText(status)
			}
		}
		told(w.call)
	}
	w.ResponseWriter.WriteHeader(status)
}
