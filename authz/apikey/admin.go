package apikey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Admin generates keys and changes their records. It needs more permissions
// than an authorizer has: dynamodb:PutItem, UpdateItem, DeleteItem and Scan on
// the table of keys, and dynamodb:BatchGetItem on the state table to show when
// keys were last used.
//
// A key is named by its credential id or, where only one has it, by its start.
type Admin struct {
	// DynamoDB has the tables. Required.
	DynamoDB *DynamoDB
	// Prefix begins new keys. Defaults to DefaultPrefix.
	Prefix string
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
}

// Spec is what a new key is to be.
type Spec struct {
	// Subject is the owner; see [authz.CheckSubject]. Required.
	Subject string
	// Tier is the name of a tier; see [CheckTierName]. Required. That the
	// authorizer has such a tier cannot be known here.
	Tier string
	// Name is for the owner to tell keys apart. Optional.
	Name string
	// Permissions are beside those of the tier; see [CheckPermissions].
	Permissions []string
	// Life is how long the key works, at least a second. Defaults to for ever.
	Life time.Duration
}

// Info is a record and when its key was last used.
type Info struct {
	Record
	// LastUsed is within the interval with which the authorizer records uses
	// (see Config.UseInterval). The zero Time is never, or not within the last
	// 400 days, or unknown without a state table.
	LastUsed time.Time
}

// Errors of administration.
var (
	// ErrNotFound: no key has the credential id or start.
	ErrNotFound = errors.New("no such API key")
	// ErrConflict: the key is not in the state that the change is for.
	ErrConflict = errors.New("the API key cannot be changed so")
)

func (a Admin) now() time.Time {
	if a.Now != nil {
		return a.Now().UTC().Truncate(time.Second)
	}
	return time.Now().UTC().Truncate(time.Second)
}

// Create generates a key and stores its record. The key is in the answer and
// nowhere else.
func (a Admin) Create(ctx context.Context, spec Spec) (Key, Record, error) {
	key, record, err := a.generate(spec)
	if err != nil {
		return Key{}, Record{}, fmt.Errorf("creating an API key: %w", err)
	}
	if err := a.DynamoDB.putRecord(ctx, record); err != nil {
		return Key{}, Record{}, fmt.Errorf("creating an API key: %w", err)
	}
	return key, record, nil
}

func (a Admin) generate(spec Spec) (Key, Record, error) {
	prefix := a.Prefix
	if prefix == "" {
		prefix = DefaultPrefix
	}
	key, err := Generate(prefix)
	if err != nil {
		return Key{}, Record{}, err
	}
	record := Record{
		Digest: key.Digest(), Start: key.Start(), Name: spec.Name, Subject: spec.Subject, Tier: spec.Tier,
		Permissions: slices.Sorted(slices.Values(spec.Permissions)), CreatedAt: a.now(),
	}
	if spec.Life < 0 || spec.Life > 0 && spec.Life < time.Second {
		return Key{}, Record{}, fmt.Errorf("its life is %v, allowed is 1s and more", spec.Life)
	}
	if spec.Life > 0 {
		record.ExpiresAt = record.CreatedAt.Add(spec.Life).Truncate(time.Second)
	}
	return key, record, record.check()
}

// List returns all keys, the oldest first.
func (a Admin) List(ctx context.Context) ([]Info, error) {
	infos, err := a.list(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing API keys: %w", err)
	}
	return infos, nil
}

// Show returns one key.
func (a Admin) Show(ctx context.Context, name string) (Info, error) {
	record, err := a.find(ctx, name)
	if err != nil {
		return Info{}, err
	}
	used, err := a.DynamoDB.lastUsed(ctx, []Record{record})
	if err != nil {
		return Info{}, fmt.Errorf("reading when API key %q was used: %w", record.CredentialID(), err)
	}
	return Info{record, used[record.Digest]}, nil
}

