package iam

import (
	"crypto/rand"
	"embed"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// Quotas of the IAM User Guide, "IAM and AWS STS quotas".
const (
	maxManagedPolicy   = 6144 // characters without white space
	maxPoliciesPerRole = 10
)

// ManagedPolicy is a policy with an ARN of its own, which roles have attached or as
// their permissions boundary.
type ManagedPolicy struct {
	// Name has 1 to 128 characters of [\w+=,.@-] and is unique whatever its case.
	Name string
	// Path begins and ends with a slash. Defaults to "/".
	Path string
	// Description cannot be changed.
	Description string
	// Document is JSON.
	Document string
	Tags     map[string]string

	// ARN, ID, Created and Attachments, which counts the roles that have the policy
	// attached, are given by the service.
	ARN         string
	ID          string
	Created     time.Time
	Attachments int
}

type managedPolicy struct {
	ManagedPolicy
	policy *policy
}

// awsManaged are AWS's own policies that functions usually have, by their paths and
// names. Their documents are those of November 2026 as github.com/zoph-io/MAMIP
// records them.
//
//go:embed managed
var awsManaged embed.FS

const (
	managedDir    = "managed/"
	managedSuffix = ".json"
)

// awsManagedNames are the paths and names of awsManaged.
func awsManagedNames() []string {
	var names []string
	_ = fs.WalkDir(awsManaged, strings.TrimSuffix(managedDir, "/"), func(path string, entry fs.DirEntry, _ error) error {
		if !entry.IsDir() {
			names = append(names, strings.TrimSuffix(strings.TrimPrefix(path, managedDir), managedSuffix))
		}
		return nil
	}) // an embedded folder is there
	slices.Sort(names)
	return names
}

// ValidatePolicy returns the policy with its defaults filled in, or the error that
// CreatePolicy would give for what it is by itself.
func ValidatePolicy(in ManagedPolicy) (ManagedPolicy, error) {
	_, err := checkPolicy(&in)
	return in, err
}

func checkPolicy(in *ManagedPolicy) (*policy, error) {
	if !policyNames.MatchString(in.Name) {
		return nil, awserr.New("ValidationError", "the policy name %q must be 1 to 128 characters long and match [\\w+=,.@-]+", in.Name)
	}
	if in.Path == "" {
		in.Path = "/"
	}
	switch {
	case !rolePaths.MatchString(in.Path):
		return nil, awserr.New("ValidationError", "the path %q of policy %q must begin and end with / and have at most 512 characters", in.Path, in.Name)
	case !roleDescriptions.MatchString(in.Description):
		return nil, awserr.New("ValidationError", "the description of policy %q must have at most 1000 characters of Latin-1", in.Name)
	}
	if err := checkTags("policy", in.Name, in.Tags); err != nil {
		return nil, err
	}
	p, err := parsePolicy(in.Document, identityPolicy)
	if err == nil && policySize(in.Document) > maxManagedPolicy {
		err = awserr.New("LimitExceeded", "Cannot exceed quota for PolicySize: %d", maxManagedPolicy)
	}
	return p, err
}

// CreatePolicy adds a managed policy and returns it with its ARN. It refuses what AWS
// refuses: EntityAlreadyExists, ValidationError, LimitExceeded, MalformedPolicyDocument.
func (s *Service) CreatePolicy(in ManagedPolicy) (ManagedPolicy, error) {
	parsed, err := checkPolicy(&in)
	if err != nil {
		return ManagedPolicy{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.managed {
		if strings.EqualFold(other.Name, in.Name) {
			return ManagedPolicy{}, awserr.New("EntityAlreadyExists", "A policy called %s already exists. Duplicate names are not allowed.", in.Name)
		}
	}
	in.ARN = s.acct.GlobalARN("iam", "policy"+in.Path+in.Name)
	in.ID = "ANPA" + rand.Text()[:17]
	in.Created = s.now().UTC().Truncate(time.Second)
	in.Tags = maps.Clone(in.Tags)
	s.managed[in.ARN] = &managedPolicy{in, parsed}
	return in, nil
}

// UpdatePolicy makes a document the policy's default version, and sets its tags.
func (s *Service) UpdatePolicy(arn, document string, tags map[string]string) (ManagedPolicy, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.managed[arn]
	if !ok {
		return ManagedPolicy{}, noPolicy(arn)
	}
	changed := p.ManagedPolicy
	changed.Document, changed.Tags = document, maps.Clone(tags)
	parsed, err := checkPolicy(&changed)
	if err != nil {
		return ManagedPolicy{}, err
	}
	p.ManagedPolicy, p.policy = changed, parsed
	changed.Attachments = s.attachments(arn)
	return changed, nil
}

func noPolicy(arn string) error { return awserr.New("NoSuchEntity", "Policy %s was not found.", arn) }

// attachments counts the roles that have a policy attached; the caller holds the lock.
func (s *Service) attachments(arn string) int {
	n := 0
	for _, r := range s.roles {
		if _, ok := r.attached[arn]; ok {
			n++
		}
	}
	return n
}

// DeletePolicy removes a managed policy that no role has.
func (s *Service) DeletePolicy(arn string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.managed[arn]; !ok {
		return noPolicy(arn)
	}
	for _, r := range s.roles {
		if _, ok := r.attached[arn]; ok || r.PermissionsBoundary == arn {
			return awserr.New("DeleteConflict", "Cannot delete a policy attached to entities.").
				WithCure("detach it from the role %q before", r.Name)
		}
	}
	delete(s.managed, arn)
	return nil
}

// Policy finds a managed policy by its ARN, one of AWS's own too.
func (s *Service) Policy(arn string) (ManagedPolicy, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.attachable(arn)
	if err != nil {
		return ManagedPolicy{}, false
	}
	found := p.ManagedPolicy
	found.Attachments, found.Tags = s.attachments(arn), maps.Clone(found.Tags)
	return found, true
}

// attachable finds a policy that a role can have; the caller holds the lock.
func (s *Service) attachable(arn string) (*managedPolicy, error) {
	if p, ok := s.managed[arn]; ok {
		return p, nil
	}
	name, ofAWS := strings.CutPrefix(arn, "arn:"+s.acct.Partition+":iam::aws:policy/")
	if !ofAWS {
		return nil, awserr.New("NoSuchEntity", "Policy %s does not exist or is not attachable.", arn)
	}
	document, err := awsManaged.ReadFile(managedDir + name + managedSuffix)
	if err != nil {
		return nil, awserr.Unsupported("the policy "+arn+" of AWS", "use one of "+strings.Join(awsManagedNames(), ", ")+", or an aws:iam/policy:Policy with its document")
	}
	parsed, err := parsePolicy(string(document), identityPolicy)
	if err != nil {
		return nil, err
	}
	path, base := "/", name
	if i := strings.LastIndex(name, "/"); i >= 0 {
		path, base = "/"+name[:i+1], name[i+1:]
	}
	return &managedPolicy{ManagedPolicy{Name: base, Path: path, Document: string(document), ARN: arn}, parsed}, nil
}

// AttachRolePolicy gives a role a managed policy, which it may have already.
func (s *Service) AttachRolePolicy(roleName, arn string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.role(roleName)
	if err != nil {
		return err
	}
	p, err := s.attachable(arn)
	if err != nil {
		return err
	}
	if _, ok := r.attached[arn]; !ok && len(r.attached) >= maxPoliciesPerRole {
		return awserr.New("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: %d", maxPoliciesPerRole)
	}
	r.attached[arn] = p
	return nil
}

// DetachRolePolicy takes a managed policy from a role, or answers NoSuchEntity.
func (s *Service) DetachRolePolicy(roleName, arn string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.role(roleName)
	if err != nil {
		return err
	}
	if _, ok := r.attached[arn]; !ok {
		return noPolicy(arn)
	}
	delete(r.attached, arn)
	return nil
}

// AttachedPolicies are the ARNs of a role's managed policies, sorted.
func (s *Service) AttachedPolicies(roleName string) []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.role(roleName)
	if err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(r.attached))
}
