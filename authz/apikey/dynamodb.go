package apikey

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/awsjson"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// ErrNoTable is that DynamoDB has no table of the configured name in this Region. The
// error that is one is authz.ErrMisconfigured as well.
var ErrNoTable = awsjson.ErrNoTable

// An authorizer makes up to three calls that must succeed (the record, two
// counters) and one that is given up after useTimeout: together below the 10 s
// that API Gateway waits for it.
const defaultTimeout = 2500 * time.Millisecond

// DynamoDBConfig is which tables there are and how to reach them.
type DynamoDBConfig struct {
	// KeyTable is the physical name of the table of API keys. Its partition key
	// is the string id. Defaults to the environment variable
	// API_KEY_TABLE_NAME, which the component sets.
	KeyTable string
	// StateTable is the physical name of the table of counters and uses. Its
	// partition key is the string id, its TTL attribute expiresAt. Defaults to
	// the environment variable AUTHORIZER_STATE_TABLE_NAME, which the component
	// sets.
	StateTable string
	// Getenv gives the names of the tables and, as AWS's SDKs have them, the
	// Region, the endpoint and the credentials. Defaults to os.Getenv.
	Getenv func(string) string
	// Credentials gives the credentials to sign with. Defaults to those of the
	// environment.
	Credentials func(context.Context) (aws.Credentials, error)
	// Timeout bounds one operation with its repetitions; one HTTP exchange may
	// take four fifths of it, because giving up a write that was only slow
	// counts it twice. Defaults to 2.5s.
	Timeout time.Duration

	sleep func(context.Context, time.Duration) error // between repetitions; nil is a timer
}

// DynamoDB keeps the records of keys in one table, counters and uses in
// another. It is a [Store], a [UseStore] and a [CounterStore], and what [Admin]
// works on. It is safe for concurrent use.
//
// As a Store it needs the permission dynamodb:GetItem on the table of keys, as
// a UseStore and CounterStore dynamodb:UpdateItem on the state table. It calls
// DynamoDB without the SDK's service client, which would double what the
// function's own code adds to a cold start.
type DynamoDB struct{ keys, state awsjson.Table }

// NewDynamoDB returns a client of the tables. It makes no call: a mistake in
// the configuration fails the call that meets it.
func NewDynamoDB(cfg DynamoDBConfig) *DynamoDB {
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	client := awsjson.NewDynamoDB(awsjson.Config{
		Getenv: cfg.Getenv, Credentials: cfg.Credentials, Sleep: cfg.sleep, Timeout: cfg.Timeout, CallTimeout: cfg.Timeout * 4 / 5,
	})
	return &DynamoDB{
		keys:  client.Table(cfg.KeyTable, "API key", contract.EnvAPIKeyTable),
		state: client.StateTable(cfg.StateTable),
	}
}

// Key implements [Store]. The read is strongly consistent: a key works as soon
// as it has been made, and not any longer once it has been disabled or
// deleted. It costs one read unit in place of a half.
func (d *DynamoDB) Key(ctx context.Context, digest Digest) (Record, error) {
	var out struct{ Item awsjson.Item }
	err := d.keys.Call(ctx, "GetItem", map[string]any{
		"TableName": d.keys.Name, "Key": keyOf(digest.String()), "ConsistentRead": true,
	}, &out)
	if err != nil {
		return Record{}, err
	}
	if len(out.Item) == 0 {
		return Record{}, fmt.Errorf("%w: there is no such API key", authz.ErrUnknownKey)
	}
	return decodeRecord(out.Item)
}

// usesKept is how long a use is remembered.
const usesKept = 400 * 24 * time.Hour

// RecordUse implements [UseStore] with the item "used#" and the credential id.
// A use is forgotten after 400 days, that of a key that has been deleted too.
func (d *DynamoDB) RecordUse(ctx context.Context, credentialID string, now, since time.Time) error {
	err := d.state.Call(ctx, "UpdateItem", map[string]any{
		"TableName": d.state.Name, "Key": keyOf(usedPrefix + credentialID),
		"UpdateExpression":          "SET #used = :now, #ttl = :ttl",
		"ConditionExpression":       "attribute_not_exists(#id) OR #used < :since",
		"ExpressionAttributeNames":  map[string]string{"#id": contract.AuthorizerTableKey, "#used": attributeUsed, "#ttl": contract.AuthorizerTableTTL},
		"ExpressionAttributeValues": awsjson.Item{":now": awsjson.Seconds(now), ":since": awsjson.Seconds(since), ":ttl": awsjson.Seconds(now.Add(usesKept))},
	}, nil)
	if _, failed := awsjson.ConditionFailed(err); failed { // another environment has recorded one
		return nil
	}
	return err
}

// Count implements [CounterStore]. The counter is one item, and test and
// increment are one conditional write, so that of any number of concurrent
// requests exactly limit are counted. A window that begins is an item that is
// not there yet: nothing depends on when DynamoDB deletes the old one.
//
// A write whose answer is lost is repeated and may count twice: then fewer than
// limit pass, never more.
func (d *DynamoDB) Count(ctx context.Context, window string, limit int, end time.Time) (bool, error) {
	err := d.state.Call(ctx, "UpdateItem", map[string]any{
		"TableName": d.state.Name, "Key": keyOf(quotaPrefix + window),
		"UpdateExpression":          "SET #ttl = :ttl ADD #count :one",
		"ConditionExpression":       "attribute_not_exists(#id) OR #count < :limit",
		"ExpressionAttributeNames":  map[string]string{"#id": contract.AuthorizerTableKey, "#count": attributeCount, "#ttl": contract.AuthorizerTableTTL},
		"ExpressionAttributeValues": awsjson.Item{":one": awsjson.Number(1), ":limit": awsjson.Number(int64(limit)), ":ttl": awsjson.Seconds(end.Add(countersKept))},
	}, nil)
	if _, failed := awsjson.ConditionFailed(err); failed {
		return false, nil
	}
	return err == nil, err
}

// countersKept is how long a counter outlives its window, for environments
// whose clocks differ.
const countersKept = time.Hour

// Items of the state table.
const (
	usedPrefix     = "used#"
	quotaPrefix    = "quota#"
	attributeUsed  = "lastUsed"
	attributeCount = "count"
)

func keyOf(id string) awsjson.Item {
	return awsjson.Item{contract.AuthorizerTableKey: awsjson.String(id)}
}
