package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// exchange is what became of a request.
type exchange struct {
	response response
	// early is why there was no verdict, for the console; empty where there was one. cure
	// is then what to change, where there is something.
	early       string
	cure        func(*request) string
	verdict     verdict
	integration integrationResult
}

// integrationResult is what became of the integration.
type integrationResult struct {
	Invocation
	tried   bool
	latency time.Duration
	// lambdaStatus is Lambda's own, functionStatus that of the function's code.
	lambdaStatus, functionStatus string
	malformed                    bool // the function's answer
	// cause is what is behind Failure.
	cause error
}

// note is what the console says of the request.
func (x *exchange) note(r *request) string {
	if x.early != "" {
		return x.early
	}
	note := "route " + r.route.Key.text + "; authorizer: " + x.verdict.note()
	switch {
	case x.verdict.refusal == nil:
		return note + "; handler: " + x.integration.note()
	case isPreflight(r.in):
		note += fmt.Sprintf("; cure: this is a browser's preflight, which carries no credential: add a route OPTIONS %s without authorization", preflightPath(r.route.Key))
	}
	return note
}

// note is what the console says of the integration.
func (i *integrationResult) note() string {
	temperature := "warm, "
	if i.Cold {
		temperature = "cold, "
	}
	switch {
	case !i.tried:
		return "not run: " + i.Failure
	case i.Failure == "":
		return temperature + i.took()
	case i.malformed:
		return temperature + i.took() + ", failed: " + i.Failure
	}
	return "failed: " + i.Failure
}

// ServeHTTP answers one request of an API and writes its line to the console:
// path but no query, and no header, since those carry tokens.
func (a *API) ServeHTTP(w http.ResponseWriter, in *http.Request) {
	g := a.gateway
	r := g.newRequest(newRequestID(), a.current.Load(), in)
	r.closing = a.closing
	r.content = http.MaxBytesReader(w, in.Body, maxBodyBytes)
	x := g.answer(r)
	note := x.note(r)
	g.decided(r, &x, note)
	if r.foreign {
		w.Header().Set("Connection", "close") // what else comes over it is for that host too
		note += "; cure: " + r.hostCure()
	}
	x.response.write(w, r.id)
	g.Console.Request(cut(in.Method), cut(r.rawPath), x.response.status, note)
	_ = http.NewResponseController(w).Flush() // the client need not wait for the access log
	g.logAccess(r, &x)
}

// answer decides what the client gets.
func (g *Gateway) answer(r *request) exchange {
	if n := headerBytes(r.in); n > maxHeaderBytes {
		return exchange{response: headersAnswer, early: fmt.Sprintf("request line and headers have %d bytes, over the limit of %d", n, maxHeaderBytes), cure: (*request).headersCure}
	}
	if r.shut != "" {
		return exchange{response: forbiddenAnswer, early: r.shut, cure: (*request).domainCure}
	}
	if r.badPath != "" {
		return exchange{response: badRequestAnswer, early: r.badPath, cure: (*request).pathCure}
	}
	if r.deployment.Disabled && r.domain == "" {
		return exchange{response: notFoundAnswer, early: "the API has DisableExecuteApiEndpoint set: send the name of a domain that is mapped to it as the Host header", cure: (*request).endpointCure}
	}
	if r.stage == nil {
		return exchange{response: notFoundAnswer, early: "no stage: the API has no $default stage and the path begins with no other", cure: (*request).stageCure}
	}
	if why, cure := g.throttled(r); why != "" {
		return exchange{response: throttledAnswer, early: why, cure: cure}
	}
	if r.route == nil {
		if cors := r.deployment.CORS; cors != nil && r.method == http.MethodOptions {
			return cors.preflightAnswer(r.in.Header)
		}
		return exchange{response: notFoundAnswer, early: "no route matches", cure: (*request).routeCure}
	}
	x := exchange{verdict: g.authorize(r)}
	if x.verdict.refusal != nil {
		x.response = *x.verdict.refusal
	} else {
		x.response = g.integrate(r, &x)
	}
	x.response = r.deployment.CORS.apply(r.in, x.response)
	return x
}

// readBody reads the request's body, once.
func (r *request) readBody() ([]byte, error) {
	if r.content != nil {
		r.body, r.bodyErr = io.ReadAll(r.content)
		r.content = nil
	}
	return r.body, r.bodyErr
}

// bodyAnswer is the answer to a body that could not be read.
func bodyAnswer(err error) *response {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &tooLargeAnswer
	}
	return &badRequestAnswer
}

// integrate reads the body and invokes the route's function.
func (g *Gateway) integrate(r *request, x *exchange) response {
	i := &x.integration
	fail := func(answer response, cause error, why string) response {
		i.cause, i.Failure = cause, why
		return answer
	}
	body, err := r.readBody()
	if err != nil {
		answer := *bodyAnswer(err)
		if answer.status == http.StatusRequestEntityTooLarge {
			return fail(answer, err, fmt.Sprintf("the body is over the limit of %d bytes", maxBodyBytes))
		}
		return fail(answer, err, "the body could not be read")
	}
	event, err := r.integrationEvent(x.verdict.context, body)
	if err != nil {
		return fail(integrationFailure, err, err.Error())
	}
	if len(event) > maxLambdaPayload {
		return fail(tooLargeAnswer, errEventTooLarge, fmt.Sprintf("the event has %d bytes, over Lambda's limit of %d", len(event), maxLambdaPayload))
	}
	started, function := g.now(), r.stage.expand(r.route.Function)
	out, err := g.invoke(r, r.route.Timeout, function, r.sourceARN(), event)
	i.tried, i.latency, i.Invocation = true, g.now().Sub(started), invocation(function, event, out)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fail(unavailableAnswer, err, err.Error())
	case awserr.Has(err, awserr.AccessDenied):
		i.lambdaStatus = "403"
		fallthrough
	case err != nil:
		return fail(integrationFailure, err, awserr.Message(err))
	}
	i.lambdaStatus = "200" // also where the function itself failed
	if out.FunctionError != "" {
		return fail(integrationFailure, errFunction, functionFailure(out))
	}
	answer, err := inferResponse(out.Payload)
	if err != nil {
		i.malformed = true
		return fail(integrationFailure, err, "its response is malformed: "+err.Error())
	}
	i.functionStatus = strconv.Itoa(answer.status)
	return answer
}

var stageVariable = regexp.MustCompile(`\$\{stageVariables\.([A-Za-z0-9_]+)\}`)

// expand puts the stage's variables into a text.
func (s *stage) expand(text string) string {
	return stageVariable.ReplaceAllStringFunc(text, func(reference string) string {
		return s.Variables[stageVariable.FindStringSubmatch(reference)[1]]
	})
}

// sourceARN is on whose behalf the integration is invoked: the stage, the
// request's method, and the path of the route key with its variables' names.
// The console grants {api}/*/*/events/{id}, the CDK the same, and both work,
// so it is not the request's path; for the $default route both
// {api}/*/$default (serverless-application-model issue 1860) and {api}/*/*
// work.
func (r *request) sourceARN() string {
	arn := r.deployment.ExecutionARN + "/" + r.stage.Name + "/"
	if r.route.Key.isDefault() {
		return arn + DefaultName
	}
	return arn + r.method + r.route.Key.path
}
