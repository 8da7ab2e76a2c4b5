package dynamodb

import (
	"slices"
	"sort"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// placeholders are the members of a request for its expressions.
type placeholders struct {
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues map[string]value
}

func (p placeholders) expressions() *expressions {
	return newExpressions(p.ExpressionAttributeNames, p.ExpressionAttributeValues)
}

// table finds a table by its name or ARN; the caller holds the lock.
func (s *Service) table(name string) (*table, error) {
	t, ok := s.tables[s.tableName(name)]
	if !ok {
		return nil, awserr.New("ResourceNotFoundException", "Requested resource not found")
	}
	return t, nil
}

// getRequest is a GetItem, alone or as part of a transaction. ConsistentRead is
// granted to all.
type getRequest struct {
	TableName                string
	Key                      item
	ProjectionExpression     string
	ExpressionAttributeNames map[string]string
	ConsistentRead           bool
}

// get reads one item; nil if there is none. The caller holds the lock.
func (s *Service) get(r getRequest) (item, error) {
	e := newExpressions(r.ExpressionAttributeNames, nil)
	paths, err := e.optionalProjection(r.ProjectionExpression)
	if err != nil {
		return nil, err
	}
	if err := e.done(); err != nil {
		return nil, err
	}
	t, err := s.table(r.TableName)
	if err != nil {
		return nil, err
	}
	if err := t.checkKey(r.Key); err != nil {
		return nil, err
	}
	it := t.get(r.Key)
	if it != nil && paths != nil {
		it = project(it, paths)
	}
	return it, nil
}

func (e *expressions) optionalProjection(text string) ([]path, error) {
	if text == "" {
		return nil, nil
	}
	return e.projection(text)
}

// answer leaves out what is not there.
func answer(member string, it item) map[string]any {
	if it == nil {
		return map[string]any{}
	}
	return map[string]any{member: it}
}

func (s *Service) getItem(r getRequest) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	it, err := s.get(r)
	return answer("Item", it), err
}

// readRequest is a Query or a Scan.
type readRequest struct {
	TableName, IndexName                                           string
	KeyConditionExpression, FilterExpression, ProjectionExpression string
	ExclusiveStartKey                                              item
	Limit                                                          *int
	ScanIndexForward                                               *bool
	ConsistentRead                                                 bool
	Select                                                         string
	placeholders
}

// maxPage is how much a Query or Scan reads at once, in bytes.
const maxPage = 1 << 20

// reading is a Query or Scan that is about to be done.
type reading struct {
	t       *table
	v       *view
	bounds  bounds
	filter  *node
	paths   []path
	start   *row
	forward bool
}

func (s *Service) read(query bool) func(readRequest) (any, error) {
	return func(r readRequest) (any, error) {
		s.mu.RLock()
		defer s.mu.RUnlock()
		rd, err := s.prepareRead(r, query)
		if err != nil {
			return nil, err
		}
		return rd.do(r), nil
	}
}

func (s *Service) prepareRead(r readRequest, query bool) (*reading, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	t, err := s.table(r.TableName)
	if err != nil {
		return nil, err
	}
	v, ok := t.views[r.IndexName]
	if !ok {
		return nil, validation("The table does not have the specified index: %s", r.IndexName)
	}
	if v.index != nil && r.ConsistentRead {
		return nil, validation("Consistent reads are not supported on global secondary indexes")
	}
	if r.Select == "ALL_ATTRIBUTES" && v.index != nil && v.index.Projection != "ALL" {
		return nil, validation("One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index %s because its projection type is not ALL", r.IndexName)
	}
	rd := &reading{t: t, v: v, forward: r.ScanIndexForward == nil || *r.ScanIndexForward}
	e := r.expressions()
	if query {
		if r.KeyConditionExpression == "" {
			return nil, validation("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
		}
		key, err := e.condition("KeyConditionExpression", r.KeyConditionExpression)
		if err != nil {
			return nil, err
		}
		if rd.bounds, err = t.bounds(v, key); err != nil {
			return nil, err
		}
	}
	if r.FilterExpression != "" {
		if rd.filter, err = e.condition("FilterExpression", r.FilterExpression); err != nil {
			return nil, err
		}
		for _, name := range rd.filter.attributes() {
			if query && (name == v.hashKey || name == v.rangeKey) {
				return nil, validation("Filter Expression can only contain non-primary key attributes: Primary key attribute: %s", name)
			}
		}
	}
	if rd.paths, err = e.optionalProjection(r.ProjectionExpression); err != nil {
		return nil, err
	}
	if err := e.done(); err != nil {
		return nil, err
	}
	if r.ExclusiveStartKey != nil {
		start, ok := t.rowOf(v, r.ExclusiveStartKey)
		if !ok || len(t.keyOf(v, r.ExclusiveStartKey)) != len(r.ExclusiveStartKey) || (query && start.hash != rd.bounds.hash) {
			return nil, validation("The provided starting key is invalid")
		}
		rd.start = &start
	}
	return rd, nil
}

// check validates what needs no table.
func (r readRequest) check() error {
	switch {
	case r.Limit != nil && *r.Limit < 1:
		return validation("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1", *r.Limit)
	case !slices.Contains([]string{"", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "COUNT"}, r.Select):
		return validation("1 validation error detected: Value '%s' at 'select' failed to satisfy constraint: Member must satisfy enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]", r.Select)
	case r.ProjectionExpression != "" && r.Select != "" && r.Select != "SPECIFIC_ATTRIBUTES":
		return validation("Cannot specify the ProjectionExpression when choosing to get %s", r.Select)
	case r.Select == "SPECIFIC_ATTRIBUTES" && r.ProjectionExpression == "":
		return validation("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
	case r.Select == "ALL_PROJECTED_ATTRIBUTES" && r.IndexName == "":
		return validation("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
	}
	return nil
}

// do reads a page: of the rows within the bounds, at most Limit and 1 MB,
// before the filter, as DynamoDB counts.
func (rd *reading) do(r readRequest) any {
	items := []item{}
	count, scanned, bytes := 0, 0, 0
	var last item
	for at := range rd.rows() {
		if last != nil && (r.Limit != nil && scanned == *r.Limit || bytes > maxPage) {
			break
		}
		scanned++
		bytes += at.item.size()
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
	if last != nil && (r.Limit != nil && scanned == *r.Limit || bytes > maxPage) {
		out["LastEvaluatedKey"] = rd.t.keyOf(rd.v, last)
	}
	return out
}

// rows goes through what is within the bounds, after the start, in the order
// asked for.
func (rd *reading) rows() func(yield func(row) bool) {
	rows := rd.v.rows
	if rd.bounds.set {
		from := sort.Search(len(rows), func(i int) bool { return rows[i].hash >= rd.bounds.hash })
		to := from + sort.Search(len(rows)-from, func(i int) bool { return rows[from+i].hash > rd.bounds.hash })
		rows = rows[from:to]
	}
	if rd.start != nil {
		i, found := slices.BinarySearchFunc(rows, *rd.start, row.compare)
		switch {
		case !rd.forward:
			rows = rows[:i]
		case found:
			rows = rows[i+1:]
		default:
			rows = rows[i:]
		}
	}
	return func(yield func(row) bool) {
		for i := range rows {
			at := rows[i]
			if !rd.forward {
				at = rows[len(rows)-1-i]
			}
			if rd.bounds.sort.holds(at.item) && !yield(at) {
				return
			}
		}
	}
}
