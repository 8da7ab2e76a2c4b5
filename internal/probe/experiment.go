// Package probe asks API Gateway itself how it behaves: it deploys HTTP APIs whose
// authorizer and handler do what each request tells them, sends requests that were
// written to be told apart, and compares what comes back with what the local AWS
// does. Against the local AWS there is no difference; a difference on AWS is a fault
// of the local one, and of the row of docs/fidelity.md that names the experiment.
package probe

import (
	"slices"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/probe/instruction"
)

// Experiment is a question, and how to ask it. In texts of its requests and of what
// is expected stand {token} for a text that no other experiment and no earlier run
// has, {host} for the API's own, {origin} for its address, {arn} for its execution
// ARN, {api} for its ID and {account} for the account's.
type Experiment struct {
	// Name is group/what.
	Name string
	// Asks is the question, a sentence.
	Asks string
	// Table are the rows of the table of documented and observed behaviour (the
	// tests TestTable) that it repeats.
	Table []int
	// API is the one of the setup that is asked.
	API string
	// Steps are the requests, in order, and what is expected of each.
	Steps []Step
	// After are steps after the setup has been updated, with the same token.
	After []Step
	// Once is set where asking uses something up that the next attempt would need.
	Once bool
	// Refused is a resource that AWS refuses to create; then there are no steps.
	Refused *refusal
	// Cannot is why nobody can ask; then there is nothing else.
	Cannot string
}

// Step is a request, and what comes before it.
type Step struct {
	// Reset is the stage whose cache is emptied first.
	Reset string
	// Wait is how long the request waits.
	Wait time.Duration
	Request
	Want
}

// Instruction is what the request tells a function to do.
type Instruction = instruction.Instruction

// Request is sent byte for byte.
type Request struct {
	// Method defaults to GET.
	Method string
	// Target is the request target.
	Target string
	// Headers are lines, in order, after Host and Connection.
	Headers []string
	// Body is sent with its length; BodySize is a body of that many x.
	Body     string
	BodySize int
	// Authorizer and Handler are for the two functions. Nil: they allow, and
	// return the event.
	Authorizer, Handler *Instruction
	// JWT adds an Authorization header with a token of the probe's own issuer.
	JWT *Token
	// Sign adds a Signature Version 4 by the credentials at hand.
	Sign *Signature
}

// Values of Want.Run.
const (
	// Fresh is an answer of a run of the authorizer that no earlier step has seen.
	Fresh = "a run of its own"
	// Cached is an answer of a run that an earlier step has seen.
	Cached = "an earlier run"
)

// Empty is Want's empty body, Absent a header or member that must not be there.
const (
	Empty  = "(empty)"
	Absent = "(absent)"
)

// Want is what is expected. What is zero is not looked at.
type Want struct {
	Status int
	// Body is the whole body.
	Body string
	// Header is by name.
	Header map[string]string
	// Event and AuthorizerEvent are members of the functions' events, by their
	// path with dots, as JSON.
	Event, AuthorizerEvent map[string]string
	// Run says whose answer the handler got.
	Run string
	// Log are members of the stage's access log line, which is JSON.
	Log map[string]string
}

// Experiments are all of them.
func Experiments() []Experiment {
	return slices.Concat(
		cacheExperiments(), answerExperiments(), policyExperiments(), eventExperiments(),
		pathExperiments(), routeExperiments(), limitExperiments(), corsExperiments(), jwtExperiments(), unaskedExperiments(),
	)
}

// API Gateway's own answers.
const (
	badRequest    = `{"message":"Bad Request"}`
	unauthorized  = `{"message":"Unauthorized"}`
	forbidden     = `{"message":"Forbidden"}`
	notFound      = `{"message":"Not Found"}`
	tooLarge      = `{"message":"Request Entity Too Large"}`
	tooMany       = `{"message":"Too Many Requests"}`
	headersToo    = `{"message":"Request Header Fields Too Large"}`
	serverError   = `{"message":"Internal Server Error"}`
	unavailable   = `{"message":"Service Unavailable"}`
	authorization = "Authorization: {token}"
)

// answer is what a function returns.
func answer(text string) *Instruction { return &Instruction{Answer: text} }

// deny is a simple answer.
var deny = answer(`{"isAuthorized":false}`)
