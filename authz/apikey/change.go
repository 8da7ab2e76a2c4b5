package apikey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// Disable makes the authorizer refuse a key until it is enabled again. One that
// is disabled already is ErrConflict.
func (a Admin) Disable(ctx context.Context, name string) (Record, error) {
	return a.change(ctx, name, func(r *Record) error {
		if r.Disabled {
			return conflict(errors.New("it is disabled already"))
		}
		r.Disabled = true
		return nil
	})
}

// Enable undoes Disable. A key that is not disabled, or has expired, is
// ErrConflict.
func (a Admin) Enable(ctx context.Context, name string) (Record, error) {
	return a.change(ctx, name, func(r *Record) error {
		switch {
		case !r.Disabled:
			return conflict(errors.New("it is not disabled"))
		case !r.ExpiresAt.IsZero() && !a.now().Before(r.ExpiresAt):
			return conflict(fmt.Errorf("it expired at %s and would be refused all the same; create another", r.ExpiresAt.Format(time.RFC3339)))
		}
		r.Disabled = false
		return nil
	})
}

// SetTier gives a key another tier; see [CheckTierName].
func (a Admin) SetTier(ctx context.Context, name, tier string) (Record, error) {
	return a.change(ctx, name, func(r *Record) error {
		if r.Tier == tier {
			return conflict(fmt.Errorf("its tier is %q already", tier))
		}
		if err := CheckTierName(tier); err != nil {
			return fmt.Errorf("tier %q: %w", tier, err)
		}
		r.Tier = tier
		return nil
	})
}

// SetPermissions replaces the permissions that a key has beside those of its
// tier; see [CheckPermissions].
func (a Admin) SetPermissions(ctx context.Context, name string, permissions []string) (Record, error) {
	permissions = slices.Sorted(slices.Values(permissions))
	return a.change(ctx, name, func(r *Record) error {
		r.Permissions = permissions
		return CheckPermissions(permissions)
	})
}

func conflict(err error) error { return fmt.Errorf("%w: %w", ErrConflict, err) }

// change changes a record if nobody else does at the same time. Only the edit
// checks anything: a key is disabled whatever else is wrong with its record.
func (a Admin) change(ctx context.Context, name string, edit func(*Record) error) (Record, error) {
	old, err := a.find(ctx, name)
	if err != nil {
		return Record{}, err
	}
	id := old.CredentialID()
	changed := old
	if err := edit(&changed); err != nil {
		return Record{}, fmt.Errorf("API key %q: %w", id, err)
	}
	if err := a.DynamoDB.updateRecord(ctx, old, changed); err != nil {
		return Record{}, fmt.Errorf("changing API key %q: %w", id, err)
	}
	return changed, nil
}

// Rotate generates a key for the same owner with the same prefix, name, tier,
// permissions and life, and lets the old one expire after the grace period, or
// when it would anyway. Both happen, or neither. It returns the new key, its
// record, and the old one's. A key that is not active, has been rotated already,
// or is changed by somebody else meanwhile, is ErrConflict; where the answer of
// DynamoDB is lost, it is as with Create.
func (a Admin) Rotate(ctx context.Context, name string, grace time.Duration) (Key, Record, Record, error) {
	if grace < 0 {
		return Key{}, Record{}, Record{}, fmt.Errorf("rotating an API key: the grace period is %v, allowed is 0s and more", grace)
	}
	old, err := a.find(ctx, name)
	if err != nil {
		return Key{}, Record{}, Record{}, err
	}
	key, successor, replaced, err := a.rotate(ctx, old, grace)
	if err != nil {
		return Key{}, Record{}, Record{}, fmt.Errorf("rotating API key %q: %w", old.CredentialID(), err)
	}
	return key, successor, replaced, nil
}

func (a Admin) rotate(ctx context.Context, old Record, grace time.Duration) (key Key, successor, replaced Record, err error) {
	now := a.now()
	switch status := old.Status(now); {
	case old.ReplacedBy != "":
		return key, successor, replaced, conflict(fmt.Errorf("it has been rotated already, to %s", old.ReplacedBy))
	case status != Active:
		return key, successor, replaced, conflict(fmt.Errorf("it is %s", status))
	}
	spec := Spec{Subject: old.Subject, Tier: old.Tier, Name: old.Name, Permissions: old.Permissions}
	if !old.ExpiresAt.IsZero() {
		spec.Life = old.ExpiresAt.Sub(old.CreatedAt)
	}
	prefix, _, _ := strings.Cut(old.Start, "_")
	if key, successor, err = a.generate(prefix, spec); err != nil {
		return key, successor, replaced, err
	}
	replaced = old
	replaced.ReplacedBy = successor.CredentialID()
	if end := now.Add(grace).Truncate(time.Second); old.ExpiresAt.IsZero() || end.Before(old.ExpiresAt) {
		replaced.ExpiresAt = end
	}
	if err = replaced.check(); err != nil { // the grace period may be centuries
		return key, successor, replaced, err
	}
	cure := fmt.Sprintf("show %s; if it says replaced by %s, rotate that one, for its key is lost", old.CredentialID(), successor.CredentialID())
	return key, successor, replaced, a.settle(ctx, a.DynamoDB.replaceRecord(ctx, old, replaced, successor), successor, cure)
}

// Delete deletes the record of a key, which nobody knows any more from then on,
// and returns it. Of one that cannot be read it returns the Digest and the Start,
// as far as it has them.
func (a Admin) Delete(ctx context.Context, name string) (Record, error) {
	item, err := a.findItem(ctx, name)
	if err != nil {
		return Record{}, err
	}
	record, err := decodeRecord(item)
	id := item.Text(contract.AuthorizerTableKey)
	if err != nil {
		record = Record{Start: item.Text(attributeStart)}
		if digest, err := parseDigest(id); err == nil {
			record.Digest = digest
		}
	}
	if err := a.DynamoDB.deleteItem(ctx, id); err != nil {
		return Record{}, fmt.Errorf("deleting API key %q: %w", name, err)
	}
	return record, nil
}