func (a Admin) list(ctx context.Context) ([]Info, error) {
	records, err := a.DynamoDB.records(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(records, func(x, y Record) int {
		if order := x.CreatedAt.Compare(y.CreatedAt); order != 0 {
			return order
		}
		return strings.Compare(x.Digest.String(), y.Digest.String())
	})
	used, err := a.DynamoDB.lastUsed(ctx, records)
	if err != nil {
		return nil, err
	}
	infos := make([]Info, len(records))
	for i, r := range records {
		infos[i] = Info{r, used[r.Digest]}
	}
	return infos, nil
}

// find returns the record of the one key of a name.
func (a Admin) find(ctx context.Context, name string) (Record, error) {
	// A whole key is not repeated: errors are logged.
	if len(name) > maxPrefix+1+startWidth {
		return Record{}, fmt.Errorf("%w: what was given is too long for a credential id or a start; if it is a whole API key, it is in the shell's history now: rotate it", ErrNotFound)
	}
	records, err := a.DynamoDB.records(ctx)
	if err != nil {
		return Record{}, fmt.Errorf("looking for API key %q: %w", name, err)
	}
	records = slices.DeleteFunc(records, func(r Record) bool { return r.CredentialID() != name && r.Start != name })
	switch len(records) {
	case 0:
		return Record{}, fmt.Errorf("%w: %q is neither the credential id nor the start of one in table %q", ErrNotFound, name, a.DynamoDB.keys.Name)
	case 1:
		return records[0], nil
	}
	ids := make([]string, len(records))
	for i, r := range records {
		ids[i] = r.CredentialID()
	}
	slices.Sort(ids)
	return Record{}, fmt.Errorf("%w: %q is the start of several; say which: %s", ErrConflict, name, strings.Join(ids, ", "))
}

// Disable makes the authorizer refuse a key until it is enabled again. One that
// is disabled already is ErrConflict.
func (a Admin) Disable(ctx context.Context, name string) (Record, error) {
	return a.change(ctx, name, func(r *Record) error {
		if r.Disabled {
			return errors.New("it is disabled already")
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
			return errors.New("it is not disabled")
		case !r.ExpiresAt.IsZero() && !a.now().Before(r.ExpiresAt):
			return fmt.Errorf("it expired at %s and would be refused all the same; create another", r.ExpiresAt.Format(time.RFC3339))
		}
		r.Disabled = false
		return nil
	})
}

// SetTier gives a key another tier; see [CheckTierName].
func (a Admin) SetTier(ctx context.Context, name, tier string) (Record, error) {
	return a.change(ctx, name, func(r *Record) error {
		if r.Tier == tier {
			return fmt.Errorf("its tier is %q already", tier)
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
		return nil
	})
}

// change changes a record if nobody else does at the same time.
func (a Admin) change(ctx context.Context, name string, edit func(*Record) error) (Record, error) {
	old, err := a.find(ctx, name)
	if err != nil {
		return Record{}, err
	}
	id := old.CredentialID()
	changed := old
	if err := edit(&changed); err != nil {
		return Record{}, fmt.Errorf("API key %q: %w: %w", id, ErrConflict, err)
	}
	if err := changed.check(); err != nil {
		return Record{}, fmt.Errorf("API key %q: %w", id, err)
	}
	if err := a.DynamoDB.updateRecord(ctx, old, changed); err != nil {
		return Record{}, fmt.Errorf("changing API key %q: %w", id, err)
	}
	return changed, nil
}

// Rotate generates a key for the same owner with the same name, tier,
// permissions and life, and lets the old one expire after the grace period, or
// when it would anyway. Both happen, or neither. It returns the new key, its
// record, and the old one's. A key that is not active, or has been rotated
// already, is ErrConflict.
func (a Admin) Rotate(ctx context.Context, name string, grace time.Duration) (Key, Record, Record, error) {
	if grace < 0 {
		return Key{}, Record{}, Record{}, fmt.Errorf("rotating an API key: the grace period is %v, allowed is 0s and more", grace)
	}
	old, err := a.find(ctx, name)
	if err != nil {
		return Key{}, Record{}, Record{}, err
	}
	id, now := old.CredentialID(), a.now()
	fail := func(err error) (Key, Record, Record, error) {
		return Key{}, Record{}, Record{}, fmt.Errorf("rotating API key %q: %w", id, err)
	}
	switch status := old.Status(now); {
	case old.ReplacedBy != "":
		return fail(fmt.Errorf("%w: it has been rotated already, to %s", ErrConflict, old.ReplacedBy))
	case status != Active:
		return fail(fmt.Errorf("%w: it is %s", ErrConflict, status))
	}
	spec := Spec{Subject: old.Subject, Tier: old.Tier, Name: old.Name, Permissions: old.Permissions}
	if !old.ExpiresAt.IsZero() {
		spec.Life = old.ExpiresAt.Sub(old.CreatedAt)
	}
	key, successor, err := a.generate(spec)
	if err != nil {
		return fail(err)
	}
	replaced := old
	replaced.ReplacedBy = successor.CredentialID()
	if end := now.Add(grace).Truncate(time.Second); old.ExpiresAt.IsZero() || end.Before(old.ExpiresAt) {
		replaced.ExpiresAt = end
	}
	if err := a.DynamoDB.replaceRecord(ctx, old, replaced, successor); err != nil {
		return fail(err)
	}
	return key, successor, replaced, nil
}

// Delete deletes the record of a key, which nobody knows any more from then on.
func (a Admin) Delete(ctx context.Context, name string) (Record, error) {
	record, err := a.find(ctx, name)
	if err != nil {
		return Record{}, err
	}
	if err := a.DynamoDB.deleteRecord(ctx, record); err != nil {
		return Record{}, fmt.Errorf("deleting API key %q: %w", record.CredentialID(), err)
	}
	return record, nil
}
