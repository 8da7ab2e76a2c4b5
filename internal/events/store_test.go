package events

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/protected-http-api/protected-http-api/internal/events/eventstest"
)

var start = time.Date(2026, 2, 3, 4, 5, 6, 700_900_000, time.FixedZone("", 3600))

// newStore returns a store on an empty table of its own, whose clock is *now.
func newStore(t *testing.T, now *time.Time) *Store {
	t.Helper()
	s, err := Open(eventstest.Start(t).Get)
	if err != nil {
		t.Fatal(err)
	}
	s.now = func() time.Time { return *now }
	return s
}

func create(t *testing.T, s *Store, name string) Event {
	t.Helper()
	e, err := s.Create(t.Context(), name, "usr_abc")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestStoreCreateGetDelete(t *testing.T) {
	t.Parallel()
	now := start
	s := newStore(t, &now)
	client := s.client
	s.client = consistent{client}

	e := create(t, s, "  Launch ")
	if e.Name != "Launch" || e.CreatedBy != "usr_abc" || e.CreatedAt != "2026-02-03T03:05:06.700Z" || len(e.ID) != 26 {
		t.Errorf("created %+v", e)
	}
	out, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &s.table, Key: key(e.ID)})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"pk": "EVENT#" + e.ID, "id": e.ID, "name": "Launch", "createdBy": "usr_abc", "createdAt": e.CreatedAt, "type": "EVENT",
	}
	for name, v := range want {
		if s, ok := out.Item[name].(*types.AttributeValueMemberS); !ok || s.Value != v {
			t.Errorf("attribute %q is %v, want %q", name, out.Item[name], v)
		}
	}
	if len(out.Item) != len(want) {
		t.Errorf("item has %d attributes, want %d", len(out.Item), len(want))
	}

	other := create(t, s, "Other")
	if got, err := s.Get(t.Context(), e.ID); err != nil || got != e {
		t.Errorf("Get = %+v, %v; want %+v", got, err, e)
	}
	if err := s.Delete(t.Context(), e.ID); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if _, err := s.Get(t.Context(), e.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get of a deleted event: %v", err)
	}
	if err := s.Delete(t.Context(), e.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("Delete of a deleted event: %v", err)
	}
	if got, err := s.Get(t.Context(), other.ID); err != nil || got != other {
		t.Errorf("the other event: %+v, %v", got, err)
	}
}

// consistent refuses reads that may miss what was just written.
type consistent struct{ Client }

func (c consistent) GetItem(ctx context.Context, in *dynamodb.GetItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	if !aws.ToBool(in.ConsistentRead) {
		return nil, errors.New("the read is not strongly consistent")
	}
	return c.Client.GetItem(ctx, in, opts...)
}

func TestStoreRefuses(t *testing.T) {
	t.Parallel()
	// Without a client: what is refused is refused without a request.
	s := NewStore(nil, "events-table")
	tests := []struct {
		name, want string
		call       func(ctx context.Context) error
	}{
		{"create with a bad name", `"name" is empty; allowed are 1 to 256 characters`, func(ctx context.Context) error {
			_, err := s.Create(ctx, " ", "usr_abc")
			return err
		}},
		{"get with a malformed id", "event not found", func(ctx context.Context) error {
			_, err := s.Get(ctx, "nope")
			return err
		}},
		{"delete with a malformed id", "event not found", func(ctx context.Context) error { return s.Delete(ctx, "nope") }},
		{"list with a bad cursor", "cursor is not one that a list of events returned", func(ctx context.Context) error {
			_, err := s.List(ctx, 1, "nope")
			return err
		}},
		{"list of nothing", "listing events: limit is 0, allowed is 1 to 100", func(ctx context.Context) error {
			_, err := s.List(ctx, 0, "")
			return err
		}},
		{"list of too many", "listing events: limit is 101, allowed is 1 to 100", func(ctx context.Context) error {
			_, err := s.List(ctx, 101, "")
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := tt.call(t.Context()); err == nil || err.Error() != tt.want {
				t.Errorf("error is %v, want %s", err, tt.want)
			}
		})
	}
}

// 45 events in groups of four with the same time: every page size sees each
// event once, newest first, and no empty page at the end.
func TestStoreListPages(t *testing.T) {
	t.Parallel()
	now := start
	s := newStore(t, &now)
	const total = 45
	var all []string
	for i := range total {
		now = start.Add(time.Duration(i/4) * time.Millisecond)
		all = append(all, create(t, s, fmt.Sprint("event ", i)).ID)
	}
	slices.Sort(all)
	for _, limit := range []int32{1, 2, 4, 5, 9, 44, 45, 46, 100} {
		t.Run(fmt.Sprint("limit ", limit), func(t *testing.T) {
			t.Parallel()
			var seen []Event
			cursor, pages := "", 0
			for {
				page, err := s.List(t.Context(), limit, cursor)
				if err != nil {
					t.Fatal(err)
				}
				seen, cursor, pages = append(seen, page.Items...), page.Cursor, pages+1
				if cursor == "" || pages > total {
					break
				}
				if len(page.Items) != int(limit) {
					t.Errorf("page %d has %d events and is not the last", pages, len(page.Items))
				}
			}
			if want := (total + int(limit) - 1) / int(limit); pages != want {
				t.Errorf("%d pages, want %d", pages, want)
			}
			if !slices.IsSortedFunc(seen, func(a, b Event) int { return strings.Compare(b.CreatedAt, a.CreatedAt) }) {
				t.Error("not newest first")
			}
			var ids []string
			for _, e := range seen {
				ids = append(ids, e.ID)
			}
			slices.Sort(ids)
			if !slices.Equal(ids, all) {
				t.Errorf("saw %d events of %d, or some of them twice", len(slices.Compact(ids)), total)
			}
		})
	}
}

