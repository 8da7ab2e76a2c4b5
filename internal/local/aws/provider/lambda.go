package provider

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

type functionInputs struct {
	Name                         string            `json:"name" aws:"replace"`
	Description                  string            `json:"description"`
	Role                         string            `json:"role" aws:"required"`
	Runtime                      string            `json:"runtime"`
	Handler                      string            `json:"handler"`
	Architectures                []string          `json:"architectures" aws:"computed"`
	MemorySize                   int               `json:"memorySize" aws:"positive"`
	Timeout                      int               `json:"timeout" aws:"positive"`
	PackageType                  string            `json:"packageType" aws:"replace"`
	ReservedConcurrentExecutions *int              `json:"reservedConcurrentExecutions"`
	SourceCodeHash               string            `json:"sourceCodeHash" aws:"computed"`
	Tags                         map[string]string `json:"tags"`
	Code                         *codeArchive      `json:"code" aws:"required"`
	Environment                  *environment      `json:"environment"`
	LoggingConfig                *loggingConfig    `json:"loggingConfig"`
	Layers                       []string          `json:"layers"`
	VPCConfig                    *vpcConfig        `json:"vpcConfig" aws:"set"`
	TracingConfig                *tracingConfig    `json:"tracingConfig" aws:"computed"`
	EphemeralStorage             *ephemeralStorage `json:"ephemeralStorage" aws:"computed"`
	DeadLetterConfig             *deadLetterConfig `json:"deadLetterConfig"`
	KMSKeyARN                    string            `json:"kmsKeyArn"`
}

type vpcConfig struct {
	SubnetIDs               []string `json:"subnetIds"`
	SecurityGroupIDs        []string `json:"securityGroupIds"`
	IPv6AllowedForDualStack bool     `json:"ipv6AllowedForDualStack,omitempty"`
}

type tracingConfig struct {
	Mode string `json:"mode"`
}

type ephemeralStorage struct {
	Size int `json:"size,omitempty"`
}

type deadLetterConfig struct {
	TargetARN string `json:"targetArn"`
}

type environment struct {
	Variables map[string]string `json:"variables,omitempty"`
}

type loggingConfig struct {
	LogFormat           string `json:"logFormat,omitempty"`
	LogGroup            string `json:"logGroup,omitempty"`
	ApplicationLogLevel string `json:"applicationLogLevel,omitempty"`
	SystemLogLevel      string `json:"systemLogLevel,omitempty"`
}

func (in functionInputs) function() lambda.Function {
	f := lambda.Function{
		Name:        in.Name,
		Description: in.Description,
		RoleARN:     in.Role,
		Runtime:     in.Runtime,
		Handler:     in.Handler,
		MemorySize:  in.MemorySize,
		Timeout:     time.Duration(in.Timeout) * time.Second,
	}
	if len(in.Architectures) == 1 {
		f.Architecture = in.Architectures[0]
	}
	if in.Code != nil {
		f.Code = in.Code.Zip
	}
	// AWS's provider takes -1 for no reservation.
	if reserved := in.ReservedConcurrentExecutions; reserved != nil && *reserved != -1 {
		f.ReservedConcurrency = reserved
	}
	if in.Environment != nil {
		f.Environment = in.Environment.Variables
	}
	if l := in.LoggingConfig; l != nil {
		f.LogGroup, f.LogFormat, f.ApplicationLogLevel, f.SystemLogLevel = l.LogGroup, l.LogFormat, l.ApplicationLogLevel, l.SystemLogLevel
	}
	f.Layers, f.KMSKeyARN = in.Layers, in.KMSKeyARN
	if in.VPCConfig != nil {
		f.VPC = (*lambda.VPCConfig)(in.VPCConfig)
	}
	if in.TracingConfig != nil {
		f.TracingMode = in.TracingConfig.Mode
	}
	if in.EphemeralStorage != nil {
		f.EphemeralStorage = in.EphemeralStorage.Size
	}
	if in.DeadLetterConfig != nil {
		f.DeadLetterTarget = in.DeadLetterConfig.TargetARN
	}
	return f
}

// with returns the inputs as the function has them. Code, its hash and tags are
// not read back: AWS's provider leaves sourceCodeHash as the program gave it
// (terraform-provider-aws issue 41092), and codeSha256 says what AWS has.
func (in functionInputs) with(f lambda.Function) functionInputs {
	out := functionInputs{
		Name:                         f.Name,
		Description:                  f.Description,
		Role:                         f.RoleARN,
		Runtime:                      f.Runtime,
		Handler:                      f.Handler,
		Architectures:                []string{f.Architecture},
		MemorySize:                   f.MemorySize,
		Timeout:                      int(f.Timeout / time.Second),
		PackageType:                  "Zip",
		ReservedConcurrentExecutions: f.ReservedConcurrency,
		SourceCodeHash:               in.SourceCodeHash,
		Tags:                         in.Tags,
		Code:                         in.Code,
		LoggingConfig:                &loggingConfig{f.LogFormat, f.LogGroup, f.ApplicationLogLevel, f.SystemLogLevel},
		Layers:                       f.Layers,
		VPCConfig:                    (*vpcConfig)(f.VPC),
		TracingConfig:                &tracingConfig{f.TracingMode},
		EphemeralStorage:             &ephemeralStorage{f.EphemeralStorage},
		KMSKeyARN:                    f.KMSKeyARN,
	}
	if f.DeadLetterTarget != "" {
		out.DeadLetterConfig = &deadLetterConfig{f.DeadLetterTarget}
	}
	if len(f.Environment) > 0 {
		out.Environment = &environment{f.Environment}
	}
	return out
}

