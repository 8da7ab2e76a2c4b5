package components

import (
	"encoding/json"
	"errors"
	"fmt"
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
	logGroupArn, apiKeyTableArn, stateTableArn, revocationTableArn, keyArn string
	secretPaths, secretPrefixes                                            []string
	tables                                                                 []tableGrant
	// deadLetterArn is the target of failed asynchronous invocations.
	deadLetterArn string
	// values are those of each of FunctionArgs.Statements.
	values [][]string
}

// functionPolicy returns the function's inline policy as JSON. It allows the
// function to write to its own log streams and to do what its arguments say,
// each on an exact ARN.
func (c *ProtectedHttpApi) functionPolicy(p *plan, f *functionPlan, logGroupArn pulumi.StringOutput) pulumi.StringOutput {
	none := pulumi.String("").ToStringOutput()
	apiKeyTableArn, stateTableArn, revocationTableArn, keyArn := none, none, none, none
	access, tableArns, tableKeys := c.tableGrants(p, f, logGroupArn)
	var secretPaths, secretPrefixes, purposes pulumi.StringArray
	if a := f.authorizer; a != nil {
		own := c.Authorizers[a.name]
		apiKeyTableArn, stateTableArn, revocationTableArn = tableArn(own.ApiKeyTable), tableArn(own.StateTable), tableArn(own.RevocationTable)
		secretPaths, secretPrefixes = a.args.secretPaths(), inputs(a.args.secrets().Prefixes)
		purposes = p.latePurposes()
		if key := a.args.secrets().KmsKeyArn; key != nil {
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
	return pulumi.All(logGroupArn, apiKeyTableArn, stateTableArn, keyArn, secretPaths, secretPrefixes, tableArns, tableKeys, revocationTableArn, deadLetterArn, values, purposes).ApplyT(func(v []any) (string, error) {
		g := grants{
			logGroupArn: v[0].(string), apiKeyTableArn: v[1].(string), stateTableArn: v[2].(string),
			keyArn: v[3].(string), secretPaths: v[4].([]string), secretPrefixes: v[5].([]string),
			revocationTableArn: v[8].(string), deadLetterArn: v[9].(string), values: v[10].([][]string),
		}
		if err := p.checkLatePurposes(v[11].([]string)); err != nil {
			return "", err
		}
		for i, values := range g.values {
			if err := f.args.Statements[i].checkValues(values); err != nil {
				return "", err
			}
		}
		for i, a := range access {
			g.tables = append(g.tables, tableGrant{a, v[6].([]string)[i], v[7].([]string)[i]})
		}
		return marshalPolicy(f.args, g)
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
	secrets, err := g.secretStatements(logGroupArn)
	if err != nil {
		return "", err
	}
	grant([]string{"logs:CreateLogStream", "logs:PutLogEvents"}, logGroupArn+":*")
	statements = append(statements, secrets...)
	grant([]string{"dynamodb:GetItem"}, g.apiKeyTableArn)
	grant([]string{"dynamodb:PutItem", "dynamodb:UpdateItem"}, g.stateTableArn)
	grant([]string{"dynamodb:BatchGetItem"}, g.revocationTableArn)
	for _, table := range g.tables {
		allowed, err := table.statements()
		if err != nil {
			return "", err
		}
		statements = append(statements, allowed...)
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
	for _, access := range f.args.tables() {
		g.tables = append(g.tables, tableGrant{access: access, arn: arn})
	}
	if a := f.authorizer; a != nil {
		for _, list := range []struct {
			paths *[]string
			from  pulumi.StringArray
		}{{&g.secretPaths, a.args.secretPaths()}, {&g.secretPrefixes, inputs(a.args.secrets().Prefixes)}} {
			for _, path := range list.from {
				if path := plain(path); path != "" && !isSecretArn(path) { // whose Region is another here
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
	return fmt.Sprintf("the policy of function %q has %d characters, a role's inline policies may have %d: name fewer resources, secrets by one path in Secrets.Prefixes for instance", e.function, e.length, maxInlinePolicy)
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

// location returns where the resource with an ARN is.
func location(arn string) (partition, region, account string, err error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 {
		return "", "", "", fmt.Errorf("reading the account of %q: it is not an ARN", arn)
	}
	return parts[1], parts[3], parts[4], nil
}
