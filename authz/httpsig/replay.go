package httpsig

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/awsjson"
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

// ReplayTable is the [ReplayStore] in a DynamoDB table: partition key
// contract.AuthorizerTableKey, a string, and time to live in
// contract.AuthorizerTableTTL. It needs dynamodb:PutItem and nothing else.
//
// A nonce that was kept although the answer to that was lost is kept: the
// request fails as authz.ErrUnavailable, and the client signs it anew.
type ReplayTable struct {
	name   string
	client *awsjson.Client
	now    func() time.Time
}

// NewReplayTable returns the store in the table with this name. getenv gives
// Region, credentials and endpoint; os.Getenv, usually. Mistakes fail each Use
// with their cause.
func NewReplayTable(name string, getenv func(string) string) *ReplayTable {
	client := awsjson.New(awsjson.Config{Service: "dynamodb", Target: "DynamoDB_20120810", Version: "1.0", Getenv: getenv, KeepAlive: true})
	return &ReplayTable{name, client, time.Now}
}

// attributeAttempt holds what tells one call of Use from all others.
const attributeAttempt = "attempt"

type attribute struct {
	S string `json:",omitempty"`
	N string `json:",omitempty"`
}

type putItem struct {
	TableName                           string
	Item                                map[string]attribute
	ConditionExpression                 string
	ExpressionAttributeValues           map[string]attribute
	ReturnValuesOnConditionCheckFailure string
}

// Use implements [ReplayStore] with one conditional put. The condition asks for
// the expiry too, because DynamoDB deletes expired items within days only.
func (t *ReplayTable) Use(ctx context.Context, keyID, nonce string, until time.Time) error {
	if t.name == "" {
		return fmt.Errorf("%w: the table of nonces has no name; set %s", authz.ErrMisconfigured, contract.EnvStateTable)
	}
	attempt := rand.Text()
	err := t.client.Call(ctx, "PutItem", putItem{
		TableName: t.name,
		Item: map[string]attribute{
			// No key id has a number sign, so no two pairs have the same name.
			contract.AuthorizerTableKey: {S: "nonce#" + keyID + "#" + nonce},
			contract.AuthorizerTableTTL: {N: strconv.FormatInt(until.Unix(), 10)},
			attributeAttempt:            {S: attempt},
		},
		ConditionExpression:                 "attribute_not_exists(" + contract.AuthorizerTableKey + ") OR " + contract.AuthorizerTableTTL + " < :now",
		ExpressionAttributeValues:           map[string]attribute{":now": {N: strconv.FormatInt(t.now().Unix(), 10)}},
		ReturnValuesOnConditionCheckFailure: "ALL_OLD",
	}, nil)
	var refusal *awsjson.Error
	if !errors.As(err, &refusal) || refusal.Type != awsjson.ConditionalCheckFailed {
		return err
	}
	// A put whose answer was lost is sent again, and then finds itself.
	var kept map[string]attribute
	if json.Unmarshal(refusal.Item, &kept) == nil && kept[attributeAttempt].S == attempt {
		return nil
	}
	return fmt.Errorf("%w: the nonce has been used", authz.ErrReplayed)
}
