package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

const (
	// settleLimit is how long after its response an invocation may keep the
	// caller waiting for its end. See the package comment.
	settleLimit = 100 * time.Millisecond

	// unhandled is the FunctionError of everything that goes wrong in a
	// function of an OS-only runtime.
	unhandled = "Unhandled"

	exitError    = "Runtime.ExitError"
	timeoutError = "Sandbox.Timedout"
)

// call is one invocation on its way.
type call struct {
	v       *version
	event   *event
	out     InvokeOutput
	begun   time.Time
	timeout *time.Timer
	answer  chan answered // takes one
	done    bool
}

type answered struct {
	out InvokeOutput
	err error
}

// outcome is how an invocation, or a start, ended. The zero value is success.
type outcome struct {
	// errorType is set where the environment failed, rather than the handler.
	errorType string
	message   string
	// payload replaces the one made of errorType and message.
	payload []byte
}

func failedWith(r result) outcome {
	o := outcome{errorType: r.errorType, payload: r.payload}
	if o.errorType == "" {
		o.errorType = "Runtime.Unknown"
	}
	return o
}

// status is the end of a REPORT line (Lambda developer guide,
// lambda-runtime-environment, "Failures during the invoke phase").
func (o outcome) status() []string {
	switch o.errorType {
	case "":
		return nil
	case timeoutError:
		return []string{"Status: timeout"}
	}
	return []string{"Status: error", "Error Type: " + o.errorType}
}

// Invoke runs a function and waits for its answer. What goes wrong in the
// function is an output; the errors are Lambda's, among them
// [awserr.ResourceNotFound], [awserr.AccessDenied] and [awserr.TooManyRequests],
// ErrClosed and ctx's. Where ctx ends first, the invocation goes on without its
// caller, as on AWS, and the output has its RequestID alone.
func (s *Service) Invoke(ctx context.Context, in InvokeInput) (InvokeOutput, error) {
	if err := ctx.Err(); err != nil {
		return InvokeOutput{}, err
	}
	payload, err := checkPayload(in.Payload)
	if err != nil {
		return InvokeOutput{}, err
	}
	v, err := s.admit(in)
	if err != nil {
		return InvokeOutput{}, err
	}
	c := newCall(v, payload)
	go func() {
		defer s.running.Done()
		env, err := s.perform(c)
		if env != nil {
			s.giveBack(env)
		}
		s.release(v)
		c.reply(err)
	}()
	select {
	case a := <-c.answer:
		return a.out, a.err
	case <-ctx.Done():
		return InvokeOutput{RequestID: c.event.requestID}, ctx.Err()
	}
}

func checkPayload(payload []byte) ([]byte, error) {
	if len(payload) == 0 {
		return []byte("{}"), nil
	}
	if len(payload) > maxRequest {
		return nil, refusal("RequestTooLargeException", "", "%d byte payload is too large for the RequestResponse invocation type (limit %d bytes)", len(payload), maxRequest)
	}
	if !json.Valid(payload) {
		return nil, refusal("InvalidRequestContentException", "send a JSON text as the payload", "Could not parse request body into json")
	}
	return payload, nil
}

// admit finds the function, checks the permission and takes a place among the
// invocations at once. Whoever gets a version has to release it.
func (s *Service) admit(in InvokeInput) (*version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	fn, err := s.lookup(in.Function)
	if err != nil {
		return nil, err
	}
	if in.Caller.Service != "" && !fn.allows(in.Caller) {
		return nil, notPermitted(fn.arn, in.Caller)
	}
	if !s.hasRoom(fn) {
		return nil, fn.throttled()
	}
	fn.inFlight++
	fn.current.code.retain()
	s.running.Add(1)
	return fn.current, nil
}

func (s *Service) release(v *version) {
	v.code.release()
	s.mu.Lock()
	defer s.mu.Unlock()
	v.fn.inFlight--
}

// hasRoom tells whether one more invocation of fn may run (Lambda developer
// guide, lambda-concurrency): a function with a reservation has it for itself,
// the others share the rest of the account's limit.
func (s *Service) hasRoom(fn *function) bool {
	if reserved := fn.reserved; reserved != nil {
		return fn.inFlight < *reserved
	}
	limit, inFlight := s.maxConcurrency, 0
	for _, other := range s.functions {
		if reserved := other.reserved; reserved != nil {
			limit -= *reserved
		} else {
			inFlight += other.inFlight
		}
	}
	return inFlight < limit
}

func notPermitted(function string, caller Caller) error {
	return refusal(awserr.AccessDenied,
		fmt.Sprintf("add an aws:lambda:Permission to the function %s: action lambda:InvokeFunction, principal %s, sourceArn matching %s", function, caller.Service, caller.SourceARN),
		"%s is not authorized to perform: lambda:InvokeFunction on resource: %s because no resource-based policy allows the lambda:InvokeFunction action", caller.Service, function)
}

func (f *function) throttled() error {
	err := refusal(awserr.TooManyRequests, "let more invocations run at once, the account's limit: pha up --concurrency does here, a quota of Lambda on AWS", "Rate Exceeded.")
	err.Members["Reason"] = "ConcurrentInvocationLimitExceeded"
	if f.reserved != nil {
		err.Cure = fmt.Sprintf("raise ReservedConcurrency of the function's FunctionArgs (reservedConcurrentExecutions of %s), which is %d", f.arn, *f.reserved)
		err.Members["Reason"] = "ReservedFunctionConcurrentInvocationLimitExceeded"
	}
	return err
}

func (f *function) allows(caller Caller) bool {
	for _, p := range f.permissions {
		if p.allows(caller) {
			return true
		}
	}
	return false
}

func newCall(v *version, payload []byte) *call {
	id := uuid.NewString()
	return &call{
		v: v,
		event: &event{
			requestID:   id,
			traceID:     traceID(v.info.TracingMode == tracingActive),
			functionARN: v.fn.arn,
			payload:     payload,
			result:      make(chan result, 1),
		},
		out:    InvokeOutput{RequestID: id},
		answer: make(chan answered, 1),
	}
}

// begin starts the clock that the function's timeout limits.
func (c *call) begin() {
	c.begun = time.Now()
	c.event.deadline = c.begun.Add(c.v.info.Timeout)
	c.timeout = time.NewTimer(c.v.info.Timeout)
}

// reply answers the caller, once.
func (c *call) reply(err error) {
	if !c.done {
		c.done = true
		c.answer <- answered{out: c.out, err: err}
	}
}

// fail makes o, a failure of the environment, the answer.
func (c *call) fail(o outcome) {
	c.out.FunctionError = unhandled
	if c.out.Payload = o.payload; len(o.payload) == 0 {
		c.out.Payload, _ = json.Marshal(functionError{
			Type:    o.errorType,
			Message: "RequestId: " + c.event.requestID + " Error: " + o.message,
		})
	}
}

func (c *call) timedOut() outcome {
	return outcome{errorType: timeoutError, message: fmt.Sprintf("Task timed out after %.2f seconds", c.v.info.Timeout.Seconds())}
}
