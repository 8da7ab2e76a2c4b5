package provider

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
)

type roleInputs struct {
	Name               string            `json:"name" aws:"replace"`
	AssumeRolePolicy   string            `json:"assumeRolePolicy" aws:"required"`
	Description        string            `json:"description"`
	Path               string            `json:"path" aws:"replace"`
	MaxSessionDuration int               `json:"maxSessionDuration" aws:"positive"`
	Tags               map[string]string `json:"tags"`
}

func (in roleInputs) role() iam.Role {
	return iam.Role{
		Name:               in.Name,
		Path:               in.Path,
		AssumeRolePolicy:   in.AssumeRolePolicy,
		Description:        in.Description,
		MaxSessionDuration: in.MaxSessionDuration,
		Tags:               in.Tags,
	}
}

func (roleInputs) of(role iam.Role) roleInputs {
	return roleInputs{
		Name:               role.Name,
		AssumeRolePolicy:   role.AssumeRolePolicy,
		Description:        role.Description,
		Path:               role.Path,
		MaxSessionDuration: role.MaxSessionDuration,
		Tags:               role.Tags,
	}
}

// roleOutputs are what AWS computes of a role. AWS's provider counts its inline
// policies among it, those of other resources too: they show with the first
// refresh, since a role has none when it is created.
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
			"name": "unknown", "description": nil, "maxSessionDuration": nil, "path": nil, "tags": nil,
			"assumeRolePolicy": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}}`,
		},
		Create: func(s Services, in roleInputs) (string, map[string]any, error) {
			role, err := s.IAM.CreateRole(in.role())
			if err != nil {
				return "", nil, err
			}
			return role.Name, roleOutputs(s, role), nil
		},
		Read: func(s Services, id string, in roleInputs) (roleInputs, map[string]any, bool, error) {
			role, ok := s.IAM.Role(id)
			return in.of(role), roleOutputs(s, role), ok, nil
		},
		Update: func(s Services, _ string, _, in roleInputs) (map[string]any, error) {
			role, err := s.IAM.UpdateRole(in.role())
			return roleOutputs(s, role), err
		},
		Delete: func(s Services, id string, _ roleInputs) error { return s.IAM.DeleteRole(id) },
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
