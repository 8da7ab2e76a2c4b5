package apikey

import (
	"errors"
	"fmt"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// Status is what has become of a key.
type Status string

// The states of a key. Expired is derived from the expiry and never stored.
const (
	Active   Status = "active"
	Disabled Status = "disabled"
	Expired  Status = "expired"
)

// Record is what is stored of a key. It has nothing from which the key could
// be made.
type Record struct {
	// Digest is the SHA-256 of the whole key. Required.
	Digest Digest
	// Start is the beginning of the key, for display; see [Key.Start].
	Start string
	// Name is what its owner calls the key. Optional.
	Name string
	// Subject is the key's owner; see [authz.CheckSubject]. Required.
	Subject string
	// Tier is the name of the key's tier; see [Tiers]. Required.
	Tier string
	// Permissions are the key's own, beside those of its tier.
	Permissions []string
	// Disabled is whether the key is refused until it is enabled again.
	Disabled bool
	// CreatedAt is when the key was generated, to the second. Required.
	CreatedAt time.Time
	// ExpiresAt is the second from which on the key is refused. The zero Time
	// is never; the year 9999 is the last.
	ExpiresAt time.Time
	// ReplacedBy is the credential id of the key that this one was rotated to;
	// empty if it was not.
	ReplacedBy string
}

// CredentialID returns the public id of the key; see [Digest.CredentialID].
func (r Record) CredentialID() string { return r.Digest.CredentialID() }

// Status returns the state of the key at a time. Disabled comes before
// expired.
func (r Record) Status(now time.Time) Status {
	switch {
	case r.Disabled:
		return Disabled
	case !r.ExpiresAt.IsZero() && !now.Before(r.ExpiresAt):
		return Expired
	}
	return Active
}

// check returns an error that says what is wrong with the record.
func (r Record) check() error {
	if err := authz.CheckSubject(r.Subject); err != nil {
		return err
	}
	if r.Name != "" {
		if err := CheckName(r.Name); err != nil {
			return err
		}
	}
	if err := CheckTierName(r.Tier); err != nil {
		return fmt.Errorf("tier %q: %w", r.Tier, err)
	}
	if !r.ExpiresAt.IsZero() && (r.ExpiresAt.Unix() <= 0 || r.ExpiresAt.Unix() > contract.MaxSeconds) {
		return errors.New("its expiry is outside the years 1970 to 9999; give it a shorter life, or none")
	}
	return CheckPermissions(r.Permissions)
}

// CheckName returns an error that says what is wrong with the name of a key,
// nil if it is a valid one: it follows the rules of a subject
// ([authz.CheckSubject]).
func CheckName(name string) error {
	if authz.CheckSubject(name) != nil {
		return fmt.Errorf("the name is not 1 to %d bytes of printable characters without a space at either end", authz.MaxSubjectBytes)
	}
	return nil
}
