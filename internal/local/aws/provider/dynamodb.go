package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/dynamodb"
)

type tableInputs struct {
	Name                      string            `json:"name" aws:"replace"`
	BillingMode               string            `json:"billingMode"`
	HashKey                   string            `json:"hashKey" aws:"replace"`
	RangeKey                  string            `json:"rangeKey" aws:"replace"`
	Attributes                []attribute       `json:"attributes" aws:"set"`
	GlobalSecondaryIndexes    []index           `json:"globalSecondaryIndexes" aws:"set"`
	PointInTimeRecovery       *recovery         `json:"pointInTimeRecovery" aws:"computed"`
	DeletionProtectionEnabled bool              `json:"deletionProtectionEnabled"`
	ServerSideEncryption      *encryption       `json:"serverSideEncryption" aws:"computed"`
	StreamEnabled             bool              `json:"streamEnabled"`
	StreamViewType            string            `json:"streamViewType" aws:"computed"`
	TableClass                string            `json:"tableClass"`
	TTL                       *timeToLive       `json:"ttl" aws:"computed"`
	Tags                      map[string]string `json:"tags"`
}

type attribute struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type index struct {
	Name             string   `json:"name"`
	HashKey          string   `json:"hashKey"`
	RangeKey         string   `json:"rangeKey,omitempty"`
	ProjectionType   string   `json:"projectionType"`
	NonKeyAttributes []string `json:"nonKeyAttributes,omitempty"`
}

type timeToLive struct {
	AttributeName string `json:"attributeName"`
	Enabled       bool   `json:"enabled"`
}

type recovery struct {
	Enabled              bool `json:"enabled"`
	RecoveryPeriodInDays int  `json:"recoveryPeriodInDays,omitempty"`
}

type encryption struct {
	Enabled   bool   `json:"enabled"`
	KMSKeyARN string `json:"kmsKeyArn,omitempty"`
}

func (in tableInputs) table() dynamodb.Table {
	t := dynamodb.Table{
		Name:               in.Name,
		BillingMode:        in.BillingMode,
		HashKey:            in.HashKey,
		RangeKey:           in.RangeKey,
		DeletionProtection: in.DeletionProtectionEnabled,
		Class:              cmp.Or(in.TableClass, "STANDARD"),
		Tags:               in.Tags,
	}
	if p := in.PointInTimeRecovery; p != nil {
		t.PointInTimeRecovery, t.RecoveryDays = p.Enabled, p.RecoveryPeriodInDays
		if p.Enabled && p.RecoveryPeriodInDays == 0 {
			t.RecoveryDays = defaultRecoveryDays
		}
	}
	if e := in.ServerSideEncryption; e != nil {
		t.SSE, t.SSEKey = e.Enabled, e.KMSKeyARN
	}
	if in.StreamEnabled {
		t.StreamViewType = in.StreamViewType
	}
	if in.TTL != nil && in.TTL.Enabled {
		t.TTLAttribute = in.TTL.AttributeName
	}
	for _, a := range in.Attributes {
		t.Attributes = append(t.Attributes, dynamodb.Attribute(a))
	}
	for _, g := range in.GlobalSecondaryIndexes {
		t.GSIs = append(t.GSIs, dynamodb.Index{
			Name: g.Name, HashKey: g.HashKey, RangeKey: g.RangeKey,
			Projection: g.ProjectionType, NonKeyAttributes: g.NonKeyAttributes,
		})
	}
	return t
}

func (tableInputs) of(t dynamodb.Table) tableInputs {
	in := tableInputs{
		Name:                      t.Name,
		BillingMode:               t.BillingMode,
		HashKey:                   t.HashKey,
		RangeKey:                  t.RangeKey,
		DeletionProtectionEnabled: t.DeletionProtection,
		StreamEnabled:             t.StreamViewType != "",
		StreamViewType:            t.StreamViewType,
		TableClass:                t.Class,
		Tags:                      t.Tags,
	}
	if t.PointInTimeRecovery {
		in.PointInTimeRecovery = &recovery{true, t.RecoveryDays}
	}
	if t.SSE {
		in.ServerSideEncryption = &encryption{true, t.SSEKey}
	}
	if t.TTLAttribute != "" {
		in.TTL = &timeToLive{t.TTLAttribute, true}
	}
	for _, a := range t.Attributes {
		in.Attributes = append(in.Attributes, attribute(a))
	}
	for _, i := range t.GSIs {
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, index{
			Name: i.Name, HashKey: i.HashKey, RangeKey: i.RangeKey,
			ProjectionType: i.Projection, NonKeyAttributes: i.NonKeyAttributes,
		})
	}
	return in
}

