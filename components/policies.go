package components

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Actions on items (Service Authorization Reference, Amazon DynamoDB).
var (
	tableActions = dynamodbActions("BatchGetItem", "BatchWriteItem", "ConditionCheckItem", "DeleteItem", "DescribeTable",
		"GetItem", "PartiQLDelete", "PartiQLInsert", "PartiQLSelect", "PartiQLUpdate", "PutItem", "Query", "Scan", "UpdateItem")
	indexActions = dynamodbActions("PartiQLSelect", "Query", "Scan")
)

func dynamodbActions(names ...string) []string {
	for i, name := range names {
		names[i] = "dynamodb:" + name
	}
	return names
}

func (c *checker) checkTableAccess(property string, args FunctionArgs) {
	c.checkActions(property+".TableActions", args.TableActions, tableActions, tableWords)
	for _, index := range slices.Sorted(maps.Keys(args.IndexActions)) {
		path := fmt.Sprintf("%s.IndexActions[%q]", property, index)
		if c.plan.table != nil {
			if _, ok := c.plan.table.GlobalSecondaryIndexes[index]; !ok {
				c.addf(path, "Table has no index of this name")
			}
		}
		if len(args.IndexActions[index]) == 0 {
			c.addf(path, "lists no action")
		}
		c.checkActions(path, args.IndexActions[index], indexActions, indexWords)
	}
	if args.usesTable() && c.plan.table == nil {
		c.addf(property, "has TableActions or IndexActions, but there is no Table")
	}
}

// checkActions checks actions and words for them.
func (c *checker) checkActions(property string, actions, allowed []string, words map[string][]string) {
	for i, action := range actions {
		switch {
		case words[action] == nil && !slices.Contains(allowed, action):
			c.addf(property, "%q is not one of %s, %s", action, strings.Join(slices.Sorted(maps.Keys(words)), ", "), strings.Join(allowed, ", "))
		case slices.Contains(actions[:i], action):
			c.addf(property, "%q occurs twice", action)
		}
	}
}

// trustPolicy lets Lambda, and nobody else, assume a function's role.
const trustPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// policyDocument is an IAM policy, its members in the order that AWS's
// documentation has them.
type policyDocument struct {
	Version   string
	Statement []statement
}

// statement allows actions on resources, or denies them.
type statement struct {
	Sid      string `json:",omitempty"`
	Effect   string
	Action   []string
	Resource []string
	// Condition has values by operator and condition key.
	Condition map[string]map[string][]string `json:",omitempty"`
}

// grants are what a function's policy allows: names and ARNs, which are empty
// where nothing is to be allowed.
type grants struct {
	logGroupArn, tableArn, apiKeyTableArn, stateTableArn, revocationTableArn, keyArn string
	secretPaths, secretPrefixes                                                      []string
	// deadLetterArn is the target of failed asynchronous invocations.
	deadLetterArn string
	// values are those of each of FunctionArgs.Statements.
	values [][]string
}

// functionPolicy returns the function's inline policy as JSON. It allows the
// function to write to its own log streams and to do what its arguments say,
// each on an exact ARN.
func (c *ProtectedHttpApi) functionPolicy(f *functionPlan, logGroupArn pulumi.StringOutput) pulumi.StringOutput {
	none := pulumi.String("").ToStringOutput()
	ownTableArn, apiKeyTableArn, stateTableArn, revocationTableArn, keyArn := none, none, none, none, none
	if f.args.usesTable() {
		ownTableArn = c.Table.Arn
	}
	var secretPaths, secretPrefixes pulumi.StringArray
	if a := f.authorizer; a != nil {
		own := c.Authorizers[a.name]
		apiKeyTableArn, stateTableArn, revocationTableArn = tableArn(own.ApiKeyTable), tableArn(own.StateTable), tableArn(own.RevocationTable)
		secretPaths, secretPrefixes = a.args.secretPaths(), inputs(a.args.SecretPrefixes)
		if key := a.args.SecretKmsKeyArn; key != nil {
			keyArn = key.ToStringOutput()
		}
	}
	deadLetterArn := none
	if arn := f.args.DeadLetterArn; arn != nil {
		deadLetterArn = arn.ToStringOutput()
	}
	values := pulumi.StringArrayArray{}
	for _, s := range f.args.Statements {
		values = append(values, s.values())
	}
	return pulumi.All(logGroupArn, ownTableArn, apiKeyTableArn, stateTableArn, keyArn, secretPaths, secretPrefixes, revocationTableArn, deadLetterArn, values).ApplyT(func(v []any) (string, error) {
		for i, values := range v[9].([][]string) {
			if err := f.args.Statements[i].checkValues(values); err != nil {
				return "", err
			}
		}
		return marshalPolicy(f.args, grants{
			logGroupArn: v[0].(string), tableArn: v[1].(string), apiKeyTableArn: v[2].(string), stateTableArn: v[3].(string),
			keyArn: v[4].(string), secretPaths: v[5].([]string), secretPrefixes: v[6].([]string),
			revocationTableArn: v[7].(string), deadLetterArn: v[8].(string), values: v[9].([][]string),
		})
	}).(pulumi.StringOutput)
}

