package live

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/jwtauth"
)

// Deployment is what a listener serves: an API's resources, checked and resolved.
// It never changes; a change of the API makes a new one, and requests in flight
// keep theirs.
type Deployment struct {
	// APIID, Endpoint and ExecutionARN are the API's. Endpoint is
	// http://127.0.0.1:PORT.
	APIID, Endpoint, ExecutionARN string
	// Disabled makes every request to the API's own endpoint 404: the API has
	// DisableExecuteApiEndpoint set.
	Disabled bool
	// CORS is nil where the API does not answer cross-origin requests.
	CORS *CORS
	// Stages have names that differ.
	Stages []Stage
	// Routes are in any order.
	Routes []Route
	// Authorizers are all that the API has. One keeps its cached answers as long
	// as the same pointer is deployed.
	Authorizers []*Authorizer
}

// Stage is a deployed view of the API.
type Stage struct {
	// Name is [DefaultName], or the first segment of the stage's paths.
	Name      string
	Variables map[string]string
	// Limits are by route key; a route that has none is not limited.
	Limits map[string]Limit
	// AccessLog is nil where the stage does not log.
	AccessLog *AccessLog
}

// AccessLog is where a stage logs its requests, and how.
type AccessLog struct {
	Group string
	// Format is a line with $context variables.
	Format string
}

// Values of Route.Authorization.
const (
	AuthorizationNone   = "NONE"
	AuthorizationCustom = "CUSTOM" // a Lambda authorizer
	AuthorizationJWT    = "JWT"
	AuthorizationIAM    = "AWS_IAM"
)

// Route sends requests to a function.
type Route struct {
	Key RouteKey
	// Function is the integration's ARN, in which ${stageVariables.name} stands for
	// a variable of the stage; Timeout is its limit.
	Function string
	Timeout  time.Duration
	// Authorization is one of the constants.
	Authorization string
	// Authorizer is there with CUSTOM and JWT.
	Authorizer *Authorizer
	// Scopes are for JWT: a token needs one of them.
	Scopes []string
}

// Authorizer is a Lambda or JWT authorizer.
type Authorizer struct {
	ID string
	// Function is a Lambda authorizer's ARN.
	Function string
	Sources  []IdentitySource
	// Version1 is the payload format 1.0; else it is 2.0.
	Version1 bool
	// Simple is an answer with isAuthorized; else it is a policy.
	Simple bool
	// TTL is how long an answer is reused; 0: not at all.
	TTL time.Duration
	// JWT judges the tokens of a JWT authorizer; else it is nil.
	JWT *jwtauth.Authorizer
}

// deployment is a Deployment, its routes in the order in which they are tried, with
// what its stages remember.
type deployment struct {
	Deployment
	stages map[string]*stage
	// port is the endpoint's.
	port string
	// sources are the identity sources of all authorizers.
	sources []string
}

type stage struct {
	Stage
	caches  map[*Authorizer]*resultCache
	buckets map[string]*bucket // by route key
	// logFormat is that of AccessLog, taken apart.
	logFormat []logPart
}

// cacheName names a result cache: there is one a stage and authorizer.
type cacheName struct {
	stage      string
	authorizer *Authorizer
}

// Deploy makes the listener serve d. Cached answers stay where stage and authorizer
// do, and what is left of a route's limit where the limit does.
func (a *API) Deploy(d Deployment) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.deploy(d)
}

// ForgetAnswers forgets what authorizers answered in a stage.
func (a *API) ForgetAnswers(stage string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	maps.DeleteFunc(a.caches, func(name cacheName, _ *resultCache) bool { return name.stage == stage })
	a.deploy(a.current.Load().Deployment)
}

// CachedAnswers counts the answers that are kept in a stage and have not expired, by the ids
// of their authorizers. Those without a cache have no entry.
func (a *API) CachedAnswers(stage string) map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	answers := map[string]int{}
	for name, cache := range a.caches {
		if name.stage == stage {
			answers[name.authorizer.ID] = cache.count()
		}
	}
	return answers
}

func (a *API) deploy(d Deployment) {
	d.Routes = slices.SortedFunc(slices.Values(d.Routes), func(a, b Route) int { return compareRouteKeys(a.Key, b.Key) })
	next := &deployment{Deployment: d, stages: map[string]*stage{}}
	if endpoint, err := url.Parse(d.Endpoint); err == nil {
		next.port = endpoint.Port()
	}
	for _, authorizer := range d.Authorizers {
		for _, source := range authorizer.Sources {
			next.sources = append(next.sources, source.text)
		}
	}
	slices.Sort(next.sources)
	for _, s := range d.Stages {
		made := &stage{Stage: s, caches: map[*Authorizer]*resultCache{}, buckets: a.bucketsOf(s)}
		if s.AccessLog != nil {
			made.logFormat = parseLogFormat(s.AccessLog.Format)
		}
		next.stages[s.Name] = made
	}
	maps.DeleteFunc(a.caches, func(name cacheName, _ *resultCache) bool {
		return next.stages[name.stage] == nil || !slices.Contains(d.Authorizers, name.authorizer)
	})
	maps.DeleteFunc(a.buckets, func(name bucketName, b *bucket) bool {
		s := next.stages[name.stage]
		return s == nil || s.buckets[name.routeKey] != b
	})
	for _, s := range next.stages {
		for _, authorizer := range d.Authorizers {
			if authorizer.TTL == 0 {
				continue
			}
			name := cacheName{s.Name, authorizer}
			if a.caches[name] == nil {
				a.caches[name] = newResultCache(authorizer.TTL, a.gateway.cacheNow)
			}
			s.caches[authorizer] = a.caches[name]
		}
	}
	a.current.Store(next)
}

// route finds the stage and the route of a decoded path (developer guide,
// http-api-develop-routes): a stage whose name is the first segment, else the
// $default stage; then the route within it. Without a route only the stage is
// returned, without a stage neither.
func (d *deployment) route(method, path string) (*stage, *Route, map[string]string) {
	if !strings.HasPrefix(path, "/") {
		return nil, nil, nil
	}
	segments := splitPath(path)
	stage := d.stages[DefaultName]
	if named := d.stages[segments[0]]; named != nil && segments[0] != DefaultName {
		stage = named
		if segments = segments[1:]; len(segments) == 0 {
			segments = []string{""}
		}
	}
	if stage == nil {
		return nil, nil, nil
	}
	route, values := d.routeWithin(method, segments)
	return stage, route, values
}

// routeWithin finds the route of a path's segments without the stage.
func (d *deployment) routeWithin(method string, segments []string) (*Route, map[string]string) {
	for i := range d.Routes {
		if values, ok := d.Routes[i].Key.match(method, segments); ok {
			return &d.Routes[i], values
		}
	}
	return nil, nil
}
