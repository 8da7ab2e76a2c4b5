package components

import (
	"regexp"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// DomainArgs gives the API a domain name of its own, which the Url then has (API
// Gateway developer guide, "Custom domain names for HTTP APIs"). It is Regional, and
// speaks TLS 1.2 and newer.
type DomainArgs struct {
	// Name is the domain's name, "api.example.com". Required. A change makes another
	// domain before the old one goes.
	Name string
	// CertificateArn is the ARN of the name's certificate in AWS Certificate Manager,
	// in the API's own Region. Required without Existing.
	CertificateArn pulumi.StringInput
	// Existing says that the domain is there already, made by another API or
	// another program; the component adds this API to it, under BasePath. What
	// belongs to the domain is then not set here: CertificateArn, MutualTls and
	// HostedZoneId. Defaults to false.
	Existing bool
	// BasePath is what comes before the paths of the API's routes, "v1" or
	// "shop/orders". Several APIs share a domain by different ones. Defaults to none.
	BasePath string
	// MutualTls lets in only clients with a certificate. It excludes
	// KeepDefaultEndpoint. Defaults to none.
	MutualTls *MutualTlsArgs
	// HostedZoneId is the ID of the Route 53 zone that gets the domain's record, an
	// alias of type A. Without it somebody else has to make the record. Defaults to
	// none.
	HostedZoneId pulumi.StringInput
	// KeepDefaultEndpoint leaves the API reachable at its execute-api address too,
	// for instance until all clients use the domain. Set it in the deployment that
	// gives an API its domain, and leave it out in a later one: the address goes
	// before the domain and its record are there. Defaults to false: that address
	// answers 404, and what stands before the domain, a firewall or mutual TLS,
	// cannot be gone around.
	KeepDefaultEndpoint bool
}

// MutualTlsArgs describes which clients' certificates are good (API Gateway developer
// guide, "Mutual TLS authentication for HTTP APIs").
type MutualTlsArgs struct {
	// TruststoreUri is the S3 object with the certificates of the authorities,
	// "s3://bucket/truststore.pem". Required.
	TruststoreUri pulumi.StringInput
	// TruststoreVersion is the object's version; another content of the object takes
	// effect with another version alone. Defaults to what was there when the domain
	// was made.
	TruststoreVersion pulumi.StringInput
	// OwnershipCertificateArn is the ARN of a public certificate of AWS Certificate
	// Manager that proves the domain's ownership. Required by AWS where
	// CertificateArn was imported or comes from a private authority. Defaults to
	// none.
	OwnershipCertificateArn pulumi.StringInput
}

// maxBasePath is how long a mapping may be (API Gateway developer guide, "Map API
// stages to a custom domain name for HTTP APIs", as the characters are).
const maxBasePath = 300

var (
	// domainName matches host names of at least two labels (RFC 1123 section 2.1), in
	// the lower case that API Gateway wants.
	domainName     = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
	basePath       = regexp.MustCompile(`^[A-Za-z0-9$_.+!*'()/-]+$`)
	certificateArn = regexp.MustCompile(`^arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$`)
	truststoreUri  = regexp.MustCompile(`^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+$`)
	hostedZoneId   = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)
)

func (c *checker) checkDomain(args *DomainArgs) {
	if args == nil {
		return
	}
	c.plan.domain = args
	switch {
	case args.Name == "":
		c.addf("Domain.Name", "is required")
	case strings.HasPrefix(args.Name, "*."):
		c.addf("Domain.Name", "%q is a wildcard, and clients need one name: name it; a certificate may be for the wildcard", args.Name)
	case len(args.Name) > 253 || !domainName.MatchString(args.Name):
		c.addf("Domain.Name", "%q is not a domain name in lower case, api.example.com for instance, without scheme and path", args.Name)
	}
	if args.BasePath != "" && (!basePath.MatchString(args.BasePath) || len(args.BasePath) > maxBasePath) {
		c.addf("Domain.BasePath", "%q is not a path that AWS allows: up to %d letters, digits and $-_.+!*'()/", args.BasePath, maxBasePath)
	} else if args.BasePath != strings.Trim(args.BasePath, "/") || strings.Contains(args.BasePath, "//") {
		c.addf("Domain.BasePath", "%q has a / at an end, or two together: write %q", args.BasePath, strings.Join(strings.FieldsFunc(args.BasePath, func(r rune) bool { return r == '/' }), "/"))
	}
	if args.Existing {
		for _, belongs := range []struct {
			property string
			given    bool
		}{{"CertificateArn", args.CertificateArn != nil}, {"MutualTls", args.MutualTls != nil}, {"HostedZoneId", args.HostedZoneId != nil}} {
			if belongs.given {
				c.addf("Domain."+belongs.property, "belongs to the domain, which is there already: leave it out, or Existing")
			}
		}
		return
	}
	if args.CertificateArn == nil {
		c.addf("Domain.CertificateArn", "is required, unless the domain is there already: then set Existing")
	}
	c.checkInput("Domain.CertificateArn", args.CertificateArn, certificateArn, "the ARN of a certificate in AWS Certificate Manager, arn:aws:acm:REGION:ACCOUNT:certificate/ID")
	c.checkInput("Domain.HostedZoneId", args.HostedZoneId, hostedZoneId, "the ID of a hosted zone, Z and letters and digits")
	c.checkMutualTls(args)
}

