package localtest

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// Decision is how API Gateway decided on a request.
type Decision struct {
	// Route is the key of the route, empty where none matched.
	Route string
	// Authorization is that of the route: NONE, CUSTOM, JWT or AWS_IAM.
	Authorization string
	// Authorizer is the program's name of the function of a Lambda authorizer.
	Authorizer string
	// CacheHit tells that an earlier answer of the authorizer was used.
	CacheHit bool
	// Allowed tells that the request was let through to the route's function.
	Allowed bool
	// Reason is why it was not: what an authorizer of package authz logs as its
	// reason, for instance expired_token; else what API Gateway knows. An answer from the
	// cache has none: it is the earlier request's.
	Reason string
}

// keptDecisions is how many decisions are kept: those of requests in flight.
const keptDecisions = 10_000

// decisions are the last ones, by the requests' ids.
type decisions struct {
	mu    sync.Mutex
	byID  map[string]live.Decision
	order []string
}

func (d *decisions) add(decision live.Decision) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byID == nil {
		d.byID = map[string]live.Decision{}
	}
	d.byID[decision.RequestID] = decision
	if d.order = append(d.order, decision.RequestID); len(d.order) > keptDecisions {
		delete(d.byID, d.order[0])
		d.order = d.order[1:]
	}
}

func (d *decisions) of(requestID string) live.Decision {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.byID[requestID]
}

// Decision is how API Gateway decided on the request.
func (r *Response) Decision() Decision {
	r.t.Helper()
	made := r.made
	d := Decision{
		Route: made.RouteKey, Authorization: made.Authorization, CacheHit: made.Cache.Hit, Allowed: made.Allowed,
	}
	r.d.look(func(deployed *local.Deployment) { d.Authorizer = deployed.ProgramName(made.Authorizer.Function) })
	if made.Allowed {
		return d
	}
	d.Reason = made.Failure
	for _, line := range r.lines(made.Authorizer) {
		if reason := reasonOf(line); reason != "" {
			d.Reason = reason
		}
	}
	return d
}

// reasonOf is the reason in a log line of package authz.
func reasonOf(line string) string {
	var denial struct{ Reason, APIRequestID string }
	if json.Unmarshal([]byte(line), &denial) != nil || denial.APIRequestID == "" {
		return ""
	}
	return denial.Reason
}

// lines are what a function logged in one invocation.
func (r *Response) lines(ran live.Invocation) (lines []string) {
	if ran.RequestID == "" {
		return nil
	}
	var err error
	r.d.look(func(d *local.Deployment) { lines, err = d.InvocationLines(ran.Function, ran.RequestID) })
	if err != nil {
		return []string{err.Error()}
	}
	return lines
}

// report is what a test's author has to know of a response that is not as expected.
func (r *Response) report() string {
	lines := []string{"body: " + string(r.Body), "decision: " + r.made.Note}
	r.d.look(func(d *local.Deployment) {
		for _, name := range []string{r.made.Authorizer.Function, r.made.Handler.Function} {
			if name != "" {
				lines[1] = strings.ReplaceAll(lines[1], name, d.ProgramName(name))
			}
		}
	})
	if decision := r.Decision(); decision.Reason != "" && !strings.Contains(lines[1], decision.Reason) {
		lines[1] += "; reason: " + decision.Reason
	}
	for _, ran := range []live.Invocation{r.made.Authorizer, r.made.Handler} {
		var name string
		r.d.look(func(d *local.Deployment) { name = d.ProgramName(ran.Function) })
		for _, line := range r.lines(ran) {
			lines = append(lines, fmt.Sprintf("%s | %s", name, line))
		}
	}
	for _, line := range r.d.console.since(r.mark) {
		lines = append(lines, "local AWS: "+line)
	}
	return r.d.secrets.hide("\t" + strings.ReplaceAll(strings.Join(lines, "\n"), "\n", "\n\t"))
}
