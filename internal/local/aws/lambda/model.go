package lambda

import (
	"time"
)

// Function is a function's code and configuration.
type Function struct {
	// Name has 1 to 64 letters, digits, "-" and "_".
	Name        string
	Description string
	// RoleARN is the execution role, which lambda.amazonaws.com must be
	// trusted to assume.
	RoleARN string
	// Runtime is provided.al2023 or provided.al2.
	Runtime string
	// Handler is passed on in _HANDLER; AWS demands one, whatever it is.
	Handler string
	// Architecture is x86_64 or arm64. Defaults to x86_64.
	Architecture string
	// MemorySize is 128 to 10240, in MB. Defaults to 128.
	MemorySize int
	// Timeout is 1 s to 900 s, in whole seconds. Defaults to 3 s.
	Timeout time.Duration
	// Environment holds the function's own variables, at most 4 KB.
	Environment map[string]string
	// Code is a zip file with an executable bootstrap in its root. An update
	// without Code keeps the code.
	Code []byte
	// LogGroup defaults to /aws/lambda/{Name}.
	LogGroup string
	// LogFormat is Text or JSON. Defaults to Text. It is about the records of
	// Lambda itself: what the function writes stays as it is (developer guide,
	// monitoring-cloudwatchlogs-logformat, for OS-only runtimes).
	LogFormat string
	// ApplicationLogLevel is the least level of the function's own lines that
	// are kept: TRACE, DEBUG, INFO, WARN, ERROR or FATAL. Only with JSON;
	// defaults to INFO then.
	ApplicationLogLevel string
	// SystemLogLevel is the least level of Lambda's own records that are kept:
	// DEBUG, INFO or WARN. Only with JSON; defaults to INFO then.
	SystemLogLevel string
	// ReservedConcurrency is how many invocations may run at once, kept for
	// this function alone. Nil: the function shares what is not reserved.
	ReservedConcurrency *int

	// Layers are ARNs of layers' versions, at most 5. They are not loaded.
	Layers []string
	// VPC is the network of the function. Nil: it is in none. Without effect here,
	// as all that follows.
	VPC *VPCConfig
	// TracingMode is Active or PassThrough. Defaults to PassThrough.
	TracingMode string
	// EphemeralStorage is 512 to 10240, in MB. Defaults to 512.
	EphemeralStorage int
	// DeadLetterTarget is the ARN of a queue of SQS or a topic of SNS. Empty: none.
	DeadLetterTarget string
	// KMSKeyARN is the key of the environment. Empty: AWS's own.
	KMSKeyARN string
}

// FunctionInfo is a function as it was deployed.
type FunctionInfo struct {
	// Function has the defaults filled in, and no Code.
	Function
	ARN string
	// CodeSha256 is the base64 SHA-256 hash of the zip.
	CodeSha256 string
	// CodeSize is the size of the zip in bytes.
	CodeSize     int64
	LastModified time.Time
	// Version is always $LATEST.
	Version string
}

// function is what a name stands for, through all updates. Its fields, arn
// apart, are guarded by Service.mu.
type function struct {
	arn         string
	current     *version
	reserved    *int // FunctionInfo.ReservedConcurrency, which is no part of a version
	permissions []Permission
	inFlight    int
}

// version is one deployment of a function; an update makes a new one. What it is
// never changes: invocations read it without Service.mu.
type version struct {
	fn   *function
	info FunctionInfo
	code *codeDir

	// Guarded by Service.mu.
	idle    []*environment // the last used one last
	retired bool
	warned  map[string]bool // what the console has been told
}

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

// Permission is a statement of a function's resource policy.
type Permission struct {
	// StatementID names the statement within the function.
	StatementID string
	// Action is lambda:InvokeFunction, lambda:* or another action of Lambda.
	Action string
	// Principal is a service, for instance apigateway.amazonaws.com, an
	// account or *.
	Principal string
	// SourceARN is compared with the caller's resource by ArnLike. Empty: any.
	SourceARN string
	// SourceAccount is the account of the caller's resource. Empty: any.
	SourceAccount string
}
