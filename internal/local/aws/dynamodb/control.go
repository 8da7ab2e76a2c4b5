package dynamodb

import (
	"context"
	"maps"
	"slices"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

// The shapes of the API reference for the operations on tables.

type keyElement struct{ AttributeName, KeyType string }

type projection struct {
	ProjectionType   string
	NonKeyAttributes []string `json:",omitempty"`
}

type throughput struct{ ReadCapacityUnits, WriteCapacityUnits int }

type wireIndex struct {
	IndexName             string
	KeySchema             []keyElement
	Projection            projection
	ProvisionedThroughput throughput
}

type wireAttribute struct{ AttributeName, AttributeType string }

type tableRequest struct {
	TableName                 string
	BillingMode               string
	ProvisionedThroughput     *throughput
	AttributeDefinitions      []wireAttribute
	KeySchema                 []keyElement
	GlobalSecondaryIndexes    []wireIndex
	LocalSecondaryIndexes     []wireIndex
	DeletionProtectionEnabled *bool
	SSESpecification          *struct {
		Enabled        bool
		KMSMasterKeyID string `json:"KMSMasterKeyId"`
	}
	StreamSpecification         *struct{ StreamEnabled bool }
	Tags                        []struct{ Key, Value string }
	GlobalSecondaryIndexUpdates []struct {
		Create *wireIndex
		Update *wireIndex
		Delete *struct{ IndexName string }
	}
}

// settings puts what both CreateTable and UpdateTable can set into t.
func (r tableRequest) settings(t *Table) error {
	if r.StreamSpecification != nil && r.StreamSpecification.StreamEnabled {
		return &awserr.Error{Code: "ValidationException", Message: "streams are not supported by the local AWS", Cure: "leave out StreamSpecification"}
	}
	if r.BillingMode != "" {
		t.BillingMode = r.BillingMode
		if r.BillingMode == "PAY_PER_REQUEST" {
			t.ReadCapacity, t.WriteCapacity = 0, 0
		}
	}
	if p := r.ProvisionedThroughput; p != nil {
		t.ReadCapacity, t.WriteCapacity = p.ReadCapacityUnits, p.WriteCapacityUnits
	}
	if r.DeletionProtectionEnabled != nil {
		t.DeletionProtection = *r.DeletionProtectionEnabled
	}
	if r.SSESpecification != nil {
		t.SSE, t.SSEKeyARN = r.SSESpecification.Enabled, r.SSESpecification.KMSMasterKeyID
	}
	for _, a := range r.AttributeDefinitions {
		if !slices.Contains(t.Attributes, Attribute{a.AttributeName, a.AttributeType}) {
			t.Attributes = append(t.Attributes, Attribute{a.AttributeName, a.AttributeType})
		}
	}
	return nil
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

func (w wireIndex) index() Index {
	i := Index{
		Name: w.IndexName, Projection: w.Projection.ProjectionType, NonKeyAttributes: w.Projection.NonKeyAttributes,
		ReadCapacity: w.ProvisionedThroughput.ReadCapacityUnits, WriteCapacity: w.ProvisionedThroughput.WriteCapacityUnits,
	}
	i.HashKey, i.RangeKey = keys(w.KeySchema)
	return i
}

func (s *Service) createTable(body []byte) (any, error) {
	var r tableRequest
	if err := protocol.Decode(body, &r); err != nil {
		return nil, err
	}
	t := Table{Name: s.tableName(r.TableName), Tags: map[string]string{}}
	if err := r.settings(&t); err != nil {
		return nil, err
	}
	t.HashKey, t.RangeKey = keys(r.KeySchema)
	for _, w := range r.GlobalSecondaryIndexes {
		t.GSIs = append(t.GSIs, w.index())
	}
	for _, w := range r.LocalSecondaryIndexes {
		t.LSIs = append(t.LSIs, w.index())
	}
	for _, tag := range r.Tags {
		t.Tags[tag.Key] = tag.Value
	}
	info, err := s.CreateTable(context.Background(), t)
	return described("TableDescription", info, "ACTIVE"), err
}

func (s *Service) updateTable(body []byte) (any, error) {
	var r tableRequest
	if err := protocol.Decode(body, &r); err != nil {
		return nil, err
	}
	info, ok := s.Table(s.tableName(r.TableName))
	if !ok {
		return nil, tableNotFound(s.tableName(r.TableName))
	}
	t := info.Table
	if err := r.settings(&t); err != nil {
		return nil, err
	}
	for _, u := range r.GlobalSecondaryIndexUpdates {
		at := func(name string) int { return slices.IndexFunc(t.GSIs, func(i Index) bool { return i.Name == name }) }
		switch {
		case u.Create != nil && at(u.Create.IndexName) >= 0:
			return nil, validation("Attempting to create an index which already exists: %s", u.Create.IndexName)
		case u.Create != nil:
			t.GSIs = append(t.GSIs, u.Create.index())
		case u.Delete != nil && at(u.Delete.IndexName) >= 0:
			t.GSIs = slices.Delete(t.GSIs, at(u.Delete.IndexName), at(u.Delete.IndexName)+1)
		case u.Update != nil && at(u.Update.IndexName) >= 0:
			i := &t.GSIs[at(u.Update.IndexName)]
			i.ReadCapacity, i.WriteCapacity = u.Update.ProvisionedThroughput.ReadCapacityUnits, u.Update.ProvisionedThroughput.WriteCapacityUnits
		default:
			return nil, awserr.New("ResourceNotFoundException", "Requested resource not found")
		}
	}
	if t.BillingMode == "PAY_PER_REQUEST" {
		for i := range t.GSIs {
			t.GSIs[i].ReadCapacity, t.GSIs[i].WriteCapacity = 0, 0
		}
	}
	t.Attributes = slices.DeleteFunc(t.Attributes, func(a Attribute) bool { return !t.isKey(a.Name) })
	info, err := s.UpdateTable(context.Background(), t)
	return described("TableDescription", info, "ACTIVE"), err
}

// isKey is whether the table or an index has the attribute in its key.
func (t Table) isKey(name string) bool {
	return name == t.HashKey || name == t.RangeKey ||
		slices.ContainsFunc(slices.Concat(t.GSIs, t.LSIs), func(i Index) bool { return name == i.HashKey || name == i.RangeKey })
}

func (s *Service) deleteTable(body []byte) (any, error) {
	var r tableRequest
	if err := protocol.Decode(body, &r); err != nil {
		return nil, err
	}
	info, err := s.remove(s.tableName(r.TableName))
	return described("TableDescription", info, "DELETING"), err
}

func (s *Service) describeTable(body []byte) (any, error) {
	var r tableRequest
	if err := protocol.Decode(body, &r); err != nil {
		return nil, err
	}
	info, ok := s.Table(s.tableName(r.TableName))
	if !ok {
		return nil, tableNotFound(s.tableName(r.TableName))
	}
	return described("Table", info, "ACTIVE"), nil
}

func (s *Service) listTables(body []byte) (any, error) {
	var r struct {
		ExclusiveStartTableName string
		Limit                   *int
	}
	if err := protocol.Decode(body, &r); err != nil {
		return nil, err
	}
	limit := 100
	if r.Limit != nil {
		limit = *r.Limit
	}
	if limit < 1 || limit > 100 {
		return nil, validation("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and 100", limit)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(s.tables)), func(n string) bool { return n <= r.ExclusiveStartTableName })
	if len(names) <= limit {
		return map[string]any{"TableNames": append([]string{}, names...)}, nil
	}
	return map[string]any{"TableNames": names[:limit], "LastEvaluatedTableName": names[limit-1]}, nil
}

// described is a TableDescription.
func described(member string, i TableInfo, status string) any {
	d := map[string]any{
		"TableName": i.Name, "TableArn": i.ARN, "TableId": i.ID, "TableStatus": status,
		"CreationDateTime": float64(i.Created.UnixMilli()) / 1000, "ItemCount": i.ItemCount, "TableSizeBytes": 0,
		"KeySchema":                 schema(i.HashKey, i.RangeKey),
		"DeletionProtectionEnabled": i.DeletionProtection,
		"ProvisionedThroughput":     map[string]int{"NumberOfDecreasesToday": 0, "ReadCapacityUnits": i.ReadCapacity, "WriteCapacityUnits": i.WriteCapacity},
	}
	attributes := []wireAttribute{}
	for _, a := range i.Attributes {
		attributes = append(attributes, wireAttribute{a.Name, a.Type})
	}
	d["AttributeDefinitions"] = attributes
	if i.BillingMode == "PAY_PER_REQUEST" {
		d["BillingModeSummary"] = map[string]string{"BillingMode": i.BillingMode}
	}
	if i.SSE {
		sse := map[string]string{"Status": "ENABLED", "SSEType": "KMS"}
		if i.SSEKeyARN != "" {
			sse["KMSMasterKeyArn"] = i.SSEKeyARN
		}
		d["SSEDescription"] = sse
	}
	if len(i.GSIs) > 0 {
		d["GlobalSecondaryIndexes"] = indexes(i, i.GSIs, map[string]any{"IndexStatus": "ACTIVE"})
	}
	if len(i.LSIs) > 0 {
		d["LocalSecondaryIndexes"] = indexes(i, i.LSIs, nil)
	}
	return map[string]any{member: d}
}

func indexes(t TableInfo, list []Index, more map[string]any) []any {
	out := []any{}
	for _, i := range list {
		d := map[string]any{
			"IndexName": i.Name, "IndexArn": t.ARN + "/index/" + i.Name,
			"KeySchema":  schema(i.HashKey, i.RangeKey),
			"Projection": projection{i.Projection, i.NonKeyAttributes},
		}
		maps.Copy(d, more)
		out = append(out, d)
	}
	return out
}

func schema(hash, sort string) []keyElement {
	out := []keyElement{{hash, "HASH"}}
	if sort != "" {
		out = append(out, keyElement{sort, "RANGE"})
	}
	return out
}
