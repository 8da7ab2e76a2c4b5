package live_test

import (
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
)

// TestRouting goes through the listener: decoding, stages, and what is 404.
func TestRouting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.public("GET /events/{id}")
	w.public("GET /dev/only-default")
	w.public("GET /")
	w.public("DELETE /events")
	must(w.service.CreateStage(w.api.ID, management.Stage{Name: "dev", AutoDeploy: true}))
	tests := []struct {
		name, method, target string
		status               int
	}{
		{"variable", "GET", "/events/1", 200},
		{"encoded literal", "GET", "/%65vents/1", 200},
		{"encoded slash separates", "GET", "/events%2F1", 200},
		{"encoded slash in a variable", "GET", "/events/a%2Fb", 404},
		{"empty variable", "GET", "/events/", 404},
		{"trailing slash", "GET", "/events/1/", 404},
		{"only other methods", "POST", "/events/1", 404},
		{"HEAD is not GET", "HEAD", "/events/1", 404},
		{"case", "GET", "/Events/1", 404},
		{"root", "GET", "/", 200},
		{"root with a query", "GET", "?a=b", 200},
		{"named stage", "GET", "/dev/events/1", 200},
		{"named stage, root", "GET", "/dev/", 200},
		{"named stage without slash", "GET", "/dev", 200},
		{"a stage hides routes of the $default stage", "GET", "/dev/only-default", 404},
		{"a stage hides them only by its name", "GET", "/dev/dev/only-default", 200},
		{"stages are case-sensitive", "GET", "/Dev/events/1", 404},
		{"$default is no path", "GET", "/$default/events/1", 404},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := w.do(test.method, test.target, "").status; got != test.status {
				t.Errorf("%s %s: %d, want %d", test.method, test.target, got, test.status)
			}
		})
	}
}

func TestNoDefaultStage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.public("$default")
	must(w.service.CreateStage(w.api.ID, management.Stage{Name: "dev", AutoDeploy: true}))
	if err := w.service.DeleteStage(w.api.ID, "$default"); err != nil {
		t.Fatal(err)
	}
	w.get("/r/1").want(t, 404, notFoundBody)
	w.wantLine("GET /r/1 404; no stage")
	w.get("/dev/x").want(t, 200, okBody)
}
