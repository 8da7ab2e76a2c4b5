package page

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

// settled is what a deployment has settled of how requests are answered, as far as it is
// compared with the next one.
type settled struct {
	things map[string]thing // by what they are called
	// functions have the settings of functions, by the program's names of these and what
	// they are called.
	functions map[string]map[string]string
}

// thing is what the page says of a route, an authorizer or a setting of an API.
type thing struct {
	// what is how it protects, function what answers.
	what, function string
}

const public = "public"

// settle finds what is deployed now, with the program's names of functions.
func settle(d *local.Deployment, names local.ProgramNames) settled {
	s := settled{things: described(d.APIs, names), functions: map[string]map[string]string{}}
	for _, o := range d.AWS.APIs() {
		for _, a := range d.APIs {
			if a.ID == o.ID {
				maps.Copy(s.things, settings(a, o))
			}
		}
	}
	for _, f := range d.AWS.Functions() {
		s.functions[names.Of(f.Name)] = configuration(f)
	}
	return s
}

// changes say what has changed for requests, a line each, what is public now first.
func changes(before, after settled) []string {
	var opened, others []string
	was, is := before.things, after.things
	for _, name := range slices.Sorted(maps.Keys(is)) {
		now := is[name]
		earlier, there := was[name]
		lines := &others
		if now.what == public {
			lines = &opened
		}
		switch {
		case !there && now.function != "":
			*lines = append(*lines, name+": new, "+now.what+", answered by "+now.function)
		case !there:
			*lines = append(*lines, name+": new, "+now.what)
		case now.what != earlier.what:
			*lines = append(*lines, name+": "+now.what+", was: "+earlier.what)
		}
		if there && now.function != earlier.function {
			others = append(others, name+": answered by "+now.function+", was: "+earlier.function)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if _, there := is[name]; !there {
			others = append(others, name+": gone, was: "+was[name].what)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(after.functions)) {
		if earlier, there := before.functions[name]; there {
			others = append(others, reconfigured(name, earlier, after.functions[name])...)
		}
	}
	return list(append(opened, others...))
}

// reconfigured say what has changed of a function. A setting whose value is hidden has a
// hash, which begins with #.
func reconfigured(name string, before, after map[string]string) []string {
	var lines []string
	all := maps.Clone(before)
	maps.Copy(all, after)
	for _, setting := range slices.Sorted(maps.Keys(all)) {
		was, is := before[setting], after[setting]
		line := "function " + name + ": " + setting
		switch {
		case was == is:
		case was == "":
			lines = append(lines, line+" is new")
		case is == "":
			lines = append(lines, line+" is gone")
		case strings.HasPrefix(is, "#"):
			lines = append(lines, line+" has changed")
		default:
			lines = append(lines, line+" is "+is+", was: "+was)
		}
	}
	return lines
}

// configuration are a function's settings that decide how it answers, by what they are
// called. Values of its environment are hidden: secrets may be among them.
func configuration(f lambda.FunctionInfo) map[string]string {
	c := map[string]string{
		"its code": hashed(f.CodeSha256), "its role": f.RoleARN[strings.LastIndexByte(f.RoleARN, '/')+1:], "its runtime": f.Runtime, "its architecture": f.Architecture,
		"its memory": strconv.Itoa(f.MemorySize) + " MB", "its timeout": f.Timeout.String(), "its reserved concurrency": "none",
	}
	if n := f.ReservedConcurrency; n != nil {
		c["its reserved concurrency"] = strconv.Itoa(*n)
	}
	for name, value := range f.Environment {
		c["the variable "+name] = hashed(value)
	}
	return c
}

func hashed(value string) string { return fmt.Sprintf("#%x", sha256.Sum256([]byte(value))) }

// described are the routes and authorizers of APIs, by what they are called.
func described(apis []local.API, names local.ProgramNames) map[string]thing {
	all := map[string]thing{}
	for _, a := range apis {
		authorizers := map[string]string{}
		for _, z := range a.Authorizers {
			authorizers[z.ID] = z.Name
			what := fmt.Sprintf("answers reused for %s, by %s", z.TTL, strings.Join(z.Sources, ", "))
			if z.Function == "" {
				what = "tokens of " + z.Issuer + " for " + strings.Join(z.Audience, ", ") + ", from " + strings.Join(z.Sources, ", ")
			}
			all[a.Title()+": authorizer "+z.Name] = thing{what, ""}
		}
		for _, r := range a.Routes {
			what := protections[r.Authorization]
			switch {
			case r.AuthorizerID != "":
				what = authorizers[r.AuthorizerID]
			case what == "iam":
				what = "IAM"
			}
			if needs := slices.Concat(r.Permissions, r.Scopes); len(needs) > 0 {
				what += ", needs " + strings.Join(needs, " ")
			}
			all[a.Title()+": "+r.Key] = thing{what, names.Of(r.Function)}
		}
	}
	return all
}

// settings are those of an API and its stage that are no routes and no authorizers.
func settings(a local.API, o management.Overview) map[string]thing {
	all := map[string]thing{}
	add := func(name, what string) { all[a.Title()+": "+name] = thing{what: what} }
	endpoint := "answers"
	if a.EndpointDisabled {
		endpoint = "disabled"
	}
	add("its own endpoint", endpoint)
	for _, d := range a.Domains {
		what := "answers at " + d.URL
		if d.MutualTLS {
			what += ", asks for client certificates"
		}
		add("domain "+d.Host, what)
	}
	if c := o.CORSConfiguration; c != nil {
		add("CORS", corsText(*c))
	}
	for _, stage := range o.Stages {
		if stage.Name != a.Stage {
			continue
		}
		if s := stage.DefaultRouteSettings; s != nil {
			add("limit of each route", limit(*s))
		}
		for key, s := range stage.RouteSettings {
			add("limit of "+key, limit(s))
		}
	}
	return all
}

func corsText(c live.CORS) string {
	var parts []string
	for _, part := range []struct {
		name string
		list []string
	}{{"origins", c.AllowOrigins}, {"methods", c.AllowMethods}, {"headers", c.AllowHeaders}, {"shows", c.ExposeHeaders}} {
		if len(part.list) > 0 {
			parts = append(parts, part.name+" "+strings.Join(part.list, " "))
		}
	}
	if c.AllowCredentials {
		parts = append(parts, "credentials")
	}
	return strings.Join(append(parts, fmt.Sprintf("kept for %d s", c.MaxAge)), ", ")
}

// limit is what a stage lets through of a route.
func limit(s management.RouteSettings) string {
	rate, burst := "any rate", "any burst"
	if r := s.ThrottlingRateLimit; r != nil {
		rate = strconv.FormatFloat(*r, 'f', -1, 64) + " requests a second"
	}
	if b := s.ThrottlingBurstLimit; b != nil {
		burst = strconv.Itoa(*b) + " at once"
	}
	return rate + ", " + burst
}

// compared are the kinds of things that changes tells of, and the types of resources that
// make them.
var compared = []struct {
	kind  string
	types []string
}{
	{"routes", []string{"Route", "Integration"}}, {"authorizers", []string{"Authorizer"}}, {"limits", []string{"Stage"}}, {"CORS", []string{"Api"}},
	{"domains", []string{"DomainName", "ApiMapping"}}, {"functions", []string{"Function"}},
}

// same are the kinds of things that are compared, and of which nothing has changed by
// Pulumi: no more is known of others than that what is compared of them is the same.
func same(changed []local.ResourceChange) []string {
	kinds := []string{}
	for _, c := range compared {
		if !slices.ContainsFunc(changed, func(r local.ResourceChange) bool { return slices.Contains(c.types, r.Type) }) {
			kinds = append(kinds, c.kind)
		}
	}
	return kinds
}

// mostResources is how many resources of a kind are named.
const mostResources = 20

// resources say what Pulumi has changed, a line for each kind of change.
func resources(changed []local.ResourceChange) []string {
	kinds := map[string][]string{}
	for _, c := range changed {
		kinds[c.Kind] = append(kinds[c.Kind], c.Type+" "+c.Name)
	}
	lines := []string{}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		names := kinds[kind]
		line := kind + ": " + strings.Join(names[:min(len(names), mostResources)], ", ")
		if more := len(names) - mostResources; more > 0 {
			line += fmt.Sprintf(" and %d more", more)
		}
		lines = append(lines, line)
	}
	return lines
}
