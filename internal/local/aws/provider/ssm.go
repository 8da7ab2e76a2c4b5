package provider

import (
	"cmp"
	"errors"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/ssm"
)

type parameterInputs struct {
	Name           string            `json:"name" aws:"replace"`
	Type           string            `json:"type" aws:"required"`
	Value          string            `json:"value" aws:"secret"`
	InsecureValue  string            `json:"insecureValue"`
	Description    string            `json:"description"`
	KeyID          string            `json:"keyId" aws:"computed"`
	AllowedPattern string            `json:"allowedPattern"`
	DataType       string            `json:"dataType" aws:"computed,replace"`
	Tier           string            `json:"tier" aws:"computed"`
	Overwrite      bool              `json:"overwrite"`
	Tags           map[string]string `json:"tags"`
}

func (in parameterInputs) parameter() ssm.Parameter {
	return ssm.Parameter{
		Name: in.Name, Type: in.Type, Value: cmp.Or(in.Value, in.InsecureValue), Description: in.Description, KeyID: in.KeyID,
		AllowedPattern: in.AllowedPattern, DataType: in.DataType, Tier: in.Tier, Overwrite: in.Overwrite, Tags: in.Tags,
	}
}

// of returns the inputs as the parameter has them: its value in the property that the
// program gave it in, and its name with the slash that Parameter Store does not keep.
func (in parameterInputs) of(p ssm.Parameter) parameterInputs {
	out := parameterInputs{
		Name: p.Name, Type: p.Type, Description: p.Description, KeyID: p.KeyID, AllowedPattern: p.AllowedPattern,
		DataType: p.DataType, Tier: p.Tier, Overwrite: in.Overwrite, Tags: p.Tags,
	}
	if in.Name == "/"+p.Name {
		out.Name = in.Name
	}
	if in.InsecureValue != "" && p.Type != ssm.TypeSecureString {
		out.InsecureValue = p.Value
	} else {
		out.Value = p.Value
	}
	return out
}

func (in parameterInputs) validate() (parameterInputs, error) {
	switch {
	case in.Value != "" && in.InsecureValue != "":
		return in, errors.New("a parameter has value or insecureValue, not both")
	case in.Type == ssm.TypeSecureString && in.InsecureValue != "":
		return in, errors.New("a SecureString has no insecureValue: use value")
	}
	p, err := ssm.Validate(in.parameter())
	return in.of(p), err
}

func parameterResource() resource {
	outputs := func(p ssm.Parameter) map[string]any { return map[string]any{"arn": p.ARN, "version": int(p.Version)} }
	put := func(s Services, p ssm.Parameter) (map[string]any, error) {
		if _, _, err := s.SSM.Put(p); err != nil {
			return nil, err
		}
		is, err := s.SSM.Get(p.Name)
		return outputs(is), err
	}
	return definition[parameterInputs]{
		Type: "aws:ssm/parameter:Parameter",
		// AWS's provider sets no limit of its own (user guide: 1011 characters).
		Name: "name", NameLength: defaultNameLength,
		Computed: []string{"arn", "version"},
		Validate: parameterInputs.validate,
		Placeholders: map[string]any{
			"name": "unknown", "value": "unknown", "insecureValue": nil, "description": nil, "keyId": nil, "tags": nil,
		},
		Create: func(s Services, in parameterInputs) (string, map[string]any, error) {
			p := in.parameter()
			if p.Overwrite {
				p.Tags = nil // AWS takes them apart
			}
			outputs, err := put(s, p)
			if err == nil {
				err = s.SSM.Tag(p.Name, in.Tags)
			}
			return in.Name, outputs, err
		},
		Read: func(s Services, id string, in parameterInputs) (parameterInputs, map[string]any, bool, error) {
			p, err := s.SSM.Get(id)
			if awserr.Has(err, "ParameterNotFound") {
				return in, nil, false, nil
			}
			return in.of(p), outputs(p), err == nil, err
		},
		Update: func(s Services, id string, _, in parameterInputs) (map[string]any, error) {
			p := in.parameter()
			p.Overwrite, p.Tags = true, nil
			if err := s.SSM.Tag(id, in.Tags); err != nil {
				return nil, err
			}
			return put(s, p)
		},
		Delete: func(s Services, id string, _ parameterInputs) error { return s.SSM.Delete(id) },
	}
}
