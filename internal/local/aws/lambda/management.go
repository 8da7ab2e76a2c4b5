package lambda

import (
	"cmp"
	"net/http"
	"regexp"
	"strconv"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

// maxListed is how many functions a page of ListFunctions has at most (Lambda
// API reference).
const maxListed = 50

// Handler returns the service behind the endpoint: ListFunctions, GetFunction,
// GetFunctionConfiguration, UpdateFunctionCode and Invoke.
func (s *Service) Handler() protocol.Service {
	const functions = "/2015-03-31/functions"
	return &protocol.REST{
		Name: "lambda", Message: "Message",
		Statuses: map[string]int{
			codeConflict: http.StatusConflict, awserr.ResourceNotFound: http.StatusNotFound,
			"RequestTooLargeException": http.StatusRequestEntityTooLarge, awserr.TooManyRequests: http.StatusTooManyRequests,
		},
		Operations: []protocol.RESTOperation{
			{Name: "ListFunctions", Method: http.MethodGet, Path: functions, Grants: listGrants, Run: s.serveList},
			{Name: "GetFunction", Method: http.MethodGet, Path: functions + "/{FunctionName}", Grants: s.grants("lambda:GetFunction"), Run: s.serveGet},
			{Name: "GetFunctionConfiguration", Method: http.MethodGet, Path: functions + "/{FunctionName}/configuration", Grants: s.grants("lambda:GetFunctionConfiguration"), Run: s.serveConfiguration},
			{Name: "UpdateFunctionCode", Method: http.MethodPut, Path: functions + "/{FunctionName}/code", Grants: s.grants("lambda:UpdateFunctionCode"), Run: s.serveUpdateCode},
			{Name: "Invoke", Method: http.MethodPost, Path: functions + "/{FunctionName}/invocations", Grants: s.grants("lambda:InvokeFunction"), Run: s.serveInvoke},
		},
	}
}

func listGrants(*protocol.RESTRequest) ([]iam.Grant, error) {
	return []iam.Grant{{Action: "lambda:ListFunctions", Resource: "*"}}, nil
}

// functionReference is the parameter FunctionName: a name, a whole ARN or one
// from the account on, each with or without a qualifier (Lambda API reference).
var functionReference = regexp.MustCompile(`^(?:arn:(aws[a-zA-Z-]*):lambda:([a-z0-9-]+):)?(?:(\d{12}):)?(?:function:)?([a-zA-Z0-9-_]+)(?::(\$LATEST|[a-zA-Z0-9-_]+))?$`)

// reference reads which function a request is for: the ARN without qualifier,
// and the qualifier.
func (s *Service) reference(r *protocol.RESTRequest) (arn, qualifier string, err error) {
	m := functionReference.FindStringSubmatch(r.Path["FunctionName"])
	if m == nil {
		return "", "", awserr.New(awserr.Validation, "1 validation error detected: Value '%s' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", r.Path["FunctionName"], functionReference)
	}
	if qualifier = cmp.Or(m[5], r.Query.Get("Qualifier")); m[5] != "" && r.Query.Has("Qualifier") && r.Query.Get("Qualifier") != m[5] {
		return "", "", awserr.New(codeInvalidParameter, "The derived qualifier from the function name does not match the specified qualifier.")
	}
	owner := s.account
	owner.Partition, owner.Region, owner.ID = cmp.Or(m[1], owner.Partition), cmp.Or(m[2], owner.Region), cmp.Or(m[3], owner.ID)
	return owner.ARN("lambda", "function:"+m[4]), qualifier, nil
}

// grants asks for an action on the function, with its qualifier where the
// request has one (Lambda developer guide, lambda-api-permissions-ref).
func (s *Service) grants(action string) func(*protocol.RESTRequest) ([]iam.Grant, error) {
	return func(r *protocol.RESTRequest) ([]iam.Grant, error) {
		arn, qualifier, err := s.reference(r)
		if qualifier != "" {
			arn += ":" + qualifier
		}
		return []iam.Grant{{Action: action, Resource: arn}}, err
	}
}

// find returns the function of a request, its ARN with the qualifier where the
// request has one.
func (s *Service) find(r *protocol.RESTRequest) (FunctionInfo, error) {
	arn, qualifier, err := s.reference(r)
	if err != nil {
		return FunctionInfo{}, err
	}
	info, ok := s.Function(arn)
	if !ok || (qualifier != "" && qualifier != latest) {
		if qualifier != "" {
			arn += ":" + qualifier
		}
		return FunctionInfo{}, notFound(arn)
	}
	if qualifier != "" {
		info.ARN += ":" + qualifier
	}
	return info, nil
}

func (s *Service) serveGet(r *protocol.RESTRequest) (*protocol.RESTAnswer, error) {
	info, err := s.find(r)
	if err != nil {
		return nil, err
	}
	answer := map[string]any{"Configuration": configuration(info), "Code": map[string]string{"RepositoryType": "S3"}}
	if info.ReservedConcurrency != nil {
		answer["Concurrency"] = map[string]int{"ReservedConcurrentExecutions": *info.ReservedConcurrency}
	}
	return &protocol.RESTAnswer{Body: answer}, nil
}

func (s *Service) serveConfiguration(r *protocol.RESTRequest) (*protocol.RESTAnswer, error) {
	info, err := s.find(r)
	if err != nil {
		return nil, err
	}
	return &protocol.RESTAnswer{Body: configuration(info)}, nil
}

func (s *Service) serveList(r *protocol.RESTRequest) (*protocol.RESTAnswer, error) {
	limit := maxListed
	if text := r.Query.Get("MaxItems"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 10_000 {
			return nil, awserr.New(codeInvalidParameter, "MaxItems must be 1 to 10000")
		}
		limit = min(n, maxListed)
	}
	if r.Query.Has("MasterRegion") {
		return nil, notServed("the parameter MasterRegion", "leave it out: there is one Region")
	}
	page, next, err := protocol.Page(s.Functions(), r.Query.Get("Marker"), limit, codeInvalidParameter)
	if err != nil {
		return nil, err
	}
	functions := make([]map[string]any, len(page))
	for i, info := range page {
		functions[i] = configuration(info)
	}
	answer := map[string]any{"Functions": functions}
	if next != "" {
		answer["NextMarker"] = next
	}
	return &protocol.RESTAnswer{Body: answer}, nil
}

// configuration is AWS's FunctionConfiguration.
func configuration(info FunctionInfo) map[string]any {
	c := map[string]any{
		"FunctionName": info.Name, "FunctionArn": info.ARN, "Description": info.Description, "Version": info.Version,
		"Runtime": info.Runtime, "Role": info.RoleARN, "Handler": info.Handler, "Architectures": []string{info.Architecture},
		"MemorySize": info.MemorySize, "Timeout": int(info.Timeout.Seconds()), "PackageType": "Zip",
		"CodeSha256": info.CodeSha256, "CodeSize": info.CodeSize,
		"LastModified": info.LastModified.UTC().Format("2006-01-02T15:04:05.000+0000"),
		"State":        "Active", "LastUpdateStatus": "Successful",
		"TracingConfig":    map[string]string{"Mode": info.TracingMode},
		"EphemeralStorage": map[string]int{"Size": info.EphemeralStorage},
		"SnapStart":        map[string]string{"ApplyOn": "None", "OptimizationStatus": "Off"},
	}
	logging := map[string]string{"LogFormat": info.LogFormat, "LogGroup": info.LogGroup}
	if info.ApplicationLogLevel != "" {
		logging["ApplicationLogLevel"], logging["SystemLogLevel"] = info.ApplicationLogLevel, info.SystemLogLevel
	}
	c["LoggingConfig"] = logging
	layers := []map[string]any{}
	for _, arn := range info.Layers {
		layers = append(layers, map[string]any{"Arn": arn, "CodeSize": 0})
	}
	if len(layers) > 0 {
		c["Layers"] = layers
	}
	if info.connected() {
		c["VpcConfig"] = map[string]any{
			"SubnetIds": info.VPC.SubnetIDs, "SecurityGroupIds": info.VPC.SecurityGroupIDs,
			"Ipv6AllowedForDualStack": info.VPC.IPv6AllowedForDualStack, "VpcId": info.VPCID(),
		}
	}
	if info.DeadLetterTarget != "" {
		c["DeadLetterConfig"] = map[string]string{"TargetArn": info.DeadLetterTarget}
	}
	if info.KMSKeyARN != "" {
		c["KMSKeyArn"] = info.KMSKeyARN
	}
	if len(info.Environment) > 0 {
		c["Environment"] = map[string]any{"Variables": info.Environment}
	}
	return c
}

func notServed(what, cure string) error {
	return awserr.New(codeInvalidParameter, "the local AWS does not support %s", what).WithCure("%s", cure)
}
