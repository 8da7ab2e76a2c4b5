package apikey

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// MaxTierBytes is how long the name of a tier may be.
const MaxTierBytes = contract.MaxTierBytes

// Tier is what the keys of one kind of customer have in common.
type Tier struct {
	// Permissions are granted to each key of the tier, beside the key's own;
	// see [authz.Permits].
	Permissions []string
	// Quota is how many requests each key of the tier may make. The zero Quota
	// sets no limit.
	Quota Quota
}

// Quota is how many requests may be made. Windows begin with each minute and
// each day of UTC, so that around the turn of a window twice its limit can
// pass in a short time.
type Quota struct {
	// PerMinute is the limit of a minute; 0 sets none.
	PerMinute int
	// PerDay is the limit of a day; 0 sets none.
	PerDay int
}

func (q Quota) check() error {
	if q.PerMinute < 0 || q.PerDay < 0 {
		return fmt.Errorf("its quota is %d a minute and %d a day, allowed are 0 (no limit) and more", q.PerMinute, q.PerDay)
	}
	return nil
}

// Tiers are the tiers there are, by name, as [NewTiers] has checked them.
type Tiers struct{ byName map[string]Tier }

// NewTiers returns the tiers of an API: one at least. A name has 1 to
// MaxTierBytes lower-case letters, digits and hyphens. Any other is
// authz.ErrMisconfigured.
func NewTiers(tiers map[string]Tier) (Tiers, error) {
	if len(tiers) == 0 {
		return Tiers{}, fmt.Errorf("%w: there are no tiers", authz.ErrMisconfigured)
	}
	checked := Tiers{make(map[string]Tier, len(tiers))}
	for _, name := range slices.Sorted(maps.Keys(tiers)) {
		tier := tiers[name]
		tier.Permissions = slices.Clone(tier.Permissions)
		err := CheckTierName(name)
		if err == nil {
			err = CheckPermissions(tier.Permissions)
		}
		if err == nil {
			err = tier.Quota.check()
		}
		if err != nil {
			return Tiers{}, fmt.Errorf("%w: tier %q: %w", authz.ErrMisconfigured, name, err)
		}
		checked.byName[name] = tier
	}
	return checked, nil
}

// tier returns the tier of a name that a record or a principal has. One that
// is not there is a mistake of whoever made the record or changed the code,
// not of the caller: authz.ErrMisconfigured.
func (t Tiers) tier(name string) (Tier, error) {
	tier, ok := t.byName[name]
	if !ok {
		return Tier{}, fmt.Errorf("%w: there is no tier %q; change the key's tier, or add the tier to the authorizer", authz.ErrMisconfigured, name)
	}
	return tier, nil
}

// Names returns the names of the tiers, sorted.
func (t Tiers) Names() []string { return slices.Sorted(maps.Keys(t.byName)) }

// CheckTierName returns an error that says what is wrong with the name of a
// tier, nil if it is a valid one; see [NewTiers].
func CheckTierName(name string) error {
	if name == "" || len(name) > MaxTierBytes || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return fmt.Errorf("its name is not 1 to %d lower-case letters, digits and hyphens", MaxTierBytes)
	}
	return nil
}

// Limits of the permissions of one record or tier. API Gateway hands all of
// them to the handler with each request, in the authorizer context: with the
// lists of a record and of its tier, and the longest subject, that has less than
// authz.MaxContextBytes.
const (
	maxPermissions      = contract.MaxPermissions
	maxPermissionBytes  = contract.MaxPermissionBytes
	maxPermissionsBytes = contract.MaxPermissionsBytes
)

// CheckPermissions returns an error that says what is wrong with a list of
// permissions, nil if it is a valid one: at most 50, none twice, each 1 to 128
// bytes of printable ASCII without space, quote, backslash and comma, whose
// segments between colons are not empty. A segment may be "*" (see
// [authz.Permits]); a star within one would be no wildcard, so it is refused.
// Together, with one byte between any two, they have at most 1,024 bytes, of
// which each <, > and & counts six: so JSON escapes them.
func CheckPermissions(permissions []string) error {
	if len(permissions) > maxPermissions {
		return fmt.Errorf("there are %d permissions, allowed are %d", len(permissions), maxPermissions)
	}
	for i, permission := range permissions {
		bad := func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"\,`, c) }
		switch {
		case len(permission) > maxPermissionBytes || strings.ContainsFunc(permission, bad):
			return fmt.Errorf("permission %q is not 1 to %d printable ASCII characters without space, quote, backslash and comma", permission[:min(len(permission), maxPermissionBytes)], maxPermissionBytes)
		case slices.Contains(permissions[:i], permission):
			return fmt.Errorf("permission %q is there twice", permission)
		}
		for segment := range strings.SplitSeq(permission, ":") {
			if segment == "" || len(segment) > 1 && strings.Contains(segment, "*") {
				return fmt.Errorf("permission %q is not segments with colons between them, each a word or a star", permission)
			}
		}
	}
	encoded, err := json.Marshal(strings.Join(permissions, " ")) // as the authorizer context has them
	if n := len(encoded) - len(`""`); err != nil || n > maxPermissionsBytes {
		return fmt.Errorf("the permissions have %d bytes together, allowed are %d; give fewer, shorter ones or ones with *", n, maxPermissionsBytes)
	}
	return nil
}
