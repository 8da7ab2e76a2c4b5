package awsjson

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// sdkEndpoint is where AWS's own SDK would call.
func sdkEndpoint(t *testing.T, service, region string, fips, dualStack bool) string {
	t.Helper()
	switch service {
	case "ssm":
		endpoint, err := ssm.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), ssm.EndpointParameters{Region: &region, UseFIPS: &fips, UseDualStack: &dualStack})
		if err != nil {
			t.Fatal(err)
		}
		return endpoint.URI.String()
	case "secretsmanager":
		endpoint, err := secretsmanager.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), secretsmanager.EndpointParameters{Region: &region, UseFIPS: &fips, UseDualStack: &dualStack})
		if err != nil {
			t.Fatal(err)
		}
		return endpoint.URI.String()
	default:
		endpoint, err := dynamodb.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), dynamodb.EndpointParameters{
			Region: &region, UseFIPS: &fips, UseDualStack: &dualStack, AccountIdEndpointMode: aws.String("preferred"),
		})
		if err != nil {
			t.Fatal(err)
		}
		return endpoint.URI.String()
	}
}

// TestEndpoints: in every partition and with every setting where AWS's own SDK
// would call.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	for _, service := range []string{"ssm", "secretsmanager", "dynamodb"} {
		for _, region := range []string{
			"eu-central-1", "us-east-1", "ca-west-1", "mx-central-1", "us-gov-west-1", "us-gov-east-1", "cn-north-1", "cn-northwest-1",
			"eusc-de-east-1", "us-iso-east-1", "us-iso-west-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1", "us-isof-east-1",
		} {
			for _, fips := range []bool{false, true} {
				for _, dualStack := range []bool{false, true} {
					t.Run(fmt.Sprint(service, " ", region, " ", fips, " ", dualStack), func(t *testing.T) {
						t.Parallel()
						client := New(Config{Service: service, Getenv: environment("", envRegion, region, envFIPS, fmt.Sprint(fips), envDualStack, fmt.Sprint(dualStack))})
						want := target{sdkEndpoint(t, service, region, fips, dualStack), region}
						if got, err := client.target(); got != want || err != nil {
							t.Errorf("got %v, %v; want %v", got, err, want)
						}
					})
				}
			}
		}
	}
}

// TestOwnEndpoint: that of the service goes before the general one.
func TestOwnEndpoint(t *testing.T) {
	t.Parallel()
	const aws = "https://ssm.eu-central-1.amazonaws.com"
	tests := []struct{ name, service, own, general, ignore, want string }{
		{"AWS", "ssm", "", "", "", aws},
		{"general", "ssm", "", "http://127.0.0.1:4566", "", "http://127.0.0.1:4566"},
		{"of the service of secrets before general", "secretsmanager", "http://127.0.0.1:1", "http://127.0.0.1:2", "", "http://127.0.0.1:1"},
		{"of the service before general", "ssm", "http://127.0.0.1:1", "http://127.0.0.1:2", "false", "http://127.0.0.1:1"},
		{"of another service", "dynamodb", "http://127.0.0.1:1", "http://127.0.0.1:2", "", "http://127.0.0.1:2"},
		{"ignored", "ssm", "http://127.0.0.1:1", "http://127.0.0.1:2", "True", aws},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client := New(Config{Service: tt.service, Getenv: environment("", "AWS_ENDPOINT_URL_SSM", tt.own, "AWS_ENDPOINT_URL_SECRETS_MANAGER", tt.own, envEndpoint, tt.general, envIgnore, tt.ignore)})
			got, err := client.target()
			if want := (target{tt.want, "eu-central-1"}); got != want || err != nil {
				t.Errorf("got %v, %v; want %v", got, err, want)
			}
		})
	}
}
