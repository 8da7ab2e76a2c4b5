// Package authorizercache resets what API Gateway has cached of an authorizer's
// answers.
package authorizercache

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// Reset resets the cache of an API's stage. Its errors name both, with the cure
// where there is none.
func Reset(ctx context.Context, cfg aws.Config, api, stage string) error {
	_, err := apigatewayv2.NewFromConfig(cfg).ResetAuthorizersCache(ctx, &apigatewayv2.ResetAuthorizersCacheInput{ApiId: aws.String(api), StageName: aws.String(stage)})
	if missing := (*types.NotFoundException)(nil); errors.As(err, &missing) {
		err = fmt.Errorf("there is no such API or stage in %s (%s); see aws apigatewayv2 get-apis --region %s, and get-stages", cfg.Region, missing.ErrorMessage(), cfg.Region)
	}
	if err != nil {
		return fmt.Errorf("resetting the authorizer cache of API %q, stage %q: %w", api, stage, err)
	}
	return nil
}
