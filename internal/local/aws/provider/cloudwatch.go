package provider

import (
	"github.com/protected-http-api/protected-http-api/internal/local/aws/logs"
)

type logGroupInputs struct {
	Name            string            `json:"name" aws:"replace"`
	RetentionInDays int               `json:"retentionInDays"`
	Tags            map[string]string `json:"tags"`
}

func (in logGroupInputs) group() logs.Group {
	return logs.Group{Name: in.Name, RetentionDays: in.RetentionInDays, Tags: in.Tags}
}

func logGroupResource() resource {
	return definition[logGroupInputs]{
		Type: "aws:cloudwatch/logGroup:LogGroup",
		// CloudWatch Logs API reference, CreateLogGroup: 1 to 512 characters.
		Name: "name", NameLength: defaultNameLength,
		Computed:     []string{"arn"},
		Validate:     func(in logGroupInputs) (logGroupInputs, error) { return in, logs.ValidateGroup(in.group()) },
		Placeholders: map[string]any{"name": "unknown", "retentionInDays": nil, "tags": nil},
		Create: func(s Services, in logGroupInputs) (string, map[string]any, error) {
			if err := s.Logs.CreateGroup(in.group()); err != nil {
				return "", nil, err
			}
			return in.Name, logGroupOutputs(s, in.Name), nil
		},
		Read: func(s Services, id string, _ logGroupInputs) (logGroupInputs, map[string]any, bool, error) {
			g, ok := s.Logs.Group(id)
			return logGroupInputs{Name: g.Name, RetentionInDays: g.RetentionDays, Tags: g.Tags}, logGroupOutputs(s, id), ok, nil
		},
		Update: func(s Services, id string, _, in logGroupInputs) (map[string]any, error) {
			return logGroupOutputs(s, id), s.Logs.UpdateGroup(in.group())
		},
		Delete: func(s Services, id string, _ logGroupInputs) error { return s.Logs.DeleteGroup(id) },
	}
}

// The AWS provider gives the ARN without the trailing ":*" that the service's
// own API adds.
func logGroupOutputs(s Services, name string) map[string]any {
	return map[string]any{"arn": s.Account.ARN("logs", "log-group:"+name)}
}
