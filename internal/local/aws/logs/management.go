package logs

import (
	"maps"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

const (
	// maxEvents and maxDescribed are the most that a page has, and the
	// defaults (CloudWatch Logs API).
	maxEvents    = 10_000
	maxDescribed = 50
)

// Handler returns the service behind the endpoint: DescribeLogGroups,
// DescribeLogStreams, FilterLogEvents and GetLogEvents.
func (s *Service) Handler() protocol.Service {
	return &protocol.JSON{
		Name: "logs", Target: "Logs_20140328", Version: "1.1",
		Operations: map[string]protocol.Operation{
			"DescribeLogGroups":  {Grants: s.groupsGrant, Run: s.describeGroups},
			"DescribeLogStreams": {Grants: s.grant("logs:DescribeLogStreams"), Run: s.describeStreams},
			"FilterLogEvents":    {Grants: s.grant("logs:FilterLogEvents"), Run: s.filterEvents},
			"GetLogEvents":       {Grants: s.grant("logs:GetLogEvents"), Run: s.getEvents},
		},
	}
}

// target is how a request names its group: by name, or by name or ARN.
type target struct {
	LogGroupName       string `json:"logGroupName"`
	LogGroupIdentifier string `json:"logGroupIdentifier"`
	// LogStreamName is GetLogEvents' only.
	LogStreamName string `json:"logStreamName"`
	NextToken     string `json:"nextToken"`
	Limit         *int   `json:"limit"`
}

// decode reads a request into r, which embeds t, and returns its group's name and
// how much a page of its answer has.
func (s *Service) decode(body []byte, r any, t *target, most int) (group string, limit int, err error) {
	if err = protocol.Decode(body, r); err == nil {
		group, err = s.group(*t)
	}
	if err == nil {
		limit, err = limitOf(t.Limit, most)
	}
	return group, limit, err
}

func (s *Service) group(t target) (string, error) {
	name := t.LogGroupName
	if t.LogGroupIdentifier != "" {
		if name != "" {
			return "", invalid("LogGroupName and LogGroupIdentifier cannot both be specified in the request.")
		}
		name = strings.TrimPrefix(t.LogGroupIdentifier, s.acct.ARN("logs", "log-group:"))
	}
	if err := ValidateGroup(Group{Name: name}); err != nil {
		return "", err
	}
	return name, nil
}

// grant is for the operations on one group. Their resource is a log stream
// (service authorization reference, Amazon CloudWatch Logs); where the
// request names none, AWS's refusals show an empty one.
func (s *Service) grant(action string) func([]byte) ([]iam.Grant, error) {
	return func(body []byte) ([]iam.Grant, error) {
		var t target
		if err := protocol.Decode(body, &t); err != nil {
			return nil, err
		}
		name, err := s.group(t)
		if err != nil {
			return nil, err
		}
		if action != "logs:GetLogEvents" {
			t.LogStreamName = ""
		}
		return []iam.Grant{{Action: action, Resource: s.acct.ARN("logs", "log-group:"+name+":log-stream:"+t.LogStreamName)}}, nil
	}
}

func (s *Service) groupsGrant(body []byte) ([]iam.Grant, error) {
	var r groupsRequest
	if err := protocol.Decode(body, &r); err != nil {
		return nil, err
	}
	if r.Prefix != "" {
		if err := ValidateGroup(Group{Name: r.Prefix}); err != nil {
			return nil, err
		}
	}
	return []iam.Grant{{Action: "logs:DescribeLogGroups", Resource: s.acct.ARN("logs", "log-group:"+r.Prefix+":log-stream:")}}, nil
}

type groupsRequest struct {
	Prefix         string   `json:"logGroupNamePrefix"`
	Pattern        string   `json:"logGroupNamePattern"`
	Class          string   `json:"logGroupClass"`
	Accounts       []string `json:"accountIdentifiers"`
	LinkedAccounts bool     `json:"includeLinkedAccounts"`
	Identifiers    []string `json:"logGroupIdentifiers"`
	NextToken      string   `json:"nextToken"`
	Limit          *int     `json:"limit"`
}

func (s *Service) describeGroups(body []byte) (any, error) {
	var r groupsRequest
	if err := protocol.Decode(body, &r); err != nil {
		return nil, err
	}
	limit, err := limitOf(r.Limit, maxDescribed)
	switch {
	case err != nil:
		return nil, err
	case r.Prefix != "" && r.Pattern != "":
		return nil, invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	case len(r.Accounts) > 0 || r.LinkedAccounts || len(r.Identifiers) > 0:
		return nil, unsupported("accountIdentifiers, includeLinkedAccounts and logGroupIdentifiers", "use logGroupNamePrefix")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.groups)) {
		matches := strings.HasPrefix(name, r.Prefix) && strings.Contains(strings.ToLower(name), strings.ToLower(r.Pattern))
		if matches && (r.Class == "" || r.Class == "STANDARD") {
			found = append(found, s.describe(s.groups[name]))
		}
	}
	page, next, err := protocol.Page(found, r.NextToken, limit, "InvalidParameterException")
	return withToken(map[string]any{"logGroups": page}, next), err
}