func TestStoreListEmpty(t *testing.T) {
	t.Parallel()
	now := start
	s := newStore(t, &now)
	page, err := s.List(t.Context(), 20, "")
	if err != nil || page.Items == nil || len(page.Items) != 0 || page.Cursor != "" {
		t.Errorf("List = %+v, %v", page, err)
	}
}

// A DynamoDB that answers with fewer items than asked for, as after 1 MB.
func TestStoreListShortAnswers(t *testing.T) {
	t.Parallel()
	now := start
	s := newStore(t, &now)
	for i := range 10 {
		now = start.Add(time.Duration(i) * time.Second)
		create(t, s, fmt.Sprint("event ", i))
	}
	want, err := s.List(t.Context(), 7, "")
	if err != nil {
		t.Fatal(err)
	}
	s.client = shortAnswers{s.client}
	got, err := s.List(t.Context(), 7, "")
	if err != nil || got.Cursor != want.Cursor || !slices.Equal(got.Items, want.Items) {
		t.Errorf("List = %+v, %v; want %+v", got, err, want)
	}
}

type shortAnswers struct{ Client }

func (c shortAnswers) Query(ctx context.Context, in *dynamodb.QueryInput, opts ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	short := *in
	short.Limit = aws.Int32(min(3, *in.Limit))
	return c.Client.Query(ctx, &short, opts...)
}

// The SDK repeats a put whose answer got lost; the second attempt then fails
// on what the first one stored.
func TestStoreCreateRepeated(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		found func(put map[string]types.AttributeValue) map[string]types.AttributeValue
		ok    bool
	}{
		{"its own event", func(put map[string]types.AttributeValue) map[string]types.AttributeValue { return put }, true},
		{"an event of another name", func(put map[string]types.AttributeValue) map[string]types.AttributeValue {
			other := maps.Clone(put)
			other["name"] = &types.AttributeValueMemberS{Value: "Other"}
			return other
		}, false},
		{"no item", func(map[string]types.AttributeValue) map[string]types.AttributeValue { return nil }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e, err := NewStore(conditionFails{found: tt.found}, "events-table").Create(t.Context(), "Launch", "usr_abc")
			if (err == nil) != tt.ok {
				t.Errorf("Create = %+v, %v", e, err)
			}
		})
	}
}

type conditionFails struct {
	Client
	found func(map[string]types.AttributeValue) map[string]types.AttributeValue
}

func (c conditionFails) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if aws.ToString(in.ConditionExpression) != "attribute_not_exists(pk)" || in.ReturnValuesOnConditionCheckFailure != types.ReturnValuesOnConditionCheckFailureAllOld {
		return nil, errors.New("the put is not conditional")
	}
	return nil, &types.ConditionalCheckFailedException{Item: c.found(in.Item)}
}

// An id that is taken is never overwritten: the same clock and the same random
// bits make the same id.
func TestStoreCreateNeverOverwrites(t *testing.T) {
	t.Parallel()
	now := start
	s := newStore(t, &now)
	s.entropy = bytes.NewReader(make([]byte, 20))
	first := create(t, s, "first")
	if e, err := s.Create(t.Context(), "second", "usr_abc"); err == nil {
		t.Errorf("second event stored as %+v", e)
	}
	if got, err := s.Get(t.Context(), first.ID); err != nil || got != first {
		t.Errorf("Get = %+v, %v; want %+v", got, err, first)
	}
	if _, err := s.Create(t.Context(), "third", "usr_abc"); err == nil || err.Error() != "making an event id: EOF" {
		t.Errorf("without random bits: %v", err)
	}
}

func TestStoreForeignItem(t *testing.T) {
	t.Parallel()
	now := start
	s := newStore(t, &now)
	const id = "01HQZX3V8KQ4T5W6Y7Z8A9B0CD"
	_, err := s.client.PutItem(t.Context(), &dynamodb.PutItemInput{
		TableName: &s.table,
		Item: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: "EVENT#" + id}, "id": &types.AttributeValueMemberS{Value: id},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `item "EVENT#` + id + `" is no event: it has no string attribute "name"`
	if _, err := s.Get(t.Context(), id); err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

func TestStoreUnavailable(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(srv.Close)
	client, err := newClient(env(map[string]string{"AWS_ENDPOINT_URL": srv.URL}))
	if err != nil {
		t.Fatal(err)
	}
	options := client.Options()
	options.Retryer = aws.NopRetryer{} // the test would wait for it
	s := NewStore(dynamodb.New(options), "events-table")
	const id = "01HQZX3V8KQ4T5W6Y7Z8A9B0CD"
	tests := []struct {
		name, want string
		call       func(ctx context.Context) error
	}{
		{"create", "storing event", func(ctx context.Context) error { _, err := s.Create(ctx, "a", "b"); return err }},
		{"get", `reading event "` + id + `"`, func(ctx context.Context) error { _, err := s.Get(ctx, id); return err }},
		{"delete", `deleting event "` + id + `"`, func(ctx context.Context) error { return s.Delete(ctx, id) }},
		{"list", "listing events", func(ctx context.Context) error { _, err := s.List(ctx, 1, ""); return err }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := tt.call(t.Context())
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) || !strings.Contains(err.Error(), "StatusCode: 503") {
				t.Errorf("error is %v, want %s… with the cause", err, tt.want)
			}
		})
	}
}
