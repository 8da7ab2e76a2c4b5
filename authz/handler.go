package authz

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// Handler is a Lambda authorizer of an API Gateway HTTP API. Started with
// lambda.Start(handler) it takes payload format 2.0 and gives simple responses
// ([Handler.Invoke]); with lambda.Start(handler.HandlePolicy) it takes either format and
// gives IAM policies. [Handler.Handle] is for tests.
//
// API Gateway reuses an answer for requests with the same identity sources, on
// all routes, for the authorizer's cache TTL. The component says by the environment
// variables AUTHORIZER_CACHE_TTL and AUTHORIZER_IDENTITY_SOURCES what these are,
// and a Handler refuses, as ErrMisconfigured, to give an answer that would be given
// to somebody else: with a TTL the credential that was judged must stand in an
// identity source, and so must what an extractor refuses; a policy needs
// $context.routeKey among them, or more ([Policy]); and a limiter and credentials for
// one request need a TTL of 0. What depends on anything else of the request says so
// itself ([Request.CheckReuse]).
//
// With the environment variable AUTHORIZER_METRICS, which the component sets for its
// Monitoring, a Handler writes one record a decision to standard output, with metrics
// in CloudWatch's embedded metric format: Requests, Allowed, Denied, Errors, ColdStart,
// Latency and SecretAge by function, Denied and Errors by reason too. The variable is
// their namespace. Nothing of a credential or its subject is in it.
//
// A program that chooses between several Handlers, by the route for instance, makes
// a decision of its own: its authorizer needs that among the identity sources too.
//
// An authorizer that was deployed by other means sets the variables itself. Without
// AUTHORIZER_CACHE_TTL every answer to an event with identity sources counts as one
// that is reused.
type Handler struct {
	// Chain authenticates the request. Required: without one every invocation
	// returns ErrMisconfigured.
	Chain Chain
	// Revocations is asked about each credential that is good. With a cache TTL,
	// API Gateway goes on with an answer from before until the TTL has passed or the
	// cache is reset. Defaults to asking nobody, unless the component says by the
	// environment variable REVOCATION_TABLE_NAME that there is a table of
	// revocations: then every request is ErrMisconfigured until Revocations is set,
	// to revocation.FromEnvironment(nil) for instance.
	Revocations Revocations
	// Policy decides whether the principal may make the request. Defaults to
	// letting every principal through, unless the component says by the
	// environment variable ROUTE_PERMISSIONS that routes require permissions:
	// then every request is ErrMisconfigured until a Policy is set, for instance
	// [RoutePermissionsFromEnvironment].
	Policy Policy
	// Limiter counts the requests that the policy lets through. Defaults to no
	// limit.
	Limiter Limiter
	// Getenv gives the environment variables that the component sets. Defaults to
	// os.Getenv.
	Getenv func(string) string
	// Logger gets one record a denial and one a fault. Defaults to JSON on standard
	// error; and where there are metrics to the record that has them in it.
	Logger *slog.Logger

	stdout io.Writer // takes the metrics; of tests another than os.Stdout
}

// SimpleResponse is the answer of an authorizer with simple responses.
type SimpleResponse struct {
	// IsAuthorized lets the request through.
	IsAuthorized bool `json:"isAuthorized"`
	// Context is what the handler finds at requestContext.authorizer.lambda.
	Context map[string]any `json:"context,omitempty"`
	// ErrorMessage "Unauthorized" has API Gateway answer 401 in place of 403
	// (API Gateway developer guide, "Control access to HTTP APIs with AWS Lambda
	// authorizers").
	ErrorMessage string `json:"errorMessage,omitempty"`
}

// MarshalJSON leaves out the other members beside an ErrorMessage.
func (r SimpleResponse) MarshalJSON() ([]byte, error) {
	if r.ErrorMessage != "" {
		return json.Marshal(map[string]string{"errorMessage": r.ErrorMessage})
	}
	type plain SimpleResponse
	return json.Marshal(plain(r))
}

