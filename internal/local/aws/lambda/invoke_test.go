package lambda

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/logs"
)

func TestColdThenWarm(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create()
	first := f.invoke(`{"mode":"echo","data":{"a":[1,"ü"]}}`)
	if string(first.Payload) != `{"a":[1,"ü"]}` || first.FunctionError != "" {
		t.Errorf("answer: %s %s", first.Payload, first.FunctionError)
	}
	if !first.Cold || first.InitDuration <= 0 || first.Duration <= 0 {
		t.Errorf("first: %+v", first)
	}
	pid := decode[int](t, f.invoke(`{"mode":"pid"}`))
	second := f.invoke(`{"mode":"pid"}`)
	if second.Cold || second.InitDuration != 0 || decode[int](t, second) != pid || second.RequestID == first.RequestID {
		t.Errorf("second: %+v", second)
	}
	if uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`); !uuid.MatchString(second.RequestID) {
		t.Errorf("request id %q", second.RequestID)
	}
}

func TestEventHeaders(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	info := f.create()
	out := f.invoke(`{"mode":"context"}`)
	got := decode[struct {
		RequestID string `json:"requestId"`
		ARN       string
		Remaining float64
		Trace     string
	}](t, out)
	if got.RequestID != out.RequestID || got.ARN != info.ARN || got.Remaining <= 0 || got.Remaining > 60 {
		t.Errorf("%+v", got)
	}
	if trace := regexp.MustCompile(`^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$`); !trace.MatchString(got.Trace) {
		t.Errorf("trace id %q", got.Trace)
	}
}

func TestFunctionErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, event string
		want        string // with ID for the request id
		survives    bool   // the environment is used again
		fault       string // the log event before END; empty: it is the function's own
		report      string // the end of the REPORT line
	}{
		{"returned", `{"mode":"error","text":"no luck"}`, `{"errorMessage":"no luck","errorType":"errorString"}`, true, "", " MB\t"},
		{"panic", `{"mode":"panic","text":"boom"}`, `{"errorMessage":"boom","errorType":"string","stackTrace":…}`, false, "RequestId: ID Error: Runtime exited with error: exit status 1\nRuntime.ExitError", "\tStatus: error\tError Type: Runtime.ExitError\t"},
		{"exit 127", `{"mode":"exit","n":127}`, `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited with error: exit status 127"}`, false, "RequestId: ID Error: Runtime exited with error: exit status 127\nRuntime.ExitError", "\tStatus: error\tError Type: Runtime.ExitError\t"},
		{"exit 0", `{"mode":"exit"}`, `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited without providing a reason"}`, false, "RequestId: ID Error: Runtime exited without providing a reason\nRuntime.ExitError", "\tStatus: error\tError Type: Runtime.ExitError\t"},
		{"signal", `{"mode":"kill"}`, `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited with error: signal: killed"}`, false, "RequestId: ID Error: Runtime exited with error: signal: killed\nRuntime.ExitError", "\tStatus: error\tError Type: Runtime.ExitError\t"},
		{"timeout", `{"mode":"hang"}`, `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ID Error: Task timed out after 1.00 seconds"}`, false, "2026-03-04T23:59:59.000Z ID Task timed out after 1.00 seconds", "\tStatus: timeout\t"},
		// 6 MiB and 100 bytes are allowed, and a JSON string has two quotes.
		{"too large", `{"mode":"big","n":6291555}`, `{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}`, false, "RequestId: ID Error: Runtime exited with error: exit status 1\nRuntime.ExitError", "\tStatus: error\tError Type: Runtime.ExitError\t"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.create(func(fn *Function) {
				if tt.name == "timeout" {
					fn.Timeout = time.Second
				}
			})
			before := decode[int](t, f.invoke(`{"mode":"pid"}`))
			out := f.invoke(tt.event)
			got := strings.ReplaceAll(string(out.Payload), out.RequestID, "ID")
			if i := strings.Index(tt.want, "…"); i >= 0 && len(got) > i {
				got = got[:i] + "…}"
			}
			if got != tt.want || out.FunctionError != "Unhandled" {
				t.Errorf("got  %s %s\nwant %s Unhandled", got, out.FunctionError, tt.want)
			}
			log := f.messages()
			for until := time.Now().Add(time.Minute); !strings.HasPrefix(log[len(log)-1], "REPORT ") && time.Now().Before(until); log = f.messages() {
				time.Sleep(10 * time.Millisecond) // a caller that was answered need not wait for the end
			}
			if last := log[len(log)-1]; !strings.HasSuffix(last, tt.report) {
				t.Errorf("REPORT line %q does not end in %q", last, tt.report)
			}
			fault := strings.ReplaceAll(log[len(log)-3], out.RequestID, "ID")
			if tt.fault != "" && fault != tt.fault || tt.fault == "" && !strings.Contains(fault, tt.want) {
				t.Errorf("before END: %q, want %q", fault, tt.fault)
			}
			after := f.invoke(`{"mode":"pid"}`)
			if after.FunctionError != "" || (decode[int](t, after) == before) != tt.survives || after.Cold == tt.survives {
				t.Errorf("the next invocation: %s, %+v", after.Payload, after)
			}
		})
	}
}

