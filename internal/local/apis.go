package local

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
)

// API is a stage of an HTTP API that the program has deployed, whatever its outputs
// say.
type API struct {
	// Name is what the program calls the component that made the API, or the API
	// itself where no component did.
	Name string `json:"name"`
	// ID and Stage name it to AWS, URL is where it serves, without a slash at the
	// end.
	ID    string `json:"id"`
	Stage string `json:"stage"`
	URL   string `json:"url"`
	// EndpointDisabled says that nothing answers at URL: only by a domain.
	EndpointDisabled bool `json:"endpointDisabled,omitempty"`
	// Domains are the custom domain names that are mapped to the stage.
	Domains []Domain `json:"domains,omitempty"`
	// Routes are sorted by key, Authorizers by name.
	Routes      []Route      `json:"routes"`
	Authorizers []Authorizer `json:"authorizers"`
}

// Domain is a custom domain name that is mapped to a stage. There is no DNS here:
// a request names it in its Host header.
type Domain struct {
	// Host is the name, URL where a request is sent to instead, with the mapping's
	// key and without a slash at the end.
	Host string `json:"host"`
	URL  string `json:"url"`
	// MutualTLS says that it asks for client certificates, and so refuses every
	// request here.
	MutualTLS bool `json:"mutualTls,omitempty"`
}

// Route is a route of an API.
type Route struct {
	// Key is the method and the path, or $default.
	Key string `json:"key"`
	// Authorization is NONE, CUSTOM, JWT or AWS_IAM.
	Authorization string `json:"authorization"`
	// Function is the name of the function that answers.
	Function string `json:"function"`
	// AuthorizerID is that of the authorizer of the API that decides with CUSTOM and JWT.
	AuthorizerID string `json:"authorizerId,omitempty"`
	// Authorizer is the name of the function that decides with CUSTOM, TTL how long
	// its answers are reused.
	Authorizer string        `json:"authorizer,omitempty"`
	TTL        time.Duration `json:"-"`
	// Permissions are what the component tells that function that a caller needs, all of
	// them.
	Permissions []string `json:"permissions,omitempty"`
	// Scopes are those of which a JWT needs one.
	Scopes []string `json:"scopes,omitempty"`
}

// Authorizer is an authorizer of an API.
type Authorizer struct {
	ID string `json:"id"`
	// Name is what the program calls it.
	Name string `json:"name"`
	// Function is the name of a Lambda authorizer's function; empty of a JWT authorizer.
	Function string `json:"function,omitempty"`
	// TTL is how long a Lambda authorizer's answers are reused; 0: not at all.
	TTL time.Duration `json:"-"`
	// Sources are the identity sources.
	Sources []string `json:"identitySources,omitempty"`
	// Issuer and Audience are those of the tokens that a JWT authorizer takes.
	Issuer   string   `json:"issuer,omitempty"`
	Audience []string `json:"audience,omitempty"`
}

// Title is its name, with the stage where that is not the default one.
func (a API) Title() string {
	if a.Stage == "$default" {
		return a.Name
	}
	return a.Name + ", stage " + a.Stage
}

// Public reports whether anyone may call the route.
func (r Route) Public() bool { return r.Authorization == live.AuthorizationNone }

// Address is where a request to the API is sent, without a slash at the end: to its own
// endpoint, or where that is disabled by a domain, which the request then names as its
// host.
func (a API) Address() (url, host string) {
	if a.EndpointDisabled {
		for _, d := range a.Domains {
			if !d.MutualTLS {
				return d.URL, d.Host
			}
		}
	}
	return a.URL, ""
}

// Route finds a route by its key.
func (a API) Route(key string) (Route, error) {
	for _, route := range a.Routes {
		if route.Key == key {
			return route, nil
		}
	}
	return Route{}, fmt.Errorf("the API %s has no route %s", a.Name, key)
}

// API is the one that has a route, where the program has deployed several.
func (d *Deployment) API(key string) (API, error) {
	for _, api := range d.APIs {
		if _, err := api.Route(key); err == nil {
			return api, nil
		}
	}
	return API{}, fmt.Errorf("the program %s has no API with the route %s", d.project.Name, key)
}

// listAPIs finds the APIs of the local AWS, by the names that they have in the
// deployment's state.
func (d *Deployment) listAPIs(resources []apitype.ResourceV3) {
	names := d.readNames(resources)
	permissions := d.routePermissions()
	d.APIs = nil
	for _, o := range d.AWS.APIs() {
		authorizers := authorizersOf(o, names)
		var routes []Route
		for _, r := range o.Routes {
			route := Route{
				Key: r.RouteKey, Authorization: r.AuthorizationType, Function: functionName(r.Function),
				AuthorizerID: r.AuthorizerID, Scopes: r.AuthorizationScopes,
			}
			if i := slices.IndexFunc(authorizers, func(a Authorizer) bool { return a.ID == r.AuthorizerID }); i >= 0 {
				route.Authorizer, route.TTL = authorizers[i].Function, authorizers[i].TTL
				route.Permissions = permissions[route.Authorizer][route.Key]
			}
			routes = append(routes, route)
		}
		slices.SortFunc(routes, func(a, b Route) int { return cmp.Compare(a.Key, b.Key) })
		for _, stage := range o.Stages {
			var domains []Domain
			for _, m := range o.Mappings {
				if m.Stage == stage.Name {
					domains = append(domains, Domain{Host: m.DomainName, URL: strings.TrimSuffix(o.Endpoint+"/"+m.Key, "/"), MutualTLS: m.MutualTLS})
				}
			}
			d.APIs = append(d.APIs, API{
				Name: cmp.Or(names[o.ID], o.Name), ID: o.ID, Stage: stage.Name, URL: strings.TrimSuffix(stage.InvokeURL, "/"),
				EndpointDisabled: o.DisableExecuteAPIEndpoint, Domains: domains, Routes: routes, Authorizers: authorizers,
			})
		}
	}
	slices.SortStableFunc(d.APIs, func(a, b API) int { return cmp.Compare(a.Name, b.Name) })
}

