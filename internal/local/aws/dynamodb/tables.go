package dynamodb

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
)

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
	SSESpecification          struct {
		Enabled                 bool
		SSEType, KMSMasterKeyID string
	}
	StreamSpecification struct {
		StreamEnabled  bool
		StreamViewType string
	}
	TableClass string
	Tags       []struct{ Key, Value string }
}

// createTable validates the shape of a request; what it means is ValidateTable's.
func (s *Service) createTable(r createRequest) (any, error) {
	if r.GlobalSecondaryIndexes != nil && len(r.GlobalSecondaryIndexes) == 0 {
		return nil, validation("One or more parameter values were invalid: List of GlobalSecondaryIndexes is empty")
	}
	t := Table{
		Name: s.tableName(r.TableName), BillingMode: r.BillingMode,
		DeletionProtection: r.DeletionProtectionEnabled, SSE: r.SSESpecification.Enabled, SSEKey: r.SSESpecification.KMSMasterKeyID,
		StreamViewType: r.StreamSpecification.StreamViewType, Class: r.TableClass, Tags: map[string]string{},
	}
	if r.SSESpecification.SSEType != "" && r.SSESpecification.SSEType != "KMS" {
		return nil, validation("One or more parameter values were invalid: SSEType %q is not supported, it is KMS", r.SSESpecification.SSEType)
	}
	if r.StreamSpecification.StreamEnabled != (r.StreamSpecification.StreamViewType != "") {
		return nil, validation("One or more parameter values were invalid: a StreamSpecification has StreamEnabled and a StreamViewType, or neither")
	}
	var err error
	if t.HashKey, t.RangeKey, err = keys("keySchema", r.KeySchema); err != nil {
		return nil, err
	}
	for _, a := range r.AttributeDefinitions {
		t.Attributes = append(t.Attributes, Attribute{a.AttributeName, a.AttributeType})
	}
	for n, w := range r.GlobalSecondaryIndexes {
		if severalAttributes(w.KeySchema) {
			return nil, unsupported("a key of several attributes, as the index "+w.IndexName+" has it,", "make its key of one HASH attribute and at most one RANGE attribute")
		}
		i := Index{Name: w.IndexName, Projection: w.Projection.ProjectionType, NonKeyAttributes: w.Projection.NonKeyAttributes}
		if i.HashKey, i.RangeKey, err = keys(fmt.Sprintf("globalSecondaryIndexes.%d.member.keySchema", n+1), w.KeySchema); err != nil {
			return nil, err
		}
		t.GSIs = append(t.GSIs, i)
	}
	for _, tag := range r.Tags {
		t.Tags[tag.Key] = tag.Value
	}
	info, err := s.CreateTable(context.Background(), t)
	if err != nil {
		return nil, err
	}
	return described("TableDescription", info), nil
}

// severalAttributes is whether a key has more attributes of a kind than one, as
// those of indexes can on AWS.
func severalAttributes(schema []keyElement) bool {
	kinds := map[string]int{}
	for _, k := range schema {
		kinds[k.KeyType]++
	}
	return kinds["HASH"] > 1 || kinds["RANGE"] > 1
}

// keys takes a key's attributes out of its schema, which is the named member.
func keys(member string, schema []keyElement) (hash, sort string, _ error) {
	var c constraints
	c.length(member, len(schema), 1, 2)
	for i, k := range schema {
		at := fmt.Sprintf("%s.%d.member", member, i+1)
		c.length(at+".attributeName", len(k.AttributeName), 1, maxKeyName)
		if k.KeyType == "" {
			return "", "", missing(at + ".keyType")
		}
		c.enum(at+".keyType", k.KeyType, "HASH", "RANGE")
	}
	if err := c.err(); err != nil {
		return "", "", err
	}
	if schema[0].KeyType != "HASH" {
		return "", "", validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
	}
	if len(schema) == 1 {
		return schema[0].AttributeName, "", nil
	}
	if schema[1].KeyType != "RANGE" {
		return "", "", validation("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
	}
	return schema[0].AttributeName, schema[1].AttributeName, nil
}

type listRequest struct {
	ExclusiveStartTableName *string
	Limit                   *int
}

// maxTables is the most, and the default, of ListTables' Limit.
const maxTables = 100

func listGrants([]byte) ([]iam.Grant, error) {
	return []iam.Grant{{Action: "dynamodb:ListTables", Resource: "*"}}, nil
}

func (s *Service) listTables(r listRequest) (any, error) {
	var c constraints
	limit, after := maxTables, ""
	if r.Limit != nil {
		limit = *r.Limit
		at := fmt.Sprintf("'%d' at 'limit'", limit)
		switch {
		case limit < 1:
			c.violated(at, "Member must have value greater than or equal to 1")
		case limit > maxTables:
			c.violated(at, "Member must have value less than or equal to 100")
		}
	}
	if r.ExclusiveStartTableName != nil {
		after = *r.ExclusiveStartTableName
		c.name("exclusiveStartTableName", after, shortestName)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	names := slices.Sorted(maps.Keys(s.tables))
	s.mu.RUnlock()
	names = slices.DeleteFunc(names, func(name string) bool { return name <= after })
	if len(names) <= limit {
		return map[string]any{"TableNames": append([]string{}, names...)}, nil
	}
	return map[string]any{"TableNames": names[:limit], "LastEvaluatedTableName": names[limit-1]}, nil
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
	created, none := float64(i.Created.UnixMilli())/1000, map[string]int{"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
	d := map[string]any{
		"TableName": i.Name, "TableArn": i.ARN, "TableId": i.ID, "TableStatus": "ACTIVE",
		"CreationDateTime": created, "ItemCount": i.ItemCount, "TableSizeBytes": i.SizeBytes,
		"KeySchema":                 schema(i.HashKey, i.RangeKey),
		"DeletionProtectionEnabled": i.DeletionProtection,
		"BillingModeSummary":        map[string]any{"BillingMode": i.BillingMode, "LastUpdateToPayPerRequestDateTime": created},
		"ProvisionedThroughput":     none,
	}
	attributes := []wireAttribute{}
	for _, a := range i.Attributes {
		attributes = append(attributes, wireAttribute{a.Name, a.Type})
	}
	d["AttributeDefinitions"] = attributes
	if i.SSE {
		d["SSEDescription"] = map[string]string{"Status": "ENABLED", "SSEType": "KMS"}
		if i.SSEKey != "" {
			d["SSEDescription"].(map[string]string)["KMSMasterKeyArn"] = i.SSEKey
		}
	}
	if i.Class != classStandard { // AWS says nothing of the default
		d["TableClassSummary"] = map[string]string{"TableClass": i.Class}
	}
	if i.StreamViewType != "" {
		d["StreamSpecification"] = map[string]any{"StreamEnabled": true, "StreamViewType": i.StreamViewType}
	}
	if i.StreamLabel != "" {
		d["LatestStreamArn"], d["LatestStreamLabel"] = i.StreamARN(), i.StreamLabel
	}
	indexes := []any{}
	for _, g := range i.GSIs {
		indexes = append(indexes, map[string]any{
			"IndexName": g.Name, "IndexArn": i.ARN + "/index/" + g.Name, "IndexStatus": "ACTIVE",
			"KeySchema": schema(g.HashKey, g.RangeKey), "Projection": projection{g.Projection, g.NonKeyAttributes},
			"ItemCount": i.Indexes[g.Name].ItemCount, "IndexSizeBytes": i.Indexes[g.Name].SizeBytes, "ProvisionedThroughput": none,
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
