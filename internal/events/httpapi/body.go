package httpapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxQuoted bounds what of a client's text is repeated in an error.
const maxQuoted = 64

// Body returns the body of a request that has to be JSON of at most limit
// bytes. The errors are *Error: 415 for another media type or charset than
// UTF-8, the only one that JSON has (RFC 8259 section 8.1), 413 for a longer
// body, 400 for base64 that cannot be decoded.
func Body(req Request, limit int) ([]byte, error) {
	contentType := req.Headers["content-type"]
	mediaType, params, err := mime.ParseMediaType(contentType)
	if err != nil || mediaType != "application/json" {
		return nil, Errorf(http.StatusUnsupportedMediaType, "content type is %q; allowed is \"application/json\"", Clip(contentType))
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return nil, Errorf(http.StatusUnsupportedMediaType, "charset is %q; allowed is \"utf-8\"", Clip(charset))
	}
	body := []byte(req.Body)
	if req.IsBase64Encoded {
		if body, err = base64.StdEncoding.DecodeString(req.Body); err != nil {
			return nil, Errorf(http.StatusBadRequest, "request body is not valid base64")
		}
	}
	if len(body) > limit {
		return nil, Errorf(http.StatusRequestEntityTooLarge, "request body has %d bytes; allowed are at most %d", len(body), limit)
	}
	return body, nil
}

// Object reads body as one JSON object whose members are all among allowed,
// each at most once, in exactly this spelling, and returns them undecoded.
// encoding/json by itself would take "NAME" for "name", the last of two equal
// names, and damaged UTF-8. Errors are *Error with status 400.
func Object(body []byte, allowed ...string) (map[string]json.RawMessage, error) {
	if !utf8.Valid(body) {
		return nil, Errorf(http.StatusBadRequest, "request body is not valid UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, Errorf(http.StatusBadRequest, "request body is not a JSON object")
	}
	members := map[string]json.RawMessage{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, malformed()
		}
		if !slices.Contains(allowed, name) {
			return nil, Errorf(http.StatusBadRequest, "request body has the unknown member %q; allowed are: %s", Clip(name), strings.Join(allowed, ", "))
		}
		if _, ok := members[name]; ok {
			return nil, Errorf(http.StatusBadRequest, "request body has the member %q twice", name)
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil, malformed()
		}
		members[name] = value
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return nil, malformed()
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, Errorf(http.StatusBadRequest, "request body goes on after the JSON object")
	}
	return members, nil
}

// String returns a required string member of what Object returned. Errors are
// *Error with status 400.
func String(members map[string]json.RawMessage, name string) (string, error) {
	value, ok := members[name]
	if !ok {
		return "", Errorf(http.StatusBadRequest, "request body lacks the member %q", name)
	}
	// A pointer, as null leaves a string as it was.
	var s *string
	if json.Unmarshal(value, &s) != nil || s == nil {
		return "", Errorf(http.StatusBadRequest, "member %q is not a string", name)
	}
	return *s, nil
}

// Clip shortens a client's text for an error message.
func Clip(s string) string {
	if len(s) <= maxQuoted {
		return s
	}
	return strings.ToValidUTF8(s[:maxQuoted], "") + "…"
}

func malformed() error {
	return Errorf(http.StatusBadRequest, "request body is malformed JSON")
}
