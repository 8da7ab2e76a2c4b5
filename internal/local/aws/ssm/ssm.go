// Package ssm is the Parameter Store of the local AWS: parameters of type
// String, StringList and SecureString with versions, in memory only. It
// follows the Systems Manager API reference (PutParameter, GetParameter,
// GetParametersByPath) and user guide. Labels, parameter policies and filters
// are left to AWS.
package ssm

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// Types of parameters.
const (
	TypeString       = "String"
	TypeStringList   = "StringList"
	TypeSecureString = "SecureString"
)

// DefaultKeyID is the key of a SecureString without a key of its own. AWS
// manages it: whoever may read the parameter may decrypt it.
const DefaultKeyID = "alias/aws/ssm"

// Tiers and their limits (user guide, "Managing parameter tiers").
const (
	tierStandard    = "Standard"
	tierAdvanced    = "Advanced"
	tierIntelligent = "Intelligent-Tiering"

	maxStandardValue = 4096 // bytes
	maxAdvancedValue = 8192
	maxVersions      = 100
	maxLevels        = 15
	maxName          = 1011
)

// Parameter is one version of a parameter. It prints without its value.
type Parameter struct {
	// Name has at most 1011 characters of a-zA-Z0-9_.- and, in a hierarchy of
	// at most 15 levels, begins with a slash. Names that begin with aws or ssm
	// are AWS's own.
	Name string
	// Type is String, StringList or SecureString.
	Type  string
	Value string
	// Description has at most 1024 characters.
	Description string
	// KeyID is a KMS key's id or ARN, for a SecureString only. Defaults to
	// alias/aws/ssm.
	KeyID string
	// AllowedPattern is a regular expression that the value must match.
	AllowedPattern string
	// DataType defaults to text, the only one here.
	DataType string
	// Tier is Standard, Advanced or Intelligent-Tiering. Defaults to Standard.
	Tier string
	// Overwrite is whether Put may replace an existing parameter.
	Overwrite bool
	Tags      map[string]string

	// ARN, Version and LastModified are set by Put.
	ARN          string
	Version      int64
	LastModified time.Time
}

// String names the parameter without its value.
func (p Parameter) String() string { return fmt.Sprintf("%s %s:%d", p.Type, p.Name, p.Version) }

// GoString names the parameter without its value.
func (p Parameter) GoString() string { return p.String() }

// LogValue names the parameter without its value.
func (p Parameter) LogValue() slog.Value { return slog.StringValue(p.String()) }

