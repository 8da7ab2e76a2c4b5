package dynamodb

import (
	"crypto/sha256"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// maxTransaction is how many actions a transaction may have.
const maxTransaction = 100

// tokenLife is how long a client request token makes a transaction
// idempotent (API reference, TransactWriteItems).
const tokenLife = 10 * time.Minute

// transaction is one that was done, known by its token.
type transaction struct {
	body [sha256.Size]byte
	at   time.Time
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
	TransactItems      []transactPart
	ClientRequestToken string
}

func (s *Service) transactWriteItems(body []byte) (any, error) {
	var r transactWriteRequest
	if err := decode(body, &r); err != nil {
		return nil, err
	}
	if n := len(r.TransactItems); n < 1 || n > maxTransaction {
		return nil, validation("1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length between 1 and %d", maxTransaction)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	done, err := s.doneBefore(r.ClientRequestToken, body)
	if done || err != nil {
		return struct{}{}, err
	}
	writes, reasons, codes := make([]write, 0, len(r.TransactItems)), []any{}, []string{}
	failed := false
	for _, part := range r.TransactItems {
		op, one := part.operation()
		if op == "" {
			return nil, validation("TransactItems can only contain one of Check, Put, Update or Delete")
		}
		if op == "ConditionCheckItem" && one.ConditionExpression == "" {
			return nil, validation("1 validation error detected: Value null at 'transactItems.conditionCheck.conditionExpression' failed to satisfy constraint: Member must not be null")
		}
		w, err := s.prepare(op, one)
		code, reason, err := cancellation(one, err)
		if err != nil {
			return nil, err
		}
		failed = failed || code != "None"
		codes, reasons, writes = append(codes, code), append(reasons, reason), append(writes, w)
	}
	if repeated(writes) {
		return nil, validation("Transaction request cannot include multiple operations on one item")
	}
	if failed {
		e := awserr.New("TransactionCanceledException", "Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
		e.Members = map[string]any{"CancellationReasons": reasons}
		return nil, e
	}
	for _, w := range writes {
		w.commit()
	}
	if r.ClientRequestToken != "" {
		s.tokens[r.ClientRequestToken] = transaction{sha256.Sum256(body), s.now()}
	}
	return struct{}{}, nil
}

// cancellation turns an action's outcome into its reason. Errors of the
// request itself, found before any item is looked at, are returned as such.
func cancellation(r writeRequest, err error) (code string, reason map[string]any, _ error) {
	var condition *conditionFailed
	switch {
	case err == nil:
		return "None", map[string]any{"Code": "None"}, nil
	case errors.As(err, &condition):
		reason := map[string]any{"Code": "ConditionalCheckFailed", "Message": condition.Error()}
		if r.ReturnValuesOnConditionCheckFailure == "ALL_OLD" && condition.old != nil {
			reason["Item"] = condition.old
		}
		return "ConditionalCheckFailed", reason, nil
	}
	return "", nil, err
}

// doneBefore is whether the same transaction was done under its token, and
// forgets the tokens that are too old.
func (s *Service) doneBefore(token string, body []byte) (bool, error) {
	maps.DeleteFunc(s.tokens, func(_ string, t transaction) bool { return s.now().Sub(t.at) > tokenLife })
	t, ok := s.tokens[token]
	if !ok || token == "" {
		return false, nil
	}
	if t.body != sha256.Sum256(body) {
		return false, awserr.New("IdempotentParameterMismatchException", "The request uses the same client token as a previous, but non-identical request. Do not reuse a client token with different requests, unless the requests are identical")
	}
	return true, nil
}

type transactGetRequest struct {
	TransactItems []struct{ Get *getRequest }
}

func (s *Service) transactGetItems(r transactGetRequest) (any, error) {
	if n := len(r.TransactItems); n < 1 || n > maxTransaction {
		return nil, validation("1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length between 1 and %d", maxTransaction)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	responses := []any{}
	for i, part := range r.TransactItems {
		if part.Get == nil {
			return nil, validation("1 validation error detected: Value null at 'transactItems.get' failed to satisfy constraint: Member must not be null")
		}
		for _, before := range r.TransactItems[:i] {
			if s.tableName(before.Get.TableName) == s.tableName(part.Get.TableName) && maps.EqualFunc(before.Get.Key, part.Get.Key, value.equal) {
				return nil, validation("Transaction request cannot include multiple operations on one item")
			}
		}
		it, err := s.get(*part.Get)
		if err != nil {
			return nil, err
		}
		responses = append(responses, answer("Item", it))
	}
	return map[string]any{"Responses": responses}, nil
}
