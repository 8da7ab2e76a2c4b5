package aws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
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

// FunctionFile is a file of a function's code, for instance one that the component puts
// beside the executable.
func (s *Server) FunctionFile(function, file string) ([]byte, error) {
	return s.lambda.ReadCode(function, file)
}

// Parameters are the parameters of Systems Manager and, by their ARNs, the secrets of
// Secrets Manager that deployed functions may read and whose names they have in their
// environment, alone or in a list with commas: each with the variables that name it.
// They need not be there.
func (s *Server) Parameters() map[string][]string {
	found := map[string][]string{}
	for _, f := range s.lambda.Functions() {
		credentials, identity, err := s.services.IAM.AssumeRole(f.RoleARN, "lambda.amazonaws.com", f.Name)
		if err != nil {
			continue // it reads none: Lambda does not start it
		}
		for variable, value := range f.Environment {
			for name := range strings.SplitSeq(value, ",") {
				if name = strings.TrimSpace(name); s.mayRead(identity, name) {
					found[name] = append(found[name], variable)
				}
			}
		}
		s.services.IAM.Revoke(credentials.AccessKeyID)
	}
	return found
}

// mayRead reports whether a function may read what a name in its environment names:
// a parameter's path, or the ARN of a secret, whole or without its random end.
func (s *Server) mayRead(identity iam.Identity, name string) bool {
	if s.ofSecretsManager(name) {
		return slices.ContainsFunc([]string{name, name + "-XXXXXX"}, func(arn string) bool {
			return s.services.IAM.Authorize(identity, "secretsmanager:GetSecretValue", arn) == nil
		})
	}
	return strings.HasPrefix(name, "/") && s.services.IAM.Authorize(identity, "ssm:GetParameter", s.ssm.ARN(name)) == nil
}

// ofSecretsManager reports whether a name is the ARN of a secret of the account.
func (s *Server) ofSecretsManager(name string) bool {
	return strings.HasPrefix(name, s.Account.ARN("secretsmanager", "secret:"))
}

// HasParameter reports whether there is a parameter, or a secret with a value.
func (s *Server) HasParameter(name string) bool {
	_, err := s.SecretValue(name)
	return err == nil
}

// SecretValue is what functions read: of a parameter, or of a secret of Secrets Manager,
// which is given by its ARN.
func (s *Server) SecretValue(name string) (string, error) {
	if s.ofSecretsManager(name) {
		_, version, err := s.secrets.Get(name, "", "")
		if err != nil {
			return "", fmt.Errorf("reading the secret %q: %w", name, err)
		}
		return version.String, nil
	}
	parameter, err := s.ssm.Get(name)
	if err != nil {
		return "", fmt.Errorf("reading the parameter %q: %w", name, err)
	}
	return parameter.Value, nil
}
