package apikey

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/awsjson"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

const maxBatch = 100 // items of one BatchGetItem

// putRecord stores the record of a new key. It has no condition, so that a call
// whose answer was lost can be repeated: no two keys have one digest.
func (d *DynamoDB) putRecord(ctx context.Context, r Record) error {
	return d.keys.Call(ctx, "PutItem", map[string]any{"TableName": d.keys.Name, "Item": encodeRecord(r)}, nil)
}

// decode reads an item of the table of keys; the error names it, with the cure.
func (d *DynamoDB) decode(item awsjson.Item) (Record, error) {
	r, err := decodeRecord(item)
	if err != nil {
		return Record{}, fmt.Errorf("item %s of table %q: %w; repair it, or delete it with aws dynamodb delete-item", shownID(item), d.keys.Name, err)
	}
	return r, nil
}

// maxShownID is how many bytes of an id are shown: all of a digest.
const maxShownID = 64

// shownID is the id of an item for an error. An item made by hand may have the
// key itself there.
func shownID(item awsjson.Item) string {
	id := item.Text(contract.AuthorizerTableKey)
	switch {
	case shapedAsKey(id):
		return "(not shown: it may be a key)"
	case len(id) > maxShownID:
		return strconv.Quote(id[:maxShownID]) + "…"
	}
	return strconv.Quote(id)
}

// maxVain is how often keys that DynamoDB left unread are asked for again while
// it reads none of them.
const maxVain = 5

// lastUsed reads when keys were last used. Beside an error it returns what could
// be read. Without a state table it reads nothing.
func (d *DynamoDB) lastUsed(ctx context.Context, records []Record) (map[Digest]time.Time, error) {
	used := map[Digest]time.Time{}
	if d.state.Name == "" {
		return used, nil
	}
	digests := map[string]Digest{}
	var keys []awsjson.Item
	for _, r := range records {
		digests[usedPrefix+r.CredentialID()] = r.Digest
		keys = append(keys, keyOf(usedPrefix+r.CredentialID()))
	}
	var errs []error
	for vain := 0; len(keys) > 0; {
		batch := keys[:min(len(keys), maxBatch)]
		found, left, err := d.state.BatchGet(ctx, batch, false)
		if err != nil {
			return used, errors.Join(append(errs, err)...)
		}
		for _, i := range found {
			id := i.Text(contract.AuthorizerTableKey)
			if used[digests[id]], err = i.Time(attributeUsed); err != nil {
				errs = append(errs, fmt.Errorf("item %q of table %q: attribute %q: %w; delete the item", id, d.state.Name, attributeUsed, err))
			}
		}
		keys = slices.Concat(left, keys[len(batch):])
		if len(left) < len(batch) {
			vain = 0
		}
		if len(left) == 0 {
			continue
		}
		if vain++; vain > maxVain {
			err = fmt.Errorf("table %q: %w: DynamoDB leaves %d items unread; try again later", d.state.Name, authz.ErrUnavailable, len(left))
		} else if err = d.state.Client.BackOff(ctx, vain); err != nil {
			err = fmt.Errorf("%w: %w", authz.ErrUnavailable, err)
		}
		if err != nil {
			return used, errors.Join(append(errs, err)...)
		}
	}
	return used, errors.Join(errs...)
}

// update is the input of an UpdateItem that makes one record of another, on the
// condition that what changes, and what it was decided by, is as it was.
func (d *DynamoDB) update(old, changed Record, decidedBy ...string) map[string]any {
	before, after := encodeRecord(old), encodeRecord(changed)
	names, values := map[string]string{"#id": contract.AuthorizerTableKey}, awsjson.Item{}
	var set, remove []string
	conditions := []string{"attribute_exists(#id)"}
	for i, name := range recordAttributes {
		from, was := before[name]
		to, is := after[name]
		changes := was != is || !equal(from, to)
		if !changes && !slices.Contains(decidedBy, name) {
			continue
		}
		n := strconv.Itoa(i)
		names["#"+n] = name
		if was {
			values[":from"+n] = from
			conditions = append(conditions, "#"+n+" = :from"+n)
		} else {
			conditions = append(conditions, "attribute_not_exists(#"+n+")")
		}
		switch {
		case changes && is:
			values[":to"+n] = to
			set = append(set, "#"+n+" = :to"+n)
		case changes:
			remove = append(remove, "#"+n)
		}
	}
	var clauses []string
	if len(set) > 0 {
		clauses = append(clauses, "SET "+strings.Join(set, ", "))
	}
	if len(remove) > 0 {
		clauses = append(clauses, "REMOVE "+strings.Join(remove, ", "))
	}
	return map[string]any{
		"TableName": d.keys.Name, "Key": keyOf(old.Digest.String()),
		"UpdateExpression": strings.Join(clauses, " "), "ConditionExpression": strings.Join(conditions, " AND "),
		"ExpressionAttributeNames": names, "ExpressionAttributeValues": values,
	}
}

func equal(a, b awsjson.Attribute) bool {
	same := func(x, y *string) bool { return x == y || x != nil && y != nil && *x == *y }
	return same(a.S, b.S) && same(a.N, b.N) && slices.Equal(a.SS, b.SS)
}

// equal reports whether two records are stored alike.
func (r Record) equal(other Record) bool {
	return maps.EqualFunc(encodeRecord(r), encodeRecord(other), equal)
}

// updateRecord changes a record. A call whose answer was lost and that is
// repeated looks like one that came too late, but finds its own work.
func (d *DynamoDB) updateRecord(ctx context.Context, old, changed Record) error {
	if old.equal(changed) {
		return nil
	}
	in := d.update(old, changed, attributeStatus)
	in["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
	err := d.keys.Call(ctx, "UpdateItem", in, nil)
	item, failed := awsjson.ConditionFailed(err)
	if !failed {
		return err
	}
	if now, err := decodeRecord(item); err == nil && now.equal(changed) {
		return nil
	}
	return errChanged
}

var errChanged = fmt.Errorf("%w: somebody else has changed or deleted it meanwhile; look at it and try again", ErrConflict)

// replaceRecord changes a record and stores another that is made of it, or does
// neither: the new one must not have what has been taken from the old one
// meanwhile. The token makes a call that is repeated one call.
func (d *DynamoDB) replaceRecord(ctx context.Context, old, changed, successor Record) error {
	err := d.keys.Call(ctx, "TransactWriteItems", map[string]any{
		"ClientRequestToken": successor.Digest.String()[:36],
		"TransactItems": []map[string]any{
			{"Put": map[string]any{"TableName": d.keys.Name, "Item": encodeRecord(successor)}},
			{"Update": d.update(old, changed, recordAttributes...)},
		},
	}, nil)
	if _, failed := awsjson.ConditionFailed(err); failed {
		return errChanged
	}
	return err
}

func (d *DynamoDB) deleteItem(ctx context.Context, id string) error {
	return d.keys.Call(ctx, "DeleteItem", map[string]any{"TableName": d.keys.Name, "Key": keyOf(id)}, nil)
}
