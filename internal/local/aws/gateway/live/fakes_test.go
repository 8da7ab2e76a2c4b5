package live_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

// fakeInvoker answers as the test says and records what it was asked.
type fakeInvoker struct {
	mu     sync.Mutex
	calls  []lambda.InvokeInput
	limits []time.Duration // until the deadline of each call's context
	answer map[string]func(context.Context, lambda.InvokeInput) (lambda.InvokeOutput, error)
}

func (f *fakeInvoker) Invoke(ctx context.Context, in lambda.InvokeInput) (lambda.InvokeOutput, error) {
	f.mu.Lock()
	f.calls = append(f.calls, in)
	if deadline, ok := ctx.Deadline(); ok {
		f.limits = append(f.limits, time.Until(deadline))
	}
	answer := f.answer[in.Function]
	f.mu.Unlock()
	if answer == nil {
		return lambda.InvokeOutput{}, awserr.New(awserr.ResourceNotFound, "Function not found: %s", in.Function)
	}
	return answer(ctx, in)
}

func (f *fakeInvoker) set(function string, answer func(context.Context, lambda.InvokeInput) (lambda.InvokeOutput, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer[functionARNOf(function)] = answer
}

// returns makes a function answer with a payload.
func (f *fakeInvoker) returns(function, payload string) {
	f.set(function, func(context.Context, lambda.InvokeInput) (lambda.InvokeOutput, error) {
		return lambda.InvokeOutput{Payload: []byte(payload), RequestID: "r-1", Duration: 3 * time.Millisecond}, nil
	})
}

// callsOf returns the invocations of a function so far.
func (f *fakeInvoker) callsOf(function string) []lambda.InvokeInput {
	f.mu.Lock()
	defer f.mu.Unlock()
	var calls []lambda.InvokeInput
	for _, call := range f.calls {
		if call.Function == functionARNOf(function) {
			calls = append(calls, call)
		}
	}
	return calls
}

func (f *fakeInvoker) runs() int { return len(f.callsOf(authorizerName)) }

// clock is a clock that the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fakeLogs has one log group.
type fakeLogs struct {
	mu    sync.Mutex
	lines []string
	err   error
}

const (
	testLogGroup    = "/aws/apigateway/events"
	testLogGroupARN = "arn:aws:logs:" + testRegion + ":" + testAccount + ":log-group:" + testLogGroup
)

func (f *fakeLogs) File(group string) string {
	if group == testLogGroup {
		return "a file"
	}
	return ""
}

func (f *fakeLogs) Append(group, stream string, at time.Time, line string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	f.lines = append(f.lines, fmt.Sprintf("%s %s %s %s", group, stream, at.Format(time.TimeOnly), line))
	return nil
}

// notPermitted is Lambda's refusal of an invocation without a permission.
func notPermitted(in lambda.InvokeInput) error {
	return awserr.New(awserr.AccessDenied, "%s is not authorized to perform: lambda:InvokeFunction on resource: %s because no resource-based policy allows the lambda:InvokeFunction action", in.Caller.Service, in.Function).
		WithCure("add an aws:lambda:Permission to the function %s: action lambda:InvokeFunction, principal %s, sourceArn matching %s", in.Function, in.Caller.Service, in.Caller.SourceARN)
}
