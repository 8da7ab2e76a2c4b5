package components

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func TestCheckStatements(t *testing.T) {
	t.Parallel()
	const first = createProperty + `.Statements[0]`
	of := func(statements ...StatementArgs) func(*ProtectedHttpApiArgs) {
		return changeCreate(func(f *FunctionArgs) { f.Statements = statements })
	}
	const cure = `: name the resources, or say that it is meant with AllowWildcards`
	const where = `has a wildcard where its service, Region, account or name stands` + cure
	photos := texts("arn:aws:s3:::photos/*")
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"good", of(StatementArgs{Sid: "Photos", Actions: []string{"s3:GetObject"}, Resources: append(photos, pulumi.String("*").ToStringOutput())},
			StatementArgs{Actions: []string{"s3:*", "*"}, Resources: texts("*"), AllowWildcards: true,
				Conditions: []ConditionArgs{{"ForAnyValue:StringLike", "aws:PrincipalOrgPaths", texts("o-1/*")}}}), ""},
		{"empty", of(StatementArgs{}), first + `.Actions: at least one is required
` + first + `.Resources: at least one is required: an ARN, or "*" with AllowWildcards`},
		{"names", of(StatementArgs{Sid: "a-b", Actions: []string{"s3:GetObject"}, Resources: photos}, StatementArgs{Sid: "A", Actions: []string{"s3:GetObject"}, Resources: photos},
			StatementArgs{Sid: "A", Actions: []string{"s3:GetObject"}, Resources: photos}), first + `.Sid: "a-b" has a character other than letters and digits
` + createProperty + `.Statements[2].Sid: "A" occurs twice`},
		{"actions", of(StatementArgs{Actions: []string{"s3:*", "*", "GetObject", "S3:GetObject"}, Resources: photos}),
			first + `.Actions[0]: "s3:*" has a wildcard: name the actions one by one, or say that it is meant with AllowWildcards
` + first + `.Actions[1]: "*" has a wildcard: name the actions one by one, or say that it is meant with AllowWildcards
` + first + `.Actions[2]: "GetObject" is not the name of an action, "s3:GetObject" for instance
` + first + `.Actions[3]: "S3:GetObject" is not the name of an action, "s3:GetObject" for instance`},
		{"resources", of(StatementArgs{Actions: []string{"s3:GetObject"}, Resources: append(texts("*", "photos", "arn:aws:s3:::*", "arn:aws:sqs:*:123456789012:q", "arn:aws:dynamodb:eu-west-1:123456789012:table/*"), nil)}),
			first + `.Resources[0]: "*" is every resource: name them by their ARNs, or say that it is meant with AllowWildcards
` + first + `.Resources[1]: "photos" is not an ARN, "arn:aws:s3:::photos/*" for instance
` + first + `.Resources[2]: "arn:aws:s3:::*" ` + where + `
` + first + `.Resources[3]: "arn:aws:sqs:*:123456789012:q" ` + where + `
` + first + `.Resources[4]: "arn:aws:dynamodb:eu-west-1:123456789012:table/*" ` + where + `
` + first + `.Resources[5]: has no value`},
		{"conditions", of(StatementArgs{Actions: []string{"s3:GetObject"}, Resources: photos, Conditions: []ConditionArgs{{}, {"StringEquals", "s3:prefix", []pulumi.StringInput{nil}}}}),
			first + `.Conditions[0].Operator: "" is not the name of an operator, "StringEquals" for instance
` + first + `.Conditions[0].Key: is required, "s3:prefix" for instance
` + first + `.Conditions[0].Values: at least one is required
` + first + `.Conditions[1].Values[0]: has no value`},
		{"operators", of(StatementArgs{Actions: []string{"s3:ListBucket"}, Resources: photos, Conditions: []ConditionArgs{
			{"StringEqual", "s3:prefix", texts("a")}, {"NullIfExists", "s3:prefix", texts("true")}, {"ForAnyValue:StringNotEqualsIgnoreCaseIfExists", "s3:prefix", texts("a")},
			{"NumericLessThanEquals", "s3:max-keys", texts("10")}, {"DateGreaterThan", "aws:CurrentTime", texts("2026-01-01T00:00:00Z")}, {"NotIpAddress", "aws:SourceIp", texts("10.0.0.0/8")},
			{"ArnLikeIfExists", "aws:SourceArn", texts("a")}, {"Null", "aws:TokenIssueTime", texts("true")}, {"Bool", "aws:SecureTransport", texts("true")},
		}}), first + `.Conditions[0].Operator: "StringEqual" is not the name of an operator, "StringEquals" for instance
` + first + `.Conditions[1].Operator: "NullIfExists" is not the name of an operator, "StringEquals" for instance`},
		{"one condition twice", of(StatementArgs{Actions: []string{"s3:ListBucket"}, Resources: photos, Conditions: []ConditionArgs{
			{"StringLike", "s3:prefix", texts("team/*")}, {"StringEquals", "s3:prefix", texts("team/a")}, {"StringLike", "S3:Prefix", texts("*/public")},
		}}), first + `.Conditions[2]: StringLike of "S3:Prefix" occurs twice, which is one condition to IAM, met by a value of either: keep one of them`},
		{"too much", of(manyStatements(250)), createProperty + `: the policy of function "create-event" has 12660 characters, a role's inline policies may have 10240: name fewer resources, secrets by one path in Secrets.Prefixes for instance`},
	})
}

