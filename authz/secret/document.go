package secret

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/strictjson"
)

// Entry is one secret of a [Document]: the text that [authz.ParseSecret] reads, or
// a public key in PEM, and the id of its key, if it has one. The zero Entry is
// none. Printed, logged or marshalled, it does not show the secret.
type Entry struct {
	// ID is the key's id, the kid of tokens; empty for none.
	ID string
	// Role says where the entry stands, for errors: "current", "previous",
	// "next", "key 1"; empty for a value that is one secret.
	Role string
	// value is a function, because fmt prints unexported fields of a struct
	// around it without asking Format.
	value func() string
}

// NewEntry returns the entry of a secret as it is written down, with the id of its
// key, empty for none. Neither is checked: [ParseKeys] of the document does it.
func NewEntry(id, value string) Entry { return Entry{ID: id, value: func() string { return value }} }

// Value returns the secret as it is written down, empty for the zero Entry. It must
// not reach a log or an error.
func (e Entry) Value() string {
	if e.value == nil {
		return ""
	}
	return e.value()
}

// IsZero reports whether there is no entry.
func (e Entry) IsZero() bool { return e.value == nil }

// Format prints a placeholder, for every verb.
func (e Entry) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

// MarshalText returns a placeholder. [Document.Encode] writes the secrets.
func (e Entry) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Document is the content of a secret parameter: one secret, or several, so that
// a secret can be rotated without an outage. A program that rotates reads the
// parameter, takes one step ([Document.Prepare], [Document.Rotate],
// [Document.Finish]) and puts back what [Document.Encode] returns; authorizers
// find the change by themselves. Steps return a changed copy.
//
// No error shows any part of it, not even the name of a member: who mistakes one
// place for another writes a secret there.
type Document struct {
	// Current is what is signed with. Required, unless there are Keys. Previous
	// was that before, Next will be: both are accepted. They are optional.
	Current, Previous, Next Entry
	// Keys are the keys of several users of the API, in the document's order.
	// It is empty unless the document has this form instead.
	Keys []Entry
}

// Entries returns all secrets that are accepted: the current one, the previous and
// the next, or else the Keys.
func (d Document) Entries() []Entry {
	if len(d.Keys) > 0 {
		return d.Keys
	}
	entries := []Entry{d.Current}
	for _, e := range []Entry{d.Previous, d.Next} {
		if !e.IsZero() {
			entries = append(entries, e)
		}
	}
	return entries
}

// ParseDocument reads the value of a secret parameter. If its first character
// other than white space is an opening brace, it is a document, else it is one
// secret, the Current of a document. Documents are
//
//	{"current": K, "previous": K, "next": K}   (the last two are optional)
//	{"keys": {"key id": "secret", …}}
//
// where K is "secret" or {"kid": "key id", "secret": "secret"}. Anything else,
// unknown and repeated members included, is authz.ErrMisconfigured. The secrets
// themselves are not judged: [ParseKeys] does that.
func ParseDocument(value string) (Document, error) {
	// A byte order mark is an editor's doing, as white space is.
	text := strings.TrimLeft(value, " \t\r\n\ufeff")
	if !strings.HasPrefix(text, "{") {
		return Document{Current: NewEntry("", value)}, nil
	}
	members, err := object(text)
	if err != nil {
		return Document{}, err
	}
	var d Document
	for _, m := range members {
		switch m.Name {
		case "current":
			d.Current, err = readEntry(m)
		case "previous":
			d.Previous, err = readEntry(m)
		case "next":
			d.Next, err = readEntry(m)
		case "keys":
			d.Keys, err = readKeys(m)
		case "kty":
			err = wrong("is a JSON Web Key; " + authz.UseJWTAuthorizer)
		default:
			err = wrong(`has a member other than "current", "previous", "next" and "keys"`)
		}
		if err != nil {
			return Document{}, err
		}
	}
	switch {
	case d.Keys != nil && len(members) > 1:
		return Document{}, wrong(`has other members beside "keys"`)
	case d.Keys == nil && d.Current.IsZero():
		return Document{}, wrong(`has no "current"`)
	}
	return d, nil
}

