// Package ssm is the Parameter Store of the local AWS: parameters of type
// String, StringList and SecureString with versions, in memory only. It
// follows the Systems Manager API reference (PutParameter, GetParameter,
// GetParametersByPath) and user guide. Labels, parameter policies and filters
// are left to AWS.
package ssm

import (
	"crypto/rand"
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// Service holds the parameters of one account and Region. It is safe for
// concurrent use.
type Service struct {
	acct account.Account
	now  func() time.Time

	mu         sync.RWMutex
	parameters map[string][]stored // versions, oldest first
}

// New returns an empty Parameter Store. A nil now is time.Now.
func New(acct account.Account, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{acct: acct, now: now, parameters: map[string][]stored{}}
}

// ARN returns the ARN of a parameter. A name without a leading slash gets
// one, and a leading slash is not doubled.
func (s *Service) ARN(name string) string {
	return s.acct.ARN("ssm", "parameter/"+strings.TrimPrefix(name, "/"))
}

// Put adds a parameter or, with Overwrite, a new version of one, and returns
// its version and tier. Errors are *awserr.Error with AWS's codes.
func (s *Service) Put(p Parameter) (version int64, tier string, err error) {
	p.Name = strings.TrimSpace(p.Name)
	if err := checkName(p.Name); err != nil {
		return 0, "", err
	}
	key := canonical(p.Name)
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.parameters[key]
	if len(old) > 0 {
		last := old[len(old)-1].Parameter
		if !p.Overwrite {
			return 0, "", awserr.New("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
		}
		if p.Type != "" && p.Type != last.Type {
			return 0, "", awserr.New("HierarchyTypeMismatchException", "the type of %s cannot be changed from %s to %s: delete the parameter first", p.Name, last.Type, p.Type)
		}
		if len(p.Tags) > 0 {
			return 0, "", validation("Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag.")
		}
		p.Type, p.Tags, p.Version = last.Type, last.Tags, last.Version
		if p.KeyID == "" {
			p.KeyID = last.KeyID
		}
		if p.Tier == "" {
			p.Tier = last.Tier
		}
	}
	if err := s.check(&p); err != nil {
		return 0, "", err
	}
	p.Name = key
	p.Version++
	p.ARN, p.LastModified, p.Overwrite = s.ARN(p.Name), s.now().UTC(), false
	next := append(slices.Clone(old), stored{p, ciphertext()})
	s.parameters[key] = next[max(0, len(next)-maxVersions):]
	return p.Version, p.Tier, nil
}

// Tag replaces the tags of a parameter, which Put with Overwrite leaves as they are; or
// ParameterNotFound.
func (s *Service) Tag(name string, tags map[string]string) error {
	if _, err := s.find(name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	versions := s.parameters[canonical(name)]
	for i := range versions {
		versions[i].Tags = maps.Clone(tags)
	}
	return nil
}

// Get returns the latest version of a parameter, its value in plain text; or
// ParameterNotFound.
func (s *Service) Get(name string) (Parameter, error) {
	p, err := s.find(name)
	return p.Parameter, err
}

// find takes a name or ARN, with or without ":version" at the end.
func (s *Service) find(name string) (stored, error) {
	bare, selector, selected := strings.Cut(strings.TrimPrefix(name, s.acct.ARN("ssm", "parameter")), ":")
	if err := checkRead(bare); err != nil {
		return stored{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	versions := s.parameters[canonical(bare)]
	if len(versions) == 0 {
		return stored{}, awserr.New("ParameterNotFound", "Parameter %s not found.", bare)
	}
	if !selected {
		return versions[len(versions)-1], nil
	}
	for _, v := range versions {
		if strconv.FormatInt(v.Version, 10) == selector {
			return v, nil
		}
	}
	return stored{}, awserr.New("ParameterVersionNotFound", "Systems Manager could not find version %s of %s. Verify the version and try again.", selector, bare)
}

// Encrypted returns what GetParameter shows of the latest version of a SecureString
// without decryption; or ParameterNotFound.
func (s *Service) Encrypted(name string) (string, error) {
	found, err := s.find(name)
	return found.ciphertext, err
}

// Delete removes a parameter with all its versions; or ParameterNotFound.
func (s *Service) Delete(name string) error {
	if err := checkRead(name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.parameters[canonical(name)]; !ok {
		return awserr.New("ParameterNotFound", "Parameter %s not found.", name)
	}
	delete(s.parameters, canonical(name))
	return nil
}

// ciphertext looks like what GetParameter shows of a SecureString without
// decryption. It is random: nothing of the value can be got from it.
func ciphertext() string {
	b := make([]byte, 180)
	_, _ = rand.Read(b)                                 // crypto/rand never fails
	copy(b, []byte{0x01, 0x02, 0x01, 0x00, 0x78, 0x01}) // as KMS begins
	return base64.StdEncoding.EncodeToString(b)
}
