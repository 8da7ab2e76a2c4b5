package events

import (
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/protected-http-api/protected-http-api/internal/events/schema"
)

// ErrBadCursor is a cursor that List did not make, or made in a version that
// is no longer understood.
var ErrBadCursor = errors.New("cursor is not one that a list of events returned")

const (
	cursorVersion = 1
	// maxCursorLength is far above what encode makes, and keeps the work for
	// a stranger's text small.
	maxCursorLength = 256
)

// cursor is the position after one event in the index. It holds only what is
// not constant in the index's key, so that whatever a client sends, the key
// made from it is an event's key in the one partition that List reads.
type cursor struct {
	Version   int    `json:"v"`
	ID        string `json:"id"`
	CreatedAt string `json:"createdAt"`
}

func cursorAfter(e Event) cursor {
	return cursor{Version: cursorVersion, ID: e.ID, CreatedAt: e.CreatedAt}
}

func (c cursor) encode() string {
	// Marshal cannot fail: the struct holds an integer and strings.
	b, _ := json.Marshal(c)
	return base64.RawURLEncoding.EncodeToString(b)
}

// decodeCursor accepts exactly what encode returns: anything decoded is
// encoded again and compared, so no second spelling (white space, duplicate or
// unknown members, padding, spare bits) gets through.
func decodeCursor(s string) (cursor, error) {
	var c cursor
	if len(s) > maxCursorLength {
		return cursor{}, ErrBadCursor
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || json.Unmarshal(b, &c) != nil {
		return cursor{}, ErrBadCursor
	}
	if c.Version != cursorVersion || !validID(c.ID) || !validTime(c.CreatedAt) || c.encode() != s {
		return cursor{}, ErrBadCursor
	}
	return c, nil
}

// startKey is the key as DynamoDB's LastEvaluatedKey would be after the event:
// the keys of the index and of the table. The event itself need not exist any
// more.
func (c cursor) startKey() map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		schema.PartitionKey:      str(schema.KeyPrefix + c.ID),
		schema.IndexPartitionKey: str(schema.IndexPartitionValue),
		schema.IndexSortKey:      str(c.CreatedAt),
	}
}
