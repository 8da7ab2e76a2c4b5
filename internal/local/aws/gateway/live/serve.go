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
	response    response
	note        string // for the console
	verdict     verdict
	integration integrationResult
}

// integrationResult is what access logs say of the integration.
type integrationResult struct {
	ran     bool
	latency time.Duration
	failure string
	// lambdaStatus is Lambda's own, functionStatus that of the function's code.
	lambdaStatus, functionStatus string
	requestID                    string
}

// ServeHTTP answers one request of an API and writes its line to the console:
// path but no query, and no header, since those carry tokens.
func (a *API) ServeHTTP(w http.ResponseWriter, in *http.Request) {
	g := a.gateway
	r := g.newRequest(newRequestID(), a.current.Load(), in)
	r.content = http.MaxBytesReader(w, in.Body, maxBodyBytes)
	x := g.answer(r)
	g.decided(r, x)
	x.response.write(w, r.id)
	g.Console.Request(in.Method, r.rawPath, x.response.status, x.note)
	_ = http.NewResponseController(w).Flush() // the client need not wait for the access log
	g.logAccess(r, &x)
}

// answer decides what the client gets.
func (g *Gateway) answer(r *request) exchange {
	if n := headerBytes(r.in); n > maxHeaderBytes {
		return exchange{response: headersAnswer, note: fmt.Sprintf("request line and headers have %d bytes, over the limit of %d", n, maxHeaderBytes)}
	}
	if r.shut != "" {
		return exchange{response: forbiddenAnswer, note: r.shut}
	}
	if r.badPath != "" {
		return exchange{response: badRequestAnswer, note: r.badPath}
	}
	if r.deployment.Disabled && r.domain == "" {
		return exchange{response: notFoundAnswer, note: "the API has DisableExecuteApiEndpoint set: send the name of a domain that is mapped to it as the Host header"}
	}
	if r.stage == nil {
		return exchange{response: notFoundAnswer, note: "no stage: the API has no $default stage and the path begins with no other"}
	}
	if why := g.throttled(r); why != "" {
		return exchange{response: throttledAnswer, note: why}
	}
	if r.route == nil {
		if cors := r.deployment.CORS; cors != nil && r.method == http.MethodOptions {
			answer, note := cors.preflightAnswer(r.in.Header)
			return exchange{response: answer, note: note}
		}
		return exchange{response: notFoundAnswer, note: "no route matches"}
	}
	x := exchange{verdict: g.authorize(r)}
	x.note = fmt.Sprintf("route %s; authorizer: %s", r.route.Key.text, x.verdict.note)
	if x.verdict.refusal != nil {
		x.response = *x.verdict.refusal
		if isPreflight(r.in) {
			x.note += fmt.Sprintf("; cure: this is a browser's preflight, which carries no credential: add a route OPTIONS %s without authorization", preflightPath(r.route.Key))
		}
	} else {
		g.integrate(r, &x)
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
func (g *Gateway) integrate(r *request, x *exchange) {
	answer, note := g.runIntegration(r, x)
	x.response = answer
	x.note += "; handler: " + note
}

func (g *Gateway) runIntegration(r *request, x *exchange) (response, string) {
	body, err := r.readBody()
	if err != nil {
		answer := *bodyAnswer(err)
		if answer.status == http.StatusRequestEntityTooLarge {
			return answer, fmt.Sprintf("not run: the body is over the limit of %d bytes", maxBodyBytes)
		}
		return answer, "not run: the body could not be read"
	}
	event, err := r.integrationEvent(x.verdict.context, body)
	if err != nil {
		return integrationFailure, "not run: " + err.Error()
	}
	if len(event) > maxLambdaPayload {
		return tooLargeAnswer, fmt.Sprintf("not run: the event has %d bytes, over Lambda's limit of %d", len(event), maxLambdaPayload)
	}
	started := g.now()
	out, err := g.invoke(r.route.Timeout, r.stage.expand(r.route.Function), r.sourceARN(), event)
	i := &x.integration
	i.ran, i.latency, i.requestID = true, g.now().Sub(started), out.RequestID
	fail := func(answer response, text string) (response, string) {
		i.failure = text
		return answer, "failed: " + text
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fail(unavailableAnswer, err.Error())
	case awserr.Has(err, awserr.AccessDenied):
		answer, note := fail(integrationFailure, awserr.Message(err))
		i.failure, i.lambdaStatus = integrationPermissionText, "403"
		return answer, note
	case err != nil:
		return fail(integrationFailure, awserr.Message(err))
	}
	i.lambdaStatus = "200" // also where the function itself failed
	if out.FunctionError != "" {
		return fail(integrationFailure, functionFailure(out))
	}
	temperature := "warm, "
	if out.Cold {
		temperature = "cold, "
	}
	answer, err := inferResponse(out.Payload)
	if err != nil {
		_, note := fail(integrationFailure, "its response is malformed: "+err.Error())
		return integrationFailure, temperature + duration(out) + ", " + note
	}
	i.functionStatus = strconv.Itoa(answer.status)
	return answer, temperature + duration(out)
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
