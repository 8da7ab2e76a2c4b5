package components

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func withCors(alter func(*CorsArgs)) func(*ProtectedHttpApiArgs) {
	return func(a *ProtectedHttpApiArgs) {
		a.Cors = &CorsArgs{AllowOrigins: []pulumi.StringInput{pulumi.String("https://app.example.com")}}
		alter(a.Cors)
	}
}

// origins are origins that are known already.
func origins(list ...string) []pulumi.StringInput {
	var inputs []pulumi.StringInput
	for _, origin := range list {
		inputs = append(inputs, pulumi.String(origin))
	}
	return inputs
}

func TestCheckCors(t *testing.T) {
	t.Parallel()
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"all that is allowed", withCors(func(c *CorsArgs) {
			c.AllowOrigins = origins("https://app.example.com", "http://localhost:5173", "http://[::1]:80800", "https://xn--bcher-kva.example")
			c.AllowOrigins = append(c.AllowOrigins, pulumi.String("https://later").ToStringOutput())
			c.AllowMethods, c.AllowHeaders, c.ExposeHeaders = []string{"GET", "OPTIONS"}, []string{"AUTHORIZATION", "X-Request-Id"}, []string{"ETag"}
			c.AllowCredentials, c.MaxAge = true, 24*time.Hour
		}), `Cors.AllowOrigins[2]: "http://[::1]:80800" has a port above 65535`},
		{"wildcards that are allowed", withCors(func(c *CorsArgs) {
			c.AllowOrigins, c.AllowMethods, c.ExposeHeaders, c.MaxAge = origins("http://*", "https://*"), []string{"*"}, []string{"*"}, -time.Second
		}), ""},
		{"no origin", withCors(func(c *CorsArgs) { c.AllowOrigins = nil }),
			"Cors.AllowOrigins: at least one is required: the origin of the pages that call the API, https://app.example.com for instance"},
		{"nil origin", withCors(func(c *CorsArgs) { c.AllowOrigins = []pulumi.StringInput{nil} }), "Cors.AllowOrigins[0]: has no value"},
		{"origin twice", withCors(func(c *CorsArgs) { c.AllowOrigins = origins("https://a.example", "https://a.example") }),
			`Cors.AllowOrigins[1]: "https://a.example" occurs twice`},
		{"every origin and one", withCors(func(c *CorsArgs) { c.AllowOrigins = origins("*", "https://a.example") }),
			`Cors.AllowOrigins: has "*", which is every origin: leave out it or the others`},
		{"credentials for all", withCors(func(c *CorsArgs) { c.AllowOrigins, c.AllowCredentials = origins("*"), true }),
			`Cors.AllowOrigins[0]: "*" is not possible with AllowCredentials: any site could call in its visitor's name: name the origins`},
		{"credentials for a scheme", withCors(func(c *CorsArgs) { c.AllowOrigins, c.AllowCredentials = origins("https://*"), true }),
			`Cors.AllowOrigins[0]: "https://*" is not possible with AllowCredentials: any site could call in its visitor's name: name the origins`},
		{"partial wildcard", withCors(func(c *CorsArgs) { c.AllowOrigins = origins("https://*.example.com") }),
			`Cors.AllowOrigins[0]: "https://*.example.com" has a wildcard in a host, which API Gateway does not know: name each origin, or https://* for all`},
		{"no scheme", withCors(func(c *CorsArgs) { c.AllowOrigins = origins("app.example.com", "localhost:5173", "https://") }),
			`Cors.AllowOrigins[0]: "app.example.com" does not begin with https:// or http://: write the whole origin, https://app.example.com for instance
Cors.AllowOrigins[1]: "localhost:5173" does not begin with https:// or http://: write the whole origin, https://app.example.com for instance
Cors.AllowOrigins[2]: "https://" does not begin with https:// or http://: write the whole origin, https://app.example.com for instance`},
		{"more than an origin", withCors(func(c *CorsArgs) {
			c.AllowOrigins = origins("https://a.example/", "https://a.example/x", "https://a.example?x")
		}),
			`Cors.AllowOrigins[0]: "https://a.example/" has more than scheme, host and port, and no browser sends that: write https://a.example
Cors.AllowOrigins[1]: "https://a.example/x" has more than scheme, host and port, and no browser sends that: write https://a.example
Cors.AllowOrigins[2]: "https://a.example?x" has more than scheme, host and port, and no browser sends that: write https://a.example`},
		{"as no browser writes it", withCors(func(c *CorsArgs) {
			c.AllowOrigins = origins("https://App.example", "https://b\u00fccher.example", "https://a.example:443", "http://a.example:80")
		}), `Cors.AllowOrigins[0]: "https://App.example" is not as browsers send it: in lower case, and other letters than a to z in Punycode (xn--)
Cors.AllowOrigins[1]: "https://bücher.example" is not as browsers send it: in lower case, and other letters than a to z in Punycode (xn--)
Cors.AllowOrigins[2]: "https://a.example:443" has its scheme's own port, which browsers leave out: write https://a.example
Cors.AllowOrigins[3]: "http://a.example:80" has its scheme's own port, which browsers leave out: write http://a.example`},
		{"no origin at all", withCors(func(c *CorsArgs) {
			c.AllowOrigins = origins("null", "https://a.example, https://b.example", "https://me@a.example")
		}),
			`Cors.AllowOrigins[0]: "null" is the origin that every sandboxed page has, whoever wrote it: serve the page from an origin of its own
Cors.AllowOrigins[1]: "https://a.example, https://b.example" is no origin: write scheme, host and port alone, https://app.example.com for instance
Cors.AllowOrigins[2]: "https://me@a.example" is no origin: write scheme, host and port alone, https://app.example.com for instance`},
		{"methods", withCors(func(c *CorsArgs) { c.AllowMethods = []string{"get", "GET", "GET", "ANY"} }),
			`Cors.AllowMethods[0]: "get" is not one of *, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT
Cors.AllowMethods[2]: "GET" occurs twice
Cors.AllowMethods[3]: "ANY" is not one of *, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT`},
		{"no methods", withCors(func(c *CorsArgs) { c.AllowMethods = []string{} }),
			"Cors.AllowMethods: is empty, and no page could call anything: name methods, or leave it out for those of the routes"},
		{"wildcards with credentials", withCors(func(c *CorsArgs) {
			c.AllowMethods, c.ExposeHeaders, c.AllowCredentials = []string{"*"}, []string{"*"}, true
		}),
			`Cors.AllowMethods[0]: "*" is the name of a method, and none there is, for browsers that send credentials: name the methods, or leave AllowMethods out for those of the routes
Cors.ExposeHeaders[0]: "*" is a mere name for browsers that send credentials: name the headers`},
		{"headers", withCors(func(c *CorsArgs) {
			c.AllowHeaders = []string{"Authorization", "*", "X Id", "Origin", "authorization", "Sec-Fetch-Mode"}
			c.ExposeHeaders = []string{"Set-Cookie", ""}
		}), `Cors.AllowHeaders[1]: "*" leaves out Authorization (Fetch standard), and is a mere name for browsers that send credentials: name the headers
Cors.AllowHeaders[2]: "X Id" is not a header's name
Cors.AllowHeaders[3]: "origin" is a header that no page can set: leave it out
Cors.AllowHeaders[4]: "authorization" occurs twice
Cors.AllowHeaders[5]: "sec-fetch-mode" is a header that no page can set: leave it out
Cors.ExposeHeaders[0]: "set-cookie" is a header that no page can read: leave it out
Cors.ExposeHeaders[1]: "" is not a header's name`},
		{"no header for the credential", withCors(func(c *CorsArgs) { c.AllowHeaders = []string{"Content-Type"} }),
			`Cors.AllowHeaders: lacks "authorization", which is an identity source: API Gateway answers 401 to a request without it, and no page could send it: add it`},
		{"a cookie, which browsers send by themselves", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.IdentitySources = []IdentitySource{Header("Cookie")}
			withCors(func(c *CorsArgs) { c.AllowCredentials = true })(a)
		}, ""},
		{"a header that is allowed anyhow", func(a *ProtectedHttpApiArgs) {
			a.Authorizer.IdentitySources = []IdentitySource{Header("Authorization"), Header("Content-Type")}
			withCors(func(*CorsArgs) {})(a)
		}, ""},
		{"ages", withCors(func(c *CorsArgs) { c.MaxAge = 25 * time.Hour }), "Cors.MaxAge: 25h0m0s is out of range: 0s to 24h, or -1s"},
		{"negative age", withCors(func(c *CorsArgs) { c.MaxAge = -2 * time.Second }), "Cors.MaxAge: -2s is out of range: 0s to 24h, or -1s"},
		{"half a second", withCors(func(c *CorsArgs) { c.MaxAge = 500 * time.Millisecond }), "Cors.MaxAge: 500ms is not a whole number of seconds"},
		{"protected preflights", func(a *ProtectedHttpApiArgs) {
			a.Routes["OPTIONS /events"] = a.Routes["POST /events"]
			withCors(func(*CorsArgs) {})(a)
		}, `Routes["OPTIONS /events"]: is protected and takes preflights, which carry no credential: leave it out, and API Gateway answers them, or make it Public`},
		{"the component's name", func(a *ProtectedHttpApiArgs) {
			a.Routes["$default"] = Route{Function: FunctionArgs{Package: "testdata/handlers/broken", Name: "cors-preflight"}}
			withCors(func(*CorsArgs) {})(a)
		}, `Routes["$default"].Function.Name: "cors-preflight" is the component's own function for preflights: give it another Name`},
	})
}

