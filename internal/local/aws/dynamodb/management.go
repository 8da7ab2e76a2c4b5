package dynamodb

import (
	"bytes"
	"context"
	"encoding/json"
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
		"BatchGetItem":       {Grants: s.batchGrants("dynamodb:BatchGetItem"), Run: operation(s.batchGetItem)},
		"BatchWriteItem":     {Grants: s.batchGrants("dynamodb:BatchWriteItem"), Run: operation(s.batchWriteItem)},
		"CreateTable":        {Grants: one("CreateTable"), Run: operation(s.createTable)},
		"DeleteItem":         {Grants: one("DeleteItem"), Run: operation(s.write("DeleteItem"))},
		"DescribeTable":      {Grants: one("DescribeTable"), Run: operation(s.describeTable)},
		"DescribeTimeToLive": {Grants: one("DescribeTimeToLive"), Run: operation(s.describeTimeToLive)},
		"GetItem":            {Grants: one("GetItem"), Run: operation(s.getItem)},
		"PutItem":            {Grants: one("PutItem"), Run: operation(s.write("PutItem"))},
		"Query":              {Grants: one("Query"), Run: operation(s.read(true))},
		"Scan":               {Grants: one("Scan"), Run: operation(s.read(false))},
		"TransactGetItems":   {Grants: s.transactGetGrants, Run: operation(s.transactGetItems)},
		"TransactWriteItems": {Grants: s.transactWriteGrants, Run: s.transactWriteItems},
		"UpdateItem":         {Grants: one("UpdateItem"), Run: operation(s.write("UpdateItem"))},
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
			return unsupported("the parameter "+name, "leave out "+name)
		}
	}
	return protocol.Decode(body, r) // which words the error
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

// The shapes of the API reference for tables.

type keyElement struct{ AttributeName, KeyType string }

type projection struct {
	ProjectionType   string
	NonKeyAttributes []string `json:",omitempty"`
}

type wireIndex struct {
	IndexName  string
	KeySchema  []keyElement
	Projection projection
}

type wireAttribute struct{ AttributeName, AttributeType string }

type createRequest struct {
	TableName                 string
	BillingMode               string
	AttributeDefinitions      []wireAttribute
	KeySchema                 []keyElement
	GlobalSecondaryIndexes    []wireIndex
	DeletionProtectionEnabled bool
	SSESpecification          struct{ Enabled bool }
	Tags                      []struct{ Key, Value string }
}

func (s *Service) createTable(r createRequest) (any, error) {
	t := Table{
		Name: s.tableName(r.TableName), BillingMode: r.BillingMode,
		DeletionProtection: r.DeletionProtectionEnabled, SSE: r.SSESpecification.Enabled, Tags: map[string]string{},
	}
	t.HashKey, t.RangeKey = keys(r.KeySchema)
	for _, a := range r.AttributeDefinitions {
		t.Attributes = append(t.Attributes, Attribute{a.AttributeName, a.AttributeType})
	}
	for _, w := range r.GlobalSecondaryIndexes {
		i := Index{Name: w.IndexName, Projection: w.Projection.ProjectionType, NonKeyAttributes: w.Projection.NonKeyAttributes}
		i.HashKey, i.RangeKey = keys(w.KeySchema)
		t.GSIs = append(t.GSIs, i)
	}
	for _, tag := range r.Tags {
		t.Tags[tag.Key] = tag.Value
	}
	info, err := s.CreateTable(context.Background(), t)
	return described("TableDescription", info), err
}

func keys(schema []keyElement) (hash, sort string) {
	for _, k := range schema {
		if k.KeyType == "HASH" {
			hash = k.AttributeName
		} else {
			sort = k.AttributeName
		}
	}
	return hash, sort
}

func (s *Service) describeTable(r struct{ TableName string }) (any, error) {
	info, ok := s.Table(s.tableName(r.TableName))
	if !ok {
		return nil, tableNotFound(s.tableName(r.TableName))
	}
	return described("Table", info), nil
}

// described is a TableDescription.
func described(member string, i TableInfo) any {
	d := map[string]any{
		"TableName": i.Name, "TableArn": i.ARN, "TableId": i.ID, "TableStatus": "ACTIVE",
		"CreationDateTime": float64(i.Created.UnixMilli()) / 1000, "ItemCount": i.ItemCount, "TableSizeBytes": 0,
		"KeySchema":                 schema(i.HashKey, i.RangeKey),
		"DeletionProtectionEnabled": i.DeletionProtection,
		"BillingModeSummary":        map[string]string{"BillingMode": i.BillingMode},
		"ProvisionedThroughput":     map[string]int{"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
	}
	attributes := []wireAttribute{}
	for _, a := range i.Attributes {
		attributes = append(attributes, wireAttribute{a.Name, a.Type})
	}
	d["AttributeDefinitions"] = attributes
	if i.SSE {
		d["SSEDescription"] = map[string]string{"Status": "ENABLED", "SSEType": "KMS"}
	}
	indexes := []any{}
	for _, g := range i.GSIs {
		indexes = append(indexes, map[string]any{
			"IndexName": g.Name, "IndexArn": i.ARN + "/index/" + g.Name, "IndexStatus": "ACTIVE",
			"KeySchema": schema(g.HashKey, g.RangeKey), "Projection": projection{g.Projection, g.NonKeyAttributes},
		})
	}
	if len(indexes) > 0 {
		d["GlobalSecondaryIndexes"] = indexes
	}
	return map[string]any{member: d}
}

func schema(hash, sort string) []keyElement {
	out := []keyElement{{hash, "HASH"}}
	if sort != "" {
		out = append(out, keyElement{sort, "RANGE"})
	}
	return out
}
