package page

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// salt makes fingerprints worthless to whoever would try to guess what they are of.
var salt = []byte(rand.Text())

// fingerprint tells credentials apart without showing any.
func fingerprint(credential string) string {
	mac := hmac.New(sha256.New, salt)
	_, _ = mac.Write([]byte(credential)) // a hash never fails
	return "#" + hex.EncodeToString(mac.Sum(nil)[:4])
}

// sensitive matches the names of headers, parameters and JSON members whose values are
// credentials. credentialId is a public name, in authz's words.
var sensitive = regexp.MustCompile(`(?i)authorization|token|secret|passw|cookie|session|signature|assertion|jwt|api[-_]?key|access[-_]?key|credential`)

func isSensitive(name string) bool { return name != "credentialId" && sensitive.MatchString(name) }

// shortest is the length of a credential that is looked for anywhere in a text. A shorter
// one is found where it is a whole JSON string.
const shortest = 6

// redactor knows the credentials of a request, to leave them out.
type redactor struct{ values map[string]bool }

// redactorOf finds the credentials of a request: its identity sources, and what has a
// sensitive name in what the functions got and answered.
func redactorOf(d live.Decision) redactor {
	r := redactor{map[string]bool{}}
	for _, source := range d.Sources {
		if strings.HasPrefix(source.Source, "$request.") {
			r.add(source.Source, source.Value)
		}
	}
	for _, document := range [][]byte{d.Authorizer.Event, d.Authorizer.Answer, d.Handler.Event, d.Handler.Answer} {
		var value any
		if json.Unmarshal(document, &value) == nil {
			r.search("", "", value)
		}
	}
	return r
}

// add takes a credential that was found under a name, and what of it may stand alone: what
// follows its scheme, or the values of cookies.
func (r redactor) add(name, value string) {
	if value == "" {
		return
	}
	r.values[value] = true
	var parts []string
	if _, after, found := strings.Cut(value, " "); found && !strings.ContainsAny(after, " =") {
		parts = []string{after}
	}
	if strings.Contains(strings.ToLower(name), "cookie") {
		for pair := range strings.SplitSeq(value, ";") {
			_, cookie, _ := strings.Cut(pair, "=")
			parts = append(parts, strings.TrimSpace(cookie))
		}
	}
	for _, part := range parts {
		if len(part) >= shortest {
			r.values[part] = true
		}
	}
}

// search finds strings below a sensitive name, which is under then, also in texts that are
// JSON or a query.
func (r redactor) search(name, under string, value any) {
	if under == "" && isSensitive(name) {
		under = name
	}
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			r.search(name, under, member)
		}
	case []any:
		for _, element := range value {
			r.search("", under, element)
		}
	case string:
		if under != "" {
			r.add(under, value)
			return
		}
		var inner any
		switch text := strings.TrimSpace(value); {
		case strings.HasPrefix(text, "{") || strings.HasPrefix(text, "["):
			if json.Unmarshal([]byte(text), &inner) == nil {
				r.search("", "", inner)
			}
		case name == "rawQueryString" || name == "body" && strings.Contains(text, "="):
			r.searchQuery(text)
		}
	}
}

// searchQuery finds values below sensitive names, as they are and as they are written.
func (r redactor) searchQuery(query string) {
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		decoded, err := url.QueryUnescape(value)
		if plain, nameErr := url.QueryUnescape(name); err == nil && nameErr == nil && isSensitive(plain) {
			r.add(plain, value)
			r.add(plain, decoded)
		}
	}
}

// hidden stands for a credential.
func hidden(value string) string {
	return fmt.Sprintf("[redacted, %d characters, %s]", utf8.RuneCountInString(value), fingerprint(value))
}

// text returns a text without credentials, among them those that are escaped as JSON and
// URLs do it.
func (r redactor) text(text string) string {
	if len(r.values) == 0 {
		return text
	}
	long := func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) }
	var values []string
	for value := range r.values {
		values = append(values, value)
	}
	var pairs []string
	for _, value := range slices.SortedFunc(slices.Values(values), long) {
		for _, written := range []string{value, escaped(value, false), escaped(value, true), url.QueryEscape(value), url.PathEscape(value)} {
			if len(value) >= shortest {
				pairs = append(pairs, written, hidden(value))
			} else {
				pairs = append(pairs, `"`+written+`"`, `"`+hidden(value)+`"`)
			}
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// escaped is a text as it stands in a JSON string.
func escaped(text string, html bool) string {
	return strings.TrimSuffix(strings.TrimPrefix(string(encodeIndented(text, html)), `"`), `"`)
}

func encodeIndented(value any, html bool) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(html)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(value) // into memory, of what was JSON
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// value returns a JSON value without credentials.
func (r redactor) value(value any) any {
	switch value := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(value))
		for name, member := range value {
			out[r.text(name)] = r.value(member)
		}
		return out
	case []any:
		for i, element := range value {
			value[i] = r.value(element)
		}
	case string:
		if r.values[value] {
			return hidden(value)
		}
		return r.text(value)
	}
	return value
}

// mostShown is how much of a document is shown.
const mostShown = 256 << 10

// document is JSON, indented, without credentials; what is no JSON is a text.
func (r redactor) document(raw []byte) string {
	text := string(raw)
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) == nil && !decoder.More() {
		text = string(encodeIndented(r.value(value), false))
	} else {
		text = r.text(text)
	}
	if len(text) > mostShown {
		text = strings.ToValidUTF8(text[:mostShown], "") + "\n… " + strconv.Itoa(len(text)-mostShown) + " more bytes"
	}
	return text
}
