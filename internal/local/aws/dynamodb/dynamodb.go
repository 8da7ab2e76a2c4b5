// Package dynamodb is the DynamoDB of the local AWS: tables with global and
// local secondary indexes, items, expressions, queries, batches and
// transactions, in memory, over DynamoDB's JSON protocol. It follows the
// DynamoDB API reference and developer guide.
//
// Differences that a program could notice: indexes are always up to date;
// capacity is neither limited nor reported; an item whose time to live has
// passed is gone from the next request on (AWS allows itself days, in which it
// is still read). The legacy parameters without
// expressions (Expected, KeyConditions and the like) are refused. Streams,
// backups, PartiQL and global tables are left to AWS.
package dynamodb

import (
	"sync"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// Service holds the tables of one account and Region. It is safe for
// concurrent use: each request sees the others done or not begun.
type Service struct {
	acct account.Account
	now  func() time.Time

	mu     sync.RWMutex
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

func validation(format string, args ...any) error {
	return awserr.New("ValidationException", format, args...)
}

func serialization() error {
	return awserr.New("SerializationException", "an attribute value of the request is not in DynamoDB's JSON")
}
