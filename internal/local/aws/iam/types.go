package iam

import (
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
