package page

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// thing is what the page says of a route or an authorizer.
type thing struct {
	// what is how it protects, function what answers.
	what, function string
}

const public = "public"

// changes say what has changed for requests, a line each, what is public now first.
func changes(before, after []api, codeBefore, code map[string]string) []string {
	var opened, others []string
	was, is := described(before), described(after)
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
	for _, name := range slices.Sorted(maps.Keys(code)) {
		if earlier, there := codeBefore[name]; there && earlier != code[name] {
			others = append(others, "function "+name+": new code")
		}
	}
	return list(append(opened, others...))
}

// described are the routes and authorizers of APIs, by what they are called.
func described(apis []api) map[string]thing {
	all := map[string]thing{}
	for _, a := range apis {
		for _, r := range a.Routes {
			what := r.Protection
			switch {
			case r.Authorizer != "":
				what = r.Authorizer
			case r.Protection == "iam":
				what = "IAM"
			}
			if len(r.Needs) > 0 {
				what += ", needs " + strings.Join(r.Needs, " ")
			}
			all[a.Name+": "+r.Key] = thing{what, r.Function}
		}
		for _, z := range a.Authorizers {
			what := fmt.Sprintf("answers reused for %s, by %s", time.Duration(z.TTLSeconds)*time.Second, strings.Join(z.Sources, ", "))
			if z.Kind == "jwt" {
				what = "tokens of " + z.Issuer + " for " + strings.Join(z.Audience, ", ")
			}
			all[a.Name+": authorizer "+z.Name] = thing{what: what}
		}
	}
	return all
}
