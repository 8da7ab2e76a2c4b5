package iam

import "github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"

// ValidateRole returns the role with its defaults filled in, or the error that
// CreateRole would give for what the role is by itself: all but whether the
// name is free.
func ValidateRole(in Role) (Role, error) {
	_, err := checkNewRole(&in)
	return in, err
}

// ValidateRolePolicy returns the error that PutRolePolicy would give for the
// policy by itself: all but whether the role exists and what other policies it
// has.
func ValidateRolePolicy(roleName, name, document string) error {
	_, err := checkRolePolicy(roleName, name, document)
	return err
}

func checkNewRole(in *Role) (*policy, error) {
	if !roleNames.MatchString(in.Name) {
		return nil, awserr.New("ValidationError", "the role name %q must be 1 to 64 characters long and match [\\w+=,.@-]+", in.Name)
	}
	if in.Path == "" {
		in.Path = "/"
	}
	if !rolePaths.MatchString(in.Path) {
		return nil, awserr.New("ValidationError", "the path %q of role %q must begin and end with / and have at most 512 characters", in.Path, in.Name)
	}
	return checkRole(in)
}

func checkRolePolicy(roleName, name, document string) (*policy, error) {
	if !policyNames.MatchString(name) {
		return nil, awserr.New("ValidationError", "the policy name %q must be 1 to 128 characters long and match [\\w+=,.@-]+", name)
	}
	p, err := parsePolicy(document, identityPolicy)
	if err == nil && policySize(document) > maxInlinePolicies {
		err = policyTooLarge(roleName)
	}
	return p, err
}

func policyTooLarge(roleName string) error {
	return awserr.New("LimitExceeded", "Maximum policy size of %d bytes exceeded for role %s", maxInlinePolicies, roleName)
}
