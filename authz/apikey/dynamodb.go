package apikey

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/awsjson"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

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
	// Now is the clock by which requests are signed. Defaults to time.Now.
	Now func() time.Time
}

// DynamoDB keeps the records of keys in one table, counters and uses in
// another. It is a [Store], a [UseStore] and a [CounterStore], and what [Admin]
// works on. It is safe for concurrent use.
//
// As a Store it needs the permission dynamodb:GetItem on the table of keys, as
// a UseStore and CounterStore dynamodb:UpdateItem on the state table. It calls
// DynamoDB without the SDK's service client, which would double what the
// function's own code adds to a cold start.
type DynamoDB struct {
	keyTable, stateTable string
	client               *awsjson.Client
}

// NewDynamoDB returns a client of the tables. It makes no call: a mistake in
// the configuration fails the call that meets it.
func NewDynamoDB(cfg DynamoDBConfig) *DynamoDB {
	if cfg.Getenv == nil {
		cfg.Getenv = os.Getenv
	}
	if cfg.KeyTable == "" {
		cfg.KeyTable = cfg.Getenv(contract.EnvAPIKeyTable)
	}
	if cfg.StateTable == "" {
		cfg.StateTable = cfg.Getenv(contract.EnvStateTable)
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	return &DynamoDB{cfg.KeyTable, cfg.StateTable, awsjson.New(awsjson.Config{
		Service: "dynamodb", Target: "DynamoDB_20120810", Version: "1.0", KeepAlive: true,
		Getenv: cfg.Getenv, Credentials: cfg.Credentials, Now: cfg.Now, Timeout: cfg.Timeout, CallTimeout: cfg.Timeout * 4 / 5,
	})}
}

// Key implements [Store]. The read is strongly consistent: a key works as soon
// as it has been made, and not any longer once it has been disabled or
// deleted. It costs one read unit in place of a half.
func (d *DynamoDB) Key(ctx context.Context, digest Digest) (Record, error) {
	var out struct{ Item item }
	err := d.callKeys(ctx, "GetItem", map[string]any{
		"TableName": d.keyTable, "Key": keyOf(digest.String()), "ConsistentRead": true,
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
// A use is forgotten after 400 days, or with the key.
func (d *DynamoDB) RecordUse(ctx context.Context, credentialID string, now, since time.Time) error {
	err := d.callState(ctx, "UpdateItem", map[string]any{
		"TableName": d.stateTable, "Key": keyOf(usedPrefix + credentialID),
		"UpdateExpression":          "SET #used = :now, #ttl = :ttl",
		"ConditionExpression":       "attribute_not_exists(#id) OR #used < :since",
		"ExpressionAttributeNames":  map[string]string{"#id": contract.AuthorizerTableKey, "#used": attributeUsed, "#ttl": contract.AuthorizerTableTTL},
		"ExpressionAttributeValues": item{":now": seconds(now), ":since": seconds(since), ":ttl": seconds(now.Add(usesKept))},
	}, nil)
	if isConditionFailed(err) { // another environment has recorded one
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
	err := d.callState(ctx, "UpdateItem", map[string]any{
		"TableName": d.stateTable, "Key": keyOf(quotaPrefix + window),
		"UpdateExpression":          "SET #ttl = :ttl ADD #count :one",
		"ConditionExpression":       "attribute_not_exists(#id) OR #count < :limit",
		"ExpressionAttributeNames":  map[string]string{"#id": contract.AuthorizerTableKey, "#count": attributeCount, "#ttl": contract.AuthorizerTableTTL},
		"ExpressionAttributeValues": item{":one": number(1), ":limit": number(int64(limit)), ":ttl": seconds(end.Add(countersKept))},
	}, nil)
	if isConditionFailed(err) {
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

func (d *DynamoDB) callKeys(ctx context.Context, operation string, in, out any) error {
	return d.call(ctx, "API key", d.keyTable, contract.EnvAPIKeyTable, operation, in, out)
}

func (d *DynamoDB) callState(ctx context.Context, operation string, in, out any) error {
	return d.call(ctx, "state", d.stateTable, contract.EnvStateTable, operation, in, out)
}

// cures say what to do about the refusals that a deployment usually meets.
var cures = map[string]string{
	"ResourceNotFoundException": "is it deployed, in this Region and account?",
	"AccessDeniedException":     "allow the caller dynamodb:%s on the table",
}

// call calls DynamoDB and names the table and the cure in what goes wrong.
func (d *DynamoDB) call(ctx context.Context, what, table, variable, operation string, in, out any) error {
	if table == "" {
		return fmt.Errorf("%w: the name of the %s table is not set; set %s to it", authz.ErrMisconfigured, what, variable)
	}
	err := d.client.Call(ctx, operation, in, out)
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s table %q: %w", what, table, err)
	refused := &awsjson.Error{}
	if !errors.As(err, &refused) {
		return err
	}
	switch cure := cures[refused.Type]; refused.Type {
	case "ResourceNotFoundException":
		return fmt.Errorf("%w: %s", err, cure)
	case "AccessDeniedException":
		return fmt.Errorf("%w: %s", err, fmt.Sprintf(cure, operation))
	}
	return err
}

func isConditionFailed(err error) bool {
	refused := &awsjson.Error{}
	return errors.As(err, &refused) && refused.Type == awsjson.ConditionalCheckFailed
}

// item is an item, or the values of an expression, as DynamoDB writes it in
// JSON.
type item map[string]attribute

// attribute is a value of one of the types that are used here.
type attribute struct {
	S  *string  `json:",omitempty"`
	N  *string  `json:",omitempty"`
	SS []string `json:",omitempty"`
}

func text(s string) attribute { return attribute{S: &s} }
func number(n int64) attribute {
	s := strconv.FormatInt(n, 10)
	return attribute{N: &s}
}
func seconds(t time.Time) attribute { return number(t.Unix()) }
func keyOf(id string) item          { return item{contract.AuthorizerTableKey: text(id)} }
