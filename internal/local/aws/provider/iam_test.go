package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// The document of iam.getPolicyDocument is that of AWS's provider.
func TestPolicyDocument(t *testing.T) {
	t.Parallel()
	w, _ := neighbourhood(t)
	statements := func(list ...any) property.Map { return object("statements", list) }
	type m = map[string]any
	tests := []struct {
		name string
		args property.Map
		want string // minified, or the error
	}{
		{"nothing", object(), `{"Version":"2012-10-17"}`},
		{"one of each", statements(m{"sid": "One", "actions": list("s3:GetObject"), "resources": list("arn:aws:s3:::b/*")}),
			`{"Version":"2012-10-17","Statement":[{"Sid":"One","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}`},
		{"several, from the last to the first, each once", statements(m{"actions": list("a:A", "a:C", "a:B", "a:A"), "notResources": list("x", "y"), "effect": "Deny"}),
			`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["a:C","a:B","a:A"],"NotResource":["y","x"]}]}`},
		{"not actions, principals", statements(m{"notActions": list("a:A"), "principals": list(m{"type": "Service", "identifiers": list("lambda.amazonaws.com", "apigateway.amazonaws.com")}, m{"type": "AWS", "identifiers": list("*")})}),
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"a:A","Principal":{"AWS":"*","Service":["lambda.amazonaws.com","apigateway.amazonaws.com"]}}]}`},
		{"everybody", statements(m{"actions": list("a:A"), "principals": list(m{"type": "*", "identifiers": list("*")}), "notPrincipals": list(m{"type": "AWS", "identifiers": list("1")})}),
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"a:A","Principal":"*","NotPrincipal":{"AWS":"1"}}]}`},
		{"conditions, variables", statements(m{"actions": list("a:A"), "resources": list("arn:aws:s3:::&{aws:userid}/*"), "conditions": list(
			m{"test": "StringEquals", "variable": "s3:prefix", "values": list("b", "a")}, m{"test": "StringEquals", "variable": "s3:x", "values": list("&{aws:userid}")}, m{"test": "Bool", "variable": "aws:SecureTransport", "values": list("true")})}),
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"a:A","Resource":"arn:aws:s3:::${aws:userid}/*","Condition":{"Bool":{"aws:SecureTransport":"true"},"StringEquals":{"s3:prefix":["b","a"],"s3:x":"${aws:userid}"}}}]}`},
		{"sources, then statements, then overrides", object(
			"policyId", "id", "version", "2008-10-17",
			"sourcePolicyDocuments", list(`{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":["x:1"],"Resource":"*"},{"Effect":"Allow","Principal":{"AWS":["a","b"]},"Action":"x:2","Condition":{"Bool":{"k":true},"StringLike":{"k":["v"]}}}]}`),
			"statements", list(m{"sid": "A", "actions": list("x:3")}, m{"sid": "B", "actions": list("x:4")}),
			"overridePolicyDocuments", list(`{"Statement":[{"Sid":"B","Effect":"Deny","Action":"x:5","Principal":"*"}]}`)),
			`{"Version":"2012-10-17","Id":"id","Statement":[{"Sid":"A","Effect":"Allow","Action":"x:3"},{"Effect":"Allow","Action":"x:2","Principal":{"AWS":["b","a"]},"Condition":{"Bool":{"k":"true"},"StringLike":{"k":"v"}}},{"Sid":"B","Effect":"Deny","Action":"x:5","Principal":"*"}]}`},
		{"a Sid twice", statements(m{"sid": "A"}, m{"sid": "A"}), "writing IAM Policy Document: duplicate Sid (A). Remove the Sid or ensure the Sid is unique."},
		{"a Sid twice in sources", object("sourcePolicyDocuments", list(`{"Statement":[{"Sid":"A"}]}`, `{"Statement":[{},{"Sid":"A"}]}`)), "writing IAM Policy Document: merging source document 1: duplicate Sid (A) in source_policy_documents (statement 1). Remove the Sid or ensure Sids are unique"},
		{"no Sid", statements(m{"sid": "a-b"}), `writing IAM Policy Document: statement 0: the sid "a-b" must only include alphanumeric characters`},
		{"no effect", statements(m{"effect": "Maybe"}), `writing IAM Policy Document: statement 0: the effect is "Maybe": it is Allow or Deny`},
		{"no version", object("version", "2020-01-01"), `writing IAM Policy Document: the version is "2020-01-01": it is 2012-10-17 or 2008-10-17`},
		{"an old version with variables", object("version", "2008-10-17", "statements", list(m{"resources": list("&{x}")})), "writing IAM Policy Document: statement 0: found &{ sequence in (&{x}), which is not supported in document version 2008-10-17"},
		{"a source that is no JSON", object("sourcePolicyDocuments", list("x")), "writing IAM Policy Document: merging source document 0: invalid character 'x' looking for beginning of value"},
		{"an old property", object("sourceJson", "{}"), "sourceJson is no longer taken by AWS's provider: use sourcePolicyDocuments"},
		{"an unknown property", object("statments", list()), `reading the properties, of which the local AWS supports fewer than AWS: json: unknown field "statments"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			response, err := w.Invoke(t.Context(), invokeRequest("aws:iam/getPolicyDocument:getPolicyDocument", tt.args))
			got := strings.TrimPrefix(fmt.Sprint(err), "invoking aws:iam/getPolicyDocument:getPolicyDocument: ")
			if err == nil {
				got = textOf(response.Return, "minifiedJson")
			}
			if strings.TrimSuffix(got, ".") != strings.TrimSuffix(tt.want, ".") {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if err == nil && (!strings.HasPrefix(textOf(response.Return, "json"), "{\n  \"Version\"") || textOf(response.Return, "id") == "") {
				t.Errorf("the answer is %v", response.Return)
			}
		})
	}
}

// A role has just the policies of its managedPolicyArns; left out, those of others.
func TestManagedPoliciesOfRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	policy := w.create(policyType, object("name", "mine", "policy", allow))
	role := w.create(roleType, object("name", "r", "assumeRolePolicy", trust, "managedPolicyArns", list(policy.id, basicARN)))
	other := role.inputs.Set("managedPolicyArns", property.New([]property.Value{property.New(policy.id)}))
	w.update(role, other)
	if got := w.IAM.AttachedPolicies("r"); len(got) != 1 || got[0] != policy.id {
		t.Errorf("attached are %q", got)
	}
	role = w.refresh(thing{roleType, role.id, other, role.states.Set("managedPolicyArns", other.Get("managedPolicyArns"))})
	if err := w.remove(policy); err == nil || err.Error() != `deleting aws:iam/policy:Policy "x": DeleteConflict: Cannot delete a policy attached to entities.; cure: detach it from the role "r" before` {
		t.Errorf("the error is %v", err)
	}
	if err := w.remove(role); err != nil {
		t.Error(err)
	}
	if err := w.remove(policy); err != nil {
		t.Error(err)
	}
	// An attachment of its own beside a role that says nothing of policies.
	role = w.create(roleType, object("name", "r", "assumeRolePolicy", trust))
	attached := w.create(attachmentType, object("role", "r", "policyArn", basicARN))
	if is := w.refresh(role); is.inputs.Len() != 2 || is.states.Get("managedPolicyArns").AsArray().Len() != 1 {
		t.Errorf("the role is %v", is)
	}
	if err := w.remove(role); err == nil || err.Error() != `deleting aws:iam/role:Role "x": DeleteConflict: Cannot delete entity, must detach all policies first.` {
		t.Errorf("the error is %v", err)
	}
	if err := w.remove(attached); err != nil {
		t.Error(err)
	}
	// With forceDetachPolicies a role takes all of its policies with it.
	w.create(rolePolicyType, object("name", "inline", "role", "r", "policy", allow))
	w.create(attachmentType, object("role", "r", "policyArn", basicARN))
	role.inputs = role.inputs.Set("forceDetachPolicies", property.New(true))
	if err := w.remove(role); err != nil {
		t.Error(err)
	}
	w.create(roleType, object("name", "r", "assumeRolePolicy", trust))
	_, err := w.Create(t.Context(), createRequest(attachmentType, object("role", "r", "policyArn", "arn:aws:iam::aws:policy/AdministratorAccess")))
	if err == nil || !strings.HasPrefix(err.Error(), `creating aws:iam/rolePolicyAttachment:RolePolicyAttachment "x": the local AWS does not support the policy arn:aws:iam::aws:policy/AdministratorAccess of AWS: use one of AWSXRayDaemonWriteAccess, `) {
		t.Errorf("the error is %v", err)
	}
}

func TestIAMLookUps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(policyType, object("name", "mine", "policy", allow))
	w.create(roleType, object("name", "r", "assumeRolePolicy", trust))
	for _, tt := range []struct {
		token     string
		args      property.Map
		key, want string
	}{
		{"aws:iam/getRole:getRole", object("name", "r"), "arn", "arn:aws:iam::000000000000:role/r"},
		{"aws:iam/getPolicy:getPolicy", object("name", "mine"), "policy", allow},
		{"aws:iam/getPolicy:getPolicy", object("arn", basicARN), "name", "AWSLambdaBasicExecutionRole"},
		{"aws:iam/getPolicy:getPolicy", object("name", "AmazonSSMReadOnlyAccess"), "arn", "arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess"},
	} {
		response, err := w.Invoke(t.Context(), invokeRequest(tt.token, tt.args))
		if err != nil || textOf(response.Return, tt.key) != tt.want {
			t.Errorf("%s: %v, %v", tt.token, response.Return, err)
		}
	}
	for token, want := range map[string]string{
		"aws:iam/getRole:getRole":     "invoking aws:iam/getRole:getRole: reading IAM Role (none): couldn't find resource: the local AWS has the roles that the program itself deploys",
		"aws:iam/getPolicy:getPolicy": "invoking aws:iam/getPolicy:getPolicy: reading IAM Policy (arn:aws:iam::aws:policy/none): couldn't find resource: the local AWS has those of the program and those of AWS that docs/fidelity.md names",
	} {
		if _, err := w.Invoke(t.Context(), invokeRequest(token, object("name", "none"))); fmt.Sprint(err) != want {
			t.Errorf("%s: %v", token, err)
		}
	}
}
