package page

import "github.com/protected-http-api/protected-http-api/internal/callers"

// What the page and its server say to one another, as JSON. Nothing of it has a client's
// credential in it, but for what somebody tries on the page itself ([tried]).

// state is what is deployed now, and how the local AWS stands. The page gets it when it
// connects, and whenever it changes: the event "state".
type state struct {
	Project string `json:"project"`
	Stack   string `json:"stack"`
	Region  string `json:"region"`
	// Endpoint is the address of AWS's APIs.
	Endpoint string `json:"endpoint"`
	// LogDir has one file a log group.
	LogDir     string     `json:"logDir"`
	Deployment deployment `json:"deployment"`
	// Deployments are the last few, the newest first: Deployment is the first of them.
	Deployments []deployment `json:"deployments"`
	APIs        []api        `json:"apis"`
	Services    []service    `json:"services"`
	// AheadMillis is by how much the caches' clock is ahead.
	AheadMillis int64 `json:"aheadMillis"`
}

// deployment is the last one, or the one that is being made.
type deployment struct {
	// Number counts them from 1.
	Number int `json:"number"`
	// Status is "deploying", "serving" or "failed". With failed, what was deployed before
	// goes on to serve, but for what had changed until it failed.
	Status string `json:"status"`
	// At is when it began, in milliseconds since the Unix epoch; TookMillis how long it took.
	At         int64 `json:"at"`
	TookMillis int64 `json:"tookMillis"`
	// Summary counts resources, for instance "1 updated, 93 unchanged".
	Summary string `json:"summary"`
	// Changes are what has changed for requests since the deployment before, a line each,
	// for instance "POST /events: public, was: events-authorizer".
	Changes []string `json:"changes"`
	// Resources are what Pulumi has changed since then, for instance "updated: RolePolicy
	// events-create-event": what of it no line of Changes tells is not compared.
	Resources []string `json:"resources"`
	// Same are the kinds of things that are compared and of which Resources has none, for
	// instance "routes": without Changes they are as before.
	Same []string `json:"same"`
	// Error is why it failed, with Pulumi's own words.
	Error string `json:"error,omitempty"`
}

// api is a stage of an HTTP API.
type api struct {
	ID string `json:"id"`
	// Name has the stage in it where that is not the default one.
	Name  string `json:"name"`
	Stage string `json:"stage"`
	URL   string `json:"url"`
	// Hosts are the custom domain names that are mapped to it.
	Hosts       []string     `json:"hosts"`
	Routes      []route      `json:"routes"`
	Authorizers []authorizer `json:"authorizers"`
}

type route struct {
	// Key is the method and the path, or $default.
	Key string `json:"key"`
	// Protection is "public", "lambda", "jwt" or "iam".
	Protection string `json:"protection"`
	// Authorizer is the name of the authorizer, with lambda and jwt.
	Authorizer string `json:"authorizer,omitempty"`
	// Needs are the permissions that a caller needs, all of them; with jwt the scopes, one
	// of them.
	Needs []string `json:"needs"`
	// Function is the program's name of the function that answers.
	Function string `json:"function"`
	// Credentials are those with which the route can be tried.
	Credentials []callers.Kind `json:"credentials"`
	// Body is what a try sends unless it is changed; empty for a method without a body.
	Body string `json:"body"`
}

// authorizer is a Lambda or a JWT authorizer of an API.
type authorizer struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Kind is "lambda" or "jwt".
	Kind string `json:"kind"`
	// TTLSeconds is how long its answers are reused; 0: not at all. Cached is how many are
	// kept in the stage now. Both are of a Lambda authorizer.
	TTLSeconds int `json:"ttlSeconds"`
	Cached     int `json:"cached"`
	// Sources are the identity sources.
	Sources []string `json:"sources"`
	// Issuer and Audience are of a JWT authorizer.
	Issuer   string   `json:"issuer,omitempty"`
	Audience []string `json:"audience,omitempty"`
}

// service can be stopped: it answers 503 then.
type service struct {
	// Name is the signing name: ssm, dynamodb, secretsmanager.
	Name  string `json:"name"`
	Title string `json:"title"`
	Down  bool   `json:"down"`
}

// The event "replaced", with {}, is the last one of a stream: too many newer ones were opened.

// rows are the event "rows": requests that are new, or of which more is known.
type rows struct {
	Rows []row `json:"rows"`
	// Dropped is how many requests came since the last event and are in no event.
	Dropped uint64 `json:"dropped"`
}