// marshalPolicy returns the policy's JSON.
func marshalPolicy(f FunctionArgs, g grants) (string, error) {
	logGroupArn := strings.TrimSuffix(g.logGroupArn, ":*")
	var statements []statement
	grant := func(actions []string, resources ...string) {
		if len(actions) > 0 && len(resources) > 0 && resources[0] != "" {
			statements = append(statements, statement{Effect: "Allow", Action: actions, Resource: resources})
		}
	}
	secretArns, err := parameterARNs(logGroupArn, g.secretPaths)
	if err != nil {
		return "", err
	}
	prefixArns, err := parameterARNs(logGroupArn, g.secretPrefixes)
	if err != nil {
		return "", err
	}
	decrypt, err := decryptCondition(logGroupArn, secretArns, prefixArns)
	if err != nil {
		return "", err
	}
	grant([]string{"logs:CreateLogStream", "logs:PutLogEvents"}, logGroupArn+":*")
	grant([]string{"ssm:GetParameter"}, secretArns...)
	// IAM authorizes the action once, on the path itself, for all that is below
	// the path (Systems Manager user guide, "Restricting access to Parameter
	// Store parameters using IAM policies").
	grant([]string{"ssm:GetParametersByPath"}, prefixArns...)
	if g.keyArn != "" {
		statements = append(statements, statement{Effect: "Allow", Action: []string{"kms:Decrypt"}, Resource: []string{g.keyArn}, Condition: decrypt})
	}
	grant([]string{"dynamodb:GetItem"}, g.apiKeyTableArn)
	grant([]string{"dynamodb:PutItem", "dynamodb:UpdateItem"}, g.stateTableArn)
	grant([]string{"dynamodb:BatchGetItem"}, g.revocationTableArn)
	grant(expandActions(f.TableActions, tableWords), g.tableArn)
	for _, index := range slices.Sorted(maps.Keys(f.IndexActions)) {
		grant(expandActions(f.IndexActions[index], indexWords), g.tableArn+"/index/"+index)
	}
	further, err := furtherStatements(f, g)
	if err != nil {
		return "", err
	}
	statements = append(statements, further...)
	document, err := json.Marshal(policyDocument{Version: "2012-10-17", Statement: statements})
	if len(document) > maxInlinePolicy {
		return "", policyTooLong{f.Name, len(document)}
	}
	return string(document), err
}

// checkPolicySize refuses a policy that is too long already without what is known only
// at deployment, with the shortest names of Region and account.
func (c *checker) checkPolicySize(f *functionPlan) {
	if !f.made() {
		return
	}
	plain := func(value pulumi.StringInput) string {
		text, _ := value.(pulumi.String)
		return string(text)
	}
	const arn = "arn:aws:dynamodb:us-east-1:000000000000:table/x"
	g := grants{logGroupArn: "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/" + f.physicalName}
	if f.args.usesTable() {
		g.tableArn = arn
	}
	if a := f.authorizer; a != nil {
		for _, list := range []struct {
			paths *[]string
			from  pulumi.StringArray
		}{{&g.secretPaths, a.args.secretPaths()}, {&g.secretPrefixes, inputs(a.args.SecretPrefixes)}} {
			for _, path := range list.from {
				if path := plain(path); path != "" {
					*list.paths = append(*list.paths, path)
				}
			}
		}
	}
	for _, s := range f.args.Statements {
		values := make([]string, len(s.values()))
		for i, value := range s.values() {
			values[i] = plain(value)
		}
		g.values = append(g.values, values)
	}
	var tooLong policyTooLong
	if _, err := marshalPolicy(f.args, g); errors.As(err, &tooLong) {
		c.add(f.property, tooLong)
	}
}

