package dynamodb

import (
	"maps"
	"slices"
)

// Limits of batches.
const (
	maxBatchWrite = 25
	maxBatchGet   = 100
	// maxBatch is how much BatchGetItem answers with, in bytes.
	maxBatch = 16 << 20
)

type batchPart struct {
	PutRequest    *struct{ Item item }
	DeleteRequest *struct{ Key item }
}

type batchWriteRequest struct {
	RequestItems                map[string][]batchPart
	ReturnConsumedCapacity      string
	ReturnItemCollectionMetrics string
}

func (r batchWriteRequest) check() error {
	var c constraints
	c.capacity(r.ReturnConsumedCapacity)
	c.enum("returnItemCollectionMetrics", r.ReturnItemCollectionMetrics, "SIZE", "NONE")
	n := 0
	for _, name := range slices.Sorted(maps.Keys(r.RequestItems)) {
		parts := len(r.RequestItems[name])
		if n += parts; parts < 1 || parts > maxBatchWrite {
			c.violated("at 'requestItems'", "Map value must satisfy constraint: [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]")
			break
		}
	}
	switch err := c.err(); {
	case err != nil:
		return err
	case n == 0:
		return validation("The requestItems parameter is required for BatchWriteItem")
	case n > maxBatchWrite:
		return validation("Too many items requested for the BatchWriteItem call")
	}
	return nil
}

// batchWriteItem checks every part before it does any, as AWS's validation
// does; nothing is ever left unprocessed.
func (s *Service) batchWriteItem(r batchWriteRequest) (any, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var writes []write
	for _, name := range slices.Sorted(maps.Keys(r.RequestItems)) {
		for _, part := range r.RequestItems[name] {
			w, err := s.prepareBatched(name, part)
			if err != nil {
				return nil, err
			}
			writes = append(writes, w)
		}
	}
	if repeated(writes) {
		return nil, validation("Provided list of item keys contains duplicates")
	}
	taken := tally{}
	for _, w := range writes {
		if wanted(r.ReturnConsumedCapacity) {
			taken.add(w.t.Name, w.units())
		}
		w.commit()
	}
	out := map[string]any{"UnprocessedItems": struct{}{}}
	if len(taken) > 0 {
		out["ConsumedCapacity"] = taken.wire(r.ReturnConsumedCapacity, notSplit)
	}
	return out, nil
}

func (s *Service) prepareBatched(table string, part batchPart) (write, error) {
	switch {
	case part.PutRequest != nil && part.DeleteRequest != nil:
		return write{}, validation("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
	case part.PutRequest != nil:
		return s.prepare("PutItem", writeRequest{TableName: table, Item: part.PutRequest.Item}, inBatch)
	case part.DeleteRequest != nil:
		return s.prepare("DeleteItem", writeRequest{TableName: table, Key: part.DeleteRequest.Key}, inBatch)
	}
	return write{}, validation("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
}

// repeated is whether two writes are to one item.
func repeated(writes []write) bool {
	for i, a := range writes {
		for _, b := range writes[i+1:] {
			if a.t == b.t && a.key.equal(b.key) {
				return true
			}
		}
	}
	return false
}

// batchKeys are the keys to read of one table.
type batchKeys struct {
	Keys                     []item
	ProjectionExpression     *string           `json:",omitempty"`
	ExpressionAttributeNames map[string]string `json:",omitempty"`
	ConsistentRead           bool              `json:",omitempty"`
}

type batchGetRequest struct {
	RequestItems           map[string]batchKeys
	ReturnConsumedCapacity string
}

func (r batchGetRequest) check() error {
	var c constraints
	c.capacity(r.ReturnConsumedCapacity)
	n := 0
	for _, name := range slices.Sorted(maps.Keys(r.RequestItems)) {
		c.length("RequestItems."+name+".member.Keys", len(r.RequestItems[name].Keys), 1, maxBatchGet)
		n += len(r.RequestItems[name].Keys)
	}
	switch err := c.err(); {
	case err != nil:
		return err
	case n == 0:
		return validation("The requestItems parameter is required for BatchGetItem")
	case n > maxBatchGet:
		return validation("Too many items requested for the BatchGetItem call")
	}
	return nil
}

// batchGetItem answers with as many items, table by table, as there is room for;
// the keys of the others are unprocessed.
func (s *Service) batchGetItem(r batchGetRequest) (any, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	responses, unprocessed, taken, bytes, full := map[string][]item{}, map[string]batchKeys{}, tally{}, 0, false
	for _, name := range slices.Sorted(maps.Keys(r.RequestItems)) {
		keys := r.RequestItems[name]
		found := []item{}
		for i, key := range keys.Keys {
			if slices.ContainsFunc(keys.Keys[:i], key.equal) {
				return nil, validation("Provided list of item keys contains duplicates")
			}
			got, err := s.get(getRequest{
				TableName: name, Key: key, ProjectionExpression: keys.ProjectionExpression,
				ExpressionAttributeNames: keys.ExpressionAttributeNames,
			})
			if err != nil {
				return nil, err
			}
			if full = full || bytes+got.size > maxBatch; full {
				left := keys
				left.Keys = append(unprocessed[name].Keys, key)
				unprocessed[name] = left
				continue
			}
			bytes += got.size
			taken.add(got.table, consumed{table: readUnits(got.size, keys.ConsistentRead)})
			if got.item != nil {
				found = append(found, got.item)
			}
		}
		responses[name] = found
	}
	out := map[string]any{"Responses": responses, "UnprocessedKeys": unprocessed}
	if wanted(r.ReturnConsumedCapacity) {
		out["ConsumedCapacity"] = taken.wire(r.ReturnConsumedCapacity, notSplit)
	}
	return out, nil
}