func (in functionInputs) validate(validate func(lambda.Function) (lambda.Function, error)) (functionInputs, error) {
	switch {
	case in.PackageType != "" && in.PackageType != "Zip":
		return in, fmt.Errorf("the local AWS runs functions of the package type Zip only, not %q", in.PackageType)
	case len(in.Architectures) > 1:
		return in, fmt.Errorf("a function has one architecture, not %d", len(in.Architectures))
	}
	if in.SourceCodeHash != "" && in.Code != nil && in.Code.Zip != nil {
		if hash := sha256.Sum256(in.Code.Zip); base64.StdEncoding.EncodeToString(hash[:]) != in.SourceCodeHash {
			return in, fmt.Errorf("the sourceCodeHash %s is not the base64 SHA-256 hash of the code", in.SourceCodeHash)
		}
	}
	f, err := validate(in.function())
	return in.with(f), err
}

func functionOutputs(s Services, info lambda.FunctionInfo) map[string]any {
	return map[string]any{
		"vpcConfig.vpcId":    info.VPCID(),
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

// functionResource is a function that runs here, or for a preview on AWS.
func functionResource(forAWS bool) resource {
	validate := lambda.Validate
	if forAWS {
		validate = lambda.ValidateForAWS
	}
	return definition[functionInputs]{
		Type: "aws:lambda/function:Function",
		// Lambda API reference, CreateFunction: a name has at most 64 characters.
		Name: "name", NameLength: 64,
		Computed: []string{
			"arn", "qualifiedArn", "invokeArn", "qualifiedInvokeArn",
			"codeSha256", "sourceCodeSize", "lastModified", "version", "vpcConfig.vpcId",
		},
		Validate: func(in functionInputs) (functionInputs, error) { return in.validate(validate) },
		Placeholders: map[string]any{
			"name": "unknown", "role": "arn:aws:iam::000000000000:role/unknown", "runtime": "provided.al2023", "handler": "unknown",
			"code": nil, "description": nil, "environment": inPart{}, "loggingConfig": nil, "memorySize": nil, "packageType": nil,
			"reservedConcurrentExecutions": nil, "sourceCodeHash": nil, "tags": nil, "timeout": nil,
			"layers": nil, "vpcConfig": nil, "tracingConfig": nil, "ephemeralStorage": nil, "deadLetterConfig": nil, "kmsKeyArn": nil,
		},
		Create: func(s Services, in functionInputs) (string, map[string]any, error) {
			info, err := s.Lambda.CreateFunction(context.Background(), in.function())
			if err != nil {
				return "", nil, err
			}
			return in.Name, functionOutputs(s, info), nil
		},
		Read: func(s Services, id string, in functionInputs) (functionInputs, map[string]any, bool, error) {
			info, ok := s.Lambda.Function(id)
			if !ok {
				return in, nil, false, nil
			}
			return in.with(info.Function), functionOutputs(s, info), true, nil
		},
		Update: updateFunction,
		Delete: func(s Services, id string, _ functionInputs) error { return s.Lambda.DeleteFunction(id) },
	}
}

// updateWait is how long AWS's provider waits at least after a call, 5 seconds
// there, for the function's last update to have ended.
const updateWait = time.Second

// updateFunction makes the calls that AWS's provider makes, in its order: the
// configuration, then the code with the architecture, then the reservation. In
// between the old code runs in the new environment.
func updateFunction(s Services, id string, old, in functionInputs) (map[string]any, error) {
	configured, recoded := in.reconfigures(old), in.recodes(old)
	if configured {
		if _, err := s.Lambda.UpdateFunctionConfiguration(in.function()); err != nil {
			return nil, err
		}
	}
	if recoded && configured {
		time.Sleep(updateWait)
	}
	if recoded {
		f := in.function()
		if _, err := s.Lambda.UpdateFunctionCode(id, f.Code, f.Architecture); err != nil {
			return nil, err
		}
	}
	info, err := s.Lambda.PutFunctionConcurrency(id, in.function().ReservedConcurrency)
	if err != nil {
		return nil, err
	}
	return functionOutputs(s, info), nil
}

// reconfigures reports whether something differs that UpdateFunctionConfiguration
// takes, AWS's defaults filled in.
func (in functionInputs) reconfigures(old functionInputs) bool {
	configuration := func(in functionInputs) lambda.Function {
		f := in.function()
		f.Code, f.Architecture, f.ReservedConcurrency = nil, "", nil
		f, _ = lambda.Validate(f) // what Check let pass is valid
		if len(f.Environment) == 0 {
			f.Environment = nil
		}
		return f
	}
	return !reflect.DeepEqual(configuration(old), configuration(in))
}

// recodes reports whether something differs that UpdateFunctionCode takes. What
// the program leaves out stays as it is.
func (in functionInputs) recodes(old functionInputs) bool {
	return in.SourceCodeHash != "" && in.SourceCodeHash != old.SourceCodeHash ||
		len(in.Architectures) > 0 && !slices.Equal(in.Architectures, old.Architectures) ||
		old.Code == nil || in.Code.Hash != old.Code.Hash
}
