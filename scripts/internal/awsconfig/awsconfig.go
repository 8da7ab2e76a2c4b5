// Package awsconfig finds Region, endpoint and credentials for the commands as
// AWS's own tools do, profiles and single sign-on included, and says what to do
// where there are none.
package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/protected-http-api/protected-http-api/internal/cleartext"
)

// Timeout bounds what a command asks of AWS: without credentials in the
// environment the SDK also asks the instance it may run on.
const Timeout = 30 * time.Second

// Load returns the configuration, which has a Region and credentials. whose is
// what is in the Region, for the error: "the parameter's".
func Load(ctx context.Context, whose string) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return aws.Config{}, fmt.Errorf("loading the AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return aws.Config{}, errors.New("no AWS Region is configured; set AWS_REGION to " + whose + " Region")
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return aws.Config{}, fmt.Errorf("no AWS credentials were found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: %w", err)
	}
	cfg.APIOptions = append(cfg.APIOptions, refuseCleartext)
	return cfg, nil
}

// refuseCleartext has every client refuse an endpoint, from whatever setting, by
// which secrets could be read on the way.
func refuseCleartext(stack *middleware.Stack) error {
	return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("RefuseCleartext", func(
		ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
	) (middleware.FinalizeOutput, middleware.Metadata, error) {
		if request, ok := in.Request.(*smithyhttp.Request); ok {
			if err := CheckEndpoint(request.URL); err != nil {
				return middleware.FinalizeOutput{}, middleware.Metadata{}, err
			}
		}
		return next.HandleFinalize(ctx, in)
	}), middleware.After)
}

// CheckEndpoint refuses an endpoint of AWS by which secrets could be read on the
// way.
func CheckEndpoint(u *url.URL) error {
	if err := cleartext.Check(u); err != nil {
		return fmt.Errorf("the endpoint of AWS (AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_… or endpoint_url of the profile) is refused: %w", err)
	}
	return nil
}
