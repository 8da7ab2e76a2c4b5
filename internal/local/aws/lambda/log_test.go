package lambda

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/logs"
)

const report = `^REPORT RequestId: %s\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: [1-9]\d* MB\t%s$`

func TestLog(t *testing.T) {
	t.Parallel()
	const lines = 200
	f := newFixture(t)
	f.create()
	for _, init := range []string{`Init Duration: \d+\.\d\d ms\t`, ``, ``} {
		before := len(f.messages())
		id := f.invoke(fmt.Sprintf(`{"mode":"lines","n":%d}`, lines)).RequestID
		want := []string{"START RequestId: " + id + " Version: $LATEST"}
		for i := range lines {
			want = append(want, fmt.Sprintf("out %d", i), fmt.Sprintf("err %d", i))
		}
		want = append(want, "unfinished", "END RequestId: "+id)
		log := f.messages()[before:]
		if len(log) != len(want)+1 {
			t.Fatalf("%d lines, want %d:\n%s", len(log), len(want)+1, strings.Join(log, "\n"))
		}
		for i := range want {
			if log[i] != want[i] {
				t.Fatalf("line %d is %q, want %q", i, log[i], want[i])
			}
		}
		if last := log[len(log)-1]; !regexp.MustCompile(fmt.Sprintf(report, id, init)).MatchString(last) {
			t.Errorf("REPORT line: %q", last)
		}
	}
}

func TestLogFileLine(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create()
	f.invoke(`{"mode":"pid"}`)
	file, err := os.ReadFile(f.logs.File("/aws/lambda/fn"))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^2026-03-04T23:59:59\.000Z 2026/03/04/\[\$LATEST\][0-9a-f]{32} START RequestId: [0-9a-f-]{36} Version: \$LATEST\n`).Match(file) {
		t.Errorf("%s", file)
	}
}

// In a log group that is not the function's own, streams say whose they are.
func TestStreamInAnotherGroup(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := f.logs.CreateGroup(logs.Group{Name: "shared"}); err != nil {
		t.Fatal(err)
	}
	f.create(func(in *Function) { in.LogGroup = "shared" })
	f.invoke(`{"mode":"pid"}`)
	file, err := os.ReadFile(f.logs.File("shared"))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^2026-03-04T23:59:59\.000Z 2026/03/04/fn\[\$LATEST\]\[[0-9a-f]{32}\] START RequestId: `).Match(file) {
		t.Errorf("%s", file)
	}
}

func TestLogRefused(t *testing.T) {
	t.Parallel()
	const stream = `arn:aws:logs:eu-central-1:000000000000:log-group:/aws/lambda/fn:log-stream:`
	const user = `REFUSED the log of the function "fn": User: arn:aws:sts::000000000000:assumed-role/fn-role/fn is not authorized to perform: `
	const cure = `; cure: allow logs:CreateLogStream and logs:PutLogEvents on arn:aws:logs:eu-central-1:000000000000:log-group:/aws/lambda/fn:* in a policy of the role "fn-role"`
	tests := []struct {
		action  string
		without bool // the group does not exist
		want    string
	}{
		{"logs:CreateLogStream", false, user + "logs:CreateLogStream on resource: " + stream + "STREAM because no identity-based policy allows the logs:CreateLogStream action" + cure},
		{"logs:PutLogEvents", false, user + "logs:PutLogEvents on resource: " + stream + "STREAM because no identity-based policy allows the logs:PutLogEvents action" + cure},
		{"logs:CreateLogGroup", true, user + "logs:CreateLogGroup on resource: " + stream + " because no identity-based policy allows the logs:CreateLogGroup action" +
			`; cure: create the log group /aws/lambda/fn before the function, or allow logs:CreateLogGroup on arn:aws:logs:eu-central-1:000000000000:log-group:/aws/lambda/fn:* in a policy of the role "fn-role"`},
	}
	for _, tt := range tests {
		t.Run(tt.action, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			if tt.without {
				if err := f.logs.DeleteGroup("/aws/lambda/fn"); err != nil {
					t.Fatal(err)
				}
			}
			f.roles.denied[tt.action] = true
			f.create()
			f.invoke(`{"mode":"lines","n":1}`)
			f.invoke(`{"mode":"lines","n":1}`)
			got := regexp.MustCompile(`\]?[0-9a-f/]*\[\$LATEST\][0-9a-f]{32}`).ReplaceAllString(f.console.String(), "STREAM")
			if strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, tt.want+"\n") {
				t.Errorf("console:\n%s\nwant one line\n%s", got, tt.want)
			}
			if !tt.without {
				if log := f.messages(); len(log) > 0 {
					t.Errorf("log: %q", log)
				}
			}
			// The grant that comes later opens the log.
			f.roles.set(func(r *roles) { delete(r.denied, tt.action) })
			f.invoke(`{"mode":"pid"}`)
			if log := f.messages(); len(log) != 3 {
				t.Errorf("log with the grant: %q", log)
			}
		})
	}
}

