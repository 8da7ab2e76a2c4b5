package iam

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// Quotas of the IAM User Guide, "IAM and AWS STS quotas". White space does not
// count.
const (
	maxTrustPolicy    = 2048
	maxInlinePolicies = 10240
	maxTags           = 50
)

var (
	roleNames        = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
	policyNames      = regexp.MustCompile(`^[\w+=,.@-]{1,128}$`)
	rolePaths        = regexp.MustCompile(`^(/|/[!-~]{1,510}/)$`)
	roleDescriptions = regexp.MustCompile(`^[\t\n\r\x20-\x7E\x{A1}-\x{FF}]{0,1000}$`)
)

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

// checkRole validates what can be set when a role is created or updated, and
// sets the defaults.
func checkRole(in *Role) (*policy, error) {
	if in.MaxSessionDuration == 0 {
		in.MaxSessionDuration = 3600
	}
	if in.MaxSessionDuration < 3600 || in.MaxSessionDuration > 43200 {
		return nil, awserr.New("ValidationError", "the maximum session duration %d of role %q must be 3600 to 43200 seconds", in.MaxSessionDuration, in.Name)
	}
	if !roleDescriptions.MatchString(in.Description) {
		return nil, awserr.New("ValidationError", "the description of role %q must have at most 1000 characters of Latin-1", in.Name)
	}
	if err := checkTags("role", in.Name, in.Tags); err != nil {
		return nil, err
	}
	trust, err := parsePolicy(in.AssumeRolePolicy, trustPolicy)
	if err != nil {
		return nil, err
	}
	if policySize(in.AssumeRolePolicy) > maxTrustPolicy {
		return nil, awserr.New("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: %d", maxTrustPolicy)
	}
	return trust, nil
}

// checkTags validates the tags of a role or policy.
func checkTags(what, name string, tags map[string]string) error {
	if len(tags) > maxTags {
		return awserr.New("LimitExceeded", "Cannot exceed quota for TagsPer%s: %d", strings.ToUpper(what[:1])+what[1:], maxTags)
	}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		if k == "" || len(k) > 128 || len(tags[k]) > 256 || strings.HasPrefix(strings.ToLower(k), "aws:") {
			return awserr.New("ValidationError", "the tag %q of %s %q must have a key of 1 to 128 characters, not beginning with aws:, and a value of at most 256", k, what, name)
		}
	}
	return nil
}

// policySize counts characters as AWS's quotas do: without white space.
func policySize(document string) int {
	n := 0
	for _, r := range document {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}