// policyTooLong is the error about a policy that IAM would refuse.
type policyTooLong struct {
	function string
	length   int
}

func (e policyTooLong) Error() string {
	return fmt.Sprintf("the policy of function %q has %d characters, a role's inline policies may have %d: name fewer resources, secrets by one path in SecretPrefixes for instance", e.function, e.length, maxInlinePolicy)
}

// furtherStatements are those of the function's surroundings and of its arguments.
func furtherStatements(f FunctionArgs, g grants) ([]statement, error) {
	var statements []statement
	if f.Tracing == tracingActive {
		// Neither action knows resources (Service Authorization Reference, AWS X-Ray).
		statements = append(statements, statement{Effect: "Allow", Action: []string{"xray:PutTelemetryRecords", "xray:PutTraceSegments"}, Resource: []string{"*"}})
	}
	if f.Vpc.connects() {
		statements = append(statements, vpcStatements()...)
	}
	if g.deadLetterArn != "" {
		action, err := deadLetterAction(g.deadLetterArn)
		if err != nil {
			return nil, err
		}
		statements = append(statements, statement{Effect: "Allow", Action: []string{action}, Resource: []string{g.deadLetterArn}})
	}
	for i, values := range g.values {
		statements = append(statements, f.Statements[i].resolve(values))
	}
	return statements, nil
}

// maxInlinePolicy is the most characters, white space apart, of a role's inline
// policies (IAM user guide, "IAM and AWS STS quotas").
const maxInlinePolicy = 10240

// decryptCondition lets a key decrypt for Parameter Store only, and only the
// parameters that the function may read. Parameter Store gives the parameter's ARN
// as encryption context, whichever action read it (Systems Manager user guide, "AWS
// KMS encryption for AWS Systems Manager Parameter Store SecureString parameters").
func decryptCondition(neighbour string, secretArns, prefixArns []string) (map[string]map[string][]string, error) {
	_, region, _, err := location(neighbour)
	if err != nil {
		return nil, err
	}
	const viaService, parameter = "kms:ViaService", "kms:EncryptionContext:PARAMETER_ARN"
	via := []string{"ssm." + region + ".amazonaws.com"}
	if len(prefixArns) == 0 {
		return map[string]map[string][]string{"StringEquals": {viaService: via, parameter: secretArns}}, nil
	}
	allowed := slices.Clone(secretArns)
	for _, arn := range prefixArns {
		allowed = append(allowed, arn+"/*")
	}
	return map[string]map[string][]string{"StringEquals": {viaService: via}, "StringLike": {parameter: allowed}}, nil
}

// parameterARNs returns the ARNs of SSM parameters or paths, each once.
func parameterARNs(neighbour string, paths []string) ([]string, error) {
	var arns []string
	for _, path := range paths {
		arn, err := parameterARN(neighbour, path)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(arns, arn) {
			arns = append(arns, arn)
		}
	}
	return arns, nil
}

// parameterARN returns the ARN of an SSM parameter in the partition, Region and
// account of another resource. Only one slash stands between "parameter" and
// the parts of its name (Service Authorization Reference, AWS Systems Manager).
func parameterARN(neighbour, path string) (string, error) {
	if err := CheckSecretPath(path); err != nil {
		return "", fmt.Errorf("naming the secret's parameter: %w", err)
	}
	partition, region, account, err := location(neighbour)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("arn:%s:ssm:%s:%s:parameter%s", partition, region, account, path), nil
}

// location returns where the resource with an ARN is.
func location(arn string) (partition, region, account string, err error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 {
		return "", "", "", fmt.Errorf("reading the account of %q: it is not an ARN", arn)
	}
	return parts[1], parts[3], parts[4], nil
}
