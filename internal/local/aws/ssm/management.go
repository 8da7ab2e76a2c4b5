package ssm

import (
	"regexp"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

// Handler returns the service behind the endpoint: PutParameter, GetParameter,
// GetParameters, GetParametersByPath, DeleteParameter.
func (s *Service) Handler() protocol.Service {
	return &protocol.JSON{
		Name: "ssm", Target: "AmazonSSM", Version: "1.1",
		Operations: map[string]protocol.Operation{
			"DeleteParameter":     {Grants: s.grants("ssm:DeleteParameter", false), Run: s.deleteParameter},
			"GetParameter":        {Grants: s.grants("ssm:GetParameter", false), Run: s.getParameter},
			"GetParameters":       {Grants: s.grants("ssm:GetParameters", true), Run: s.getParameters},
			"GetParametersByPath": {Grants: s.pathGrants, Run: s.getParametersByPath},
			"PutParameter":        {Grants: s.putGrants, Run: s.putParameter},
		},
	}
}

// nameRequest is a request that reads or deletes.
type nameRequest struct {
	Name           *string
	Names          []string
	WithDecryption bool
}

// namePattern keeps odd names out of ARNs before permissions are looked at.
var namePattern = regexp.MustCompile(`^[a-zA-Z0-9_.\-/:]+$`)

// maxNames is the most that GetParameters takes.
const maxNames = 10

// decodeNames reads a request for one name, which then is the only one of
// Names, or for many.
func decodeNames(body []byte, many bool) (nameRequest, error) {
	var r nameRequest
	if err := protocol.Decode(body, &r); err != nil {
		return r, err
	}
	if !many {
		r.Names = nil
		if r.Name != nil {
			r.Names = []string{*r.Name}
		}
	}
	if len(r.Names) == 0 || len(r.Names) > maxNames {
		return r, validation("1 validation error detected: Value at 'name' failed to satisfy constraint: Member must not be null, and a list has 1 to %d names", maxNames)
	}
	for _, n := range r.Names {
		if len(n) > 2048 || !namePattern.MatchString(n) {
			return r, validation("Invalid label or version specifier, or parameter name: only a-zA-Z0-9_.-/ and a version after a colon are allowed")
		}
	}
	return r, nil
}

// resource is the ARN that a policy names: without version or label.
func (s *Service) resource(name string) string {
	bare, _, _ := strings.Cut(strings.TrimPrefix(name, s.acct.ARN("ssm", "parameter")), ":")
	return s.ARN(bare)
}

// grants returns what a request needs that names parameters.
func (s *Service) grants(action string, many bool) func([]byte) ([]iam.Grant, error) {
	return func(body []byte) ([]iam.Grant, error) {
		r, err := decodeNames(body, many)
		if err != nil {
			return nil, err
		}
		var grants []iam.Grant
		for _, n := range r.Names {
			grants = append(grants, iam.Grant{Action: action, Resource: s.resource(n)})
		}
		// The permissions for the parameters come first, so that a refusal
		// does not tell whether a parameter exists.
		for _, n := range r.Names {
			if p, err := s.find(n); err == nil && r.WithDecryption && p.Type == TypeSecureString && p.KeyID != DefaultKeyID {
				grants = append(grants, s.keyGrant("kms:Decrypt", p.KeyID, p.ARN))
			}
		}
		return grants, nil
	}
}

// keyGrant is what Parameter Store asks KMS for in the caller's name (user
// guide, "AWS KMS encryption for Parameter Store SecureString parameters").
func (s *Service) keyGrant(action, keyID, parameterARN string) iam.Grant {
	return iam.Grant{Action: action, Resource: s.keyARN(keyID), Context: iam.Context{
		"kms:ViaService":                      "ssm." + s.acct.Region + ".amazonaws.com",
		"kms:EncryptionContext:PARAMETER_ARN": parameterARN,
	}}
}

type tag struct{ Key, Value string }

type putRequest struct {
	Name, Type, Value, Description, KeyID, AllowedPattern, DataType, Tier, Policies string
	Overwrite                                                                       bool
	Tags                                                                            []tag
}

func (s *Service) putGrants(body []byte) ([]iam.Grant, error) {
	var r putRequest
	if err := protocol.Decode(body, &r); err != nil {
		return nil, err
	}
	if err := checkName(strings.TrimSpace(r.Name)); err != nil {
		return nil, err
	}
	arn := s.ARN(strings.TrimSpace(r.Name))
	grants := []iam.Grant{{Action: "ssm:PutParameter", Resource: arn}}
	if old, err := s.find(strings.TrimSpace(r.Name)); err == nil && r.KeyID == "" {
		r.Type, r.KeyID = old.Type, old.KeyID
	}
	if r.Type == TypeSecureString && s.keyARN(r.KeyID) != "" {
		action := "kms:Encrypt"
		if r.Tier == tierAdvanced {
			action = "kms:GenerateDataKey"
		}
		grants = append(grants, s.keyGrant(action, r.KeyID, arn))
	}
	return grants, nil
}

func (s *Service) putParameter(body []byte) (any, error) {
	var r putRequest
	if err := protocol.Decode(body, &r); err != nil {
		return nil, err
	}
	if r.Policies != "" && r.Policies != "[]" {
		return nil, validation("parameter policies are not supported by the local AWS: leave out Policies")
	}
	tags := map[string]string{}
	for _, t := range r.Tags {
		tags[t.Key] = t.Value
	}
	version, tier, err := s.Put(Parameter{
		Name: r.Name, Type: r.Type, Value: r.Value, Description: r.Description, KeyID: r.KeyID,
		AllowedPattern: r.AllowedPattern, DataType: r.DataType, Tier: r.Tier, Overwrite: r.Overwrite, Tags: tags,
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"Version": version, "Tier": tier}, nil
}

// wire is a parameter as GetParameter answers it.
type wire struct {
	ARN              string
	DataType         string
	LastModifiedDate float64 // seconds since the epoch, with milliseconds
	Name             string
	Selector         string `json:",omitempty"`
	Type             string
	Value            string
	Version          int64
}

func (p stored) wire(name string, decrypt bool) wire {
	w := wire{
		ARN: p.ARN, DataType: p.DataType, Name: p.Name, Type: p.Type, Value: p.Value, Version: p.Version,
		LastModifiedDate: float64(p.LastModified.UnixMilli()) / float64(time.Second/time.Millisecond),
	}
	if i := strings.LastIndexByte(name, ':'); i >= 0 && !strings.Contains(name[i:], "/") {
		w.Selector = name[i:]
	}
	if p.Type == TypeSecureString && !decrypt {
		w.Value = p.ciphertext
	}
	return w
}

func (s *Service) getParameter(body []byte) (any, error) {
	r, err := decodeNames(body, false)
	if err != nil {
		return nil, err
	}
	p, err := s.find(r.Names[0])
	if err != nil {
		return nil, err
	}
	return map[string]any{"Parameter": p.wire(r.Names[0], r.WithDecryption)}, nil
}

func (s *Service) getParameters(body []byte) (any, error) {
	r, err := decodeNames(body, true)
	if err != nil {
		return nil, err
	}
	found, invalid := []wire{}, []string{}
	for _, n := range r.Names {
		switch p, err := s.find(n); {
		case err == nil:
			found = append(found, p.wire(n, r.WithDecryption))
		case awserr.Has(err, awserr.Validation):
			return nil, err
		default:
			invalid = append(invalid, n)
		}
	}
	return map[string]any{"Parameters": found, "InvalidParameters": invalid}, nil
}

func (s *Service) deleteParameter(body []byte) (any, error) {
	r, err := decodeNames(body, false)
	if err != nil {
		return nil, err
	}
	return struct{}{}, s.Delete(r.Names[0])
}