// unauthorized is the ErrorMessage that makes a 401.
const unauthorized = "Unauthorized"

// Invoke answers one authorizer event of format 2.0, JSON in and out, as a
// [SimpleResponse]: Handler is a lambda.Handler. A credential that is refused, for
// whatever reason, is isAuthorized false. A request without any credential, which gets
// here only where no identity source is configured, is answered so that the client sees
// 401, as it does with one. Where the request cannot be judged, or something panics, the
// error is returned, so that API Gateway answers 500 and caches nothing.
//
// The context of an allow is described at [Identity].
func (h Handler) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	ctx = h.observe(ctx)
	r, version, err := parseEvent(event)
	if err == nil || version == format1 {
		err = checkVersion(version)
	}
	if err != nil {
		return nil, h.refuse(ctx, r, err)
	}
	_, answer, denial, err := h.authorize(ctx, r)
	switch {
	case err != nil:
		return nil, err
	case errors.Is(denial, ErrNoCredential):
		return []byte(`{"errorMessage":"` + unauthorized + `"}`), nil
	case denial != nil:
		return []byte(`{"isAuthorized":false}`), nil
	}
	return answer, nil
}

// Handle is [Handler.Invoke] with an event and an answer that are decoded, for tests of
// an authorizer. lambda.Start(handler.Handle) answers the same, and takes longer.
func (h Handler) Handle(ctx context.Context, event events.APIGatewayV2CustomAuthorizerV2Request) (SimpleResponse, error) {
	ctx = h.observe(ctx)
	r := requestOf(event)
	if err := checkVersion(event.Version); err != nil {
		return SimpleResponse{}, h.refuse(ctx, r, err)
	}
	principal, _, denial, err := h.authorize(ctx, r)
	switch {
	case errors.Is(denial, ErrNoCredential):
		return SimpleResponse{ErrorMessage: unauthorized}, nil
	case denial != nil || err != nil:
		return SimpleResponse{}, err
	}
	return SimpleResponse{IsAuthorized: true, Context: contextOf(principal.Identity)}, nil
}

// checkVersion refuses another format than 2.0: it has answers of another shape.
func checkVersion(version string) error {
	if version == format2 {
		return nil
	}
	return fmt.Errorf("%w: the event's version is not 2.0; set the authorizer's payload format version to 2.0", ErrMisconfigured)
}

// HandlePolicy answers one authorizer event of format 1.0 or 2.0 with an IAM
// policy. The policy allows the one route and path of the request and nothing
// else. With a TTL, API Gateway judges the requests that it has in the cache by
// it, so that a principal's first path would be its only one until the TTL has
// passed: the authorizer needs $context.path among its identity sources, and
// $context.httpMethod, or with format 2.0 and routes for one method
// $context.routeKey. Refusals are a policy that denies, so that the client sees 403 even
// where the request has no credential; what cannot be judged is returned as the
// error.
func (h Handler) HandlePolicy(ctx context.Context, payload json.RawMessage) (events.APIGatewayV2CustomAuthorizerIAMPolicyResponse, error) {
	ctx = h.observe(ctx)
	r, version, err := parseEvent(payload)
	if err == nil && version != format1 && version != format2 {
		err = fmt.Errorf("%w: the event's version is neither 1.0 nor 2.0: is the function invoked by an authorizer of an HTTP API?", ErrMisconfigured)
	}
	if err != nil {
		return events.APIGatewayV2CustomAuthorizerIAMPolicyResponse{}, h.refuse(ctx, r, err)
	}
	if r.RouteARN == "" {
		err = fmt.Errorf("%w: the event has no ARN of the route, so that no policy can allow it; is the function invoked by an authorizer of an HTTP API?", ErrMisconfigured)
		return events.APIGatewayV2CustomAuthorizerIAMPolicyResponse{}, h.refuse(ctx, r, err)
	}
	if r.reuse, err = reuseOf(h.getenv, r); err == nil && r.reuse != nil {
		err = r.checkPolicyAnswer()
	}
	if err != nil {
		return events.APIGatewayV2CustomAuthorizerIAMPolicyResponse{}, h.refuse(ctx, r, err)
	}
	if strings.ContainsAny(strings.Replace(r.RouteARN, "/$default/", "/", 1), "*?$") {
		// In a policy these are wildcards and variables: the answer for this
		// path, reused, would open others.
		err = malformed("the path has one of the characters *?$, which mean something else in a policy")
		return policyOf("", "Deny", "*", nil), h.refuse(ctx, r, err)
	}
	principal, _, denial, err := h.authorize(ctx, r)
	if denial != nil || err != nil {
		return policyOf("", "Deny", "*", nil), err
	}
	return policyOf(principal.Subject, "Allow", r.RouteARN, contextOf(principal.Identity)), nil
}

