package iam

import (
	"errors"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

var acct = account.Account{ID: "000000000000", Region: "eu-central-1", Partition: "aws"}

const lambdaTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

func newRole(t *testing.T, s *Service, name string) Role {
	t.Helper()
	r, err := s.CreateRole(Role{Name: name, AssumeRolePolicy: lambdaTrust, Tags: map[string]string{"k": "v"}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if errorText(err) != want {
		t.Errorf("got error\n%v\nwant\n%s", err, want)
	}
}

func TestRoleLifecycle(t *testing.T) {
	t.Parallel()
	s := New(acct)
	made := newRole(t, s, "Fn")
	if made.ARN != "arn:aws:iam::000000000000:role/Fn" || made.Path != "/" || made.MaxSessionDuration != 3600 || len(made.UniqueID) != 21 || !strings.HasPrefix(made.UniqueID, "AROA") || made.Created.IsZero() {
		t.Errorf("got %+v", made)
	}
	_, err := s.CreateRole(Role{Name: "fn", AssumeRolePolicy: lambdaTrust})
	wantError(t, err, "EntityAlreadyExists: Role with name fn already exists.")

	made.Tags["k"] = "changed outside"
	if r, ok := s.Role("Fn"); !ok || r.Tags["k"] != "v" {
		t.Errorf("got %+v, %t", r, ok)
	}
	updated, err := s.UpdateRole(Role{Name: "Fn", AssumeRolePolicy: lambdaTrust, Description: "d", MaxSessionDuration: 7200})
	if err != nil || updated.Description != "d" || updated.MaxSessionDuration != 7200 || updated.UniqueID != made.UniqueID {
		t.Errorf("got %+v, %v", updated, err)
	}
	_, err = s.UpdateRole(Role{Name: "Fn", AssumeRolePolicy: lambdaTrust, Path: "/other/"})
	wantError(t, err, `ValidationError: the path of role "Fn" cannot be changed from "/" to "/other/": replace the role`)

	doc := document(`{"Effect":"Allow","Action":"a:b","Resource":"*"}`)
	if err := s.PutRolePolicy("Fn", "p", doc); err != nil {
		t.Fatal(err)
	}
	if got, ok := s.RolePolicy("Fn", "p"); !ok || got != doc {
		t.Errorf("got %q", got)
	}
	wantError(t, s.DeleteRole("Fn"), "DeleteConflict: Cannot delete entity, must delete policies first.")
	wantError(t, s.DeleteRolePolicy("Fn", "q"), "NoSuchEntity: The role policy with name q cannot be found.")
	if err := errors.Join(s.DeleteRolePolicy("Fn", "p"), s.DeleteRole("Fn")); err != nil {
		t.Fatal(err)
	}
	wantError(t, s.DeleteRole("Fn"), "NoSuchEntity: The role with name Fn cannot be found.")
	wantError(t, s.PutRolePolicy("Fn", "p", doc), "NoSuchEntity: The role with name Fn cannot be found.")
	if _, ok := s.RolePolicy("Fn", "p"); ok {
		t.Error("the policy of a deleted role is still there")
	}
}

func TestRoleErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		role Role
		want string
	}{
		{"name", Role{Name: "a b"}, `ValidationError: the role name "a b" must be 1 to 64 characters long and match [\w+=,.@-]+`},
		{"long name", Role{Name: strings.Repeat("a", 65)}, `ValidationError: the role name "` + strings.Repeat("a", 65) + `" must be 1 to 64 characters long and match [\w+=,.@-]+`},
		{"path", Role{Name: "r", Path: "x"}, `ValidationError: the path "x" of role "r" must begin and end with / and have at most 512 characters`},
		{"duration", Role{Name: "r", MaxSessionDuration: 60}, `ValidationError: the maximum session duration 60 of role "r" must be 3600 to 43200 seconds`},
		{"description", Role{Name: "r", Description: "→"}, `ValidationError: the description of role "r" must have at most 1000 characters of Latin-1`},
		{"tag", Role{Name: "r", Tags: map[string]string{"aws:x": ""}}, `ValidationError: the tag "aws:x" of role "r" must have a key of 1 to 128 characters, not beginning with aws:, and a value of at most 256`},
		{"no trust policy", Role{Name: "r"}, `ValidationError: a policy document must have 1 to 131072 characters`},
		{"long trust policy", Role{Name: "r", AssumeRolePolicy: strings.Replace(lambdaTrust, `"Effect"`, `"Sid":"`+strings.Repeat("a", 2048)+`","Effect"`, 1)}, `LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := New(acct).CreateRole(tc.role)
			wantError(t, err, tc.want)
		})
	}
}

// TestPolicySize: white space does not count, all policies of a role do.
func TestPolicySize(t *testing.T) {
	t.Parallel()
	s := New(acct)
	newRole(t, s, "fn")
	sized := func(n int) string {
		d := document(`{"Sid":"","Effect":"Allow","Action":"a:b","Resource":"*"}`)
		return strings.Replace(d, `"Sid":"`, strings.Repeat(" \n", 9000)+`"Sid":"`+strings.Repeat("a", n-len(d)), 1)
	}
	if err := errors.Join(s.PutRolePolicy("fn", "a", sized(5000)), s.PutRolePolicy("fn", "b", sized(5240))); err != nil {
		t.Fatal(err)
	}
	wantError(t, s.PutRolePolicy("fn", "b", sized(5241)), "LimitExceeded: Maximum policy size of 10240 bytes exceeded for role fn")
	wantError(t, s.PutRolePolicy("fn", "a b", sized(100)), `ValidationError: the policy name "a b" must be 1 to 128 characters long and match [\w+=,.@-]+`)
}

func TestAssumeRole(t *testing.T) {
	t.Parallel()
	s := New(acct)
	for name, trust := range map[string]string{
		"plain":     lambdaTrust,
		"other":     strings.Replace(lambdaTrust, "lambda.", "edgelambda.", 1),
		"denied":    strings.Replace(lambdaTrust, `[{`, `[{"Effect":"Deny","Principal":"*","Action":"sts:*"},{`, 1),
		"everyone":  `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}`,
		"tag":       strings.Replace(lambdaTrust, "sts:AssumeRole", "sts:TagSession", 1),
		"account":   strings.Replace(lambdaTrust, `"Action"`, `"Condition":{"StringEquals":{"aws:SourceAccount":"000000000000"}},"Action"`, 1),
		"stranger":  strings.Replace(lambdaTrust, `"Action"`, `"Condition":{"StringEquals":{"aws:SourceAccount":"111111111111"}},"Action"`, 1),
		"with-path": lambdaTrust,
	} {
		path := ""
		if name == "with-path" {
			path = "/a/b/"
		}
		if _, err := s.CreateRole(Role{Name: name, Path: path, AssumeRolePolicy: trust}); err != nil {
			t.Fatal(name, err)
		}
	}
	const nobody = "AccessDenied: User: lambda.amazonaws.com is not authorized to perform: sts:AssumeRole because no role trust policy allows the sts:AssumeRole action"
	for _, tc := range []struct{ role, session, want string }{
		{"plain", "fn", ""},
		{"a/b/with-path", "fn", ""},
		{"account", "fn", ""},
		{"with-path", "fn", nobody},
		{"other", "fn", nobody},
		{"everyone", "fn", nobody},
		{"tag", "fn", nobody},
		{"stranger", "fn", nobody},
		{"missing", "fn", nobody},
		{"denied", "fn", "AccessDenied: User: lambda.amazonaws.com is not authorized to perform: sts:AssumeRole with an explicit deny in the role trust policy"},
		{"plain", "f n", `ValidationError: the session name "f n" must be 1 to 64 characters long and match [\w+=,.@-]+`},
	} {
		creds, id, err := s.AssumeRole("arn:aws:iam::000000000000:role/"+tc.role, "lambda.amazonaws.com", tc.session)
		wantError(t, err, tc.want)
		if err != nil {
			if creds != (Credentials{}) {
				t.Errorf("%s: credentials in spite of the error", tc.role)
			}
			continue
		}
		name := tc.role[strings.LastIndex(tc.role, "/")+1:]
		if id.ARN != "arn:aws:sts::000000000000:assumed-role/"+name+"/fn" || id.Role != name || id.Root() {
			t.Errorf("got %+v", id)
		}
		if !strings.HasPrefix(creds.AccessKeyID, "ASIA") || len(creds.AccessKeyID) != 20 || len(creds.SecretAccessKey) != 40 || creds.SessionToken == "" {
			t.Errorf("%s: odd credentials", tc.role)
		}
	}
	_, _, err := s.AssumeRole("arn:aws:iam::000000000000:role/other", "lambda.amazonaws.com", "fn")
	if awserr.CureOf(err) != `allow sts:AssumeRole to the principal {"Service": "lambda.amazonaws.com"} in the trust policy of arn:aws:iam::000000000000:role/other` {
		t.Errorf("got %v", err)
	}
}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	s := New(acct)
	r := newRole(t, s, "fn")
	_, id, err := s.AssumeRole(r.ARN, "lambda.amazonaws.com", "fn")
	if err != nil {
		t.Fatal(err)
	}
	const user = "AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/fn/fn is not authorized to perform: ssm:GetParameter on resource: "
	const arn = "arn:aws:ssm:eu-central-1:000000000000:parameter/x"
	wantError(t, s.Authorize(id, "ssm:GetParameter", arn), user+arn+" because no identity-based policy allows the ssm:GetParameter action")
	if err := s.PutRolePolicy("fn", "allow", document(`{"Effect":"Allow","Action":"ssm:*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-central-1","aws:PrincipalArn":"`+r.ARN+`"},"Bool":{"aws:SecureTransport":"true"}}}`)); err != nil {
		t.Fatal(err)
	}
	wantError(t, s.Authorize(id, "ssm:GetParameter", arn), "")
	// A Deny of one policy beats the Allow of another.
	if err := s.PutRolePolicy("fn", "deny", document(`{"Effect":"Deny","Action":"ssm:GetP*","Resource":"*"}`)); err != nil {
		t.Fatal(err)
	}
	err = s.Authorize(id, "ssm:GetParameter", arn)
	wantError(t, err, user+arn+" with an explicit deny in an identity-based policy")
	if !awserr.Has(err, awserr.AccessDenied) || awserr.CureOf(err) != `remove the Deny statement that matches ssm:GetParameter on `+arn+` from the role "fn"` {
		t.Errorf("got %v", err)
	}
	wantError(t, s.Authorize(Identity{ARN: "arn:aws:iam::000000000000:root"}, "ssm:GetParameter", arn), "")
	if err := errors.Join(s.DeleteRolePolicy("fn", "deny"), s.DeleteRolePolicy("fn", "allow"), s.DeleteRole("fn")); err != nil {
		t.Fatal(err)
	}
	wantError(t, s.Authorize(id, "ssm:GetParameter", arn), user+arn+" because no identity-based policy allows the ssm:GetParameter action")
}
