package apikey

import (
	"fmt"
	"slices"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/awsjson"
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

// recordAttributes are all of them.
var recordAttributes = []string{
	attributeStart, attributeName, attributeSubject, attributeTier, attributePermissions,
	attributeStatus, attributeCreated, attributeExpires, attributeReplacedBy,
}

func encodeRecord(r Record) awsjson.Item {
	status := Active
	if r.Disabled {
		status = Disabled
	}
	encoded := awsjson.Item{
		contract.AuthorizerTableKey: awsjson.String(r.Digest.String()),
		attributeStart:              awsjson.String(r.Start),
		attributeSubject:            awsjson.String(r.Subject),
		attributeTier:               awsjson.String(r.Tier),
		attributeStatus:             awsjson.String(string(status)),
		attributeCreated:            awsjson.Seconds(r.CreatedAt),
	}
	// DynamoDB has no empty set.
	if len(r.Permissions) > 0 {
		encoded[attributePermissions] = awsjson.Attribute{SS: r.Permissions}
	}
	if r.Name != "" {
		encoded[attributeName] = awsjson.String(r.Name)
	}
	if !r.ExpiresAt.IsZero() {
		encoded[attributeExpires] = awsjson.Seconds(r.ExpiresAt)
	}
	if r.ReplacedBy != "" {
		encoded[attributeReplacedBy] = awsjson.String(r.ReplacedBy)
	}
	return encoded
}

// decodeRecord reads a record. One that has not been written by this package,
// an attribute of another type included, is authz.ErrMisconfigured: a key is
// never let in because its expiry or its state could not be read.
func decodeRecord(encoded awsjson.Item) (Record, error) {
	digest, err := parseDigest(encoded.Text(contract.AuthorizerTableKey))
	if err != nil {
		return Record{}, fmt.Errorf("%w: a record of the API key table: its id is no digest: %w", authz.ErrMisconfigured, err)
	}
	r := Record{
		Digest: digest, Start: encoded.Text(attributeStart), Name: encoded.Text(attributeName),
		Subject: encoded.Text(attributeSubject), Tier: encoded.Text(attributeTier), ReplacedBy: encoded.Text(attributeReplacedBy),
		Disabled: encoded.Text(attributeStatus) == string(Disabled), Permissions: slices.Sorted(slices.Values(encoded[attributePermissions].SS)),
	}
	bad := func(name string) error {
		return fmt.Errorf("%w: the record of API key %q has no good attribute %q", authz.ErrMisconfigured, r.CredentialID(), name)
	}
	for _, name := range []string{attributeStart, attributeSubject, attributeTier, attributeStatus} {
		if encoded.Text(name) == "" {
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
	if s := Status(encoded.Text(attributeStatus)); s != Active && s != Disabled {
		return Record{}, bad(attributeStatus)
	}
	if r.CreatedAt, err = encoded.Time(attributeCreated); err != nil || r.CreatedAt.IsZero() {
		return Record{}, bad(attributeCreated)
	}
	if r.ExpiresAt, err = encoded.Time(attributeExpires); err != nil {
		return Record{}, bad(attributeExpires)
	}
	return r, nil
}