func TestLargestResponse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create()
	if out := f.invoke(`{"mode":"big","n":6291554}`); out.FunctionError != "" || len(out.Payload) != 6291556 {
		t.Errorf("%s, %d bytes", out.FunctionError, len(out.Payload))
	}
}

func TestOneInvocationAtATime(t *testing.T) {
	t.Parallel()
	const n = 5
	f := newFixture(t)
	f.create()
	m := newMeeting(t)
	var answers []<-chan answered
	for range n {
		answers = append(answers, f.start(t.Context(), m.event("pid")))
	}
	// All are there at once, so each is in a process of its own.
	pids := map[int]bool{}
	var guests []guest
	for range n {
		g := m.await()
		pids[g.pid] = true
		guests = append(guests, g)
	}
	if len(pids) != n {
		t.Errorf("%d invocations at once in %d processes", n, len(pids))
	}
	for _, g := range guests {
		_ = g.Close()
	}
	for _, c := range answers {
		if a := <-c; a.err != nil || !a.out.Cold {
			t.Errorf("%+v", a)
		}
	}
	if out := f.invoke(`{"mode":"pid"}`); out.Cold || !pids[decode[int](t, out)] {
		t.Errorf("a new process although %d are idle", n)
	}
}

func TestKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create()
	m := newMeeting(t)
	answer := f.start(t.Context(), m.event("pid"))
	if err := syscall.Kill(m.await().pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if a := <-answer; a.err != nil || a.out.FunctionError != "Unhandled" || !strings.Contains(string(a.out.Payload), "signal: killed") {
		t.Errorf("%s %+v", a.out.Payload, a)
	}
	if out := f.invoke(`{"mode":"pid"}`); out.FunctionError != "" || !out.Cold {
		t.Errorf("the next: %s %+v", out.Payload, out)
	}
}

func TestKilledWhileIdle(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create()
	<-f.roles.revoked // of the check at creation
	for range 5 {
		pid := decode[int](t, f.invoke(`{"mode":"pid"}`))
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-f.roles.revoked
		if out := f.invoke(`{"mode":"pid"}`); out.FunctionError != "" || !out.Cold {
			t.Fatalf("the next: %s %+v", out.Payload, out)
		}
	}
}

func TestCallerLeaves(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	one := 1
	f.create(func(fn *Function) { fn.ReservedConcurrency = &one })
	ended := make(chan string, 10)
	f.logs.Subscribe(func(_ string, events []logs.Event) {
		for _, e := range events {
			if strings.HasPrefix(e.Message, "REPORT") {
				ended <- e.Message
			}
		}
	})
	ctx, leave := context.WithCancel(t.Context())
	m := newMeeting(t)
	answer := f.start(ctx, m.event("pid"))
	g := m.await()
	leave()
	if a := <-answer; !errors.Is(a.err, context.Canceled) {
		t.Errorf("the caller got %+v", a)
	}
	// The invocation goes on, and still takes the only place.
	if _, err := f.Invoke(t.Context(), InvokeInput{Function: "fn"}); !awserr.Has(err, awserr.TooManyRequests) {
		t.Errorf("a second invocation: %v", err)
	}
	_ = g.Close()
	if line := <-ended; strings.Contains(line, "Status") {
		t.Errorf("the invocation ended with %q", line)
	}
}