// Where a protected route would take preflights, a public one takes them first.
func TestPreflightRoutes(t *testing.T) {
	t.Parallel()
	create := FunctionArgs{Package: "testdata/handlers/create"}
	tests := []struct {
		name   string
		routes Routes
		want   []string // of preflights
	}{
		{"single methods", Routes{"POST /a": {Function: create}}, nil},
		{"public", Routes{"ANY /a": {Function: create, Auth: Public}, "$default": {Function: create, Auth: Public}, "POST /b": {Function: create}}, nil},
		{"ANY", Routes{"ANY /a": {Function: create}, "ANY /b/{id}": {Function: create}}, []string{"OPTIONS /a", "OPTIONS /b/{id}"}},
		{"$default", Routes{"$default": {Function: create}}, []string{"OPTIONS /{proxy+}"}},
		{"both catch-alls", Routes{"$default": {Function: create}, "ANY /{path+}": {Function: create}}, []string{"OPTIONS /{proxy+}"}},
		{"IAM", Routes{"ANY /a": {Function: create, Auth: Iam}, "POST /b": {Function: create}}, []string{"OPTIONS /a"}},
		{"one's own", Routes{"ANY /a/{id}": {Function: create}, "OPTIONS /a/{x}": {Function: create, Auth: Public}}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := exampleArgs()
			args.Routes, args.Cors = test.routes, &CorsArgs{AllowOrigins: origins("https://app.example.com")}
			p, m := check(testScope, "events", args)
			if len(m) > 0 {
				t.Fatal(messages(m))
			}
			var got []string
			for _, r := range p.routes {
				if r.function.args.Name == preflightFunction {
					got = append(got, r.key.String())
					if r.auth != Public {
						t.Errorf("%s is not public", r.key)
					}
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("preflights of %q, want %q", got, test.want)
			}
		})
	}
}

