// Package events is the domain of the Events API: what an event is, and the
// store that keeps events in DynamoDB. Requests and responses are left to
// package api, the names of keys and index to package schema.
package events

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"
)

// MaxNameLength is the greatest length of an event's name, in Unicode code
// points, after white space around it has been removed.
const MaxNameLength = 256

// timeLayout is RFC 3339 with three fractional digits, always: times of one
// width sort as strings as they do as times, which time.RFC3339Nano's do not.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// Event is one event, as clients see it.
type Event struct {
	// ID is a ULID in its canonical upper-case form.
	ID string `json:"id"`
	// Name is what ParseName returned.
	Name string `json:"name"`
	// CreatedBy is the user id of the identity that created the event.
	CreatedBy string `json:"createdBy"`
	// CreatedAt is RFC 3339, UTC, with exactly three fractional digits, so
	// that the order of the strings is the order of the times.
	CreatedAt string `json:"createdAt"`
}

// InvalidError is a value that an event cannot have. Its text is fit for the
// client that sent the value.
type InvalidError struct {
	// Member is the event's JSON member, for instance "name".
	Member string
	// Problem says what is wrong and what is allowed.
	Problem string
}

func (e *InvalidError) Error() string { return fmt.Sprintf("%q %s", e.Member, e.Problem) }

// ParseName removes the white space around a name and returns it if an event
// may have it: 1 to MaxNameLength code points of valid UTF-8, without control
// characters. U+FFFD is refused too: it is what Go's JSON decoder makes of
// half a surrogate pair, so a name that holds it has been damaged on its way.
// Every error is an *InvalidError.
func ParseName(name string) (string, error) {
	name = strings.TrimSpace(name)
	problem := ""
	switch n := utf8.RuneCountInString(name); {
	case !utf8.ValidString(name) || strings.ContainsRune(name, utf8.RuneError):
		problem = "is not valid Unicode text"
	case n == 0:
		problem = fmt.Sprintf("is empty; allowed are 1 to %d characters", MaxNameLength)
	case n > MaxNameLength:
		problem = fmt.Sprintf("has %d characters; allowed are 1 to %d", n, MaxNameLength)
	case strings.ContainsFunc(name, unicode.IsControl):
		problem = "holds a control character; allowed is a single line of text"
	default:
		return name, nil
	}
	return "", &InvalidError{Member: "name", Problem: problem}
}

// validID reports whether id is a ULID in the one form that the store writes.
// Other spellings of the same ULID, such as lower case, name no event.
func validID(id string) bool {
	u, err := ulid.ParseStrict(id)
	return err == nil && u.String() == id
}

// validTime reports whether s is a time in the one form that the store writes.
func validTime(s string) bool {
	t, err := time.Parse(timeLayout, s)
	return err == nil && t.UTC().Format(timeLayout) == s
}
