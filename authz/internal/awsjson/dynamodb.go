package awsjson

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// NewDynamoDB returns a client for DynamoDB that keeps its connections: what
// is in front of a table is called again and again.
func NewDynamoDB(c Config) *Client {
	c.Service, c.Target, c.Version, c.KeepAlive = "dynamodb", "DynamoDB_20120810", "1.0", true
	return New(c)
}

// Table is a table of DynamoDB: what goes wrong with it names it.
type Table struct {
	// Client calls DynamoDB. Required.
	Client *Client
	// Name is the physical name. Where it is empty, each Call is refused.
	Name string
	// Title is what the table is for ("API key", "state"), and Variable the
	// environment variable that should have its name: for errors. Required.
	Title, Variable string
}

// Table returns the table of a name; without one, that of the environment
// variable.
func (c *Client) Table(name, title, variable string) Table {
	return Table{Client: c, Name: cmp.Or(name, c.config.Getenv(variable)), Title: title, Variable: variable}
}

// StateTable is Table of what an authorizer has to remember: nonces, counters and
// uses.
func (c *Client) StateTable(name string) Table {
	return c.Table(name, "state", contract.EnvStateTable)
}

// Call is [Client.Call] for an operation on the table, which the input names.
// The error names the table and, for the refusals that a deployment usually
// meets, the cure.
func (t Table) Call(ctx context.Context, operation string, in, out any) error {
	if t.Name == "" {
		return fmt.Errorf("%w: the name of the %s table is not set; set %s to it", authz.ErrMisconfigured, t.Title, t.Variable)
	}
	if err := t.Client.Call(ctx, operation, in, out); err != nil {
		return WithCure(fmt.Errorf("%s table %q: %w", t.Title, t.Name, err), map[string]string{
			"ResourceNotFoundException": "is it deployed, in this Region and account?",
			"AccessDeniedException":     "allow the caller " + permissions(operation) + " on the table",
		})
	}
	return nil
}

// BatchGet reads up to 100 items by their keys, and returns the keys that DynamoDB
// asks to be asked for again. An answer without a list of items says nothing of
// them: it is ErrUnavailable.
func (t Table) BatchGet(ctx context.Context, keys []Item, consistent bool) (found, left []Item, _ error) {
	type request struct {
		Keys           []Item
		ConsistentRead bool `json:",omitempty"`
	}
	var out struct {
		Responses       map[string][]Item
		UnprocessedKeys map[string]request
	}
	err := t.Call(ctx, "BatchGetItem", map[string]any{"RequestItems": map[string]request{t.Name: {keys, consistent}}}, &out)
	found, left = out.Responses[t.Name], out.UnprocessedKeys[t.Name].Keys
	if err == nil && found == nil && len(left) == 0 {
		err = fmt.Errorf("%s table %q: %w: the answer of DynamoDB to BatchGetItem is not as documented", t.Title, t.Name, authz.ErrUnavailable)
	}
	return found, left, err
}

// pageSize keeps a page of items well below the longest answer that is read: one of
// these tables has some kilobytes at most.
const pageSize = 100

// Items reads the whole table.
func (t Table) Items(ctx context.Context) ([]Item, error) {
	var items []Item
	in := map[string]any{"TableName": t.Name, "ConsistentRead": true, "Limit": pageSize}
	for {
		var out struct {
			Items            []Item
			LastEvaluatedKey Item
		}
		if err := t.Call(ctx, "Scan", in, &out); err != nil {
			return nil, err
		}
		items = append(items, out.Items...)
		if len(out.LastEvaluatedKey) == 0 {
			return items, nil
		}
		in["ExclusiveStartKey"] = out.LastEvaluatedKey
	}
}

// permissions are those that an operation needs. A transaction has none of its
// own (Service Authorization Reference): it needs those of its parts.
func permissions(operation string) string {
	if operation == "TransactWriteItems" {
		return "dynamodb:PutItem and dynamodb:UpdateItem"
	}
	return "dynamodb:" + operation
}

// ConditionFailed reports whether a write or a transaction was refused because
// a condition is not met. Of a write it also returns the item that did not meet
// it, if the write asked for that (ReturnValuesOnConditionCheckFailure) and one
// is there.
func ConditionFailed(err error) (Item, bool) {
	var refused *Error
	if !errors.As(err, &refused) || !refused.condition {
		return nil, false
	}
	var found Item
	if json.Unmarshal(refused.item, &found) != nil {
		return nil, true
	}
	return found, true
}

// Item is an item, a key, or the values of an expression, by name.
type Item map[string]Attribute

// Attribute is a value of one of the types that are used here; exactly one is
// set.
type Attribute struct {
	S  *string  `json:",omitempty"`
	N  *string  `json:",omitempty"`
	SS []string `json:",omitempty"`
}

// String returns a string as an attribute.
func String(s string) Attribute { return Attribute{S: &s} }

// Number returns an integer as an attribute.
func Number(n int64) Attribute {
	s := strconv.FormatInt(n, 10)
	return Attribute{N: &s}
}

// Seconds returns a time as an attribute: whole seconds since 1970, which is
// what DynamoDB's time to live reads.
func Seconds(t time.Time) Attribute { return Number(t.Unix()) }

// Text returns a string attribute; "" if it is missing or of another type.
func (i Item) Text(name string) string {
	if s := i[name].S; s != nil {
		return *s
	}
	return ""
}

// Time returns a time in whole seconds since 1970; the zero Time if it is
// missing. An attribute of another type, or a time that RFC 3339 cannot write,
// is an error.
func (i Item) Time(name string) (time.Time, error) {
	a, ok := i[name]
	if !ok {
		return time.Time{}, nil
	}
	if a.N == nil {
		return time.Time{}, errors.New("it is no number")
	}
	s, err := strconv.ParseInt(*a.N, 10, 64)
	if err != nil || s <= 0 || s > contract.MaxSeconds {
		return time.Time{}, errors.New("it is no time")
	}
	return time.Unix(s, 0).UTC(), nil
}
