package dynamodb

import "time"

// Table is what a table is made of.
type Table struct {
	// Name has 3 to 255 characters of a-zA-Z0-9_.-
	Name string
	// BillingMode is PAY_PER_REQUEST, the only one here. Required: AWS's default is
	// PROVISIONED.
	BillingMode string
	// Attributes are the key attributes of the table and its indexes, and no
	// others.
	Attributes []Attribute
	// HashKey is the partition key, RangeKey the sort key, which may be empty.
	HashKey, RangeKey string
	// GSIs are the global secondary indexes.
	GSIs []Index
	// PointInTimeRecovery and RecoveryDays, 1 to 35, are kept, and have no effect
	// here. RecoveryDays defaults to 35 where recovery is on.
	PointInTimeRecovery bool
	RecoveryDays        int
	// DeletionProtection refuses DeleteTable.
	DeletionProtection bool
	// SSE is whether encryption at rest uses AWS's KMS key of the account instead
	// of the key that DynamoDB owns. Kept, without effect here.
	SSE bool
	// SSEKey is the ARN of a KMS key to encrypt with, which whoever uses the items
	// must be allowed to use. Empty: AWS's own.
	SSEKey string
	// StreamViewType is KEYS_ONLY, NEW_IMAGE, OLD_IMAGE or NEW_AND_OLD_IMAGES;
	// empty is no stream. Kept: nobody can read the stream here.
	StreamViewType string
	// Class is STANDARD or STANDARD_INFREQUENT_ACCESS. Defaults to STANDARD.
	Class string
	// TTLAttribute is the attribute with the time to live; empty is off. An
	// item expires when the second that it names has passed.
	TTLAttribute string
	Tags         map[string]string
}

// Attribute is a key attribute and its type: S, N or B.
type Attribute struct{ Name, Type string }

// Index is a global secondary index.
type Index struct {
	// Name has 3 to 255 characters of a-zA-Z0-9_.-
	Name              string
	HashKey, RangeKey string
	// Projection is ALL, KEYS_ONLY or INCLUDE; NonKeyAttributes are what
	// INCLUDE includes.
	Projection       string
	NonKeyAttributes []string
}

// TableInfo is a table as it is.
type TableInfo struct {
	Table
	ARN string
	// ID is the table's unique id, another one when it is made again.
	ID      string
	Created time.Time
	// StreamLabel names the table's latest stream; empty where it has had none.
	StreamLabel string
	Contents
	// Indexes are what the indexes have, by their names.
	Indexes map[string]Contents
}

// Contents are how much a table or an index has: exactly, where AWS's numbers
// are up to six hours old.
type Contents struct {
	ItemCount int
	// SizeBytes is the size of the items together, as the developer guide
	// counts it.
	SizeBytes int
}
