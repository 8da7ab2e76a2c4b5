// Package schema names the attributes and the index of the events table, and the
// parameters of a stack. The
// program that creates the table and the store that reads and writes it both
// take the names from here, so that neither can drift from the other.
package schema

const (
	// PartitionKey is the table's partition key, a string. There is no sort
	// key: each event is one item, found by its key alone.
	PartitionKey = "pk"

	// KeyPrefix stands before the event's id in PartitionKey.
	KeyPrefix = "EVENT#"

	// Index is the global secondary index that lists events by the time they
	// were created.
	Index = "newest-first"

	// IndexPartitionKey is Index's partition key, a string. Every event
	// carries IndexPartitionValue in it, so one query sees them all.
	IndexPartitionKey = "type"

	// IndexPartitionValue is the value every event has in IndexPartitionKey.
	IndexPartitionValue = "EVENT"

	// IndexSortKey is Index's sort key, a string that sorts as the time does.
	IndexSortKey = "createdAt"
)
