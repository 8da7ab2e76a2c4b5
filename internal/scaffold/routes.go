package scaffold

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Route is a route of a project that is made, which does one thing with the items of a
// collection.
type Route struct {
	// Key is the route key, Handler the folder of its function.
	Key, Handler string
	// Does is what is done, a function of the package items: List, Get, Create, Put or
	// Delete. Actions are what the function may do on the table.
	Does    string
	Actions []string
	// Permission is what a caller needs.
	Permission string
	// Path is a path of the route, with values in the place of variables.
	Path string
	// Method is the route's, Status what success is.
	Method string
	Status int
}

// verbs are what routes do, by their methods and whether they end in a variable.
var verbs = map[string]Route{
	"GET":       {Does: "List", Actions: []string{"dynamodb:Query"}, Permission: "read", Status: 200},
	"GET {}":    {Does: "Get", Actions: []string{"dynamodb:GetItem"}, Permission: "read", Status: 200},
	"POST":      {Does: "Create", Actions: []string{"dynamodb:PutItem"}, Permission: "write", Status: 201},
	"PUT {}":    {Does: "Put", Actions: []string{"dynamodb:PutItem"}, Permission: "write", Status: 200},
	"DELETE {}": {Does: "Delete", Actions: []string{"dynamodb:DeleteItem"}, Permission: "delete", Status: 204},
}

var (
	literal  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
	variable = regexp.MustCompile(`^\{[a-z][A-Za-z0-9]*\}$`)
)

// Routes reads route keys for which handlers can be made: GET and POST of a collection,
// as in POST /orders, and GET, PUT and DELETE of an item, as in GET /orders/{id}. Its
// error has all mistakes.
func Routes(keys []string) ([]Route, error) {
	if len(keys) == 0 {
		return nil, errors.New("there are no routes: give some, such as GET /products,POST /orders")
	}
	var routes []Route
	var errs []error
	for _, key := range keys {
		route, err := routeOf(strings.TrimSpace(key))
		if err == nil {
			if i := slices.IndexFunc(routes, func(r Route) bool { return r.Handler == route.Handler }); i >= 0 {
				err = fmt.Errorf("would have the same handler as %q", routes[i].Key)
			}
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("the route %q %w", strings.TrimSpace(key), err))
			continue
		}
		routes = append(routes, route)
	}
	return routes, errors.Join(errs...)
}

func routeOf(key string) (Route, error) {
	method, path, _ := strings.Cut(key, " ")
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if !strings.HasPrefix(path, "/") || path == "/" {
		return Route{}, errors.New("has no method and path of a collection, such as POST /orders")
	}
	handler, values, collection := []string{strings.ToLower(method)}, []string{""}, ""
	for i, segment := range segments {
		switch {
		case literal.MatchString(segment):
			collection = segment
			handler, values = append(handler, segment), append(values, segment)
		case variable.MatchString(segment) && i > 0:
			name := strings.Trim(segment, "{}")
			handler, values = append(handler, "by", strings.ToLower(name)), append(values, "1")
		default:
			return Route{}, fmt.Errorf("has the segment %q: write small letters, digits and hyphens, or a variable such as {id} after a collection", segment)
		}
	}
	verb := method
	if strings.HasSuffix(path, "}") {
		verb += " {}"
	}
	route, ok := verbs[verb]
	if !ok {
		return Route{}, errors.New("is of none of the kinds for which handlers are made: GET and POST of a collection, GET, PUT and DELETE of an item such as /orders/{id}; add others by hand afterwards")
	}
	route.Key, route.Handler, route.Method, route.Path = key, strings.Join(handler, "-"), method, strings.Join(values, "/")
	route.Permission = collection + ":" + route.Permission
	return route, nil
}

// first is the route that the project's test and README call: one that makes an item,
// where there is one.
func first(routes []Route) Route {
	for _, does := range []string{"Create", "Put"} {
		if i := slices.IndexFunc(routes, func(r Route) bool { return r.Does == does }); i >= 0 {
			return routes[i]
		}
	}
	if len(routes) == 0 {
		return Route{}
	}
	return routes[0]
}
