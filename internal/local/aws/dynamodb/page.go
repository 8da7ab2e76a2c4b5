package dynamodb

import (
	"slices"
	"sort"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// maxPage is how much a Query or Scan reads at once, in bytes.
const maxPage = 1 << 20

const badStart = "The provided starting key is invalid"

// startRow finds the place of an ExclusiveStartKey.
func (rd *reading) startRow(key item) (*row, error) {
	start, ok := rd.t.rowOf(rd.v, key)
	if !ok || len(rd.t.keyOf(rd.v, key)) != len(key) {
		return nil, errKeySchema
	}
	own := item{}
	for _, name := range rd.t.keyNames() {
		own[name] = key[name]
	}
	return &start, rd.t.checkKey(own)
}

func (rd *reading) startQuery(key item) error {
	start, err := rd.startRow(key)
	switch {
	case err != nil:
		return validation(badStart)
	case rd.bounds.sort == nil && start.hash != rd.bounds.hash:
		return validation("The provided starting key is outside query boundaries based on provided conditions")
	case !rd.bounds.sort.holds(key):
		return validation("The provided starting key does not match the range key predicate")
	case start.hash != rd.bounds.hash:
		return validation("The query can return at most one row and cannot be restarted")
	}
	rd.start = start
	return nil
}

func (rd *reading) startScan(key item) error {
	start, err := rd.startRow(key)
	switch {
	case err != nil:
		return validation("%s: %s", badStart, awserr.Message(err))
	case !rd.inSegment(*start):
		return validation("%s: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: %d Segment: %d", badStart, rd.segments, rd.segment)
	}
	rd.start = start
	return nil
}

// do reads a page: of the rows within the bounds, at most Limit and 1 MB,
// before the filter, as DynamoDB counts.
func (rd *reading) do(r readRequest) any {
	items := []item{}
	count, scanned, bytes, more := 0, 0, 0, false
	var last item
	for at := range rd.rows() {
		if more = r.Limit != nil && scanned == *r.Limit || scanned > 0 && bytes+at.size > maxPage; more {
			break
		}
		scanned++
		bytes += at.size
		last = at.item
		shown := rd.t.visible(rd.v, at.item)
		if !rd.filter.holds(shown) {
			continue
		}
		count++
		if rd.paths != nil {
			shown = project(shown, rd.paths)
		}
		items = append(items, shown)
	}
	out := map[string]any{"Count": count, "ScannedCount": scanned}
	if r.Select != "COUNT" {
		out["Items"] = items
	}
	if more || r.Limit != nil && scanned == *r.Limit {
		out["LastEvaluatedKey"] = rd.t.keyOf(rd.v, last)
	}
	if wanted(r.ReturnConsumedCapacity) {
		c := consumed{table: readUnits(bytes, r.ConsistentRead)}
		if rd.v.index != nil {
			c = consumed{indexes: map[string]float64{rd.v.index.Name: c.table}}
		}
		out["ConsumedCapacity"] = c.wire(rd.t.Name, r.ReturnConsumedCapacity, notSplit)
	}
	return out
}

// rows goes through what is within the bounds and the segment, after the start,
// in the order asked for.
func (rd *reading) rows() func(yield func(*row) bool) {
	rows := rd.v.rows
	if rd.bounds.set {
		from := sort.Search(len(rows), func(i int) bool { return rows[i].hash >= rd.bounds.hash })
		to := from + sort.Search(len(rows)-from, func(i int) bool { return rows[from+i].hash > rd.bounds.hash })
		rows = rows[from:to]
	}
	if rd.start != nil {
		i, found := slices.BinarySearchFunc(rows, rd.start, (*row).compare)
		switch {
		case !rd.forward:
			rows = rows[:i]
		case found:
			rows = rows[i+1:]
		default:
			rows = rows[i:]
		}
	}
	return func(yield func(*row) bool) {
		for i := range rows {
			at := rows[i]
			if !rd.forward {
				at = rows[len(rows)-1-i]
			}
			if rd.inSegment(*at) && rd.bounds.sort.holds(at.item) && !yield(at) {
				return
			}
		}
	}
}
