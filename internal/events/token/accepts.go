package token

import (
	"encoding/json"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// ReadAccepts reads the variable contract.EnvAccepts. What cannot be read says nothing.
func ReadAccepts(variable string) (a contract.Accepts) {
	if json.Unmarshal([]byte(variable), &a) != nil {
		return contract.Accepts{}
	}
	return a
}

// Fit gives further claims the issuer and the audience that an authorizer wants, unless
// they have others, and what the claim permissions says under the name that it has there too.
func Fit(extra map[string]any, a contract.Accepts) {
	for name, value := range map[string]string{"iss": a.Issuer, "aud": a.Audience} {
		if _, given := extra[name]; value != "" && !given {
			extra[name] = value
		}
	}
	permissions, has := extra["permissions"]
	if _, given := extra[a.PermissionsClaim]; has && a.PermissionsClaim != "" && !given {
		extra[a.PermissionsClaim] = permissions
	}
}
