package components

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// LoggingArgs say what a function logs, where, and for how long.
type LoggingArgs struct {
	// Group is the name of a log group that is there already, for instance
	// one that the program makes, which the function writes to. The component
	// neither creates nor deletes it, and its retention is its own: the logs
	// outlive the function. Several functions may share one. Defaults to a log
	// group of the function's own, /aws/lambda/{name on AWS}.
	Group pulumi.StringInput
	// RetentionDays is how long CloudWatch keeps the logs in the function's own log
	// group, in days, one of the values that CloudWatch knows. Defaults to 30.
	RetentionDays int
	// Format is the form of what Lambda itself writes: "Text" or "JSON", with which
	// Lambda writes a JSON object a line, and wraps lines of the function's that are
	// none. Defaults to "Text".
	Format string
	// ApplicationLevel leaves out what the function logs below it: "TRACE",
	// "DEBUG", "INFO", "WARN", "ERROR" or "FATAL"; of lines that are JSON objects,
	// by their member "level". For the Format "JSON" only. Defaults to "INFO" then.
	ApplicationLevel string
	// SystemLevel leaves out what Lambda logs below it: "DEBUG", "INFO" or "WARN".
	// With "WARN" nothing tells of a single good invocation. For the Format "JSON"
	// only. Defaults to "INFO" then.
	SystemLevel string
}

// orNone returns what is given, nothing where nothing is.
func (l *LoggingArgs) orNone() LoggingArgs {
	if l == nil {
		return LoggingArgs{}
	}
	return *l
}

// filled returns the arguments with defaults, but for those that their own exclude.
func (l LoggingArgs) filled(defaults *LoggingArgs) LoggingArgs {
	d := defaults.orNone()
	if l.Group == nil && l.RetentionDays == 0 {
		l.Group = d.Group
	}
	l.RetentionDays = cmp.Or(l.RetentionDays, d.RetentionDays, defaultLogRetentionDays)
	l.Format = cmp.Or(l.Format, d.Format, formatText)
	if l.Format == formatJSON {
		// Sent too: AWS's provider takes no level for the one that was set before.
		l.ApplicationLevel = cmp.Or(l.ApplicationLevel, d.ApplicationLevel, defaultLogLevel)
		l.SystemLevel = cmp.Or(l.SystemLevel, d.SystemLevel, defaultLogLevel)
	}
	return l
}

// What Format and the levels may be (Lambda API reference, LoggingConfig).
const formatText, formatJSON = "Text", "JSON"

// defaultLogLevel is Lambda's own for JSON.
const defaultLogLevel = "INFO"

var (
	applicationLevels = []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}
	systemLevels      = []string{"DEBUG", "INFO", "WARN"}
)

// checkLogging checks what is given; filled is that with the defaults.
func (c *checker) checkLogging(property string, given, filled *LoggingArgs) {
	if given == nil {
		return
	}
	c.checkLogGroup(property+".Group", given.Group)
	switch {
	case given.RetentionDays == 0:
	case given.Group != nil:
		c.addf(property+".RetentionDays", "%d is not possible with Group: that log group is not the component's, and its retention is its own: leave it out", given.RetentionDays)
	default:
		c.add(property+".RetentionDays", CheckLogRetentionDays(given.RetentionDays))
	}
	if given.Format != "" && given.Format != formatText && given.Format != formatJSON {
		c.addf(property+".Format", "%q is not one of %q, %q", given.Format, formatText, formatJSON)
		return
	}
	for _, level := range []struct {
		name, value string
		allowed     []string
	}{{"ApplicationLevel", given.ApplicationLevel, applicationLevels}, {"SystemLevel", given.SystemLevel, systemLevels}} {
		switch {
		case level.value == "":
		case filled.Format != formatJSON:
			c.addf(property+"."+level.name, "%q is for the Format %q only: set that too, or leave it out", level.value, formatJSON)
		case !slices.Contains(level.allowed, level.value):
			c.addf(property+"."+level.name, "%q is not one of %s", level.value, quoted(level.allowed))
		}
	}
}

// AllowedLogRetentionDays returns the values that LoggingArgs.RetentionDays may
// have.
func AllowedLogRetentionDays() []int { return slices.Clone(retentionDays) }

// CheckLogRetentionDays returns an error that names the value and what is
// allowed, unless days may be LoggingArgs.RetentionDays.
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

// logGroup is where a function writes its log.
type logGroup struct {
	name, arn pulumi.StringOutput
	resources []pulumi.Resource // the component's own
}

// createLogGroup makes the function's log group, or finds the one that it was
// given.
func (c *ProtectedHttpApi) createLogGroup(ctx *pulumi.Context, p *plan, f *functionPlan) (logGroup, error) {
	logging := f.args.Logging
	if logging.Group != nil {
		found := cloudwatch.LookupLogGroupOutput(ctx, cloudwatch.LookupLogGroupOutputArgs{Name: logging.Group}, pulumi.Parent(c))
		return logGroup{name: logging.Group.ToStringOutput(), arn: found.Arn()}, nil
	}
	args := &cloudwatch.LogGroupArgs{RetentionInDays: pulumi.Int(logging.RetentionDays), Tags: p.tagInputs()}
	if f.physicalName != "" {
		args.Name = pulumi.String("/aws/lambda/" + f.physicalName)
	}
	group, err := cloudwatch.NewLogGroup(ctx, f.logicalName, args, pulumi.Parent(c))
	if err != nil {
		return logGroup{}, err
	}
	c.LogGroups[f.args.Name] = group
	return logGroup{group.Name, group.Arn, []pulumi.Resource{group}}, nil
}
