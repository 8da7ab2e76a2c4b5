package provider

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// foundTable finds a table with all that AWS's provider tells of it.
func foundTable(s Services, args property.Map) (property.Map, error) {
	name, ok := args.GetOk("name")
	if !ok || !name.IsString() {
		return property.Map{}, fmt.Errorf("dynamodb.getTable needs the property %q", "name")
	}
	info, ok := s.DynamoDB.Table(name.AsString())
	if !ok {
		return property.Map{}, fmt.Errorf("reading DynamoDB Table (%s): couldn't find resource; cure: a local AWS begins without tables: make it in the program, and look it up by the resource's output name", name.AsString())
	}
	attributes, indexes, tags := []any{}, []any{}, map[string]any{}
	for _, a := range info.Attributes {
		attributes = append(attributes, map[string]any{"name": a.Name, "type": a.Type})
	}
	for _, g := range info.GSIs {
		projected := []any{}
		for _, a := range g.NonKeyAttributes {
			projected = append(projected, a)
		}
		indexes = append(indexes, map[string]any{
			"name": g.Name, "hashKey": g.HashKey, "rangeKey": g.RangeKey, "projectionType": g.Projection, "nonKeyAttributes": projected,
			"readCapacity": 0, "writeCapacity": 0, "onDemandThroughputs": []any{},
		})
	}
	for key, value := range info.Tags {
		tags[key] = value
	}
	return results(map[string]any{
		"id": info.Name, "name": info.Name, "arn": info.ARN, "hashKey": info.HashKey, "rangeKey": info.RangeKey,
		"attributes": attributes, "globalSecondaryIndexes": indexes, "localSecondaryIndexes": []any{}, "replicas": []any{}, "onDemandThroughputs": []any{},
		"billingMode": info.BillingMode, "readCapacity": 0, "writeCapacity": 0, "tableClass": info.Class,
		"deletionProtectionEnabled": info.DeletionProtection, "tags": tags,
		"pointInTimeRecovery":  map[string]any{"enabled": info.PointInTimeRecovery, "recoveryPeriodInDays": info.RecoveryDays},
		"serverSideEncryption": map[string]any{"enabled": info.SSE, "kmsKeyArn": info.SSEKey},
		"streamArn":            info.StreamARN(), "streamEnabled": info.StreamViewType != "", "streamLabel": info.StreamLabel, "streamViewType": info.StreamViewType,
		"ttl": map[string]any{"attributeName": info.TTLAttribute, "enabled": info.TTLAttribute != ""},
	}), nil
}
