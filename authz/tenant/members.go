package tenant

import (
	"encoding/json"
	"errors"
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
	members, err := strictjson.Members(raw)
	var repeated *strictjson.RepeatedError
	switch {
	case errors.As(err, &repeated) && fields[repeated.In] != nil:
		return fmt.Errorf("%w: %s has a member twice", authz.ErrMisconfigured, member(repeated.In))
	case errors.As(err, &repeated) && fields[repeated.Name] != nil:
		return fmt.Errorf("%w: %s is there twice", authz.ErrMisconfigured, member(repeated.Name))
	case errors.As(err, &repeated):
		return fmt.Errorf("%w: it has a member that no tenant has, twice", authz.ErrMisconfigured)
	case err != nil:
		return fmt.Errorf("%w: its member %q is of another type than it should be", authz.ErrMisconfigured, in)
	}
	for _, m := range members {
		field, known := fields[m.Name]
		null, _ := strictjson.Inspect(m.Value)
		switch {
		case m.Name == "kty":
			return fmt.Errorf("%w: it is a JSON Web Key; %s", authz.ErrMisconfigured, authz.UseJWTAuthorizer)
		case !known:
			return fmt.Errorf("%w: it has a member that no tenant has; names are exact, in upper and lower case", authz.ErrMisconfigured)
		case null && (m.Name != "policy" || string(m.Value) == "null"):
			return fmt.Errorf("%w: %s is null, or has a null in it; leave it out", authz.ErrMisconfigured, member(m.Name))
		case json.Unmarshal(m.Value, field) != nil:
			return fmt.Errorf("%w: %s is of another type than it should be", authz.ErrMisconfigured, member(m.Name))
		}
	}
	return nil
}
