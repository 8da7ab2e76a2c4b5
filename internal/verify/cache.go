package verify

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// logDelay is how long CloudWatch may take to show what a function has logged. It is
// seconds, as a rule.
const logDelay = 45 * time.Second

// cacheCheck sends the same bad credential twice, and then another one. API Gateway
// keeps refusals as it keeps what lets in. The authorizer has to run for the first and
// the third, and without a TTL for the second too. How often it ran its log tells: by
// the ids of the requests where authz.Handler wrote them, else by counting.
func (v *verifier) cacheCheck(r Route, t target) check {
	a := r.Authorizer
	name := fmt.Sprintf("%s: with TTL %s a second call with the same credential does not run the authorizer %q", r.Key, a.TTL, a.Name)
	if a.TTL == 0 {
		name = fmt.Sprintf("%s: with TTL 0 a second call with the same credential runs the authorizer %q again", r.Key, a.Name)
	}
	return check{name, func(ctx context.Context) error {
		if a.Unread != nil {
			return skipped("the function's configuration could not be read: " + a.Unread.Error())
		}
		before := time.Now().Add(-time.Second) // records have milliseconds, and clocks differ
		known, err := v.records(ctx, a, before)
		if err != nil {
			return skipped("the authorizer's log could not be read: " + err.Error())
		}
		same, other := harmless+"-"+rand.Text(), harmless+"-"+rand.Text()
		var ids []string
		for _, token := range []string{same, same, other} {
			answer, err := v.send(ctx, t, "", func(request *http.Request, _ string) error {
				a.put(request, token)
				return nil
			})
			if err != nil {
				return err
			}
			if !answer.fromGateway(t.method) {
				return fmt.Errorf("the status with a bad credential is %d: %s", answer.status, answer)
			}
			ids = append(ids, answer.id)
		}
		return v.judgeRuns(ctx, a, before, starts(known), ids)
	}}
}

// judgeRuns waits until the log tells of the last request.
func (v *verifier) judgeRuns(ctx context.Context, a *Authorizer, since time.Time, known int, ids []string) error {
	want := 3
	if a.TTL > 0 {
		want = 2
	}
	for deadline := time.Now().Add(logDelay); ; {
		records, err := v.records(ctx, a, since)
		if err != nil {
			return skipped("the authorizer's log could not be read: " + err.Error())
		}
		ran := func(id string) bool {
			return id != "" && slices.ContainsFunc(records, func(r string) bool { return strings.Contains(r, id) })
		}
		runs := starts(records) - known
		switch late := time.Now().After(deadline); {
		case ran(ids[0]) && ran(ids[2]) && ran(ids[1]) == (a.TTL == 0):
			return nil
		case ran(ids[0]) && ran(ids[2]) && ran(ids[1]):
			return fmt.Errorf("the authorizer ran for the second call too")
		case ran(ids[0]) && ran(ids[2]) && late:
			return fmt.Errorf("the authorizer did not run for the second call")
		case slices.ContainsFunc(ids, ran) && !late: // its log has ids: wait for them
		case runs == want:
			return nil
		case runs > want:
			return fmt.Errorf("the authorizer ran %d times for three calls, not %d; if others called the API meanwhile, try again", runs, want)
		case late && runs == 0:
			return skipped("the authorizer's log does not tell when it runs")
		case late:
			return fmt.Errorf("the authorizer ran %d times for three calls, not %d", runs, want)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(logPoll):
		}
	}
}

const logPoll = 500 * time.Millisecond

// starts counts the records of an invocation's start, which Lambda itself writes
// (Lambda developer guide, "Working with Lambda function logs").
func starts(records []string) (n int) {
	for _, record := range records {
		if strings.HasPrefix(record, "START RequestId: ") || strings.Contains(record, `"platform.start"`) {
			n++
		}
	}
	return n
}

// records are what a function has logged since a time. Several functions may share a
// log group; the names of their streams then have theirs in it.
func (v *verifier) records(ctx context.Context, a *Authorizer, since time.Time) ([]string, error) {
	var all []string
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(cloudwatchlogs.NewFromConfig(v.AWS), &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &a.LogGroup, StartTime: aws.Int64(since.UnixMilli()),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, event := range page.Events {
			stream := aws.ToString(event.LogStreamName)
			if strings.Contains(stream, "/[") || strings.Contains(stream, "/"+a.Function+"[") {
				all = append(all, aws.ToString(event.Message))
			}
		}
	}
	return all, nil
}
