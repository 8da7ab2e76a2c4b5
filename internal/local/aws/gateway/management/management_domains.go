package management

import (
	"net/http"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

func (s *Service) serveDomainNames(r *protocol.RESTRequest) (*protocol.RESTAnswer, error) {
	s.mu.Lock()
	all := make([]DomainName, 0, len(s.domains))
	for _, name := range sortedKeys(s.domains) {
		all = append(all, s.domains[name].resource.clone())
	}
	s.mu.Unlock()
	return pageOf(r, all, DomainName.wire)
}

func (s *Service) serveDomainName(r *protocol.RESTRequest) (*protocol.RESTAnswer, error) {
	resource, err := s.DomainName(r.Path["domainName"])
	return &protocol.RESTAnswer{Status: http.StatusOK, Body: resource.wire()}, err
}

func (s *Service) serveMappings(r *protocol.RESTRequest) (*protocol.RESTAnswer, error) {
	s.mu.Lock()
	d, err := s.findDomain(r.Path["domainName"])
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	all := make([]APIMapping, 0, len(d.mappings))
	for _, id := range sortedKeys(d.mappings) {
		all = append(all, d.mappings[id])
	}
	s.mu.Unlock()
	return pageOf(r, all, APIMapping.wire)
}

func (s *Service) serveMapping(r *protocol.RESTRequest) (*protocol.RESTAnswer, error) {
	mapping, err := s.APIMapping(r.Path["domainName"], r.Path["id"])
	return &protocol.RESTAnswer{Status: http.StatusOK, Body: mapping.wire()}, err
}

func (in DomainName) wire() map[string]any {
	s := shape{
		"domainName": in.Name, "domainNameArn": in.ARN, "apiMappingSelectionExpression": MappingSelection, "tags": in.Tags,
		"domainNameConfigurations": []any{shape{
			"apiGatewayDomainName": in.TargetDomainName, "certificateArn": in.CertificateARN, "domainNameStatus": "AVAILABLE",
			"endpointType": in.EndpointType, "hostedZoneId": in.HostedZoneID, "ipAddressType": in.IPAddressType,
			"ownershipVerificationCertificateArn": in.OwnershipCertificateARN, "securityPolicy": in.SecurityPolicy,
		}.withoutEmpty()},
	}
	if in.MutualTLS != nil {
		s["mutualTlsAuthentication"] = shape{"truststoreUri": in.MutualTLS.TruststoreURI, "truststoreVersion": in.MutualTLS.TruststoreVersion}.withoutEmpty()
	}
	return s.withoutEmpty()
}

func (in APIMapping) wire() map[string]any {
	return map[string]any{"apiId": in.APIID, "apiMappingId": in.ID, "apiMappingKey": in.Key, "stage": in.Stage}
}
