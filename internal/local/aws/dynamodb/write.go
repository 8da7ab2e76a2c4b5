package dynamodb

import (
	"errors"
	"maps"
	"slices"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// writeRequest is a PutItem, UpdateItem, DeleteItem or ConditionCheck, alone
// or as part of a transaction.
type writeRequest struct {
	TableName                           string
	Item                                item
	Key                                 item
	ConditionExpression                 string
	UpdateExpression                    string
	ReturnValues                        string
	ReturnValuesOnConditionCheckFailure string
	placeholders
}

// write is a request that may be done: its table, and the item before and
// after. A check changes nothing.
type write struct {
	t            *table
	key          item
	old, updated item
	actions      []action
	check        bool
}

func (w write) commit() {
	if !w.check {
		w.t.replace(w.old, w.updated)
	}
}

// conditionFailed is a condition that did not hold.
type conditionFailed struct{ old item }

func (e *conditionFailed) Error() string { return "The conditional request failed" }

// prepare validates a write and evaluates its condition against the table as
// it is. The caller holds the lock and commits.
func (s *Service) prepare(op string, r writeRequest) (write, error) {
	var w write
	e := r.expressions()
	var condition *node
	var err error
	if r.ConditionExpression != "" {
		if condition, err = e.condition("ConditionExpression", r.ConditionExpression); err != nil {
			return w, err
		}
	}
	if op == "UpdateItem" && r.UpdateExpression != "" {
		if w.actions, err = e.update(r.UpdateExpression); err != nil {
			return w, err
		}
	}
	if err := e.done(); err != nil {
		return w, err
	}
	if w.t, err = s.table(r.TableName); err != nil {
		return w, err
	}
	w.key, w.check = r.Key, op == "ConditionCheckItem"
	if op == "PutItem" {
		if err := w.t.checkItem(r.Item); err != nil {
			return w, err
		}
		w.key = w.t.keyOf(w.t.primary(), r.Item)
	} else if err := w.t.checkKey(r.Key); err != nil {
		return w, err
	}
	for _, a := range w.actions {
		if name := a.path[0].name; slices.Contains(w.t.keyNames(), name) {
			return w, validation("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", name)
		}
	}
	w.old = w.t.get(w.key)
	if !condition.holds(w.old) {
		return w, &conditionFailed{w.old}
	}
	switch op {
	case "PutItem":
		w.updated = r.Item
	case "UpdateItem":
		from := w.old
		if from == nil {
			from = w.key
		}
		if w.updated, err = apply(w.actions, from); err != nil {
			return w, err
		}
		err = w.t.checkItem(w.updated)
	}
	return w, err
}

// returnValues are what each operation can return.
var returnValues = map[string][]string{
	"PutItem":    {"", "NONE", "ALL_OLD"},
	"DeleteItem": {"", "NONE", "ALL_OLD"},
	"UpdateItem": {"", "NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"},
}

func (s *Service) write(op string) func(writeRequest) (any, error) {
	return func(r writeRequest) (any, error) {
		if !slices.Contains(returnValues[op], r.ReturnValues) {
			return nil, validation("Return values set to invalid value: %s takes only %v", op, returnValues[op][1:])
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		w, err := s.prepare(op, r)
		var failed *conditionFailed
		if errors.As(err, &failed) {
			e := awserr.New("ConditionalCheckFailedException", "%s", failed.Error())
			if r.ReturnValuesOnConditionCheckFailure == "ALL_OLD" && failed.old != nil {
				e.Members = map[string]any{"Item": failed.old}
			}
			return nil, e
		}
		if err != nil {
			return nil, err
		}
		w.commit()
		return answer("Attributes", w.returned(r.ReturnValues)), nil
	}
}

// returned is what ReturnValues asks for.
func (w write) returned(which string) item {
	paths := make([]path, len(w.actions))
	for i, a := range w.actions {
		paths[i] = a.path
	}
	var out item
	switch which {
	case "ALL_OLD":
		out = w.old
	case "ALL_NEW":
		out = w.updated
	case "UPDATED_OLD":
		out = project(w.old, paths)
	case "UPDATED_NEW":
		out = project(w.updated, paths)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// Limits of batches.
const (
	maxBatchWrite = 25
	maxBatchGet   = 100
)

type batchWriteRequest struct {
	RequestItems map[string][]struct {
		PutRequest    *struct{ Item item }
		DeleteRequest *struct{ Key item }
	}
}

// batchWriteItem checks every part before it does any, as AWS's validation
// does; nothing is ever left unprocessed.
func (s *Service) batchWriteItem(r batchWriteRequest) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var writes []write
	for _, name := range slices.Sorted(maps.Keys(r.RequestItems)) {
		for _, part := range r.RequestItems[name] {
			var w write
			var err error
			switch {
			case part.PutRequest != nil && part.DeleteRequest == nil:
				w, err = s.prepare("PutItem", writeRequest{TableName: name, Item: part.PutRequest.Item})
			case part.DeleteRequest != nil && part.PutRequest == nil:
				w, err = s.prepare("DeleteItem", writeRequest{TableName: name, Key: part.DeleteRequest.Key})
			default:
				err = validation("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
			}
			if err != nil {
				return nil, err
			}
			writes = append(writes, w)
		}
	}
	switch {
	case len(writes) == 0:
		return nil, validation("1 validation error detected: Value at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case len(writes) > maxBatchWrite:
		return nil, validation("1 validation error detected: Value at 'requestItems' failed to satisfy constraint: Member must have length less than or equal to %d", maxBatchWrite)
	case repeated(writes):
		return nil, validation("Provided list of item keys contains duplicates")
	}
	for _, w := range writes {
		w.commit()
	}
	return map[string]any{"UnprocessedItems": struct{}{}}, nil
}

// repeated is whether two writes are to one item.
func repeated(writes []write) bool {
	for i, a := range writes {
		for _, b := range writes[i+1:] {
			if a.t == b.t && maps.EqualFunc(a.key, b.key, value.equal) {
				return true
			}
		}
	}
	return false
}

type batchGetRequest struct {
	RequestItems map[string]struct {
		Keys                     []item
		ProjectionExpression     string
		ExpressionAttributeNames map[string]string
		ConsistentRead           bool
	}
}

func (s *Service) batchGetItem(r batchGetRequest) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	responses, n := map[string][]item{}, 0
	for name, keys := range r.RequestItems {
		found := []item{}
		for i, key := range keys.Keys {
			n++
			if slices.ContainsFunc(keys.Keys[:i], func(k item) bool { return maps.EqualFunc(k, key, value.equal) }) {
				return nil, validation("Provided list of item keys contains duplicates")
			}
			it, err := s.get(getRequest{
				TableName: name, Key: key, ProjectionExpression: keys.ProjectionExpression,
				ExpressionAttributeNames: keys.ExpressionAttributeNames,
			})
			if err != nil {
				return nil, err
			}
			if it != nil {
				found = append(found, it)
			}
		}
		responses[name] = found
	}
	if n == 0 {
		return nil, validation("1 validation error detected: Value at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	if n > maxBatchGet {
		return nil, validation("Too many items requested for the BatchGetItem call")
	}
	return map[string]any{"Responses": responses, "UnprocessedKeys": struct{}{}}, nil
}
