package dynamodb

import (
	"maps"
	"slices"
)

// A capacity unit is a strongly consistent read of 4 KB or a write of 1 KB
// (developer guide, "DynamoDB read and write operations").
const (
	readUnit  = 4 << 10
	writeUnit = 1 << 10
)

// consumed is what a request took of the capacity of a table, and of its indexes.
type consumed struct {
	table   float64
	indexes map[string]float64
}

func (c *consumed) add(o consumed) {
	c.table += o.table
	for name, units := range o.indexes {
		c.index(name, units)
	}
}

// index adds units of an index, which is left out where it took none.
func (c *consumed) index(name string, units float64) {
	if units == 0 {
		return
	}
	if c.indexes == nil {
		c.indexes = map[string]float64{}
	}
	c.indexes[name] += units
}

func (c consumed) total() float64 {
	sum := c.table
	for _, units := range c.indexes {
		sum += units
	}
	return sum
}

func units(bytes, unit int) float64 { return float64(max(1, (bytes+unit-1)/unit)) }

// readUnits are those of one read, half of them unless it is consistent.
func readUnits(bytes int, consistent bool) float64 {
	if consistent {
		return units(bytes, readUnit)
	}
	return units(bytes, readUnit) / 2
}

// writeUnits are those of a change from old to updated, either of which may be
// nil, by the larger one. An index takes none where what it shows stays, and is
// written twice where its key changes.
func (t *table) writeUnits(old, updated item) consumed {
	c := consumed{table: units(max(old.size(), updated.size()), writeUnit)}
	for name, v := range t.views {
		if v.index == nil {
			continue
		}
		before, was := t.shown(v, old)
		after, is := t.shown(v, updated)
		switch {
		case was && is && before.item.equal(after.item):
		case was && is && before.compare(&after) == 0:
			c.index(name, units(max(before.size, after.size), writeUnit))
		default:
			if was {
				c.index(name, units(before.size, writeUnit))
			}
			if is {
				c.index(name, units(after.size, writeUnit))
			}
		}
	}
	return c
}

// shown is what a view has of an item, at its place.
func (t *table) shown(v *view, it item) (row, bool) {
	r, ok := t.rowOf(v, it)
	if it == nil || !ok {
		return row{}, false
	}
	r.item = t.visible(v, it)
	r.size = r.item.size()
	return r, true
}

func (it item) equal(o item) bool { return maps.EqualFunc(it, o, value.equal) }

type wireUnits struct {
	CapacityUnits      float64
	ReadCapacityUnits  float64 `json:",omitempty"`
	WriteCapacityUnits float64 `json:",omitempty"`
}

type wireConsumed struct {
	TableName string
	wireUnits
	Table                  *wireUnits           `json:",omitempty"`
	GlobalSecondaryIndexes map[string]wireUnits `json:",omitempty"`
}

// How a transaction's units are reported once more, by what they are of.
const (
	notSplit = iota
	asRead
	asWrite
)

func split(units float64, as int) wireUnits {
	w := wireUnits{CapacityUnits: units}
	switch as {
	case asRead:
		w.ReadCapacityUnits = units
	case asWrite:
		w.WriteCapacityUnits = units
	}
	return w
}

// wire is the answer's ConsumedCapacity; which is TOTAL or INDEXES.
func (c consumed) wire(table, which string, as int) wireConsumed {
	w := wireConsumed{TableName: table, wireUnits: split(c.total(), as)}
	if which != "INDEXES" {
		return w
	}
	own := split(c.table, as)
	w.Table = &own
	for name, units := range c.indexes {
		if w.GlobalSecondaryIndexes == nil {
			w.GlobalSecondaryIndexes = map[string]wireUnits{}
		}
		w.GlobalSecondaryIndexes[name] = split(units, as)
	}
	return w
}

// wanted is whether a request asks for its consumed capacity.
func wanted(which string) bool { return which == "TOTAL" || which == "INDEXES" }

// tally is what a request took of several tables.
type tally map[string]*consumed

func (t tally) add(table string, c consumed) {
	if t[table] == nil {
		t[table] = &consumed{}
	}
	t[table].add(c)
}

// wire lists the tables by their names.
func (t tally) wire(which string, as int) []wireConsumed {
	out := []wireConsumed{}
	for _, name := range slices.Sorted(maps.Keys(t)) {
		out = append(out, t[name].wire(name, which, as))
	}
	return out
}
