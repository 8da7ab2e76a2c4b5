package up

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/callers"
	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/deployed"
)

// greet prints what a developer needs to try the APIs.
func greet(w io.Writer, d *local.Deployment, page string, target deployed.Target, took time.Duration) error {
	var b strings.Builder
	all := callers.From(d)
	fmt.Fprintf(&b, "\nThe program is deployed (after %s).\n", took.Round(100*time.Millisecond))
	fmt.Fprintf(&b, "See how requests are decided, live: %s\n", page)
	if len(d.APIs) == 0 {
		b.WriteString("It has no HTTP API with a stage, so there is nothing to call.\n")
	}
	for _, api := range d.APIs {
		b.WriteString(serves(api))
	}
	tokens := len(d.SecretPaths) > 0
	if tokens {
		if signed, err := all.Token(); err == nil {
			fmt.Fprintf(&b, "\nA token that is good for an hour, signed with the random secret in %s:\n\n  TOKEN=%s\n", strings.Join(d.SecretPaths, ", "), signed)
		} else {
			tokens = false
			fmt.Fprintf(&b, "\nThere is no token to try: %v\n", err)
		}
	}
	for _, api := range d.APIs {
		if lines := tries(api, tokens); len(lines) > 0 {
			fmt.Fprintf(&b, "\nTry %s:\n\n  %s\n", api.Title(), strings.Join(lines, "\n  "))
		}
	}
	b.WriteString("\nFor the AWS CLI:\n\n")
	env := d.AWS.Environment()
	for _, name := range slices.Sorted(maps.Keys(env)) {
		fmt.Fprintf(&b, "  export %s=%s\n", name, env[name])
	}
	b.WriteString(commands(d, all.Authorizers(), target))
	fmt.Fprintf(&b, "\nLogs, a file a log group: %s\nCtrl-C removes everything. Requests and function logs follow.\n\n", d.AWS.LogDir)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("printing how to use the APIs: %w", err)
	}
	return nil
}

// serves says where an API serves.
func serves(api local.API) string {
	var b strings.Builder
	if api.EndpointDisabled {
		fmt.Fprintf(&b, "The API %s serves by its domains only: its own endpoint is disabled\n", api.Title())
	} else {
		fmt.Fprintf(&b, "The API %s serves at %s\n", api.Title(), api.URL)
	}
	for _, d := range api.Domains {
		if d.MutualTLS {
			fmt.Fprintf(&b, "  its domain %s asks for client certificates, which there cannot be here: 403\n", d.Host)
		} else {
			fmt.Fprintf(&b, "  and by its domain with -H 'Host: %s' at %s\n", d.Host, d.URL)
		}
	}
	return b.String()
}

// commands are those with which one gets further credentials.
func commands(d *local.Deployment, authorizers []callers.Authorizer, target deployed.Target) string {
	var b strings.Builder
	for _, api := range d.APIs {
		i := slices.IndexFunc(api.Routes, func(r local.Route) bool { return r.Authorizer != "" && callable(r.Key) })
		if i < 0 {
			continue
		}
		method, path, _ := strings.Cut(api.Routes[i].Key, " ")
		path, _ = withoutVariables(path)
		body := callers.Body(api.Routes[i])
		if i := slices.IndexFunc(authorizers, func(a callers.Authorizer) bool { return a.KeyTable != "" }); i >= 0 {
			fmt.Fprintf(&b, "\nAn API key:\n\n  KEY=$(%s apikey create%s --subject %s --tier %s)\n  curl -i -X %s%s -H \"X-Api-Key: $KEY\" '%s%s'\n",
				cli.Called, target.Flags(), callers.Subject, authorizers[i].Tier(), method, option("-H 'Content-Type: application/json' -d ", body), api.URL, path)
		}
		if len(d.KeyPaths) > 0 {
			fmt.Fprintf(&b, "\nA signed request, where the API takes them, good once:\n\n  eval \"$(%s sign%s --keys-path %s --curl --method %s --url '%s%s'%s)\"\n",
				cli.Called, target.Flags(), d.KeyPaths[0], method, api.URL, path, option("--body ", body))
		}
		break
	}
	return b.String()
}

// option is an option of a command line with its value, if there is one.
func option(name, value string) string {
	if value == "" {
		return ""
	}
	return " " + name + "'" + value + "'"
}

// methods in the order in which one tries an API.
var methods = []string{"POST", "PUT", "PATCH", "GET", "HEAD", "OPTIONS", "DELETE"}

// byMethod orders routes.
func byMethod(a, b local.Route) int {
	rank := func(r local.Route) int {
		method, _, _ := strings.Cut(r.Key, " ")
		return slices.Index(methods, method)
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Key, b.Key))
}

// callable reports whether a route is of one method: not ANY and not $default.
func callable(key string) bool {
	method, _, _ := strings.Cut(key, " ")
	return slices.Contains(methods, method)
}

// variable matches a variable of a path.
var variable = regexp.MustCompile(`\{[^}]*\}`)

// withoutVariables writes the variables of a path in capitals, because curl takes
// braces for a list, and notes that they need values.
func withoutVariables(path string) (replaced, note string) {
	replaced = variable.ReplaceAllStringFunc(path, func(s string) string {
		name := strings.ToUpper(strings.Trim(s, "{+}"))
		note += ", with a value for " + name
		return name
	})
	return replaced, note
}

// tries are curl lines, one for each route that can be called here; for the first
// route with a Lambda authorizer also one without a token and one with a bad token.
func tries(api local.API, tokens bool) []string {
	var lines []string
	refusals := false
	options := ""
	url, host := api.Address()
	if host != "" {
		options = " -H 'Host: " + host + "'"
	}
	for _, route := range slices.SortedFunc(slices.Values(api.Routes), byMethod) {
		if !callable(route.Key) {
			continue
		}
		method, path, _ := strings.Cut(route.Key, " ")
		path, note := withoutVariables(path)
		line := "curl -i"
		if method != "GET" {
			line += " -X " + method
		}
		line += option("-H 'Content-Type: application/json' -d ", callers.Body(route))
		address := options + " '" + url + path + "'"
		switch {
		case route.Public():
			lines = append(lines, line+address+"   # public"+note)
			continue
		case route.Authorization == "AWS_IAM":
			lines = append(lines, line+` --aws-sigv4 "aws:amz:$AWS_REGION:execute-api" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"`+address+"   # signed, with the environment below"+note)
			continue
		case route.Authorizer == "":
			lines = append(lines, line+` -H "Authorization: Bearer …"`+address+"   # with a token of the route's JWT issuer"+note)
			continue
		}
		if !refusals {
			lines = append(lines, line+address+"   # no credential: 401")
			refusals = true
			if tokens {
				lines = append(lines, line+" -H 'Authorization: Bearer bad-token'"+address+"   # bad token: 403")
			}
		}
		if tokens {
			lines = append(lines, line+` -H "Authorization: Bearer $TOKEN"`+address+"   # protected"+note)
		}
	}
	return lines
}