func policyOf(principal, effect, resource string, members map[string]any) events.APIGatewayV2CustomAuthorizerIAMPolicyResponse {
	if principal == "" {
		principal = "anonymous" // API Gateway wants one
	}
	return events.APIGatewayV2CustomAuthorizerIAMPolicyResponse{
		PrincipalID: principal,
		PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{
			Version:   "2012-10-17",
			Statement: []events.IAMPolicyStatement{{Action: []string{"execute-api:Invoke"}, Effect: effect, Resource: []string{resource}}},
		},
		Context: members,
	}
}

// authorize judges a request and logs the result. answer is the one of an allow, denial
// is why it is not let through, fault why it could not be judged. A panic is a fault, also one in a
// method of an error that is logged: Lambda's runtime would log the panic's value,
// which can be made of a credential, and end the process.
func (h Handler) authorize(ctx context.Context, r Request) (p Principal, answer []byte, denial, fault error) {
	defer func() {
		if recover() != nil {
			err := errors.New("a part of the authorizer panicked in " + panicked())
			p, answer, denial, fault = Principal{}, nil, nil, h.refuse(ctx, r, err)
		}
	}()
	p, answer, err := h.judge(ctx, r)
	if err != nil {
		return Principal{}, nil, err, h.refuse(ctx, r, err)
	}
	h.allowed(ctx, r, p)
	return p, answer, nil, nil
}

// panicked names the function that panicked, to a function that recovers.
func panicked() string {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers)]) // after this one and the one that recovers
	for {
		frame, more := frames.Next()
		if !more || !strings.HasPrefix(frame.Function, "runtime.") {
			return frame.Function
		}
	}
}

// checkEnvironment refuses to leave out what the component says is to be done.
func (h Handler) checkEnvironment() error {
	switch {
	case h.Policy == nil && h.getenv(contract.EnvRoutePermissions) != "":
		return fmt.Errorf("%w: the routes require permissions (%s), and authz.Handler.Policy is not set; set it to authz.RoutePermissionsFromEnvironment(nil)", ErrMisconfigured, contract.EnvRoutePermissions)
	case h.Revocations == nil && h.getenv(contract.EnvRevocationTable) != "":
		return fmt.Errorf("%w: there is a table of revocations (%s), and authz.Handler.Revocations is not set; set it to revocation.FromEnvironment(nil), of package authz/revocation", ErrMisconfigured, contract.EnvRevocationTable)
	}
	return nil
}

