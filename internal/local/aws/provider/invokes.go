package provider

import (
	"fmt"
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/ssm"
)

// invoke is one of the AWS provider's functions.
type invoke func(s Services, args property.Map) (property.Map, error)

func invokes() map[string]invoke {
	all := map[string]invoke{
		"aws:cloudwatch/getLogGroup:getLogGroup":               foundLogGroup,
		"aws:dynamodb/getTable:getTable":                       foundTable,
		"aws:iam/getPolicy:getPolicy":                          foundPolicy,
		"aws:iam/getPolicyDocument:getPolicyDocument":          policyDocument,
		"aws:iam/getRole:getRole":                              foundRole,
		"aws:index/getCallerIdentity:getCallerIdentity":        callerIdentity,
		"aws:index/getPartition:getPartition":                  partition,
		"aws:index/getRegion:getRegion":                        region,
		"aws:secretsmanager/getSecret:getSecret":               foundSecret,
		"aws:secretsmanager/getSecretVersion:getSecretVersion": foundSecretVersion,
		"aws:ssm/getParameter:getParameter":                    parameter,
	}
	maps.Copy(all, certainInvokes())
	return all
}

func results(values map[string]any) property.Map { return state(property.Map{}, values) }

func callerIdentity(s Services, _ property.Map) (property.Map, error) {
	return results(map[string]any{
		"id":        s.Account.ID,
		"accountId": s.Account.ID,
		"arn":       s.Account.GlobalARN("iam", "root"),
		"userId":    s.Account.ID,
	}), nil
}

func partition(s Services, _ property.Map) (property.Map, error) {
	return results(map[string]any{
		"id":               s.Account.Partition,
		"partition":        s.Account.Partition,
		"dnsSuffix":        "amazonaws.com",
		"reverseDnsPrefix": "com.amazonaws",
	}), nil
}

func region(s Services, args property.Map) (property.Map, error) {
	if name, ok := args.GetOk("name"); ok && name.IsString() && name.AsString() != s.Account.Region {
		return property.Map{}, fmt.Errorf("the local AWS plays the Region %s only, not %s", s.Account.Region, name.AsString())
	}
	return results(map[string]any{
		"id":          s.Account.Region,
		"name":        s.Account.Region,
		"description": s.Account.Region,
		"endpoint":    "ec2." + s.Account.Region + ".amazonaws.com",
	}), nil
}

// foundLogGroup finds a log group, in the words of AWS's provider where there is
// none.
func foundLogGroup(s Services, args property.Map) (property.Map, error) {
	name, ok := args.GetOk("name")
	if !ok || !name.IsString() {
		return property.Map{}, fmt.Errorf("cloudwatch.getLogGroup needs the property %q", "name")
	}
	group, ok := s.Logs.Group(name.AsString())
	if !ok {
		return property.Map{}, fmt.Errorf("reading CloudWatch Logs Log Group (%s): couldn't find resource", name.AsString())
	}
	tags := map[string]any{}
	for key, value := range group.Tags {
		tags[key] = value
	}
	result := logGroupOutputs(s, group.Name)
	maps.Copy(result, map[string]any{
		"id": group.Name, "name": group.Name, "retentionInDays": group.RetentionDays, "tags": tags,
		"kmsKeyId": "", "logGroupClass": "STANDARD", "creationTime": 0,
	})
	return results(result), nil
}

// parameter reads a parameter as the deploying developer, who may do
// everything. The value is secret whatever the parameter's type is.
func parameter(s Services, args property.Map) (property.Map, error) {
	name, ok := args.GetOk("name")
	if !ok || !name.IsString() {
		return property.Map{}, fmt.Errorf("ssm.getParameter needs the property %q", "name")
	}
	decryption, given := args.GetOk("withDecryption")
	decrypted := !given || !decryption.IsBool() || decryption.AsBool()
	found, err := s.SSM.Get(name.AsString())
	if awserr.Has(err, "ParameterNotFound") && s.Secret != nil && decrypted {
		if _, _, err := s.SSM.Put(ssm.Parameter{Name: name.AsString(), Type: "SecureString", Value: s.Secret(name.AsString())}); err != nil {
			return property.Map{}, err
		}
		found, err = s.SSM.Get(name.AsString())
	}
	if awserr.Has(err, "ParameterNotFound") && s.ForAWS && !decrypted {
		return property.Map{}, fmt.Errorf("reading SSM Parameter (%s): a preview does not know which parameters AWS has", name.AsString())
	}
	if awserr.Has(err, "ParameterNotFound") { // the words of AWS's provider
		return property.Map{}, fmt.Errorf("reading SSM Parameter (%s): couldn't find resource", name.AsString())
	}
	if err != nil {
		return property.Map{}, err
	}
	value := found.Value
	if !decrypted && found.Type == ssm.TypeSecureString {
		if value, err = s.SSM.Encrypted(found.Name); err != nil {
			return property.Map{}, err
		}
	}
	return results(map[string]any{
		"id":            found.Name,
		"name":          found.Name,
		"arn":           found.ARN,
		"type":          found.Type,
		"version":       int(found.Version),
		"insecureValue": "",
	}).Set("value", property.New(value).WithSecret(true)).Set("withDecryption", property.New(decrypted)), nil
}
