package routekey

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct{ key, normalized, sourcePattern, wantError string }{
		{key: "GET /events", normalized: "GET /events", sourcePattern: "GET/events"},
		{key: "DELETE /events/{id}", normalized: "DELETE /events/{}", sourcePattern: "DELETE/events/*"},
		{key: "ANY /", normalized: "ANY /", sourcePattern: "*/"},
		{key: "ANY /files/{owner}/{path+}", normalized: "ANY /files/{}/{+}", sourcePattern: "*/files/*/*"},
		{key: "$default", normalized: "$default", sourcePattern: "*"},
		{key: "GET /a.b-c_d:e", normalized: "GET /a.b-c_d:e", sourcePattern: "GET/a.b-c_d:e"},
		{key: "GET /{a.b-c_d:e}", normalized: "GET /{}", sourcePattern: "GET/*"},

		{key: "", wantError: "is not a route key: write a method, one space and a path, or $default"},
		{key: "/events", wantError: "is not a route key: write a method, one space and a path, or $default"},
		{key: "get /events", wantError: `method "get" is not one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, ANY`},
		{key: "$default /", wantError: `method "$default" is not one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, ANY`},
		{key: "GET events", wantError: `path "events" must begin with /`},
		{key: "GET  /events", wantError: `path " /events" must begin with /`},
		{key: "GET ", wantError: `path "" must begin with /`},
		{key: "GET /events/", wantError: `path "/events/" must not end with /`},
		{key: "GET //", wantError: `path "//" must not end with /`},
		{key: "GET /a//b", wantError: `path "/a//b" has an empty segment`},
		{key: "GET /{id}/{id}", wantError: `path variable "id" occurs twice`},
		{key: "GET /{path+}/end", wantError: `greedy path variable "{path+}" must be the last segment`},
		{key: "GET /event-{id}", wantError: `segment "event-{id}" is not a path variable: write {name}, or {name+} in the last segment, with letters, digits, '.', ':', '_' and '-' in the name`},
		{key: "GET /{}", wantError: `segment "{}" is not a path variable: write {name}, or {name+} in the last segment, with letters, digits, '.', ':', '_' and '-' in the name`},
		{key: "GET /a*", wantError: `segment "a*" has a character other than letters, digits, '.', ':', '_' and '-', which are all that AWS takes in a route`},
		{key: "GET /a?b=c", wantError: `segment "a?b=c" has a character other than letters, digits, '.', ':', '_' and '-', which are all that AWS takes in a route`},
		{key: "GET /é", wantError: `segment "é" has a character other than letters, digits, '.', ':', '_' and '-', which are all that AWS takes in a route`},
	}
	for _, test := range tests {
		t.Run(test.key, func(t *testing.T) {
			t.Parallel()
			key, err := Parse(test.key)
			if test.wantError != "" {
				if err == nil || err.Error() != test.wantError {
					t.Errorf("error is\n%v\nwant\n%s", err, test.wantError)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := key.String(); got != test.key {
				t.Errorf("String is %q", got)
			}
			if got := key.Normalized(); got != test.normalized {
				t.Errorf("Normalized is %q, want %q", got, test.normalized)
			}
			if got := key.SourcePattern(); got != test.sourcePattern {
				t.Errorf("SourcePattern is %q, want %q", got, test.sourcePattern)
			}
		})
	}
}

// Whatever is accepted is written back unchanged, has a clean path, and gives
// an ARN pattern that matches the route's own requests.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"GET /", "$default", "ANY /a/{b}/{c+}", "get /", "GET //", "POST /{a}{b}", "PUT /{a+}/b", "GET /\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key, err := Parse(text)
		if err != nil {
			return
		}
		if key.String() != text {
			t.Errorf("%q is written back as %q", text, key.String())
		}
		if text == Default {
			return
		}
		if clean := path.Clean(key.path); clean != key.path && !strings.Contains(key.path, ".") {
			t.Errorf("path %q is not clean: %q", key.path, clean)
		}
		pattern := strings.ReplaceAll(regexp.QuoteMeta(key.SourcePattern()), `\*`, ".*")
		if request := strings.Replace(text, " ", "", 1); !regexp.MustCompile("^" + pattern + "$").MatchString(request) {
			t.Errorf("pattern %q does not match %q", key.SourcePattern(), request)
		}
		if strings.ContainsAny(key.SourcePattern(), "${}? ") {
			t.Errorf("pattern %q has a character with a meaning in a policy", key.SourcePattern())
		}
	})
}

// AWS refuses every other character in a literal and in a variable's name.
func TestParseRefusesCharacters(t *testing.T) {
	t.Parallel()
	for c := rune('!'); c <= 'ÿ'; c++ {
		letter := c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		good := letter || strings.ContainsRune(".:_-", c)
		if _, err := Parse("GET /a" + string(c) + "b"); (err == nil) != good && c != '/' {
			t.Errorf("in a literal %q: %v", c, err)
		}
		if _, err := Parse("GET /{a" + string(c) + "b}"); (err == nil) != good {
			t.Errorf("in a variable's name %q: %v", c, err)
		}
	}
}

func TestVariables(t *testing.T) {
	t.Parallel()
	for key, want := range map[string][]string{
		"$default": nil, "GET /": nil, "GET /events": nil, "GET /events/{id}": {"id"}, "ANY /{tenant.id}/files/{path+}": {"tenant.id", "path"},
	} {
		parsed, err := Parse(key)
		if err != nil {
			t.Fatal(err)
		}
		if got := parsed.Variables(); !slices.Equal(got, want) {
			t.Errorf("the variables of %q are %q, want %q", key, got, want)
		}
	}
}

func TestMethodsAndOptions(t *testing.T) {
	t.Parallel()
	all := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
	for _, test := range []struct {
		key     string
		methods []string
		options string // empty: takes none
	}{
		{"GET /a", []string{"GET"}, ""},
		{"OPTIONS /a/{id}", []string{"OPTIONS"}, "OPTIONS /a/{id}"},
		{"ANY /a/{id}", all, "OPTIONS /a/{id}"},
		{"$default", all, "OPTIONS /{proxy+}"},
	} {
		key, err := Parse(test.key)
		if err != nil {
			t.Fatal(err)
		}
		if got := key.Methods(); !slices.Equal(got, test.methods) {
			t.Errorf("the methods of %s are %q, want %q", test.key, got, test.methods)
		}
		if options, ok := key.Options(); ok != (test.options != "") || ok && options.String() != test.options {
			t.Errorf("the preflights of %s are for %v, %v, want %q", test.key, options, ok, test.options)
		}
	}
}
