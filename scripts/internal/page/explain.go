package page

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// States of a station.
const (
	passed  = "passed"
	stopped = "stopped"
	failed  = "failed"
	skipped = "skipped"
)

// protections are the page's words for authorization types.
var protections = map[string]string{
	live.AuthorizationNone: "public", live.AuthorizationCustom: "lambda", live.AuthorizationJWT: "jwt", live.AuthorizationIAM: "iam",
}

// way is what the stations are made of.
type way struct {
	entry
	api api
	// route is the one of the request as it was deployed then; nil where there was none.
	route *route
	// name is the program's name of a function.
	name func(arn string) string
}

// apiOf is the API of a request, as it was deployed then.
func apiOf(e entry) api {
	for _, a := range e.apis {
		if a.ID == e.decision.APIID && (a.Stage == e.decision.Stage || e.decision.Stage == "") {
			return a
		}
	}
	return api{ID: e.decision.APIID, Name: e.decision.APIID}
}

// steps are the stations of a request's way.
func (w way) steps() []step {
	steps := []step{w.gateway(), w.sources(), w.cache(), w.authorizer(), w.permissions(), w.handler(), w.answer()}
	over := false
	for i := range steps {
		s := &steps[i]
		if s.Facts == nil {
			s.Facts = []fact{}
		}
		ran := s.Kind == "handler" && w.decision.Handler.RequestID != ""
		if over && s.Kind != "answer" && !ran {
			s.State, s.Text, s.Millis = skipped, "not reached", nil
		}
		over = over || s.State == stopped || s.State == failed
	}
	return steps
}

// early tells that API Gateway answered by itself, before any authorization.
func (w way) early() bool {
	return w.decision.Early || w.decision.RouteKey == ""
}

func (w way) gateway() step {
	d := w.decision
	s := step{Kind: "gateway", Title: "API Gateway", State: passed, Text: d.RouteKey, Facts: []fact{
		{"API", w.api.Name}, {"stage", d.Stage}, {"host", d.Host}, {"received", d.Received.Format("15:04:05.000")}, {"request id", d.RequestID},
	}}
	if names := parameterNames(d.Query); names != "" {
		s.Facts = append(s.Facts, fact{"query parameters", names})
	}
	switch {
	case !w.early():
	case d.Status < 400 && d.Failure == "":
		s.State, s.Text = stopped, "answered by itself: CORS"
	default:
		s.State, s.Text = stopped, reasonOf(w.entry)
		if d.Failure != "" {
			s.Facts = append(s.Facts, fact{"reason", d.Failure})
		}
	}
	return s
}

func (w way) sources() step {
	d := w.decision
	s := step{Kind: "sources", Title: "Identity sources", State: passed}
	for _, source := range d.Sources {
		value := "missing"
		if source.Value != "" {
			value = fmt.Sprintf("found, %d characters, %s", len(source.Value), fingerprint(source.Value))
			if !strings.HasPrefix(source.Source, "$request.") {
				value = "found: " + source.Value
			}
		}
		s.Facts = append(s.Facts, fact{source.Source, value})
	}
	switch missing := missingSource(d); {
	case missing != "":
		s.State, s.Text = stopped, shortSource(missing)+" is missing"
	case len(d.Sources) > 0:
		var names []string
		for _, source := range d.Sources {
			names = append(names, shortSource(source.Source))
		}
		s.Text = "found: " + strings.Join(names, ", ")
	case d.Authorization == live.AuthorizationCustom:
		s.State, s.Text = skipped, "none configured"
	case d.Authorization == live.AuthorizationNone:
		s.State, s.Text = skipped, "none: the route is public"
	default:
		s.State, s.Text = skipped, "none of a Lambda authorizer"
	}
	return s
}

// shortSource is the name of what an identity source selects.
func shortSource(source string) string { return source[strings.LastIndexByte(source, '.')+1:] }

func (w way) cache() step {
	d := w.decision
	s := step{Kind: "cache", Title: "Cache", State: passed}
	if d.Cache.Asked {
		s.Facts = append(s.Facts, fact{"TTL", d.Cache.TTL.String()})
	}
	switch cacheOf(d) {
	case "hit":
		age, left := d.Cache.Age.Round(time.Second), d.Cache.Left.Round(time.Second)
		s.Text = fmt.Sprintf("hit, %s old, %s left", age, left)
		s.Facts = append(s.Facts, fact{"age", age.String()}, fact{"left", left.String()}, fact{"answered in Lambda's request", d.Cache.RequestID})
		if !d.Allowed {
			s.State, s.Text = stopped, s.Text+", "+ended("refused", reasonOf(w.entry))
		}
	case "miss":
		s.Text = "miss"
	case "off":
		s.State, s.Text = skipped, "off: the TTL is 0"
	default:
		s.State, s.Text = skipped, "no Lambda authorizer"
	}
	return s
}

func (w way) authorizer() step {
	d := w.decision
	s := step{Kind: "authorizer", Title: "Authorizer", State: passed}
	switch d.Authorization {
	case live.AuthorizationNone:
		s.State, s.Text = skipped, "none"
		return s
	case live.AuthorizationJWT, live.AuthorizationIAM:
		s.Title = map[string]string{live.AuthorizationJWT: "JWT authorizer", live.AuthorizationIAM: "IAM"}[d.Authorization]
		reason := reasonOf(w.entry)
		switch {
		case d.Allowed:
			s.Text = "allowed"
		case slices.Contains(authorization, reason):
			s.Text = "the credential is good"
		default:
			s.State, s.Text = stopped, "refused: "+reason
			s.Facts = append(s.Facts, fact{"reason", d.Failure})
		}
		return s
	}
	s.Facts = append(s.Facts, fact{"function", w.name(d.Authorizer.Function)})
	if d.Cache.Hit {
		s.State, s.Text = skipped, "not run: the cache has its answer"
		return s
	}
	s.run(d.Authorizer)
	reason := reasonOf(w.entry)
	switch {
	case d.Allowed:
		s.Text += ", allowed"
	case d.Authorizer.Failure != "" || d.Status >= 500:
		s.State, s.Text = failed, ended("failed", reason)
	case slices.Contains(authorization, reason):
		s.Text += ", the credential is good"
	default:
		s.State, s.Text = stopped, ended("refused", reason)
	}
	if w.text != "" {
		s.Facts = append(s.Facts, fact{"reason", w.text})
	}
	return s
}

