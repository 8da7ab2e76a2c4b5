package apikey

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// Attributes of a record, beside its partition key.
const (
	attributeStart       = "start"
	attributeName        = "name"
	attributeSubject     = "subject"
	attributeTier        = "tier"
	attributePermissions = "permissions"
	attributeStatus      = "status"
	attributeCreated     = "createdAt"
	attributeExpires     = "expiresAt"
	attributeReplacedBy  = "replacedBy"
)

func encodeRecord(r Record) item {
	status := Active
	if r.Disabled {
		status = Disabled
	}
	encoded := item{
		contract.AuthorizerTableKey: text(r.Digest.String()),
		attributeStart:              text(r.Start),
		attributeSubject:            text(r.Subject),
		attributeTier:               text(r.Tier),
		attributeStatus:             text(string(status)),
		attributeCreated:            seconds(r.CreatedAt),
	}
	// DynamoDB has no empty set.
	if len(r.Permissions) > 0 {
		encoded[attributePermissions] = attribute{SS: r.Permissions}
	}
	if r.Name != "" {
		encoded[attributeName] = text(r.Name)
	}
	if !r.ExpiresAt.IsZero() {
		encoded[attributeExpires] = seconds(r.ExpiresAt)
	}
	if r.ReplacedBy != "" {
		encoded[attributeReplacedBy] = text(r.ReplacedBy)
	}
	return encoded
}

// decodeRecord reads a record. One that has not been written by this package,
// an attribute of another type included, is authz.ErrMisconfigured: a key is
// never let in because its expiry or its state could not be read.
func decodeRecord(encoded item) (Record, error) {
	digest, err := parseDigest(encoded.text(contract.AuthorizerTableKey))
	if err != nil {
		return Record{}, fmt.Errorf("%w: a record of the API key table: its id is no digest: %w", authz.ErrMisconfigured, err)
	}
	r := Record{
		Digest: digest, Start: encoded.text(attributeStart), Name: encoded.text(attributeName),
		Subject: encoded.text(attributeSubject), Tier: encoded.text(attributeTier), ReplacedBy: encoded.text(attributeReplacedBy),
		Disabled: encoded.text(attributeStatus) == string(Disabled), Permissions: slices.Sorted(slices.Values(encoded[attributePermissions].SS)),
	}
	bad := func(name string) error {
		return fmt.Errorf("%w: the record of API key %q has no good attribute %q", authz.ErrMisconfigured, r.CredentialID(), name)
	}
	for _, name := range []string{attributeStart, attributeSubject, attributeTier, attributeStatus} {
		if encoded.text(name) == "" {
			return Record{}, bad(name)
		}
	}
	for _, name := range []string{attributeName, attributeReplacedBy} {
		if a, ok := encoded[name]; ok && a.S == nil {
			return Record{}, bad(name)
		}
	}
	if a, ok := encoded[attributePermissions]; ok && len(a.SS) == 0 {
		return Record{}, bad(attributePermissions)
	}
	if s := Status(encoded.text(attributeStatus)); s != Active && s != Disabled {
		return Record{}, bad(attributeStatus)
	}
	if r.CreatedAt, err = encoded.time(attributeCreated); err != nil || r.CreatedAt.IsZero() {
		return Record{}, bad(attributeCreated)
	}
	if r.ExpiresAt, err = encoded.time(attributeExpires); err != nil {
		return Record{}, bad(attributeExpires)
	}
	return r, nil
}

// text returns a string; "" if it is missing or of another type.
func (i item) text(name string) string {
	if s := i[name].S; s != nil {
		return *s
	}
	return ""
}

// time returns a time in whole seconds since 1970; the zero Time if it is
// missing.
func (i item) time(name string) (time.Time, error) {
	a, ok := i[name]
	if !ok {
		return time.Time{}, nil
	}
	if a.N == nil {
		return time.Time{}, fmt.Errorf("it is no number")
	}
	s, err := strconv.ParseInt(*a.N, 10, 64)
	if err != nil || s <= 0 || s > maxSeconds {
		return time.Time{}, fmt.Errorf("it is no time")
	}
	return time.Unix(s, 0).UTC(), nil
}

// maxSeconds is the last second of the year 9999, the last that RFC 3339 can
// write.
const maxSeconds = 253402300799
