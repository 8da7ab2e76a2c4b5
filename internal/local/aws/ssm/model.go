package ssm

import (
	"fmt"
	"log/slog"
	"time"
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

// Parameter is one version of a parameter. It prints without its value.
type Parameter struct {
	// Name has at most 1011 characters of a-zA-Z0-9_.- and, in a hierarchy of
	// at most 15 levels, begins with a slash. At the first level a slash makes no
	// difference: "/name" is kept as "name". Names that begin with aws or ssm
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
