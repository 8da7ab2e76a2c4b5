package components

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/components/internal/routekey"
)

// CorsArgs says which web pages of other origins may call the API from a browser, and
// how (Fetch standard, "CORS protocol"). API Gateway itself answers the browser's
// preflights, and sets the headers of every answer; those that a function sets it
// drops (API Gateway developer guide, "Configure CORS for HTTP APIs").
//
// A preflight carries no credential. Where a protected route takes it, because it is
// for ANY method or $default, API Gateway would ask the authorizer and answer 401. The
// component adds a public OPTIONS route beside each of them, with a function of its
// own, cors-preflight, which answers 204 and nothing else.
type CorsArgs struct {
	// AllowOrigins are the origins of the pages, as browsers send them:
	// "https://app.example.com", "http://localhost:5173"; "https://*" and "http://*"
	// are all of a scheme, "*" all. Required.
	AllowOrigins []pulumi.StringInput
	// AllowMethods are the methods that pages may use. Defaults to those of the
	// routes.
	AllowMethods []string
	// AllowHeaders are the headers that pages may send, by name. Those that identity
	// sources are must be among them. Defaults to Content-Type, the headers that
	// are identity sources, Authorization for instance, and those of the Methods.
	AllowHeaders []string
	// ExposeHeaders are the headers of answers that pages may read beside the simple
	// ones, by name; "*" for all. Defaults to none.
	ExposeHeaders []string
	// AllowCredentials lets browsers send cookies and client certificates. A token
	// that a page puts into a header needs it not. It excludes origins with "*", as
	// any site could then call in its visitor's name. Defaults to false.
	AllowCredentials bool
	// MaxAge is how long browsers may remember what a preflight said: whole seconds,
	// up to 24h; -1s has them ask each time. Defaults to the browser's own, 5 seconds.
	MaxAge time.Duration
}

// maxCorsAge is API Gateway's (API Gateway V2 API reference, Cors).
const maxCorsAge = 24 * time.Hour

var corsMethods = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

// headerName matches a token of RFC 9110 section 5.6.2.
var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// forbiddenHeader matches what a page can never set (Fetch standard, "forbidden
// request-header"). Cookies go with AllowCredentials.
var forbiddenHeader = regexp.MustCompile(`^(?i)(accept-charset|accept-encoding|access-control-.+|connection|content-length|cookie|cookie2|date|dnt|expect|host|` +
	`keep-alive|origin|referer|set-cookie|te|trailer|transfer-encoding|upgrade|via|proxy-.*|sec-.*)$`)

// checkCors checks the arguments, fills in what they leave out, and plans the OPTIONS
// routes. It comes after the routes and the authorizers.
func (c *checker) checkCors(args *CorsArgs) {
	if args == nil {
		return
	}
	cors := *args
	c.plan.cors = &cors
	if len(cors.AllowOrigins) == 0 {
		c.addf("Cors.AllowOrigins", "at least one is required: the origin of the pages that call the API, https://app.example.com for instance")
	}
	var origins []string
	for i, origin := range cors.AllowOrigins {
		property := fmt.Sprintf("Cors.AllowOrigins[%d]", i)
		plain, known := origin.(pulumi.String)
		switch {
		case origin == nil:
			c.addf(property, "has no value")
		case known && slices.Contains(origins, string(plain)):
			c.addf(property, "%q occurs twice", string(plain))
		case known:
			c.add(property, checkOrigin(string(plain), cors.AllowCredentials))
			origins = append(origins, string(plain))
		}
	}
	if slices.Contains(origins, "*") && len(cors.AllowOrigins) > 1 {
		c.addf("Cors.AllowOrigins", "has \"*\", which is every origin: leave out it or the others")
	}
	c.checkCorsMethods(&cors)
	c.checkCorsHeaders(&cors)
	if cors.MaxAge != -time.Second && (cors.MaxAge < 0 || cors.MaxAge > maxCorsAge) {
		c.addf("Cors.MaxAge", "%v is out of range: 0s to 24h, or -1s", cors.MaxAge)
	} else {
		c.add("Cors.MaxAge", checkWholeSeconds(cors.MaxAge))
	}
	c.planPreflights()
}

// CheckCorsOrigin returns an error that names the value and the cure, unless origin may
// be one of CorsArgs.AllowOrigins without AllowCredentials.
func CheckCorsOrigin(origin string) error { return checkOrigin(origin, false) }

