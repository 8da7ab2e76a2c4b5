package lambda

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/logs"
)

// logStream is where one environment writes its log events, as far as the
// function's role lets it.
type logStream struct {
	s        *Service
	v        *version
	identity iam.Identity
	name     string
	open     atomic.Bool

	// What an invocation logs is held until it ends, or for a moment, and then written
	// at once.
	mu   sync.Mutex
	held []logs.Event
	due  *time.Timer
}

// holdLimit is how long a line is held back, and holdLines how many are.
const (
	holdLimit = 50 * time.Millisecond
	holdLines = 100
)

func (s *Service) newLogStream(v *version, identity iam.Identity) *logStream {
	// In a group that is not the function's own the stream has its name too
	// (developer guide, monitoring-cloudwatchlogs-loggroups).
	function, version := "", "["+latest+"]"
	if v.info.LogGroup != defaultLogGroup(v.info.Name) {
		function = v.info.Name
	}
	random := randomHex(16)
	if function != "" {
		random = "[" + random + "]"
	}
	return &logStream{
		s: s, v: v, identity: identity,
		name: s.now().UTC().Format("2006/01/02") + "/" + function + version + random,
	}
}

// check asks IAM whether the role may write the stream, as AWS does on each
// write: a policy that comes later opens the log, one that goes closes it.
func (l *logStream) check() {
	action, err := l.authorize()
	l.open.Store(err == nil)
	if err != nil {
		l.s.refused(l.v, fmt.Sprintf("the log of the function %q: %s", l.v.info.Name, awserr.Message(err)), l.cure(action, err))
	}
}

// authorize checks the grants on the names that AWS's own refusals show, and
// returns the action that failed.
func (l *logStream) authorize() (string, error) {
	group := l.v.info.LogGroup
	prefix := l.s.account.ARN("logs", "log-group:"+group+":log-stream:")
	if _, ok := l.s.logs.Group(group); !ok {
		if err := l.s.iam.Authorize(l.identity, "logs:CreateLogGroup", prefix); err != nil {
			return "logs:CreateLogGroup", err
		}
		if err := l.s.logs.CreateGroup(logs.Group{Name: group}); err != nil && !awserr.Has(err, logs.AlreadyExists) {
			return "logs:CreateLogGroup", err
		}
	}
	for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
		if err := l.s.iam.Authorize(l.identity, action, prefix+l.name); err != nil {
			return action, err
		}
	}
	return "", nil
}

// cure names the grant for the whole log group rather than for one stream of
// it, whose name is random.
func (l *logStream) cure(action string, err error) string {
	group := l.s.account.ARN("logs", "log-group:"+l.v.info.LogGroup)
	switch {
	case !awserr.Has(err, awserr.AccessDenied):
		return "see the error"
	case strings.HasSuffix(err.Error(), iam.ExplicitDeny), strings.Contains(err.Error(), "permissions boundary"):
		return awserr.CureOf(err)
	case action == "logs:CreateLogGroup":
		return fmt.Sprintf("create the log group %s before the function, or allow logs:CreateLogGroup on %s:* in a policy of the role %q", l.v.info.LogGroup, group, l.identity.Role)
	}
	return fmt.Sprintf("allow logs:CreateLogStream and logs:PutLogEvents on %s:* in a policy of the role %q", group, l.identity.Role)
}

// write takes one log event, or drops it where the log is not open.
func (l *logStream) write(line string) {
	if !l.open.Load() {
		return
	}
	l.mu.Lock()
	l.held = append(l.held, logs.Event{At: l.s.now(), Stream: l.name, Message: line})
	first, full := len(l.held) == 1, len(l.held) == holdLines
	switch {
	case full:
		l.append()
	case first && l.due == nil:
		l.due = time.AfterFunc(holdLimit, l.flush)
	case first:
		l.due.Reset(holdLimit)
	}
	l.mu.Unlock()
}

// flush writes what is held.
func (l *logStream) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.append()
}

// append writes what is held; the caller holds mu.
func (l *logStream) append() {
	if len(l.held) == 0 {
		return
	}
	l.due.Stop()
	err := l.s.logs.AppendAll(l.v.info.LogGroup, l.held)
	clear(l.held)
	l.held = l.held[:0]
	if err != nil {
		l.open.Store(false)
		l.s.refused(l.v, fmt.Sprintf("the log of the function %q: %v", l.v.info.Name, err), "leave the log group as long as the function is there")
	}
}

// refused tells the console once for each version what was refused.
func (s *Service) refused(v *version, what, cure string) {
	s.mu.Lock()
	told := v.warned[cure]
	v.warned[cure] = true
	s.mu.Unlock()
	if !told {
		s.console.Refused(what, cure)
	}
}
