package live

import (
	"net"
	"slices"
	"strings"
)

// Domain is a custom domain name with what it is mapped to (developer guide,
// http-api-mappings).
type Domain struct {
	// Name is in lower case. It may begin with "*.", which stands for one label.
	Name string
	// MutualTLS makes every request 403: it asks for a client certificate, and the
	// local AWS has no TLS in which there could be one.
	MutualTLS bool
	Mappings  []Mapping
}

// Mapping sends the requests below a path of a domain to a stage of an API.
type Mapping struct {
	// Key is the path without slashes at its ends; empty is every path.
	Key   string
	API   *API
	Stage string
}

// MapDomains makes all listeners serve these domains, and no others.
func (g *Gateway) MapDomains(domains []Domain) {
	byName := map[string]*Domain{}
	for _, d := range domains {
		byName[d.Name] = &d
	}
	g.domains.Store(&byName)
}

// domain finds the domain that a Host header names, and the name itself without its
// port.
func (g *Gateway) domain(host string) (*Domain, string) {
	domains := g.domains.Load()
	if domains == nil {
		return nil, ""
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if d := (*domains)[host]; d != nil {
		return d, host
	}
	if _, rest, ok := strings.Cut(host, "."); ok {
		return (*domains)["*."+rest], host
	}
	return nil, ""
}

// find returns the mapping of a decoded path with the longest key, whole segments of
// it, and what is left of the path.
func (d *Domain) find(path string) (*Mapping, string) {
	var found *Mapping
	for i, m := range d.Mappings {
		if found != nil && len(m.Key) <= len(found.Key) {
			continue
		}
		if m.Key == "" || path == "/"+m.Key || strings.HasPrefix(path, "/"+m.Key+"/") {
			found = &d.Mappings[i]
		}
	}
	if found == nil || found.Key == "" {
		return found, path
	}
	if rest := path[len("/"+found.Key):]; rest != "" {
		return found, rest
	}
	return found, "/"
}

// arrive sends a request that came by a domain to the API and stage of its mapping. A
// function sees the path as it would be at the API's own endpoint: without the
// mapping's key, and with the stage unless that is $default
// (CodeGenieApp/serverless-express issue 465, logandk/serverless-wsgi issue 191).
func (r *request) arrive(d *Domain, name string) {
	r.domain = name
	if d.MutualTLS {
		r.shut = "the domain " + name + " asks for a client certificate, and the local AWS has no TLS: leave MutualTlsAuthentication out here, or test it on AWS"
		return
	}
	if r.badPath != "" {
		return
	}
	mapping, rest := d.find(r.rawPath)
	if mapping == nil {
		r.shut = "the domain " + name + " has no API mapping for this path: its keys are " + d.keys()
		return
	}
	r.mapping = mapping
	r.deployment = mapping.API.current.Load()
	r.stage = r.deployment.stages[mapping.Stage]
	if r.stage == nil {
		return
	}
	r.rawPath = rest
	if mapping.Stage != DefaultName {
		r.rawPath = "/" + mapping.Stage + rest
	}
	r.route, r.parameters = r.deployment.routeWithin(r.method, splitPath(rest))
}

func (d *Domain) keys() string {
	var keys []string
	for _, m := range d.Mappings {
		keys = append(keys, "/"+m.Key)
	}
	slices.Sort(keys)
	return strings.Join(keys, ", ")
}
