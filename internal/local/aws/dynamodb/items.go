package dynamodb

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// table is a table with its items.
type table struct {
	Table
	id      string
	created time.Time
	types   map[string]string // of the key attributes
	// views are the table itself, under "", and its indexes.
	views map[string]*view
	// expires is not later than the first item's expiry; neverExpires where
	// none has one. See ttl.go.
	expires int64
}

// view is the items in the order of one key: of the table or of an index.
type view struct {
	// index is nil for the table itself.
	index             *Index
	hashKey, rangeKey string
	rows              []row
}

// row is an item at its place. In an index, where several items may have the
// same key, the table's own key comes last.
type row struct {
	hash, sort, primary string
	item                item
}

func (r row) compare(o row) int {
	if c := strings.Compare(r.hash, o.hash); c != 0 {
		return c
	}
	if c := strings.Compare(r.sort, o.sort); c != 0 {
		return c
	}
	return strings.Compare(r.primary, o.primary)
}

func newTable(t Table) *table {
	t.Tags = maps.Clone(t.Tags)
	out := &table{Table: t, expires: neverExpires, types: map[string]string{}, views: map[string]*view{
		"": {hashKey: t.HashKey, rangeKey: t.RangeKey},
	}}
	for _, a := range t.Attributes {
		out.types[a.Name] = a.Type
	}
	for _, i := range t.GSIs {
		out.views[i.Name] = &view{index: &i, hashKey: i.HashKey, rangeKey: i.RangeKey}
	}
	return out
}

func (t *table) primary() *view { return t.views[""] }

// keyNames are the attributes of the table's own key.
func (t *table) keyNames() []string {
	if t.RangeKey == "" {
		return []string{t.HashKey}
	}
	return []string{t.HashKey, t.RangeKey}
}

// rowOf places an item in a view; ok is false where the item lacks the view's
// key, or has it with another type.
func (t *table) rowOf(v *view, it item) (row, bool) {
	r := row{item: it}
	for _, k := range []struct {
		name string
		to   *string
	}{{v.hashKey, &r.hash}, {v.rangeKey, &r.sort}} {
		if k.name == "" {
			continue
		}
		attribute, ok := it[k.name]
		if !ok || attribute.kind != t.types[k.name] {
			return row{}, false
		}
		*k.to = attribute.order()
	}
	if v.index != nil {
		p, ok := t.rowOf(t.primary(), it)
		if !ok {
			return row{}, false
		}
		// The length keeps two keys apart whose texts joined are the same.
		r.primary = fmt.Sprintf("%08d", len(p.hash)) + p.hash + p.sort
	}
	return r, true
}

// get finds the item with the key of another one.
func (t *table) get(key item) item {
	v := t.primary()
	r, ok := t.rowOf(v, key)
	if !ok {
		return nil
	}
	if i, found := slices.BinarySearchFunc(v.rows, r, row.compare); found {
		return v.rows[i].item
	}
	return nil
}

// replace takes an item out and puts another one in; either may be nil.
func (t *table) replace(old, updated item) {
	if old != nil {
		for _, v := range t.views {
			r, ok := t.rowOf(v, old)
			if !ok {
				continue
			}
			if i, found := slices.BinarySearchFunc(v.rows, r, row.compare); found {
				v.rows = slices.Delete(v.rows, i, i+1)
			}
		}
	}
	if updated != nil {
		t.insert(updated)
	}
}

func (t *table) insert(it item) {
	t.expires = min(t.expires, t.expiry(it))
	for _, v := range t.views {
		if r, ok := t.rowOf(v, it); ok {
			i, _ := slices.BinarySearchFunc(v.rows, r, row.compare)
			v.rows = slices.Insert(v.rows, i, r)
		}
	}
}

// visible returns what an index shows of an item.
func (t *table) visible(v *view, it item) item {
	if v.index == nil || v.index.Projection == "ALL" {
		return it
	}
	out := t.keyOf(v, it)
	for _, name := range v.index.NonKeyAttributes {
		if a, ok := it[name]; ok {
			out[name] = a
		}
	}
	return out
}

// keyOf returns the attributes of the table's and the view's key.
func (t *table) keyOf(v *view, it item) item {
	out := item{}
	for _, name := range append(t.keyNames(), v.hashKey, v.rangeKey) {
		if a, ok := it[name]; ok && name != "" {
			out[name] = a
		}
	}
	return out
}

// checkKey wants exactly the key's attributes.
func (t *table) checkKey(key item) error {
	if len(key) != len(t.keyNames()) {
		return validation("The provided key element does not match the schema")
	}
	for _, name := range t.keyNames() {
		a, ok := key[name]
		if !ok || a.kind != t.types[name] {
			return validation("The provided key element does not match the schema")
		}
		if err := checkKeyValue(name, a, name == t.HashKey); err != nil {
			return err
		}
	}
	return nil
}

func checkKeyValue(name string, a value, hash bool) error {
	limit, what := maxSortKeySize, "range"
	if hash {
		limit, what = maxHashKeySize, "hash"
	}
	switch {
	case a.text == "":
		kind := map[string]string{"S": "string", "B": "binary"}[a.kind]
		return validation("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", kind, name)
	case a.kind != "N" && len(a.text) > limit:
		return validation("One or more parameter values were invalid: Size of %skey has exceeded the maximum size limit of%d bytes", what, limit)
	}
	return nil
}

// checkItem validates an item that is to be stored.
func (t *table) checkItem(it item) error {
	for _, name := range t.keyNames() {
		a, ok := it[name]
		if !ok {
			return validation("One or more parameter values were invalid: Missing the key %s in the item", name)
		}
		if a.kind != t.types[name] {
			return validation("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", name, t.types[name], a.kind)
		}
		if err := checkKeyValue(name, a, name == t.HashKey); err != nil {
			return err
		}
	}
	for _, index := range slices.Sorted(maps.Keys(t.views)) {
		v := t.views[index]
		for _, name := range []string{v.hashKey, v.rangeKey} {
			a, ok := it[name]
			if !ok || index == "" {
				continue
			}
			if a.kind != t.types[name] {
				return validation("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", name, t.types[name], a.kind, index)
			}
			if a.text == "" {
				return validation("One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: %s, IndexKey: %s", index, name)
			}
		}
	}
	if it.size() > maxItem {
		return validation("Item size has exceeded the maximum allowed size")
	}
	return nil
}
