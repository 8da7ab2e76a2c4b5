package events

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/oklog/ulid/v2"

	"github.com/protected-http-api/protected-http-api/internal/events/schema"
)

// MaxLimit is the greatest number of events on a page of List.
const MaxLimit = 100

// ErrNotFound is an event that does not exist.
var ErrNotFound = errors.New("event not found")

// Client is what the store needs of DynamoDB. *dynamodb.Client is one. Each
// method needs the permission of its own name: dynamodb:PutItem and so on, on
// the table, and for Query on the index only.
type Client interface {
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
}

// Store keeps events in a DynamoDB table. It may be used concurrently if its
// Client may.
//
// All events share one partition of the index, because a list of all events
// in order of time needs one. A partition takes about 1,000 write units a
// second (DynamoDB developer guide, "Partitions and data distribution"), so
// that is the limit of created and deleted events together, however many the
// table itself could take. An application that needs more spreads the index
// over several partition values and merges them when it lists.
type Store struct {
	client Client
	table  string
	now    func() time.Time
	// entropy is where ids take their 80 random bits.
	entropy io.Reader
}

// NewStore returns the store in the table of this name, which has the keys and the
// index of package schema; the index projects all attributes.
func NewStore(client Client, table string) *Store {
	return &Store{client: client, table: table, now: time.Now, entropy: rand.Reader}
}

// Create stores a new event and returns it. The name goes through ParseName;
// a name that is refused is an *InvalidError and nothing is stored.
func (s *Store) Create(ctx context.Context, name, createdBy string) (Event, error) {
	name, err := ParseName(name)
	if err != nil {
		return Event{}, err
	}
	now := s.now().UTC()
	id, err := ulid.New(ulid.Timestamp(now), s.entropy)
	if err != nil {
		return Event{}, fmt.Errorf("making an event id: %w", err)
	}
	e := Event{ID: id.String(), Name: name, CreatedBy: createdBy, CreatedAt: now.Format(timeLayout)}
	_, err = s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                           &s.table,
		Item:                                e.item(),
		ConditionExpression:                 aws.String("attribute_not_exists(" + schema.PartitionKey + ")"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if err != nil && !alreadyStored(err, e) {
		return Event{}, fmt.Errorf("storing event %q: %w", e.ID, err)
	}
	return e, nil
}

// alreadyStored reports whether a failed put found the very event that it was
// to store: the SDK sends a put again when the first answer got lost, and then
// fails on its own success.
func alreadyStored(err error, e Event) bool {
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) {
		return false
	}
	stored, err := fromItem(failed.Item)
	return err == nil && stored == e
}

// Get returns an event, or ErrNotFound. The read is strongly consistent: an
// event can be had as soon as Create has returned it.
func (s *Store) Get(ctx context.Context, id string) (Event, error) {
	if !validID(id) {
		return Event{}, ErrNotFound
	}
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      &s.table,
		Key:            key(id),
		ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return Event{}, fmt.Errorf("reading event %q: %w", id, err)
	}
	if len(out.Item) == 0 {
		return Event{}, ErrNotFound
	}
	return fromItem(out.Item)
}

// Delete removes an event, or returns ErrNotFound. If DynamoDB's answer gets
// lost and the SDK asks again, the answer is ErrNotFound although this call
// removed the event: either way, it no longer exists.
func (s *Store) Delete(ctx context.Context, id string) error {
	if !validID(id) {
		return ErrNotFound
	}
	_, err := s.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName:           &s.table,
		Key:                 key(id),
		ConditionExpression: aws.String("attribute_exists(" + schema.PartitionKey + ")"),
	})
	var failed *types.ConditionalCheckFailedException
	switch {
	case errors.As(err, &failed):
		return ErrNotFound
	case err != nil:
		return fmt.Errorf("deleting event %q: %w", id, err)
	}
	return nil
}

// Page is a part of the list of events.
type Page struct {
	// Items are the events, newest first; never nil.
	Items []Event
	// Cursor is where the next page begins. It is empty if and only if there
	// were no more events when the page was read.
	Cursor string
}

// List returns up to limit events, 1 to MaxLimit, newest first, beginning
// after cursor, or at the newest if it is empty. The order of events of the
// same millisecond is DynamoDB's, and stable. A cursor that List did not make
// is ErrBadCursor. The index is eventually consistent, so an event may be
// missing for a moment after Create.
//
// It reads one event more than it returns: DynamoDB's own LastEvaluatedKey is
// also there when nothing follows (developer guide, "Paginating table query
// results"), and would send clients to an empty last page.
func (s *Store) List(ctx context.Context, limit int32, after string) (Page, error) {
	if limit < 1 || limit > MaxLimit {
		return Page{}, fmt.Errorf("listing events: limit is %d, allowed is 1 to %d", limit, MaxLimit)
	}
	query := &dynamodb.QueryInput{
		TableName:                 &s.table,
		IndexName:                 aws.String(schema.Index),
		KeyConditionExpression:    aws.String("#type = :type"),
		ExpressionAttributeNames:  map[string]string{"#type": schema.IndexPartitionKey},
		ExpressionAttributeValues: map[string]types.AttributeValue{":type": str(schema.IndexPartitionValue)},
		ScanIndexForward:          aws.Bool(false),
	}
	if after != "" {
		c, err := decodeCursor(after)
		if err != nil {
			return Page{}, err
		}
		query.ExclusiveStartKey = c.startKey()
	}
	items, err := s.query(ctx, query, limit+1)
	if err != nil {
		return Page{}, fmt.Errorf("listing events: %w", err)
	}
	if len(items) <= int(limit) {
		return Page{Items: items}, nil
	}
	items = items[:limit]
	return Page{Items: items, Cursor: cursorAfter(items[limit-1]).encode()}, nil
}

// query reads up to want events. DynamoDB may answer with fewer than there
// are, after 1 MB for instance, so it is asked until it has no more.
func (s *Store) query(ctx context.Context, query *dynamodb.QueryInput, want int32) ([]Event, error) {
	found := make([]Event, 0, want)
	for {
		query.Limit = aws.Int32(want)
		out, err := s.client.Query(ctx, query)
		if err != nil {
			return nil, err
		}
		for _, item := range out.Items {
			e, err := fromItem(item)
			if err != nil {
				return nil, err
			}
			found = append(found, e)
			want--
		}
		if want <= 0 || len(out.LastEvaluatedKey) == 0 {
			return found, nil
		}
		query.ExclusiveStartKey = out.LastEvaluatedKey
	}
}
