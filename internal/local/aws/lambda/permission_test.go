package lambda

import (
	"errors"
	"fmt"
	"regexp"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

const api = "arn:aws:execute-api:eu-central-1:000000000000:abc123"

func TestPermission(t *testing.T) {
	t.Parallel()
	gateway := Caller{Service: "apigateway.amazonaws.com", SourceARN: api + "/$default/GET/events/7"}
	tests := []struct {
		name       string
		permission Permission
		want       bool
	}{
		{"any source", Permission{Principal: "apigateway.amazonaws.com"}, true},
		{"any principal", Permission{Principal: "*"}, true},
		{"other principal", Permission{Principal: "s3.amazonaws.com"}, false},
		{"all actions", Permission{Action: "lambda:*", Principal: "apigateway.amazonaws.com"}, true},
		{"other action", Permission{Action: "lambda:GetFunction", Principal: "apigateway.amazonaws.com"}, false},
		{"API", Permission{Principal: "apigateway.amazonaws.com", SourceARN: api + "/*/*"}, true},
		{"route", Permission{Principal: "apigateway.amazonaws.com", SourceARN: api + "/*/GET/events/*"}, true},
		{"other route", Permission{Principal: "apigateway.amazonaws.com", SourceARN: api + "/*/POST/events/*"}, false},
		{"authorizer", Permission{Principal: "apigateway.amazonaws.com", SourceARN: api + "/authorizers/x"}, false},
		{"account", Permission{Principal: "apigateway.amazonaws.com", SourceAccount: "000000000000"}, true},
		{"other account", Permission{Principal: "apigateway.amazonaws.com", SourceAccount: "111111111111"}, false},
	}
	f := newFixture(t)
	for i, tt := range tests {
		name := fmt.Sprintf("fn%d", i)
		if _, err := f.CreateFunction(t.Context(), f.function(func(fn *Function) {
			fn.Name, fn.Code = name, script(t, "#!/bin/sh\nexit 1\n")
		})); err != nil {
			t.Fatal(err)
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.permission.StatementID = "s"
			if tt.permission.Action == "" {
				tt.permission.Action = "lambda:InvokeFunction"
			}
			if err := f.AddPermission(name, tt.permission); err != nil {
				t.Fatal(err)
			}
			_, err := f.Invoke(t.Context(), InvokeInput{Function: name, Caller: gateway})
			if got := !awserr.Has(err, awserr.AccessDenied); got != tt.want {
				t.Errorf("allowed: %v, want %v (%v)", got, tt.want, err)
			}
			// The developer needs no permission.
			if _, err := f.Invoke(t.Context(), InvokeInput{Function: name}); err != nil {
				t.Errorf("the developer: %v", err)
			}
		})
	}
}

func TestPermissionErrors(t *testing.T) {
	t.Parallel()
	good := Permission{StatementID: "s", Action: "lambda:InvokeFunction", Principal: "apigateway.amazonaws.com", SourceARN: api + "/*/*"}
	change := func(f func(*Permission)) Permission {
		p := good
		f(&p)
		return p
	}
	tests := []struct {
		name string
		p    Permission
		want string
	}{
		{"same id", good, "ResourceConflictException: The statement id (s) provided already exists. Please provide a new statement id, or remove the existing statement."},
		{"statement id", change(func(p *Permission) { p.StatementID = "a b" }), `ValidationException: 1 validation error detected: Value 'a b' at 'statementId' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9\-_]{1,100}`},
		{"action", change(func(p *Permission) { p.Action = "InvokeFunction" }), `ValidationException: 1 validation error detected: Value 'InvokeFunction' at 'action' failed to satisfy constraint: Member must satisfy regular expression pattern: (lambda:\*|lambda:[a-zA-Z]+|\*)`},
		{"principal", change(func(p *Permission) { p.Principal = "" }), `ValidationException: 1 validation error detected: Value '' at 'principal' failed to satisfy constraint: Member must satisfy regular expression pattern: [^\s]+`},
		{"account", change(func(p *Permission) { p.SourceAccount = "me" }), `ValidationException: 1 validation error detected: Value 'me' at 'sourceAccount' failed to satisfy constraint: Member must satisfy regular expression pattern: \d{12}`},
		{"wildcard in the account", change(func(p *Permission) { p.SourceARN = "arn:aws:execute-api:eu-central-1:*:abc" }), `ValidationException: 1 validation error detected: Value 'arn:aws:execute-api:eu-central-1:*:abc' at 'sourceArn' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}(-gov)?(-iso[a-z]?)?-[a-z]+-\d{1})?:(\d{12})?:(.*)`},
	}
	f := newFixture(t)
	f.create()
	if err := f.AddPermission("fn", good); err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := f.AddPermission("fn", tt.p); err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestRemovePermission(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	arn := f.create().ARN
	p := Permission{StatementID: "s", Action: "lambda:InvokeFunction", Principal: "apigateway.amazonaws.com"}
	if err := f.AddPermission(arn, p); err != nil {
		t.Fatal(err)
	}
	if got, ok := f.Permission("fn", "s"); !ok || got != p {
		t.Errorf("Permission = %+v, %v", got, ok)
	}
	if err := f.RemovePermission("fn", "s"); err != nil {
		t.Fatal(err)
	}
	if _, ok := f.Permission("fn", "s"); ok {
		t.Error("the statement is still there")
	}
	for want, err := range map[string]error{
		"ResourceNotFoundException: Statement s is not found in resource policy.":                                         f.RemovePermission("fn", "s"),
		"ResourceNotFoundException: Function not found: arn:aws:lambda:eu-central-1:000000000000:function:nope":           f.RemovePermission("nope", "s"),
		"ResourceNotFoundException: Function not found: arn:aws:lambda:eu-central-1:000000000000:function:none":           f.AddPermission("none", p),
		"ResourceNotFoundException: Function not found: arn:aws:lambda:eu-central-1:000000000000:function:fn-that-is-not": f.DeleteFunction("fn-that-is-not"),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestPolicyLimit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create()
	for i := range 100 {
		err := f.AddPermission("fn", Permission{
			StatementID: fmt.Sprintf("route-%d", i), Action: "lambda:InvokeFunction", Principal: "apigateway.amazonaws.com",
			SourceARN: fmt.Sprintf("%s/*/GET/a/path/of/usual/length/%d", api, i),
		})
		if err == nil {
			continue
		}
		var refused *awserr.Error
		if !errors.As(err, &refused) || refused.Code != "PolicyLengthExceededException" ||
			!regexp.MustCompile(`^The final policy size \(20[4-9]\d\d\) is bigger than the limit \(20480\)\.$`).MatchString(refused.Message) {
			t.Errorf("statement %d: %v", i, err)
		}
		if i < 50 {
			t.Errorf("only %d statements fit", i)
		}
		if _, ok := f.Permission("fn", fmt.Sprintf("route-%d", i)); ok {
			t.Error("the statement was added all the same")
		}
		return
	}
	t.Error("100 statements fit")
}
