package ttl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/protected-http-api/protected-http-api/internal/planner"
	"github.com/protected-http-api/protected-http-api/scripts/internal/awsconfig"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/deployed"
)

// fromLog plans by an access log: a file's, a group's, or that of what is deployed.
func (o *options) fromLog(ctx context.Context, stdin io.Reader, stderr io.Writer, prices planner.Prices) (planner.Plan, error) {
	log := &planner.AccessLog{ByRoute: o.byRoute}
	var err error
	switch {
	case o.log == "-":
		err = log.Read(stdin)
	case o.log != "":
		err = readFile(log, o.log)
	default:
		err = o.readGroup(ctx, log, stderr)
	}
	if err != nil {
		return planner.Plan{}, err
	}
	return planner.FromLog(log, o.authorizer(log.Warm()), o.traffic.Lifetime, prices, o.within)
}

func readFile(log *planner.AccessLog, name string) error {
	f, err := os.Open(name) //nolint:gosec // the file that the user names
	if err != nil {
		return fmt.Errorf("reading --log: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := log.Read(f); err != nil {
		return fmt.Errorf("reading --log %s: %w", name, err)
	}
	return nil
}

// readGroup reads the log group that is named, or that of the API that is deployed.
func (o *options) readGroup(ctx context.Context, log *planner.AccessLog, stderr io.Writer) error {
	group := o.logGroup
	if group != "" {
		if _, err := o.target.UseLocal(); err != nil {
			return err
		}
	} else {
		api, err := o.target.Find(ctx, stderr)
		if err != nil {
			return err
		}
		if group, err = o.take(api, log); err != nil {
			return err
		}
	}
	limited, cancel := context.WithTimeout(ctx, awsconfig.Timeout)
	cfg, err := awsconfig.Load(limited, "the log group's")
	cancel()
	if err == nil {
		err = readEvents(ctx, log, cloudwatchlogs.NewFromConfig(cfg), group, time.Now().Add(-o.since))
	}
	if ctx.Err() != nil { // the interruption, not what it broke
		return context.Cause(ctx)
	}
	return err
}

// take takes from what is deployed what no flag has said, and returns the log group.
func (o *options) take(api deployed.API, log *planner.AccessLog) (string, error) {
	if len(api.Authorizers) == 0 {
		return "", fmt.Errorf("the API %s has no Lambda authorizer, and no cache of its answers", api.Name)
	}
	if api.AccessLogGroup == "" {
		return "", fmt.Errorf("the API %s has no access log: leave AccessLogs.Off out, or describe the traffic with --requests and --credentials", api.Name)
	}
	first := api.Authorizers[0]
	if !o.given("memory") && first.MemoryMB > 0 {
		o.memory = first.MemoryMB
	}
	if !o.given("by-route") {
		log.ByRoute = slices.ContainsFunc(api.Authorizers, func(a deployed.Authorizer) bool { return a.ByRoute })
	}
	return api.AccessLogGroup, nil
}

// readEvents adds the events of a group from a moment on.
func readEvents(ctx context.Context, log *planner.AccessLog, client cloudwatchlogs.FilterLogEventsAPIClient, group string, from time.Time) error {
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: aws.String(group), StartTime: aws.Int64(from.UnixMilli()),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if missing := (*types.ResourceNotFoundException)(nil); errors.As(err, &missing) {
			return cli.Usagef("there is no log group %q in this account and Region: see aws logs describe-log-groups, and AWS_REGION", group)
		}
		if err != nil {
			return fmt.Errorf("reading the log group %q, which needs the permission logs:FilterLogEvents on it: %w", group, err)
		}
		for _, event := range page.Events {
			log.Add([]byte(aws.ToString(event.Message)), time.UnixMilli(aws.ToInt64(event.Timestamp)))
		}
	}
	return nil
}
