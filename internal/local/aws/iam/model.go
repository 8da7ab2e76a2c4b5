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

// OfService is the identity with which Lambda itself calls for a function: its
// calls do not say of which function they are, as those of the function's code do
// (Lambda developer guide, "Working with source function ARN to control function
// access behavior").
func (i Identity) OfService() Identity {
	i.function = ""
	return i
}

// Root reports whether the identity is the developer, who may do everything.
// The zero identity is nobody.
func (i Identity) Root() bool { return i.Role == "" && strings.HasSuffix(i.ARN, ":root") }

// Role is an IAM role.
type Role struct {
	// Name has 1 to 64 characters of [\w+=,.@-] and is unique whatever its
	// case.
	Name string
	// Path begins and ends with a slash. Defaults to "/".
	Path string
	// ARN and UniqueID are given by CreateRole.
	ARN      string
	UniqueID string
	// AssumeRolePolicy is the trust policy, JSON.
	AssumeRolePolicy string
	Description      string
	// MaxSessionDuration is in seconds, 3600 to 43200. Defaults to 3600.
	MaxSessionDuration int
	Tags               map[string]string
	// PermissionsBoundary is the ARN of a managed policy without which no other one
	// allows anything. Defaults to none.
	PermissionsBoundary string
	// Created is set by CreateRole.
	Created time.Time
}

// Grant is one permission that a request needs.
type Grant struct {
	// Action is a service prefix and an action, for instance ssm:GetParameter.
	Action string
	// Resource is the ARN of what the action is done to.
	Resource string
	// Context holds the request's own condition keys; it may be nil.
	Context Context
	// Unknown grants stand for whatever an Action of service:* or a Resource of * may
	// be: all of it must be allowed, and nothing of it denied.
	Unknown bool
}

// Context holds the condition keys of one request, for instance
// kms:ViaService. The global keys are added by the service.
type Context map[string]string
