package page

import (
	"net/url"
	"slices"
	"strings"
)

// body is that of a request or an answer: JSON, lines of JSON, a form or a text. What may
// have a credential and is none of them is hidden.
func (r *redactor) body(text string, depth int) string {
	switch {
	case len(text) > mostShown:
		return notShown(len(text))
	case strings.Contains(text, "=") && !strings.ContainsAny(text, " \t\r\n<{"):
		return r.plain(r.query(text, true, depth))
	}
	if shown, is := r.json(text, depth); is {
		return shown
	}
	if names := namesIn(text); len(names) > 0 && !areJSON(text) {
		for _, at := range names {
			r.add("", wordAfter(text[at[1]:]))
		}
		return hidden(text)
	}
	return r.lines(text, depth)
}

// namesIn are the places of sensitive names in a body of unknown syntax.
func namesIn(text string) [][]int {
	if !mayAssign(text) && !strings.Contains(text, `\u00`) {
		return nil
	}
	return inBody.FindAllStringIndex(text, mostValues)
}

// areJSON tells whether each line of a text is JSON.
func areJSON(text string) bool {
	for line := range strings.Lines(text) {
		if _, err := decode([]byte(line)); err != nil && strings.TrimSpace(line) != "" {
			return false
		}
	}
	return true
}

// json returns a text that is JSON without credentials.
func (r *redactor) json(text string, depth int) (string, bool) {
	if trimmed := strings.TrimSpace(text); trimmed == "" || !strings.ContainsRune(`{["`, rune(trimmed[0])) {
		return "", false
	}
	value, err := decode([]byte(text))
	if err != nil {
		return "", false
	}
	return r.plain(string(encodeText(r.value("", value, depth+1), false))), true
}

// inner returns a text that has a name without credentials, whatever it is written in.
func (r *redactor) inner(name, text string, depth int) string {
	switch name = strings.ToLower(name); {
	case text == "":
		return ""
	case r.ready && r.values[text]:
		return hidden(text)
	case len(text) > mostShown:
		return notShown(len(text))
	case depth > deepest:
		return hidden(text)
	case name == "body":
		return r.body(text, depth)
	case name == "rawquerystring" || name == "querystring":
		return r.plain(r.query(text, true, depth))
	}
	if shown, is := r.json(text, depth); is {
		return shown
	}
	if r.inBase64(text, depth) {
		return hidden(text)
	}
	if strings.ContainsAny(text, "=?#") && !strings.ContainsAny(text, " \t\r\n") {
		return r.plain(r.query(text, false, depth))
	}
	return r.lines(text, depth)
}

// lines hides the rest of a line behind a sensitive name and a sign.
func (r *redactor) lines(text string, depth int) string {
	if r.ready && r.ofLines {
		text = r.long.Replace(text)
	}
	var out strings.Builder
	for line := range strings.Lines(text) {
		content := strings.TrimRight(line, "\r\n")
		shown, is := "", false
		if len(content) < len(text) {
			shown, is = r.json(content, depth)
		}
		if !is {
			shown = r.plain(r.line(content))
		}
		out.WriteString(shown + line[len(content):])
	}
	return out.String()
}

func (r *redactor) line(line string) string {
	if !strings.ContainsAny(line, "=:>%") || !mayAssign(line) {
		return line
	}
	for at := 0; ; {
		found := assigned.FindStringSubmatchIndex(line[at:])
		if found == nil {
			return line
		}
		at += found[1]
		value := strings.TrimLeft(line[at:], " \t\"'")
		switch {
		case found[2] >= 0:
		case value == "":
			return line
		default:
			r.add("", wordAfter(value))
			return line[:len(line)-len(value)] + hidden(value)
		}
	}
}

// query returns parameters without credentials, of a URL, a query or a form. In the last
// two a long name without a value may be a credential.
func (r *redactor) query(text string, bare bool, depth int) string {
	var out strings.Builder
	for text != "" {
		end := strings.IndexAny(text, "&;?#")
		if end < 0 {
			end = len(text)
		}
		out.WriteString(r.parameter(text[:end], bare, depth))
		if text = text[end:]; text != "" {
			bare = bare || text[0] == '?' || text[0] == '#'
			out.WriteByte(text[0])
			text = text[1:]
		}
	}
	return out.String()
}

func (r *redactor) parameter(text string, bare bool, depth int) string {
	name, value, _ := strings.Cut(text, "=")
	switch plain := decoded(name); {
	case alone(text):
		if !bare || len(name) <= longestName {
			return text
		}
		r.add("", text)
		return hidden(text)
	case r.sensitive(plain) || strings.EqualFold(plain, "code"):
		r.add(plain, value)
		return name + "=" + hidden(decoded(value))
	}
	plain := decoded(value)
	if shown := r.inner("", plain, depth+1); shown != plain {
		return name + "=" + shown
	}
	return text
}

// alone tells whether a parameter has no value, but for the signs that end base64.
func alone(parameter string) bool {
	_, value, _ := strings.Cut(parameter, "=")
	return strings.Trim(value, "=") == ""
}

// decoded is a text of a URL, also of one that is in another.
func decoded(text string) string {
	for range 3 {
		plain, err := url.QueryUnescape(text)
		if err != nil || plain == text {
			break
		}
		text = plain
	}
	return text
}

// parameterNames are those of a query: their values may be credentials, and so may a long
// name without one.
func parameterNames(query string) string {
	var names []string
	for parameter := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, _, _ := strings.Cut(parameter, "=")
		if alone(parameter) && len(name) > longestName {
			name = hidden(parameter)
		}
		if name = shapes(name); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
