package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// serveHTTP answers one request of an API and writes its line to the console:
// path but no query, and no header, since those carry tokens.
func (s *Service) serveHTTP(a *api, w http.ResponseWriter, in *http.Request) {
	id := newRequestID()
	answer, note := s.answer(a, w, in, id)
	answer.write(w, id)
	s.console.Printf("%s %s %d; %s", in.Method, in.URL.Path, answer.status, note)
}

// answer decides what the client gets; note says how that came about.
func (s *Service) answer(a *api, w http.ResponseWriter, in *http.Request, id string) (response, string) {
	if n := headerBytes(in); n > maxHeaderBytes {
		return headersAnswer, fmt.Sprintf("request line and headers have %d bytes, over the limit of %d", n, maxHeaderBytes)
	}
	r := s.newRequest(id, a.live.Load(), in)
	if r.stage == nil {
		return notFoundAnswer, "no stage: the API has no $default stage and the path begins with no other"
	}
	if r.route == nil {
		return notFoundAnswer, "no route matches"
	}
	verdict := s.authorize(r)
	note := fmt.Sprintf("route %s; authorizer: %s", r.route.key.text, verdict.note)
	if verdict.refusal != nil {
		return *verdict.refusal, note
	}
	answer, handlerNote := s.integrate(r, verdict.context, http.MaxBytesReader(w, in.Body, maxBodyBytes))
	return answer, note + "; handler: " + handlerNote
}

// integrate reads the body and invokes the route's function.
func (s *Service) integrate(r *request, authorizer *authorizerContext, content io.Reader) (response, string) {
	body, err := io.ReadAll(content)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return tooLargeAnswer, fmt.Sprintf("not run: the body is over the limit of %d bytes", maxBodyBytes)
	}
	if err != nil {
		return badRequestAnswer, "not run: the body could not be read"
	}
	event, err := r.integrationEvent(authorizer, body)
	if err != nil {
		return serverErrorAnswer, "not run: " + err.Error()
	}
	if len(event) > maxLambdaPayload {
		return tooLargeAnswer, fmt.Sprintf("not run: the event has %d bytes, over Lambda's limit of %d", len(event), maxLambdaPayload)
	}
	out, err := s.invoke(r.route.timeout, r.route.function, r.sourceARN(), event)
	if errors.Is(err, context.DeadlineExceeded) {
		return unavailableAnswer, "failed: " + err.Error()
	}
	if err != nil {
		return serverErrorAnswer, "failed: " + err.Error()
	}
	if out.FunctionError != "" {
		return serverErrorAnswer, "failed: " + functionFailure(out)
	}
	temperature := "warm, "
	if out.Cold {
		temperature = "cold, "
	}
	answer, err := inferResponse(out.Payload)
	if err != nil {
		return serverErrorAnswer, temperature + duration(out) + ", failed: its response is malformed: " + err.Error()
	}
	return answer, temperature + duration(out)
}

// sourceARN is on whose behalf the integration is invoked: the stage, the
// request's method, and the path of the route key with its variables' names.
// The console grants {api}/*/*/events/{id}, the CDK the same, and both work,
// so it is not the request's path; for the $default route both
// {api}/*/$default (serverless-application-model issue 1860) and {api}/*/*
// work.
func (r *request) sourceARN() string {
	arn := r.api.ExecutionARN + "/" + r.stage.Name + "/"
	if r.route.key.isDefault() {
		return arn + defaultName
	}
	return arn + r.method + r.route.key.path
}
