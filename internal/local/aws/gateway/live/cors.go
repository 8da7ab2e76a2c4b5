package live

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// corsHeaders are all that the Fetch standard has in responses.
var corsHeaders = []string{
	"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Headers",
	"Access-Control-Allow-Methods", "Access-Control-Expose-Headers", "Access-Control-Max-Age",
}

// CORS is an API's answer to cross-origin requests.
type CORS struct {
	AllowCredentials bool
	AllowHeaders     []string
	AllowMethods     []string
	AllowOrigins     []string
	ExposeHeaders    []string
	MaxAge           int // -1 to 86400 seconds
}

// allowOrigin is the Access-Control-Allow-Origin of the answer to an origin;
// empty where it is not allowed. Origins are compared without regard to case.
func (c *CORS) allowOrigin(origin string) string {
	for _, allowed := range c.AllowOrigins {
		scheme, all := strings.CutSuffix(allowed, "*")
		switch {
		case origin == "":
		case allowed == "*":
			return "*"
		case all && len(origin) > len(scheme) && strings.EqualFold(origin[:len(scheme)], scheme), strings.EqualFold(origin, allowed):
			return origin
		}
	}
	return ""
}

// preflight returns the headers of the answer to a preflight request; none
// where the origin, the method or a header is not allowed, or where the
// request is no preflight (Fetch standard, CORS protocol). Without
// AllowMethods nothing is.
func (c *CORS) preflight(in http.Header) http.Header {
	origin, method := c.allowOrigin(in.Get("Origin")), in.Get("Access-Control-Request-Method")
	if origin == "" || method == "" || !allows(c.AllowMethods, method) {
		return nil
	}
	for name := range strings.SplitSeq(in.Get("Access-Control-Request-Headers"), ",") {
		if name = strings.TrimSpace(name); name != "" && !allows(c.AllowHeaders, name) {
			return nil
		}
	}
	header := c.credentials(origin)
	header.Set("Access-Control-Allow-Methods", strings.Join(c.AllowMethods, ","))
	header.Set("Access-Control-Allow-Headers", strings.Join(c.AllowHeaders, ","))
	if c.MaxAge != 0 {
		header.Set("Access-Control-Max-Age", strconv.Itoa(c.MaxAge))
	}
	return header
}

func allows(list []string, value string) bool {
	return slices.ContainsFunc(list, func(allowed string) bool { return allowed == "*" || strings.EqualFold(allowed, value) })
}

func (c *CORS) credentials(origin string) http.Header {
	header := http.Header{"Access-Control-Allow-Origin": {origin}}
	if c.AllowCredentials {
		header.Set("Access-Control-Allow-Credentials", "true")
	}
	return header
}

// isPreflight reports whether a browser asks what it may send (Fetch standard,
// "CORS-preflight request").
func isPreflight(in *http.Request) bool {
	return in.Method == http.MethodOptions && in.Header.Get("Access-Control-Request-Method") != ""
}

// preflightPath is the path of the route that would take a key's preflights.
func preflightPath(key RouteKey) string {
	if key.isDefault() {
		return "/{proxy+}"
	}
	return key.path
}

// preflightAnswer is API Gateway's own answer where no route takes OPTIONS
// (developer guide, http-api-cors).
func (c *CORS) preflightAnswer(in http.Header) exchange {
	x := exchange{response: response{status: http.StatusNoContent, header: c.preflight(in)}, early: "preflight answered by the CORS configuration"}
	if x.response.header == nil {
		x.early += ", which does not allow it: check AllowOrigins, AllowMethods and AllowHeaders"
		x.cure = (*request).preflightCure
	}
	return x
}

// apply sets the CORS headers of an answer. Those of the integration are
// ignored. Of API Gateway's own answers only an authorizer's 401 and 403 are
// known to have them.
func (c *CORS) apply(in *http.Request, r response) response {
	if c == nil || (r.kind != "" && r.status != http.StatusUnauthorized && r.status != http.StatusForbidden) {
		return r
	}
	header := r.header.Clone()
	for _, name := range corsHeaders {
		header.Del(name)
	}
	var own http.Header
	if isPreflight(in) && r.kind == "" {
		own = c.preflight(in.Header)
	} else if origin := c.allowOrigin(in.Header.Get("Origin")); origin != "" {
		own = c.credentials(origin)
		if len(c.ExposeHeaders) > 0 {
			own.Set("Access-Control-Expose-Headers", strings.Join(c.ExposeHeaders, ","))
		}
	}
	for name, values := range own {
		if header == nil {
			header = http.Header{}
		}
		header[name] = values
	}
	r.header = header
	return r
}
