// Package secretsmanager is the Secrets Manager of the local AWS: secrets with
// versions and staging labels, in memory only. It follows the Secrets Manager API
// reference and user guide. Rotation, replicas, resource policies and the restoring
// of deleted secrets are left to AWS.
package secretsmanager

import (
	"crypto/rand"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// Staging labels that Secrets Manager moves by itself.
const (
	stageCurrent  = "AWSCURRENT"
	stagePrevious = "AWSPREVIOUS"
)

// Service holds the secrets of one account and Region. It is safe for concurrent use.
type Service struct {
	acct account.Account
	now  func() time.Time

	mu      sync.RWMutex
	secrets map[string]*secret // by name
}

// secret is a secret with its versions, the oldest first.
type secret struct {
	Secret
	versions []Version
}

// New returns a service without secrets. A nil now is time.Now.
func New(acct account.Account, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{acct: acct, now: now, secrets: map[string]*secret{}}
}

// Create adds a secret, with a first version where value has one. Its ARN ends with
// six random characters.
func (s *Service) Create(in Secret, value Value, token string) (Secret, string, error) {
	return s.create(in, value, token, in.Name+"-"+rand.Text()[:suffixLength])
}

// Seed adds a secret as somebody has made it whom the local AWS does not know: id is
// a name or an ARN, and a whole ARN is the secret's then.
func (s *Service) Seed(id, value string) error {
	name, resource := id, ""
	if rest, ok := strings.CutPrefix(id, s.prefix()); ok {
		name = rest
		if i := len(rest) - suffixLength - 1; i > 0 && rest[i] == '-' {
			name, resource = rest[:i], rest
		}
	}
	if resource == "" {
		resource = name + "-" + rand.Text()[:suffixLength]
	}
	_, _, err := s.create(Secret{Name: name}, Value{String: value}, "", resource)
	return err
}

func (s *Service) create(in Secret, value Value, token, resource string) (Secret, string, error) {
	if err := Validate(in); err != nil {
		return Secret{}, "", err
	}
	if err := s.checkKey(in.KMSKeyID); err != nil {
		return Secret{}, "", err
	}
	if !value.empty() {
		if err := value.check(token); err != nil {
			return Secret{}, "", err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.secrets[in.Name]; ok {
		if !old.Deleted.IsZero() {
			return Secret{}, "", awserr.New(codeInvalidRequest, "You can't create this secret because a secret with this name is already scheduled for deletion.").
				WithCure("delete the secret without a recovery window (RecoveryWindowInDays 0), or use another name")
		}
		return Secret{}, "", awserr.New(codeExists, "The operation failed because the secret %s already exists.", in.Name)
	}
	in.ARN, in.Created, in.Changed, in.Tags = s.prefix()+resource, s.now().UTC(), s.now().UTC(), maps.Clone(in.Tags)
	made := &secret{Secret: in}
	s.secrets[in.Name] = made
	if value.empty() {
		return in, "", nil
	}
	return in, made.add(value, token, []string{stageCurrent}, s.now().UTC()), nil
}

// Update replaces what is said of a secret: its description, key and tags.
func (s *Service) Update(in Secret) (Secret, error) {
	if err := Validate(in); err != nil {
		return Secret{}, err
	}
	if err := s.checkKey(in.KMSKeyID); err != nil {
		return Secret{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	it, err := s.usable(in.Name)
	if err != nil {
		return Secret{}, err
	}
	it.Description, it.KMSKeyID, it.Tags, it.Changed = in.Description, in.KMSKeyID, maps.Clone(in.Tags), s.now().UTC()
	return it.Secret, nil
}

// Put adds a version, and gives it the labels; none is AWSCURRENT. A token that an
// earlier version has adds none, and must come with that version's value.
func (s *Service) Put(id string, value Value, token string, stages []string) (Secret, Version, error) {
	if err := value.check(token); err != nil {
		return Secret{}, Version{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	it, err := s.usable(id)
	if err != nil {
		return Secret{}, Version{}, err
	}
	for _, v := range it.versions {
		if v.ID == token && token != "" {
			if !v.same(value) {
				return Secret{}, Version{}, awserr.New(codeExists, "You can't modify the value of the existing version %s: use another ClientRequestToken", token)
			}
			return it.Secret, v.clone(), nil
		}
	}
	if len(stages) == 0 {
		stages = []string{stageCurrent}
	}
	added := it.add(value, token, stages, s.now().UTC())
	it.Changed = s.now().UTC()
	version, err := it.find(added, "")
	return it.Secret, version, err
}

// Get returns a version of a secret: by its ID, or by a label; by neither the one
// with AWSCURRENT.
func (s *Service) Get(id, versionID, stage string) (Secret, Version, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	it, err := s.usable(id)
	if err != nil {
		return Secret{}, Version{}, err
	}
	version, err := it.find(versionID, stage)
	return it.Secret, version, err
}

// Describe returns a secret, one that is scheduled for deletion too, and the labels of
// its versions by their IDs.
func (s *Service) Describe(id string) (Secret, map[string][]string, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	it, err := s.lookup(id)
	if err != nil {
		return Secret{}, nil, err
	}
	return it.clone(), it.stages(), nil
}

// Secrets returns all secrets that are not scheduled for deletion, sorted by name.
func (s *Service) Secrets() []Secret {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []Secret
	for _, name := range slices.Sorted(maps.Keys(s.secrets)) {
		if it := s.secrets[name]; it.Deleted.IsZero() {
			all = append(all, it.clone())
		}
	}
	return all
}

// Delete schedules a secret for deletion, or deletes it at once. A name that is
// scheduled is taken.
func (s *Service) Delete(id string, atOnce bool) (Secret, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	it, err := s.lookup(id)
	if err != nil {
		return Secret{}, err
	}
	it.Deleted = s.now().UTC()
	if atOnce {
		delete(s.secrets, it.Name)
	}
	return it.Secret, nil
}

// DeleteVersion takes the labels of a version away, and with them the version, unless
// it is the current one, which a secret keeps.
func (s *Service) DeleteVersion(id, versionID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	it, err := s.usable(id)
	if err != nil {
		return err
	}
	it.versions = slices.DeleteFunc(it.versions, func(v Version) bool {
		return v.ID == versionID && !slices.Contains(v.Stages, stageCurrent)
	})
	return nil
}

// lookup finds a secret by its name, its ARN, or its ARN without the random end. The
// caller holds the lock.
func (s *Service) lookup(id string) (*secret, error) {
	if it, ok := s.secrets[id]; ok {
		return it, nil
	}
	for _, it := range s.secrets {
		if it.ARN == id || it.ARN[:len(it.ARN)-suffixLength-1] == id {
			return it, nil
		}
	}
	return nil, awserr.New(awserr.ResourceNotFound, "Secrets Manager can't find the specified secret.")
}

// usable is lookup for what a secret can do that is not scheduled for deletion.
func (s *Service) usable(id string) (*secret, error) {
	it, err := s.lookup(id)
	if err == nil && !it.Deleted.IsZero() {
		return nil, awserr.New(codeInvalidRequest, "You can't perform this operation on the secret because it was marked for deletion.")
	}
	return it, err
}

// prefix is what every secret's ARN begins with.
func (s *Service) prefix() string { return s.acct.ARN("secretsmanager", "secret:") }

// add appends a version, moves the labels to it, and returns its ID.
func (it *secret) add(value Value, token string, stages []string, now time.Time) string {
	if token == "" {
		token = uuid.NewString()
	}
	current := slices.Contains(stages, stageCurrent) || len(it.versions) == 0
	if current && !slices.Contains(stages, stageCurrent) {
		stages = append(slices.Clone(stages), stageCurrent)
	}
	for i := range it.versions {
		v := &it.versions[i]
		was := slices.Contains(v.Stages, stageCurrent)
		v.Stages = slices.DeleteFunc(v.Stages, func(stage string) bool {
			return slices.Contains(stages, stage) || current && stage == stagePrevious
		})
		if was && current {
			v.Stages = append(v.Stages, stagePrevious)
		}
	}
	it.versions = append(it.versions, Version{ID: token, Value: value, Stages: slices.Clone(stages), Created: now})
	if over := len(it.versions) - maxVersions; over > 0 {
		it.versions = slices.DeleteFunc(it.versions, func(v Version) bool {
			gone := over > 0 && len(v.Stages) == 0
			if gone {
				over--
			}
			return gone
		})
	}
	return token
}

// find returns a version by ID and label; by neither the current one.
func (it *secret) find(versionID, stage string) (Version, error) {
	if versionID == "" && stage == "" {
		stage = stageCurrent
	}
	for _, v := range it.versions {
		if (versionID == "" || v.ID == versionID) && (stage == "" || slices.Contains(v.Stages, stage)) {
			return v.clone(), nil
		}
	}
	if versionID != "" {
		return Version{}, awserr.New(awserr.ResourceNotFound, "Secrets Manager can't find the specified secret value for VersionId: %s", versionID)
	}
	return Version{}, awserr.New(awserr.ResourceNotFound, "Secrets Manager can't find the specified secret value for staging label: %s", stage)
}

func (it *secret) stages() map[string][]string {
	stages := map[string][]string{}
	for _, v := range it.versions {
		if len(v.Stages) > 0 {
			stages[v.ID] = slices.Clone(v.Stages)
		}
	}
	return stages
}

func (it *secret) clone() Secret {
	out := it.Secret
	out.Tags = maps.Clone(out.Tags)
	return out
}
