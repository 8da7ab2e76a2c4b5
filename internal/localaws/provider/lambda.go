package provider

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	p "github.com/pulumi/pulumi-go-provider"

	"github.com/protected-http-api/protected-http-api/internal/localaws/lambda"
)

type functionInputs struct {
	Name                         string            `json:"name" aws:"replace"`
	Description                  string            `json:"description"`
	Role                         string            `json:"role" aws:"required"`
	Runtime                      string            `json:"runtime"`
	Handler                      string            `json:"handler"`
	Architectures                []string          `json:"architectures"`
	MemorySize                   int               `json:"memorySize"`
	Timeout                      int               `json:"timeout"`
	PackageType                  string            `json:"packageType" aws:"replace"`
	ReservedConcurrentExecutions *int              `json:"reservedConcurrentExecutions"`
	SourceCodeHash               string            `json:"sourceCodeHash"`
	Tags                         map[string]string `json:"tags"`
	Code                         *codeArchive      `json:"code" aws:"required"`
	Environment                  *struct {
		Variables map[string]string `json:"variables"`
	} `json:"environment"`
	LoggingConfig *struct {
		LogFormat string `json:"logFormat"`
		LogGroup  string `json:"logGroup"`
	} `json:"loggingConfig"`
}

func (in functionInputs) function() lambda.Function {
	f := lambda.Function{
		Name:                in.Name,
		Description:         in.Description,
		RoleARN:             in.Role,
		Runtime:             in.Runtime,
		Handler:             in.Handler,
		Architecture:        "x86_64",
		MemorySize:          128,
		Timeout:             3 * time.Second,
		ReservedConcurrency: in.ReservedConcurrentExecutions,
	}
	// The defaults above are AWS's (Lambda API reference, CreateFunction).
	if len(in.Architectures) == 1 {
		f.Architecture = in.Architectures[0]
	}
	if in.MemorySize != 0 {
		f.MemorySize = in.MemorySize
	}
	if in.Timeout != 0 {
		f.Timeout = time.Duration(in.Timeout) * time.Second
	}
	if in.Code != nil {
		f.Code = in.Code.Zip
	}
	if in.Environment != nil {
		f.Environment = in.Environment.Variables
	}
	if in.LoggingConfig != nil {
		f.LogGroup = in.LoggingConfig.LogGroup
	}
	return f
}

func checkFunction(in functionInputs, unknown unknowns) []p.CheckFailure {
	var failures []p.CheckFailure
	refuse := func(property, format string, args ...any) {
		failures = append(failures, p.CheckFailure{Property: property, Reason: fmt.Sprintf(format, args...)})
	}
	if in.PackageType != "" && in.PackageType != "Zip" {
		refuse("packageType", "the local AWS runs functions of the package type Zip only, not %q", in.PackageType)
	}
	if len(in.Architectures) > 1 {
		refuse("architectures", "a function has one architecture, not %d", len(in.Architectures))
	}
	if in.LoggingConfig != nil && in.LoggingConfig.LogFormat != "Text" {
		refuse("loggingConfig", "the local AWS writes the log format Text only, not %q", in.LoggingConfig.LogFormat)
	}
	if in.SourceCodeHash != "" && in.Code != nil && !unknown.has("sourceCodeHash") {
		if hash := sha256.Sum256(in.Code.Zip); base64.StdEncoding.EncodeToString(hash[:]) != in.SourceCodeHash {
			refuse("sourceCodeHash", "%s is not the base64 SHA-256 hash of the code", in.SourceCodeHash)
		}
	}
	return failures
}

func functionOutputs(s Services, info lambda.FunctionInfo) map[string]any {
	return map[string]any{
		"arn":                info.ARN,
		"qualifiedArn":       info.ARN + ":" + info.Version,
		"invokeArn":          invokeARN(s, info.ARN),
		"qualifiedInvokeArn": invokeARN(s, info.ARN+":"+info.Version),
		"codeSha256":         info.CodeSha256,
		"sourceCodeSize":     info.CodeSize,
		"lastModified":       info.LastModified.UTC().Format("2006-01-02T15:04:05.000-0700"),
		"version":            info.Version,
	}
}

// invokeARN is how API Gateway names a function that it invokes.
func invokeARN(s Services, function string) string {
	return fmt.Sprintf("arn:%s:apigateway:%s:lambda:path/2015-03-31/functions/%s/invocations",
		s.Account.Partition, s.Account.Region, function)
}

func functionResource() resource {
	return definition[functionInputs]{
		Type: "aws:lambda/function:Function",
		// Lambda API reference, CreateFunction: a name has at most 64 characters.
		Name: "name", NameLength: 64,
		Computed: []string{
			"arn", "qualifiedArn", "invokeArn", "qualifiedInvokeArn",
			"codeSha256", "sourceCodeSize", "lastModified", "version",
		},
		Check: checkFunction,
		Create: func(s Services, in functionInputs) (string, map[string]any, error) {
			info, err := s.Lambda.CreateFunction(context.Background(), in.function())
			if err != nil {
				return "", nil, err
			}
			return in.Name, functionOutputs(s, info), nil
		},
		Exists: func(s Services, id string, _ functionInputs) (bool, error) {
			_, ok := s.Lambda.Function(id)
			return ok, nil
		},
		Update: func(s Services, _ string, in functionInputs) (map[string]any, error) {
			info, err := s.Lambda.UpdateFunction(context.Background(), in.function())
			return functionOutputs(s, info), err
		},
		Delete: func(s Services, id string, _ functionInputs) error { return s.Lambda.DeleteFunction(id) },
	}
}

// AWS changes nothing of a permission in place.
type permissionInputs struct {
	StatementID   string `json:"statementId" aws:"replace"`
	Function      string `json:"function" aws:"required,replace"`
	Action        string `json:"action" aws:"required,replace"`
	Principal     string `json:"principal" aws:"required,replace"`
	SourceARN     string `json:"sourceArn" aws:"replace"`
	SourceAccount string `json:"sourceAccount" aws:"replace"`
}

func permissionResource() resource {
	return definition[permissionInputs]{
		Type: "aws:lambda/permission:Permission",
		// Lambda API reference, AddPermission: 1 to 100 characters.
		Name: "statementId", NameLength: 100,
		Create: func(s Services, in permissionInputs) (string, map[string]any, error) {
			err := s.Lambda.AddPermission(in.Function, lambda.Permission{
				StatementID:   in.StatementID,
				Action:        in.Action,
				Principal:     in.Principal,
				SourceARN:     in.SourceARN,
				SourceAccount: in.SourceAccount,
			})
			return in.StatementID, nil, err
		},
		Exists: func(s Services, id string, in permissionInputs) (bool, error) {
			_, ok := s.Lambda.Permission(in.Function, id)
			return ok, nil
		},
		Delete: func(s Services, id string, in permissionInputs) error {
			return s.Lambda.RemovePermission(in.Function, id)
		},
	}
}
