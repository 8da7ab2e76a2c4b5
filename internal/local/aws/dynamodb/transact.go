package dynamodb

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// Limits of transactions.
const (
	maxTransaction      = 100
	maxTransactionBytes = 4 << 20
	maxToken            = 36
)

// tokenLife is how long a client request token makes a transaction
// idempotent (API reference, TransactWriteItems).
const tokenLife = 10 * time.Minute

// transaction is one that was done, known by its token.
type transaction struct {
	items [sha256.Size]byte
	at    time.Time
}

// transactPart is one action: exactly one of its members.
type transactPart struct {
	Put, Update, Delete, ConditionCheck *writeRequest
}

// operation returns the action as IAM and prepare name it; "" unless exactly
// one is there.
func (p transactPart) operation() (op string, r writeRequest) {
	for _, c := range []struct {
		op string
		r  *writeRequest
	}{{"PutItem", p.Put}, {"UpdateItem", p.Update}, {"DeleteItem", p.Delete}, {"ConditionCheckItem", p.ConditionCheck}} {
		if c.r == nil {
			continue
		}
		if op != "" {
			return "", writeRequest{}
		}
		op, r = c.op, *c.r
	}
	return op, r
}

type transactWriteRequest struct {
	TransactItems               []transactPart
	ClientRequestToken          *string
	ReturnConsumedCapacity      string
	ReturnItemCollectionMetrics string
}

// check validates what needs no table.
func (r transactWriteRequest) check() error {
	var c constraints
	c.capacity(r.ReturnConsumedCapacity)
	c.enum("returnItemCollectionMetrics", r.ReturnItemCollectionMetrics, "SIZE", "NONE")
	c.transactItems(len(r.TransactItems))
	if r.ClientRequestToken != nil {
		c.length("clientRequestToken", len(*r.ClientRequestToken), 1, maxToken)
	}
	if err := c.err(); err != nil {
		return err
	}
	for _, part := range r.TransactItems {
		op, one := part.operation()
		switch {
		case op == "":
			return validation("TransactItems can only contain one of Check, Put, Update or Delete")
		case op == "ConditionCheckItem" && one.ConditionExpression == nil:
			return missing("transactItems.conditionCheck.conditionExpression")
		case op == "UpdateItem" && one.UpdateExpression == nil:
			return missing("transactItems.update.updateExpression")
		}
		c.enum("returnValuesOnConditionCheckFailure", one.ReturnValuesOnConditionCheckFailure, "ALL_OLD", "NONE")
	}
	return c.err()
}

func (c *constraints) transactItems(n int) {
	if n == 0 {
		c.violated("'[]' at 'transactItems'", "Member must have length greater than or equal to 1")
	}
	c.length("transactItems", n, 0, maxTransaction)
}

func (s *Service) transactWriteItems(body []byte) (any, error) {
	var r transactWriteRequest
	if err := decode(body, &r); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	items := itemsHash(body)
	done, err := s.doneBefore(r.ClientRequestToken, items)
	if err != nil {
		return nil, err
	}
	writes, err := s.prepareAll(r.TransactItems, done)
	if err != nil {
		return nil, err
	}
	taken, as := tally{}, asWrite
	for _, w := range writes {
		c := w.units()
		c.table *= 2
		if done {
			c, as = consumed{table: 2 * readUnits(w.old.size(), true)}, asRead
		}
		taken.add(w.t.Name, c)
		if !done {
			w.commit()
		}
	}
	if r.ClientRequestToken != nil && !done {
		s.tokens[*r.ClientRequestToken] = transaction{items, s.now()}
	}
	out := map[string]any{}
	if wanted(r.ReturnConsumedCapacity) {
		out["ConsumedCapacity"] = taken.wire(r.ReturnConsumedCapacity, as)
	}
	return out, nil
}

