package secret

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"time"
)

// secretBytes is how long a new secret is: what HS256 needs and can use.
const secretBytes = 32

var errKeys = errors.New(`the document has the form {"keys": …}: each key has a user of its own; add a key, hand it out, and take the old one away when its user has changed over`)

// Rotate returns the document with a new current secret, which is to be signed with
// from now on, and the one before as previous, which is still accepted. The new one
// is next, if there is one. Else it is made here, of 32 random bytes, with an id if
// the current one has an id, because keys with and without ids do not go together;
// now is a part of the id. What was previous is dropped, and what it has signed is
// refused: rotate again only when that has expired. A document with Keys is an
// error.
func (d Document) Rotate(now time.Time) (Document, error) {
	if len(d.Keys) > 0 {
		return Document{}, errKeys
	}
	next := d.Next
	if next.IsZero() {
		next = d.fresh(now)
	}
	return Document{Current: next, Previous: d.Current}, nil
}

// Prepare returns the document with a next secret, made as Rotate makes one, which
// is accepted but not signed with until Rotate. Rotate Config.MaxAge later: then
// every authorizer knows it. A document with a next secret, or with Keys, is an
// error.
func (d Document) Prepare(now time.Time) (Document, error) {
	switch {
	case len(d.Keys) > 0:
		return Document{}, errKeys
	case !d.Next.IsZero():
		return Document{}, errors.New("there is a next secret already; rotate to sign with it")
	}
	d.Next = d.fresh(now)
	return d, nil
}

// Finish returns the document without its previous secret, whose tokens are refused
// then: Config.MaxAge later at the latest, and the authorizer's cache TTL. A document
// without a previous secret, or with Keys, is an error.
func (d Document) Finish() (Document, error) {
	switch {
	case len(d.Keys) > 0:
		return Document{}, errKeys
	case d.Previous.IsZero():
		return Document{}, errors.New("there is no previous secret to drop")
	}
	d.Previous = Entry{}
	return d, nil
}

// fresh makes a secret to follow the current one.
func (d Document) fresh(now time.Time) Entry {
	random := make([]byte, secretBytes+4)
	_, _ = rand.Read(random) // crypto/rand never fails
	id := ""
	if d.Current.ID != "" {
		id = now.UTC().Format("20060102t150405z") + "-" + hex.EncodeToString(random[secretBytes:])
	}
	return NewEntry(id, "base64:"+base64.StdEncoding.EncodeToString(random[:secretBytes]))
}
