package iam

import (
	"crypto/rand"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

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
	// Created is set by CreateRole.
	Created time.Time
}

type role struct {
	Role
	trust     *policy
	policies  map[string]*policy
	documents map[string]string
}

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

// CreateRole adds a role and returns it with its ARN. It refuses what AWS
// refuses: EntityAlreadyExists, ValidationError, LimitExceeded,
// MalformedPolicyDocument.
func (s *Service) CreateRole(in Role) (Role, error) {
	trust, err := checkNewRole(&in)
	if err != nil {
		return Role{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.ToLower(in.Name)
	if _, ok := s.roles[key]; ok {
		return Role{}, awserr.New("EntityAlreadyExists", "Role with name %s already exists.", in.Name)
	}
	in.ARN = s.acct.GlobalARN("iam", "role"+in.Path+in.Name)
	in.UniqueID = "AROA" + rand.Text()[:17]
	in.Created = time.Now().UTC().Truncate(time.Second)
	in.Tags = maps.Clone(in.Tags)
	s.roles[key] = &role{Role: in, trust: trust, policies: map[string]*policy{}, documents: map[string]string{}}
	return s.roles[key].copy(), nil
}

// UpdateRole changes what AWS changes in place: trust policy, description,
// session duration and tags. Name and path stay: a Path that is neither empty
// nor the role's own is an error.
func (s *Service) UpdateRole(in Role) (Role, error) {
	trust, err := checkRole(&in)
	if err != nil {
		return Role{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.role(in.Name)
	if err != nil {
		return Role{}, err
	}
	if in.Path != "" && in.Path != r.Path {
		return Role{}, awserr.New("ValidationError", "the path of role %q cannot be changed from %q to %q: replace the role", in.Name, r.Path, in.Path)
	}
	r.trust, r.AssumeRolePolicy = trust, in.AssumeRolePolicy
	r.Description, r.MaxSessionDuration, r.Tags = in.Description, in.MaxSessionDuration, maps.Clone(in.Tags)
	return r.copy(), nil
}

// DeleteRole removes a role. As on AWS its inline policies must be deleted
// before: else DeleteConflict.
func (s *Service) DeleteRole(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.role(name)
	if err != nil {
		return err
	}
	if len(r.policies) > 0 {
		return awserr.New("DeleteConflict", "Cannot delete entity, must delete policies first.")
	}
	delete(s.roles, strings.ToLower(name))
	return nil
}

// Role finds a role by its name.
func (s *Service) Role(name string) (Role, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, ok := s.roles[strings.ToLower(name)]
	if !ok {
		return Role{}, false
	}
	return r.copy(), true
}

// PutRolePolicy adds or replaces an inline policy. Errors: NoSuchEntity,
// ValidationError, LimitExceeded, MalformedPolicyDocument.
func (s *Service) PutRolePolicy(roleName, name, document string) error {
	p, err := checkRolePolicy(roleName, name, document)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.role(roleName)
	if err != nil {
		return err
	}
	size := policySize(document)
	for other, d := range r.documents {
		if other != name {
			size += policySize(d)
		}
	}
	if size > maxInlinePolicies {
		return policyTooLarge(r.Name)
	}
	r.policies[name], r.documents[name] = p, document
	return nil
}

// RolePolicy returns an inline policy's document as it was put.
func (s *Service) RolePolicy(roleName, name string) (string, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.role(roleName)
	if err != nil {
		return "", false
	}
	d, ok := r.documents[name]
	return d, ok
}

// DeleteRolePolicy removes an inline policy, or answers NoSuchEntity.
func (s *Service) DeleteRolePolicy(roleName, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.role(roleName)
	if err != nil {
		return err
	}
	if _, ok := r.policies[name]; !ok {
		return awserr.New("NoSuchEntity", "The role policy with name %s cannot be found.", name)
	}
	delete(r.policies, name)
	delete(r.documents, name)
	return nil
}

// role finds a role; the caller holds the lock.
func (s *Service) role(name string) (*role, error) {
	r, ok := s.roles[strings.ToLower(name)]
	if !ok {
		return nil, awserr.New("NoSuchEntity", "The role with name %s cannot be found.", name)
	}
	return r, nil
}

func (r *role) copy() Role {
	c := r.Role
	c.Tags = maps.Clone(c.Tags)
	return c
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
	if len(in.Tags) > maxTags {
		return nil, awserr.New("LimitExceeded", "Cannot exceed quota for TagsPerRole: %d", maxTags)
	}
	for _, k := range slices.Sorted(maps.Keys(in.Tags)) {
		if k == "" || len(k) > 128 || len(in.Tags[k]) > 256 || strings.HasPrefix(strings.ToLower(k), "aws:") {
			return nil, awserr.New("ValidationError", "the tag %q of role %q must have a key of 1 to 128 characters, not beginning with aws:, and a value of at most 256", k, in.Name)
		}
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
