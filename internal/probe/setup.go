package probe

import "slices"

// apiSetup is an HTTP API as the experiments need it. Each has the public route
// GET /ready, by which the probe sees that it serves.
type apiSetup struct {
	name        string
	disabled    bool
	ready       string // in place of /ready
	cors        *corsSetup
	stages      []stageSetup
	authorizers []authorizerSetup
	routes      []routeSetup
}

type corsSetup struct {
	origins, methods, headers, expose []string
	credentials                       bool
	maxAge                            int
}

// stageSetup has an access log where logged is set.
type stageSetup struct {
	name      string
	variables map[string]string
	logged    bool
	limit     *limitSetup           // of every route
	limits    map[string]limitSetup // by route key
}

type limitSetup struct {
	rate  float64
	burst int
}

// authorizerSetup is a Lambda authorizer with payload format 2.0 and simple answers,
// unless it says otherwise.
type authorizerSetup struct {
	name     string
	sources  []string
	ttl      int // seconds
	policy   bool
	version1 bool
	// sealed has no permission to invoke the function.
	sealed bool
	// jwt is API Gateway's own, for tokens of the probe's issuer.
	jwt bool
}

// Values of routeSetup.authorizer that name none.
const (
	public = ""
	byIAM  = "AWS_IAM"
)

type routeSetup struct {
	key string
	// authorizer is a name, or one of the constants.
	authorizer string
	// timeout of the integration in milliseconds. Defaults to 30 s.
	timeout int
	// sealed sends it to a function that API Gateway may not invoke for a route.
	sealed bool
	scopes []string
}

// Names of setups that the code knows.
const (
	mainAPI   = "main"
	issuerAPI = "issuer"
	jwtAPI    = "jwt"
)

const (
	authorizationSource = "$request.header.Authorization"
	defaultStage        = "$default"
)