func (c *checker) checkMutualTls(args *DomainArgs) {
	if args.MutualTls == nil {
		return
	}
	if args.MutualTls.TruststoreUri == nil {
		c.addf("Domain.MutualTls.TruststoreUri", "is required")
	}
	c.checkInput("Domain.MutualTls.TruststoreUri", args.MutualTls.TruststoreUri, truststoreUri, "the address of an object in S3, s3://bucket/key")
	c.checkInput("Domain.MutualTls.OwnershipCertificateArn", args.MutualTls.OwnershipCertificateArn, certificateArn, "the ARN of a certificate in AWS Certificate Manager, arn:aws:acm:REGION:ACCOUNT:certificate/ID")
	if args.KeepDefaultEndpoint {
		c.addf("Domain.KeepDefaultEndpoint", "is not possible with MutualTls: clients without a certificate would use that address: leave out one of them")
	}
}

// checkInput checks a value that is known already.
func (c *checker) checkInput(property string, value pulumi.StringInput, rule *regexp.Regexp, what string) {
	if plain, known := value.(pulumi.String); known && !rule.MatchString(string(plain)) {
		c.addf(property, "%q is not %s", string(plain), what)
	}
}

// createDomain makes the domain, the stage's place in it, and its DNS record, if there
// is to be one.
func (c *ProtectedHttpApi) createDomain(ctx *pulumi.Context, p *plan) (err error) {
	if p.domain == nil {
		return nil
	}
	name := pulumi.String(p.domain.Name).ToStringOutput()
	if !p.domain.Existing {
		if c.Domain, err = apigatewayv2.NewDomainName(ctx, p.name+"-domain", p.domain.arguments(p), pulumi.Parent(c)); err != nil {
			return err
		}
		name = c.Domain.DomainName
	}
	c.ApiMapping, err = apigatewayv2.NewApiMapping(ctx, p.name+"-domain", &apigatewayv2.ApiMappingArgs{
		ApiId:         c.Api.ID(),
		DomainName:    name,
		Stage:         c.Stage.Name,
		ApiMappingKey: optional(p.domain.BasePath),
	}, pulumi.Parent(c), pulumi.DependsOn([]pulumi.Resource{c.Stage}))
	if err != nil || p.domain.HostedZoneId == nil {
		return err
	}
	target := c.Domain.DomainNameConfiguration
	c.DomainRecord, err = route53.NewRecord(ctx, p.name+"-domain", &route53.RecordArgs{
		ZoneId: p.domain.HostedZoneId,
		Name:   name,
		Type:   pulumi.String("A"),
		Aliases: route53.RecordAliasArray{route53.RecordAliasArgs{
			Name:                 target.TargetDomainName().Elem(),
			ZoneId:               target.HostedZoneId().Elem(),
			EvaluateTargetHealth: pulumi.Bool(false),
		}},
	}, pulumi.Parent(c))
	return err
}

func (args *DomainArgs) arguments(p *plan) *apigatewayv2.DomainNameArgs {
	configuration := apigatewayv2.DomainNameDomainNameConfigurationArgs{
		CertificateArn: args.CertificateArn,
		EndpointType:   pulumi.String("REGIONAL"),
		SecurityPolicy: pulumi.String("TLS_1_2"),
	}
	domain := &apigatewayv2.DomainNameArgs{DomainName: pulumi.String(args.Name), Tags: p.tagInputs()}
	if tls := args.MutualTls; tls != nil {
		authentication := apigatewayv2.DomainNameMutualTlsAuthenticationArgs{TruststoreUri: tls.TruststoreUri}
		if tls.TruststoreVersion != nil {
			authentication.TruststoreVersion = tls.TruststoreVersion.ToStringOutput().ToStringPtrOutput()
		}
		if tls.OwnershipCertificateArn != nil {
			configuration.OwnershipVerificationCertificateArn = tls.OwnershipCertificateArn.ToStringOutput().ToStringPtrOutput()
		}
		domain.MutualTlsAuthentication = authentication
	}
	domain.DomainNameConfiguration = configuration
	return domain
}

// url is where clients call the API.
func (args *DomainArgs) url() string {
	return strings.TrimSuffix("https://"+args.Name+"/"+args.BasePath, "/")
}