// checkOrigin refuses what is no origin as browsers send it (RFC 6454 section 6.2), what
// API Gateway refuses, and what would give away more than is meant.
func checkOrigin(origin string, credentials bool) error {
	scheme, rest, _ := strings.Cut(origin, "://")
	switch {
	case credentials && strings.Contains(origin, "*"):
		return fmt.Errorf("%q is not possible with AllowCredentials: any site could call in its visitor's name: name the origins", origin)
	case origin == "*" || origin == "https://*" || origin == "http://*":
		return nil
	case origin == "null":
		return fmt.Errorf("%q is the origin that every sandboxed page has, whoever wrote it: serve the page from an origin of its own", origin)
	case scheme != "https" && scheme != "http" || rest == "":
		return fmt.Errorf("%q does not begin with https:// or http://: write the whole origin, https://app.example.com for instance", origin)
	case strings.Contains(rest, "*"):
		return fmt.Errorf("%q has a wildcard in a host, which API Gateway does not know: name each origin, or %s://* for all", origin, scheme)
	}
	u, err := url.Parse(origin)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || strings.ContainsAny(rest, " \t\r\n,"):
		return fmt.Errorf("%q is no origin: write scheme, host and port alone, https://app.example.com for instance", origin)
	case u.Path != "" || u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(origin, "?") || strings.HasSuffix(origin, "#"):
		return fmt.Errorf("%q has more than scheme, host and port, and no browser sends that: write %s://%s", origin, u.Scheme, u.Host)
	case origin != strings.ToLower(origin) || !isASCII(origin):
		return fmt.Errorf("%q is not as browsers send it: in lower case, and other letters than a to z in Punycode (xn--)", origin)
	case len(u.Port()) > 5 || len(u.Port()) == 5 && u.Port() > "65535":
		return fmt.Errorf("%q has a port above 65535", origin)
	case scheme == "https" && u.Port() == "443" || scheme == "http" && u.Port() == "80":
		return fmt.Errorf("%q has its scheme's own port, which browsers leave out: write %s://%s", origin, scheme, u.Hostname())
	}
	return nil
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > '~' })
}

func (c *checker) checkCorsMethods(cors *CorsArgs) {
	if cors.AllowMethods == nil {
		for _, r := range c.plan.routes {
			cors.AllowMethods = append(cors.AllowMethods, r.key.Methods()...)
		}
		slices.Sort(cors.AllowMethods)
		cors.AllowMethods = slices.Compact(cors.AllowMethods)
		return
	}
	if len(cors.AllowMethods) == 0 {
		c.addf("Cors.AllowMethods", "is empty, and no page could call anything: name methods, or leave it out for those of the routes")
	}
	for i, method := range cors.AllowMethods {
		property := fmt.Sprintf("Cors.AllowMethods[%d]", i)
		switch {
		case method == "*" && cors.AllowCredentials:
			c.addf(property, "%q is the name of a method, and none there is, for browsers that send credentials: name the methods, or leave AllowMethods out for those of the routes", method)
		case method != "*" && !slices.Contains(corsMethods, method):
			c.addf(property, "%q is not one of *, %s", method, strings.Join(corsMethods, ", "))
		case slices.Contains(cors.AllowMethods[:i], method):
			c.addf(property, "%q occurs twice", method)
		}
	}
}

func (c *checker) checkCorsHeaders(cors *CorsArgs) {
	credentials := c.plan.credentialHeaders()
	if cors.AllowHeaders == nil {
		cors.AllowHeaders = slices.Concat([]string{"content-type"}, credentials, c.plan.methodHeaders())
		slices.Sort(cors.AllowHeaders)
		cors.AllowHeaders = slices.Compact(cors.AllowHeaders)
	}
	cors.AllowHeaders = c.checkHeaderNames("Cors.AllowHeaders", cors.AllowHeaders, func(name string) error {
		switch {
		case name == "*":
			return fmt.Errorf("%q leaves out Authorization (Fetch standard), and is a mere name for browsers that send credentials: name the headers", name)
		case forbiddenHeader.MatchString(name):
			return fmt.Errorf("%q is a header that no page can set: leave it out", name)
		}
		return nil
	})
	cors.ExposeHeaders = c.checkHeaderNames("Cors.ExposeHeaders", cors.ExposeHeaders, func(name string) error {
		switch {
		case name == "*" && cors.AllowCredentials:
			return fmt.Errorf("%q is a mere name for browsers that send credentials: name the headers", name)
		case name == "set-cookie":
			return fmt.Errorf("%q is a header that no page can read: leave it out", name)
		}
		return nil
	})
	for _, name := range credentials {
		if !slices.Contains(cors.AllowHeaders, name) {
			c.addf("Cors.AllowHeaders", "lacks %q, which is an identity source: API Gateway answers 401 to a request without it, and no page could send it: add it", name)
		}
	}
}

// checkHeaderNames returns the names as API Gateway keeps them, in lower case, sorted.
func (c *checker) checkHeaderNames(property string, names []string, check func(string) error) []string {
	var lower []string
	for i, name := range names {
		element, plain := fmt.Sprintf("%s[%d]", property, i), strings.ToLower(name)
		switch {
		case !headerName.MatchString(name):
			c.addf(element, "%q is not a header's name", name)
		case slices.Contains(lower, plain):
			c.addf(element, "%q occurs twice", name)
		default:
			c.add(element, check(plain))
		}
		lower = append(lower, plain)
	}
	slices.Sort(lower)
	return lower
}

