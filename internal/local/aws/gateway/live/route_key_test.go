package live

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

func TestParseRouteKey(t *testing.T) {
	t.Parallel()
	const format = "BadRequestException: The provided route key %s is not formatted properly for HTTP protocol. It should be $default, or one of ANY, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, a space and a path that begins with a slash."
	const badPart = `BadRequestException: One or more path parts appear to be invalid. Parts are validated against this regular expression: ^(\{[\w.:-]+\+?\}|[a-zA-Z0-9.:_-]+)$`
	tests := []struct{ key, err string }{
		{"$default", ""},
		{"GET /", ""},
		{"ANY /{proxy+}", ""},
		{"DELETE /events/{id}/parts/{part-1.a:b}", ""},
		{"GET /a.b:c_d-e", ""},
		{"", strings.Replace(format, "%s", `""`, 1)},
		{"GET", strings.Replace(format, "%s", `"GET"`, 1)},
		{"get /", strings.Replace(format, "%s", `"get /"`, 1)},
		{"TRACE /", strings.Replace(format, "%s", `"TRACE /"`, 1)},
		{"GET events", strings.Replace(format, "%s", `"GET events"`, 1)},
		{"GET  /a", strings.Replace(format, "%s", `"GET  /a"`, 1)},
		{"GET /a/", `BadRequestException: The route key "GET /a/" has an empty path segment. Paths have no trailing and no double slashes.`},
		{"GET //a", `BadRequestException: The route key "GET //a" has an empty path segment. Paths have no trailing and no double slashes.`},
		{"GET /a{id}", badPart},
		{"GET /{}", badPart},
		{"GET /a%20b", badPart},
		{"GET /{a~b}", badPart},
		{"GET /{a}.json", badPart},
		{"GET /{a}/{a}", `BadRequestException: The route key "GET /{a}/{a}" has the path variable "a" twice.`},
		{"GET /{a+}/b", `BadRequestException: The greedy path variable "{a+}" of the route key "GET /{a+}/b" is not at the end of the path.`},
	}
	for _, test := range tests {
		t.Run(test.key, func(t *testing.T) {
			t.Parallel()
			_, err := ParseRouteKey(test.key)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != test.err {
				t.Errorf("got error %s\nwant %s", got, test.err)
			}
		})
	}
}

// AWS takes no other character in a literal, and says so; the cure names the part.
func TestParseRouteKeyRefusesCharacters(t *testing.T) {
	t.Parallel()
	for _, c := range "~!$&'()*+,;=@%\\\"é" {
		key := "GET /ok/a" + string(c)
		_, err := ParseRouteKey(key)
		want := fmt.Sprintf("change the part %q of the route key %q: a literal has letters, digits, '.', ':', '_' and '-' only, and a variable, {name} or {name+}, fills its part", "a"+string(c), key)
		if got := awserr.CureOf(err); got != want {
			t.Errorf("%q: %v, and the cure is %q, want %q", key, err, got, want)
		}
	}
}

// TestRoutePriority has the order that AWS documents (the first five keys are
// those of its own example, http-api-develop-routes) and, within a tier, an
// exact method before ANY and then a literal before a variable.
func TestRoutePriority(t *testing.T) {
	t.Parallel()
	keys := []string{
		"GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default",
		"ANY /pets/dog/1", "GET /{kind}/dog/1", "GET /pets/{kind}/1", "POST /{proxy+}", "ANY /x/{proxy+}", "ANY /x/{id}/{proxy+}", "HEAD /",
	}
	tests := []struct {
		method, path, key string
		values            map[string]string
	}{
		{"GET", "/pets/dog/1", "GET /pets/dog/1", nil},
		{"GET", "/pets/dog/2", "GET /pets/dog/{id}", map[string]string{"id": "2"}},
		{"GET", "/pets/cat/1", "GET /pets/{kind}/1", map[string]string{"kind": "cat"}},
		{"GET", "/wolf/dog/1", "GET /{kind}/dog/1", map[string]string{"kind": "wolf"}},
		{"GET", "/pets/cat/2", "GET /pets/{proxy+}", map[string]string{"proxy": "cat/2"}},
		{"GET", "/pets/", "GET /pets/{proxy+}", map[string]string{"proxy": ""}},
		{"GET", "/pets", "ANY /{proxy+}", map[string]string{"proxy": "pets"}},
		{"GET", "/pets/dog/1/", "GET /pets/{proxy+}", map[string]string{"proxy": "dog/1/"}},
		{"GET", "/pets/dog/", "GET /pets/{proxy+}", map[string]string{"proxy": "dog/"}},
		{"PUT", "/pets/dog/1", "ANY /pets/dog/1", nil},
		{"PUT", "/pets/dog/2", "ANY /{proxy+}", map[string]string{"proxy": "pets/dog/2"}},
		{"POST", "/x/y/z", "POST /{proxy+}", map[string]string{"proxy": "x/y/z"}},
		{"GET", "/x/y/z", "ANY /x/{id}/{proxy+}", map[string]string{"id": "y", "proxy": "z"}},
		{"GET", "/x/y", "ANY /x/{proxy+}", map[string]string{"proxy": "y"}},
		{"HEAD", "/", "HEAD /", nil},
		{"HEAD", "/pets/dog/1", "ANY /pets/dog/1", nil},
		{"GET", "/", "ANY /{proxy+}", map[string]string{"proxy": ""}},
		{"GET", "/Pets/dog/1", "GET /{kind}/dog/1", map[string]string{"kind": "Pets"}},
	}
	d := deployed([]string{"$default"}, keys...)
	for _, test := range tests {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			t.Parallel()
			_, route, values := d.route(test.method, test.path)
			if route == nil || route.Key.text != test.key || !maps.Equal(values, test.values) {
				t.Errorf("got %v %v, want %s %v", route, values, test.key, test.values)
			}
		})
	}
}

