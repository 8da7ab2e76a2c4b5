package authz

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Formats of the authorizer event (API Gateway developer guide, "Control access to
// HTTP APIs with AWS Lambda authorizers").
const (
	format1 = "1.0"
	format2 = "2.0"
)

// parseEvent reads what an authorizer uses of an event of either format, and nothing
// else, into a request. The text may be any: what is no JSON object, or has a value of
// another type than it should have, is an error. So is a member that is there twice,
// and one that is written in another case: encoding/json would take the last of them.
// An event of another version is a request with nothing in it.
func parseEvent(payload []byte) (r Request, version string, err error) {
	text := string(payload) // of which the request's texts are parts
	version, good := versionOf(text)
	if good {
		in := jsonText{text: text}
		switch version {
		case format1:
			r = in.requestV1()
		case format2:
			r = in.request()
		default:
			in.skip()
		}
		good = in.end()
	}
	if !good {
		return Request{}, version, fmt.Errorf("%w: the event is not one of an authorizer of an HTTP API", ErrMisconfigured)
	}
	return r, version, nil
}

// versionOf reads up to the version of an event, which API Gateway writes first.
func versionOf(text string) (version string, good bool) {
	in, seen := jsonText{text: text}, uint(0)
	if in.ahead() != '{' { // null too
		return "", false
	}
	for more := in.open('{'); more; more = in.more('}') {
		if in.member([]string{"version"}, &seen) == 0 {
			version = in.string()
			return version, !in.wrong
		}
		in.skip()
	}
	return "", !in.wrong
}

// The members that are read.
var (
	eventMembers     = []string{"version", "routeArn", "identitySource", "routeKey", "rawPath", "rawQueryString", "headers", "pathParameters", "requestContext"}
	contextMembers   = []string{"domainName", "http", "requestId", "stage"}
	httpMembers      = []string{"method", "sourceIp"}
	eventV1Members   = []string{"version", "methodArn", "identitySource", "resource", "path", "httpMethod", "headers", "multiValueHeaders", "pathParameters", "requestContext"}
	contextV1Members = []string{"requestId", "stage", "identity"}
	identityMembers  = []string{"sourceIp"}
)

// request reads an event of format 2.0.
func (in *jsonText) request() (r Request) {
	in.object(eventMembers, func(i int) {
		switch eventMembers[i] {
		case "version":
			in.skip() // it has been read
		case "routeArn":
			r.RouteARN = in.string()
		case "identitySource":
			r.identity = in.strings()
		case "routeKey":
			r.RouteKey = in.string()
		case "rawPath":
			r.Path = in.string()
		case "rawQueryString":
			r.RawQuery = in.string()
		case "headers":
			r.Headers = in.stringMap(usualHeaders)
		case "pathParameters":
			r.PathParameters = in.stringMap(0)
		case "requestContext":
			in.object(contextMembers, func(i int) {
				switch contextMembers[i] {
				case "domainName":
					r.Host = in.string()
				case "http":
					in.object(httpMembers, func(i int) {
						switch httpMembers[i] {
						case "method":
							r.Method = in.string()
						case "sourceIp":
							r.SourceIP = in.string()
						}
					})
				case "requestId":
					r.RequestID = in.string()
				case "stage":
					r.Stage = in.string()
				}
			})
		}
	})
	return r
}

// requestV1 reads an event of format 1.0.
func (in *jsonText) requestV1() Request {
	r := Request{ownMethod: true}
	var identity, resource string
	var headers map[string]string
	var repeated map[string][]string
	in.object(eventV1Members, func(i int) {
		switch eventV1Members[i] {
		case "version":
			in.skip()
		case "methodArn":
			r.RouteARN = in.string()
		case "identitySource":
			identity = in.string()
		case "resource":
			resource = in.string()
		case "path":
			r.Path = in.string()
		case "httpMethod":
			r.Method = in.string()
		case "headers":
			headers = in.stringMap(usualHeaders)
		case "multiValueHeaders":
			repeated = in.listMap()
		case "pathParameters":
			r.PathParameters = in.stringMap(0)
		case "requestContext":
			in.object(contextV1Members, func(i int) {
				switch contextV1Members[i] {
				case "requestId":
					r.RequestID = in.string()
				case "stage":
					r.Stage = in.string()
				case "identity":
					in.object(identityMembers, func(int) { r.SourceIP = in.string() })
				}
			})
		}
	})
	r.RouteKey = r.Method + " " + resource
	r.Headers = joinHeaders(headers, repeated)
	r.Host = r.Headers["host"]
	if identity != "" {
		r.identity = []string{identity}
	}
	return r
}

// usualHeaders is room for as many headers as a request of a browser has.
const usualHeaders = 20

// joinHeaders returns the headers of an event of format 1.0 with their names in lower
// case. Those of the event keep their case: two that differ in nothing else are one
// repeated header. Of a repeated header headers has one value, and multiValueHeaders
// all.
func joinHeaders(headers map[string]string, multiValueHeaders map[string][]string) map[string]string {
	repeated := make(map[string][]string, len(multiValueHeaders))
	for _, name := range slices.Sorted(maps.Keys(multiValueHeaders)) {
		lower := strings.ToLower(name)
		repeated[lower] = append(repeated[lower], multiValueHeaders[name]...)
	}
	values := maps.Clone(repeated)
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		lower, value := strings.ToLower(name), headers[name]
		all := repeated[lower]
		if len(all) == 0 || !slices.Contains(all, value) && value != strings.Join(all, ",") {
			values[lower] = append(values[lower], value)
		}
	}
	joined := make(map[string]string, len(values))
	for name, all := range values {
		joined[name] = strings.Join(all, ",")
	}
	return joined
}

