package probe

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// logTimeout is how long an access log line may take.
const logTimeout = 2 * time.Minute

// logLine waits for a request's line of the access log; empty where none came.
func (r *run) logLine(ctx context.Context, requestID string) (string, error) {
	group, _ := r.stack.outputs["accessLogs"].Value.(string)
	client := cloudwatchlogs.NewFromConfig(r.AWS)
	for deadline := time.Now().Add(logTimeout); ; {
		found, err := client.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{
			LogGroupName: &group, FilterPattern: aws.String(strconv.Quote(requestID)),
		})
		if err != nil {
			return "", fmt.Errorf("reading the access log: %w", err)
		}
		if len(found.Events) > 0 {
			return aws.ToString(found.Events[0].Message), nil
		}
		if time.Now().After(deadline) {
			return "", nil
		}
		if err := wait(ctx, time.Second); err != nil {
			return "", err
		}
	}
}

// judgeLog compares an access log line with what is expected.
func (w Want) judgeLog(t terms, line string) []Check {
	var checks []Check
	for _, name := range slices.Sorted(maps.Keys(w.Log)) {
		checks = append(checks, t.check("access log "+name, w.Log[name], member([]byte(line), name)))
	}
	return checks
}
