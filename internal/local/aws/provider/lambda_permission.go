package provider

import (
	"fmt"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

// AWS changes nothing of a permission in place.
type permissionInputs struct {
	StatementID   string `json:"statementId" aws:"replace"`
	Function      string `json:"function" aws:"required,replace"`
	Action        string `json:"action" aws:"required,replace"`
	Principal     string `json:"principal" aws:"required,replace"`
	SourceARN     string `json:"sourceArn" aws:"replace"`
	SourceAccount string `json:"sourceAccount" aws:"replace"`
	Qualifier     string `json:"qualifier" aws:"replace"`
}

func (in permissionInputs) permission() lambda.Permission {
	return lambda.Permission{
		StatementID:   in.StatementID,
		Action:        in.Action,
		Principal:     in.Principal,
		SourceARN:     in.SourceARN,
		SourceAccount: in.SourceAccount,
	}
}

func (in permissionInputs) with(permission lambda.Permission) permissionInputs {
	return permissionInputs{
		StatementID:   permission.StatementID,
		Function:      in.Function,
		Action:        permission.Action,
		Principal:     permission.Principal,
		SourceARN:     permission.SourceARN,
		SourceAccount: permission.SourceAccount,
	}
}

func permissionResource() resource {
	return definition[permissionInputs]{
		Type: "aws:lambda/permission:Permission",
		// Lambda API reference, AddPermission: 1 to 100 characters.
		Name: "statementId", NameLength: 100,
		Validate: func(in permissionInputs) (permissionInputs, error) {
			if in.Qualifier != "" {
				return in, fmt.Errorf("the qualifier is %q, but the functions of the local AWS have no versions and aliases: leave it out", in.Qualifier)
			}
			return in, lambda.ValidatePermission(in.permission())
		},
		Placeholders: map[string]any{
			"statementId": "unknown", "function": "unknown", "action": "lambda:InvokeFunction", "principal": "unknown",
			"sourceArn": nil, "sourceAccount": nil, "qualifier": nil,
		},
		Create: func(s Services, in permissionInputs) (string, map[string]any, error) {
			return in.StatementID, nil, s.Lambda.AddPermission(in.Function, in.permission())
		},
		Read: func(s Services, id string, in permissionInputs) (permissionInputs, map[string]any, bool, error) {
			permission, ok := s.Lambda.Permission(in.Function, id)
			return in.with(permission), nil, ok, nil
		},
		Import: func(importID string) (string, permissionInputs, error) {
			function, statement, err := splitImport(importID, "/", "function_name/statement_id")
			if strings.Contains(function, ":") {
				err = fmt.Errorf("importing %q: the functions of the local AWS have no versions and aliases: leave the qualifier out", importID)
			}
			return statement, permissionInputs{Function: function}, err
		},
		Delete: func(s Services, id string, in permissionInputs) error {
			return s.Lambda.RemovePermission(in.Function, id)
		},
	}
}
