package page

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// rowOf is a request in the list.
func rowOf(e entry) row {
	d := e.decision
	return row{
		Seq: e.seq, ID: d.RequestID, At: d.Received.UnixMilli(), API: apiOf(e).Name, Method: d.Method, Path: shapes(d.Path), Route: d.RouteKey,
		Status: d.Status, Millis: inMillis(d.Latency), Protection: protections[d.Authorization], Cache: cacheOf(d), Reason: shapes(reasonOf(e)),
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
	if out, err := p.detail(r.Context(), e); err == nil { // else nobody waits
		answer(w, out)
	}
}

// detail is a request that was opened. They are made one at a time: to search a large one
// takes a processor for a while, for which the gateway has use.
func (p *Page) detail(ctx context.Context, e entry) (detail, error) {
	select {
	case p.opening <- struct{}{}:
		defer func() { <-p.opening }()
	case <-ctx.Done():
		return detail{}, ctx.Err()
	}
	c := p.now()
	d := e.decision
	of := apiOf(e)
	hide := redactorOf(d, d.APISources)
	about := way{entry: hide.entry(e), api: of, name: c.names.Of}
	if i := slices.IndexFunc(about.api.Routes, func(r route) bool { return r.Key == d.RouteKey }); i >= 0 {
		about.route = &about.api.Routes[i]
	}
	out := detail{row: rowOf(about.entry), Steps: about.steps(), Cure: hide.own(cureOf(e)), Calls: []awsCall{}, MoreCalls: e.further, Logs: []log{}, JSON: []document{}}
	for _, call := range e.calls {
		out.Calls = append(out.Calls, awsCall{
			Function: about.name(call.Function), Action: call.Action, Resource: hide.plain(call.Resource), Millis: inMillis(call.Duration), Error: call.Error, Cure: hide.plain(call.Cure),
		})
	}
	for _, ran := range []struct {
		what string
		live.Invocation
	}{{"authorizer", d.Authorizer}, {"handler", d.Handler}} {
		if ran.RequestID == "" {
			continue
		}
		if err := ctx.Err(); err != nil {
			return detail{}, err
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
	return out, nil
}

// entry is a request whose texts have none of its credentials. Why a function could not be
// invoked is the gateway's own text, by which it is known.
func (r *redactor) entry(e entry) entry {
	e.reason = r.own(reasonOf(e))
	d := &e.decision
	e.text, d.Path = r.text(e.text), r.text(d.Path)
	if d.Authorization == live.AuthorizationJWT || d.Authorization == live.AuthorizationIAM {
		d.Failure = r.own(d.Failure)
	} else {
		d.Failure = r.text(d.Failure)
	}
	for _, ran := range []*live.Invocation{&d.Authorizer, &d.Handler} {
		if ran.RequestID != "" {
			ran.Failure = r.text(ran.Failure)
		}
	}
	return e
}
