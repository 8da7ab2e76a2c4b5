package dynamodb

import (
	"context"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// Table is what a table is made of.
type Table struct {
	// Name has 3 to 255 characters of a-zA-Z0-9_.-
	Name string
	// BillingMode is PAY_PER_REQUEST or PROVISIONED. Defaults to PROVISIONED,
	// as on AWS.
	BillingMode string
	// ReadCapacity and WriteCapacity are units, for PROVISIONED only.
	ReadCapacity, WriteCapacity int
	// Attributes are the key attributes of the table and its indexes, and no
	// others.
	Attributes []Attribute
	// HashKey is the partition key, RangeKey the sort key, which may be empty.
	HashKey, RangeKey string
	// GSIs are the global, LSIs the local secondary indexes.
	GSIs, LSIs []Index
	// PointInTimeRecovery is kept, and has no effect here.
	PointInTimeRecovery bool
	// DeletionProtection refuses DeleteTable.
	DeletionProtection bool
	// SSE is whether encryption at rest uses a KMS key instead of the key
	// that DynamoDB owns; SSEKeyARN names a customer's key. Kept, without
	// effect here.
	SSE       bool
	SSEKeyARN string
	// TTLAttribute is the attribute with the time to live; empty is off. An
	// item expires when the second that it names has passed.
	TTLAttribute string
	Tags         map[string]string
}

// Attribute is a key attribute and its type: S, N or B.
type Attribute struct{ Name, Type string }

// Index is a secondary index.
type Index struct {
	// Name has 3 to 255 characters of a-zA-Z0-9_.-
	Name              string
	HashKey, RangeKey string
	// Projection is ALL, KEYS_ONLY or INCLUDE; NonKeyAttributes are what
	// INCLUDE includes.
	Projection       string
	NonKeyAttributes []string
	// ReadCapacity and WriteCapacity are units, of a global index of a
	// PROVISIONED table only.
	ReadCapacity, WriteCapacity int
}

// TableInfo is a table as it is.
type TableInfo struct {
	Table
	ARN string
	// ID is the table's unique id, another one when it is made again.
	ID      string
	Created time.Time
	// ItemCount is exact, where AWS's is up to six hours old.
	ItemCount int
}

// CreateTable adds a table, which is active at once. Errors are
// *protocol.Error: ResourceInUseException, ValidationException.
func (s *Service) CreateTable(_ context.Context, t Table) (TableInfo, error) {
	if err := checkTable(&t); err != nil {
		return TableInfo{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.tables[t.Name]; ok {
		return TableInfo{}, awserr.New("ResourceInUseException", "Table already exists: %s", t.Name)
	}
	made := newTable(t)
	made.created, made.id = s.now().UTC(), uuid.NewString()
	s.tables[t.Name] = made
	return s.info(made), nil
}

// UpdateTable makes a table like t, as far as AWS changes a table in place:
// billing mode, capacity, recovery, deletion protection, encryption, TTL,
// tags and global indexes. A new or changed global index is filled from the
// table's items. Other keys or local indexes need another table: a
// ValidationException.
func (s *Service) UpdateTable(_ context.Context, t Table) (TableInfo, error) {
	if err := checkTable(&t); err != nil {
		return TableInfo{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.tables[t.Name]
	if !ok {
		return TableInfo{}, tableNotFound(t.Name)
	}
	if t.HashKey != old.HashKey || t.RangeKey != old.RangeKey || !reflect.DeepEqual(t.LSIs, old.LSIs) || !sameKeyTypes(t, old.Table) {
		return TableInfo{}, validation("the keys and local indexes of table %s cannot be changed: replace the table", t.Name)
	}
	next := newTable(t)
	next.created, next.id = old.created, old.id
	for _, r := range old.primary().rows {
		// An item that has a new index's key with another type is left out of
		// the index, as on AWS.
		next.insert(r.item)
	}
	s.tables[t.Name] = next
	return s.info(next), nil
}

func sameKeyTypes(a, b Table) bool {
	for _, x := range a.Attributes {
		for _, y := range b.Attributes {
			if x.Name == y.Name && x.Type != y.Type && (x.Name == a.HashKey || x.Name == a.RangeKey) {
				return false
			}
		}
	}
	return true
}

// DeleteTable removes a table and its items, unless it is protected.
func (s *Service) DeleteTable(_ context.Context, name string) error {
	_, err := s.remove(name)
	return err
}

func (s *Service) remove(name string) (TableInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tables[name]
	if !ok {
		return TableInfo{}, tableNotFound(name)
	}
	if t.DeletionProtection {
		return TableInfo{}, validation("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
	}
	delete(s.tables, name)
	return s.info(t), nil
}

// Table finds a table.
func (s *Service) Table(name string) (TableInfo, bool) {
	s.expire()
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, ok := s.tables[name]
	if !ok {
		return TableInfo{}, false
	}
	return s.info(t), true
}

// info copies what can be changed; the caller holds the lock.
func (s *Service) info(t *table) TableInfo {
	i := TableInfo{Table: t.Table, ARN: s.ARN(t.Name), ID: t.id, Created: t.created, ItemCount: len(t.primary().rows)}
	i.Tags = maps.Clone(i.Tags)
	i.Attributes = slices.Clone(i.Attributes)
	i.GSIs, i.LSIs = slices.Clone(i.GSIs), slices.Clone(i.LSIs)
	return i
}

func tableNotFound(name string) error {
	return awserr.New("ResourceNotFoundException", "Requested resource not found: Table: %s not found", name)
}

// Quotas of the developer guide.
const (
	maxGSIs        = 20
	maxLSIs        = 5
	maxProjected   = 100
	maxTags        = 50
	maxHashKeySize = 2048
	maxSortKeySize = 1024
)

var tableNames = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)

const badName = "Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'"

// checkTable validates a table as CreateTable does, and sets the defaults.
func checkTable(t *Table) error {
	if !tableNames.MatchString(t.Name) {
		return validation(badName)
	}
	if t.BillingMode == "" {
		t.BillingMode = "PROVISIONED"
	}
	if t.BillingMode != "PAY_PER_REQUEST" && t.BillingMode != "PROVISIONED" {
		return validation("1 validation error detected: Value '%s' at 'billingMode' failed to satisfy constraint: Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]", t.BillingMode)
	}
	if err := checkCapacity(*t, "", t.ReadCapacity, t.WriteCapacity); err != nil {
		return err
	}
	if len(t.Tags) > maxTags {
		return validation("One or more parameter values were invalid: a table has at most %d tags", maxTags)
	}
	if err := checkAttributes(*t); err != nil {
		return err
	}
	return checkIndexes(t)
}

func checkCapacity(t Table, index string, read, write int) error {
	where := "the table"
	if index != "" {
		where = "index: " + index
	}
	switch {
	case t.BillingMode == "PROVISIONED" && (read < 1 || write < 1):
		return validation("One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED (%s)", where)
	case t.BillingMode != "PROVISIONED" && (read != 0 || write != 0):
		return validation("One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST (%s)", where)
	}
	return nil
}

// checkAttributes wants that the definitions are those of the keys, no more
// and no fewer.
func checkAttributes(t Table) error {
	defined := map[string]string{}
	for _, a := range t.Attributes {
		if a.Name == "" || len(a.Name) > 255 || !slices.Contains([]string{"S", "N", "B"}, a.Type) {
			return validation("1 validation error detected: Value '%s' at 'attributeDefinitions.attributeType' of %q failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]", a.Type, a.Name)
		}
		if _, twice := defined[a.Name]; twice {
			return validation("One or more parameter values were invalid: Duplicate AttributeName in AttributeDefinitions: %s", a.Name)
		}
		defined[a.Name] = a.Type
	}
	if t.HashKey == "" {
		return validation("No Hash Key specified in schema.  All Dynamo DB Tables must have exactly one hash key")
	}
	used := map[string]bool{}
	for _, i := range append([]Index{{HashKey: t.HashKey, RangeKey: t.RangeKey}}, slices.Concat(t.GSIs, t.LSIs)...) {
		if i.HashKey == i.RangeKey {
			return validation("Both the Hash Key and the Range Key element in the KeySchema have the same name: %q", i.HashKey)
		}
		used[i.HashKey] = true
		if i.RangeKey != "" {
			used[i.RangeKey] = true
		}
	}
	names, keys := slices.Sorted(maps.Keys(defined)), slices.Sorted(maps.Keys(used))
	if missing := slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return defined[k] != "" }); len(missing) > 0 {
		return validation("One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [%s], AttributeDefinitions: [%s]", strings.Join(missing, ", "), strings.Join(names, ", "))
	}
	if len(names) > len(keys) {
		return validation("One or more parameter values were invalid: Some AttributeDefinitions are not used. AttributeDefinitions: [%s], keys used: [%s]", strings.Join(names, ", "), strings.Join(keys, ", "))
	}
	return nil
}

func checkIndexes(t *Table) error {
	if len(t.GSIs) > maxGSIs || len(t.LSIs) > maxLSIs {
		return validation("One or more parameter values were invalid: a table has at most %d global and %d local secondary indexes", maxGSIs, maxLSIs)
	}
	names, projected := map[string]bool{}, 0
	for n, i := range slices.Concat(t.GSIs, t.LSIs) {
		local := n >= len(t.GSIs)
		switch {
		case !tableNames.MatchString(i.Name):
			return validation(badName)
		case names[i.Name]:
			return validation("One or more parameter values were invalid: Duplicate index name: %s", i.Name)
		case i.HashKey == "":
			return validation("One or more parameter values were invalid: No Hash Key specified in schema of index: %s", i.Name)
		case local && t.RangeKey == "":
			return validation("One or more parameter values were invalid: Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex")
		case local && i.HashKey != t.HashKey:
			return validation("One or more parameter values were invalid: Table KeySchema and index KeySchema must have the same hash key. IndexName: %s", i.Name)
		case local && i.RangeKey == "":
			return validation("One or more parameter values were invalid: Index KeySchema does not have a range key for index: %s", i.Name)
		case !slices.Contains([]string{"ALL", "KEYS_ONLY", "INCLUDE"}, i.Projection):
			return validation("One or more parameter values were invalid: Unknown ProjectionType: %s of index: %s", i.Projection, i.Name)
		case (i.Projection == "INCLUDE") != (len(i.NonKeyAttributes) > 0):
			return validation("One or more parameter values were invalid: ProjectionType is %s, and NonKeyAttributes must be specified for INCLUDE only (index: %s)", i.Projection, i.Name)
		}
		if !local {
			if err := checkCapacity(*t, i.Name, i.ReadCapacity, i.WriteCapacity); err != nil {
				return err
			}
		}
		names[i.Name] = true
		projected += len(i.NonKeyAttributes)
	}
	if projected > maxProjected {
		return validation("One or more parameter values were invalid: the indexes of a table project at most %d non-key attributes", maxProjected)
	}
	return nil
}