func manyStatements(n int) StatementArgs {
	s := StatementArgs{Actions: []string{"s3:GetObject"}}
	for i := range n {
		s.Resources = append(s.Resources, pulumi.String(fmt.Sprintf("arn:aws:s3:::photos-of-many-years/%010d/*", i)))
	}
	return s
}

// Statements are in the function's policy, with what is known at deployment only.
func TestStatements(t *testing.T) {
	t.Parallel()
	args := exampleArgs()
	changeCreate(func(f *FunctionArgs) {
		f.TableActions = nil
		f.Statements = []StatementArgs{
			{Sid: "Photos", Actions: []string{"s3:GetObject", "s3:PutObject"}, Resources: []pulumi.StringInput{pulumi.String("arn:aws:s3:::photos/a*").ToStringOutput()}},
			{Actions: []string{"s3:ListBucket"}, Resources: texts("arn:aws:s3:::photos"), Conditions: []ConditionArgs{
				{"StringLike", "s3:prefix", texts("a*", "b*")}, {"StringLike", "aws:userid", texts("x")},
				{"Bool", "aws:SecureTransport", []pulumi.StringInput{pulumi.String("true").ToStringOutput()}},
			}},
		}
	})(args)
	const want = `,{"Sid":"Photos","Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":["arn:aws:s3:::photos/a*"]},` +
		`{"Effect":"Allow","Action":["s3:ListBucket"],"Resource":["arn:aws:s3:::photos"],` +
		`"Condition":{"Bool":{"aws:SecureTransport":["true"]},"StringLike":{"aws:userid":["x"],"s3:prefix":["a*","b*"]}}}]}`
	if policy := mustDeploy(t, args).find(t, "RolePolicy", "events-create-event").Inputs["policy"].StringValue(); !strings.HasSuffix(policy, want) {
		t.Errorf("the policy is\n%s\nwant the end\n%s", policy, want)
	}
}

// A wildcard that shows only at deployment is refused then.
func TestStatementsKnownAtDeployment(t *testing.T) {
	t.Parallel()
	args := exampleArgs()
	changeCreate(func(f *FunctionArgs) {
		f.Statements = []StatementArgs{{Actions: []string{"s3:GetObject"}, Resources: []pulumi.StringInput{pulumi.String("*").ToStringOutput()}}}
	})(args)
	const want = `allowing s3:GetObject: "*" is every resource: name them by their ARNs, or say that it is meant with AllowWildcards`
	if err := deploy(&mocks{}, args, nil); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the error is %v, want %s", err, want)
	}
}

func TestExpandActions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		actions []string
		words   map[string][]string
		want    string
	}{
		{[]string{Read}, tableWords, "BatchGetItem ConditionCheckItem GetItem Query Scan"},
		{[]string{Write}, tableWords, "BatchWriteItem DeleteItem PutItem UpdateItem"},
		{[]string{ReadWrite, "dynamodb:GetItem"}, tableWords, "BatchGetItem BatchWriteItem ConditionCheckItem DeleteItem GetItem PutItem Query Scan UpdateItem"},
		{[]string{"dynamodb:Query", Read}, indexWords, "Query Scan"},
		{[]string{"dynamodb:PutItem", "dynamodb:GetItem"}, tableWords, "GetItem PutItem"},
	} {
		if got := expandActions(test.actions, test.words); !slices.Equal(got, dynamodbActions(strings.Fields(test.want)...)) {
			t.Errorf("%q are %q", test.actions, got)
		}
	}
}

// A wildcard stands behind what says whose part it is.
func TestStatementWildcards(t *testing.T) {
	t.Parallel()
	tests := []struct {
		arn  string
		good bool
	}{
		{"arn:aws:s3:::photos*", true}, {"arn:aws:s3:::photos/*", true}, {"arn:aws:s3:::*/photos", false},
		{"arn:aws:s3:eu-west-1:123456789012:accesspoint/photos/object/*", true}, {"arn:aws:s3:eu-west-1:123456789012:accesspoint/*", false},
		{"arn:aws:sqs:eu-west-1:123456789012:jobs*", true}, {"arn:aws:sqs:eu-west-1:123456789012:*", false}, {"arn:aws:sns:eu-west-1:123456789012:news:*", true},
		{"arn:aws:dynamodb:eu-west-1:123456789012:table/a*", true}, {"arn:aws:dynamodb:eu-west-1:123456789012:table/*", false},
		{"arn:aws:dynamodb:eu-west-1:123456789012:table*", false}, {"arn:aws:dynamodb:eu-west-1:123456789012:t*/a", false},
		{"arn:aws:ssm:eu-west-1:123456789012:parameter/shop/*", true}, {"arn:aws:ssm:eu-west-1:123456789012:parameter*", false},
		{"arn:aws:lambda:eu-west-1:123456789012:function:list:*", true}, {"arn:aws:lambda:eu-west-1:123456789012:function:?*", false},
		{"arn:aws:logs:eu-west-1:123456789012:log-group:/shop/*", true}, {"arn:aws:logs:eu-west-1:123456789012:log-group:/*", false},
		{"arn:aws:apigateway:eu-west-1::/apis/a1b2c3/*", true}, {"arn:aws:apigateway:eu-west-1::/apis/*", false}, {"arn:aws:apigateway:eu-west-1::/*", false},
	}
	for _, test := range tests {
		if err := checkStatementResource(test.arn, false); (err == nil) != test.good {
			t.Errorf("%s: %v", test.arn, err)
		}
		if err := checkStatementResource(test.arn, true); err != nil {
			t.Errorf("%s, meant: %v", test.arn, err)
		}
	}
}
