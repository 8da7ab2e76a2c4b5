package schema

import "strings"

// stackPlaceholder stands for the stack's name. No parameter's name has braces.
const stackPlaceholder = "{stack}"

// The SSM parameters of a stack, unless its configuration says otherwise.
// stackPlaceholder stands for the stack's name: with one secret for two
// stacks of an account, a token of the one would be good for the other.
const (
	// SecretPath holds the HS256 secret that tokens are signed with.
	SecretPath = "/events-api/" + stackPlaceholder + "/jwt-secret"
	// SigningKeysPath holds the keys that requests are signed with.
	SigningKeysPath = "/events-api/" + stackPlaceholder + "/signing-keys"
)

// DefaultStack is the stack that the project's commands are for unless they are
// told another.
const DefaultStack = "dev"

// OfStack returns a parameter's name with the stack's in its place.
func OfStack(path, stack string) string {
	return strings.ReplaceAll(path, stackPlaceholder, stack)
}