func TestLogGroupGoesAway(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create()
	f.invoke(`{"mode":"pid"}`)
	m := newMeeting(t)
	answer := f.start(t.Context(), m.event("pid"))
	g := m.await()
	if err := f.logs.DeleteGroup("/aws/lambda/fn"); err != nil {
		t.Fatal(err)
	}
	_ = g.Close()
	<-answer
	const want = `REFUSED the log of the function "fn": ResourceNotFoundException: The specified log group does not exist: "/aws/lambda/fn"; cure: leave the log group as long as the function is there`
	if got := f.console.String(); strings.Count(got, want) != 1 {
		t.Errorf("console: %s", got)
	}
}

func TestOwnLogGroup(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := f.logs.CreateGroup(logs.Group{Name: "shared"}); err != nil {
		t.Fatal(err)
	}
	f.create(func(fn *Function) { fn.LogGroup = "shared" })
	f.invoke(`{"mode":"pid"}`)
	if info, err := os.Stat(f.logs.File("shared")); err != nil || info.Size() == 0 {
		t.Errorf("%v, %v", info, err)
	}
	if log := f.messages(); len(log) > 0 {
		t.Errorf("the other group: %q", log)
	}
}

// The names that IAM is asked about are those that policies are written for.
func TestLogWithRealPolicies(t *testing.T) {
	t.Parallel()
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	tests := []struct {
		name, actions, resource string
		want                    int // lines
	}{
		{"the group", `"logs:CreateLogStream","logs:PutLogEvents"`, "log-group:/aws/lambda/fn:*", 3},
		{"the group's streams", `"logs:CreateLogStream","logs:PutLogEvents"`, "log-group:/aws/lambda/fn:log-stream:*", 3},
		{"the group without its streams", `"logs:CreateLogStream","logs:PutLogEvents"`, "log-group:/aws/lambda/fn", 0},
		{"another group", `"logs:CreateLogStream","logs:PutLogEvents"`, "log-group:/aws/lambda/other:*", 0},
		{"no streams", `"logs:PutLogEvents"`, "log-group:/aws/lambda/fn:*", 0},
		{"no events", `"logs:CreateLogStream"`, "log-group:/aws/lambda/fn:*", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			identities := iam.New(local)
			if _, err := identities.CreateRole(iam.Role{Name: "fn-role", AssumeRolePolicy: trust}); err != nil {
				t.Fatal(err)
			}
			policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[%s],"Resource":"arn:aws:logs:eu-central-1:000000000000:%s"}]}`, tt.actions, tt.resource)
			if err := identities.PutRolePolicy("fn-role", "logs", policy); err != nil {
				t.Fatal(err)
			}
			f := newFixture(t, func(o *Options) { o.IAM = identities })
			f.create()
			f.invoke(`{"mode":"pid"}`)
			if log := f.messages(); len(log) != tt.want {
				t.Errorf("%d lines, want %d: %q", len(log), tt.want, log)
			}
		})
	}
}

func TestExplicitDeny(t *testing.T) {
	t.Parallel()
	l := &logStream{s: &Service{}, v: &version{info: FunctionInfo{Function: Function{LogGroup: "g"}}}}
	denied := awserr.New(awserr.AccessDenied, "no, %s", iam.ExplicitDeny).WithCure("remove it")
	if got, want := l.cure("logs:PutLogEvents", denied), denied.Cure; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
