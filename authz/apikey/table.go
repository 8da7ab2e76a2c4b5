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

	"github.com/protected-http-api/protected-http-api/internal/awsjson"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

const (
	// pageSize keeps a page of records well below the longest answer that is
	// read: a record has some kilobytes at most.
	pageSize = 100
	maxBatch = 100 // items of one BatchGetItem
)

// putRecord stores the record of a new key. It has no condition, so that a call
// whose answer was lost can be repeated: no two keys have one digest.
func (d *DynamoDB) putRecord(ctx context.Context, r Record) error {
	return d.keys.Call(ctx, "PutItem", map[string]any{"TableName": d.keys.Name, "Item": encodeRecord(r)}, nil)
}

// records reads the whole table.
func (d *DynamoDB) records(ctx context.Context) ([]Record, error) {
	var records []Record
	in := map[string]any{"TableName": d.keys.Name, "ConsistentRead": true, "Limit": pageSize}
	for {
		var out struct {
			Items            []awsjson.Item
			LastEvaluatedKey awsjson.Item
		}
		if err := d.keys.Call(ctx, "Scan", in, &out); err != nil {
			return nil, err
		}
		for _, encoded := range out.Items {
			r, err := decodeRecord(encoded)
			if err != nil {
				return nil, err
			}
			records = append(records, r)
		}
		if len(out.LastEvaluatedKey) == 0 {
			return records, nil
		}
		in["ExclusiveStartKey"] = out.LastEvaluatedKey
	}
}

// lastUsed reads when keys were last used. Without a state table it reads
// nothing.
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
	for len(keys) > 0 {
		batch := keys[:min(len(keys), maxBatch)]
		keys = keys[len(batch):]
		type request struct{ Keys []awsjson.Item }
		var out struct {
			Responses       map[string][]awsjson.Item
			UnprocessedKeys map[string]request
		}
		if err := d.state.Call(ctx, "BatchGetItem", map[string]any{"RequestItems": map[string]request{d.state.Name: {batch}}}, &out); err != nil {
			return nil, err
		}
		for _, i := range out.Responses[d.state.Name] {
			at, err := i.Time(attributeUsed)
			if err != nil {
				return nil, fmt.Errorf("item %q of the state table: attribute %q: %w", i.Text(contract.AuthorizerTableKey), attributeUsed, err)
			}
			used[digests[i.Text(contract.AuthorizerTableKey)]] = at
		}
		keys = append(keys, out.UnprocessedKeys[d.state.Name].Keys...)
	}
	return used, nil
}

// update is the input of an UpdateItem that makes one record of another, on the
// condition that what changes, and the state, is as it was.
func (d *DynamoDB) update(old, changed Record) map[string]any {
	before, after := encodeRecord(old), encodeRecord(changed)
	names, values := map[string]string{"#id": contract.AuthorizerTableKey}, awsjson.Item{}
	var set, remove []string
	conditions := []string{"attribute_exists(#id)"}
	both := maps.Clone(before)
	maps.Copy(both, after)
	for i, name := range slices.Sorted(maps.Keys(both)) {
		from, was := before[name]
		to, is := after[name]
		changes := was != is || !equal(from, to)
		if !changes && name != attributeStatus {
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
// repeated looks like one that came too late, so the record is read again.
func (d *DynamoDB) updateRecord(ctx context.Context, old, changed Record) error {
	if old.equal(changed) {
		return nil
	}
	err := d.keys.Call(ctx, "UpdateItem", d.update(old, changed), nil)
	if _, failed := awsjson.ConditionFailed(err); !failed {
		return err
	}
	if now, readErr := d.Key(ctx, old.Digest); readErr == nil && now.equal(changed) {
		return nil
	}
	return errChanged
}

var errChanged = fmt.Errorf("%w: somebody else has changed or deleted it meanwhile; look at it and try again", ErrConflict)

// replaceRecord changes a record and stores another, or does neither. The token
// makes a call that is repeated one call.
func (d *DynamoDB) replaceRecord(ctx context.Context, old, changed, successor Record) error {
	err := d.keys.Call(ctx, "TransactWriteItems", map[string]any{
		"ClientRequestToken": successor.Digest.String()[:36],
		"TransactItems": []map[string]any{
			{"Put": map[string]any{"TableName": d.keys.Name, "Item": encodeRecord(successor)}},
			{"Update": d.update(old, changed)},
		},
	}, nil)
	refused := &awsjson.Error{}
	if errors.As(err, &refused) && refused.Type == "TransactionCanceledException" && strings.Contains(refused.Message, "ConditionalCheckFailed") {
		return errChanged
	}
	return err
}

func (d *DynamoDB) deleteRecord(ctx context.Context, r Record) error {
	return d.keys.Call(ctx, "DeleteItem", map[string]any{"TableName": d.keys.Name, "Key": keyOf(r.Digest.String())}, nil)
}
