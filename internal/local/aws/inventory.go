package aws

import (
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

// APIs are the HTTP APIs that are deployed.
func (s *Server) APIs() []management.Overview { return s.gateway.Overview() }

// Functions are the functions that are deployed, sorted by name.
func (s *Server) Functions() []lambda.FunctionInfo { return s.lambda.Functions() }

// FunctionLogFile is the file of the log group that a function, given by name or
// ARN, writes to; empty where there is no such function.
func (s *Server) FunctionLogFile(function string) string {
	info, ok := s.lambda.Function(function)
	if !ok {
		return ""
	}
	return s.logs.File(info.LogGroup)
}

// Parameters are the parameters of Systems Manager that deployed functions may read
// and whose names they have in their environment: each with the variables that name
// it. They need not be there.
func (s *Server) Parameters() map[string][]string {
	found := map[string][]string{}
	for _, f := range s.lambda.Functions() {
		credentials, identity, err := s.services.IAM.AssumeRole(f.RoleARN, "lambda.amazonaws.com", f.Name)
		if err != nil {
			continue // it reads none: Lambda does not start it
		}
		for variable, value := range f.Environment {
			if strings.HasPrefix(value, "/") && s.services.IAM.Authorize(identity, "ssm:GetParameter", s.ssm.ARN(value)) == nil {
				found[value] = append(found[value], variable)
			}
		}
		s.services.IAM.Revoke(credentials.AccessKeyID)
	}
	return found
}

// HasParameter reports whether there is a parameter.
func (s *Server) HasParameter(name string) bool {
	_, err := s.ssm.Get(name)
	return err == nil
}
