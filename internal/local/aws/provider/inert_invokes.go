package provider

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/provider/catalog"
)

// certainInvokes are functions whose answer follows from their arguments and the
// account alone.
func certainInvokes() map[string]invoke {
	return map[string]invoke{
		"aws:index/getArn:getArn":                             parsedARN,
		"aws:index/getAvailabilityZones:getAvailabilityZones": availabilityZones,
		"aws:index/getDefaultTags:getDefaultTags": func(Services, property.Map) (property.Map, error) {
			return results(map[string]any{"id": "default", "tags": map[string]any{}}), nil
		},
	}
}

func parsedARN(_ Services, args property.Map) (property.Map, error) {
	text := textOf(args, "arn")
	parsed, err := arn.Parse(text)
	if err != nil {
		return property.Map{}, fmt.Errorf("the arn %q is none: %w", text, err)
	}
	return results(map[string]any{
		"id": text, "arn": text, "partition": parsed.Partition, "service": parsed.Service,
		"region": parsed.Region, "account": parsed.AccountID, "resource": parsed.Resource,
	}), nil
}

// availabilityZones says a, b and c, whatever the Region has: nothing here stands in
// one.
func availabilityZones(s Services, _ property.Map) (property.Map, error) {
	var names, ids []any
	for _, letter := range []string{"a", "b", "c"} {
		names = append(names, s.Account.Region+letter)
		ids = append(ids, s.Account.Region+"-az"+letter)
	}
	return results(map[string]any{"id": s.Account.Region, "names": names, "zoneIds": ids, "groupNames": []any{s.Account.Region}}), nil
}

// withData are modules and functions whose answer is data that a program or a request
// depends on: the local AWS can neither know nor make it.
var withData = []string{
	"aws:apigatewayv2/", "aws:dynamodb/", "aws:iam/getPrincipalPolicySimulation:", "aws:kms/getCipherText:", "aws:kms/getSecret:", "aws:kms/getSecrets:",
	"aws:lambda/", "aws:s3/getObject:", "aws:s3/getBucketObject:", "aws:secretsmanager/", "aws:ssm/getParameter",
}

// lookUp answers a function that the local AWS does not have. It finds a resource that
// the program itself deployed; else the answer is what was asked for, and an ID.
func (pr *provider) lookUp(token string, args property.Map) (property.Map, error) {
	if err := catalog.CheckFunction(token); err != nil {
		return property.Map{}, err
	}
	if slices.ContainsFunc(withData, func(prefix string) bool { return strings.HasPrefix(token, prefix) }) {
		return property.Map{}, fmt.Errorf("the local AWS does not support the function %s, whose answer it cannot make up: read the value from the stack's configuration, which --config replaces here; it supports %s",
			token, pr.answered())
	}
	module, name := catalog.Module(token), token[strings.LastIndex(token, ":")+1:]
	thing := strings.TrimPrefix(name, "get")
	typ := "aws:" + module + "/" + strings.ToLower(thing[:1]) + thing[1:] + ":" + thing
	if found, ok := pr.Neighbours.find(typ, args.Delete("tags")); ok {
		return found, nil
	}
	pr.Neighbours.tell(token, "looks up what is not here: its answer has its own arguments, an ID, and nothing else that AWS would know")
	answer := args
	if given := textOf(args, "id"); given == "" {
		answer = answer.Set("id", property.New(madeUpID(pr.Services, typ, args)))
	}
	known, err := catalog.Find(typ)
	if err != nil {
		return answer, nil //nolint:nilerr // what is not like a resource has no ARN
	}
	_, outputs := kindOf(typ, known).with(textOf(answer, "id")).make(pr.Services, property.Map{})
	for key, value := range outputs {
		if _, given := answer.GetOk(key); !given {
			answer = answer.Set(key, toValue(value))
		}
	}
	return answer, nil
}

// madeUpID is the ID of what a function looks up.
func madeUpID(s Services, typ string, args property.Map) string {
	known, err := catalog.Find(typ)
	if err != nil {
		known, typ = catalog.Type{}, ""
	}
	id, _ := kindOf(typ, known).make(s, args)
	return id
}

func textOf(args property.Map, name string) string {
	if value, ok := args.GetOk(name); ok && value.IsString() {
		return value.AsString()
	}
	return ""
}