// credentialHeaders are the headers that are identity sources and that a page can set,
// in lower case, sorted. Cookies the browser sends by itself.
func (p *plan) credentialHeaders() []string {
	var sources []IdentitySource
	for _, a := range p.authorizers {
		sources = append(sources, a.args.IdentitySources...)
	}
	for _, i := range p.issuers {
		sources = append(sources, i.args.IdentitySource)
	}
	if slices.ContainsFunc(p.routes, func(r *routePlan) bool { return r.auth == Iam }) {
		sources = append(sources, iamSources...)
	}
	var headers []string
	for _, source := range sources {
		if name, ok := strings.CutPrefix(string(source), headerSources); ok && !forbiddenHeader.MatchString(name) {
			headers = append(headers, strings.ToLower(name))
		}
	}
	slices.Sort(headers)
	return slices.Compact(headers)
}

// iamSources are where a signed request has its signature (IAM user guide, "AWS
// Signature Version 4 for API requests").
var iamSources = []IdentitySource{Header("Authorization"), Header("X-Amz-Date"), Header("X-Amz-Security-Token")}

// planPreflights adds the OPTIONS routes that let preflights by.
func (c *checker) planPreflights() {
	taken := map[string]*routePlan{}
	for _, r := range c.plan.routes {
		taken[r.key.Normalized()] = r
	}
	var missing []routekey.Key
	for _, r := range c.plan.routes {
		options, takes := r.key.Options()
		if r.auth == Public || !takes {
			continue
		}
		switch taken[options.Normalized()] {
		case nil:
			missing = append(missing, options)
			taken[options.Normalized()] = r // once, where $default and ANY /{proxy+} want the same
		case r:
			if options == r.key {
				c.addf(fmt.Sprintf("Routes[%q]", r.key), "is protected and takes preflights, which carry no credential: leave it out, and API Gateway answers them, or make it Public")
			}
		}
	}
	if len(missing) == 0 {
		return
	}
	if other, ok := c.byName[preflightFunction]; ok {
		c.addf(other.property+".Name", "%q is the component's own function for preflights: give it another Name", preflightFunction)
		return
	}
	args := FunctionArgs{Package: preflightPackage, Name: preflightFunction}
	d := c.args.Defaults
	own := FunctionDefaults{Architecture: d.Architecture, Build: d.Build, Logging: d.Logging, Tracing: d.Tracing, PermissionsBoundary: d.PermissionsBoundary}
	f := c.newFunction("Cors", args, own.fill(args, routeLimits), routeLimits)
	f.routes = missing
	for _, key := range missing {
		c.plan.routes = append(c.plan.routes, &routePlan{key: key, auth: Public, function: f})
	}
	slices.SortFunc(c.plan.routes, func(a, b *routePlan) int { return strings.Compare(a.key.String(), b.key.String()) })
}

// preflightFunction is what the function is called that answers preflights, and
// preflightPackage its code.
const (
	preflightFunction = "cors-preflight"
	preflightPackage  = "github.com/protected-http-api/protected-http-api/components/preflight"
)

// configuration is what the API is told.
func (cors *CorsArgs) configuration() apigatewayv2.ApiCorsConfigurationArgs {
	args := apigatewayv2.ApiCorsConfigurationArgs{
		AllowOrigins: cors.origins(),
		AllowMethods: pulumi.ToStringArray(cors.AllowMethods),
		AllowHeaders: pulumi.ToStringArray(cors.AllowHeaders),
	}
	if len(cors.ExposeHeaders) > 0 {
		args.ExposeHeaders = pulumi.ToStringArray(cors.ExposeHeaders)
	}
	if cors.AllowCredentials {
		args.AllowCredentials = pulumi.Bool(true)
	}
	if cors.MaxAge != 0 {
		args.MaxAge = pulumi.Int(int(cors.MaxAge / time.Second))
	}
	return args
}

// origins are the origins, with a check of those that are known at deployment only.
func (cors *CorsArgs) origins() pulumi.StringArray {
	list := pulumi.StringArray{}
	for i, origin := range cors.AllowOrigins {
		if _, known := origin.(pulumi.String); !known {
			origin = origin.ToStringOutput().ApplyT(func(text string) (string, error) {
				if err := checkOrigin(text, cors.AllowCredentials); err != nil {
					return "", fmt.Errorf("Cors.AllowOrigins[%d]: %w", i, err)
				}
				return text, nil
			}).(pulumi.StringOutput)
		}
		list = append(list, origin)
	}
	return list
}