func TestCorsOfTheApi(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*ProtectedHttpApiArgs)
		want   map[string]any
	}{
		{"none", func(*ProtectedHttpApiArgs) {}, nil},
		{"defaults", withCors(func(*CorsArgs) {}), map[string]any{
			"allowOrigins": []any{"https://app.example.com"},
			"allowMethods": []any{"GET", "POST", "PUT"},
			"allowHeaders": []any{"authorization", "content-type"},
		}},
		{"everything", withCors(func(c *CorsArgs) {
			c.AllowOrigins = append(c.AllowOrigins, pulumi.String("https://later.example").ToStringOutput())
			c.AllowMethods, c.AllowHeaders, c.ExposeHeaders = []string{"POST", "GET"}, []string{"X-B", "Authorization"}, []string{"ETag"}
			c.AllowCredentials, c.MaxAge = true, time.Hour
		}), map[string]any{
			"allowOrigins": []any{"https://app.example.com", "https://later.example"},
			"allowMethods": []any{"POST", "GET"}, "allowHeaders": []any{"authorization", "x-b"}, "exposeHeaders": []any{"etag"},
			"allowCredentials": true, "maxAge": 3600.0,
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := exampleArgs()
			test.change(args)
			want := map[string]any{"protocolType": "HTTP"}
			if test.want != nil {
				want["corsConfiguration"] = test.want
			}
			expectInputs(t, mustDeploy(t, args).find(t, "Api", "events-api"), want)
		})
	}
}

// The methods of a route for any are all of them.
func TestCorsMethodsOfAny(t *testing.T) {
	t.Parallel()
	p, m := check(testScope, "events", func() *ProtectedHttpApiArgs {
		args := guardedArgs()
		withCors(func(*CorsArgs) {})(args)
		return args
	}())
	if len(m) > 0 {
		t.Fatal(messages(m))
	}
	if !slices.Equal(p.cors.AllowMethods, corsMethods) {
		t.Errorf("the methods are %q", p.cors.AllowMethods)
	}
	// No header is in every request: the pages' own have to be named.
	if want := []string{"content-type"}; !slices.Equal(p.cors.AllowHeaders, want) {
		t.Errorf("the headers are %q, want %q", p.cors.AllowHeaders, want)
	}
}

// Origins that are known at deployment only are held to the same rules.
func TestCorsOriginsKnownLater(t *testing.T) {
	t.Parallel()
	args := exampleArgs()
	withCors(func(c *CorsArgs) {
		c.AllowCredentials, c.AllowOrigins = true, []pulumi.StringInput{pulumi.String("https://*").ToStringOutput()}
	})(args)
	const want = `Cors.AllowOrigins[0]: "https://*" is not possible with AllowCredentials`
	if err := deploy(&mocks{account: testAccount}, args, nil); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the error is %v, want %s", err, want)
	}
}
