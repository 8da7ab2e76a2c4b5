package live

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// The cures of requests that end before their route's authorization.

func (r *request) headersCure() string {
	return fmt.Sprintf("send a request line and headers of at most %d bytes together, a limit of API Gateway that nobody can raise: a smaller token, fewer cookies, or what is large in the body", maxHeaderBytes)
}

func (r *request) pathCure() string {
	if strings.HasPrefix(r.rawPath, "/") {
		return "encode each percent sign of the path's values as %2525"
	}
	return "send a path that begins with a slash"
}

// hostCure names the hosts that are served.
func (r *request) hostCure() string {
	var names []string
	if domains := r.gateway.domains.Load(); domains != nil {
		names = slices.Collect(maps.Keys(*domains))
	}
	cure := "call the API as 127.0.0.1 or localhost"
	if len(names) == 0 {
		cure += ", or deploy a domain: Domain of ProtectedHttpApiArgs (an aws:apigatewayv2:DomainName)"
	} else {
		cure += ", or by a domain that is deployed: " + some(names)
	}
	return cure + "; have a proxy or tunnel before it send one of these as the Host header"
}

func (r *request) domainCure() string {
	if r.foreign {
		return r.hostCure()
	}
	d, name := r.gateway.domain(r.in.Host)
	if d.MutualTLS {
		return "leave MutualTls of DomainArgs (mutualTlsAuthentication of the aws:apigatewayv2:DomainName) out of the stack that is deployed locally: there are no client certificates here"
	}
	return fmt.Sprintf("begin the path with a key of the domain's mappings, %s, or map another one: BasePath of DomainArgs (apiMappingKey of an aws:apigatewayv2:ApiMapping of %s)", d.keys(), name)
}

func (r *request) endpointCure() string {
	var names []string
	if domains := r.gateway.domains.Load(); domains != nil {
		for name, d := range *domains {
			if slices.ContainsFunc(d.Mappings, func(m Mapping) bool { return m.API.current.Load().APIID == r.deployment.APIID }) {
				names = append(names, name)
			}
		}
	}
	keep := "set KeepDefaultEndpoint of DomainArgs (disableExecuteApiEndpoint of the aws:apigatewayv2:Api to false)"
	if len(names) == 0 {
		return "map a domain to the API, which nothing else serves, or " + keep
	}
	slices.Sort(names)
	return "send the header Host: " + strings.Join(names, " or ") + ", or " + keep
}

func (r *request) stageCure() string {
	var names []string
	for name := range r.deployment.stages {
		names = append(names, "/"+name)
	}
	const stage = "the stage $default (an aws:apigatewayv2:Stage of that name, which the component makes unless Stage.Name says otherwise)"
	if len(names) == 0 {
		return "give the API " + stage
	}
	slices.Sort(names)
	return "begin the path with a stage, " + strings.Join(names, " or ") + ", or give the API " + stage
}

func (r *request) accountCure() string {
	return fmt.Sprintf("send fewer: an account may have %v requests a second, in bursts of %d, over all its APIs; AWS raises that quota on demand", AccountLimit.Rate, AccountLimit.Burst)
}

func (r *request) limitCure() string {
	limit := r.stage.buckets[r.route.Key.text].Limit
	return fmt.Sprintf("send fewer, or raise Throttling of the Route or of ProtectedHttpApiArgs (throttlingRateLimit and throttlingBurstLimit of the stage %s, both), which lets %v requests a second through to %s, in bursts of %d",
		r.stage.Name, limit.Rate, r.route.Key.text, limit.Burst)
}

// preflightCure names what the CORS configuration does not allow.
func (r *request) preflightCure() string {
	c, in := r.deployment.CORS, r.in.Header
	origin, method := in.Get("Origin"), in.Get("Access-Control-Request-Method")
	switch {
	case origin == "" || method == "":
		return "send the headers Origin and Access-Control-Request-Method, as browsers do"
	case c.allowOrigin(origin) == "":
		return fmt.Sprintf("add the origin %q to AllowOrigins of CorsArgs (corsConfiguration of the aws:apigatewayv2:Api), which are %q", origin, c.AllowOrigins)
	case !allows(c.AllowMethods, method):
		return fmt.Sprintf("add the method %q to AllowMethods of CorsArgs (corsConfiguration of the aws:apigatewayv2:Api), which are %q", method, c.AllowMethods)
	}
	return fmt.Sprintf("add what is missing of %q to AllowHeaders of CorsArgs (corsConfiguration of the aws:apigatewayv2:Api), which are %q", in.Get("Access-Control-Request-Headers"), c.AllowHeaders)
}

// routeCure names the routes that there are for the path.
func (r *request) routeCure() string {
	if isPreflight(r.in) {
		return "set Cors of ProtectedHttpApiArgs (corsConfiguration of the aws:apigatewayv2:Api): this is a browser's preflight"
	}
	path := r.path()
	if keys := r.deployment.keysOf(path); len(keys) > 0 {
		return fmt.Sprintf("send another method, since the path has %s, or give Routes a route with the method %s", some(keys), r.method)
	}
	other, trimmed := strings.CutSuffix(path, "/")
	if !trimmed {
		other = path + "/"
	}
	if keys := r.deployment.keysOf(other); path != "/" && len(keys) > 0 {
		word := "with"
		if trimmed {
			word = "without"
		}
		return fmt.Sprintf("send the path %s a slash at its end, which has %s", word, some(keys))
	}
	var keys []string
	for _, route := range r.deployment.Routes {
		keys = append(keys, route.Key.text)
	}
	if len(keys) == 0 {
		return "give Routes a route (an aws:apigatewayv2:Route of the API, which has none)"
	}
	return "send a path of a route that there is, or give Routes one for it (an aws:apigatewayv2:Route): there are " + some(keys)
}

// keysOf are the keys of the routes that take a path with some method.
func (d *deployment) keysOf(path string) []string {
	var keys []string
	for _, route := range d.Routes {
		if _, ok := route.Key.match(route.Key.method, splitPath(path)); ok {
			keys = append(keys, route.Key.text)
		}
	}
	return keys
}

// maxNamed is how many of many things a cure names.
const maxNamed = 8

// some sorts names, and names so many of them.
func some(names []string) string {
	slices.Sort(names)
	if more := len(names) - maxNamed; more > 0 {
		return strings.Join(names[:maxNamed], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

// preflightRouteCure is the cure of a browser's preflight that an authorizer would have to let
// in.
func (r *request) preflightRouteCure() string {
	return fmt.Sprintf("give Routes the route %q with Auth: components.Public, or set Cors, which does: this is a browser's preflight, and carries no credential", http.MethodOptions+" "+preflightPath(r.route.Key))
}
