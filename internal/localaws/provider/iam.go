package provider

import (
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/localaws/iam"
)

type roleInputs struct {
	Name               string            `json:"name" aws:"replace"`
	AssumeRolePolicy   string            `json:"assumeRolePolicy" aws:"required"`
	Description        string            `json:"description"`
	Path               string            `json:"path" aws:"replace"`
	MaxSessionDuration int               `json:"maxSessionDuration"`
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

func roleOutputs(role iam.Role) map[string]any {
	return map[string]any{
		"arn":                role.ARN,
		"uniqueId":           role.UniqueID,
		"createDate":         role.Created.UTC().Format(time.RFC3339),
		"path":               role.Path,
		"maxSessionDuration": role.MaxSessionDuration,
	}
}

func roleResource() resource {
	return definition[roleInputs]{
		Type: "aws:iam/role:Role",
		// IAM user guide, "IAM and AWS STS quotas": role names have at most 64
		// characters.
		Name: "name", NameLength: 64,
		Computed: []string{"arn", "uniqueId", "createDate"},
		Create: func(s Services, in roleInputs) (string, map[string]any, error) {
			role, err := s.IAM.CreateRole(in.role())
			if err != nil {
				return "", nil, err
			}
			return role.Name, roleOutputs(role), nil
		},
		Exists: func(s Services, id string, _ roleInputs) (bool, error) {
			_, ok := s.IAM.Role(id)
			return ok, nil
		},
		Update: func(s Services, _ string, in roleInputs) (map[string]any, error) {
			role, err := s.IAM.UpdateRole(in.role())
			return roleOutputs(role), err
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
		Name: "name", NameLength: 128,
		Create: func(s Services, in rolePolicyInputs) (string, map[string]any, error) {
			if err := s.IAM.PutRolePolicy(in.Role, in.Name, in.Policy); err != nil {
				return "", nil, err
			}
			return in.Role + ":" + in.Name, nil, nil
		},
		Exists: func(s Services, id string, _ rolePolicyInputs) (bool, error) {
			role, name, _ := strings.Cut(id, ":")
			_, ok := s.IAM.RolePolicy(role, name)
			return ok, nil
		},
		Update: func(s Services, _ string, in rolePolicyInputs) (map[string]any, error) {
			return nil, s.IAM.PutRolePolicy(in.Role, in.Name, in.Policy)
		},
		Delete: func(s Services, _ string, in rolePolicyInputs) error {
			return s.IAM.DeleteRolePolicy(in.Role, in.Name)
		},
	}
}