// Encode returns the document as JSON, which ParseDocument reads: the value to put
// into the parameter. It has the secrets in it. Keys are in the order of their ids.
func (d Document) Encode() string {
	out := map[string]any{}
	for name, e := range map[string]Entry{"current": d.Current, "previous": d.Previous, "next": d.Next} {
		switch {
		case e.IsZero():
		case e.ID == "":
			out[name] = e.Value()
		default:
			out[name] = map[string]string{"kid": e.ID, "secret": e.Value()}
		}
	}
	if len(d.Keys) > 0 {
		keys := make(map[string]string, len(d.Keys))
		for _, e := range d.Keys {
			keys[e.ID] = e.Value()
		}
		out["keys"] = keys
	}
	text, _ := json.Marshal(out) // of strings
	return string(text)
}

func wrong(what string) error {
	return fmt.Errorf("%w: the secret document %s", authz.ErrMisconfigured, what)
}

// object reads a document's members.
func object(text string) ([]strictjson.Member, error) {
	members, err := strictjson.Members([]byte(text))
	var repeated *strictjson.RepeatedError
	switch {
	case errors.As(err, &repeated) && slices.Contains([]string{"current", "previous", "next", "keys"}, repeated.In):
		return nil, wrong(fmt.Sprintf("%v in %q", err, repeated.In))
	case errors.Is(err, strictjson.ErrSyntax):
		return nil, wrong("is not valid JSON")
	case err != nil:
		return nil, wrong(err.Error())
	}
	return members, nil
}

// readEntry reads a K.
func readEntry(m strictjson.Member) (Entry, error) {
	if m.Value[0] == '"' {
		return entryOf(m, "", m.Name)
	}
	if m.Value[0] != '{' {
		return Entry{}, wrong(fmt.Sprintf(`has in %q neither a string nor an object with "kid" and "secret"`, m.Name))
	}
	members, err := strictjson.Members(m.Value)
	if err != nil {
		return Entry{}, wrong(err.Error())
	}
	var id, secret Entry
	for _, part := range members {
		switch part.Name {
		case "kid":
			id, err = entryOf(part, "", m.Name)
		case "secret":
			secret, err = entryOf(part, "", m.Name)
		default:
			err = wrong(fmt.Sprintf(`has in %q a member other than "kid" and "secret"`, m.Name))
		}
		if err != nil {
			return Entry{}, err
		}
	}
	if id.Value() == "" || secret.IsZero() {
		return Entry{}, wrong(fmt.Sprintf(`has in %q not both "kid" and "secret"`, m.Name))
	}
	secret.ID = id.Value()
	return secret, nil
}

// readKeys reads the member "keys".
func readKeys(m strictjson.Member) ([]Entry, error) {
	if m.Value[0] == '[' {
		return nil, wrong("is a JSON Web Key Set; " + authz.UseJWTAuthorizer)
	}
	if m.Value[0] != '{' {
		return nil, wrong(`has in "keys" something other than an object`)
	}
	members, err := strictjson.Members(m.Value)
	if err != nil {
		return nil, wrong(err.Error())
	}
	entries := make([]Entry, 0, len(members))
	for i, part := range members {
		e, err := entryOf(part, part.Name, fmt.Sprintf("key %d", i+1))
		if err != nil {
			return nil, err
		}
		if e.ID == "" {
			return nil, wrong(`has in "keys" a key without an id`)
		}
		entries = append(entries, e)
	}
	if len(entries) == 0 {
		return nil, wrong(`has no key in "keys"`)
	}
	return entries, nil
}

// entryOf reads a member that must be a string.
func entryOf(m strictjson.Member, id, role string) (Entry, error) {
	s, ok := strictjson.String(m.Value)
	if !ok {
		return Entry{}, wrong(fmt.Sprintf("has in %q something other than a string", role))
	}
	e := NewEntry(id, s)
	e.Role = role
	return e, nil
}
