package revocation

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/awsjson"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// ErrNoTable is that DynamoDB has no table of the configured name in this Region. The
// error that is one is authz.ErrMisconfigured as well.
var ErrNoTable = awsjson.ErrNoTable

// ErrNoEntry is that there is no entry to remove.
var ErrNoEntry = errors.New("there is no such entry")

// Table writes, lists and removes entries. It needs the permissions dynamodb:GetItem
// and PutItem to write, Scan to list, DeleteItem to remove.
type Table struct {
	table awsjson.Table
	now   func() time.Time
}

// NewTable returns the table. It makes no call. FailOpen and Logger mean nothing to
// it.
func NewTable(cfg Config) *Table { return &Table{cfg.table(), time.Now} }

// kept is how long an entry outlives what it withdraws, for clocks that differ.
const kept = time.Hour

// maxAttempts is how often Add is tried while others change the same entry.
const maxAttempts = 5

// Add writes an entry, and returns it as it is then. Where there is one for the same
// target already, it withdraws what either does: the later moment counts, and it is
// kept for as long as the longer of the two. WrittenAt is set here, and Expires
// lengthened by an hour, for clocks that differ.
func (t *Table) Add(ctx context.Context, e Entry) (Entry, error) {
	if err := e.Check(); err != nil {
		return Entry{}, fmt.Errorf("%w: %s: %w", authz.ErrMisconfigured, e.Kind, err)
	}
	for name, moment := range map[string]time.Time{"Before": e.Before, "Expires": e.Expires} {
		if s := moment.Unix(); !moment.IsZero() && (s <= 0 || s > contract.MaxSeconds-int64(kept/time.Second)) {
			return Entry{}, fmt.Errorf("%w: Entry.%s is out of range", authz.ErrMisconfigured, name)
		}
	}
	if e.WrittenAt = t.now().UTC().Truncate(time.Second); !e.Expires.IsZero() {
		e.Expires = e.Expires.Add(kept)
	}
	for range maxAttempts {
		merged, done, err := t.put(ctx, e)
		if done || err != nil {
			return merged, err
		}
	}
	return Entry{}, fmt.Errorf("revocation table %q: %w: others change the same entry; try again", t.table.Name, authz.ErrUnavailable)
}

// put makes one attempt, which is not done where somebody else has changed the entry
// meanwhile.
func (t *Table) put(ctx context.Context, e Entry) (merged Entry, done bool, _ error) {
	var there struct{ Item awsjson.Item }
	err := t.table.Call(ctx, "GetItem", map[string]any{"TableName": t.table.Name, "Key": keyOf(e.Target), "ConsistentRead": true}, &there)
	if err != nil {
		return Entry{}, false, err
	}
	revision := rand.Text()
	in := map[string]any{
		"TableName": t.table.Name, "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
		"ConditionExpression": "attribute_not_exists(#id)", "ExpressionAttributeNames": map[string]string{"#id": contract.AuthorizerTableKey},
	}
	if len(there.Item) > 0 {
		old, err := decode(there.Item)
		if err != nil {
			return Entry{}, false, t.malformed(there.Item, err)
		}
		e = e.and(old)
		in["ConditionExpression"], in["ExpressionAttributeNames"] = "#revision = :old", map[string]string{"#revision": attributeRevision}
		in["ExpressionAttributeValues"] = awsjson.Item{":old": awsjson.String(there.Item.Text(attributeRevision))}
	}
	in["Item"] = encode(e, revision)
	err = t.table.Call(ctx, "PutItem", in, nil)
	// A put whose answer was lost is sent again, and then finds itself.
	if found, failed := awsjson.ConditionFailed(err); failed {
		return e, found.Text(attributeRevision) == revision, nil
	}
	return e, err == nil, err
}

// Remove removes the entry of a target. ErrNoEntry is that there is none.
func (t *Table) Remove(ctx context.Context, target Target) error {
	var was struct{ Attributes awsjson.Item }
	err := t.table.Call(ctx, "DeleteItem", map[string]any{"TableName": t.table.Name, "Key": keyOf(target), "ReturnValues": "ALL_OLD"}, &was)
	if err == nil && len(was.Attributes) == 0 {
		err = fmt.Errorf("revocation table %q: %w", t.table.Name, ErrNoEntry)
	}
	return err
}

// All returns all entries, in no order. Beside an error, which names the items that
// are none, it returns the others.
func (t *Table) All(ctx context.Context) ([]Entry, error) {
	items, err := t.table.Items(ctx)
	if err != nil {
		return nil, err
	}
	entries, errs := []Entry{}, []error(nil)
	for _, item := range items {
		e, err := decode(item)
		if err != nil {
			errs = append(errs, t.malformed(item, err))
			continue
		}
		entries = append(entries, e)
	}
	return entries, errors.Join(errs...)
}

// malformed is the error of an item that is no entry.
func (t *Table) malformed(item awsjson.Item, why error) error {
	return fmt.Errorf("item %s of table %q is no entry: %w: %w; delete it with aws dynamodb delete-item, and write it anew",
		strconv.Quote(item.Text(contract.AuthorizerTableKey)), t.table.Name, authz.ErrMisconfigured, why)
}