// run says how a function ran.
func (s *step) run(i live.Invocation) {
	if i.Failure != "" {
		s.Facts = append(s.Facts, fact{"failure", i.Failure})
	}
	if i.RequestID == "" {
		s.Text = "not run"
		return
	}
	s.Text = "warm"
	s.Facts = append(s.Facts, fact{"duration", milliseconds(i.Duration)})
	took := i.Duration
	if i.Cold {
		s.Text = "cold start"
		s.Facts = append(s.Facts, fact{"start", milliseconds(i.Init)})
		took += i.Init
	}
	s.Facts = append(s.Facts, fact{"Lambda's request id", i.RequestID})
	s.Millis = new(inMillis(took))
}

func inMillis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f ms", inMillis(d)) }

func (w way) permissions() step {
	d := w.decision
	s := step{Kind: "permissions", Title: "Permissions", State: passed, Text: "none needed"}
	needs, known := w.needs()
	switch all := strings.Join(needs, ", "); {
	case !known:
		s.Text = "not known during a deployment: the authorizer decides"
	case all == "":
	case len(needs) > 1 && d.Authorization == live.AuthorizationJWT:
		s.Text = "has one of " + all
		s.Facts = append(s.Facts, fact{"the route needs one of", all})
	default:
		s.Text = "needs " + all + ": the authorizer decides"
		if d.Authorization != live.AuthorizationCustom || w.judgedByAuthz() {
			s.Text = "has " + all
		}
		s.Facts = append(s.Facts, fact{"the route needs", all})
	}
	denied := ""
	for _, call := range w.calls {
		name, outcome := call.Action, "allowed"
		ofHandler := call.RequestID == d.Handler.RequestID
		if !ofHandler {
			name += " of the authorizer"
		}
		switch {
		case strings.HasPrefix(call.Error, "AccessDenied"):
			outcome = "refused"
			if ofHandler {
				denied = call.Action
			}
		case call.Resource == "":
			outcome = "not asked"
		}
		s.Facts = append(s.Facts, fact{name, outcome})
	}
	reason := reasonOf(w.entry)
	switch {
	case !d.Allowed && slices.Contains(authorization, reason):
		s.State, s.Text = stopped, "refused: "+reason
		if text := cmp.Or(w.text, d.Failure); text != "" {
			s.Facts = append(s.Facts, fact{"reason", text})
		}
	case d.Allowed && notInvoked(d.Handler):
		s.State, s.Text = failed, "API Gateway may not invoke the function"
	case denied != "" && (d.Handler.Failure != "" || d.Status >= 500):
		s.State, s.Text = failed, "the function may not call "+denied
	}
	return s
}

// needs are what a caller needs for the route. The gateway itself does not know what a
// Lambda authorizer asks for.
func (w way) needs() (needs []string, known bool) {
	switch w.decision.Authorization {
	case live.AuthorizationJWT:
		return w.decision.Scopes, true
	case live.AuthorizationCustom:
		if w.route == nil || w.deploying {
			return nil, false
		}
		return w.route.Needs, true
	case live.AuthorizationIAM:
		return []string{"execute-api:Invoke"}, true
	}
	return nil, true
}

// judgedByAuthz tells that the authorizer is one of package authz, which lets nobody
// through without a policy where the route needs permissions: its context has the method.
func (w way) judgedByAuthz() bool {
	var event struct {
		RequestContext struct {
			Authorizer struct{ Lambda map[string]any }
		}
	}
	if json.Unmarshal(w.decision.Handler.Event, &event) != nil {
		return false
	}
	method, _ := event.RequestContext.Authorizer.Lambda[contract.ContextMethod].(string)
	_, user := event.RequestContext.Authorizer.Lambda[contract.ContextUserID].(string)
	return method != "" && user
}

// notInvoked tells that API Gateway has no permission to invoke a function.
func notInvoked(i live.Invocation) bool {
	return i.RequestID == "" && strings.Contains(i.Failure, "lambda:InvokeFunction")
}

func (w way) handler() step {
	d := w.decision
	s := step{Kind: "handler", Title: "Handler", State: passed}
	if d.Handler.Function != "" {
		s.Facts = append(s.Facts, fact{"function", w.name(d.Handler.Function)})
	}
	s.run(d.Handler)
	switch {
	case d.Handler.Failure != "" || d.Handler.RequestID == "":
		s.State, s.Text = failed, "failed: "+firstSentence(d.Handler.Failure)
	case d.Status >= 500:
		s.State, s.Text = failed, fmt.Sprintf("%s, answered %d", s.Text, d.Status)
	case d.Status >= 400:
		s.State, s.Text = stopped, fmt.Sprintf("%s, answered %d", s.Text, d.Status)
	}
	return s
}

func (w way) answer() step {
	d := w.decision
	s := step{Kind: "answer", Title: "Answer", State: passed, Text: fmt.Sprintf("%d %s", d.Status, http.StatusText(d.Status)), Millis: new(inMillis(d.Latency))}
	switch {
	case d.Status >= 500:
		s.State = failed
	case d.Status >= 400:
		s.State = stopped
	}
	return s
}
