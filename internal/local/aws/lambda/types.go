package lambda

import (
	"fmt"
	"time"
)

// Caller is who invokes a function: a service on behalf of a resource, which
// needs a permission of the function, or the developer.
type Caller struct {
	// Service is a service principal, for instance apigateway.amazonaws.com;
	// empty for the developer.
	Service string
	// SourceARN is the resource on whose behalf the service calls.
	SourceARN string
}

// InvokeInput is one synchronous invocation.
type InvokeInput struct {
	// Function is a function's name or ARN.
	Function string
	Caller   Caller
	// Payload is the event, JSON.
	Payload []byte
}

// InvokeOutput is what an invocation answered. An error of the function
// itself is an output, not an error of Invoke: AWS answers it with status 200
// and a FunctionError.
type InvokeOutput struct {
	Payload []byte
	// FunctionError is "Unhandled" where the function returned an error, ran
	// out of time or crashed; else empty.
	FunctionError string
	RequestID     string
	// Cold is whether the invocation had to start an execution environment.
	Cold bool
	// InitDuration is how long the start took; zero unless Cold.
	InitDuration time.Duration
	// Duration is how long the invocation took, without the start.
	Duration time.Duration
}

// NotFoundError is an invocation of a function that does not exist.
type NotFoundError struct{ ARN string }

func (e *NotFoundError) Error() string { return "Function not found: " + e.ARN }

// PermissionError is an invocation that no permission of the function allows.
type PermissionError struct {
	Function string // the function's ARN
	Caller   Caller
}

func (e *PermissionError) Error() string {
	return fmt.Sprintf("%s is not authorized to perform: lambda:InvokeFunction on resource: %s because no resource-based policy allows the lambda:InvokeFunction action", e.Caller.Service, e.Function)
}

// Cure is what a developer has to change so that the invocation is allowed.
func (e *PermissionError) Cure() string {
	return fmt.Sprintf("add an aws:lambda:Permission to the function %s: action lambda:InvokeFunction, principal %s, sourceArn matching %s", e.Function, e.Caller.Service, e.Caller.SourceARN)
}

// ThrottledError is an invocation over the function's concurrency.
type ThrottledError struct{ Function string }

func (e *ThrottledError) Error() string { return "Rate Exceeded." }
