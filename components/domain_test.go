package components

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const testCertificate = pulumi.String("arn:aws:acm:eu-central-1:" + testAccount + ":certificate/5b7a0f1e-0000-4000-8000-000000000000")

func withDomain(alter func(*DomainArgs)) func(*ProtectedHttpApiArgs) {
	return func(a *ProtectedHttpApiArgs) {
		a.Domain = &DomainArgs{Name: "api.example.com", CertificateArn: testCertificate}
		alter(a.Domain)
	}
}

func TestCheckDomain(t *testing.T) {
	t.Parallel()
	const noName = " is not a domain name in lower case, api.example.com for instance, without scheme and path"
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"all that is allowed", withDomain(func(d *DomainArgs) {
			d.Name, d.BasePath, d.HostedZoneId = "xn--bcher-kva.example.com", "shop/v1.0_$+!*'()-x", pulumi.String("Z0123456789ABCDEFGHIJ")
			d.MutualTls = &MutualTlsArgs{TruststoreUri: pulumi.String("s3://bucket/trust/store.pem"), TruststoreVersion: pulumi.String("1"), OwnershipCertificateArn: testCertificate}
		}), ""},
		{"known later", withDomain(func(d *DomainArgs) { d.CertificateArn = pulumi.String("later").ToStringOutput() }), ""},
		{"existing", withDomain(func(d *DomainArgs) {
			*d = DomainArgs{Name: "api.example.com", Existing: true, KeepDefaultEndpoint: true}
		}), ""},
		{"nothing", withDomain(func(d *DomainArgs) { *d = DomainArgs{} }),
			"Domain.Name: is required\nDomain.CertificateArn: is required, unless the domain is there already: then set Existing"},
		{"wildcard", withDomain(func(d *DomainArgs) { d.Name = "*.example.com" }),
			`Domain.Name: "*.example.com" is a wildcard, and clients need one name: name it; a certificate may be for the wildcard`},
		{"URL", withDomain(func(d *DomainArgs) { d.Name = "https://api.example.com" }), `Domain.Name: "https://api.example.com"` + noName},
		{"upper case", withDomain(func(d *DomainArgs) { d.Name = "API.example.com" }), `Domain.Name: "API.example.com"` + noName},
		{"one label", withDomain(func(d *DomainArgs) { d.Name = "localhost" }), `Domain.Name: "localhost"` + noName},
		{"address", withDomain(func(d *DomainArgs) { d.Name = "127.0.0.1" }), `Domain.Name: "127.0.0.1"` + noName},
		{"base path at an end", withDomain(func(d *DomainArgs) { d.BasePath = "/v1/" }), `Domain.BasePath: "/v1/" has a / at an end, or two together: write "v1"`},
		{"base path with an empty segment", withDomain(func(d *DomainArgs) { d.BasePath = "a//b" }), `Domain.BasePath: "a//b" has a / at an end, or two together: write "a/b"`},
		{"base path with a variable", withDomain(func(d *DomainArgs) { d.BasePath = "{tenant}" }),
			`Domain.BasePath: "{tenant}" is not a path that AWS allows: up to 300 letters, digits and $-_.+!*'()/`},
		{"long base path", withDomain(func(d *DomainArgs) { d.BasePath = strings.Repeat("x", 301) }),
			`Domain.BasePath: "` + strings.Repeat("x", 301) + `" is not a path that AWS allows: up to 300 letters, digits and $-_.+!*'()/`},
		{"certificate", withDomain(func(d *DomainArgs) {
			d.CertificateArn = pulumi.String("arn:aws:iam::123456789012:server-certificate/x")
		}),
			`Domain.CertificateArn: "arn:aws:iam::123456789012:server-certificate/x" is not the ARN of a certificate in AWS Certificate Manager, arn:aws:acm:REGION:ACCOUNT:certificate/ID`},
		{"zone", withDomain(func(d *DomainArgs) { d.HostedZoneId = pulumi.String("example.com") }),
			`Domain.HostedZoneId: "example.com" is not the ID of a hosted zone, Z and letters and digits`},
		{"what belongs to the domain", withDomain(func(d *DomainArgs) {
			d.Existing, d.MutualTls, d.HostedZoneId = true, &MutualTlsArgs{}, pulumi.String("Z1")
		}), `Domain.CertificateArn: belongs to the domain, which is there already: leave it out, or Existing
Domain.MutualTls: belongs to the domain, which is there already: leave it out, or Existing
Domain.HostedZoneId: belongs to the domain, which is there already: leave it out, or Existing`},
		{"no truststore", withDomain(func(d *DomainArgs) { d.MutualTls = &MutualTlsArgs{} }), "Domain.MutualTls.TruststoreUri: is required"},
		{"truststore", withDomain(func(d *DomainArgs) { d.MutualTls = &MutualTlsArgs{TruststoreUri: pulumi.String("https://bucket/key")} }),
			`Domain.MutualTls.TruststoreUri: "https://bucket/key" is not the address of an object in S3, s3://bucket/key`},
		{"a way around", withDomain(func(d *DomainArgs) {
			d.KeepDefaultEndpoint, d.MutualTls = true, &MutualTlsArgs{TruststoreUri: pulumi.String("s3://bucket/key")}
		}), "Domain.KeepDefaultEndpoint: is not possible with MutualTls: clients without a certificate would use that address: leave out one of them"},
	})
}

