package live

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/jwtauth"
)

// cureOf is what to change so that a request is let through and answered: by a property of
// the component, and of the resource in brackets. It is empty where all went well, and where
// only a function knows why it did not. It has nothing of the client's credential.
func (x *exchange) cureOf(r *request) string {
	v := &x.verdict
	switch {
	case x.early != "":
		if x.cure == nil {
			return ""
		}
		return x.cure(r)
	case v.refusal == nil:
		return x.integration.cureOf(r)
	case isPreflight(r.in):
		return r.preflightRouteCure()
	case r.route.Authorization == AuthorizationCustom:
		return v.cureOf(r)
	}
	return r.builtinCure(v.cause)
}

// cureOf is the cure of what a Lambda authorizer, or the cache of its answers, refuses.
func (v *verdict) cureOf(r *request) string {
	policy := ""
	if v.context != nil && !r.route.Authorizer.Simple {
		policy = "allow execute-api:Invoke on " + r.routeARN() + " in the policy of the authorizer's answer"
	}
	if policy != "" && v.cache.Hit {
		policy += ", which is reused for all routes unless $context.routeKey is among IdentitySources"
	}
	switch {
	case v.latency == nil && !v.cache.Hit:
		return r.sourceCure()
	case v.cause == nil:
		return policy
	case errors.Is(v.cause, errUnauthorized):
		return "send a credential in the place where the authorizer looks for one: it asks for a 401 by the error Unauthorized, as authz.Handler does of a request without any"
	}
	var format formatError
	switch {
	case errors.As(v.cause, &format) && r.route.Authorizer.Simple:
		return `have the authorizer answer {"isAuthorized": true or false, "context": {…}}, as authz.Handler does (enableSimpleResponses is set, the payload format is 2.0)`
	case errors.As(v.cause, &format):
		return `have the authorizer answer {"principalId": "…", "policyDocument": {…}, "context": {…}}, or set enableSimpleResponses of the aws:apigatewayv2:Authorizer for {"isAuthorized": true or false}`
	case errors.Is(v.cause, context.DeadlineExceeded):
		return "have the authorizer answer sooner: API Gateway waits no longer for it, whatever its Timeout; its log and its calls of AWS say what it waits for"
	}
	return functionCure(v.cause, v.run)
}

// sourceCure is the cure of a missing identity source.
func (r *request) sourceCure() string {
	sources := r.sources(r.route.Authorizer)
	source := sources[len(sources)-1].Source
	cure := "take it out of the sources, as it is not the client's to send"
	if m := headerSource.FindStringSubmatch(source); m != nil {
		cure = "send the header " + m[1]
	} else if m := querySource.FindStringSubmatch(source); m != nil {
		cure = "send the query parameter " + m[1] + ", spelled so"
	} else if m := stageVariableSource.FindStringSubmatch(source); m != nil {
		cure = "give the stage " + r.stage.Name + " the variable " + m[1]
	}
	return fmt.Sprintf("%s: API Gateway requires all IdentitySources of AuthorizerArgs (identitySources of the aws:apigatewayv2:Authorizer %s), and without %s asks nobody", cure, r.route.Authorizer.ID, source)
}

// builtinCure is the cure of what API Gateway itself judges: JWTs and signatures.
func (r *request) builtinCure(cause error) string {
	var refused *jwtauth.Error
	switch {
	case errors.As(cause, &refused):
		return refused.Cure
	case awserr.CureOf(cause) != "":
		return awserr.CureOf(cause)
	case r.bodyErr != nil:
		return bodyCure(cause)
	}
	region := r.gateway.Account.Region
	return fmt.Sprintf("sign the request, body included, with Signature Version 4 for the service execute-api and the Region %s, with credentials of this run of the local AWS: curl does with --aws-sigv4 aws:amz:%s:execute-api", region, region)
}

// errEventTooLarge is the cause where Lambda would not take the event.
var errEventTooLarge = errors.New("the event is too large for Lambda")

// cureOf is the cure of a route's function that gave no answer.
func (i *integrationResult) cureOf(r *request) string {
	switch {
	case i.Failure == "":
		return ""
	case errors.Is(i.cause, errEventTooLarge):
		return fmt.Sprintf("send a smaller body: Lambda takes events of at most %d bytes, in which a body that is no text is base64, a third longer; what is larger goes to S3 by a presigned URL", maxLambdaPayload)
	case r.bodyErr != nil:
		return bodyCure(i.cause)
	case i.malformed:
		return "have the function answer a statusCode from 200 to 599, headers as an object of strings, cookies as an array of strings, body as a string and isBase64Encoded as a boolean, or JSON without a statusCode"
	case errors.Is(i.cause, context.DeadlineExceeded):
		return fmt.Sprintf("have the function answer within %v (timeoutMilliseconds of the aws:apigatewayv2:Integration, 30 s at most): its log and its calls of AWS say what it waits for", r.route.Timeout)
	}
	return functionCure(i.cause, i.Invocation)
}

func bodyCure(err error) string {
	if bodyAnswer(err).status == http.StatusRequestEntityTooLarge {
		return fmt.Sprintf("send a body of at most %d bytes, a limit of API Gateway that nobody can raise: what is larger goes to S3 by a presigned URL", maxBodyBytes)
	}
	return "send the whole body, as Content-Length or the chunks say"
}

// functionCure is the cure where Lambda did not run a function, or the function failed.
func functionCure(cause error, run Invocation) string {
	switch {
	case awserr.CureOf(cause) != "":
		return awserr.CureOf(cause)
	case awserr.Has(cause, awserr.ResourceNotFound):
		return "deploy again: there is no function " + run.Function
	case !errors.Is(cause, errFunction):
		return ""
	}
	log := "its log, request " + run.RequestID + ", says "
	switch errorType(run.Answer) {
	case "Sandbox.Timedout":
		return "raise Timeout of the function's FunctionArgs (timeout of the aws:lambda:Function), or have it answer sooner: " + log + "how far it came"
	case "Runtime.ExitError":
		return "keep the function's process from ending: " + log + "why it did"
	case "Function.ResponseSizeTooLarge":
		return fmt.Sprintf("have the function answer less: Lambda takes at most %d bytes; what is larger goes to S3, and the answer has a presigned URL", maxLambdaPayload)
	}
	return "mend why the function returned an error: " + log + "more"
}
