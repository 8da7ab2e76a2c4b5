package dynamodb

import (
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// table finds a table by its name or ARN; the caller holds the lock.
func (s *Service) table(name string) (*table, error) {
	t, ok := s.tables[s.tableName(name)]
	if !ok {
		return nil, awserr.New("ResourceNotFoundException", "Requested resource not found")
	}
	return t, nil
}

// getRequest is a GetItem, alone or as part of a batch or a transaction. What is
// read is always what was written last; ConsistentRead counts for the capacity.
type getRequest struct {
	TableName                string
	Key                      item
	ProjectionExpression     *string
	ExpressionAttributeNames map[string]string
	ConsistentRead           bool
	ReturnConsumedCapacity   string
}

// got is what a read has found.
type got struct {
	table string
	item  item // nil if there is none
	size  int  // of the whole item
}

// get reads one item. The caller holds the lock.
func (s *Service) get(r getRequest) (got, error) {
	e, err := placeholders{ExpressionAttributeNames: r.ExpressionAttributeNames}.expressions(r.ProjectionExpression)
	if err != nil {
		return got{}, err
	}
	paths, err := e.optionalProjection(r.ProjectionExpression)
	if err != nil {
		return got{}, err
	}
	if err := e.done(); err != nil {
		return got{}, err
	}
	if r.Key == nil {
		return got{}, missing("key")
	}
	t, err := s.table(r.TableName)
	if err != nil {
		return got{}, err
	}
	if err := t.checkKey(r.Key); err != nil {
		return got{}, err
	}
	if err := t.checkPaths(e.paths); err != nil {
		return got{}, err
	}
	out := got{table: t.Name, item: t.get(r.Key)}
	out.size = out.item.size()
	if out.item != nil && paths != nil {
		out.item = project(out.item, paths)
	}
	return out, nil
}

func (e *expressions) optionalProjection(text *string) ([]path, error) {
	if text == nil {
		return nil, nil
	}
	return e.projection(*text)
}

// answer leaves out what is not there.
func answer(member string, it item) map[string]any {
	if it == nil {
		return map[string]any{}
	}
	return map[string]any{member: it}
}

func (s *Service) getItem(r getRequest) (any, error) {
	var c constraints
	c.capacity(r.ReturnConsumedCapacity)
	if err := c.err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	got, err := s.get(r)
	if err != nil {
		return nil, err
	}
	out := answer("Item", got.item)
	if wanted(r.ReturnConsumedCapacity) {
		out["ConsumedCapacity"] = consumed{table: readUnits(got.size, r.ConsistentRead)}.wire(got.table, r.ReturnConsumedCapacity, notSplit)
	}
	return out, nil
}

// readRequest is what a Query and a Scan have in common.
type readRequest struct {
	TableName              string
	IndexName              *string
	FilterExpression       *string
	ProjectionExpression   *string
	ExclusiveStartKey      item
	Limit                  *int
	ConsistentRead         bool
	Select                 string
	ReturnConsumedCapacity string
	placeholders
}

type queryRequest struct {
	readRequest
	KeyConditionExpression *string
	ScanIndexForward       *bool
}

type scanRequest struct {
	readRequest
	Segment, TotalSegments *int
}

// reading is a Query or Scan that is about to be done.
type reading struct {
	t       *table
	v       *view
	e       *expressions
	bounds  bounds
	filter  *node
	paths   []path
	start   *row
	forward bool
	// segment of so many; all of them are 0.
	segment, segments int
}

// prepareRead validates what Query and Scan have in common. Its expressions are
// read, but that of the key.
func (s *Service) prepareRead(r readRequest, e *expressions) (*reading, error) {
	t, err := s.table(r.TableName)
	if err != nil {
		return nil, err
	}
	rd := &reading{t: t, e: e, forward: true}
	index := ""
	if r.IndexName != nil {
		index = *r.IndexName
	}
	v, ok := t.views[index]
	if !ok || r.IndexName != nil && index == "" {
		return nil, validation("The table does not have the specified index: %s", index)
	}
	rd.v = v
	if v.index != nil && r.ConsistentRead {
		return nil, validation("Consistent reads are not supported on global secondary indexes")
	}
	if r.Select == "ALL_ATTRIBUTES" && v.index != nil && v.index.Projection != "ALL" {
		return nil, validation("One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index %s because its projection type is not ALL", index)
	}
	if r.FilterExpression != nil {
		if rd.filter, err = e.condition("FilterExpression", *r.FilterExpression); err != nil {
			return nil, err
		}
	}
	filtered := e.paths
	if rd.paths, err = e.optionalProjection(r.ProjectionExpression); err != nil {
		return nil, err
	}
	if err := e.done(); err != nil {
		return nil, err
	}
	if err := t.checkPaths(e.paths); err != nil {
		return nil, err
	}
	return rd, t.checkProjected(v, append(slices.Clone(filtered), rd.paths...))
}

// checkProjected refuses paths to what an index does not have.
func (t *table) checkProjected(v *view, paths []path) error {
	if v.index == nil || v.index.Projection == "ALL" {
		return nil
	}
	has := slices.Concat(t.keyNames(), []string{v.hashKey, v.rangeKey}, v.index.NonKeyAttributes)
	var lacks []string
	for _, p := range paths {
		if name := p[0].name; !slices.Contains(has, name) && !slices.Contains(lacks, name) {
			lacks = append(lacks, name)
		}
	}
	if len(lacks) > 0 {
		return validation("One or more parameter values were invalid: Global secondary index %s does not project [%s]", v.index.Name, strings.Join(lacks, ", "))
	}
	return nil
}

// check validates what needs no table.
func (r readRequest) check(c constraints) error {
	c.capacity(r.ReturnConsumedCapacity)
	c.enum("select", r.Select, "SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES")
	if err := c.err(); err != nil {
		return err
	}
	switch {
	case r.ProjectionExpression != nil && r.Select == "COUNT":
		return validation("Cannot specify the ProjectionExpression when choosing to get only the Count")
	case r.ProjectionExpression != nil && r.Select != "" && r.Select != "SPECIFIC_ATTRIBUTES":
		return validation("Cannot specify the ProjectionExpression when choosing to get %s", r.Select)
	case r.Select == "ALL_PROJECTED_ATTRIBUTES" && r.IndexName == nil:
		return validation("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
	}
	return nil
}

// specific wants a projection where one was chosen.
func (r readRequest) specific() bool {
	return r.Select == "SPECIFIC_ATTRIBUTES" && r.ProjectionExpression == nil
}

const errSpecific = "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"

func (s *Service) query(r queryRequest) (any, error) {
	var c constraints
	if r.Limit != nil && *r.Limit < 1 {
		c.violated("at 'Limit'", "Member must have value greater than or equal to 1")
	}
	if r.specific() {
		c = append(c, errSpecific)
	}
	if err := r.check(c); err != nil {
		return nil, err
	}
	if r.KeyConditionExpression == nil {
		return nil, validation("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	e, err := r.expressions(r.ProjectionExpression, r.KeyConditionExpression, r.FilterExpression)
	if err != nil {
		return nil, err
	}
	key, err := e.condition("KeyConditionExpression", *r.KeyConditionExpression)
	if err != nil {
		return nil, err
	}
	conditions, err := keyConditions(key)
	if err != nil {
		return nil, err
	}
	e.paths = nil // those of the key are checked
	s.mu.RLock()
	defer s.mu.RUnlock()
	rd, err := s.prepareRead(r.readRequest, e)
	if err != nil {
		return nil, err
	}
	if rd.bounds, err = rd.t.bounds(rd.v, conditions); err != nil {
		return nil, err
	}
	for _, name := range []string{rd.v.hashKey, rd.v.rangeKey} {
		if rd.filter.reads(name) {
			return nil, validation("Filter Expression can only contain non-primary key attributes: Primary key attribute: %s", name)
		}
	}
	if r.ExclusiveStartKey != nil {
		if err := rd.startQuery(r.ExclusiveStartKey); err != nil {
			return nil, err
		}
	}
	rd.forward = r.ScanIndexForward == nil || *r.ScanIndexForward
	return rd.do(r.readRequest), nil
}

// reads is whether a condition reads a top-level attribute.
func (n *node) reads(name string) bool {
	if n == nil || name == "" {
		return false
	}
	return slices.ContainsFunc(n.kids, func(k *node) bool { return k.reads(name) }) ||
		slices.ContainsFunc(n.args, func(o operand) bool { return o.path != nil && o.path[0].name == name })
}
