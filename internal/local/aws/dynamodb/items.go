package dynamodb

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// table is a table with its items.
type table struct {
	Table
	id      string
	created time.Time
	// streamLabel is when the stream was made; empty where there never was one.
	streamLabel string
	types       map[string]string // of the key attributes
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
	rows              []*row
}

func (v *view) contents() Contents {
	c := Contents{ItemCount: len(v.rows)}
	for _, r := range v.rows {
		c.SizeBytes += r.size
	}
	return c
}

// row is an item at its place. In an index, where several items may have the
// same key, the table's own key comes last.
type row struct {
	hash, sort, primary string
	item                item
	// size is that of what the view shows of the item.
	size int
}

func (r *row) compare(o *row) int {
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
	t = t.withDefaults()
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
// key, or has it with another type; from an index also where it has a key that
// is empty or too long, as an item has that is older than the index.
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
		if !ok || attribute.kind != t.types[k.name] || v.index != nil && checkKeyValue(k.name, attribute, k.name == v.hashKey) != nil {
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
		length := strconv.Itoa(len(p.hash))
		r.primary = "00000000"[len(length):] + length + p.hash + p.sort
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
	if i, found := v.find(r); found {
		return v.rows[i].item
	}
	return nil
}

// find returns the place of a row, or where it would be.
func (v *view) find(r row) (int, bool) {
	return slices.BinarySearchFunc(v.rows, &r, func(a, b *row) int { return a.compare(b) })
}

// replace takes an item out and puts another one in; either may be nil.
func (t *table) replace(old, updated item) {
	for _, v := range t.views {
		t.replaceIn(v, old, updated)
	}
	if updated != nil {
		t.expires = min(t.expires, t.expiry(updated))
	}
}

// replaceIn does it in one view: a row that stays at its place is not moved.
func (t *table) replaceIn(v *view, old, updated item) {
	var after row
	put := false
	if updated != nil {
		if after, put = t.rowOf(v, updated); put {
			after.size = t.visible(v, updated).size()
		}
	}
	if old != nil {
		if before, ok := t.rowOf(v, old); ok {
			i, found := v.find(before)
			switch {
			case found && put && before.compare(&after) == 0:
				v.rows[i] = &after
				return
			case found:
				v.rows = slices.Delete(v.rows, i, i+1)
			}
		}
	}
	if put {
		i, _ := v.find(after)
		v.rows = slices.Insert(v.rows, i, &after)
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
