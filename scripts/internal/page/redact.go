package page

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
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

// hidden stands for a credential.
func hidden(value string) string {
	return fmt.Sprintf("[redacted, %d characters, %s]", utf8.RuneCountInString(value), fingerprint(value))
}

// inHidden is the text of hidden: what is in it is not looked for.
const inHidden = "[redacted, characters, #"

const (
	// shortest is the length of a credential that is looked for anywhere in a text. A
	// shorter one is looked for as a whole word, or where it has less than shortestWord as a
	// whole JSON string.
	shortest, shortestWord = 6, 3
	// noWord is the length from which on a credential is no word of a text of our own.
	noWord = 10
	// mostValues is how many are looked for, mostBytes how long they are together. Where a
	// request has more, what would have to be searched for them is not shown.
	mostValues, mostBytes = 300, 1 << 20
	// mostShown is how much of a document is read and shown.
	mostShown = 256 << 10
	// longestName is the length of a parameter without a value that is taken for a name.
	longestName = 20
	// deepest is how often texts are decoded that are in one another.
	deepest = 5
)

// redactor hides the credentials of a request: where they stand by the names of these
// places, and elsewhere by their values, which it has collected there.
type redactor struct {
	// names are the API's identity sources, in lower case.
	names   map[string]bool
	values  map[string]bool
	bytes   int // of values
	tooMany bool
	// ready tells that all values are collected: long replaces those that are looked for
	// anywhere, short are the words.
	ready bool
	long  *strings.Replacer
	short []string
	// ofLines tells that one has several lines.
	ofLines bool
	// certain replaces those that are no word by which a text of our own could say
	// something.
	certain *strings.Replacer
}

// redactorOf collects the credentials of a request to an API with these identity sources.
func redactorOf(d live.Decision, sources []string) *redactor {
	r := &redactor{names: map[string]bool{}, values: map[string]bool{}}
	for _, source := range sources {
		r.source(source)
	}
	for _, source := range d.Sources {
		if r.source(source.Source) {
			r.add("", source.Value)
		}
	}
	r.query(d.Query, true, 0)
	for _, document := range [][]byte{d.Authorizer.Event, d.Authorizer.Answer, d.Handler.Event, d.Handler.Answer} {
		r.document(document)
	}
	r.prepare()
	return r
}

// source takes the name of an identity source that is of the client's request.
func (r *redactor) source(source string) bool {
	rest, found := strings.CutPrefix(source, "$request.")
	if _, name, _ := strings.Cut(rest, "."); found && name != "" {
		r.names[strings.ToLower(name)] = true
	}
	return found
}

// add takes a credential that was found under a name, as it is and decoded, and what of it
// may stand alone.
func (r *redactor) add(name, value string) {
	if r.ready || r.tooMany {
		return
	}
	for range 4 {
		r.keep(value)
		for _, part := range parts(strings.Contains(strings.ToLower(name), "cookie"), value) {
			r.keep(part)
			r.keep(strings.Trim(part, `"'`))
			r.keep(strings.TrimRight(part, "="))
		}
		plain, err := url.QueryUnescape(value)
		if err != nil || plain == value {
			return
		}
		value = plain
	}
}

func (r *redactor) keep(value string) {
	value = strings.TrimSpace(value)
	if r.tooMany || r.values[value] || strings.Contains(inHidden, value) {
		return
	}
	if r.bytes += len(value); len(r.values) == mostValues || r.bytes > mostBytes {
		r.tooMany = true
		return
	}
	r.values[value] = true
}

// attribute matches the names in a Set-Cookie that are no cookies (RFC 6265, section 4.1.1).
var attribute = regexp.MustCompile(`(?i)^\s*(?:path|domain|expires|max-age|samesite)$`)

