package management

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Overview is an API with what serves it.
type Overview struct {
	API
	// Stages are sorted by name, Routes and Authorizers by ID.
	Stages      []Stage
	Routes      []RouteOverview
	Authorizers []AuthorizerOverview
	// Mappings are those of domains to the API, by domain and key.
	Mappings []MappingOverview
}

// MappingOverview is a mapping with what matters of its domain.
type MappingOverview struct {
	APIMapping
	MutualTLS bool
}

// RouteOverview is a route with the ARN of the function behind it.
type RouteOverview struct {
	Route
	Function string
}

// AuthorizerOverview is an authorizer with the ARN of its function; empty where it is a
// JWT authorizer.
type AuthorizerOverview struct {
	Authorizer
	Function string
}

// Overview returns all APIs, sorted by ID.
func (s *Service) Overview() []Overview {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Overview
	for _, id := range sortedKeys(s.apis) {
		a := s.apis[id]
		o := Overview{API: a.resource.clone()}
		for _, name := range sortedKeys(a.stages) {
			o.Stages = append(o.Stages, a.stages[name].clone())
		}
		for _, id := range sortedKeys(a.routes) {
			route := a.routes[id].clone()
			o.Routes = append(o.Routes, RouteOverview{route, a.integrations[strings.TrimPrefix(route.Target, "integrations/")].function()})
		}
		for _, id := range sortedKeys(a.authorizers) {
			authorizer := a.authorizers[id].clone()
			o.Authorizers = append(o.Authorizers, AuthorizerOverview{authorizer, functionOf(authorizer.AuthorizerURI)})
		}
		for _, name := range sortedKeys(s.domains) {
			d := s.domains[name]
			for _, mapping := range slices.SortedFunc(maps.Values(d.mappings), func(a, b APIMapping) int { return cmp.Compare(a.Key, b.Key) }) {
				if mapping.APIID == id {
					o.Mappings = append(o.Mappings, MappingOverview{mapping, d.resource.MutualTLS != nil})
				}
			}
		}
		all = append(all, o)
	}
	return all
}
