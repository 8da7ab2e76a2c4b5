package management

import "strings"

// Overview is an API with what serves it.
type Overview struct {
	API
	// Stages are sorted by name, Routes by ID.
	Stages []Stage
	Routes []RouteOverview
}

// RouteOverview is a route with the functions behind it, by their ARNs.
type RouteOverview struct {
	Route
	Function string
	// Authorizer is that of a Lambda authorizer, ResultTTL how long its answers are
	// reused, in seconds.
	Authorizer string
	ResultTTL  int
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
			authorizer := a.authorizers[route.AuthorizerID]
			o.Routes = append(o.Routes, RouteOverview{
				Route:      route,
				Function:   a.integrations[strings.TrimPrefix(route.Target, "integrations/")].function(),
				Authorizer: functionOf(authorizer.AuthorizerURI),
				ResultTTL:  authorizer.ResultTTL,
			})
		}
		all = append(all, o)
	}
	return all
}
