package iam

import (
	"errors"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

func document(statements string) string {
	return `{"Version":"2012-10-17","Statement":[` + statements + `]}`
}

func TestParsePolicy(t *testing.T) {
	t.Parallel()
	const m = "MalformedPolicyDocument: "
	const ok = `"Effect":"Allow","Action":"ssm:GetParameter","Resource":"*"`
	for _, tc := range []struct {
		name, document, want string
		kind                 policyKind
	}{
		{"simple", document(`{` + ok + `}`), "", identityPolicy},
		{"one statement without a list", `{"Version":"2012-10-17","Id":"x","Statement":{` + ok + `,"Sid":"A1"}}`, "", identityPolicy},
		{"lists", document(`{"Effect":"Deny","NotAction":["a:b","c:d*"],"NotResource":["arn:aws:s3:::x","arn:aws:sqs:*"]}`), "", identityPolicy},
		{"condition", document(`{` + ok + `,"Condition":{"StringEqualsIfExists":{"aws:RequestedRegion":["a","b"]},"Bool":{"aws:SecureTransport":true}}}`), "", identityPolicy},
		{"trust", document(`{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com"],"AWS":"1"},"Action":"sts:AssumeRole"}`), "", trustPolicy},
		{"old trust", `{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:*"}]}`, "", trustPolicy},

		{"empty", "", "ValidationError: a policy document must have 1 to 131072 characters", identityPolicy},
		{"not JSON", "{", m + "This policy contains invalid Json: byte 1: unexpected end of JSON input", identityPolicy},
		{"text after", document(`{`+ok+`}`) + "x", m + "This policy contains invalid Json: byte 101: invalid character 'x' after top-level value", identityPolicy},
		{"a list", "[]", m + "This policy contains invalid Json: the policy must be an object", identityPolicy},
		{"deep", strings.Repeat(`{"a":`, 20) + "1" + strings.Repeat("}", 20), m + "This policy contains invalid Json: nested too deeply", identityPolicy},
		{"member twice", `{"Version":"2012-10-17","Version":"2012-10-17"}`, m + `Syntax errors in policy: "Version" stands twice: keep one`, identityPolicy},
		{"character", document(`{"Sid":"→"}`), "ValidationError: The specified value for policyDocument is invalid. It must contain only printable ASCII characters: the character at byte 46 is another one", identityPolicy},
		{"no version", `{"Statement":[{` + ok + `}]}`, m + `Policy document must be version 2012-10-17 or greater: set "Version": "2012-10-17"`, identityPolicy},
		{"old version", `{"Version":"2008-10-17","Statement":[{` + ok + `}]}`, m + `Policy document must be version 2012-10-17 or greater: set "Version": "2012-10-17"`, identityPolicy},
		{"unknown member", `{"Version":"2012-10-17","Statements":[]}`, m + `Syntax errors in policy: "Statements" is not a member of a policy: write "Statement"`, identityPolicy},
		{"no statement", document(``), m + `Syntax errors in policy: "Statement" must be a statement or a list of at least one`, identityPolicy},
		{"statement is text", document(`"x"`), m + `Syntax errors in policy: statement 1 must be an object`, identityPolicy},
		{"lower case", document(`{"effect":"Allow"}`), m + `Syntax errors in policy: "effect" is not a member of statement 1: write "Effect"`, identityPolicy},
		{"actions", document(`{` + ok + `},{"Effect":"Allow","Actions":"a:b"}`), m + `Syntax errors in policy: "Actions" is not a member of statement 2: write "Action"`, identityPolicy},
		{"other member", document(`{"Foo":"Allow"}`), m + `Syntax errors in policy: "Foo" is not a member of statement 1: use only Sid, Effect, Principal, NotPrincipal, Action, NotAction, Resource, NotResource, Condition`, identityPolicy},
		{"effect", document(`{"Effect":"allow","Action":"a:b","Resource":"*"}`), m + `Syntax errors in policy: the "Effect" of statement 1 must be "Allow" or "Deny"`, identityPolicy},
		{"no action", document(`{"Effect":"Allow","Resource":"*"}`), m + `Policy statement must contain actions: add "Action" to statement 1`, identityPolicy},
		{"empty action", document(`{"Effect":"Allow","Action":[],"Resource":"*"}`), m + `Policy statement must contain actions: add "Action" to statement 1`, identityPolicy},
		{"both actions", document(`{"Effect":"Allow","Action":"a:b","NotAction":"a:b","Resource":"*"}`), m + `Syntax errors in policy: statement 1 has both "Action" and "NotAction": keep one`, identityPolicy},
		{"action is a number", document(`{"Effect":"Allow","Action":[1],"Resource":"*"}`), m + `Syntax errors in policy: the "Action" of statement 1 must be a string or a list of strings`, identityPolicy},
		{"no vendor", document(`{"Effect":"Allow","Action":"GetParameter","Resource":"*"}`), m + `Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.: "GetParameter" in statement 1`, identityPolicy},
		{"wildcard vendor", document(`{"Effect":"Allow","Action":"s*:Get","Resource":"*"}`), m + `Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.: "s*:Get" in statement 1`, identityPolicy},
		{"no resource", document(`{"Effect":"Allow","Action":"a:b"}`), m + `Policy statement must contain resources: add "Resource" to statement 1`, identityPolicy},
		{"no ARN", document(`{"Effect":"Allow","Action":"a:b","Resource":"events"}`), m + `Resource events must be in ARN format or "*": statement 1`, identityPolicy},
		{"short ARN", document(`{"Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:x"}`), m + `Resource arn:aws:s3:x must be in ARN format or "*": statement 1`, identityPolicy},
		{"variable", document(`{"Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:::${aws:username}"}`), m + `policy variables are not supported by the local AWS: write out the value instead of "arn:aws:s3:::${aws:username}" in statement 1`, identityPolicy},
		{"principal", document(`{` + ok + `,"Principal":"*"}`), m + `Policy document should not specify a principal: remove "Principal" from statement 1`, identityPolicy},
		{"sid", document(`{` + ok + `,"Sid":"a b"}`), m + `Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*: statement 1`, identityPolicy},
		{"sid twice", document(`{` + ok + `,"Sid":"A"},{` + ok + `,"Sid":"A"}`), m + `Statement IDs (SID) in a single policy must be unique: statement 2 repeats "A"`, identityPolicy},
		{"operator", document(`{` + ok + `,"Condition":{"IpAddress":{"aws:SourceIp":"1.2.3.4"}}}`), m + `the condition operator "IpAddress" in statement 1 is not supported by the local AWS: use one of ArnEquals, ArnLike, ArnNotEquals, ArnNotLike, Bool, DateEquals, DateGreaterThan, DateGreaterThanEquals, DateLessThan, DateLessThanEquals, DateNotEquals, Null, NumericEquals, NumericGreaterThan, NumericGreaterThanEquals, NumericLessThan, NumericLessThanEquals, NumericNotEquals, StringEquals, StringEqualsIgnoreCase, StringLike, StringNotEquals, StringNotEqualsIgnoreCase, StringNotLike`, identityPolicy},
		{"condition key", document(`{` + ok + `,"Condition":{"StringEquals":{"dynamodb:LeadingKeys":"x"}}}`), m + `the condition key "dynamodb:LeadingKeys" in statement 1 is not supported by the local AWS: use one of aws:CurrentTime, aws:EpochTime, aws:PrincipalAccount, aws:PrincipalArn, aws:PrincipalType, aws:RequestedRegion, aws:ResourceAccount, aws:SecureTransport, aws:SourceAccount, aws:TokenIssueTime, aws:ViaAWSService, aws:userid, kms:EncryptionContext:PARAMETER_ARN, kms:EncryptionContext:SecretARN, kms:EncryptionContext:aws:dynamodb:subscriberId, kms:EncryptionContext:aws:dynamodb:tableName, kms:ViaService, lambda:SourceFunctionArn`, identityPolicy},
		{"condition value", document(`{` + ok + `,"Condition":{"StringEquals":{"aws:PrincipalArn":{}}}}`), m + `Syntax errors in policy: the condition key "aws:PrincipalArn" of statement 1 must have a string or a list of strings`, identityPolicy},
		{"no condition value", document(`{` + ok + `,"Condition":{"StringEquals":{"aws:PrincipalArn":[]}}}`), m + `Syntax errors in policy: the condition key "aws:PrincipalArn" of statement 1 has no value`, identityPolicy},
		{"bool", document(`{` + ok + `,"Condition":{"Bool":{"aws:SecureTransport":"yes"}}}`), m + `Syntax errors in policy: the condition key "aws:SecureTransport" of statement 1 must be "true" or "false"`, identityPolicy},

		{"trust with resource", document(`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}`), m + `Has prohibited field Resource: remove "Resource" from statement 1 of the trust policy`, trustPolicy},
		{"trust without principal", document(`{"Effect":"Allow","Action":"sts:AssumeRole"}`), m + `Syntax errors in policy: add "Principal": {"Service": "lambda.amazonaws.com"} or the like to statement 1 of the trust policy`, trustPolicy},
		{"trust action", document(`{"Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunction"}`), m + `AssumeRole policy may only specify STS AssumeRole actions: "lambda:InvokeFunction" in statement 1`, trustPolicy},
		{"service", document(`{"Effect":"Allow","Principal":{"Service":"lambda"},"Action":"sts:AssumeRole"}`), m + `Invalid principal in policy: "SERVICE":"lambda" in statement 1`, trustPolicy},
		{"services", document(`{"Effect":"Allow","Principal":{"Services":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}`), m + `Syntax errors in policy: "Services" is not a member of "Principal" of statement 1: write "Service"`, trustPolicy},
		{"not principal", document(`{"Effect":"Deny","NotPrincipal":"*","Action":"sts:AssumeRole"}`), m + `AssumeRole policy must not have "NotPrincipal": name the principals in statement 1`, trustPolicy},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := parsePolicy(tc.document, tc.kind)
			if got := errorText(err); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	const table = "arn:aws:dynamodb:eu-central-1:000000000000:table/events"
	for _, tc := range []struct {
		name, statements, action, resource string
		context                            Context
		want                               verdict
	}{
		{"nothing says anything", `{"Effect":"Allow","Action":"ssm:GetParameter","Resource":"*"}`, "dynamodb:GetItem", table, nil, undecided},
		{"exact", `{"Effect":"Allow","Action":"dynamodb:GetItem","Resource":"` + table + `"}`, "dynamodb:GetItem", table, nil, allowed},
		{"actions in any case", `{"Effect":"Allow","Action":"DynamoDB:getitem","Resource":"*"}`, "dynamodb:GetItem", table, nil, allowed},
		{"resources in their case", `{"Effect":"Allow","Action":"dynamodb:*","Resource":"` + strings.ToUpper(table[:3]) + `x"}`, "", "", nil, -1},
		{"resource case", `{"Effect":"Allow","Action":"dynamodb:*","Resource":"arn:aws:dynamodb:*:*:table/Events"}`, "dynamodb:GetItem", table, nil, undecided},
		{"action wildcards", `{"Effect":"Allow","Action":"dynamodb:G?tI*m","Resource":"*"}`, "dynamodb:GetItem", table, nil, allowed},
		{"? is one character", `{"Effect":"Allow","Action":"dynamodb:Get?Item","Resource":"*"}`, "dynamodb:GetItem", table, nil, undecided},
		{"star", `{"Effect":"Allow","Action":"*","Resource":"*"}`, "dynamodb:GetItem", table, nil, allowed},
		{"resource wildcard", `{"Effect":"Allow","Action":"dynamodb:Query","Resource":"arn:aws:dynamodb:*:000000000000:table/e*/index/*"}`, "dynamodb:Query", table + "/index/by-time", nil, allowed},
		{"the table is not its index", `{"Effect":"Allow","Action":"dynamodb:Query","Resource":"` + table + `"}`, "dynamodb:Query", table + "/index/by-time", nil, undecided},
		{"deny beats allow", `{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"dynamodb:Delete*","Resource":"*"}`, "dynamodb:DeleteItem", table, nil, denied},
		{"deny first", `{"Effect":"Deny","Action":"dynamodb:Delete*","Resource":"*"},{"Effect":"Allow","Action":"*","Resource":"*"}`, "dynamodb:DeleteItem", table, nil, denied},
		{"not action", `{"Effect":"Allow","NotAction":["iam:*","dynamodb:Delete*"],"Resource":"*"}`, "dynamodb:GetItem", table, nil, allowed},
		{"not action matched", `{"Effect":"Allow","NotAction":["iam:*","dynamodb:Delete*"],"Resource":"*"}`, "dynamodb:DeleteItem", table, nil, undecided},
		{"not resource", `{"Effect":"Deny","Action":"*","NotResource":"arn:aws:s3:::x"}`, "dynamodb:GetItem", table, nil, denied},
		{"not resource matched", `{"Effect":"Allow","Action":"*","NotResource":"` + table + `*"}`, "dynamodb:GetItem", table, nil, undecided},
		{"condition holds", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"KMS:viaservice":["x","ssm"]}}}`, "kms:Decrypt", "k", Context{"kms:viaservice": "ssm"}, allowed},
		{"condition fails", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"x"}}}`, "kms:Decrypt", "k", Context{"kms:viaservice": "ssm"}, undecided},
		{"all conditions", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringLike":{"kms:ViaService":"s*"},"Bool":{"aws:SecureTransport":"false"}}}`, "a:b", "k", Context{"kms:viaservice": "ssm", "aws:securetransport": "true"}, undecided},
		{"key missing", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"x"}}}`, "a:b", "k", nil, undecided},
		{"key missing, negated", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"kms:ViaService":"x"}}}`, "a:b", "k", nil, allowed},
		{"negated matches", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"kms:ViaService":["a","x"]}}}`, "a:b", "k", Context{"kms:viaservice": "x"}, undecided},
		{"if exists", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEqualsIfExists":{"kms:ViaService":"x"}}}`, "a:b", "k", nil, allowed},
		{"ignore case", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEqualsIgnoreCase":{"kms:ViaService":"SSM"}}}`, "a:b", "k", Context{"kms:viaservice": "ssm"}, allowed},
		{"null", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Null":{"kms:ViaService":"true"}}}`, "a:b", "k", nil, allowed},
		{"not null", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Null":{"kms:ViaService":false}}}`, "a:b", "k", nil, undecided},
		{"arn", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/f*"}}}`, "a:b", "k", Context{"aws:principalarn": "arn:aws:iam::1:role/fn"}, allowed},
		{"arn parts", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:*:role/fn"}}}`, "a:b", "k", Context{"aws:principalarn": "arn:aws:iam::1:role/fn"}, undecided},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, err := parsePolicy(document(tc.statements), identityPolicy)
			if tc.want < 0 {
				if err == nil {
					t.Error("the document was taken")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := p.evaluate(query{action: tc.action, resource: tc.resource, context: tc.context}); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add(document(`{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"Null":{"kms:ViaService":"true"}}}`))
	f.Add(document(`{"Effect":"Deny","NotAction":["a:*"],"NotResource":"arn:aws:s3:::*"}`))
	f.Add(`{"Version":"2012-10-17","Version":"x"}`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []policyKind{identityPolicy, trustPolicy} {
			p, err := parsePolicy(text, kind)
			if err == nil {
				p.evaluate(query{action: "a:b", resource: "arn:aws:s3:::x", principal: "lambda.amazonaws.com"})
				continue
			}
			var api *awserr.Error
			if !errors.As(err, &api) {
				t.Errorf("not an error of AWS: %v", err)
			}
		}
	})
}

// Of what is not known all must be allowed, and nothing denied.
func TestUnknownGrants(t *testing.T) {
	t.Parallel()
	const all = `{"Effect":"Allow","Action":"*","Resource":"*"},`
	for _, tt := range []struct {
		statements, action string
		want               bool
	}{
		{`{"Effect":"Allow","Action":"ses:*","Resource":"*"}`, "ses:*", true},
		{`{"Effect":"Allow","Action":"SES:*","Resource":"*"}`, "ses:SendEmail", true},
		{`{"Effect":"Allow","Action":"*","Resource":"*"}`, "ses:*", true},
		{`{"Effect":"Allow","Action":"ses:Send*","Resource":"*"}`, "ses:*", false},
		{`{"Effect":"Allow","NotAction":"ses:DeleteIdentity","Resource":"*"}`, "ses:*", false},
		{`{"Effect":"Allow","Action":"ses:*","Resource":"arn:aws:ses:*:*:identity/*"}`, "ses:SendEmail", false},
		{`{"Effect":"Allow","Action":"ses:*","NotResource":"arn:aws:ses:*:*:identity/*"}`, "ses:SendEmail", false},
		{all + `{"Effect":"Deny","Action":"ses:DeleteIdentity","Resource":"*"}`, "ses:*", false},
		{all + `{"Effect":"Deny","Action":"ses:DeleteIdentity","Resource":"*"}`, "ses:SendEmail", true},
		{all + `{"Effect":"Deny","Action":"ses:D*","Resource":"*"}`, "ses:*", false},
		{all + `{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::b"}`, "ses:SendEmail", false},
		{all + `{"Effect":"Deny","Action":"s3:*","Resource":"*"}`, "ses:*", true},
		{all + `{"Effect":"Deny","NotAction":"s3:*","Resource":"*"}`, "ses:*", false},
	} {
		s := New(acct)
		r := newRole(t, s, "fn")
		if err := s.PutRolePolicy("fn", "p", document(tt.statements)); err != nil {
			t.Fatal(err)
		}
		_, id, err := s.AssumeRole(r.ARN, "lambda.amazonaws.com", "fn")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.AuthorizeGrant(id, Grant{Action: tt.action, Resource: "*", Unknown: true}); (err == nil) != tt.want {
			t.Errorf("%s: %s: %v", tt.statements, tt.action, err)
		}
	}
}
