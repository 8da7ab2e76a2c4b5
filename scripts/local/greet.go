package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/local"
)

// greet prints what a developer needs to try the API.
func greet(w io.Writer, d *local.Deployment, url, token string, took time.Duration) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\nThe API serves at %s (after %s).\n\n", url, took.Round(100*time.Millisecond))
	methods, _ := d.Setting("authMethods")
	tokens := methods == "" || slices.Contains(strings.Split(methods, ","), "jwt")
	if tokens {
		fmt.Fprintf(&b, "A token that is good for an hour:\n\n  TOKEN=%s\n\n", token)
	}
	b.WriteString("Try it:\n\n")
	for _, line := range tries(d.Outputs["access"], url, tokens) {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	b.WriteString("\nFor the AWS CLI and the project's other commands:\n\n")
	env := d.AWS.Environment()
	for variable, output := range map[string]string{contract.EnvAPIKeyTable: "apiKeyTableName", contract.EnvStateTable: "stateTableName"} {
		if name, _ := d.Outputs[output].(string); name != "" {
			env[variable] = name
		}
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		fmt.Fprintf(&b, "  export %s=%s\n", name, env[name])
	}
	if env[contract.EnvAPIKeyTable] != "" {
		fmt.Fprintf(&b, "\nAn API key, with that environment:\n\n  KEY=$(go run ./scripts/apikey create --subject usr_local --tier standard)\n  %s%s -H \"X-Api-Key: $KEY\" '%s/events'\n",
			"curl -i -X POST", aBody, url)
	}
	if slices.Contains(strings.Split(methods, ","), "signature") {
		fmt.Fprintf(&b, "\nA signed request, good once, with that environment:\n\n  eval \"$(go run ./scripts/sign --curl --url '%s/events' --body '{\"name\":\"My first event\"}')\"\n", url)
	}
	fmt.Fprintf(&b, "\nLogs, a file a log group: %s\nCtrl-C removes everything. Requests and function logs follow.\n\n", d.AWS.LogDir)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("printing how to use the API: %w", err)
	}
	return nil
}

// public is how the access output names a route that anyone may call.
const public = "public"

// methods in the order in which one tries an API.
var methods = []string{"POST", "PUT", "PATCH", "GET", "HEAD", "OPTIONS", "DELETE"}

// byMethod orders route keys.
func byMethod(a, b string) int {
	rank := func(key string) int {
		method, _, _ := strings.Cut(key, " ")
		return slices.Index(methods, method)
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}

// variable matches a variable of a path.
var variable = regexp.MustCompile(`\{[^}]*\}`)

// aBody are the options of curl that send an event.
const aBody = ` -H 'Content-Type: application/json' -d '{"name":"My first event"}'`

// tries are curl lines, one for each public route of the access output and,
// where the API takes tokens, for each protected one; for the first protected
// route also one without a token and one with a bad token.
func tries(access any, url string, tokens bool) []string {
	routes, _ := access.(map[string]any)
	var lines []string
	refusals := false
	for _, key := range slices.SortedFunc(maps.Keys(routes), byMethod) {
		method, path, _ := strings.Cut(key, " ")
		if !slices.Contains(methods, method) { // ANY and $default
			continue
		}
		line := "curl -i"
		if method != "GET" {
			line += " -X " + method
		}
		if slices.Contains([]string{"POST", "PUT", "PATCH"}, method) {
			line += aBody
		}
		note := ""
		// curl takes braces for a list.
		path = variable.ReplaceAllStringFunc(path, func(s string) string {
			name := strings.ToUpper(strings.Trim(s, "{+}"))
			note += ", with a value for " + name
			return name
		})
		address := " '" + strings.TrimSuffix(url, "/") + path + "'"
		if routes[key] == public {
			lines = append(lines, line+address+"   # "+public+note)
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
