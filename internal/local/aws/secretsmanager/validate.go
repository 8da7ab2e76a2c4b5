package secretsmanager

import (
	"regexp"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// Limits (API reference CreateSecret; user guide reference_limits).
const (
	maxName        = 512
	maxDescription = 2048
	maxValue       = 65_536 // bytes
	maxTags        = 50
	minToken       = 32
	maxToken       = 64
	maxVersions    = 100
	suffixLength   = 6
)

// Codes of the Secrets Manager API.
const (
	codeInvalidParameter = "InvalidParameterException"
	codeInvalidRequest   = "InvalidRequestException"
	codeExists           = "ResourceExistsException"
)

// DefaultKeyID is the key of a secret without a key of its own.
const DefaultKeyID = "alias/aws/secretsmanager"

var (
	names  = regexp.MustCompile(`^[A-Za-z0-9/_+=.@!-]+$`)
	keyIDs = regexp.MustCompile(`^(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)
)

// Validate returns the error that CreateSecret would give for what a secret is by
// itself, but for its key.
func Validate(in Secret) error {
	switch {
	case !names.MatchString(in.Name):
		return awserr.New(codeInvalidParameter, "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!").WithCure("rename the secret %q", in.Name)
	case len(in.Name) > maxName:
		return constraint("name", "Member must have length less than or equal to 512")
	case len(in.Description) > maxDescription:
		return constraint("description", "Member must have length less than or equal to 2048")
	case len(in.Tags) > maxTags:
		return awserr.New(codeInvalidParameter, "A secret has at most %d tags, not %d.", maxTags, len(in.Tags))
	}
	return nil
}

// check checks a value that is put; it never repeats it.
func (v Value) check(token string) error {
	switch {
	case v.empty():
		return awserr.New(codeInvalidParameter, "You must provide either SecretString or SecretBinary.")
	case v.String != "" && len(v.Binary) > 0:
		return awserr.New(codeInvalidParameter, "You can't specify both a binary secret value and a string secret value in the same secret.")
	case len(v.String) > maxValue:
		return constraint("secretString", "Member must have length less than or equal to 65536")
	case len(v.Binary) > maxValue:
		return constraint("secretBinary", "Member must have length less than or equal to 65536")
	case token != "" && (len(token) < minToken || len(token) > maxToken):
		return constraint("clientRequestToken", "Member must have length between 32 and 64")
	}
	return nil
}

// checkKey refuses a key that is not one of this account and Region.
func (s *Service) checkKey(id string) error {
	if id != "" && id != DefaultKeyID && s.keyARN(id) == "" {
		return awserr.New(codeInvalidParameter, "The KMS key %s is not found", id).
			WithCure("use a key's id or ARN in this account and Region; there are no aliases here but %s", DefaultKeyID)
	}
	return nil
}

// keyARN is the ARN of a customer's key; empty where it is AWS's own, or none.
func (s *Service) keyARN(id string) string {
	id = strings.TrimPrefix(id, s.acct.ARN("kms", "key/"))
	if !keyIDs.MatchString(id) {
		return ""
	}
	return s.acct.ARN("kms", "key/"+id)
}

func constraint(member, rule string) error {
	return awserr.New(awserr.Validation, "1 validation error detected: Value at '%s' failed to satisfy constraint: %s", member, rule)
}

func invalidParameter(format string, args ...any) error {
	return awserr.New(codeInvalidParameter, format, args...)
}
