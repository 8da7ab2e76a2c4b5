package live

import (
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

// Decision is what became of a request. Some of it has the client's credentials, where
// that is said: whoever shows it to somebody leaves them out.
type Decision struct {
	// RequestID is the request's, which the client gets as Apigw-Requestid.
	RequestID string
	// APIID is the API's, Stage the stage's name, empty where there is none.
	APIID, Stage string
	// Received is when the request came, Latency how long the answer took.
	Received time.Time
	Latency  time.Duration
	// Method and Path are the request's, Host what it was sent to. Query is the query
	// string as it came, with credentials where a client sends them there.
	Method, Path, Host, Query string
	// Status is the answer's.
	Status int
	// RouteKey is empty where no route matched.
	RouteKey string
	// Authorization is the route's, AuthorizerID the authorizer's.
	Authorization, AuthorizerID string
	// Early tells that API Gateway answered by itself before it asked how the route is
	// protected: where there is none, over a limit, or to a preflight.
	Early bool
	// Scopes are the route's, of which a JWT needs one.
	Scopes []string
	// APISources are the identity sources of all authorizers of the API.
	APISources []string
	// Sources are the identity sources of the route's authorizer, up to the first that the
	// request does not have, which is the last here. Early requests are not asked for them.
	Sources []IdentityValue
	// Cache is what the cache of a Lambda authorizer had to say.
	Cache CacheUse
	// Authorizer and Handler are the runs of the functions. Their Function is set where
	// the route has one, whether it ran or not.
	Authorizer, Handler Invocation
	// Allowed tells that the request was let through to the route's function.
	Allowed bool
	// Failure is why it was not, where API Gateway itself knows, as it does not of what a
	// function has refused. Empty too for a preflight that API Gateway has allowed.
	Failure string
	// Kind is that of the failure in a few words, where API Gateway itself judged the
	// credential, with JWT and AWS_IAM, and where no API has the host.
	Kind string
	// Cure is what to change so that it would be, where the local AWS knows.
	Cure string
	// Note is the console's text.
	Note string
}

// IdentityValue is an identity source, as it is configured, and its value in a request,
// which is the client's credential. Empty: the request does not have it.
type IdentityValue struct{ Source, Value string }

// CacheUse is what became of a request at an authorizer's cache.
type CacheUse struct {
	// Asked tells that there is a cache and that it was asked, Hit that it had an answer,
	// which is Age old and good for Left more.
	Asked, Hit bool
	Age, Left  time.Duration
	// RequestID is Lambda's, of the invocation that made the answer of a hit.
	RequestID string
	// TTL is the cache's.
	TTL time.Duration
}

// Invocation is a function's run for a request.
type Invocation struct {
	// Function is its ARN.
	Function string
	// RequestID is Lambda's; empty where the function did not run.
	RequestID string
	// Cold tells that it was the first of an execution environment, which took Init to
	// start. It is not known of one that did not answer in API Gateway's time.
	Cold bool
	Init time.Duration
	// Duration is how long it took, without the start.
	Duration time.Duration
	// Failure is why there is no answer of it that could be used.
	Failure string
	// Event is what it got, Answer what it answered: both have credentials, and must not
	// be changed. Nil where it did not run.
	Event, Answer []byte
}

// invocation is a function's run, with what it answered.
func invocation(function string, event []byte, out lambda.InvokeOutput) Invocation {
	i := Invocation{Function: function, RequestID: out.RequestID, Cold: out.Cold, Init: out.InitDuration, Duration: out.Duration, Answer: out.Payload}
	if i.RequestID != "" {
		i.Event = event
	}
	return i
}

// decided tells what became of a request, before the client knows it.
func (g *Gateway) decided(r *request, x *exchange, note string) {
	if g.Decided == nil {
		return
	}
	d := Decision{
		RequestID: r.id, APIID: r.deployment.APIID, Received: r.received, Latency: g.now().Sub(r.received),
		Method: cut(r.method), Path: cut(r.fullPath), Host: cut(r.in.Host), Query: cut(r.rawQuery),
		Status: x.response.status, Cache: x.verdict.cache, Authorizer: x.verdict.run, Handler: x.integration.Invocation,
		Early: x.early != "", Allowed: x.early == "" && x.verdict.refusal == nil, Failure: x.refused(), Cure: x.cureOf(r), Note: note,
		APISources: r.deployment.sources,
	}
	if r.foreign {
		d.Kind = "unknown host"
	}
	if r.stage != nil {
		d.Stage = r.stage.Name
	}
	if r.route != nil {
		d.RouteKey, d.Authorization, d.Handler.Function = r.route.Key.text, r.route.Authorization, r.stage.expand(r.route.Function)
		d.Scopes = r.route.Scopes
		if a := r.route.Authorizer; a != nil {
			d.AuthorizerID, d.Authorizer.Function = a.ID, a.Function
			if !d.Early {
				d.Sources = r.sources(a)
			}
		}
		switch r.route.Authorization {
		case AuthorizationCustom:
			d.Authorizer.Failure = x.verdict.failure
		case AuthorizationJWT, AuthorizationIAM:
			d.Kind = kindOf(x.verdict.cause)
		}
	}
	g.Decided(d)
}

// cut bounds what is kept and shown of a request over the limit of [headerBytes].
func cut(text string) string {
	if len(text) <= maxHeaderBytes {
		return text
	}
	return strings.ToValidUTF8(text[:maxHeaderBytes], "") + "…"
}

// refused is why the request was not let through, where API Gateway knows.
func (x *exchange) refused() string {
	switch v := &x.verdict; {
	case x.early != "" && (x.response.kind != "" || x.response.header == nil):
		return x.early
	case v.failure != "":
		return v.failure
	case v.refusal != nil && v.latency == nil && !v.cache.Hit:
		return v.why
	}
	return ""
}

// sources are the identity sources, up to the first that the request does not have.
func (r *request) sources(a *Authorizer) []IdentityValue {
	var sources []IdentityValue
	for _, source := range a.Sources {
		value := source.value(r)
		sources = append(sources, IdentityValue{source.text, value})
		if value == "" {
			break
		}
	}
	return sources
}

// SkipAhead lets the answers of authorizers that are cached now be older by d.
func (g *Gateway) SkipAhead(d time.Duration) { g.ahead.Add(int64(d)) }

// Ahead is by how much the clock of the caches is, after all of [Gateway.SkipAhead].
func (g *Gateway) Ahead() time.Duration { return time.Duration(g.ahead.Load()) }

// cacheNow is the time of the result caches.
func (g *Gateway) cacheNow() time.Time { return g.now().Add(g.Ahead()) }