// judge authenticates, asks for revocations, decides and counts, in this order: who
// gets no allow is not counted, unless the limiter itself refuses.
func (h Handler) judge(ctx context.Context, r Request) (Principal, []byte, error) {
	if o := observationOf(ctx); o != nil && o.misconfigured != nil {
		return Principal{}, nil, o.misconfigured
	}
	if err := h.checkEnvironment(); err != nil {
		return Principal{}, nil, err
	}
	var err error
	if r.reuse, err = h.reuse(r); err != nil {
		return Principal{}, nil, err
	}
	p, judged, err := h.Chain.authenticate(ctx, r)
	if err == nil {
		err = r.checkCredential(judged)
	} else if _, denied := classify(err); denied { // a fault is not kept, and says more
		switch {
		case judged.value != nil:
			err = cmp.Or(r.checkCredential(judged), err)
		case !goesOn(err, ErrNoCredential) && !goesOn(err, ErrNotApplicable):
			err = cmp.Or(r.checkExtraction(h.Chain, err), err)
		}
	}
	if err != nil {
		return Principal{}, nil, err
	}
	if h.Revocations != nil {
		err = h.Revocations.Check(ctx, p)
	}
	if err == nil && h.Policy != nil {
		err = decide(ctx, h.Policy, p, r)
	}
	var answer []byte
	if err == nil {
		answer, err = allow(p)
	}
	if err == nil && h.Limiter != nil {
		err = h.Limiter.Take(ctx, p, r)
	}
	if err != nil {
		return Principal{}, nil, &CredentialError{Method: p.Method, CredentialID: p.CredentialID, Err: err}
	}
	return p, answer, nil
}

// reuse returns how API Gateway reuses the answer to a request, and refuses what
// must not be reused whatever the credential is.
func (h Handler) reuse(r Request) (*reuse, error) {
	u, err := reuseOf(h.getenv, r)
	switch {
	case err != nil || u == nil:
		return nil, err
	case h.Limiter != nil:
		return nil, u.refuse("authz.Handler.Limiter counts no request that API Gateway answers itself", noTTL)
	case h.Policy != nil:
		r.reuse = u
		return u, r.checkPolicy(h.Policy)
	}
	return u, nil
}

func (h Handler) getenv(name string) string {
	if h.Getenv != nil {
		return h.Getenv(name)
	}
	return os.Getenv(name)
}

// refuse logs why a request is not let through, once, and returns the error
// where that is a fault.
func (h Handler) refuse(ctx context.Context, r Request, err error) error {
	reason, denied := classify(err)
	d := result{metric: contract.MetricErrors, level: "ERROR", message: "request not judged", reason: reason, text: err.Error()}
	log := slog.LevelError
	if denied {
		d.metric, d.level, d.message, log = contract.MetricDenied, "WARN", "request denied", slog.LevelWarn
	}
	about := []any{"reason", reason, "error", d.text}
	var credential *CredentialError
	if errors.As(err, &credential) {
		d.method, d.credentialID = credential.Method, credential.CredentialID
		about = append(about, "method", credential.Method, "credentialId", credential.CredentialID)
	}
	o := observationOf(ctx)
	o.write(ctx, h.metricsTo(), r, d)
	if h.Logger != nil || !o.writes() {
		h.logger().Log(ctx, log, d.message, append(about, where(ctx, r)...)...)
	}
	if denied {
		return nil
	}
	return fmt.Errorf("judging a request: %w", err)
}

// allowed logs who was let in, for whoever turns debugging on.
func (h Handler) allowed(ctx context.Context, r Request, p Principal) {
	const message = "request allowed"
	observationOf(ctx).write(ctx, h.metricsTo(), r, result{metric: contract.MetricAllowed, level: "INFO", message: message, method: p.Method})
	if h.Logger != nil && h.Logger.Enabled(ctx, slog.LevelDebug) {
		h.Logger.With(where(ctx, r)...).DebugContext(ctx, message, "method", p.Method, "credentialId", p.CredentialID)
	}
}

// where names the request: by Lambda's id and API Gateway's, and its route.
func where(ctx context.Context, r Request) []any {
	return []any{"requestId", lambdaRequestID(ctx), "apiRequestId", r.RequestID, "routeKey", r.RouteKey}
}

func (h Handler) logger() *slog.Logger {
	if h.Logger != nil {
		return h.Logger
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, nil))
}
