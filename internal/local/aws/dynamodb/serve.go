package dynamodb

import (
	"maps"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

// Handler returns the service behind the endpoint.
func (s *Service) Handler() protocol.Service {
	one := func(action string) func([]byte) ([]iam.Grant, error) {
		return func(body []byte) ([]iam.Grant, error) { return s.tableGrant("dynamodb:"+action, body) }
	}
	operations := map[string]protocol.Operation{
		"BatchGetItem":       {Grants: s.batchGrants("dynamodb:BatchGetItem"), Run: s.batchGetItem},
		"BatchWriteItem":     {Grants: s.batchGrants("dynamodb:BatchWriteItem"), Run: s.batchWriteItem},
		"CreateTable":        {Grants: one("CreateTable"), Run: s.createTable},
		"DeleteItem":         {Grants: one("DeleteItem"), Run: s.write("DeleteItem")},
		"DeleteTable":        {Grants: one("DeleteTable"), Run: s.deleteTable},
		"DescribeTable":      {Grants: one("DescribeTable"), Run: s.describeTable},
		"DescribeTimeToLive": {Grants: one("DescribeTimeToLive"), Run: s.describeTimeToLive},
		"GetItem":            {Grants: one("GetItem"), Run: s.getItem},
		"ListTables":         {Grants: s.listGrants, Run: s.listTables},
		"PutItem":            {Grants: one("PutItem"), Run: s.write("PutItem")},
		"Query":              {Grants: one("Query"), Run: s.read(true)},
		"Scan":               {Grants: one("Scan"), Run: s.read(false)},
		"TransactGetItems":   {Grants: s.transactGetGrants, Run: s.transactGetItems},
		"TransactWriteItems": {Grants: s.transactWriteGrants, Run: s.transactWriteItems},
		"UpdateItem":         {Grants: one("UpdateItem"), Run: s.write("UpdateItem")},
		"UpdateTable":        {Grants: one("UpdateTable"), Run: s.updateTable},
		"UpdateTimeToLive":   {Grants: one("UpdateTimeToLive"), Run: s.updateTimeToLive},
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

// tableName takes a table's ARN for its name, as the API does.
func (s *Service) tableName(nameOrARN string) string {
	return strings.TrimPrefix(nameOrARN, s.ARN(""))
}

// resource returns the ARN of a table or of an index of one, and keeps what
// is no name out of ARNs.
func (s *Service) resource(table, index string) (string, error) {
	name := s.tableName(table)
	if !tableNames.MatchString(name) || (index != "" && !tableNames.MatchString(index)) {
		return "", validation(badName)
	}
	if index != "" {
		return s.ARN(name) + "/index/" + index, nil
	}
	return s.ARN(name), nil
}

// tableGrant is for the operations of one table. The index counts for Query
// and Scan, the only ones that have one.
func (s *Service) tableGrant(action string, body []byte) ([]iam.Grant, error) {
	var r struct{ TableName, IndexName string }
	if err := protocol.Decode(body, &r); err != nil {
		return nil, err
	}
	if action != "dynamodb:Query" && action != "dynamodb:Scan" {
		r.IndexName = ""
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
		var grants []iam.Grant
		for _, name := range slices.Sorted(maps.Keys(r.RequestItems)) {
			resource, err := s.resource(name, "")
			if err != nil {
				return nil, err
			}
			grants = append(grants, iam.Grant{Action: action, Resource: resource})
		}
		return grants, nil
	}
}

func (s *Service) listGrants([]byte) ([]iam.Grant, error) {
	return []iam.Grant{{Action: "dynamodb:ListTables", Resource: s.ARN("*")}}, nil
}

func (s *Service) transactGetGrants(body []byte) ([]iam.Grant, error) {
	var r transactGetRequest
	if err := protocol.Decode(body, &r); err != nil {
		return nil, err
	}
	var grants []iam.Grant
	for _, part := range r.TransactItems {
		if part.Get == nil {
			continue // refused when the request is done
		}
		resource, err := s.resource(part.Get.TableName, "")
		if err != nil {
			return nil, err
		}
		grants = append(grants, iam.Grant{Action: "dynamodb:GetItem", Resource: resource})
	}
	return grants, nil
}

// transactWriteGrants: a transaction needs the permission for each of its
// actions, and none of its own (developer guide, "Using IAM with DynamoDB
// transactions").
func (s *Service) transactWriteGrants(body []byte) ([]iam.Grant, error) {
	var r transactWriteRequest
	if err := protocol.Decode(body, &r); err != nil {
		return nil, err
	}
	var grants []iam.Grant
	for _, part := range r.TransactItems {
		op, one := part.operation()
		if op == "" {
			continue // refused when the request is done
		}
		resource, err := s.resource(one.TableName, "")
		if err != nil {
			return nil, err
		}
		grants = append(grants, iam.Grant{Action: "dynamodb:" + op, Resource: resource})
	}
	return grants, nil
}
