package revocation

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/awsjson"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// Kind says by what credentials are withdrawn.
type Kind string

// The kinds, with the field of authz.Principal that is looked at.
const (
	Token      Kind = "token"      // one token, by its authz.TokenDigest (Digest)
	Credential Kind = "credential" // by its id, the jti of a token (CredentialID)
	Subject    Kind = "subject"    // all of a subject (Subject)
	Tenant     Kind = "tenant"     // all of a tenant (Tenant)
	Key        Kind = "key"        // all that were made with a key, an API key itself (KeyID)
)

// Target is what an [Entry] withdraws.
type Target struct {
	Kind Kind
	// ID is the digest, the id or the name. Required.
	ID string
	// Issuer is whose credentials are meant, of a Credential, Subject or Key: two
	// issuers may have the same jti or subject. Defaults to those of every issuer,
	// and those without one.
	Issuer string
}

// Check returns an error that says what is wrong with the target, nil if
// there may be a credential that it is about.
func (t Target) Check() error {
	var err error
	switch t.Kind {
	case Subject, Tenant:
		err = authz.CheckSubject(t.ID) // a tenant's name has the same rules
	case Token, Credential, Key:
		err = authz.CheckCredentialID(t.ID)
	default:
		return fmt.Errorf("there is no kind %q", t.Kind)
	}
	switch {
	case err != nil:
		return err
	case t.Issuer != "" && (t.Kind == Token || t.Kind == Tenant):
		return fmt.Errorf("a %s has no issuer", t.Kind)
	case t.Issuer != "" && authz.CheckSubject(t.Issuer) != nil: // whose rules are the same
		return errors.New("the issuer is longer than 255 bytes, or not printable")
	}
	return nil
}

// String describes the target.
func (t Target) String() string {
	text := fmt.Sprintf("%s %q", t.Kind, t.ID)
	if t.Issuer != "" {
		text += fmt.Sprintf(" of issuer %q", t.Issuer)
	}
	return text
}

// separator stands between the parts of an item's key. No part has one: they are
// escaped as in a query string.
const separator = "#"

// key is the item's partition key. Of names that are as long as they may be it has
// some 1,550 bytes; DynamoDB takes 2,048.
func (t Target) key() string {
	parts := []string{string(t.Kind), url.QueryEscape(t.ID)}
	if t.Issuer != "" {
		parts = append(parts, url.QueryEscape(t.Issuer))
	}
	return strings.Join(parts, separator)
}

// parseKey returns the target of an item.
func parseKey(key string) (Target, error) {
	parts := strings.Split(key, separator)
	for i, part := range parts {
		parts[i], _ = url.QueryUnescape(part) // else it is not the key of what comes out
	}
	if n := len(parts); n != 2 && n != 3 {
		return Target{}, errors.New("its id is no target")
	}
	t := Target{Kind: Kind(parts[0]), ID: parts[1]}
	if len(parts) == 3 {
		t.Issuer = parts[2]
	}
	if t.Check() != nil || t.key() != key {
		return Target{}, errors.New("its id is no target")
	}
	return t, nil
}

// targetsOf are all by which a principal can have been withdrawn: two for a token
// without issuer, tenant and key id beside its digest, eight at most.
func targetsOf(p authz.Principal) []Target {
	var targets []Target
	for _, t := range []Target{
		{Token, p.Digest, ""},
		{Credential, p.CredentialID, p.Issuer},
		{Subject, p.Subject, p.Issuer},
		{Tenant, p.Tenant, ""},
		{Key, p.KeyID, p.Issuer},
	} {
		if t.ID == "" {
			continue
		}
		targets = append(targets, Target{Kind: t.Kind, ID: t.ID})
		if t.Issuer != "" {
			targets = append(targets, t)
		}
	}
	return targets
}

// Entry withdraws credentials.
type Entry struct {
	Target
	// Before is the last second whose credentials are withdrawn: those that were
	// issued in it or earlier are, and those of which nobody knows when they were
	// issued. Later ones are not concerned. Zero withdraws all.
	Before time.Time
	// Expires is when the entry has no use any more, because what it withdraws has
	// expired by itself. DynamoDB deletes it some time after. Zero keeps it until it
	// is removed.
	Expires time.Time
	// WrittenAt is when the entry was written.
	WrittenAt time.Time
}

// withdraws reports whether the entry is about a credential that was issued then.
func (e Entry) withdraws(issuedAt time.Time) bool {
	return e.Before.IsZero() || issuedAt.IsZero() || issuedAt.Unix() <= e.Before.Unix()
}

// and returns the entry that withdraws what either of two with the same target does.
func (e Entry) and(other Entry) Entry {
	later := func(a, b time.Time) time.Time { // zero is later than any
		if a.IsZero() || b.IsZero() {
			return time.Time{}
		}
		return slices.MaxFunc([]time.Time{a, b}, time.Time.Compare)
	}
	e.Before, e.Expires = later(e.Before, other.Before), later(e.Expires, other.Expires)
	return e
}

// Attributes of an item, beside its key and its time to live.
const (
	attributeBefore   = "before"
	attributeWritten  = "writtenAt"
	attributeRevision = "revision"
)

func encode(e Entry, revision string) awsjson.Item {
	item := keyOf(e.Target)
	item[attributeWritten], item[attributeRevision] = awsjson.Seconds(e.WrittenAt), awsjson.String(revision)
	if !e.Before.IsZero() {
		item[attributeBefore] = awsjson.Seconds(e.Before)
	}
	if !e.Expires.IsZero() {
		item[contract.AuthorizerTableTTL] = awsjson.Seconds(e.Expires)
	}
	return item
}

func keyOf(t Target) awsjson.Item {
	return awsjson.Item{contract.AuthorizerTableKey: awsjson.String(t.key())}
}

// decode reads an item. One that has not been written by this package is an error:
// nobody knows what it withdraws.
func decode(item awsjson.Item) (e Entry, err error) {
	if e.Target, err = parseKey(item.Text(contract.AuthorizerTableKey)); err != nil {
		return e, err
	}
	for name, field := range map[string]*time.Time{
		attributeBefore: &e.Before, attributeWritten: &e.WrittenAt, contract.AuthorizerTableTTL: &e.Expires,
	} {
		if *field, err = item.Time(name); err != nil {
			return e, fmt.Errorf("its attribute %q: %w", name, err)
		}
	}
	return e, nil
}
