package ssm

import (
	"regexp"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

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

var nameCharacters = regexp.MustCompile(`^[a-zA-Z0-9_.\-/]+$`)

// checkName is the grammar of PutParameter's Name.
func checkName(name string) error {
	first, _, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(name), "/"), "/")
	switch {
	case !nameCharacters.MatchString(name):
		return validation("Parameter name: can't be empty, and can include only the following symbols and letters: a-zA-Z0-9_.-/")
	case len(name) > maxName:
		return validation("Parameter name: must have at most %d characters, not %d.", maxName, len(name))
	case strings.HasPrefix(first, "aws"), strings.HasPrefix(first, "ssm"):
		return validation(`Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive): %q. If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_`, name)
	case strings.Contains(name, "/") && name[0] != '/':
		return awserr.New(awserr.Validation, "Parameter name must be a fully qualified name.").WithCure("begin the name %q with a slash", name)
	case strings.Contains(name, "//"), strings.HasSuffix(name, "/"):
		return validation("Parameter name: %q must not have an empty part or end with a slash.", name)
	case strings.Count(name, "/") > maxLevels:
		return awserr.New("HierarchyLevelLimitExceededException", "A parameter hierarchy can have a maximum of %d levels: %q has %d.", maxLevels, name, strings.Count(name, "/"))
	}
	return nil
}

// checkRead refuses, of the names that a parameter can be read or deleted by,
// those that none can have.
func checkRead(name string) error {
	if strings.Contains(name, "//") || strings.Contains(name, "/") && name[0] != '/' {
		return awserr.New(awserr.Validation, `Parameter name: can't be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_`).
			WithCure("begin the name %q with one slash, and separate its parts by one", name)
	}
	return nil
}

// canonical is the name that a parameter is kept under: at the first level a
// leading slash makes no difference (terraform-provider-aws issue 49116).
func canonical(name string) string {
	if rest, slash := strings.CutPrefix(name, "/"); slash && !strings.Contains(rest, "/") {
		return rest
	}
	return name
}

// Validate returns a parameter with the defaults set, or the error that Put would give
// for what it is by itself: all but whether its name is free and its key there. Its
// errors never repeat the value.
func Validate(p Parameter) (Parameter, error) {
	p.Name = strings.TrimSpace(p.Name)
	if err := checkName(p.Name); err != nil {
		return p, err
	}
	return p, check(&p)
}

// check validates what Put sets, and sets the defaults.
func (s *Service) check(p *Parameter) error {
	if err := check(p); err != nil {
		return err
	}
	if p.Type == TypeSecureString && p.KeyID != DefaultKeyID && s.keyARN(p.KeyID) == "" {
		return awserr.New("InvalidKeyId", "Key %s is not found: use a key's id or ARN in this account and Region; there are no aliases here but %s", p.KeyID, DefaultKeyID)
	}
	return nil
}

func check(p *Parameter) error {
	switch p.Type {
	case TypeString, TypeStringList:
		if p.KeyID != "" {
			return validation("KeyId is required for SecureString type parameters only.")
		}
	case TypeSecureString:
		if p.KeyID == "" {
			p.KeyID = DefaultKeyID
		}
	case "":
		return validation("A parameter type is required when you create a parameter.")
	default:
		return validation("1 validation error detected: Value '%s' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [SecureString, StringList, String]", p.Type)
	}
	if p.Value == "" {
		return validation("1 validation error detected: Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	if len(p.Description) > 1024 {
		return validation("1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 1024")
	}
	if err := checkTier(p); err != nil {
		return err
	}
	if p.DataType == "" {
		p.DataType = "text"
	}
	if p.DataType != "text" {
		return validation("the data type %q of %s is not supported by the local AWS: use text", p.DataType, p.Name)
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
		return validation("1 validation error detected: Value '%s' at 'tier' failed to satisfy constraint: Member must satisfy enum value set: [Standard, Advanced, Intelligent-Tiering]", p.Tier)
	}
	if p.Tier == tierStandard && len(p.Value) > maxStandardValue {
		return validation("Standard tier parameters support a maximum parameter value of %d characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html", maxStandardValue)
	}
	if len(p.Value) > maxAdvancedValue {
		return validation("Advanced tier parameters support a maximum parameter value of %d characters.", maxAdvancedValue)
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

func validation(format string, args ...any) error {
	return awserr.New(awserr.Validation, format, args...)
}
