package dynamodb

import (
	"errors"
	"slices"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// writeRequest is a PutItem, UpdateItem, DeleteItem or ConditionCheck, alone
// or as part of a transaction.
type writeRequest struct {
	TableName                           string
	Item                                item
	Key                                 item
	ConditionExpression                 *string
	UpdateExpression                    *string
	ReturnValuesOnConditionCheckFailure string
	placeholders
}

// singleWrite is a write alone.
type singleWrite struct {
	writeRequest
	ReturnValues                string
	ReturnConsumedCapacity      string
	ReturnItemCollectionMetrics string
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

// units are what the write takes of its table's capacity.
func (w write) units() consumed {
	if w.check {
		return w.t.writeUnits(w.old, w.old)
	}
	return w.t.writeUnits(w.old, w.updated)
}

// conditionFailed is a condition that did not hold.
type conditionFailed struct{ old item }

func (e *conditionFailed) Error() string { return "The conditional request failed" }

// How a write comes, which is how AWS words its errors.
const (
	alone = iota
	inBatch
	inTransaction
)

// prepare validates a write and evaluates its condition against the table as
// it is. The caller holds the lock and commits.
func (s *Service) prepare(op string, r writeRequest, how int) (write, error) {
	w := write{check: op == "ConditionCheckItem"}
	condition, e, err := w.parse(op, r)
	if err != nil {
		return w, err
	}
	if w.t, err = s.table(r.TableName); err != nil {
		return w, err
	}
	if err := w.setKey(op, r, how); err != nil {
		return w, err
	}
	for _, a := range w.actions {
		if name := a.path[0].name; slices.Contains(w.t.keyNames(), name) {
			return w, itemErrorf("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", name)
		}
	}
	if err := w.t.checkPaths(e.paths); err != nil {
		return w, err
	}
	w.old = w.t.get(w.key)
	if !condition.holds(w.old) {
		return w, &conditionFailed{w.old}
	}
	switch {
	case op == "PutItem":
		w.updated = r.Item
	case op == "UpdateItem" && (w.old != nil || !takesAway(w.actions)):
		from := w.old
		if from == nil {
			from = w.key
		}
		if w.updated, err = apply(w.actions, from); err != nil {
			return w, &itemError{err}
		}
		return w, w.t.checkUpdate(w.updated, w.actions, how == alone)
	}
	return w, nil
}

// parse reads the expressions of a write.
func (w *write) parse(op string, r writeRequest) (*node, *expressions, error) {
	for _, c := range []struct {
		name  string
		given bool
	}{
		{"Item", op != "PutItem" && r.Item != nil}, {"Key", op == "PutItem" && r.Key != nil}, {"UpdateExpression", op != "UpdateItem" && r.UpdateExpression != nil},
	} {
		if c.given {
			return nil, nil, unsupportedParameter(c.name)
		}
	}
	e, err := r.expressions(nil, r.ConditionExpression, r.UpdateExpression)
	if err != nil {
		return nil, nil, err
	}
	var condition *node
	if r.UpdateExpression != nil {
		if w.actions, err = e.update(*r.UpdateExpression); err != nil {
			return nil, nil, err
		}
	}
	if r.ConditionExpression != nil {
		if condition, err = e.condition("ConditionExpression", *r.ConditionExpression); err != nil {
			return nil, nil, err
		}
	}
	switch {
	case op == "PutItem" && r.Item == nil:
		return nil, nil, missing("item")
	case op != "PutItem" && r.Key == nil:
		return nil, nil, missing("key")
	}
	return condition, e, e.done()
}

// setKey finds out and validates which item the write is to.
func (w *write) setKey(op string, r writeRequest, how int) error {
	w.key = r.Key
	if op != "PutItem" {
		return w.t.checkKey(r.Key)
	}
	w.key = w.t.keyOf(w.t.primary(), r.Item)
	if how == inBatch {
		if err := w.t.checkKey(w.key); err != nil {
			return err
		}
	}
	return w.t.checkPut(r.Item)
}

// returnValues are what each operation can return.
var returnValues = map[string][]string{
	"PutItem":    {"", "NONE", "ALL_OLD"},
	"DeleteItem": {"", "NONE", "ALL_OLD"},
	"UpdateItem": {"", "NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"},
}

func (s *Service) write(op string) func(singleWrite) (any, error) {
	return func(r singleWrite) (any, error) {
		var c constraints
		c.capacity(r.ReturnConsumedCapacity)
		c.returned(r.ReturnValues)
		c.enum("returnItemCollectionMetrics", r.ReturnItemCollectionMetrics, "SIZE", "NONE")
		c.enum("returnValuesOnConditionCheckFailure", r.ReturnValuesOnConditionCheckFailure, "ALL_OLD", "NONE")
		if err := c.err(); err != nil {
			return nil, err
		}
		if !slices.Contains(returnValues[op], r.ReturnValues) {
			return nil, validation("Return values set to invalid value")
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		w, err := s.prepare(op, r.writeRequest, alone)
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
		out := answer("Attributes", w.returned(r.ReturnValues))
		if wanted(r.ReturnConsumedCapacity) {
			out["ConsumedCapacity"] = w.units().wire(w.t.Name, r.ReturnConsumedCapacity, notSplit)
		}
		w.commit()
		return out, nil
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
