package lambda

import "time"

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
