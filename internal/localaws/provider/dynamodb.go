package provider

import (
	"context"

	"github.com/protected-http-api/protected-http-api/internal/localaws/dynamodb"
)

type tableInputs struct {
	Name        string `json:"name" aws:"replace"`
	BillingMode string `json:"billingMode"`
	HashKey     string `json:"hashKey" aws:"replace"`
	RangeKey    string `json:"rangeKey" aws:"replace"`
	Attributes  []struct {
		Name string `json:"name"`
		Type string `json:"type"`
	} `json:"attributes"`
	GlobalSecondaryIndexes []struct {
		Name             string   `json:"name"`
		HashKey          string   `json:"hashKey"`
		RangeKey         string   `json:"rangeKey"`
		ProjectionType   string   `json:"projectionType"`
		NonKeyAttributes []string `json:"nonKeyAttributes"`
	} `json:"globalSecondaryIndexes"`
	PointInTimeRecovery *struct {
		Enabled bool `json:"enabled"`
	} `json:"pointInTimeRecovery"`
	DeletionProtectionEnabled bool `json:"deletionProtectionEnabled"`
	ServerSideEncryption      *struct {
		Enabled bool `json:"enabled"`
	} `json:"serverSideEncryption"`
	Tags map[string]string `json:"tags"`
}

func (in tableInputs) table() dynamodb.Table {
	t := dynamodb.Table{
		Name:                in.Name,
		BillingMode:         in.BillingMode,
		HashKey:             in.HashKey,
		RangeKey:            in.RangeKey,
		PointInTimeRecovery: in.PointInTimeRecovery != nil && in.PointInTimeRecovery.Enabled,
		DeletionProtection:  in.DeletionProtectionEnabled,
		SSE:                 in.ServerSideEncryption != nil && in.ServerSideEncryption.Enabled,
		Tags:                in.Tags,
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

func tableResource() resource {
	outputs := func(info dynamodb.TableInfo) map[string]any { return map[string]any{"arn": info.ARN} }
	return definition[tableInputs]{
		Type: "aws:dynamodb/table:Table",
		// DynamoDB developer guide, "Naming rules": 3 to 255 characters.
		Name: "name", NameLength: 255,
		Computed: []string{"arn"},
		Create: func(s Services, in tableInputs) (string, map[string]any, error) {
			info, err := s.DynamoDB.CreateTable(context.Background(), in.table())
			if err != nil {
				return "", nil, err
			}
			return in.Name, outputs(info), nil
		},
		Exists: func(s Services, id string, _ tableInputs) (bool, error) {
			_, ok := s.DynamoDB.Table(id)
			return ok, nil
		},
		Update: func(s Services, _ string, in tableInputs) (map[string]any, error) {
			info, err := s.DynamoDB.UpdateTable(context.Background(), in.table())
			return outputs(info), err
		},
		Delete: func(s Services, id string, _ tableInputs) error {
			return s.DynamoDB.DeleteTable(context.Background(), id)
		},
	}
}
