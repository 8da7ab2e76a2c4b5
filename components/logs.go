package components

import (
	"fmt"
	"regexp"
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

// logGroupName matches what a log group may be called (CloudWatch Logs API
// reference, CreateLogGroup).
var logGroupName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)

func (c *checker) checkLogGroup(property string, name pulumi.StringInput) {
	plain, ok := name.(pulumi.String)
	switch {
	case !ok: // none, or known only at deployment
	case !logGroupName.MatchString(string(plain)):
		c.addf(property, "%q is not a name that AWS allows: up to 512 letters, digits, '.', '-', '_', '/' and '#'", string(plain))
	case strings.HasPrefix(string(plain), "aws/"):
		c.addf(property, "%q must not begin with aws/, which AWS reserves", string(plain))
	}
}

// choosesLogGroup reports whether Lambda has to be told where to write; by itself
// it writes to /aws/lambda/{name on AWS} (Lambda developer guide, "Configuring
// CloudWatch log groups").
func (f *functionPlan) choosesLogGroup() bool { return f.args.LogGroup != nil || f.args.AutoName }

// logGroup is where a function writes its log.
type logGroup struct {
	name, arn pulumi.StringOutput
	resources []pulumi.Resource // the component's own
}

// createLogGroup makes the function's log group, or finds the one that it was
// given. Lambda's default text format is what suits a function that writes JSON
// lines of its own.
func (c *ProtectedHttpApi) createLogGroup(ctx *pulumi.Context, p *plan, f *functionPlan) (logGroup, error) {
	if f.args.LogGroup != nil {
		found := cloudwatch.LookupLogGroupOutput(ctx, cloudwatch.LookupLogGroupOutputArgs{Name: f.args.LogGroup}, pulumi.Parent(c))
		return logGroup{name: f.args.LogGroup.ToStringOutput(), arn: found.Arn()}, nil
	}
	args := &cloudwatch.LogGroupArgs{RetentionInDays: pulumi.Int(p.logRetentionDays)}
	if !f.args.AutoName {
		args.Name = pulumi.String("/aws/lambda/" + f.physicalName)
	}
	group, err := cloudwatch.NewLogGroup(ctx, f.logicalName, args, pulumi.Parent(c))
	if err != nil {
		return logGroup{}, err
	}
	c.LogGroups[f.args.Name] = group
	return logGroup{group.Name, group.Arn, []pulumi.Resource{group}}, nil
}
