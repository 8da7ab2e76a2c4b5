package iam

import (
	"crypto/rand"
	"maps"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
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
	boundary, err := s.boundary(in.PermissionsBoundary)
	if err != nil {
		return Role{}, err
	}
	in.ARN = s.acct.GlobalARN("iam", "role"+in.Path+in.Name)
	in.UniqueID = "AROA" + rand.Text()[:17]
	in.Created = time.Now().UTC().Truncate(time.Second)
	in.Tags = maps.Clone(in.Tags)
	s.roles[key] = &role{
		Role: in, trust: trust, policies: map[string]*policy{}, documents: map[string]string{}, attached: map[string]*managedPolicy{}, boundary: boundary,
	}
	return s.roles[key].copy(), nil
}

// boundary finds the policy of a permissions boundary, nil where there is no ARN; the
// caller holds the lock.
func (s *Service) boundary(arn string) (*managedPolicy, error) {
	if arn == "" {
		return nil, nil
	}
	p, err := s.attachable(arn)
	if awserr.Has(err, "NoSuchEntity") {
		err = awserr.New("NoSuchEntity", "Scope ARN: %s does not exist or is not attachable.", arn)
	}
	return p, err
}

// UpdateRole changes what AWS changes in place: trust policy, description, session
// duration, permissions boundary and tags. Name and path stay: a Path that is neither empty
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
	boundary, err := s.boundary(in.PermissionsBoundary)
	if err != nil {
		return Role{}, err
	}
	r.boundary, r.PermissionsBoundary = boundary, in.PermissionsBoundary
	r.trust, r.AssumeRolePolicy = trust, in.AssumeRolePolicy
	r.Description, r.MaxSessionDuration, r.Tags = in.Description, in.MaxSessionDuration, maps.Clone(in.Tags)
	return r.copy(), nil
}

// DeleteRole removes a role. As on AWS its inline policies must be deleted and its
// managed ones detached before: else DeleteConflict.
func (s *Service) DeleteRole(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.role(name)
	if err != nil {
		return err
	}
	if len(r.attached) > 0 {
		return awserr.New("DeleteConflict", "Cannot delete entity, must detach all policies first.")
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

// RolePolicies returns a role's inline policies by name.
func (s *Service) RolePolicies(roleName string) map[string]string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.role(roleName)
	if err != nil {
		return nil
	}
	return maps.Clone(r.documents)
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