// prepareAll prepares the actions of a transaction. Of one that was done before
// only its items are found.
func (s *Service) prepareAll(parts []transactPart, done bool) ([]write, error) {
	writes, reasons, codes := make([]write, 0, len(parts)), []any{}, []string{}
	failed, bytes := false, 0
	for _, part := range parts {
		op, one := part.operation()
		w, err := s.prepare(op, one, inTransaction)
		if done && w.t != nil {
			w.old = w.t.get(w.key)
			writes = append(writes, w)
			continue
		}
		code, reason, err := cancellation(one, err)
		if err != nil {
			return nil, err
		}
		failed = failed || code != "None"
		codes, reasons, writes = append(codes, code), append(reasons, reason), append(writes, w)
		bytes += max(w.updated.size(), w.key.size())
	}
	switch {
	case repeated(writes):
		return nil, validation("Transaction request cannot include multiple operations on one item")
	case bytes > maxTransactionBytes:
		return nil, errTransactionSize
	case failed:
		e := awserr.New("TransactionCanceledException", "Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
		e.Members = map[string]any{"CancellationReasons": reasons}
		return nil, e
	}
	return writes, nil
}

// errTransactionSize is in our own words: nobody has published AWS's.
var errTransactionSize = validation("The items of a transaction must have at most %d bytes together", maxTransactionBytes)

// cancellation turns an action's outcome into its reason. Errors of the
// request itself, found before any item is looked at, are returned as such.
func cancellation(r writeRequest, err error) (code string, reason map[string]any, _ error) {
	var condition *conditionFailed
	var met *itemError
	switch {
	case err == nil:
		return "None", map[string]any{"Code": "None"}, nil
	case errors.As(err, &condition):
		reason := map[string]any{"Code": "ConditionalCheckFailed", "Message": condition.Error()}
		if r.ReturnValuesOnConditionCheckFailure == "ALL_OLD" && condition.old != nil {
			reason["Item"] = condition.old
		}
		return "ConditionalCheckFailed", reason, nil
	case errors.As(err, &met):
		return "ValidationError", map[string]any{"Code": "ValidationError", "Message": awserr.Message(err)}, nil
	}
	return "", nil, err
}

// itemsHash is the same for the same TransactItems, in whatever order a client
// writes the members of its JSON.
func itemsHash(body []byte) [sha256.Size]byte {
	var r struct{ TransactItems any }
	_ = json.Unmarshal(body, &r) // it was decoded before
	sorted, _ := json.Marshal(r.TransactItems)
	return sha256.Sum256(sorted)
}

// doneBefore is whether the same transaction was done under its token, and
// forgets the tokens that are too old.
func (s *Service) doneBefore(token *string, items [sha256.Size]byte) (bool, error) {
	maps.DeleteFunc(s.tokens, func(_ string, t transaction) bool { return s.now().Sub(t.at) > tokenLife })
	if token == nil {
		return false, nil
	}
	t, ok := s.tokens[*token]
	if ok && t.items != items {
		return false, awserr.New("IdempotentParameterMismatchException", "The request uses the same client token as a previous, but non-identical request. Do not reuse a client token with different requests, unless the requests are identical")
	}
	return ok, nil
}

type transactGetRequest struct {
	TransactItems          []struct{ Get *transactGet }
	ReturnConsumedCapacity string
}

// transactGet is a read of a transaction, which is always consistent.
type transactGet struct {
	TableName                string
	Key                      item
	ProjectionExpression     *string
	ExpressionAttributeNames map[string]string
}

func (s *Service) transactGetItems(r transactGetRequest) (any, error) {
	var c constraints
	c.capacity(r.ReturnConsumedCapacity)
	c.transactItems(len(r.TransactItems))
	if err := c.err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	responses, reasons, codes := []any{}, []any{}, []string{}
	taken, bytes, failed := tally{}, 0, false
	for i, part := range r.TransactItems {
		if part.Get == nil {
			return nil, missing("transactItems.get")
		}
		for _, before := range r.TransactItems[:i] {
			if s.tableName(before.Get.TableName) == s.tableName(part.Get.TableName) && before.Get.Key.equal(part.Get.Key) {
				return nil, validation("Transaction request cannot include multiple operations on one item")
			}
		}
		got, err := s.get(getRequest{
			TableName: part.Get.TableName, Key: part.Get.Key,
			ProjectionExpression: part.Get.ProjectionExpression, ExpressionAttributeNames: part.Get.ExpressionAttributeNames,
		})
		code, reason, err := cancellation(writeRequest{}, err)
		if err != nil {
			return nil, err
		}
		failed = failed || code != "None"
		codes, reasons = append(codes, code), append(reasons, reason)
		bytes += got.size
		taken.add(got.table, consumed{table: 2 * readUnits(got.size, true)})
		responses = append(responses, answer("Item", got.item))
	}
	switch {
	case failed:
		e := awserr.New("TransactionCanceledException", "Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
		e.Members = map[string]any{"CancellationReasons": reasons}
		return nil, e
	case bytes > maxTransactionBytes:
		return nil, errTransactionSize
	}
	out := map[string]any{"Responses": responses}
	if wanted(r.ReturnConsumedCapacity) {
		out["ConsumedCapacity"] = taken.wire(r.ReturnConsumedCapacity, asRead)
	}
	return out, nil
}