// setups are the APIs. The update changes what experiments with steps after it ask
// about, and adds what needs the issuer to serve.
func setups(updated bool) []apiSetup {
	header, serving := []string{authorizationSource}, []stageSetup{{name: defaultStage}}
	apis := []apiSetup{
		{
			name:   mainAPI,
			stages: []stageSetup{{name: defaultStage, logged: true}, {name: "dev", variables: map[string]string{"colour": "blue"}}},
			authorizers: []authorizerSetup{
				{name: "header", sources: header, ttl: 300},
				{name: "route", sources: append(slices.Clone(header), "$context.routeKey"), ttl: 300},
				{name: "off", sources: header},
				{name: "short", sources: header, ttl: 2},
				{name: "two", sources: append(slices.Clone(header), "$request.header.X-Tenant"), ttl: 300},
				{name: "query", sources: []string{"$request.querystring.tok"}, ttl: 300},
				{name: "policy", sources: header, ttl: 300, policy: true},
				{name: "policy1", sources: header, ttl: 300, policy: true, version1: true},
				{name: "none"},
				{name: "sealed", sources: header, ttl: 300, sealed: true},
			},
			routes: []routeSetup{
				{key: "POST /r", authorizer: "header"}, {key: "GET /sealed-handler", sealed: true},
				{key: "ANY /public"}, {key: "GET /iam", authorizer: byIAM},
			},
		},
		{
			name: "more", stages: []stageSetup{{name: defaultStage, variables: map[string]string{"colour": "blue"}}},
			authorizers: []authorizerSetup{
				{name: "variable", sources: []string{"$stageVariables.colour"}},
				{name: "missing", sources: []string{"$stageVariables.shape"}},
				{name: "context", sources: []string{"$context.identity.sourceIp", "$context.httpMethod", "$context.routeKey", "$context.stage", "$context.path"}},
				{name: "cookie", sources: []string{"$request.header.cookie"}},
				{name: "none1", policy: true, version1: true},
			},
		},
		{
			name: "routes", stages: []stageSetup{{name: defaultStage}, {name: "dev"}},
			routes: []routeSetup{
				{key: "GET /"}, {key: "GET /x"}, {key: "GET /pub/{id}"}, {key: "GET /capture/{rest+}"},
				{key: "GET /lit/a/{b}"}, {key: "GET /lit/{a}/b"}, {key: "GET /lit/{a}/{b}"}, {key: "GET /lit/{rest+}"},
				{key: "ANY /any/{id}"}, {key: "GET /any/{id}"}, {key: "ANY /any/exact"}, {key: "HEAD /head"}, {key: "GET /Case"},
				{key: "GET /dots/{id}"}, {key: "GET /dev"},
			},
		},
		{name: "whole", stages: serving, routes: []routeSetup{{key: defaultStage}, {key: "ANY /{proxy+}"}, {key: "GET /{one}"}}},
		{name: "bare", stages: []stageSetup{{name: "dev"}}, routes: []routeSetup{{key: "GET /x"}, {key: "GET /"}}},
		{name: "disabled", disabled: true, stages: serving, routes: []routeSetup{{key: "GET /x"}}},
		{
			name: "limits",
			stages: []stageSetup{
				{name: defaultStage, logged: true, limits: map[string]limitSetup{"GET /closed": {0, 5}, "GET /closed/off/{id}": {0, 5}}},
				{name: "tight", limit: &limitSetup{0.001, 1}},
			},
			cors:        &corsSetup{origins: []string{"*"}},
			authorizers: []authorizerSetup{{name: "off", sources: header}},
			routes: []routeSetup{
				{key: "GET /slow", timeout: 1000}, {key: "GET /closed"}, {key: "GET /closed/off/{id}", authorizer: "off"},
				{key: "POST /r"}, {key: "GET /a"}, {key: "GET /b"}, {key: "GET /sealed", sealed: true},
			},
		},
		{
			name: "cors", stages: serving,
			cors: &corsSetup{
				origins: []string{"https://app.example.com", "http://LOCALHOST:3000"}, methods: []string{"GET", "POST"},
				headers: []string{"Authorization", "X-Mixed"}, expose: []string{"Date", "X-Total"}, credentials: true, maxAge: 300,
			},
			authorizers: []authorizerSetup{{name: "off", sources: header}},
			routes:      []routeSetup{{key: "GET /open"}, {key: "OPTIONS /own"}, {key: "GET /own"}},
		},
		{
			name: "catch", stages: serving, cors: &corsSetup{origins: []string{"https://app.example.com"}, methods: []string{"GET"}},
			authorizers: []authorizerSetup{{name: "off", sources: header}},
			routes:      []routeSetup{{key: defaultStage, authorizer: "off"}, {key: "ANY /any/{proxy+}", authorizer: "off"}, {key: "OPTIONS /any/{proxy+}"}},
		},
		{name: "wild", stages: serving, cors: &corsSetup{origins: []string{"https://*"}, methods: []string{"*"}}},
		{name: "origins", stages: serving, cors: &corsSetup{origins: []string{"*"}}},
		changing(updated),
		{name: issuerAPI, stages: serving, routes: []routeSetup{{key: "GET /.well-known/openid-configuration"}, {key: "GET /keys"}}},
	}
	if updated {
		apis = append(apis, apiSetup{
			name: jwtAPI, stages: serving,
			authorizers: []authorizerSetup{{name: "jwt", sources: header, jwt: true}},
			routes:      []routeSetup{{key: "GET /scoped", authorizer: "jwt", scopes: []string{"a:read", "a:write"}}},
		})
	}
	// Each authorizer has two routes of its own.
	for i, api := range apis {
		for _, a := range api.authorizers {
			api.routes = append(api.routes,
				routeSetup{key: "GET /" + a.name + "/{id}", authorizer: a.name},
				routeSetup{key: "GET /" + a.name + "/other/{id}", authorizer: a.name})
		}
		api.routes = append(api.routes, routeSetup{key: "GET /ready"})
		apis[i] = api
	}
	return apis
}

// changing is the API whose parts the update changes.
func changing(updated bool) apiSetup {
	header := []string{authorizationSource}
	api := apiSetup{
		name:   "change",
		stages: []stageSetup{{name: defaultStage, variables: map[string]string{"colour": "blue"}}},
		authorizers: []authorizerSetup{
			{name: "same", sources: header, ttl: 3600},
			{name: "ttl", sources: header, ttl: 3600},
			{name: "sources", sources: header, ttl: 3600},
			{name: "emptied", sources: header},
		},
	}
	if updated {
		api.stages[0].variables = map[string]string{"colour": "red"}
		api.ready = "/added"
		api.routes = append(api.routes, routeSetup{key: "GET /added"})
		for i := range api.authorizers {
			switch a := &api.authorizers[i]; a.name {
			case "ttl":
				a.ttl = 3000
			case "sources":
				a.sources = []string{authorizationSource, "$request.header.User-Agent"}
			case "emptied":
				a.sources = nil
			}
		}
	}
	return api
}