// stored is a parameter with what GetParameter shows without decryption.
type stored struct {
	Parameter
	ciphertext string
}

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
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.parameters[p.Name]
	if len(old) > 0 {
		last := old[len(old)-1].Parameter
		if !p.Overwrite {
			return 0, "", awserr.New("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
		}
		if p.Type != "" && p.Type != last.Type {
			return 0, "", awserr.New("HierarchyTypeMismatchException", "the type of %s cannot be changed from %s to %s: delete the parameter first", p.Name, last.Type, p.Type)
		}
		if len(p.Tags) > 0 {
			return 0, "", awserr.New("ValidationException", "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag.")
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
	p.Version++
	p.ARN, p.LastModified, p.Overwrite = s.ARN(p.Name), s.now().UTC(), false
	next := append(slices.Clone(old), stored{p, ciphertext()})
	s.parameters[p.Name] = next[max(0, len(next)-maxVersions):]
	return p.Version, p.Tier, nil
}

// Get returns the latest version of a parameter, its value in plain text; or
// ParameterNotFound.
func (s *Service) Get(name string) (Parameter, error) {
	p, err := s.find(name)
	return p.Parameter, err
}

// find takes a name or ARN, with or without ":version" at the end.
func (s *Service) find(name string) (stored, error) {
	name, isARN := strings.CutPrefix(name, s.acct.ARN("ssm", "parameter"))
	bare, selector, selected := strings.Cut(name, ":")
	s.mu.RLock()
	defer s.mu.RUnlock()
	versions := s.parameters[bare]
	if len(versions) == 0 && isARN { // the ARN of a name without a slash
		versions = s.parameters[strings.TrimPrefix(bare, "/")]
	}
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

// Delete removes a parameter with all its versions; or ParameterNotFound.
func (s *Service) Delete(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.parameters[name]; !ok {
		return awserr.New("ParameterNotFound", "Parameter %s not found.", name)
	}
	delete(s.parameters, name)
	return nil
}

var nameCharacters = regexp.MustCompile(`^[a-zA-Z0-9_.\-/]+$`)

// checkName is the grammar of PutParameter's Name.
func checkName(name string) error {
	first, _, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(name), "/"), "/")
	switch {
	case !nameCharacters.MatchString(name):
		return awserr.New("ValidationException", "Parameter name: can't be empty, and can include only the following symbols and letters: a-zA-Z0-9_.-/")
	case len(name) > maxName:
		return awserr.New("ValidationException", "Parameter name: must have at most %d characters, not %d.", maxName, len(name))
	case strings.HasPrefix(first, "aws"), strings.HasPrefix(first, "ssm"):
		return awserr.New("ValidationException", `Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive): %q. If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_`, name)
	case strings.Contains(name, "/") && name[0] != '/':
		return awserr.New("ValidationException", "Parameter name must be a fully qualified name: begin %q with a slash.", name)
	case strings.Contains(name, "//"), strings.HasSuffix(name, "/"):
		return awserr.New("ValidationException", "Parameter name: %q must not have an empty part or end with a slash.", name)
	case strings.Count(name, "/") > maxLevels:
		return awserr.New("HierarchyLevelLimitExceededException", "A parameter hierarchy can have a maximum of %d levels: %q has %d.", maxLevels, name, strings.Count(name, "/"))
	}
	return nil
}

// check validates what Put sets, and sets the defaults. Its errors never
// repeat the value.
func (s *Service) check(p *Parameter) error {
	switch p.Type {
	case TypeString, TypeStringList:
		if p.KeyID != "" {
			return awserr.New("ValidationException", "KeyId is required for SecureString type parameters only.")
		}
	case TypeSecureString:
		if p.KeyID == "" {
			p.KeyID = DefaultKeyID
		}
		if p.KeyID != DefaultKeyID && s.keyARN(p.KeyID) == "" {
			return awserr.New("InvalidKeyId", "Key %s is not found: use a key's id or ARN in this account and Region; there are no aliases here but %s", p.KeyID, DefaultKeyID)
		}
	case "":
		return awserr.New("ValidationException", "A parameter type is required when you create a parameter.")
	default:
		return awserr.New("ValidationException", "1 validation error detected: Value '%s' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [SecureString, StringList, String]", p.Type)
	}
	if p.Value == "" {
		return awserr.New("ValidationException", "1 validation error detected: Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	if len(p.Description) > 1024 {
		return awserr.New("ValidationException", "1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 1024")
	}
	if err := checkTier(p); err != nil {
		return err
	}
	if p.DataType == "" {
		p.DataType = "text"
	}
	if p.DataType != "text" {
		return awserr.New("ValidationException", "the data type %q of %s is not supported by the local AWS: use text", p.DataType, p.Name)
	}
	if p.AllowedPattern != "" {
		pattern, err := regexp.Compile("^(?:" + p.AllowedPattern + ")$")
		if err != nil || len(p.AllowedPattern) > 1024 {
			return awserr.New("InvalidAllowedPatternException", "The allowed pattern of %s is not a valid regular expression of at most 1024 characters.", p.Name)
		}
		if !pattern.MatchString(p.Value) {
			return awserr.New("ParameterPatternMismatchException", "Parameter value, cannot be validated against allowedPattern: %s", p.AllowedPattern)
		}
	}
	return nil
}

func checkTier(p *Parameter) error {
	switch {
	case p.Tier == tierIntelligent && len(p.Value) > maxStandardValue:
		p.Tier = tierAdvanced
	case p.Tier == "" || p.Tier == tierIntelligent:
		p.Tier = tierStandard
	case p.Tier != tierStandard && p.Tier != tierAdvanced:
		return awserr.New("ValidationException", "1 validation error detected: Value '%s' at 'tier' failed to satisfy constraint: Member must satisfy enum value set: [Standard, Advanced, Intelligent-Tiering]", p.Tier)
	}
	if p.Tier == tierStandard && len(p.Value) > maxStandardValue {
		return awserr.New("ValidationException", "Standard tier parameters support a maximum parameter value of %d characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html", maxStandardValue)
	}
	if len(p.Value) > maxAdvancedValue {
		return awserr.New("ValidationException", "Advanced tier parameters support a maximum parameter value of %d characters.", maxAdvancedValue)
	}
	return nil
}

var keyIDs = regexp.MustCompile(`^(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)

// keyARN returns the ARN of a customer's key that is given by id or ARN; ""
// if it is neither, or of another account or Region.
func (s *Service) keyARN(keyID string) string {
	id := strings.TrimPrefix(keyID, s.acct.ARN("kms", "key/"))
	if !keyIDs.MatchString(id) {
		return ""
	}
	return s.acct.ARN("kms", "key/"+id)
}

// ciphertext looks like what GetParameter shows of a SecureString without
// decryption. It is random: nothing of the value can be got from it.
func ciphertext() string {
	b := make([]byte, 180)
	_, _ = rand.Read(b)                                 // crypto/rand never fails
	copy(b, []byte{0x01, 0x02, 0x01, 0x00, 0x78, 0x01}) // as KMS begins
	return base64.StdEncoding.EncodeToString(b)
}
