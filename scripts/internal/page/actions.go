package page

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/strictjson"
)

// mostBody is how long a request to the page may be: as long as a request to an API, as
// JSON.
const mostBody = 12 << 20

// read reads a request's JSON.
func read(w http.ResponseWriter, r *http.Request, into any) error {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind != "application/json" {
		return fmt.Errorf("the content type is %q: send application/json", kind)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if err != nil {
		return fmt.Errorf("reading the request, which may have %d bytes: %w", mostBody, err)
	}
	if _, err := strictjson.Members(body); err != nil {
		return fmt.Errorf("the request %w: send one object", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	err = decoder.Decode(into)
	var mistyped *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &mistyped):
		return fmt.Errorf("%q is a %s: send %s", mistyped.Field, mistyped.Value, kinds[mistyped.Type.Kind()])
	}
	if name, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
		return fmt.Errorf("the request has a member %s, which nothing is known of: leave it out", name)
	}
	return err
}

// kinds are what the members of a request can be.
var kinds = map[reflect.Kind]string{reflect.Int: "a whole number", reflect.Bool: "true or false", reflect.String: "a string"}

// act makes a handler of an action that has no answer.
func act[T any](run func(T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in T
		err := read(w, r, &in)
		if err == nil {
			err = run(in)
		}
		if err != nil {
			fail(w, http.StatusBadRequest, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(encode(value)) // to a page that may have gone
}

func fail(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(encode(failure{err.Error()}))
}

func (p *Page) emptyCache(in emptyCache) error {
	aws, err := p.served()
	if err != nil {
		return err
	}
	if err := aws.ResetAuthorizersCache(in.API, in.Stage); err != nil {
		return fmt.Errorf("emptying the cache of the stage %q of the API %q: %w", in.Stage, in.API, err)
	}
	p.changed()
	return nil
}

// mostAhead is longer than any TTL, in seconds.
const mostAhead = 24 * 60 * 60

func (p *Page) skipAhead(in skipAhead) error {
	if in.Seconds < 1 || in.Seconds > mostAhead {
		return fmt.Errorf("%d seconds ahead are out of range: 1 to %d", in.Seconds, mostAhead)
	}
	aws, err := p.served()
	if err != nil {
		return err
	}
	aws.SkipAhead(time.Duration(in.Seconds) * time.Second)
	p.changed()
	return nil
}

// stoppable are the services that can be stopped, by their signing names.
var stoppable = []service{
	{Name: "ssm", Title: "Systems Manager"}, {Name: "dynamodb", Title: "DynamoDB"}, {Name: "secretsmanager", Title: "Secrets Manager"},
}

func (p *Page) setOutage(in outage) error {
	if !slices.ContainsFunc(stoppable, func(s service) bool { return s.Name == in.Service }) {
		return fmt.Errorf("the service %q cannot be stopped: ssm, dynamodb and secretsmanager can", in.Service)
	}
	aws, err := p.served()
	if err != nil {
		return err
	}
	aws.SetOutage(in.Service, in.Down)
	p.changed()
	return nil
}

func (p *Page) redeploy(struct{}) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current.request == nil {
		return errNotServed
	}
	p.current.request()
	return nil
}

// try answers POST try.
func (p *Page) try(w http.ResponseWriter, r *http.Request) {
	var in try
	err := read(w, r, &in)
	c := p.now()
	if err == nil && c.callers == nil {
		err = errNotServed
	}
	var out tried
	if err == nil {
		out, err = trier{c.callers}.send(r.Context(), c.local, in)
	}
	if err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	answer(w, out)
}

var errNotServed = errors.New("nothing is deployed yet: wait for the deployment")