// deployed is a deployment with these stages and routes.
func deployed(stages []string, keys ...string) *deployment {
	var d Deployment
	for _, name := range stages {
		d.Stages = append(d.Stages, Stage{Name: name})
	}
	for _, text := range keys {
		key, err := ParseRouteKey(text)
		if err != nil {
			panic(err)
		}
		d.Routes = append(d.Routes, Route{Key: key})
	}
	a := &API{gateway: New(Options{}), caches: map[cacheName]*resultCache{}, buckets: map[bucketName]*bucket{}}
	a.Deploy(d)
	return a.current.Load()
}

func FuzzRoute(f *testing.F) {
	for _, seed := range []string{"/", "/a", "//", "/a/%2F", "*", "", "/dev", "/dev/", "/%zz", "/a/b/c"} {
		f.Add(http.MethodGet, seed)
	}
	d := deployed([]string{"$default", "dev"}, "GET /", "GET /{id}", "ANY /a/{x}/b", "POST /{a}/{rest+}", "$default")
	f.Fuzz(func(t *testing.T, method, path string) {
		stage, route, values := d.route(method, path)
		if (stage == nil) != !strings.HasPrefix(path, "/") || (stage == nil) != (route == nil) {
			t.Fatalf("%q: stage %v, route %v", path, stage, route)
		}
		if route == nil || route.Key.isDefault() {
			return
		}
		// The key with its values put in is the path within the stage again.
		var rebuilt string
		for _, s := range route.Key.segments {
			if s.kind == literal {
				rebuilt += "/" + s.text
			} else {
				rebuilt += "/" + values[s.text]
			}
		}
		within := path
		if stage.Name == "dev" {
			within = cmp.Or(strings.TrimPrefix(path, "/dev"), "/")
		}
		if rebuilt != within {
			t.Fatalf("%q matched %s with %v", path, route.Key.text, values)
		}
	})
}

func FuzzParseRouteKey(f *testing.F) {
	for _, seed := range []string{"$default", "GET /", "ANY /{proxy+}", "GET /a/{b}/c", "GET /{", "GET"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key, err := ParseRouteKey(text)
		if err != nil || key.isDefault() {
			return
		}
		// A key matches its own path, braces and all.
		method := key.method
		if method == anyMethod {
			method = http.MethodGet
		}
		if _, ok := key.match(method, splitPath(key.path)); !ok {
			t.Fatalf("%q does not match itself", text)
		}
	})
}

func TestMatching(t *testing.T) {
	t.Parallel()
	keys := []string{"$default", "ANY /a/{x}", "GET /a/{rest+}", "GET /a/{id}", "GET /a/b", "no key"}
	for _, tt := range [][3]string{
		{"GET", "/a/b", "GET /a/b"}, {"GET", "/a/c", "GET /a/{id}"}, {"POST", "/a/c", "ANY /a/{x}"}, {"GET", "/a/c/d", "GET /a/{rest+}"},
		{"GET", "/a/%63", "GET /a/{id}"}, {"GET", "/a%2Fb", "GET /a/b"}, {"POST", "/", "$default"}, {"GET", "a", ""}, {"GET", "/%", ""},
	} {
		if got := Matching(keys, tt[0], tt[1]); got != tt[2] {
			t.Errorf("%s %s: got %q, want %q", tt[0], tt[1], got, tt[2])
		}
	}
	if got := Matching(keys[4:], "POST", "/a/b"); got != "" {
		t.Errorf("got %q", got)
	}
}
