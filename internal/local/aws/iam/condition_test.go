package iam

import (
	"fmt"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// TestOrderOperators: the numeric and date operators (IAM User Guide,
// "Condition operators"). EpochTime may be compared by both.
func TestOrderOperators(t *testing.T) {
	t.Parallel()
	// For a request value below, at and above the policy's: does it hold?
	holds := map[string][3]bool{
		"Equals":            {false, true, false},
		"NotEquals":         {true, false, true},
		"LessThan":          {true, false, false},
		"LessThanEquals":    {true, true, false},
		"GreaterThan":       {false, false, true},
		"GreaterThanEquals": {false, true, true},
	}
	for _, tc := range []struct {
		kind, key, want string
		got             [3]string
	}{
		{"Numeric", "aws:EpochTime", "1725564788", [3]string{"1725564787", "1725564788.0", "1725564789"}},
		{"Numeric", "aws:EpochTime", "-1.5", [3]string{"-2", "-1.50", "+1"}},
		{"Date", "aws:EpochTime", "1725564788", [3]string{"1725564787", "2024-09-05T19:33:08Z", "2024-09-05T19:33:09Z"}},
		{"Date", "aws:CurrentTime", "2024-09-05T19:33:08Z", [3]string{"2024-09-05T19:33:07Z", "2024-09-05T21:33:08+02:00", "2024-09-05T19:33:08.5Z"}},
		{"Date", "aws:CurrentTime", "2024-09-05T19:33Z", [3]string{"2024-09-05T19:32:59Z", "2024-09-05T19:33:00Z", "2024-09-05T19:33:01Z"}},
		{"Date", "aws:CurrentTime", "2024-09-05", [3]string{"2024-09-04T23:59:59Z", "2024-09-05T00:00:00Z", "2024-09-05T00:00:01Z"}},
		{"Date", "aws:CurrentTime", "2024-09", [3]string{"2024-08-31", "2024-09-01", "2024-09-02"}},
		{"Date", "aws:CurrentTime", "2999-01-01T00:00:00Z", [3]string{"2024-09-05T19:33:08Z", "2999-01-01", "2999-01-02"}},
		{"Date", "aws:CurrentTime", "0001-01-01", [3]string{"-99999999999", "0001-01-01T00:00:00Z", "2024-09-05T19:33:08Z"}},
		{"Date", "aws:CurrentTime", "2024", [3]string{"2023-12-31", "2024-01-01", "2024-01-02"}},
	} {
		for name, want := range holds {
			operator := tc.kind + name
			t.Run(operator+" "+tc.want, func(t *testing.T) {
				t.Parallel()
				p, err := parsePolicy(document(fmt.Sprintf(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{%q:{%q:%q}}}`, operator, tc.key, tc.want)), identityPolicy)
				if err != nil {
					t.Fatal(err)
				}
				c := p.statements[0].conditions[0]
				for i, got := range tc.got {
					if c.holds(Context{c.key: got}, false) != want[i] {
						t.Errorf("%s %s %s: want %t", got, operator, tc.want, want[i])
					}
				}
				// Not of the kind, or not there: only the negated one holds.
				if c.holds(Context{c.key: "x"}, false) != (name == "NotEquals") || c.holds(nil, false) != (name == "NotEquals") {
					t.Errorf("%s holds for a value that cannot be compared, or does not for none", operator)
				}
			})
		}
	}
}

func TestConditionValues(t *testing.T) {
	t.Parallel()
	const m = `MalformedPolicyDocument: Syntax errors in policy: the condition key "aws:EpochTime" of statement 1 must be `
	const number, date, boolean = "a number", "a date such as 2006-01-02T15:04:05Z, or seconds since 1970", `"true" or "false"`
	for _, tc := range []struct{ operator, value, want string }{
		{"NumericLessThan", `"12"`, ""},
		{"NumericLessThanIfExists", `[12, "-1.5"]`, ""},
		{"NumericLessThan", `"ten"`, m + number},
		{"NumericLessThan", `"1e3"`, m + number},
		{"NumericLessThan", `"0x10"`, m + number},
		{"NumericLessThan", `"Inf"`, m + number},
		{"NumericLessThan", `"NaN"`, m + number},
		{"NumericLessThan", `""`, m + number},
		{"NumericLessThan", `["1", "-"]`, m + number},
		{"DateLessThan", `"2024-09-05T19:33:08+02:00"`, ""},
		{"DateLessThan", `1725564788`, ""},
		{"DateLessThan", `"2024-09-05T19:33:08"`, m + date},
		{"DateLessThan", `"yesterday"`, m + date},
		{"DateLessThan", `"2024-13"`, m + date},
		{"Bool", `"TRUE"`, ""},
		{"Bool", `1`, m + boolean},
		{"Null", `"yes"`, m + boolean},
	} {
		t.Run(tc.operator+" "+tc.value, func(t *testing.T) {
			t.Parallel()
			_, err := parsePolicy(document(fmt.Sprintf(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{%q:{"aws:EpochTime":%s}}}`, tc.operator, tc.value)), identityPolicy)
			wantError(t, err, tc.want)
		})
	}
}

// TestUnsupportedConditions: what cannot be evaluated is refused when the
// policy is put, and never ignored.
func TestUnsupportedConditions(t *testing.T) {
	t.Parallel()
	s := New(acct)
	newRole(t, s, "fn")
	for _, tc := range []struct{ name, condition string }{
		{"address", `"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}`},
		{"no address", `"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}`},
		{"binary", `"BinaryEquals":{"aws:userid":"QQ=="}`},
		{"all values", `"ForAllValues:StringEquals":{"aws:userid":"x"}`},
		{"any value", `"ForAnyValue:StringEquals":{"aws:userid":"x"}`},
		{"invented operator", `"StringStartsWith":{"aws:userid":"x"}`},
		{"case of an operator", `"stringEquals":{"aws:userid":"x"}`},
		{"Null if it exists", `"NullIfExists":{"aws:userid":"true"}`},
		{"unknown key", `"StringEquals":{"aws:SourceIp":"10.0.0.1"}`},
		{"key of a service", `"StringEquals":{"dynamodb:LeadingKeys":"x"}`},
		{"policy variable", `"StringEquals":{"aws:userid":"${aws:userid}"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := s.PutRolePolicy("fn", "p", document(`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{`+tc.condition+`}}`))
			if !awserr.Has(err, "MalformedPolicyDocument") {
				t.Errorf("got %v", err)
			}
			if _, ok := s.RolePolicy("fn", "p"); ok {
				t.Error("the policy is there in spite of the error")
			}
		})
	}
}

// TestGlobalKeys: the keys that every request has, by policies that ask for
// them.
func TestGlobalKeys(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 9, 5, 19, 33, 8, 0, time.UTC)
	for _, tc := range []struct {
		name, condition string
		context         Context
		later           time.Duration
		want            bool
	}{
		{"before a date", `"DateLessThan":{"aws:CurrentTime":"2024-09-06"}`, nil, 0, true},
		{"before a date, later", `"DateLessThan":{"aws:CurrentTime":"2024-09-06"}`, nil, 5 * time.Hour, false},
		{"between", `"NumericGreaterThan":{"aws:EpochTime":1725564787},"NumericLessThan":{"aws:EpochTime":1725564789}`, nil, 0, true},
		{"credentials that are not old", `"DateGreaterThan":{"aws:TokenIssueTime":"2024-09-05T19:33:07Z"}`, nil, time.Hour, true},
		{"credentials that are too old", `"DateGreaterThan":{"aws:TokenIssueTime":"2024-09-05T19:33:08Z"}`, nil, time.Hour, false},
		{"user id", `"StringLike":{"aws:userid":"AROA*:fn"}`, nil, 0, true},
		{"principal", `"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::000000000000:role/fn"},"StringEquals":{"aws:PrincipalType":"AssumedRole","aws:PrincipalAccount":"000000000000"}`, nil, 0, true},
		{"session's name is not the principal", `"ArnEquals":{"aws:PrincipalArn":"arn:aws:sts::000000000000:assumed-role/fn/fn"}`, nil, 0, false},
		{"region", `"StringEquals":{"aws:RequestedRegion":"us-east-1"}`, nil, 0, false},
		{"function", `"ArnEquals":{"lambda:SourceFunctionArn":"arn:aws:lambda:eu-central-1:000000000000:function:fn"}`, nil, 0, true},
		{"another function of the role", `"ArnLike":{"lambda:SourceFunctionArn":"arn:aws:lambda:*:*:function:other"}`, nil, 0, false},
		{"called by itself", `"Bool":{"aws:ViaAWSService":"false"}`, nil, 0, true},
		{"called by a service", `"Bool":{"aws:ViaAWSService":"true"}`, Context{"kms:ViaService": "ssm.eu-central-1.amazonaws.com"}, 0, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := New(acct)
			s.now = func() time.Time { return at }
			_, id, err := s.AssumeRole(newRole(t, s, "fn").ARN, "lambda.amazonaws.com", "fn")
			if err != nil {
				t.Fatal(err)
			}
			if err := s.PutRolePolicy("fn", "p", document(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{`+tc.condition+`}}`)); err != nil {
				t.Fatal(err)
			}
			s.now = func() time.Time { return at.Add(tc.later) }
			if err := s.AuthorizeGrant(id, Grant{Action: "kms:Decrypt", Resource: "arn:aws:kms:eu-central-1:000000000000:key/k", Context: tc.context}); (err == nil) != tc.want {
				t.Errorf("got %v, want allowed %t", err, tc.want)
			}
		})
	}
}
