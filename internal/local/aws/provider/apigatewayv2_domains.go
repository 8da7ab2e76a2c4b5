package provider

import (
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
)

type domainNameInputs struct {
	DomainName              string               `json:"domainName" aws:"required,replace"`
	DomainNameConfiguration *domainConfiguration `json:"domainNameConfiguration" aws:"required"`
	MutualTLSAuthentication *mutualTLS           `json:"mutualTlsAuthentication"`
	Tags                    map[string]string    `json:"tags"`
}

type domainConfiguration struct {
	CertificateARN                      string `json:"certificateArn"`
	EndpointType                        string `json:"endpointType"`
	SecurityPolicy                      string `json:"securityPolicy"`
	IPAddressType                       string `json:"ipAddressType,omitempty"`
	OwnershipVerificationCertificateARN string `json:"ownershipVerificationCertificateArn,omitempty"`
}

// mutualTLS has the fields of management.MutualTLS, so that one can be converted to
// the other.
type mutualTLS struct {
	TruststoreURI     string `json:"truststoreUri"`
	TruststoreVersion string `json:"truststoreVersion,omitempty"`
}

func (in domainNameInputs) domain() management.DomainName {
	out := management.DomainName{Name: in.DomainName, MutualTLS: (*management.MutualTLS)(in.MutualTLSAuthentication), Tags: in.Tags}
	if c := in.DomainNameConfiguration; c != nil {
		// AWS's provider takes these two in any case.
		out.EndpointType, out.SecurityPolicy = strings.ToUpper(c.EndpointType), strings.ToUpper(c.SecurityPolicy)
		out.CertificateARN, out.OwnershipCertificateARN, out.IPAddressType = c.CertificateARN, c.OwnershipVerificationCertificateARN, c.IPAddressType
	}
	return out
}

func (domainNameInputs) of(d management.DomainName) domainNameInputs {
	return domainNameInputs{
		DomainName: d.Name, MutualTLSAuthentication: (*mutualTLS)(d.MutualTLS), Tags: d.Tags,
		DomainNameConfiguration: &domainConfiguration{
			CertificateARN: d.CertificateARN, EndpointType: d.EndpointType, SecurityPolicy: d.SecurityPolicy,
			IPAddressType: d.IPAddressType, OwnershipVerificationCertificateARN: d.OwnershipCertificateARN,
		},
	}
}

func domainNameResource() resource {
	outputs := func(d management.DomainName) map[string]any {
		return map[string]any{
			"arn": d.ARN, "apiMappingSelectionExpression": management.MappingSelection,
			"domainNameConfiguration.hostedZoneId":     d.HostedZoneID,
			"domainNameConfiguration.targetDomainName": d.TargetDomainName,
		}
	}
	return definition[domainNameInputs]{
		Type: "aws:apigatewayv2/domainName:DomainName",
		Computed: []string{
			"arn", "apiMappingSelectionExpression", "domainNameConfiguration.hostedZoneId", "domainNameConfiguration.targetDomainName",
		},
		Validate: func(in domainNameInputs) (domainNameInputs, error) {
			d, err := management.ValidateDomainName(in.domain())
			return in.of(d), err
		},
		Placeholders: map[string]any{"domainName": "unknown.example.com", "mutualTlsAuthentication": nil, "tags": nil},
		Create: func(s Services, in domainNameInputs) (string, map[string]any, error) {
			d, err := s.Gateway.CreateDomainName(in.domain())
			return d.Name, outputs(d), err
		},
		Read: func(s Services, id string, in domainNameInputs) (domainNameInputs, map[string]any, bool, error) {
			d, err := s.Gateway.DomainName(id)
			ok, err := found(err)
			return in.of(d), outputs(d), ok, err
		},
		Update: func(s Services, _ string, _, in domainNameInputs) (map[string]any, error) {
			d, err := s.Gateway.UpdateDomainName(in.domain())
			return outputs(d), err
		},
		Delete: func(s Services, id string, _ domainNameInputs) error { return s.Gateway.DeleteDomainName(id) },
	}
}

type apiMappingInputs struct {
	APIID         string `json:"apiId" aws:"required,replace"`
	DomainName    string `json:"domainName" aws:"required,replace"`
	Stage         string `json:"stage" aws:"required"`
	APIMappingKey string `json:"apiMappingKey"`
}

func (in apiMappingInputs) mapping(id string) management.APIMapping {
	return management.APIMapping{ID: id, APIID: in.APIID, DomainName: in.DomainName, Stage: in.Stage, Key: in.APIMappingKey}
}

func (apiMappingInputs) of(m management.APIMapping) apiMappingInputs {
	return apiMappingInputs{APIID: m.APIID, DomainName: m.DomainName, Stage: m.Stage, APIMappingKey: m.Key}
}

func apiMappingResource() resource {
	return definition[apiMappingInputs]{
		Type: "aws:apigatewayv2/apiMapping:ApiMapping",
		Validate: func(in apiMappingInputs) (apiMappingInputs, error) {
			m, err := management.ValidateAPIMapping(in.mapping(""))
			return in.of(m), err
		},
		Placeholders: map[string]any{"apiId": nil, "domainName": nil, "stage": "unknown", "apiMappingKey": nil},
		Create: func(s Services, in apiMappingInputs) (string, map[string]any, error) {
			m, err := s.Gateway.CreateAPIMapping(in.mapping(""))
			return m.ID, nil, err
		},
		Read: func(s Services, id string, in apiMappingInputs) (apiMappingInputs, map[string]any, bool, error) {
			m, err := s.Gateway.APIMapping(in.DomainName, id)
			ok, err := found(err)
			return in.of(m), nil, ok, err
		},
		Import: func(importID string) (string, apiMappingInputs, error) {
			id, domain, err := splitImport(importID, "/", "api_mapping_id/domain_name")
			return id, apiMappingInputs{DomainName: domain}, err
		},
		Update: func(s Services, id string, _, in apiMappingInputs) (map[string]any, error) {
			_, err := s.Gateway.UpdateAPIMapping(in.mapping(id))
			return nil, err
		},
		Delete: func(s Services, id string, in apiMappingInputs) error {
			return s.Gateway.DeleteAPIMapping(in.DomainName, id)
		},
	}
}
