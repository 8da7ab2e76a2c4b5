package components

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AllowedLogRetentionDays returns the values that
// ProtectedHttpApiArgs.LogRetentionDays may have.
func AllowedLogRetentionDays() []int { return slices.Clone(retentionDays) }

// CheckLogRetentionDays returns an error that names the value and what is
// allowed, unless days may be ProtectedHttpApiArgs.LogRetentionDays.
func CheckLogRetentionDays(days int) error {
	if !slices.Contains(retentionDays, days) {
		return fmt.Errorf("%d is not one of %s", days, strings.Trim(strings.ReplaceAll(fmt.Sprint(retentionDays), " ", ", "), "[]"))
	}
	return nil
}

const defaultLogRetentionDays = 30

// retentionDays are the values that CloudWatch Logs knows (CloudWatch Logs API
// reference, PutRetentionPolicy).
var retentionDays = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// createLogGroup makes the log group that Lambda writes to by itself (Lambda
// developer guide, "Sending Lambda function logs to CloudWatch Logs"). Its
// default text format is what suits a function that writes JSON lines of its
// own.
func (c *ProtectedHttpApi) createLogGroup(ctx *pulumi.Context, p *plan, f *functionPlan) (*cloudwatch.LogGroup, error) {
	return cloudwatch.NewLogGroup(ctx, f.logicalName, &cloudwatch.LogGroupArgs{
		Name:            pulumi.String("/aws/lambda/" + f.physicalName),
		RetentionInDays: pulumi.Int(p.logRetentionDays),
	}, pulumi.Parent(c))
}
