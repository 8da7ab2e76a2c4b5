package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/strictjson"
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
// in exactly this spelling, and returns them undecoded. Errors are *Error with
// status 400.
func Object(body []byte, allowed ...string) (map[string]json.RawMessage, error) {
	members, err := strictjson.Object(body)
	var twice *strictjson.RepeatedError
	switch {
	case errors.As(err, &twice):
		return nil, Errorf(http.StatusBadRequest, "request body has the member %q twice", Clip(twice.Name))
	case errors.Is(err, strictjson.ErrUTF8):
		return nil, Errorf(http.StatusBadRequest, "request body is not valid UTF-8")
	case errors.Is(err, strictjson.ErrNotObject), len(body) == 0:
		return nil, Errorf(http.StatusBadRequest, "request body is not a JSON object")
	case err != nil:
		return nil, Errorf(http.StatusBadRequest, "request body is malformed JSON")
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(allowed, name) {
			return nil, Errorf(http.StatusBadRequest, "request body has the unknown member %q; allowed are: %s", Clip(name), strings.Join(allowed, ", "))
		}
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