func TestDomain(t *testing.T) {
	t.Parallel()
	configuration := map[string]any{"certificateArn": string(testCertificate), "endpointType": "REGIONAL", "securityPolicy": "TLS_1_2"}
	tests := []struct {
		name                     string
		args                     DomainArgs
		domain, mapping, record  map[string]any
		wantUrl                  string
		wantDefaultEndpointThere bool
	}{
		{"a domain", DomainArgs{Name: "api.example.com", CertificateArn: testCertificate},
			map[string]any{"domainName": "api.example.com", "domainNameConfiguration": configuration},
			map[string]any{"apiId": "api123", "domainName": "api.example.com", "stage": "$default"}, nil, "https://api.example.com", false},
		{"with a record", DomainArgs{Name: "api.example.com", CertificateArn: testCertificate, BasePath: "v1", HostedZoneId: pulumi.String("Z1"), KeepDefaultEndpoint: true},
			map[string]any{"domainName": "api.example.com", "domainNameConfiguration": configuration},
			map[string]any{"apiId": "api123", "domainName": "api.example.com", "stage": "$default", "apiMappingKey": "v1"},
			map[string]any{"name": "api.example.com", "type": "A", "zoneId": "Z1", "aliases": []any{
				map[string]any{"name": "d-1.execute-api.eu-central-1.amazonaws.com", "zoneId": "ZOFAPIS", "evaluateTargetHealth": false},
			}}, "https://api.example.com/v1", true},
		{"mutual TLS", DomainArgs{Name: "api.example.com", CertificateArn: testCertificate, MutualTls: &MutualTlsArgs{
			TruststoreUri: pulumi.String("s3://bucket/key"), TruststoreVersion: pulumi.String("7"), OwnershipCertificateArn: testCertificate}},
			map[string]any{"domainName": "api.example.com", "mutualTlsAuthentication": map[string]any{"truststoreUri": "s3://bucket/key", "truststoreVersion": "7"},
				"domainNameConfiguration": map[string]any{"certificateArn": string(testCertificate), "endpointType": "REGIONAL", "securityPolicy": "TLS_1_2",
					"ownershipVerificationCertificateArn": string(testCertificate)}},
			map[string]any{"apiId": "api123", "domainName": "api.example.com", "stage": "$default"}, nil, "https://api.example.com", false},
		{"a domain that is there", DomainArgs{Name: "api.example.com", Existing: true, BasePath: "shop/v2"}, nil,
			map[string]any{"apiId": "api123", "domainName": "api.example.com", "stage": "$default", "apiMappingKey": "shop/v2"}, nil, "https://api.example.com/shop/v2", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := exampleArgs()
			args.Domain = &test.args
			m, urls := &mocks{account: testAccount}, make(chan string, 1)
			err := deploy(m, args, func(_ *pulumi.Context, api *ProtectedHttpApi) {
				api.Url.ApplyT(func(url string) string { urls <- url; return url })
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := <-urls; got != test.wantUrl {
				t.Errorf("the URL is %s, want %s", got, test.wantUrl)
			}
			names := strings.Join(m.children(), ",")
			for kind, want := range map[string]map[string]any{"DomainName": test.domain, "ApiMapping": test.mapping, "Record": test.record} {
				if want != nil {
					expectInputs(t, m.find(t, kind, "events-domain"), want)
				} else if strings.Contains(names, kind+" ") {
					t.Errorf("the children are %s", names)
				}
			}
			if _, off := m.find(t, "Api", "events-api").Inputs["disableExecuteApiEndpoint"]; off == test.wantDefaultEndpointThere {
				t.Errorf("the default endpoint is off: %v", off)
			}
		})
	}
}

// Whoever waits for the Url finds a domain that leads to the API.
func TestUrlDependsOnTheDomain(t *testing.T) {
	t.Parallel()
	args := exampleArgs()
	args.Domain = &DomainArgs{Name: "api.example.com", CertificateArn: testCertificate, HostedZoneId: pulumi.String("Z1")}
	m := &mocks{account: testAccount}
	err := deploy(m, args, func(ctx *pulumi.Context, api *ProtectedHttpApi) {
		var r pulumi.CustomResourceState
		if err := ctx.RegisterResource("test:index:Waits", "waits", pulumi.Map{"url": api.Url}, &r); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	urns := strings.Join(m.find(t, "Waits", "waits").RegisterRPC.GetPropertyDependencies()["url"].GetUrns(), " ")
	for _, kind := range []string{"apiMapping:ApiMapping", "record:Record"} {
		if !strings.Contains(urns, kind+"::events-domain") {
			t.Errorf("the URL does not depend on the %s: %s", kind, urns)
		}
	}
}
