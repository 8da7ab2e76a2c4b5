package live

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
	"github.com/protected-http-api/protected-http-api/internal/strictjson"
)

// Texts of AWS's $context.authorizer.error.
const (
	authorizerPermissionText = "The IAM role configured on the authorizer or API Gateway doesn't have permissions to call the authorizer. Check the permissions and try again."
	// The same of $context.integrationErrorMessage.
	integrationPermissionText = "The IAM role configured on the integration or API Gateway doesn't have permissions to call the integration. Check the permissions and try again."
	authorizerFormatText      = "The response from the Lambda Authorizer function doesn't match the format that API Gateway expects."
)

// verdict is what becomes of a request at its authorizer.
type verdict struct {
	// refusal is the client's answer; nil where the integration may run.
	refusal *response
	context *authorizerContext
	why     string // for the console
	// failure is $context.authorizer.error.
	failure string
	// cause is what is behind a refusal that no function has decided on.
	cause       error
	principalID string
	cache       CacheUse
	// run is that of a Lambda authorizer's function, without its failure; latency how
	// long it took, nil where it was not tried.
	run     Invocation
	latency *time.Duration
	// identity are the $context.identity variables of who signed the request.
	identity map[string]string
}

// note is what the console says of the verdict.
func (v *verdict) note() string {
	switch {
	case v.cache.Hit:
		note := fmt.Sprintf("cached, %d s left", int(v.cache.Left.Round(time.Second)/time.Second))
		if v.refusal != nil {
			note += ", " + v.why
		}
		return note
	case v.latency != nil && v.failure == "":
		return "ran " + v.run.took() + ", " + v.why
	}
	return v.why
}

// authorize decides by the route's authorization type.
func (g *Gateway) authorize(r *request) verdict {
	switch r.route.Authorization {
	case AuthorizationNone:
		return verdict{why: "none"}
	case AuthorizationJWT:
		return g.authorizeJWT(r)
	case AuthorizationIAM:
		return g.authorizeIAM(r)
	}
	return g.authorizeCustom(r)
}

// authorizeCustom asks the route's authorizer, or the cache for what it
// answered.
func (g *Gateway) authorizeCustom(r *request) (v verdict) {
	authorizer := r.route.Authorizer
	use := CacheUse{TTL: authorizer.TTL}
	defer func() { v.cache = use }()
	var values []string
	for _, source := range authorizer.Sources {
		value := source.value(r)
		if value == "" {
			return verdict{refusal: &unauthorizedAnswer, why: "no identity source: " + source.text + " is missing or empty"}
		}
		values = append(values, value)
	}
	cache := r.stage.caches[authorizer]
	if cache == nil {
		v, _ := g.timeAuthorizer(r, values)
		return v
	}
	key := newCacheKey(values)
	use.Asked = true
	if a, left, ok := cache.get(key); ok {
		use.Hit, use.Left, use.Age, use.RequestID = true, left, cache.ttl-left, a.requestID
		return a.verdict(r)
	}
	v, a := g.timeAuthorizer(r, values)
	if a != nil {
		cache.put(key, *a)
	}
	return v
}

func (g *Gateway) timeAuthorizer(r *request, sources []string) (verdict, *answer) {
	started := g.now()
	v, a := g.runAuthorizer(r, sources)
	latency := g.now().Sub(started)
	v.latency = &latency
	return v, a
}

// runAuthorizer invokes the authorizer. The answer is nil where there was none
// that may be cached.
func (g *Gateway) runAuthorizer(r *request, sources []string) (v verdict, a *answer) {
	authorizer, build := r.route.Authorizer, r.authorizerEvent
	if authorizer.Version1 {
		build = r.authorizerEventV1
	}
	event, err := build(sources)
	if err != nil {
		return failed(err, err.Error()), nil
	}
	out, err := g.invoke(r, g.authorizerTimeout, authorizer.Function, r.deployment.ExecutionARN+"/authorizers/"+authorizer.ID, event)
	defer func() { v.run = invocation(authorizer.Function, event, out) }()
	switch {
	case awserr.Has(err, awserr.AccessDenied):
		return failed(err, authorizerPermissionText), nil
	case err != nil:
		return failed(err, awserr.Message(err)), nil
	case out.FunctionError != "":
		return failed(errFunction, functionFailure(out)), nil
	}
	parsed, err := parseAnswer(out.Payload, authorizer.Simple)
	if errors.Is(err, errUnauthorized) {
		return verdict{refusal: &unauthorizedAnswer, why: err.Error(), cause: err}, nil
	}
	if err != nil {
		return failed(err, err.Error()), nil
	}
	parsed.requestID = out.RequestID
	return parsed.verdict(r), &parsed
}

func failed(cause error, why string) verdict {
	return verdict{refusal: &authorizerFailure, why: "failed: " + why, failure: why, cause: cause}
}

func (a answer) verdict(r *request) verdict {
	allowed, why := a.judge(r.routeARN())
	v := verdict{context: &authorizerContext{kind: "lambda", value: a.context}, why: why, principalID: a.principalID}
	if !allowed {
		v.refusal = &forbiddenAnswer
	}
	return v
}

