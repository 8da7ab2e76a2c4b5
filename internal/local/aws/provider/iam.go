package provider

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
)

type roleInputs struct {
	Name               string            `json:"name" aws:"replace"`
	AssumeRolePolicy   string            `json:"assumeRolePolicy" aws:"required"`
	Description        string            `json:"description"`
	Path               string            `json:"path" aws:"replace"`
	MaxSessionDuration int               `json:"maxSessionDuration" aws:"positive"`
	Tags               map[string]string `json:"tags"`

	ForceDetachPolicies bool     `json:"forceDetachPolicies"`
	ManagedPolicyARNs   []string `json:"managedPolicyArns" aws:"computed,set"`
	PermissionsBoundary string   `json:"permissionsBoundary"`
}

func (in roleInputs) role() iam.Role {
	return iam.Role{
		Name:               in.Name,
		Path:               in.Path,
		AssumeRolePolicy:   in.AssumeRolePolicy,
		Description:        in.Description,
		MaxSessionDuration: in.MaxSessionDuration,
		Tags:               in.Tags,

		PermissionsBoundary: in.PermissionsBoundary,
	}
}

func (in roleInputs) of(role iam.Role) roleInputs {
	return roleInputs{
		Name:               role.Name,
		AssumeRolePolicy:   role.AssumeRolePolicy,
		Description:        role.Description,
		Path:               role.Path,
		MaxSessionDuration: role.MaxSessionDuration,
		Tags:               role.Tags,

		ForceDetachPolicies: in.ForceDetachPolicies,
		ManagedPolicyARNs:   in.ManagedPolicyARNs,
		PermissionsBoundary: role.PermissionsBoundary,
	}
}

// setPolicies gives a role just these managed policies.
func (in roleInputs) setPolicies(s Services) error {
	for _, arn := range s.IAM.AttachedPolicies(in.Name) {
		if !slices.Contains(in.ManagedPolicyARNs, arn) {
			if err := s.IAM.DetachRolePolicy(in.Name, arn); err != nil {
				return err
			}
		}
	}
	for _, arn := range in.ManagedPolicyARNs {
		if err := s.IAM.AttachRolePolicy(in.Name, arn); err != nil {
			return err
		}
	}
	return nil
}

// deleteRole deletes a role. AWS's provider detaches before what the role has by its
// managedPolicyArns, and all of its policies where the program says so.
func deleteRole(s Services, name string, in roleInputs) error {
	if in.ForceDetachPolicies {
		for policy := range s.IAM.RolePolicies(name) {
			if err := s.IAM.DeleteRolePolicy(name, policy); err != nil {
				return err
			}
		}
	}
	if in.ForceDetachPolicies || len(in.ManagedPolicyARNs) > 0 {
		if err := (roleInputs{Name: name}).setPolicies(s); err != nil {
			return err
		}
	}
	return s.IAM.DeleteRole(name)
}

// roleOutputs are what AWS computes of a role. AWS's provider counts its policies
// among it, those of other resources too: they show with the first refresh, since a
// role has none when it is created.
func roleOutputs(s Services, role iam.Role) map[string]any {
	outputs := map[string]any{
		"arn":                role.ARN,
		"uniqueId":           role.UniqueID,
		"createDate":         role.Created.UTC().Format(time.RFC3339),
		"path":               role.Path,
		"maxSessionDuration": role.MaxSessionDuration,
	}
	policies := []any{}
	documents := s.IAM.RolePolicies(role.Name)
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		policies = append(policies, map[string]any{"name": name, "policy": documents[name]})
	}
	if len(policies) > 0 {
		outputs["inlinePolicies"] = policies
	}
	if attached := s.IAM.AttachedPolicies(role.Name); len(attached) > 0 {
		outputs["managedPolicyArns"] = anys(attached)
	}
	return outputs
}

