package iam

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

func managedARN(name string) string { return "arn:aws:iam::aws:policy/" + name }

// AWS's own policies can be read, and are found by the ARNs that programs write.
func TestAWSManagedPolicies(t *testing.T) {
	t.Parallel()
	s := New(acct)
	newRole(t, s, "fn")
	names := awsManagedNames()
	if len(names) != 11 {
		t.Errorf("there are %d: %q", len(names), names)
	}
	for _, name := range names {
		p, ok := s.Policy(managedARN(name))
		if err := s.AttachRolePolicy("fn", managedARN(name)); !ok || p.Name != name[strings.LastIndex(name, "/")+1:] || err != nil {
			if !awserr.Has(err, "LimitExceeded") {
				t.Errorf("%s: %+v, %v", name, p, err)
			}
		}
	}
	wantError(t, s.AttachRolePolicy("fn", managedARN("AdministratorAccess")), "the local AWS does not support the policy arn:aws:iam::aws:policy/AdministratorAccess of AWS: use one of "+strings.Join(names, ", ")+", or an aws:iam/policy:Policy with its document")
	wantError(t, s.AttachRolePolicy("fn", managedARN("../validate.go")), "the local AWS does not support the policy arn:aws:iam::aws:policy/../validate.go of AWS: use one of "+strings.Join(names, ", ")+", or an aws:iam/policy:Policy with its document")
	wantError(t, s.AttachRolePolicy("fn", "arn:aws:iam::000000000000:policy/none"), "NoSuchEntity: Policy arn:aws:iam::000000000000:policy/none does not exist or is not attachable.")
	wantError(t, s.AttachRolePolicy("nobody", managedARN(names[0])), "NoSuchEntity: The role with name nobody cannot be found.")
}

