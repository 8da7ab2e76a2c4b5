package apikey

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/awsjson"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// Admin generates keys and changes their records. It needs more permissions
// than an authorizer has: dynamodb:GetItem, PutItem, UpdateItem, DeleteItem and
// Scan on the table of keys, and dynamodb:BatchGetItem on the state table to
// show when keys were last used.
//
// A key is named by its credential id, by its digest or, where only one has it,
// by its start. An item of the table that cannot be read as a record hinders
// nothing but the work on itself; Delete takes its id, too, unless that may be a
// key ([MayBeKey]).
type Admin struct {
	// DynamoDB has the tables. Required: without it everything is
	// authz.ErrMisconfigured.
	DynamoDB *DynamoDB
	// Prefix begins the keys that Create makes. Defaults to DefaultPrefix. Those
	// that Rotate makes have the prefix of the key that they replace.
	Prefix string

	clock func() time.Time // of tests; nil is time.Now
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
	// LastUsed is to within the 5 minutes for which the authorizer records one use
	// (see Config.Uses). The zero Time is never, or not within the last
	// 400 days, or unknown without a state table.
	LastUsed time.Time
}

// Errors of administration.
var (
	// ErrNotFound: no key has the credential id or start.
	ErrNotFound = errors.New("no such API key")
	// ErrConflict: the key is not in the state that the change is for.
	ErrConflict = errors.New("the API key cannot be changed so")
	// ErrUncertain: the new key's record may be stored although it could not be
	// found there, and the key itself is lost. The text says what to look at and
	// what to do.
	ErrUncertain = errors.New("it may have been done all the same")
)

func (a Admin) now() time.Time {
	now := time.Now
	if a.clock != nil {
		now = a.clock
	}
	return now().UTC().Truncate(time.Second)
}

// check returns an error for an Admin that can do nothing.
func (a Admin) check() error {
	if a.DynamoDB == nil || a.DynamoDB.keys.Client == nil {
		return fmt.Errorf("%w: apikey.Admin.DynamoDB is not set; make it with NewDynamoDB", authz.ErrMisconfigured)
	}
	return nil
}

// Create generates a key and stores its record. The key is in the answer and
// nowhere else. Where the answer of DynamoDB is lost, or ctx ends meanwhile, it
// looks once whether the record is there; if it does not see it, the error is
// ErrUncertain.
func (a Admin) Create(ctx context.Context, spec Spec) (Key, Record, error) {
	key, record, err := a.generate(cmp.Or(a.Prefix, DefaultPrefix), spec)
	if err == nil {
		err = a.check()
	}
	if err == nil {
		id := record.CredentialID()
		err = a.settle(ctx, a.DynamoDB.putRecord(ctx, record), record, fmt.Sprintf("list the keys; if %s is there, delete it, for the key is lost", id))
	}
	if err != nil {
		return Key{}, Record{}, fmt.Errorf("creating an API key: %w", err)
	}
	return key, record, nil
}

func (a Admin) generate(prefix string, spec Spec) (Key, Record, error) {
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

// lookTimeout bounds the look of settle.
const lookTimeout = 5 * time.Second

// settle is for the error of the write that was to store a new record. A write
// whose answer was lost, or was not waited for, may have been done: then the key
// that only this process knows is in use.
func (a Admin) settle(ctx context.Context, err error, stored Record, cure string) error {
	if !errors.Is(err, authz.ErrUnavailable) || awsjson.Unheard(err) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer cancel()
	_, lookErr := a.DynamoDB.Key(ctx, stored.Digest)
	switch {
	case lookErr == nil:
		return nil
	case !errors.Is(lookErr, authz.ErrUnknownKey):
		err = fmt.Errorf("%w; looking for it: %w", err, lookErr)
	}
	return fmt.Errorf("%w; %w: %s", err, ErrUncertain, cure)
}

// List returns all keys, the oldest first. Where items cannot be read as
// records, or the state table cannot be read, it returns the keys that can, and
// an error that names what is missing; nil and an error where it has read
// nothing.
func (a Admin) List(ctx context.Context) ([]Info, error) {
	infos, err := a.list(ctx)
	if err != nil {
		err = fmt.Errorf("listing API keys: %w", err)
	}
	return infos, err
}

// Show returns one key. Where the state table cannot be read, it returns the key
// and the error.
func (a Admin) Show(ctx context.Context, name string) (Info, error) {
	record, err := a.find(ctx, name)
	if err != nil {
		return Info{}, err
	}
	used, err := a.DynamoDB.lastUsed(ctx, []Record{record})
	if err != nil {
		err = fmt.Errorf("reading when API key %q was last used: %w", record.CredentialID(), err)
	}
	return Info{record, used[record.Digest]}, err
}

// maxBad is how many items that are no records an error names.
const maxBad = 20

func (a Admin) list(ctx context.Context) ([]Info, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	items, err := a.DynamoDB.keys.Items(ctx)
	if err != nil {
		return nil, err
	}
	var records []Record
	var errs []error
	for _, item := range items {
		r, err := a.DynamoDB.decode(item)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		records = append(records, r)
	}
	if more := len(errs) - maxBad; more > 0 {
		errs = append(errs[:maxBad], fmt.Errorf("and %d items more", more))
	}
	slices.SortFunc(records, func(x, y Record) int {
		if order := x.CreatedAt.Compare(y.CreatedAt); order != 0 {
			return order
		}
		return strings.Compare(x.Digest.String(), y.Digest.String())
	})
	used, err := a.DynamoDB.lastUsed(ctx, records)
	if err != nil {
		errs = append(errs, fmt.Errorf("reading when they were last used: %w", err))
	}
	infos := make([]Info, len(records))
	for i, r := range records {
		infos[i] = Info{r, used[r.Digest]}
	}
	return infos, errors.Join(errs...)
}

// find returns the record of the one key of a name.
func (a Admin) find(ctx context.Context, name string) (Record, error) {
	item, err := a.findItem(ctx, name)
	if err != nil {
		return Record{}, err
	}
	return a.DynamoDB.decode(item)
}

// findItem returns the one item of a name, whether or not it can be read as a
// record.
func (a Admin) findItem(ctx context.Context, name string) (awsjson.Item, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	if MayBeKey(name) { // which is not repeated: errors are logged
		return nil, fmt.Errorf("%w: what was given is too long for a credential id or a start; if it is a whole API key, it is in the shell's history now: rotate it", ErrNotFound)
	}
	items, err := a.DynamoDB.keys.Items(ctx)
	if err != nil {
		return nil, fmt.Errorf("looking for API key %q: %w", name, err)
	}
	items = slices.DeleteFunc(items, func(i awsjson.Item) bool { return !isNamed(i, name) })
	switch len(items) {
	case 0:
		return nil, fmt.Errorf("%w: %q is neither the credential id nor the start of one in table %q", ErrNotFound, name, a.DynamoDB.keys.Name)
	case 1:
		return items[0], nil
	}
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = itemName(item)
	}
	slices.Sort(ids)
	return nil, fmt.Errorf("%w: %q is the start of several; say which: %s", ErrConflict, name, strings.Join(ids, ", "))
}

// isNamed reports whether an item is the one of a name, or one of those of a
// start.
func isNamed(item awsjson.Item, name string) bool {
	return name != "" && (name == item.Text(contract.AuthorizerTableKey) || name == itemName(item) || name == item.Text(attributeStart))
}

// itemName is the credential id of an item; of one that has no digest, its id.
func itemName(item awsjson.Item) string {
	if digest, err := parseDigest(item.Text(contract.AuthorizerTableKey)); err == nil {
		return digest.CredentialID()
	}
	return shownID(item)
}
