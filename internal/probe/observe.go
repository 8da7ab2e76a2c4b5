package probe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Check is one thing that a step looks at.
type Check struct {
	What     string `json:"what"`
	Expected string `json:"expected"`
	Observed string `json:"observed"`
	Same     bool   `json:"same"`
}

// terms are what stands in the experiments' texts, and what it stands for.
type terms struct{ pairs []string }

func newTerms(pairs ...string) terms { return terms{pairs} }

// fill puts in what the terms stand for.
func (t terms) fill(text string) string { return strings.NewReplacer(t.pairs...).Replace(text) }

// hide puts the terms in: what is reported names no account.
func (t terms) hide(text string) string {
	var turned []string
	for pair := range slices.Chunk(t.pairs, 2) {
		if pair[1] != "" {
			turned = append(turned, pair[1], pair[0])
		}
	}
	return strings.NewReplacer(turned...).Replace(text)
}

func (t terms) check(what, expected, observed string) Check {
	return Check{what, shown(expected, maxShown), shown(t.hide(observed), maxShown), t.fill(expected) == observed}
}

// maxShown is how much of what is compared is in a report.
const maxShown = 1000

// shown is a text, or its beginning.
func shown(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + fmt.Sprintf("… (%d bytes)", len(text))
}

// judge compares a reply with what is expected. runs are those of the authorizer
// that earlier steps have seen.
func (w Want) judge(t terms, r reply, runs map[string]bool) []Check {
	var checks []Check
	add := func(what, expected, observed string) { checks = append(checks, t.check(what, expected, observed)) }
	if w.Status != 0 {
		add("status", strconv.Itoa(w.Status), strconv.Itoa(r.status))
	}
	if w.Body != "" {
		body := string(r.body)
		if body == "" {
			body = Empty
		}
		add("body", w.Body, body)
	}
	for _, name := range slices.Sorted(maps.Keys(w.Header)) {
		observed := Absent
		if values, ok := r.header[http.CanonicalHeaderKey(name)]; ok {
			observed = strings.Join(values, " | ")
		}
		add(name, w.Header[name], observed)
	}
	event := json.RawMessage(r.body)
	for _, path := range slices.Sorted(maps.Keys(w.Event)) {
		add("event "+path, w.Event[path], member(event, path))
	}
	if len(w.AuthorizerEvent) > 0 {
		var authorizerEvent string
		_ = json.Unmarshal([]byte(member(event, "requestContext.authorizer.lambda.event")), &authorizerEvent)
		for _, path := range slices.Sorted(maps.Keys(w.AuthorizerEvent)) {
			add("authorizer's event "+path, w.AuthorizerEvent[path], member(json.RawMessage(authorizerEvent), path))
		}
	}
	run := member(event, "requestContext.authorizer.lambda.run")
	if w.Run != "" {
		observed := Fresh
		switch {
		case !strings.HasPrefix(run, `"`):
			observed = Absent
		case runs[run]:
			observed = Cached
		}
		add("authorizer's answer", w.Run, observed)
	}
	runs[run] = true
	return checks
}

// member is a member of a JSON object by its path with dots: JSON without spaces,
// its names sorted, its numbers as they were written.
func member(object json.RawMessage, path string) string {
	name, rest, deeper := strings.Cut(path, ".")
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return fmt.Sprintf("(no object: %.80q)", string(object))
	}
	value, ok := members[name]
	switch {
	case !ok:
		return Absent
	case deeper:
		if string(value) == "null" {
			return Absent
		}
		return member(value, rest)
	}
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		return err.Error()
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(decoded); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(text.String())
}
