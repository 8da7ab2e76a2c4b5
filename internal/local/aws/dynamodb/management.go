package dynamodb

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

// Handler returns the service behind the endpoint.
func (s *Service) Handler() protocol.Service {
	// one is for a table and its settings, items also for what is in it.
	one := func(action string) func([]byte) ([]iam.Grant, error) {
		return func(body []byte) ([]iam.Grant, error) { return s.tableGrant("dynamodb:"+action, body) }
	}
	items := func(action string) func([]byte) ([]iam.Grant, error) {
		return func(body []byte) ([]iam.Grant, error) {
			grants, err := s.tableGrant("dynamodb:"+action, body)
			if err != nil {
				return grants, err
			}
			table, _, _ := strings.Cut(strings.TrimPrefix(grants[0].Resource, s.ARN("")), "/")
			return append(grants, s.keyGrants(table)...), nil
		}
	}
	operations := map[string]protocol.Operation{
		"BatchGetItem":       {Grants: s.batchGrants("dynamodb:BatchGetItem"), Run: operation(s.batchGetItem)},
		"BatchWriteItem":     {Grants: s.batchGrants("dynamodb:BatchWriteItem"), Run: operation(s.batchWriteItem)},
		"CreateTable":        {Grants: one("CreateTable"), Run: operation(s.createTable)},
		"DeleteItem":         {Grants: items("DeleteItem"), Run: operation(s.write("DeleteItem"))},
		"DescribeTable":      {Grants: one("DescribeTable"), Run: operation(s.describeTable)},
		"DescribeTimeToLive": {Grants: one("DescribeTimeToLive"), Run: operation(s.describeTimeToLive)},
		"ListTables":         {Grants: listGrants, Run: operation(s.listTables)},
		"GetItem":            {Grants: items("GetItem"), Run: operation(s.getItem)},
		"PutItem":            {Grants: items("PutItem"), Run: operation(s.write("PutItem"))},
		"Query":              {Grants: items("Query"), Run: operation(s.query)},
		"Scan":               {Grants: items("Scan"), Run: operation(s.scan)},
		"TransactGetItems":   {Grants: s.transactGetGrants, Run: operation(s.transactGetItems)},
		"TransactWriteItems": {Grants: s.transactWriteGrants, Run: s.transactWriteItems},
		"UpdateItem":         {Grants: items("UpdateItem"), Run: operation(s.write("UpdateItem"))},
		"UpdateTimeToLive":   {Grants: one("UpdateTimeToLive"), Run: operation(s.updateTimeToLive)},
	}
	for name, op := range operations {
		run := op.Run
		op.Run = func(body []byte) (any, error) {
			s.expire()
			return run(body)
		}
		operations[name] = op
	}
	return &protocol.JSON{
		Name: "dynamodb", Target: "DynamoDB_20120810", Version: "1.0",
		Namespace: "com.amazonaws.dynamodb.v20120810#", CRC32: true,
		Operations: operations,
	}
}

// operation has a request read for run.
func operation[R any](run func(R) (any, error)) func(body []byte) (any, error) {
	return func(body []byte) (any, error) {
		var r R
		if err := decode(body, &r); err != nil {
			return nil, err
		}
		return run(r)
	}
}

// legacy are the parameters of before expressions.
var legacy = []string{"AttributesToGet", "AttributeUpdates", "ConditionalOperator", "Expected", "KeyConditions", "QueryFilter", "ScanFilter"}

// decode reads a request. A parameter that r does not have is refused: to leave it
// out would change what the request means.
func decode(body []byte, r any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(r)
	if err == nil && !d.More() {
		return nil
	}
	if err != nil {
		if quoted, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			name := strings.Trim(quoted, `"`)
			if slices.Contains(legacy, name) {
				return unsupported("the legacy parameter "+name, "write an expression instead of the legacy parameter "+name)
			}
			return unsupportedParameter(name)
		}
	}
	return protocol.Decode(body, r) // which words the error
}

func unsupportedParameter(name string) error {
	return unsupported("the parameter "+name, "leave out "+name)
}

// tableName takes a table's ARN for its name, as the API does.
func (s *Service) tableName(nameOrARN string) string {
	return strings.TrimPrefix(nameOrARN, s.ARN(""))
}

// resource returns the ARN of a table or of an index of one, and keeps what
// is no name out of ARNs.
func (s *Service) resource(table, index *string) (string, error) {
	if table == nil {
		return "", missing("tableName")
	}
	var c constraints
	name := s.tableName(*table)
	if name == "" {
		c.length("TableName", 0, 1, maxKeyName)
	} else {
		c.name("tableName", name, 1)
	}
	if index != nil {
		c.name("indexName", *index, shortestName)
	}
	if err := c.err(); err != nil {
		return "", err
	}
	if index != nil {
		return s.ARN(name) + "/index/" + *index, nil
	}
	return s.ARN(name), nil
}

// tableGrant is for the operations of one table. The index counts for Query
// and Scan, the only ones that have one.
func (s *Service) tableGrant(action string, body []byte) ([]iam.Grant, error) {
	var r struct{ TableName, IndexName *string }
	if err := protocol.Decode(body, &r); err != nil {
		return nil, err
	}
	if action != "dynamodb:Query" && action != "dynamodb:Scan" {
		r.IndexName = nil
	}
	resource, err := s.resource(r.TableName, r.IndexName)
	return []iam.Grant{{Action: action, Resource: resource}}, err
}

func (s *Service) batchGrants(action string) func([]byte) ([]iam.Grant, error) {
	return func(body []byte) ([]iam.Grant, error) {
		var r struct{ RequestItems map[string]any }
		if err := protocol.Decode(body, &r); err != nil {
			return nil, err
		}
		var grants, keys []iam.Grant
		for _, name := range slices.Sorted(maps.Keys(r.RequestItems)) {
			resource, err := s.resource(&name, nil)
			if err != nil {
				return nil, err
			}
			grants = append(grants, iam.Grant{Action: action, Resource: resource})
			keys = append(keys, s.keyGrants(s.tableName(name))...)
		}
		return append(grants, keys...), nil
	}
}

func (s *Service) transactGetGrants(body []byte) ([]iam.Grant, error) {
	var r transactGetRequest
	if err := protocol.Decode(body, &r); err != nil {
		return nil, err
	}
	var grants, keys []iam.Grant
	for _, part := range r.TransactItems {
		if part.Get == nil {
			continue // refused when the request is done
		}
		resource, err := s.resource(&part.Get.TableName, nil)
		if err != nil {
			return nil, err
		}
		grants = append(grants, iam.Grant{Action: "dynamodb:GetItem", Resource: resource})
		keys = append(keys, s.keyGrants(s.tableName(part.Get.TableName))...)
	}
	return append(grants, keys...), nil
}

// transactWriteGrants: a transaction needs the permission for each of its
// actions, and none of its own (developer guide, "Using IAM with DynamoDB
// transactions").
func (s *Service) transactWriteGrants(body []byte) ([]iam.Grant, error) {
	var r transactWriteRequest
	if err := protocol.Decode(body, &r); err != nil {
		return nil, err
	}
	var grants, keys []iam.Grant
	for _, part := range r.TransactItems {
		op, one := part.operation()
		if op == "" {
			continue // refused when the request is done
		}
		resource, err := s.resource(&one.TableName, nil)
		if err != nil {
			return nil, err
		}
		grants = append(grants, iam.Grant{Action: "dynamodb:" + op, Resource: resource})
		keys = append(keys, s.keyGrants(s.tableName(one.TableName))...)
	}
	return append(grants, keys...), nil
}
