// Package dynamodb is the DynamoDB of the local AWS: tables with global secondary
// indexes, items, expressions, queries, batches and
// transactions, in memory, over DynamoDB's JSON protocol. It follows the
// DynamoDB API reference and developer guide.
//
// Differences that a program could notice: indexes are always up to date;
// capacity is reported, and not limited; an item whose time to live has
// passed is gone from the next request on (AWS allows itself days, in which it
// is still read). What is left to AWS is refused by its name: provisioned
// capacity, local indexes, indexes' keys of several attributes, the legacy
// parameters without expressions (Expected, KeyConditions and the like),
// the records of streams, backups, PartiQL and global tables. Tables are changed and removed by the resource provider
// alone.
package dynamodb

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
)

// Service holds the tables of one account and Region. It is safe for
// concurrent use: each request sees the others done or not begun.
type Service struct {
	// Console is told of what has no effect. Nil: nobody is.
	Console *console.Console

	acct account.Account
	now  func() time.Time

	mu     sync.RWMutex
	told   []string // what the console has been told
	tables map[string]*table
	// tokens are the client request tokens of transactions that were done
	// within the last ten minutes.
	tokens map[string]transaction
}

// New returns a service without tables. A nil now is time.Now.
func New(acct account.Account, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{acct: acct, now: now, tables: map[string]*table{}, tokens: map[string]transaction{}}
}

// ARN returns the ARN of a table.
func (s *Service) ARN(table string) string { return s.acct.ARN("dynamodb", "table/"+table) }

// CreateTable adds a table, which is active at once. Errors are
// *awserr.Error: ResourceInUseException, ValidationException.
func (s *Service) CreateTable(_ context.Context, t Table) (TableInfo, error) {
	if err := ValidateTable(t); err != nil {
		return TableInfo{}, err
	}
	s.sayWithoutEffect(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.tables[t.Name]; ok {
		return TableInfo{}, awserr.New("ResourceInUseException", "Table already exists: %s", t.Name)
	}
	made := newTable(t)
	made.created, made.id = s.now().UTC(), uuid.NewString()
	made.restream(nil, made.created)
	s.tables[t.Name] = made
	return s.info(made), nil
}

// UpdateTable makes a table like t, as far as AWS changes a table in place:
// recovery, deletion protection, encryption, stream, class, TTL, tags and indexes. A new or
// changed index is filled from the table's items. Another key needs another
// table: a ValidationException.
func (s *Service) UpdateTable(_ context.Context, t Table) (TableInfo, error) {
	if err := ValidateTable(t); err != nil {
		return TableInfo{}, err
	}
	s.sayWithoutEffect(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.tables[t.Name]
	if !ok {
		return TableInfo{}, tableNotFound(t.Name)
	}
	if t.HashKey != old.HashKey || t.RangeKey != old.RangeKey || !sameKeyTypes(t, old.Table) {
		return TableInfo{}, validation("the key of table %s cannot be changed: replace the table", t.Name)
	}
	next := newTable(t)
	next.created, next.id = old.created, old.id
	next.restream(old, s.now().UTC())
	for _, r := range old.primary().rows {
		// An item that has a new index's key with another type is left out of
		// the index, as on AWS.
		next.replace(nil, r.item)
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
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tables[name]
	if !ok {
		return tableNotFound(name)
	}
	if t.DeletionProtection {
		return validation("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
	}
	delete(s.tables, name)
	return nil
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
	i := TableInfo{Table: t.Table, ARN: s.ARN(t.Name), ID: t.id, Created: t.created, StreamLabel: t.streamLabel, Contents: t.primary().contents(), Indexes: map[string]Contents{}}
	for _, g := range t.GSIs {
		i.Indexes[g.Name] = t.views[g.Name].contents()
	}
	i.Tags = maps.Clone(i.Tags)
	i.Attributes = slices.Clone(i.Attributes)
	i.GSIs = slices.Clone(i.GSIs)
	return i
}

func tableNotFound(name string) error {
	return awserr.New("ResourceNotFoundException", "Requested resource not found: Table: %s not found", name)
}

func validation(format string, args ...any) error {
	return awserr.New("ValidationException", format, args...)
}

// unsupported is the refusal of what AWS has and the local AWS has not.
func unsupported(what, cure string) error {
	return &awserr.Error{Code: "ValidationException", Message: what + " is not supported by the local AWS", Cure: cure}
}

func serialization() error {
	return awserr.New("SerializationException", "an attribute value of the request is not in DynamoDB's JSON")
}