func (s *Service) describe(g *openGroup) map[string]any {
	arn := s.acct.ARN("logs", "log-group:"+g.Name)
	d := map[string]any{
		"logGroupName": g.Name, "arn": arn + ":*", "logGroupArn": arn, "creationTime": g.created.UnixMilli(),
		"metricFilterCount": 0, "storedBytes": g.size, "logGroupClass": "STANDARD",
	}
	if g.RetentionDays != 0 {
		d["retentionInDays"] = g.RetentionDays
	}
	return d
}

func (s *Service) describeStreams(body []byte) (any, error) {
	var r struct {
		target
		Prefix     string `json:"logStreamNamePrefix"`
		OrderBy    string `json:"orderBy"`
		Descending bool   `json:"descending"`
	}
	name, limit, err := s.decode(body, &r, &r.target, maxDescribed)
	switch {
	case err != nil:
		return nil, err
	case r.OrderBy != "" && r.OrderBy != "LogStreamName" && r.OrderBy != "LastEventTime":
		return nil, invalid("1 validation error detected: Value '%s' at 'orderBy' failed to satisfy constraint: Member must satisfy enum value set: [LogStreamName, LastEventTime]", r.OrderBy)
	case r.OrderBy == "LastEventTime" && r.Prefix != "":
		return nil, invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.groups[name]
	if !ok {
		return nil, groupNotFound()
	}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(g.streams)), func(n string) bool { return !strings.HasPrefix(n, r.Prefix) })
	if r.OrderBy == "LastEventTime" {
		slices.SortStableFunc(names, func(a, b string) int { return g.streams[a].last.Compare(g.streams[b].last) })
	}
	if r.Descending {
		slices.Reverse(names)
	}
	page, next, err := protocol.Page(names, r.NextToken, limit, "InvalidParameterException")
	found := []map[string]any{}
	for _, n := range page {
		st := g.streams[n]
		found = append(found, map[string]any{
			"logStreamName": n, "arn": s.acct.ARN("logs", "log-group:"+name+":log-stream:"+n), "storedBytes": 0,
			"creationTime": st.first.UnixMilli(), "firstEventTimestamp": st.first.UnixMilli(),
			"lastEventTimestamp": st.last.UnixMilli(), "lastIngestionTime": st.last.UnixMilli(),
		})
	}
	return withToken(map[string]any{"logStreams": found}, next), err
}

func withToken(answer map[string]any, token string) map[string]any {
	if token != "" {
		answer["nextToken"] = token
	}
	return answer
}

func limitOf(asked *int, most int) (int, error) {
	if asked == nil {
		return most, nil
	}
	if *asked < 1 || *asked > most {
		return 0, invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and %d", *asked, most)
	}
	return *asked, nil
}

// groupNotFound is in AWS's own words, which do not name the group.
func groupNotFound() error {
	return awserr.New(awserr.ResourceNotFound, "The specified log group does not exist.")
}

func invalidPattern(why string) error {
	return invalid("Invalid filter pattern: %s", why)
}

func unsupported(what, cure string) error {
	return awserr.New("InvalidParameterException", "the local AWS does not support %s", what).WithCure("%s", cure)
}
