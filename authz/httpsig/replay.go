package httpsig

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/awsjson"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// ReplayStore keeps the nonces of requests that were let in. One in memory
// would not do: each execution environment of a Lambda function has its own.
type ReplayStore interface {
	// Use keeps a nonce of a key until the given time, and returns
	// authz.ErrReplayed if it is already kept, authz.ErrUnavailable or
	// authz.ErrMisconfigured if it cannot tell. Of any number of calls at the
	// same time with the same nonce, one succeeds. It is safe for concurrent
	// use.
	Use(ctx context.Context, keyID, nonce string, until time.Time) error
}

// ReplayTable is the [ReplayStore] in a DynamoDB table: partition key "id", a
// string, and time to live in "expiresAt". It needs dynamodb:PutItem and nothing
// else.
//
// A nonce that was kept although the answer to that was lost is kept: the
// request fails as authz.ErrUnavailable, and the client signs it anew.
type ReplayTable struct {
	table awsjson.Table
	now   func() time.Time
}

// NewReplayTable returns the store in the table with this name, or if it is empty
// in that of the environment variable AUTHORIZER_STATE_TABLE_NAME, which the
// component sets. getenv gives that, Region, credentials and endpoint; nil is
// os.Getenv. Mistakes fail each Use with their cause.
func NewReplayTable(name string, getenv func(string) string) *ReplayTable {
	return &ReplayTable{awsjson.NewDynamoDB(awsjson.Config{Getenv: getenv}).StateTable(name), time.Now}
}

// attributeAttempt holds what tells one call of Use from all others.
const attributeAttempt = "attempt"

// Use implements [ReplayStore] with one conditional put. The condition asks for
// the expiry too, because DynamoDB deletes expired items within days only.
func (t *ReplayTable) Use(ctx context.Context, keyID, nonce string, until time.Time) error {
	attempt := rand.Text()
	err := t.table.Call(ctx, "PutItem", map[string]any{
		"TableName": t.table.Name,
		"Item": awsjson.Item{
			// No key id has a number sign, so no two pairs have the same name.
			contract.AuthorizerTableKey: awsjson.String("nonce#" + keyID + "#" + nonce),
			contract.AuthorizerTableTTL: awsjson.Seconds(until),
			attributeAttempt:            awsjson.String(attempt),
		},
		"ConditionExpression":                 "attribute_not_exists(" + contract.AuthorizerTableKey + ") OR " + contract.AuthorizerTableTTL + " < :now",
		"ExpressionAttributeValues":           awsjson.Item{":now": awsjson.Seconds(t.now())},
		"ReturnValuesOnConditionCheckFailure": "ALL_OLD",
	}, nil)
	kept, failed := awsjson.ConditionFailed(err)
	if !failed {
		return err
	}
	// A put whose answer was lost is sent again, and then finds itself.
	if kept.Text(attributeAttempt) == attempt {
		return nil
	}
	return fmt.Errorf("%w: the nonce has been used", authz.ErrReplayed)
}
