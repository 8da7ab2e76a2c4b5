package iam

import (
	"fmt"
	"strings"
	"time"
)

// Credentials are what a client signs its requests with.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	// SessionToken is empty for the developer's own credentials.
	SessionToken string
}

// Identity is who signed a request.
type Identity struct {
	// ARN is what AWS shows of the caller: arn:aws:iam::…:root, or
	// arn:aws:sts::…:assumed-role/{role}/{session}.
	ARN string
	// Role is the name of the assumed role; empty for the developer.
	Role string
	// UserID is the unique ID: {role's unique ID}:{session}, or the account's
	// for the developer (aws:userid; requestContext.authorizer.iam.userId).
	UserID string
	// AccessKeyID is that of the credentials.
	AccessKeyID string

	issued   time.Time // of temporary credentials
	function string    // ARN of the function that Lambda gave them to
}

// Root reports whether the identity is the developer, who may do everything.
// The zero identity is nobody.
func (i Identity) Root() bool { return i.Role == "" && strings.HasSuffix(i.ARN, ":root") }

// AccessDeniedError is a refusal by an identity's policies, in AWS's words.
type AccessDeniedError struct {
	Identity Identity
	Action   string
	Resource string
	// Explicit is true where a Deny statement matched, and false where no
	// statement allowed the action.
	Explicit bool
}

func (e *AccessDeniedError) Error() string {
	why := "because no identity-based policy allows the " + e.Action + " action"
	if e.Explicit {
		why = "with an explicit deny in an identity-based policy"
	}
	return fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s %s",
		e.Identity.ARN, e.Action, e.Resource, why)
}

// Cure is what a developer has to change so that the call is allowed.
func (e *AccessDeniedError) Cure() string {
	if e.Explicit {
		return fmt.Sprintf("remove the Deny statement that matches %s on %s from the role %q", e.Action, e.Resource, e.Identity.Role)
	}
	return fmt.Sprintf("allow %s on %s in a policy of the role %q", e.Action, e.Resource, e.Identity.Role)
}