// parts are the values of cookies, or what follows a scheme: all of it and each of several,
// the password of Basic, sensitive parameters.
func parts(cookie bool, value string) []string {
	parts := []string{value}
	if cookie {
		for pair := range strings.SplitSeq(value, ";") {
			if name, value, _ := strings.Cut(pair, "="); !attribute.MatchString(name) {
				parts = append(parts, strings.TrimSpace(value))
			}
		}
		return parts
	}
	value = strings.TrimSpace(value)
	if strings.IndexFunc(value, unicode.IsSpace) < 0 {
		return parts
	}
	for i, part := range append([]string{value}, strings.Split(value, ",")...) {
		part = strings.TrimSpace(part)
		rest := part
		if space := strings.IndexFunc(part, unicode.IsSpace); space >= 0 {
			rest = strings.TrimSpace(part[space:])
			parts = append(parts, rest)
			if strings.EqualFold(part[:space], "basic") {
				parts = append(parts, basic(rest)...)
			}
		} else if i > 0 {
			parts = append(parts, part)
		}
		if name, value, found := strings.Cut(rest, "="); found && isSensitive(name) {
			parts = append(parts, value)
		}
	}
	return parts
}

// basic are the user with the password, and the password, of Basic (RFC 7617).
func basic(text string) []string {
	both, err := fromBase64(text)
	if err != nil {
		return nil
	}
	_, password, _ := strings.Cut(string(both), ":")
	return []string{string(both), password}
}

// prepare ends the collection.
func (r *redactor) prepare() {
	long := func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) }
	var values, pairs, certain []string
	for value := range r.values {
		values = append(values, value)
	}
	for _, value := range slices.SortedFunc(slices.Values(values), long) {
		if len(value) < shortest {
			if len(value) >= shortestWord {
				r.short = append(r.short, value)
			}
			continue
		}
		shown := hidden(value)
		r.ofLines = r.ofLines || strings.ContainsAny(value, "\r\n")
		for _, form := range forms(value) {
			pairs = append(pairs, form, shown)
		}
		if len(value) >= noWord {
			certain = pairs
		}
	}
	r.long, r.certain, r.ready = strings.NewReplacer(pairs...), strings.NewReplacer(certain...), true
}

// percent matches an escape of a URL.
var percent = regexp.MustCompile(`%[0-9A-F]{2}`)

// forms are how a value is written: as it is, and as JSON and URLs escape it, once or twice.
func forms(value string) []string {
	all := []string{value, escaped(value, false), escaped(value, true), escaped(escaped(value, false), false)}
	once := url.QueryEscape(value)
	for _, form := range []string{once, url.QueryEscape(once), strings.ReplaceAll(once, "+", "%20"), url.PathEscape(value)} {
		all = append(all, form, percent.ReplaceAllStringFunc(form, strings.ToLower))
	}
	slices.Sort(all[1:])
	return slices.Compact(all)
}

// plain returns a text without what is known or looks like a credential.
func (r *redactor) plain(text string) string {
	if !r.ready {
		return text
	}
	text = r.long.Replace(text)
	for _, word := range r.short {
		text = withoutWord(text, word)
	}
	return shapes(text)
}

// own returns a text of the gateway or the page without credentials. It is not of the
// client's words: one that is the credential, as in "Bearer token", stays.
func (r *redactor) own(text string) string { return shapes(r.certain.Replace(text)) }

// withoutWord hides a word where it stands alone.
func withoutWord(text, word string) string {
	if !strings.Contains(text, word) {
		return text
	}
	inWord := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	first, _ := utf8.DecodeRuneInString(word)
	last, _ := utf8.DecodeLastRuneInString(word)
	var out strings.Builder
	for at := 0; ; {
		i := strings.Index(text[at:], word)
		if i < 0 {
			out.WriteString(text[at:])
			return out.String()
		}
		begin, end := at+i, at+i+len(word)
		before, _ := utf8.DecodeLastRuneInString(text[:begin])
		after, _ := utf8.DecodeRuneInString(text[end:])
		out.WriteString(text[at:begin])
		if inWord(first) && inWord(before) || inWord(last) && inWord(after) {
			out.WriteString(word)
		} else {
			out.WriteString(hidden(word))
		}
		at = end
	}
}

// text returns a text without credentials: a log line, a path, an error.
func (r *redactor) text(text string) string {
	if r.tooMany && text != "" {
		return notShown(len(text)) + " The request has too many values that may be credentials to look for each."
	}
	return r.inner("", text, 0)
}

// notShown stands for what is not searched.
func notShown(bytes int) string { return fmt.Sprintf("[not shown, %d bytes]", bytes) }