func roleResource() resource {
	return definition[roleInputs]{
		Type: "aws:iam/role:Role",
		// IAM user guide, "IAM and AWS STS quotas": role names have at most 64
		// characters.
		Name: "name", NameLength: 64,
		Computed: []string{"arn", "uniqueId", "createDate"},
		Validate: func(in roleInputs) (roleInputs, error) {
			role, err := iam.ValidateRole(in.role())
			return in.of(role), err
		},
		Placeholders: map[string]any{
			"forceDetachPolicies": nil, "managedPolicyArns": nil, "permissionsBoundary": nil,
			"name": "unknown", "description": nil, "maxSessionDuration": nil, "path": nil, "tags": nil,
			"assumeRolePolicy": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}}`,
		},
		Create: func(s Services, in roleInputs) (string, map[string]any, error) {
			role, err := s.IAM.CreateRole(in.role())
			if err == nil {
				err = in.setPolicies(s)
			}
			return role.Name, roleOutputs(s, role), err
		},
		Read: func(s Services, id string, in roleInputs) (roleInputs, map[string]any, bool, error) {
			role, ok := s.IAM.Role(id)
			in.ManagedPolicyARNs = s.IAM.AttachedPolicies(id)
			return in.of(role), roleOutputs(s, role), ok, nil
		},
		Update: func(s Services, _ string, _, in roleInputs) (map[string]any, error) {
			role, err := s.IAM.UpdateRole(in.role())
			if err == nil && in.ManagedPolicyARNs != nil {
				err = in.setPolicies(s)
			}
			return roleOutputs(s, role), err
		},
		Delete: deleteRole,
	}
}

type rolePolicyInputs struct {
	Name   string `json:"name" aws:"replace"`
	Role   string `json:"role" aws:"required,replace"`
	Policy string `json:"policy" aws:"required"`
}

func rolePolicyResource() resource {
	return definition[rolePolicyInputs]{
		Type: "aws:iam/rolePolicy:RolePolicy",
		// IAM API reference, PutRolePolicy: PolicyName has at most 128 characters.
		Name: "name", NameLength: defaultNameLength,
		Validate: func(in rolePolicyInputs) (rolePolicyInputs, error) {
			return in, iam.ValidateRolePolicy(in.Role, in.Name, in.Policy)
		},
		Placeholders: map[string]any{
			"name": "unknown", "role": "unknown",
			"policy": `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`,
		},
		Create: func(s Services, in rolePolicyInputs) (string, map[string]any, error) {
			if err := s.IAM.PutRolePolicy(in.Role, in.Name, in.Policy); err != nil {
				return "", nil, err
			}
			return in.Role + ":" + in.Name, nil, nil
		},
		Read: func(s Services, id string, _ rolePolicyInputs) (rolePolicyInputs, map[string]any, bool, error) {
			role, name, _ := strings.Cut(id, ":")
			document, ok := s.IAM.RolePolicy(role, name)
			return rolePolicyInputs{Name: name, Role: role, Policy: document}, nil, ok, nil
		},
		Import: func(importID string) (string, rolePolicyInputs, error) {
			_, _, err := splitImport(importID, ":", "role_name:role_policy_name")
			return importID, rolePolicyInputs{}, err
		},
		Update: func(s Services, _ string, _, in rolePolicyInputs) (map[string]any, error) {
			return nil, s.IAM.PutRolePolicy(in.Role, in.Name, in.Policy)
		},
		Delete: func(s Services, _ string, in rolePolicyInputs) error {
			return s.IAM.DeleteRolePolicy(in.Role, in.Name)
		},
	}
}

type attachmentInputs struct {
	Role      string `json:"role" aws:"required,replace"`
	PolicyARN string `json:"policyArn" aws:"required,replace"`
}

// AWS changes nothing of an attachment in place.
func rolePolicyAttachmentResource() resource {
	return definition[attachmentInputs]{
		Type:         "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
		Validate:     func(in attachmentInputs) (attachmentInputs, error) { return in, nil },
		Placeholders: map[string]any{"role": "unknown", "policyArn": "unknown"},
		Create: func(s Services, in attachmentInputs) (string, map[string]any, error) {
			return in.Role + "/" + in.PolicyARN, nil, s.IAM.AttachRolePolicy(in.Role, in.PolicyARN)
		},
		Read: func(s Services, id string, _ attachmentInputs) (attachmentInputs, map[string]any, bool, error) {
			role, arn, _ := strings.Cut(id, "/")
			return attachmentInputs{Role: role, PolicyARN: arn}, nil, slices.Contains(s.IAM.AttachedPolicies(role), arn), nil
		},
		Import: func(importID string) (string, attachmentInputs, error) {
			role, arn, _ := strings.Cut(importID, "/")
			if role == "" || !strings.HasPrefix(arn, "arn:") {
				return "", attachmentInputs{}, fmt.Errorf("the import ID %q is not of the form role_name/policy_arn", importID)
			}
			return importID, attachmentInputs{}, nil
		},
		Delete: func(s Services, _ string, in attachmentInputs) error {
			return s.IAM.DetachRolePolicy(in.Role, in.PolicyARN)
		},
	}
}

type policyInputs struct {
	Name        string            `json:"name" aws:"replace"`
	Path        string            `json:"path" aws:"replace"`
	Description string            `json:"description" aws:"replace"`
	Policy      string            `json:"policy" aws:"required"`
	Tags        map[string]string `json:"tags"`
}

func (in policyInputs) policy() iam.ManagedPolicy {
	return iam.ManagedPolicy{Name: in.Name, Path: in.Path, Description: in.Description, Document: in.Policy, Tags: in.Tags}
}

func (policyInputs) of(p iam.ManagedPolicy) policyInputs {
	return policyInputs{Name: p.Name, Path: p.Path, Description: p.Description, Policy: p.Document, Tags: p.Tags}
}

func policyOutputs(p iam.ManagedPolicy) map[string]any {
	return map[string]any{"arn": p.ARN, "policyId": p.ID, "path": p.Path, "attachmentCount": p.Attachments}
}

func policyResource() resource {
	return definition[policyInputs]{
		Type: "aws:iam/policy:Policy",
		// IAM API reference, CreatePolicy: PolicyName has at most 128 characters.
		Name: "name", NameLength: defaultNameLength,
		Computed: []string{"arn", "policyId"},
		Validate: func(in policyInputs) (policyInputs, error) {
			p, err := iam.ValidatePolicy(in.policy())
			return in.of(p), err
		},
		Placeholders: map[string]any{
			"name": "unknown", "path": nil, "description": nil, "tags": nil,
			"policy": `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`,
		},
		Create: func(s Services, in policyInputs) (string, map[string]any, error) {
			p, err := s.IAM.CreatePolicy(in.policy())
			return p.ARN, policyOutputs(p), err
		},
		Read: func(s Services, id string, in policyInputs) (policyInputs, map[string]any, bool, error) {
			p, ok := s.IAM.Policy(id)
			return in.of(p), policyOutputs(p), ok, nil
		},
		Update: func(s Services, id string, _, in policyInputs) (map[string]any, error) {
			p, err := s.IAM.UpdatePolicy(id, in.Policy, in.Tags)
			return policyOutputs(p), err
		},
		Delete: func(s Services, id string, _ policyInputs) error { return s.IAM.DeletePolicy(id) },
	}
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, text := range list {
		out[i] = text
	}
	return out
}

// foundRole finds a role, in the words of AWS's provider where there is none.
func foundRole(s Services, args property.Map) (property.Map, error) {
	role, ok := s.IAM.Role(textOf(args, "name"))
	if !ok {
		return property.Map{}, fmt.Errorf("reading IAM Role (%s): couldn't find resource: the local AWS has the roles that the program itself deploys", textOf(args, "name"))
	}
	return results(map[string]any{
		"id": role.Name, "name": role.Name, "arn": role.ARN, "path": role.Path, "uniqueId": role.UniqueID, "description": role.Description,
		"assumeRolePolicy": role.AssumeRolePolicy, "createDate": role.Created.UTC().Format(time.RFC3339),
		"maxSessionDuration": role.MaxSessionDuration, "permissionsBoundary": role.PermissionsBoundary,
	}), nil
}

// foundPolicy finds a managed policy by its ARN or name, one of AWS's too.
func foundPolicy(s Services, args property.Map) (property.Map, error) {
	arn := textOf(args, "arn")
	if name := textOf(args, "name"); arn == "" {
		arn = s.Account.GlobalARN("iam", "policy"+cmp.Or(textOf(args, "pathPrefix"), "/")+name)
		if _, ok := s.IAM.Policy(arn); !ok {
			arn = "arn:" + s.Account.Partition + ":iam::aws:policy/" + name
		}
	}
	p, ok := s.IAM.Policy(arn)
	if !ok {
		return property.Map{}, fmt.Errorf("reading IAM Policy (%s): couldn't find resource: the local AWS has those of the program and those of AWS that docs/fidelity.md names", arn)
	}
	result := policyOutputs(p)
	maps.Copy(result, map[string]any{"id": p.ARN, "name": p.Name, "description": p.Description, "policy": p.Document})
	return results(result), nil
}
