package page

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// document is JSON, indented, without credentials; what is no JSON is a text.
func (r *redactor) document(raw []byte) string {
	if raw = small(raw); r.tooMany && len(raw) > 0 {
		return r.text(string(raw))
	}
	var text string
	if value, err := decode(raw); err == nil {
		text = indented(encodeText(r.value("", value, 0), false))
	} else {
		text = r.body(string(raw), 0)
	}
	if len(text) > mostShown {
		text = strings.ToValidUTF8(text[:mostShown], "") + "\n… " + strconv.Itoa(len(text)-mostShown) + " more bytes"
	}
	return text
}

// small is a document without what is too long to be read.
func small(raw []byte) []byte {
	if len(raw) <= mostShown {
		return raw
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return encode(notShown(len(raw)))
	}
	for name, member := range members {
		if len(member) > mostShown/2 {
			members[name] = encode(notShown(len(member)))
		}
	}
	if short := encode(members); len(short) <= mostShown {
		return short
	}
	return encode(notShown(len(raw)))
}

// decode reads JSON with nothing behind it.
func decode(raw []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if rest := bytes.TrimSpace(raw[decoder.InputOffset():]); len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes follow", len(rest))
	}
	return value, nil
}

// escaped is a text as it stands in a JSON string.
func escaped(text string, html bool) string {
	return strings.TrimSuffix(strings.TrimPrefix(string(encodeText(text, html)), `"`), `"`)
}

func encodeText(value any, html bool) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(html)
	_ = encoder.Encode(value) // into memory, of what was JSON
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// mostIndented is the depth of JSON that is indented: what is deeper would be mostly blanks.
const mostIndented = 64

func indented(raw []byte) string {
	depth := 0
	for _, c := range raw {
		switch c {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if depth > mostIndented {
			return string(raw)
		}
	}
	var b bytes.Buffer
	_ = json.Indent(&b, raw, "", "  ") // it is JSON
	return b.String()
}

// value returns a JSON value that has a name without credentials.
func (r *redactor) value(name string, value any, depth int) any {
	if r.sensitive(name) {
		r.collect(name, value)
		return conceal(value)
	}
	switch value := value.(type) {
	case map[string]any:
		return r.object(name, value, depth)
	case []any:
		if first, of := named(value); of != nil && name != "identitySource" && r.sensitive(first) {
			return []any{r.plain(first), r.value(first, of, depth)}
		}
		for i, element := range value {
			value[i] = r.value("", element, depth)
		}
	case string:
		return r.inner(name, value, depth)
	case json.Number:
		if len(value) >= shortest && r.values[value.String()] {
			return hidden(value.String())
		}
	}
	return value
}

// named finds the name of a value in a list of both: ["password","…"].
func named(list []any) (name string, of any) {
	if len(list) == 2 {
		if name, is := list[0].(string); is && !strings.ContainsAny(name, " \t\r\n") {
			return name, list[1]
		}
	}
	return "", nil
}

// object returns an object that has a name without credentials. Headers, parameters and
// bodies are known by it.
func (r *redactor) object(name string, members map[string]any, depth int) any {
	name = strings.ToLower(name)
	headers := name == "headers" || name == "multivalueheaders"
	queried := strings.HasSuffix(name, "querystringparameters")
	nameMember, under := pair(members)
	out := make(map[string]any, len(members))
	for name, member := range members {
		text, isText := member.(string)
		switch {
		case headers && !r.sensitive(name) && !harmless.MatchString(strings.ToLower(name)):
			r.collectLong(name, member)
			member = conceal(member)
		case queried && strings.EqualFold(name, "code"):
			r.collect(name, member)
			member = conceal(member)
		case name == "body" && isText && members["isBase64Encoded"] == true:
			member = r.encoded(text, depth)
		case name == nameMember:
			member = r.plain(under)
		case nameMember != "" && r.sensitive(under):
			r.collect(under, member)
			member = conceal(member)
		default:
			member = r.value(name, member, depth)
		}
		out[r.plain(name)] = member
	}
	return out
}

// pair finds which member of an object has the name of what the others have:
// {"name":"password","value":"…"}.
func pair(members map[string]any) (member, name string) {
	for _, member := range []string{"name", "Name", "key", "Key", "field", "header", "parameter"} {
		for _, value := range []string{"value", "Value", "values", "Values"} {
			if _, found := members[value]; found {
				if name, is := members[member].(string); is {
					return member, name
				}
			}
		}
	}
	return "", ""
}

// collect takes all texts and numbers of a value that stands below a sensitive name.
func (r *redactor) collect(name string, value any) {
	if r.ready || r.tooMany {
		return
	}
	switch value := value.(type) {
	case map[string]any:
		for _, member := range value {
			r.collect(name, member)
		}
	case []any:
		for _, element := range value {
			r.collect(name, element)
		}
	case string:
		r.add(name, value)
	case json.Number:
		r.add(name, value.String())
	}
}

// collectLong takes texts that are too long to be common words, of a header that is only
// not known to be harmless.
func (r *redactor) collectLong(name string, value any) {
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			r.collectLong(name, element)
		}
	case string:
		if len(value) >= shortest {
			r.keep(value)
		}
	}
}

// conceal hides a value: a list by its elements, another as a whole.
func conceal(value any) any {
	switch value := value.(type) {
	case nil:
		return nil
	case string:
		if value == "" {
			return ""
		}
		return hidden(value)
	case []any:
		for i, element := range value {
			value[i] = conceal(element)
		}
		return value
	}
	return hidden(string(encodeText(value, false)))
}

// encoded is a body in base64: its text, where it is one.
func (r *redactor) encoded(text string, depth int) string {
	if text == "" {
		return ""
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	switch {
	case err != nil:
		return hidden(text)
	case !utf8.Valid(raw):
		return fmt.Sprintf("[base64 of %d bytes, which are no text]", len(raw))
	}
	shown := r.body(string(raw), depth)
	if shown != string(raw) { // it has a credential, and so does what it is written in
		r.add("", text)
	}
	return "[decoded from base64] " + shown
}

// base64Text matches what is long enough to be a text with a credential, in base64.
var base64Text = regexp.MustCompile(`^[A-Za-z0-9+/_-]{12,}={0,2}$`)

// inBase64 tells whether a text is base64 of one with a credential.
func (r *redactor) inBase64(text string, depth int) bool {
	if !base64Text.MatchString(text) {
		return false
	}
	raw, err := fromBase64(text)
	if err != nil || !utf8.Valid(raw) || r.body(string(raw), depth+1) == string(raw) {
		return false
	}
	r.add("", text)
	return true
}

// fromBase64 reads base64 of either alphabet, with its padding or without (RFC 4648).
func fromBase64(text string) ([]byte, error) {
	return base64.RawStdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "=")))
}
