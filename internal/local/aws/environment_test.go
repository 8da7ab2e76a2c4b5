package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
)

// A developer whose AWS calls go to FIPS and dual-stack endpoints reaches the
// local AWS all the same.
func TestDevelopersEndpointSettings(t *testing.T) {
	server, err := Start(Config{Region: "us-gov-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Setenv("AWS_USE_FIPS_ENDPOINT", "true")
	t.Setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
	for name, value := range server.Environment() {
		t.Setenv(name, value)
	}
	cfg, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lambda.NewFromConfig(cfg).ListFunctions(t.Context(), &lambda.ListFunctionsInput{}); err != nil {
		t.Error(err)
	}
}

// A service that is here cannot be handed on: its policies and rules would be others'.
func TestEmulatorOfWhatIsHere(t *testing.T) {
	t.Parallel()
	for _, service := range []string{"dynamodb", "sts"} {
		_, err := Start(Config{Region: "eu-central-1", Emulators: endpoint.Emulators{service: {}}})
		if want := `the endpoint of "` + service + `": the local AWS has this service itself: leave the endpoint out`; err == nil || err.Error() != want {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}
