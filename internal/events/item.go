package events

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/protected-http-api/protected-http-api/internal/events/schema"
)

// Attributes of an item beside the keys of package schema.
const (
	attrID        = "id"
	attrName      = "name"
	attrCreatedBy = "createdBy"
)

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func key(id string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{schema.PartitionKey: str(schema.KeyPrefix + id)}
}

func (e Event) item() map[string]types.AttributeValue {
	item := key(e.ID)
	item[schema.IndexPartitionKey] = str(schema.IndexPartitionValue)
	item[schema.IndexSortKey] = str(e.CreatedAt)
	item[attrID] = str(e.ID)
	item[attrName] = str(e.Name)
	item[attrCreatedBy] = str(e.CreatedBy)
	return item
}

// fromItem fails on an item that the store did not write: half an event must
// not look like a whole one.
func fromItem(item map[string]types.AttributeValue) (Event, error) {
	var e Event
	for _, attr := range []struct {
		name string
		to   *string
	}{{attrID, &e.ID}, {attrName, &e.Name}, {attrCreatedBy, &e.CreatedBy}, {schema.IndexSortKey, &e.CreatedAt}} {
		s, ok := item[attr.name].(*types.AttributeValueMemberS)
		if !ok {
			return Event{}, fmt.Errorf("item %s is no event: it has no string attribute %q", describe(item), attr.name)
		}
		*attr.to = s.Value
	}
	return e, nil
}

// describe is an item's key, for an error message.
func describe(item map[string]types.AttributeValue) string {
	if s, ok := item[schema.PartitionKey].(*types.AttributeValueMemberS); ok {
		return fmt.Sprintf("%q", s.Value)
	}
	return "without a key"
}