func TestManagedPolicyLifecycle(t *testing.T) {
	t.Parallel()
	s := New(acct)
	newRole(t, s, "fn")
	doc := document(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`)
	made, err := s.CreatePolicy(ManagedPolicy{Name: "P", Document: doc})
	if err != nil || made.ARN != "arn:aws:iam::000000000000:policy/P" || !strings.HasPrefix(made.ID, "ANPA") || made.Path != "/" {
		t.Fatalf("%+v, %v", made, err)
	}
	for _, tt := range []struct {
		in   ManagedPolicy
		want string
	}{
		{ManagedPolicy{Name: "p", Document: doc}, "EntityAlreadyExists: A policy called p already exists. Duplicate names are not allowed."},
		{ManagedPolicy{Name: "a b", Document: doc}, `ValidationError: the policy name "a b" must be 1 to 128 characters long and match [\w+=,.@-]+`},
		{ManagedPolicy{Name: "q", Path: "x", Document: doc}, `ValidationError: the path "x" of policy "q" must begin and end with / and have at most 512 characters`},
		{ManagedPolicy{Name: "q", Document: doc, Tags: map[string]string{"aws:x": ""}}, `ValidationError: the tag "aws:x" of policy "q" must have a key of 1 to 128 characters, not beginning with aws:, and a value of at most 256`},
		{ManagedPolicy{Name: "q", Document: document(`{"Effect":"Allow","Action":"a:b","Resource":"` + strings.Repeat("arn:aws:s3:::", 500) + `"}`)}, "LimitExceeded: Cannot exceed quota for PolicySize: 6144"},
	} {
		_, err := s.CreatePolicy(tt.in)
		wantError(t, err, tt.want)
	}
	for range 2 { // once more is no mistake
		if err := s.AttachRolePolicy("fn", made.ARN); err != nil {
			t.Fatal(err)
		}
	}
	if p, _ := s.Policy(made.ARN); p.Attachments != 1 {
		t.Errorf("attached %d times", p.Attachments)
	}
	wantError(t, s.DeleteRole("fn"), "DeleteConflict: Cannot delete entity, must detach all policies first.")
	wantError(t, s.DeletePolicy(made.ARN), "DeleteConflict: Cannot delete a policy attached to entities.")
	if err := errors.Join(s.DetachRolePolicy("fn", made.ARN), s.DeletePolicy(made.ARN), s.DeleteRole("fn")); err != nil {
		t.Fatal(err)
	}
	wantError(t, s.DeletePolicy(made.ARN), "NoSuchEntity: Policy arn:aws:iam::000000000000:policy/P was not found.")
	_, err = s.UpdatePolicy(made.ARN, doc, nil)
	wantError(t, err, "NoSuchEntity: Policy arn:aws:iam::000000000000:policy/P was not found.")
	_, err = s.CreateRole(Role{Name: "r", AssumeRolePolicy: lambdaTrust, PermissionsBoundary: made.ARN})
	wantError(t, err, "NoSuchEntity: Scope ARN: arn:aws:iam::000000000000:policy/P does not exist or is not attachable.")
}

func TestPoliciesPerRole(t *testing.T) {
	t.Parallel()
	s := New(acct)
	newRole(t, s, "fn")
	var err error
	for i := 0; i < 11 && err == nil; i++ {
		var p ManagedPolicy
		if p, err = s.CreatePolicy(ManagedPolicy{Name: fmt.Sprint("p", i), Document: document(`{"Effect":"Allow","Action":"a:b","Resource":"*"}`)}); err == nil {
			err = s.AttachRolePolicy("fn", p.ARN)
		}
	}
	wantError(t, err, "LimitExceeded: Cannot exceed quota for PoliciesPerRole: 10")
}

// What a role may do is what its policies allow, inline or managed, within the
// boundary, which allows nothing by itself.
func TestManagedPoliciesDecide(t *testing.T) {
	t.Parallel()
	const (
		who      = "AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/fn/fn is not authorized to perform: "
		get      = `{"Effect":"Allow","Action":"dynamodb:GetItem","Resource":"*"}`
		all      = `{"Effect":"Allow","Action":"dynamodb:*","Resource":"*"}`
		notGet   = `{"Effect":"Deny","Action":"dynamodb:GetItem","Resource":"*"}`
		table    = "arn:aws:dynamodb:eu-central-1:000000000000:table/t"
		resource = " on resource: " + table + " "
	)
	tests := []struct {
		name                    string
		inline, attached, bound string
		action                  string
		err, cure               string
		thenBound               string // the boundary's document after an update
	}{
		{name: "attached", attached: get, action: "GetItem"},
		{name: "attached does not allow all", attached: get, action: "PutItem", err: who + "dynamodb:PutItem" + resource + "because no identity-based policy allows the dynamodb:PutItem action", cure: "allow dynamodb:PutItem on " + table + ` in a policy of the role "fn"`},
		{name: "attached denies", inline: get, attached: notGet, action: "GetItem", err: who + "dynamodb:GetItem" + resource + "with an explicit deny in an identity-based policy", cure: "remove the Deny statement that matches dynamodb:GetItem on " + table + ` from the role "fn"`},
		{name: "within the boundary", inline: all, bound: get, action: "GetItem"},
		{name: "beyond the boundary", inline: all, bound: get, action: "PutItem", err: who + "dynamodb:PutItem" + resource + "because no permissions boundary allows the dynamodb:PutItem action", cure: "allow dynamodb:PutItem on " + table + ` in the permissions boundary of the role "fn" too`},
		{name: "a boundary alone", bound: get, action: "GetItem", err: who + "dynamodb:GetItem" + resource + "because no identity-based policy allows the dynamodb:GetItem action", cure: "allow dynamodb:GetItem on " + table + ` in a policy of the role "fn"`},
		{name: "a boundary denies", inline: all, bound: all + "," + notGet, action: "GetItem", err: who + "dynamodb:GetItem" + resource + "with an explicit deny in a permissions boundary", cure: "remove the Deny statement that matches dynamodb:GetItem on " + table + ` from the permissions boundary of the role "fn"`},
		{name: "a boundary that changed", inline: all, bound: get, action: "PutItem", thenBound: all},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := New(acct)
			r := Role{Name: "fn", AssumeRolePolicy: lambdaTrust}
			var errs []error
			policy := func(name, statements string) ManagedPolicy {
				p, err := s.CreatePolicy(ManagedPolicy{Name: name, Document: document(statements)})
				errs = append(errs, err)
				return p
			}
			if tt.bound != "" {
				r.PermissionsBoundary = policy("bound", tt.bound).ARN
			}
			made, err := s.CreateRole(r)
			errs = append(errs, err)
			if tt.inline != "" {
				errs = append(errs, s.PutRolePolicy("fn", "p", document(tt.inline)))
			}
			if tt.attached != "" {
				errs = append(errs, s.AttachRolePolicy("fn", policy("attached", tt.attached).ARN))
			}
			_, id, err := s.AssumeRole(made.ARN, "lambda.amazonaws.com", "fn")
			if err := errors.Join(append(errs, err)...); err != nil {
				t.Fatal(err)
			}
			if tt.thenBound != "" {
				if _, err := s.UpdatePolicy(r.PermissionsBoundary, document(tt.thenBound), nil); err != nil {
					t.Fatal(err)
				}
			}
			err = s.Authorize(id, "dynamodb:"+tt.action, table)
			wantError(t, err, tt.err)
			if awserr.CureOf(err) != tt.cure {
				t.Errorf("the cure is %q, want %q", awserr.CureOf(err), tt.cure)
			}
			if r.PermissionsBoundary != "" {
				wantError(t, s.DeletePolicy(r.PermissionsBoundary), "DeleteConflict: Cannot delete a policy attached to entities.")
			}
		})
	}
}

// Keys of services that are not here are taken. Of what the request does not tell,
// nothing is allowed, and all is denied.
func TestForeignConditionKeys(t *testing.T) {
	t.Parallel()
	const allowAll = `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`
	for _, tt := range []struct {
		name, statements string
		context          Context
		want             bool
	}{
		{"told, as wanted", `{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringLike":{"s3:prefix":"a/*"}}}`, Context{"s3:prefix": "a/b"}, true},
		{"told, another", `{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringLike":{"s3:prefix":"a/*"}}}`, Context{"s3:prefix": "b"}, false},
		{"not told, allowing", `{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"s3:x-amz-acl":"public-read"}}}`, nil, false},
		{"not told, denying", allowAll + `,{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"s3:authType":"REST-QUERY-STRING"}}}`, nil, false},
		{"told, not denying", allowAll + `,{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"s3:prefix":"secret"}}}`, Context{"s3:prefix": "a"}, true},
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
		err = s.AuthorizeGrant(id, Grant{Action: "s3:ListBucket", Resource: "arn:aws:s3:::b", Context: tt.context})
		if (err == nil) != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
