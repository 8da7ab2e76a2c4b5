package tenant

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/strictjson"
)

// object reads a JSON object, which stands in the member in of a document ("" for
// the document), into fields by name. encoding/json alone would take names in
// other cases ("Suspended", even "ſuspended"), the last of repeated members, and
// null for anything. The errors show a member's name only where it is one of
// fields: who mistakes one place for another writes a secret there.
func object(raw json.RawMessage, in string, fields map[string]any) error {
	member := func(name string) string {
		if in != "" {
			name = in + "." + name
		}
		return fmt.Sprintf("its member %q", name)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw)) // of valid JSON
	if open, _ := decoder.Token(); open != json.Delim('{') {
		return fmt.Errorf("%w: its member %q is of another type than it should be", authz.ErrMisconfigured, in)
	}
	seen := map[string]bool{}
	for decoder.More() {
		token, _ := decoder.Token()
		name, _ := token.(string)
		field, known := fields[name]
		switch {
		case name == "kty":
			return fmt.Errorf("%w: it is a JSON Web Key; %s", authz.ErrMisconfigured, authz.UseJWTAuthorizer)
		case !known:
			return fmt.Errorf("%w: it has a member that no tenant has; names are exact, in upper and lower case", authz.ErrMisconfigured)
		case seen[name]:
			return fmt.Errorf("%w: %s is there twice", authz.ErrMisconfigured, member(name))
		}
		seen[name] = true
		var value json.RawMessage
		_ = decoder.Decode(&value)
		null, repeated := strictjson.Inspect(value, strictjson.Exact)
		switch {
		case null && (name != "policy" || string(value) == "null"):
			return fmt.Errorf("%w: %s is null, or has a null in it; leave it out", authz.ErrMisconfigured, member(name))
		case repeated:
			return fmt.Errorf("%w: %s has a member twice", authz.ErrMisconfigured, member(name))
		case json.Unmarshal(value, field) != nil:
			return fmt.Errorf("%w: %s is of another type than it should be", authz.ErrMisconfigured, member(name))
		}
	}
	return nil
}
