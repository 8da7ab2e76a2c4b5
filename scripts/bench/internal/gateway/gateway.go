// Package gateway measures requests through the local API Gateway, beside the handler that
// answers them invoked directly, and beside serverless-offline.
package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/protected-http-api/protected-http-api/internal/events/token"
	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/bench"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/load"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/report"
)

// Names of what is measured.
const (
	own     = "the local AWS"
	alike   = "serverless-offline"
	fastest = "serverless-offline, in its process, without a database"
	direct  = "the handler invoked directly"

	get      = "public GET"
	cached   = "cached POST"
	uncached = "uncached POST"
)

// missing is the id of an event that is not there: the handler has to ask the table.
const missing = "01KB0000000000000000000000"

// target is a server of the Events API, or what is like it.
type target struct{ name, url string }

// figure is the name of a figure of a target.
func figure(target, kind string, clients int, what string) string {
	return fmt.Sprintf("%s: %s, %d at once: %s", target, kind, clients, what)
}

const (
	rate   = "rate"
	median = "p50"
)

// measurement is the state of the part.
type measurement struct {
	secret []byte
	n      int // requests a batch
	token  string
	// issued counts tokens, each for a caller of its own.
	issued int
}

// Measure fills the part.
func Measure(ctx context.Context, e *bench.Env, part *report.Part) (err error) {
	e.Logf("gateway: deploying the Events API")
	d, err := local.Start(ctx, local.Options{Project: e.Root, Stack: "prod", Temp: e.Temp, Progress: e.Progress, Output: io.Discard, Console: io.Discard, Brief: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	url, err := d.Output("apiUrl")
	if err != nil {
		return err
	}
	m := &measurement{secret: d.Secret, n: e.Repeats(240, 16)}
	if m.token, err = m.issue(); err != nil {
		return err
	}
	invoke, err := directly(d)
	if err != nil {
		return err
	}
	part.Notes = []string{
		fmt.Sprintf("A sample is a batch of %d requests by 1 or 16 clients, which share the machine with the servers. The functions in Go call the local DynamoDB through AWS's SDK, and every call is checked.", m.n),
		"GET asks the table for an event that is not there. A cached POST has a token that the authorizer has judged within the TTL, an uncached one has a token of its own.",
		"serverless-offline is measured as it is by default, with functions in Node that call dynalite through AWS's SDK; and with all in one process and events in a Map, which is the fastest it can do and is no like for like.",
	}
	servers := []target{{own, url}}
	others, stop, err := peers(ctx, e, string(m.secret))
	switch {
	case err == nil:
		defer stop()
		servers = append(servers, others...)
		part.Versions = map[string]string{"serverless-offline": offline, "osls": osls, "dynalite": "4.0.0", "@aws-sdk/client-dynamodb": sdk}
	case !e.Skip(part, err):
		return err
	}
	var sides []bench.Side
	for _, clients := range []int{1, 16} {
		sides = append(sides, m.side(direct, get, clients, func() (func(context.Context, int) error, error) { return invoke, nil }))
	}
	for _, s := range servers {
		for _, clients := range []int{1, 16} {
			sides = append(sides, m.side(s.name, get, clients, func() (func(context.Context, int) error, error) {
				return s.send(http.MethodGet, "/events/"+missing, http.StatusNotFound, nil), nil
			}))
		}
		sides = append(sides, m.side(s.name, cached, 16, func() (func(context.Context, int) error, error) {
			return s.send(http.MethodPost, "/events", http.StatusCreated, func(int) string { return m.token }), nil
		}), m.side(s.name, uncached, 16, func() (func(context.Context, int) error, error) {
			tokens := make([]string, m.n)
			for i := range tokens {
				var err error
				if tokens[i], err = m.issue(); err != nil {
					return nil, err
				}
			}
			return s.send(http.MethodPost, "/events", http.StatusCreated, func(i int) string { return tokens[i] }), nil
		}))
	}
	e.Logf("gateway: sending requests")
	if err := e.Rounds(ctx, part, 1, e.Repeats(25, 5), sides...); err != nil {
		return err
	}
	return compare(part)
}

// side sends a batch of requests, which prepare makes before the time counts.
func (m *measurement) side(name, kind string, clients int, prepare func() (func(context.Context, int) error, error)) bench.Side {
	return bench.Side{
		Name:    figure(name, kind, clients, ""),
		Figures: []bench.Figure{{Name: figure(name, kind, clients, rate), Unit: report.PerSecond}, {Name: figure(name, kind, clients, median), Unit: report.Seconds}},
		Run: func(ctx context.Context) ([]float64, error) {
			request, err := prepare()
			if err != nil {
				return nil, err
			}
			perSecond, p50, err := load.Batch(ctx, clients, m.n, request)
			return []float64{perSecond, p50}, err
		},
	}
}

// issue signs a token for a caller of its own.
func (m *measurement) issue() (string, error) {
	m.issued++
	now := time.Now()
	return token.Sign(m.secret, token.Claims{Subject: fmt.Sprint("usr_", m.issued), IssuedAt: now, ExpiresAt: now.Add(time.Hour), Extra: map[string]any{"permissions": []string{"*"}}})
}

func (t target) send(method, path string, want int, token func(i int) string) func(context.Context, int) error {
	return func(ctx context.Context, i int) error {
		body := io.Reader(http.NoBody)
		if method == http.MethodPost {
			body = strings.NewReader(`{"name":"bench"}`)
		}
		req, err := http.NewRequestWithContext(ctx, method, t.url+path, body)
		if err != nil {
			return err
		}
		if token != nil {
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Authorization", "Bearer "+token(i))
		}
		return load.Send(req, want)
	}
}

// directly invokes the handler of the GET as the developer does with aws lambda invoke.
func directly(d *local.Deployment) (func(context.Context, int) error, error) {
	function, err := d.Function("events", "get-event")
	if err != nil {
		return nil, err
	}
	event, err := json.Marshal(events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "GET /events/{id}", RawPath: "/events/" + missing, PathParameters: map[string]string{"id": missing},
		RequestContext: events.APIGatewayV2HTTPRequestContext{HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: http.MethodGet, Path: "/events/" + missing}},
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, _ int) error {
		out, err := d.AWS.Invoke(ctx, function, event)
		if err == nil && !strings.Contains(string(out.Payload), `"statusCode":404`) {
			err = fmt.Errorf("the handler answers %s", out.Payload)
		}
		return err
	}, nil
}

func compare(part *report.Part) error {
	for _, clients := range []int{1, 16} {
		var target *report.Target
		if clients == 1 {
			target = report.AtMost(300e-6)
		}
		if err := part.Exceed(figure(own, get, clients, median), figure(direct, get, clients, median), target); err != nil {
			return err
		}
	}
	for _, c := range []struct {
		kind    string
		clients int
		target  *report.Target
	}{{get, 1, nil}, {get, 16, report.AtLeast(10)}, {cached, 16, report.AtLeast(10)}, {uncached, 16, report.AtLeast(10)}} {
		for _, peer := range []string{alike, fastest} {
			target := c.target
			if peer == fastest {
				target = nil
			}
			if err := part.Compare(figure(own, c.kind, c.clients, rate), figure(peer, c.kind, c.clients, rate), target); err != nil {
				return err
			}
		}
	}
	return part.Compare(figure(own, uncached, 16, rate), figure(own, cached, 16, rate), report.AtLeast(0.7))
}
