package management

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// Limits of custom domain names (API Gateway V2 API reference; developer guide,
// http-api-quotas).
const (
	maxDomainName  = 512
	maxMappingKey  = 300
	maxMappings    = 200 // of a domain
	mappingIDLen   = 6
	targetIDLength = 10

	// MappingSelection is how the mapping of a request is chosen.
	MappingSelection = "$request.basepath"

	// hostedZoneID stands for the zone of API Gateway's own domains.
	hostedZoneID = "Z00000000000000000000"
)

var (
	domainNames      = regexp.MustCompile(`^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$`)
	certificateARN   = regexp.MustCompile(`^arn:[a-z-]+:acm:([a-z0-9-]+):[0-9]{12}:certificate/[A-Za-z0-9-]+$`)
	truststoreURI    = regexp.MustCompile(`^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+$`)
	mappingKey       = regexp.MustCompile(`^[A-Za-z0-9$_.+!*'(),/-]*$`)
	ipAddressTypes   = []string{"ipv4", "dualstack"}
	endpointTypes    = []string{"EDGE", "REGIONAL"}
	securityPolicies = []string{"TLS_1_0", "TLS_1_2"}
)

// domain is a domain name with its mappings by ID, guarded by Service.mu.
type domain struct {
	resource DomainName
	mappings map[string]APIMapping
}

// ValidateDomainName validates a domain name.
func ValidateDomainName(in DomainName) (DomainName, error) {
	switch {
	case len(in.Name) > maxDomainName || !domainNames.MatchString(in.Name):
		return in, badRequest("Invalid domain name %q. It should be a whole name in lower case, such as api.example.com or *.example.com.", in.Name)
	case !certificateARN.MatchString(in.CertificateARN):
		return in, badRequest("Invalid certificate ARN %q. It should be the ARN of a certificate of ACM.", in.CertificateARN)
	case in.OwnershipCertificateARN != "" && !certificateARN.MatchString(in.OwnershipCertificateARN):
		return in, badRequest("Invalid ownership verification certificate ARN %q. It should be the ARN of a certificate of ACM.", in.OwnershipCertificateARN)
	case !slices.Contains(endpointTypes, in.EndpointType):
		return in, badRequest("Invalid endpoint type %q. It should be REGIONAL.", in.EndpointType)
	case in.EndpointType != "REGIONAL":
		return in, badRequest("The endpoint type EDGE is not supported for HTTP APIs. Use REGIONAL.")
	case !slices.Contains(securityPolicies, in.SecurityPolicy):
		return in, badRequest("Invalid security policy %q. It should be TLS_1_2.", in.SecurityPolicy)
	case in.SecurityPolicy != "TLS_1_2":
		return in, badRequest("The security policy TLS_1_0 is not supported for HTTP APIs. Use TLS_1_2.")
	}
	if in.IPAddressType == "" {
		in.IPAddressType = ipAddressTypes[0]
	}
	if !slices.Contains(ipAddressTypes, in.IPAddressType) {
		return in, badRequest("Invalid IP address type %q. It should be ipv4 or dualstack.", in.IPAddressType)
	}
	if in.MutualTLS != nil && !truststoreURI.MatchString(in.MutualTLS.TruststoreURI) {
		return in, badRequest("Invalid truststore URI %q. It should be s3://bucket/key.", in.MutualTLS.TruststoreURI)
	}
	return in.clone(), nil
}

func (in DomainName) clone() DomainName {
	in.Tags = maps.Clone(in.Tags)
	if in.MutualTLS != nil {
		truststore := *in.MutualTLS
		in.MutualTLS = &truststore
	}
	return in
}

// ValidateAPIMapping validates a mapping.
func ValidateAPIMapping(in APIMapping) (APIMapping, error) {
	switch {
	case !mappingKey.MatchString(in.Key):
		return in, badRequest("An ApiMapping key may contain only letters, numbers and one of $-_.+!*'(),/ and not %q", in.Key)
	case strings.HasPrefix(in.Key, "/"), strings.HasSuffix(in.Key, "/"), strings.Contains(in.Key, "//"):
		return in, badRequest("Invalid ApiMapping key %q. It should have no slash at its beginning or end, and no double one.", in.Key)
	case len(in.Key) > maxMappingKey:
		return in, badRequest("An ApiMapping key has at most %d characters, and %q has %d", maxMappingKey, in.Key, len(in.Key))
	case !stageName.MatchString(in.Stage):
		return in, badRequest("Invalid stage identifier specified")
	}
	return in, nil
}