// checkTypes refuses another type of a key attribute. AWS's provider sends the
// types when it makes the table or an index, and never again: it would report the
// new type, and AWS keep the old one.
func (in tableInputs) checkTypes(news tableInputs) error {
	if in.Name != news.Name || in.HashKey != news.HashKey || in.RangeKey != news.RangeKey {
		return nil // another table
	}
	types := map[string]string{}
	for _, a := range in.Attributes {
		types[a.Name] = a.Type
	}
	for _, a := range news.Attributes {
		was, ok := types[a.Name]
		if !ok || was == a.Type {
			continue
		}
		const problem = "the type of the attribute %q is %s and would be %s: AWS's provider sends it only when the table or an index is made, so that AWS would keep the old one"
		if a.Name == in.HashKey || a.Name == in.RangeKey {
			return fmt.Errorf(problem+"; leave the type as it is, or make a table with another name and move the items", a.Name, was, a.Type)
		}
		for _, i := range in.GlobalSecondaryIndexes {
			kept := slices.ContainsFunc(news.GlobalSecondaryIndexes, func(n index) bool {
				return n.Name == i.Name && n.HashKey == i.HashKey && n.RangeKey == i.RangeKey
			})
			if kept && (a.Name == i.HashKey || a.Name == i.RangeKey) {
				return fmt.Errorf(problem+"; leave the type as it is, or give the index %q another name", a.Name, was, a.Type, i.Name)
			}
		}
	}
	return nil
}

// defaultRecoveryDays is AWS's (API reference, PointInTimeRecoverySpecification).
const defaultRecoveryDays = 35

// changed is the table as an update makes it. Recovery, encryption and time to live
// that the program leaves out stay: to AWS's provider they are computed.
func (in tableInputs) changed(s Services, name string) dynamodb.Table {
	t := in.table()
	is, ok := s.DynamoDB.Table(name)
	if !ok {
		return t // UpdateTable says so
	}
	if in.PointInTimeRecovery == nil {
		t.PointInTimeRecovery, t.RecoveryDays = is.PointInTimeRecovery, is.RecoveryDays
	}
	if in.ServerSideEncryption == nil {
		t.SSE, t.SSEKey = is.SSE, is.SSEKey
	}
	if in.TTL == nil {
		t.TTLAttribute = is.TTLAttribute
	}
	return t
}

func tableResource() resource {
	outputs := func(info dynamodb.TableInfo) map[string]any {
		return map[string]any{"arn": info.ARN, "streamArn": info.StreamARN(), "streamLabel": info.StreamLabel}
	}
	return definition[tableInputs]{
		Type: "aws:dynamodb/table:Table",
		// DynamoDB developer guide, "Naming rules": 3 to 255 characters.
		Name: "name", NameLength: defaultNameLength,
		Computed: []string{"arn", "streamArn", "streamLabel"},
		Validate: func(in tableInputs) (tableInputs, error) {
			if in.StreamEnabled && in.StreamViewType == "" {
				return in, errors.New("streamViewType is required when streamEnabled is true: set NEW_AND_OLD_IMAGES, NEW_IMAGE, OLD_IMAGE or KEYS_ONLY")
			}
			t := in.table()
			return in.of(t), dynamodb.ValidateTable(t)
		},
		Placeholders: map[string]any{
			"name": "unknown", "deletionProtectionEnabled": nil, "pointInTimeRecovery": nil, "serverSideEncryption": nil, "tags": nil,
			"tableClass": nil, "ttl": nil,
		},
		Create: func(s Services, in tableInputs) (string, map[string]any, error) {
			info, err := s.DynamoDB.CreateTable(context.Background(), in.table())
			if err != nil {
				return "", nil, err
			}
			return in.Name, outputs(info), nil
		},
		Read: func(s Services, id string, in tableInputs) (tableInputs, map[string]any, bool, error) {
			info, ok := s.DynamoDB.Table(id)
			return in.of(info.Table), outputs(info), ok, nil
		},
		Update: func(s Services, id string, _, in tableInputs) (map[string]any, error) {
			info, err := s.DynamoDB.UpdateTable(context.Background(), in.changed(s, id))
			return outputs(info), err
		},
		Change: tableInputs.checkTypes,
		Delete: func(s Services, id string, _ tableInputs) error {
			return s.DynamoDB.DeleteTable(context.Background(), id)
		},
	}
}