// unauthorizedMessage is the errorMessage with which an authorizer asks for a
// 401.
const unauthorizedMessage = "Unauthorized"

var errUnauthorized = errors.New("answered " + unauthorizedMessage)

// formatError is what is wrong with an authorizer's answer: the end of AWS's
// text.
type formatError string

func (e formatError) Error() string { return authorizerFormatText + " " + string(e) }

// parseAnswer reads an authorizer's answer: a simple one has the boolean
// isAuthorized, the other has a principalId and a policyDocument, and both may
// have an object context. Names are case-sensitive, which encoding/json's
// structs are not. An object whose errorMessage is "Unauthorized" is a 401
// whatever else it says. An object that names a member twice, at any depth, is no
// answer: nobody could say which of the two its author meant.
func parseAnswer(payload []byte, simple bool) (answer, error) {
	members, err := strictjson.Object(payload)
	if repeated := (*strictjson.RepeatedError)(nil); errors.As(err, &repeated) {
		return answer{}, formatError("It " + err.Error())
	}
	if err != nil {
		return answer{}, formatError("It is not a JSON object")
	}
	var errorMessage string
	if json.Unmarshal(members["errorMessage"], &errorMessage) == nil && errorMessage == unauthorizedMessage {
		return answer{}, errUnauthorized
	}
	parse := parsePolicyAnswer
	if simple {
		parse = parseSimpleAnswer
	}
	a, err := parse(members)
	if err != nil {
		return answer{}, err
	}
	if raw, ok := members["context"]; ok {
		var object map[string]json.RawMessage
		if json.Unmarshal(raw, &object) != nil {
			return answer{}, formatError("'context' is not an object")
		}
		if object != nil {
			a.context = raw
		}
	}
	return a, nil
}

func parseSimpleAnswer(members map[string]json.RawMessage) (answer, error) {
	raw, ok := members["isAuthorized"]
	if !ok {
		return answer{}, formatError("Simple response did not include 'isAuthorized'")
	}
	var allowed *bool
	if json.Unmarshal(raw, &allowed) != nil || allowed == nil {
		return answer{}, formatError("'isAuthorized' is not a boolean")
	}
	return answer{allowed: *allowed}, nil
}

func parsePolicyAnswer(members map[string]json.RawMessage) (answer, error) {
	raw, ok := members["policyDocument"]
	if !ok {
		return answer{}, formatError("Policy response did not include 'policyDocument'")
	}
	var principal *string
	if json.Unmarshal(members["principalId"], &principal) != nil || principal == nil {
		return answer{}, formatError("Policy response did not include a string 'principalId'")
	}
	p, err := parsePolicy(raw)
	if err != nil {
		return answer{}, err
	}
	return answer{policy: p, policySize: len(raw), principalID: *principal}, nil
}

// invoke invokes a function within a limit, and tells the developer what grant
// is missing where it may not.
func (g *Gateway) invoke(r *request, limit time.Duration, function, sourceARN string, event []byte) (lambda.InvokeOutput, error) {
	ctx, cancel := context.WithTimeout(g.running, limit)
	defer cancel()
	defer context.AfterFunc(r.in.Context(), func() { // the client has left
		defer context.AfterFunc(r.closing, cancel)()
		<-ctx.Done()
	})()
	out, err := g.Invoker.Invoke(ctx, lambda.InvokeInput{
		Function: function,
		Caller:   lambda.Caller{Service: servicePrincipal, SourceARN: sourceARN},
		Payload:  event,
	})
	switch {
	case err == nil:
		return out, nil
	case awserr.Has(err, awserr.AccessDenied):
		g.Console.Refused(awserr.Message(err), awserr.CureOf(err))
	case ctx.Err() != nil:
		out.Duration = limit
		return out, &timeoutError{limit, ctx.Err()}
	}
	return out, err
}

// timeoutError is a function that did not answer in API Gateway's time.
type timeoutError struct {
	limit time.Duration
	cause error
}

func (e *timeoutError) Error() string {
	if errors.Is(e.cause, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %v", e.limit)
	}
	return "the local AWS is closing"
}

func (e *timeoutError) Unwrap() error { return e.cause }

// errFunction is the cause where a function returned an error.
var errFunction = errors.New("the function returned an error")

// functionFailure names the kind of a function's error. Its text stays in the
// function's log: nobody knows what it quotes.
func functionFailure(out lambda.InvokeOutput) string {
	return fmt.Sprintf("%v (%s), see its log, request %s", errFunction, cmp.Or(errorType(out.Payload), out.FunctionError), out.RequestID)
}

// errorType is the type of the error that a function has answered.
func errorType(payload []byte) string {
	var failure struct {
		ErrorType string `json:"errorType"`
	}
	_ = json.Unmarshal(payload, &failure) // without a type there is nothing to name
	return failure.ErrorType
}

// took says how long a run took.
func (i Invocation) took() string {
	text := fmt.Sprintf("%d ms", i.Duration.Round(time.Millisecond).Milliseconds())
	if i.Cold {
		text += fmt.Sprintf(" after a cold start of %d ms", i.Init.Round(time.Millisecond).Milliseconds())
	}
	return text
}