// row is a request in the list.
type row struct {
	// Seq orders requests by when they were answered, from 1. A row that comes again
	// replaces the one with the same Seq.
	Seq uint64 `json:"seq"`
	ID  string `json:"id"`
	// At is when it came, in milliseconds since the Unix epoch.
	At     int64   `json:"at"`
	API    string  `json:"api"`
	Method string  `json:"method"`
	Path   string  `json:"path"`
	Route  string  `json:"route"` // empty where none matched
	Status int     `json:"status"`
	Millis float64 `json:"millis"`
	// Protection is that of the route, or empty.
	Protection string `json:"protection"`
	// Cache is "hit", "miss" or "off" with a Lambda authorizer that was asked, else empty.
	Cache string `json:"cache"`
	// Reason is why it was refused: authz's own word where its log has it, for instance
	// expired_token, else what API Gateway knows. Empty where it was let through.
	Reason string `json:"reason"`
}

// detail is a request that was opened: GET requests/{seq}.
type detail struct {
	row
	Steps []step `json:"steps"`
	// Cure is what to change so that the request is let through, for one that was refused
	// or failed.
	Cure  string    `json:"cure"`
	Calls []awsCall `json:"calls"`
	// MoreCalls is how many there were beside these.
	MoreCalls int        `json:"moreCalls"`
	Logs      []log      `json:"logs"`
	JSON      []document `json:"json"`
}

// step is a station on the request's way, in its order.
type step struct {
	// Kind is gateway, sources, cache, authorizer, permissions, handler or answer. All
	// seven are there.
	Kind  string `json:"kind"`
	Title string `json:"title"`
	// State is "passed", "stopped" (refused here), "failed" or "skipped".
	State string `json:"state"`
	// Text says in a few words what happened, for instance "hit, 12 s old, 288 s left".
	Text  string `json:"text"`
	Facts []fact `json:"facts"`
	// Millis is how long it took, where that is known.
	Millis *float64 `json:"millis,omitempty"`
}

type fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// awsCall is what a function asked of AWS while it ran for the request.
type awsCall struct {
	Function string  `json:"function"`
	Action   string  `json:"action"` // dynamodb:PutItem
	Resource string  `json:"resource"`
	Millis   float64 `json:"millis"`
	// Error is AWS's code; empty for one that succeeded. Cure is how it would.
	Error string `json:"error,omitempty"`
	Cure  string `json:"cure,omitempty"`
}

// log is what a function logged in the invocation for the request.
type log struct {
	Function string   `json:"function"`
	Lines    []string `json:"lines"`
}

// document is JSON that a function got or answered, indented, without credentials.
type document struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

// counts are the event "counts": the last minutes, a bucket for each five seconds, the
// oldest first. It comes once a second at most, and only where something has changed.
type counts struct {
	BucketSeconds int      `json:"bucketSeconds"`
	Buckets       []bucket `json:"buckets"`
	// Denials are by reason, over all buckets, the most frequent first.
	Denials []reasonCount `json:"denials"`
	// P50 and P99 are over all buckets, in milliseconds.
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	// Total is how many requests there were since the start.
	Total uint64 `json:"total"`
}

type bucket struct {
	At       int64 `json:"at"` // its beginning
	Requests int   `json:"requests"`
	// Status counts by 2xx, 3xx, 401, 403, 4xx (the others), 5xx.
	Status map[string]int `json:"status"`
	// Runs is how often a Lambda authorizer ran, Hits how often its cache answered.
	Runs int     `json:"runs"`
	Hits int     `json:"hits"`
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
}

type reasonCount struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

// try is POST try.
type try struct {
	API   string `json:"api"` // its ID
	Stage string `json:"stage"`
	Route string `json:"route"`
	// Method is needed for routes of any method, Path has values for the variables; it
	// may have a query.
	Method      string       `json:"method"`
	Path        string       `json:"path"`
	Body        string       `json:"body"`
	ContentType string       `json:"contentType"`
	Credential  callers.Kind `json:"credential"`
	// Header is a line "Name: value", with callers.Own.
	Header string `json:"header"`
}

// tried is its answer. The credential of the request is in it: only the page, by its
// secret address, gets it.
type tried struct {
	// RequestID finds the row.
	RequestID string `json:"requestId"`
	// Request and Answer are as sent: the first line, headers, a blank line, the body.
	Request string  `json:"request"`
	Answer  string  `json:"answer"`
	Status  int     `json:"status"`
	Millis  float64 `json:"millis"`
	// Curl is the same request as a command line of a POSIX shell.
	Curl string `json:"curl"`
}

// Actions, each a POST with a JSON object, answered by 204.

// emptyCache is POST empty-cache.
type emptyCache struct {
	API   string `json:"api"` // its ID
	Stage string `json:"stage"`
}

// skipAhead is POST skip-ahead.
type skipAhead struct {
	Seconds int `json:"seconds"`
}

// outage is POST outage.
type outage struct {
	Service string `json:"service"`
	Down    bool   `json:"down"`
}

// redeploy is POST redeploy: {}. The state says how it went.

// failure is the body of every answer with a status of 400 or more.
type failure struct {
	Error string `json:"error"`
}
