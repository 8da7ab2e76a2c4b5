package secretsmanager

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// Secret is what a secret is called, and its settings.
type Secret struct {
	// Name has 1 to 512 letters, digits and /_+=.@-!
	Name string
	// Description has at most 2048 characters.
	Description string
	// KMSKeyID is the id or ARN of a KMS key. Empty: AWS's own, which everybody may
	// use who may read the secret.
	KMSKeyID string
	Tags     map[string]string

	// ARN, Created and Changed are computed, and Deleted is when the deletion was
	// asked for; zero if it was not.
	ARN              string
	Created, Changed time.Time
	Deleted          time.Time
}

// Value is what a secret holds: a text or bytes. It prints as nothing.
type Value struct {
	String string
	Binary []byte
}

// Format prints nothing of the value, whatever the verb.
func (Value) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[secret]")) }

// LogValue shows nothing of the value.
func (Value) LogValue() slog.Value { return slog.StringValue("[secret]") }

func (v Value) empty() bool { return v.String == "" && len(v.Binary) == 0 }

func (v Value) same(w Value) bool { return v.String == w.String && bytes.Equal(v.Binary, w.Binary) }

// Version is one value of a secret, and its staging labels.
type Version struct {
	ID string
	Value
	Stages  []string
	Created time.Time
}

func (v Version) clone() Version {
	v.Stages, v.Binary = slices.Clone(v.Stages), slices.Clone(v.Binary)
	return v
}