func TestThrottling(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		reserved *int
		limit    int
		room     int
		cure     string
	}{
		{"account limit", nil, 2, 2, "let more invocations run at once, the account's limit: pha up --concurrency does here, a quota of Lambda on AWS"},
		{"reserved", new(2), 20, 2, "raise ReservedConcurrency of the function's FunctionArgs (reservedConcurrentExecutions of arn:aws:lambda:eu-central-1:000000000000:function:fn), which is 2"},
		{"switched off", new(0), 20, 0, "raise ReservedConcurrency of the function's FunctionArgs (reservedConcurrentExecutions of arn:aws:lambda:eu-central-1:000000000000:function:fn), which is 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, func(o *Options) { o.MaxConcurrency = tt.limit })
			f.create(func(fn *Function) { fn.ReservedConcurrency = tt.reserved })
			m := newMeeting(t)
			var guests []guest
			var answers []<-chan answered
			for range tt.room {
				answers = append(answers, f.start(t.Context(), m.event("pid")))
				guests = append(guests, m.await())
			}
			_, err := f.Invoke(t.Context(), InvokeInput{Function: "fn", Payload: []byte(`{"mode":"pid"}`)})
			if !awserr.Has(err, awserr.TooManyRequests) || awserr.CureOf(err) != tt.cure {
				t.Errorf("one more: %v, cure: %s", err, awserr.CureOf(err))
			}
			for i, g := range guests {
				_ = g.Close()
				if a := <-answers[i]; a.err != nil {
					t.Error(a.err)
				}
			}
			if tt.room > 0 {
				f.invoke(`{"mode":"pid"}`)
			}
		})
	}
}

// A reservation is taken from what the other functions share.
func TestReservationLeavesTheRest(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *Options) { o.MaxConcurrency = 12 })
	f.create()
	f.create(func(fn *Function) { fn.Name, fn.ReservedConcurrency = "other", new(2) })
	m := newMeeting(t)
	for range 10 {
		f.start(t.Context(), m.event("pid"))
		m.await()
	}
	if _, err := f.Invoke(t.Context(), InvokeInput{Function: "fn"}); !awserr.Has(err, awserr.TooManyRequests) {
		t.Errorf("fn: %v", err)
	}
	if _, err := f.Invoke(t.Context(), InvokeInput{Function: "other", Payload: []byte(`{"mode":"pid"}`)}); err != nil {
		t.Errorf("other: %v", err)
	}
}

// A reservation is changed while the function starts and runs, which reads what the
// function is: the race detector watches.
func TestReservationChangesWhileTheFunctionStarts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create()
	done := make(chan error, 1)
	go func() {
		_, err := f.Invoke(t.Context(), InvokeInput{Function: "fn", Payload: []byte(`{"mode":"pid"}`)})
		done <- err
	}()
	for n, running := 0, true; running; n++ {
		select {
		case err := <-done:
			if running = false; err != nil {
				t.Error(err)
			}
		default:
			if _, err := f.PutFunctionConcurrency("fn", new(n%2+1)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if info, _ := f.Function("fn"); info.ReservedConcurrency == nil {
		t.Error("the function has no reservation")
	}
}

func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create()
	gateway := Caller{Service: "apigateway.amazonaws.com", SourceARN: "arn:aws:execute-api:eu-central-1:000000000000:api/$default/GET/x"}
	tests := []struct {
		name string
		in   InvokeInput
		want string
	}{
		{"unknown", InvokeInput{Function: "nope"}, "ResourceNotFoundException: Function not found: arn:aws:lambda:eu-central-1:000000000000:function:nope"},
		{"unknown version", InvokeInput{Function: "fn:7"}, "ResourceNotFoundException: Function not found: arn:aws:lambda:eu-central-1:000000000000:function:fn:7"},
		{"other account", InvokeInput{Function: "arn:aws:lambda:eu-central-1:111111111111:function:fn"}, "ResourceNotFoundException: Function not found: arn:aws:lambda:eu-central-1:111111111111:function:fn"},
		{"no permission", InvokeInput{Function: "fn", Caller: gateway}, "AccessDeniedException: apigateway.amazonaws.com is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:eu-central-1:000000000000:function:fn because no resource-based policy allows the lambda:InvokeFunction action; cure: add an aws:lambda:Permission to the function arn:aws:lambda:eu-central-1:000000000000:function:fn: action lambda:InvokeFunction, principal apigateway.amazonaws.com, sourceArn matching arn:aws:execute-api:eu-central-1:000000000000:api/$default/GET/x"},
		{"no JSON", InvokeInput{Function: "fn", Payload: []byte("{")}, "InvalidRequestContentException: Could not parse request body into json; cure: send a JSON text as the payload"},
		{"too large", InvokeInput{Function: "fn", Payload: []byte(`"` + strings.Repeat("x", 6*1024*1024) + `"`)}, "RequestTooLargeException: 6291458 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := f.Invoke(t.Context(), tt.in); err == nil || awserr.Explain(err).Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestNamesOfAFunction(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	info := f.create()
	for _, name := range []string{"fn", "fn:$LATEST", info.ARN, info.ARN + ":$LATEST", "000000000000:function:fn", "function:fn"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, ok := f.Function(name); !ok || got.ARN != info.ARN {
				t.Errorf("%+v, %v", got, ok)
			}
		})
	}
}
