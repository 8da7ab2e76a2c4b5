package live

import "strings"

// kinds are why API Gateway itself refuses a JSON Web Token or a signature, in a few words,
// those of package authz where they mean the same, by how the errors' texts begin.
var kinds = []struct{ begins, kind string }{
	{"missing: ", "no credential"},
	{"insufficient_scope: ", "insufficient scope"},
	{"invalid_token: issuer does not match", "wrong issuer"},
	{"invalid_token: the token does not have a valid audience", "wrong audience"},
	{"invalid_token: the token has expired", "expired"},
	{"invalid_token: the token is not valid yet", "not yet valid"},
	{"invalid_token: the token was issued in the future", "not yet valid"},
	{"invalid_token: the token has an invalid signature", "invalid signature"},
	{"invalid_token: the token has an invalid ", "invalid claim"},
	{"invalid_token: the token's key was not found", "unknown key"},
	{"invalid_token: signing method ", "unsupported algorithm"},
	{"invalid_token: the token ", "malformed"}, // or without a key id
	{"invalid_token: token contains ", "malformed"},
	{"invalid_token: ", "unavailable"}, // the issuer's metadata or keys

	{"AccessDeniedException: ", "denied"},
	{"MissingAuthenticationTokenException: ", "no credential"},
	{"UnrecognizedClientException: ", "unknown key"},
	{"IncompleteSignatureException: ", "malformed"},
	{"InvalidSignatureException: Signature expired", "expired"},
	{"InvalidSignatureException: Signature not yet current", "not yet valid"},
	{"InvalidSignatureException: Credential should be scoped to a valid region", "wrong Region"},
	{"InvalidSignatureException: Credential should be scoped to correct service", "wrong service"},
	{"InvalidSignatureException: ", "invalid signature"},
}

// kindOf is the kind of a refusal's cause; empty where it has none.
func kindOf(cause error) string {
	if cause == nil {
		return ""
	}
	text := cause.Error()
	for _, k := range kinds {
		if strings.HasPrefix(text, k.begins) {
			return k.kind
		}
	}
	return ""
}
