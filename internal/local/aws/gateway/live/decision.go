package live

import "time"

// Decision is what became of a request, for tests: none of a client's credentials is
// in it.
type Decision struct {
	// RequestID is the request's, which the client gets as Apigw-Requestid.
	RequestID string
	// RouteKey is empty where no route matched.
	RouteKey string
	// Authorization is the route's, Authorizer the ARN of the function of a Lambda
	// authorizer.
	Authorization, Authorizer string
	// Cached tells that the authorizer's answer came from the cache.
	Cached bool
	// AuthorizerRequestID and HandlerRequestID are Lambda's, of the functions that
	// ran, and Handler is the ARN of the route's.
	AuthorizerRequestID, HandlerRequestID, Handler string
	// Allowed tells that the request was let through to the route's function.
	Allowed bool
	// Failure is why it was not, where API Gateway itself knows.
	Failure string
	// Note is the console's text.
	Note string
}

// decided tells what became of a request, before the client knows it.
func (g *Gateway) decided(r *request, x exchange) {
	if g.Decided == nil {
		return
	}
	d := Decision{RequestID: r.id, Note: x.note, Failure: x.verdict.failure}
	if r.route != nil {
		d.RouteKey, d.Authorization = r.route.Key.text, r.route.Authorization
		if r.route.Authorizer != nil {
			d.Authorizer = r.route.Authorizer.Function
		}
		d.Cached, d.AuthorizerRequestID = x.verdict.cached, x.verdict.requestID
		// A request that is refused earlier has no verdict, and no route's function.
		d.Allowed = x.verdict.note != "" && x.verdict.refusal == nil
		if x.integration.ran {
			d.Handler, d.HandlerRequestID = r.stage.expand(r.route.Function), x.integration.requestID
		}
	}
	g.Decided(d)
}

// SkipAhead lets the answers of authorizers that are cached now be older by d.
func (g *Gateway) SkipAhead(d time.Duration) { g.ahead.Add(int64(d)) }

// cacheNow is the time of the result caches.
func (g *Gateway) cacheNow() time.Time { return g.now().Add(time.Duration(g.ahead.Load())) }