// jsonText goes once over a text that is to be JSON (RFC 8259). With the first thing
// that is wrong it is at its end, so that each loop ends too. A null is the zero value
// of every type.
type jsonText struct {
	text  string
	at    int
	depth int
	wrong bool
}

// maxDepth is how deep values may stand in each other: as in encoding/json.
const maxDepth = 10_000

func (in *jsonText) fail() { in.wrong, in.at = true, len(in.text) }

// ahead skips white space and returns the character behind it; 0 at the end.
func (in *jsonText) ahead() byte {
	for ; in.at < len(in.text); in.at++ {
		if c := in.text[in.at]; c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c
		}
	}
	return 0
}

// end reports whether the text was good and is over.
func (in *jsonText) end() bool { return in.ahead() == 0 && in.at == len(in.text) && !in.wrong }

// take goes over a character behind white space, which has to be there.
func (in *jsonText) take(c byte) {
	if in.ahead() == c && in.at < len(in.text) {
		in.at++
	} else {
		in.fail()
	}
}

// null goes over a null and reports whether there was one.
func (in *jsonText) null() bool {
	if in.ahead() != 'n' {
		return false
	}
	in.literal("null")
	return true
}

func (in *jsonText) literal(word string) {
	if strings.HasPrefix(in.text[in.at:], word) {
		in.at += len(word)
	} else {
		in.fail()
	}
}

// open goes into an object or an array, and reports whether it has an element; more
// goes on behind an element, and reports whether there is another.
func (in *jsonText) open(bracket byte) bool {
	if in.null() {
		return false
	}
	in.take(bracket)
	if in.depth++; in.depth > maxDepth {
		in.fail()
	}
	if in.ahead() == bracket+2 { // ] and } are the second behind [ and {
		return in.more(bracket + 2)
	}
	return !in.wrong
}

func (in *jsonText) more(bracket byte) bool {
	if in.ahead() == ',' {
		in.at++
		return true
	}
	in.take(bracket)
	in.depth--
	return false
}

// object calls read for each member of an object that is named, with its index, to read
// the value.
func (in *jsonText) object(names []string, read func(int)) {
	seen := uint(0)
	for more := in.open('{'); more; more = in.more('}') {
		if i := in.member(names, &seen); i >= 0 {
			read(i)
		} else {
			in.skip()
		}
	}
}

