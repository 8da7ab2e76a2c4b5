package awsconfig

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// DynamoDB returns the environment by which the clients of package authz find
// DynamoDB where AWS's own client would: by the endpoint of the environment or the
// profile, FIPS and dual-stack endpoints among them.
func DynamoDB(ctx context.Context, cfg aws.Config) (getenv func(string) string, _ error) {
	client := dynamodb.NewFromConfig(cfg).Options()
	found, err := client.EndpointResolverV2.ResolveEndpoint(ctx, dynamodb.EndpointParameters{
		Region:       &cfg.Region,
		Endpoint:     client.BaseEndpoint,
		UseFIPS:      aws.Bool(client.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack: aws.Bool(client.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
	})
	if err != nil {
		return nil, fmt.Errorf("finding the endpoint of DynamoDB: %w", err)
	}
	if err := CheckEndpoint(&found.URI); err != nil {
		return nil, err
	}
	variables := map[string]string{"AWS_REGION": cfg.Region, "AWS_ENDPOINT_URL": found.URI.String()}
	return func(name string) string { return variables[name] }, nil
}