// CreateDomainName creates a domain name. All listeners answer to it, with 403 until
// there is a mapping.
func (s *Service) CreateDomainName(in DomainName) (DomainName, error) {
	resource, err := s.checkDomainName(in)
	if err != nil {
		return DomainName{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.domains[in.Name]; ok {
		return DomainName{}, conflict("The domain name you provided already exists.")
	}
	resource.ARN = s.apigatewayARN("/domainnames/" + in.Name)
	resource.HostedZoneID = hostedZoneID
	resource.TargetDomainName = "d-" + newID(targetIDLength) + ".execute-api." + s.gateway.Account.Region + ".amazonaws.com"
	s.domains[in.Name] = &domain{resource, map[string]APIMapping{}}
	s.mapDomains()
	s.gateway.Console.Printf("the domain %s: there is no DNS and no TLS here; call it with the header Host: %s at the address of any API", in.Name, in.Name)
	if resource.MutualTLS != nil {
		s.gateway.Console.Refused("every request to the domain "+in.Name+", which asks for client certificates: the local AWS has no TLS", "leave MutualTlsAuthentication out here, or test it on AWS")
	}
	return resource.clone(), nil
}

// UpdateDomainName replaces the settings of the domain in.Name.
func (s *Service) UpdateDomainName(in DomainName) (DomainName, error) {
	resource, err := s.checkDomainName(in)
	if err != nil {
		return DomainName{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.findDomain(in.Name)
	if err != nil {
		return DomainName{}, err
	}
	resource.ARN, resource.HostedZoneID, resource.TargetDomainName = d.resource.ARN, d.resource.HostedZoneID, d.resource.TargetDomainName
	d.resource = resource
	s.mapDomains()
	return resource.clone(), nil
}

// checkDomainName validates a domain name, and where its certificate is.
func (s *Service) checkDomainName(in DomainName) (DomainName, error) {
	resource, err := ValidateDomainName(in)
	if err != nil {
		return resource, err
	}
	if region := certificateARN.FindStringSubmatch(in.CertificateARN)[1]; region != s.gateway.Account.Region {
		return resource, badRequest("The certificate %s is in the Region %s. A regional domain name needs one in %s.", in.CertificateARN, region, s.gateway.Account.Region)
	}
	return resource, nil
}

// DeleteDomainName deletes a domain name with its mappings.
func (s *Service) DeleteDomainName(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.findDomain(name); err != nil {
		return err
	}
	delete(s.domains, name)
	s.mapDomains()
	return nil
}

// DomainName returns a domain name.
func (s *Service) DomainName(name string) (DomainName, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.findDomain(name)
	if err != nil {
		return DomainName{}, err
	}
	return d.resource.clone(), nil
}

// CreateAPIMapping maps a path of a domain.
func (s *Service) CreateAPIMapping(in APIMapping) (APIMapping, error) {
	in.ID = newID(mappingIDLen)
	return s.putMapping(in, func(d *domain) error {
		if len(d.mappings) >= maxMappings {
			return awserr.New(CodeTooManyRequests, "Maximum number of API mappings for this domain name has been reached. The limit is %d.", maxMappings)
		}
		return nil
	})
}

// UpdateAPIMapping replaces the settings of the mapping in.ID.
func (s *Service) UpdateAPIMapping(in APIMapping) (APIMapping, error) {
	return s.putMapping(in, func(d *domain) error {
		_, err := lookUp(d.mappings, "ApiMapping", in.ID)
		return err
	})
}

func (s *Service) putMapping(in APIMapping, check func(*domain) error) (APIMapping, error) {
	if _, err := ValidateAPIMapping(in); err != nil {
		return APIMapping{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.findDomain(in.DomainName)
	if err != nil {
		return APIMapping{}, err
	}
	if err := check(d); err != nil {
		return APIMapping{}, err
	}
	a, err := s.find(in.APIID)
	if err != nil {
		return APIMapping{}, err
	}
	if _, ok := a.stages[in.Stage]; !ok {
		return APIMapping{}, badRequest("Invalid stage identifier specified")
	}
	for _, other := range d.mappings {
		if other.ID != in.ID && other.Key == in.Key {
			return APIMapping{}, conflict("ApiMapping key already exists for this domain name")
		}
	}
	d.mappings[in.ID] = in
	s.mapDomains()
	return in, nil
}

// DeleteAPIMapping deletes a mapping.
func (s *Service) DeleteAPIMapping(domainName, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.findDomain(domainName)
	if err != nil {
		return err
	}
	if _, err := lookUp(d.mappings, "ApiMapping", id); err != nil {
		return err
	}
	delete(d.mappings, id)
	s.mapDomains()
	return nil
}

// APIMapping returns a mapping.
func (s *Service) APIMapping(domainName, id string) (APIMapping, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.findDomain(domainName)
	if err != nil {
		return APIMapping{}, err
	}
	return lookUp(d.mappings, "ApiMapping", id)
}

// findDomain returns a domain; the caller holds s.mu.
func (s *Service) findDomain(name string) (*domain, error) {
	d, ok := s.domains[name]
	if !ok {
		return nil, notFound("Invalid domain name identifier specified")
	}
	return d, nil
}

// unmapped refuses to delete what a domain is mapped to: a stage, or an API where
// stage is empty. The words are AWS's own for a stage.
func (s *Service) unmapped(apiID, stage, what string) error {
	var names []string
	for _, name := range sortedKeys(s.domains) {
		for _, m := range s.domains[name].mappings {
			if m.APIID == apiID && (stage == "" || m.Stage == stage) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	kind, _, _ := strings.Cut(what, " ")
	return badRequest("Deleting %s failed. Please remove all base path mappings related to the %s in your domains: %s", what, kind, strings.Join(names, ", "))
}

// mapDomains tells the gateway of a change; the caller holds s.mu.
func (s *Service) mapDomains() {
	var all []live.Domain
	for _, name := range sortedKeys(s.domains) {
		d := s.domains[name]
		resolved := live.Domain{Name: name, MutualTLS: d.resource.MutualTLS != nil}
		for _, id := range sortedKeys(d.mappings) {
			m := d.mappings[id]
			resolved.Mappings = append(resolved.Mappings, live.Mapping{Key: m.Key, API: s.apis[m.APIID].live, Stage: m.Stage})
		}
		all = append(all, resolved)
	}
	s.gateway.MapDomains(all)
}
