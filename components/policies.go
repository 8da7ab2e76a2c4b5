package components

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// trustPolicy lets Lambda, and nobody else, assume a function's role.
const trustPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// policyDocument is an IAM policy, its members in the order that AWS's
// documentation has them.
type policyDocument struct {
	Version   string
	Statement []statement
}

// statement allows actions on resources.
type statement struct {
	Effect   string
	Action   []string
	Resource []string
}

func allow(resource string, actions ...string) statement {
	return statement{Effect: "Allow", Action: actions, Resource: []string{resource}}
}

// functionPolicy returns the function's inline policy as JSON: its own log
// streams, and what its arguments name, each by its exact ARN.
func (c *ProtectedHttpApi) functionPolicy(p *plan, f *functionPlan, logGroupArn pulumi.StringOutput) pulumi.StringOutput {
	none := pulumi.String("").ToStringOutput()
	tableArn, secretPath, keyArn := none, none, none
	if f.args.usesTable() {
		tableArn = c.Table.Arn
	}
	if a := p.authorizerArgs; f == p.authorizer && a.SecretPath != nil && !a.InjectSecret {
		secretPath = a.SecretPath.ToStringOutput()
		if a.SecretKmsKeyArn != nil {
			keyArn = a.SecretKmsKeyArn.ToStringOutput()
		}
	}
	return pulumi.All(logGroupArn, tableArn, secretPath, keyArn).ApplyT(func(values []any) (string, error) {
		return marshalPolicy(f.args, values[0].(string), values[1].(string), values[2].(string), values[3].(string))
	}).(pulumi.StringOutput)
}

// marshalPolicy returns the policy's JSON. An ARN or a path that is empty is
// not needed.
func marshalPolicy(f FunctionArgs, logGroupArn, tableArn, secretPath, keyArn string) (string, error) {
	logGroupArn = strings.TrimSuffix(logGroupArn, ":*")
	statements := []statement{allow(logGroupArn+":*", "logs:CreateLogStream", "logs:PutLogEvents")}
	if secretPath != "" {
		parameterArn, err := parameterARN(logGroupArn, secretPath)
		if err != nil {
			return "", err
		}
		statements = append(statements, allow(parameterArn, "ssm:GetParameter"))
	}
	if keyArn != "" {
		statements = append(statements, allow(keyArn, "kms:Decrypt"))
	}
	if len(f.TableActions) > 0 {
		statements = append(statements, allow(tableArn, slices.Sorted(slices.Values(f.TableActions))...))
	}
	for _, index := range slices.Sorted(maps.Keys(f.IndexActions)) {
		actions := slices.Sorted(slices.Values(f.IndexActions[index]))
		statements = append(statements, allow(tableArn+"/index/"+index, actions...))
	}
	document, err := json.Marshal(policyDocument{Version: "2012-10-17", Statement: statements})
	return string(document), err
}

// parameterARN returns the ARN of an SSM parameter in the partition, Region and
// account of another resource. Only one slash stands between "parameter" and
// the parts of its name (Service Authorization Reference, AWS Systems Manager).
func parameterARN(neighbour, path string) (string, error) {
	if err := CheckSecretPath(path); err != nil {
		return "", fmt.Errorf("naming the secret's parameter: %w", err)
	}
	parts := strings.SplitN(neighbour, ":", 6)
	if len(parts) != 6 {
		return "", fmt.Errorf("reading the account of %q: it is not an ARN", neighbour)
	}
	return fmt.Sprintf("arn:%s:ssm:%s:%s:parameter%s", parts[1], parts[3], parts[4], path), nil
}
