package page

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// row is a request in the list.
func (c *deployedNow) row(e entry) row {
	d := e.decision
	return row{
		Seq: e.seq, ID: d.RequestID, At: d.Received.UnixMilli(), API: apiOf(e).Name, Method: d.Method, Path: d.Path, Route: d.RouteKey,
		Status: d.Status, Millis: inMillis(d.Latency), Protection: protections[d.Authorization], Cache: cacheOf(d), Reason: reasonOf(e),
	}
}

// showRequest answers GET requests/{seq}.
func (p *Page) showRequest(w http.ResponseWriter, r *http.Request) {
	seq, err := strconv.ParseUint(r.PathValue("seq"), 10, 64)
	if err != nil {
		fail(w, http.StatusBadRequest, fmt.Errorf("%q is no number of a request", r.PathValue("seq")))
		return
	}
	e, found := p.recorder.find(seq)
	if !found {
		fail(w, http.StatusNotFound, fmt.Errorf("the request %d is not kept: the last %d of %d are", seq, keptRequests, p.recorder.summary().Total))
		return
	}
	answer(w, p.detail(e))
}

// detail is a request that was opened.
func (p *Page) detail(e entry) detail {
	c := p.now()
	d := e.decision
	about := way{entry: e, api: apiOf(e), name: c.names.Of}
	if i := slices.IndexFunc(about.api.Routes, func(r route) bool { return r.Key == d.RouteKey }); i >= 0 {
		about.route = &about.api.Routes[i]
	}
	hide := redactorOf(d)
	out := detail{row: c.row(e), Steps: about.steps(), Cure: cureOf(e), Calls: []awsCall{}, MoreCalls: e.further, Logs: []log{}, JSON: []document{}}
	for _, call := range e.calls {
		out.Calls = append(out.Calls, awsCall{
			Function: about.name(call.Function), Action: call.Action, Resource: call.Resource, Millis: inMillis(call.Duration), Error: call.Error, Cure: call.Cure,
		})
	}
	for _, ran := range []struct {
		what string
		live.Invocation
	}{{"authorizer", d.Authorizer}, {"handler", d.Handler}} {
		if ran.RequestID == "" {
			continue
		}
		name := about.name(ran.Function)
		if c.lines != nil {
			lines, err := c.lines(ran.Function, ran.RequestID)
			if err != nil {
				lines = []string{err.Error()}
			}
			for i, line := range lines {
				lines[i] = hide.text(line)
			}
			out.Logs = append(out.Logs, log{Function: name, Lines: list(lines)})
		}
		if ran.Event != nil { // else it is too long ago
			out.JSON = append(out.JSON, document{"What the " + ran.what + " got", hide.document(ran.Event)},
				document{"What the " + ran.what + " answered", hide.document(ran.Answer)})
		}
	}
	return out
}