// authorizersOf are the authorizers of an API, by the names in the deployment's state.
func authorizersOf(o management.Overview, names map[string]string) []Authorizer {
	authorizers := []Authorizer{}
	for _, a := range o.Authorizers {
		authorizer := Authorizer{
			ID: a.ID, Name: cmp.Or(names[a.ID], a.Name), Function: functionName(a.Function),
			TTL: time.Duration(a.ResultTTL) * time.Second, Sources: a.IdentitySources,
		}
		if jwt := a.JWTConfiguration; jwt != nil {
			authorizer.Issuer, authorizer.Audience = jwt.Issuer, jwt.Audience
		}
		authorizers = append(authorizers, authorizer)
	}
	slices.SortFunc(authorizers, func(a, b Authorizer) int { return cmp.Compare(a.Name, b.Name) })
	return authorizers
}

// routePermissions are what the component tells authorizers' functions that routes require,
// by the functions' names and the routes' keys.
func (d *Deployment) routePermissions() map[string]map[string][]string {
	all := map[string]map[string][]string{}
	for _, function := range d.AWS.Functions() {
		text := []byte(function.Environment[contract.EnvRoutePermissions])
		if string(text) == contract.RoutePermissionsInFile {
			text, _ = d.AWS.FunctionFile(function.Name, contract.RoutePermissionsFile) // the component's: else there are none
		}
		var routes map[string][]string
		if json.Unmarshal(text, &routes) == nil {
			all[function.Name] = routes
		}
	}
	return all
}

// readNames returns the names of the deployed APIs and authorizers, by ID, and keeps those
// of functions.
func (d *Deployment) readNames(resources []apitype.ResourceV3) map[string]string {
	names := map[string]string{}
	d.functionNames = ProgramNames{}
	for _, r := range resources {
		switch r.Type {
		case "aws:lambda/function:Function":
			d.functionNames[string(r.ID)] = r.URN.Name()
			if file := d.AWS.FunctionLogFile(string(r.ID)); file != "" {
				d.logFiles.Store(string(r.ID), file)
			}
		case "aws:apigatewayv2/authorizer:Authorizer":
			names[string(r.ID)] = r.URN.Name()
		case "aws:apigatewayv2/api:Api":
			named := r.URN
			if r.Parent != "" && r.Parent.Type() != resource.RootStackType {
				named = r.Parent
			}
			names[string(r.ID)] = named.Name()
		}
	}
	return names
}

// functionName is the name in a function's ARN.
func functionName(arn string) string {
	_, name, _ := strings.Cut(arn, ":function:")
	name, _, _ = strings.Cut(name, ":")
	return name
}

// InvocationsOf counts how often the authorizer and the function of a route have run.
func (d *Deployment) InvocationsOf(r Route) (authorizer, handler int, err error) {
	if authorizer, err = d.Invocations(r.Authorizer); err == nil {
		handler, err = d.Invocations(r.Function)
	}
	return authorizer, handler, err
}

// Invocations counts in a function's log how often it has run. The function is
// given by its name on AWS.
func (d *Deployment) Invocations(function string) (int, error) {
	log, err := d.functionLog(function)
	return bytes.Count(log, []byte(" START RequestId: ")) + bytes.Count(log, []byte(`"type":"platform.start"`)), err
}

// functionLog is what a function has logged so far.
func (d *Deployment) functionLog(function string) ([]byte, error) {
	return d.functionTail(function, math.MaxInt64)
}

// functionTail is what a function has logged last: what of it is in the last bytes of its
// log group's file.
func (d *Deployment) functionTail(function string, most int64) ([]byte, error) {
	path := d.AWS.FunctionLogFile(function)
	if known, ok := d.logFiles.Load(function); path == "" && ok {
		path, _ = known.(string) // the function is gone, but maybe not its log group
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("the log of %s is gone with the function", function)
		}
	}
	if path == "" {
		return nil, fmt.Errorf("there is no function %q", function)
	}
	content, err := tailOf(path, most)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("reading the log of %s: %w", function, err)
	}
	return recordsOf(content, function), nil
}

// tailOf are the lines in the last bytes of a file, without one that they cut.
func tailOf(path string, most int64) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // a file of the local AWS
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // only read
	info, err := file.Stat()
	if err != nil || info.Size() <= most {
		content, readErr := io.ReadAll(file)
		return content, errors.Join(err, readErr)
	}
	if _, err := file.Seek(info.Size()-most, io.SeekStart); err != nil {
		return nil, err
	}
	content, err := io.ReadAll(file)
	_, content, _ = bytes.Cut(content, []byte("\n"))
	return content, err
}

// recordsOf returns the records of one function in a log group, which may be that
// of several: then the name of the stream, which each record has after its time,
// has the function's in it. Further lines of a record begin with a tab.
func recordsOf(content []byte, function string) []byte {
	var records []byte
	ours := false
	for line := range bytes.Lines(content) {
		if fields := bytes.SplitN(line, []byte(" "), 3); !bytes.HasPrefix(line, []byte("\t")) && len(fields) == 3 {
			stream := fields[1]
			ours = bytes.Contains(stream, []byte("/[")) || bytes.Contains(stream, []byte("/"+function+"["))
		}
		if ours {
			records = append(records, line...)
		}
	}
	return records
}