// member reads the name of a member up to its value, and returns its index; -1 if it is
// none of the names. A second of the same name, in whatever case, is wrong.
func (in *jsonText) member(names []string, seen *uint) int {
	name := in.name()
	for i, known := range names {
		if name == known && *seen>>i&1 == 0 {
			*seen |= 1 << i
			return i
		}
	}
	for _, known := range names {
		if strings.EqualFold(name, known) {
			in.fail()
		}
	}
	return -1
}

func (in *jsonText) name() string {
	in.ahead()
	name := in.quoted()
	in.take(':')
	return name
}

func (in *jsonText) string() string {
	if in.null() {
		return ""
	}
	return in.quoted()
}

// quoted reads a string.
func (in *jsonText) quoted() string {
	in.take('"')
	for i := in.at; i < len(in.text); i++ {
		switch c := in.text[i]; {
		case c == '"':
			s := in.text[in.at:i]
			in.at = i + 1
			return s
		case c == '\\' || c >= 0x80:
			return in.escaped(i)
		case c < ' ':
			in.fail()
			return ""
		}
	}
	in.fail()
	return ""
}

// escaped reads a string of which i is the first character that does not stand for
// itself, as encoding/json does: what is not UTF-8 becomes U+FFFD.
func (in *jsonText) escaped(i int) string {
	for ; i < len(in.text) && in.text[i] != '"'; i++ {
		if in.text[i] == '\\' {
			i++
		}
	}
	var s string
	if i >= len(in.text) || json.Unmarshal([]byte(in.text[in.at-1:i+1]), &s) != nil {
		in.fail()
		return ""
	}
	in.at = i + 1
	return s
}

func (in *jsonText) strings() (list []string) {
	for more := in.open('['); more; more = in.more(']') {
		list = append(list, in.string())
	}
	return list
}

// stringMap and listMap read an object with texts, or lists of them. A name that is there
// twice is wrong.
func (in *jsonText) stringMap(room int) map[string]string {
	var m map[string]string
	for more := in.open('{'); more; more = in.more('}') {
		if m == nil {
			m = make(map[string]string, room)
		}
		before, name := len(m), in.name()
		m[name] = in.string()
		in.unlessNew(before, len(m))
	}
	return m
}

func (in *jsonText) listMap() map[string][]string {
	m := map[string][]string{}
	for more := in.open('{'); more; more = in.more('}') {
		before, name := len(m), in.name()
		m[name] = in.strings()
		in.unlessNew(before, len(m))
	}
	return m
}

func (in *jsonText) unlessNew(before, after int) {
	if before == after {
		in.fail()
	}
}

// skip goes over a value of any type.
func (in *jsonText) skip() {
	switch c := in.ahead(); c {
	case '{':
		for more := in.open(c); more; more = in.more('}') {
			in.name()
			in.skip()
		}
	case '[':
		for more := in.open(c); more; more = in.more(']') {
			in.skip()
		}
	case '"':
		in.quoted()
	case 't':
		in.literal("true")
	case 'f':
		in.literal("false")
	case 'n':
		in.literal("null")
	default:
		in.number()
	}
}

// number goes over a number (RFC 8259 section 6).
func (in *jsonText) number() {
	in.optional("-")
	if !in.optional("0") {
		in.digits()
	}
	if in.optional(".") {
		in.digits()
	}
	if in.optional("eE") {
		in.optional("+-")
		in.digits()
	}
}

// optional goes over a character if it is one of these.
func (in *jsonText) optional(characters string) bool {
	there := in.at < len(in.text) && strings.IndexByte(characters, in.text[in.at]) >= 0
	if there {
		in.at++
	}
	return there
}

func (in *jsonText) digits() {
	start := in.at
	for in.at < len(in.text) && '0' <= in.text[in.at] && in.text[in.at] <= '9' {
		in.at++
	}
	if in.at == start {
		in.fail()
	}
}
