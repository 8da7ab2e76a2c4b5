package dynamodb

import (
	"hash/fnv"
	"strconv"
)

// maxSegments is how many parts a Scan can be done in.
const maxSegments = 1_000_000

func (r scanRequest) check() error {
	var c constraints
	at := func(member string, value *int, least, most int) {
		switch {
		case value == nil:
		case *value < least:
			c.violated("'"+strconv.Itoa(*value)+"' at '"+member+"'", "Member must have value greater than or equal to "+strconv.Itoa(least))
		case *value > most:
			c.violated("'"+strconv.Itoa(*value)+"' at '"+member+"'", "Member must have value less than or equal to "+strconv.Itoa(most))
		}
	}
	at("totalSegments", r.TotalSegments, 1, maxSegments)
	at("segment", r.Segment, 0, maxSegments-1)
	at("limit", r.Limit, 1, 1<<31-1)
	if err := r.readRequest.check(c); err != nil {
		return err
	}
	switch {
	case r.specific():
		return validation(errSpecific)
	case r.Segment != nil && r.TotalSegments == nil:
		return validation("The TotalSegments parameter is required but was not present in the request when Segment parameter is present")
	case r.Segment == nil && r.TotalSegments != nil:
		return validation("The Segment parameter is required but was not present in the request when parameter TotalSegments is present")
	case r.Segment != nil && *r.Segment >= *r.TotalSegments:
		return validation("The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: %d is not less than TotalSegments: %d", *r.Segment, *r.TotalSegments)
	}
	return nil
}

func (s *Service) scan(r scanRequest) (any, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	e, err := r.expressions(r.ProjectionExpression, r.FilterExpression)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	rd, err := s.prepareRead(r.readRequest, e)
	if err != nil {
		return nil, err
	}
	if r.Segment != nil {
		rd.segment, rd.segments = *r.Segment, *r.TotalSegments
	}
	if r.ExclusiveStartKey != nil {
		if err := rd.startScan(r.ExclusiveStartKey); err != nil {
			return nil, err
		}
	}
	return rd.do(r.readRequest), nil
}

// inSegment is whether a row is in the segment that is scanned. Partitions are
// spread by their hash keys, so that those of one are in one segment.
func (rd *reading) inSegment(r row) bool {
	if rd.segments <= 1 {
		return true
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(r.hash))
	return int64(h.Sum32())%int64(rd.segments) == int64(rd.segment)
}
