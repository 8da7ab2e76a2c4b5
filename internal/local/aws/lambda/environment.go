package lambda

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
)

// environment is an execution environment: credentials, a log stream, a /tmp
// of its own, and the process. A failed start is tried again in the same
// environment; a time-out or a crash later ends it.
type environment struct {
	s           *Service
	v           *version
	credentials iam.Credentials
	stream      *logStream
	tmp         string
	process     *bootstrap
	memory      int // MB, the peak
	sampled     time.Time
	expiry      *time.Timer
	ending      sync.Once
	// current is the invocation that runs here, or waits for the start; nil in between.
	current atomic.Pointer[call]
}

// newEnvironment prepares an environment for a call, without a process. It fails where
// the role can no longer be assumed.
func (s *Service) newEnvironment(c *call) (*environment, error) {
	v := c.v
	credentials, identity, err := s.iam.AssumeRole(v.info.RoleARN, servicePrincipal, v.info.Name)
	if err != nil {
		cure := roleCure(v.info.RoleARN, err)
		s.refused(v, fmt.Sprintf("the start of the function %q: its role cannot be assumed by Lambda", v.info.Name), cure)
		return nil, refusal(awserr.AccessDenied, cure, "The role defined for the function cannot be assumed by Lambda.")
	}
	tmp, err := os.MkdirTemp(filepath.Join(s.dir, "tmp"), "")
	if err != nil {
		s.iam.Revoke(credentials.AccessKeyID)
		return nil, fmt.Errorf("creating the temporary folder of an environment: %w", err)
	}
	v.code.retain()
	e := &environment{s: s, v: v, credentials: credentials, tmp: tmp, stream: s.newLogStream(v, identity)}
	e.stream.check()
	e.current.Store(c)
	s.environments.Store(credentials.AccessKeyID, e)
	return e, nil
}

// boot starts the process.
func (e *environment) boot() error {
	api, err := newRuntimeAPI(e.v.info, e.s.console)
	if err != nil {
		return err
	}
	out, w, err := newOutput(e.stream.output)
	if err != nil {
		api.close()
		return err
	}
	cmd := exec.Command(filepath.Join(e.v.code.path, bootstrapName)) //nolint:gosec // running the developer's function is the purpose
	cmd.Dir = e.v.code.path
	cmd.Env = e.variables(api.address)
	cmd.Stdout, cmd.Stderr = w, w
	cmd.SysProcAttr = processAttributes()
	err = e.s.spawner.start(cmd)
	_ = w.Close() // the process has its own
	if err != nil {
		out.close()
		api.close()
		return fmt.Errorf("starting the function %q: %w", e.v.info.Name, err)
	}
	b := &bootstrap{cmd: cmd, api: api, out: out, memory: newMemoryMeter(cmd.Process.Pid), gone: make(chan struct{}), ended: make(chan struct{})}
	e.process = b
	e.sampleMemory()
	e.s.running.Go(func() {
		b.wait()
		if e.s.takeOut(e) {
			e.end() // it ended by itself while it was idle
		}
	})
	return nil
}

// endpointSettings choose among AWS's own endpoints. AWS's SDKs refuse them beside
// AWS_ENDPOINT_URL, so that a function which sets them would fail here only.
var endpointSettings = []string{"AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"}

// variables is the whole environment of the process: AWS's (Lambda developer
// guide, configuration-envvars), the two additions of the package comment, and
// the function's own, which may replace those that AWS lets it replace.
func (e *environment) variables(runtimeAPI string) []string {
	task := e.v.code.path
	vars := map[string]string{
		"PATH":            "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"LD_LIBRARY_PATH": "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:" + task + ":" + task + "/lib:/opt/lib",
		"LANG":            "en_US.UTF-8",
		"TZ":              ":UTC",
		"TMPDIR":          e.tmp,
	}
	if e.s.endpointURL != "" {
		vars["AWS_ENDPOINT_URL"] = e.s.endpointURL
	}
	if e.stream.json() {
		// What aws-lambda-go's lambdacontext.NewLogHandler reads.
		vars["AWS_LAMBDA_LOG_FORMAT"], vars["AWS_LAMBDA_LOG_LEVEL"] = formatJSON, e.v.info.ApplicationLogLevel
	}
	if e.v.info.TracingMode == tracingActive {
		vars["AWS_XRAY_CONTEXT_MISSING"], vars["AWS_XRAY_DAEMON_ADDRESS"] = "LOG_ERROR", xrayDaemon
	}
	maps.Copy(vars, e.v.info.Environment)
	for _, name := range endpointSettings {
		if _, set := vars[name]; set && e.s.endpointURL != "" {
			vars[name] = "false"
		}
	}
	maps.Copy(vars, map[string]string{
		"_HANDLER":                        e.v.info.Handler,
		"LAMBDA_TASK_ROOT":                task,
		"LAMBDA_RUNTIME_DIR":              "/var/runtime",
		"AWS_LAMBDA_RUNTIME_API":          runtimeAPI,
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_FUNCTION_NAME":        e.v.info.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     latest,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(e.v.info.MemorySize),
		"AWS_LAMBDA_LOG_GROUP_NAME":       e.v.info.LogGroup,
		"AWS_LAMBDA_LOG_STREAM_NAME":      e.stream.name,
		"AWS_REGION":                      e.s.account.Region,
		"AWS_DEFAULT_REGION":              e.s.account.Region,
		"AWS_ACCESS_KEY_ID":               e.credentials.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY":           e.credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN":               e.credentials.SessionToken,
	})
	list := make([]string, 0, len(vars))
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		list = append(list, name+"="+vars[name])
	}
	return list
}

// start boots the process and waits until its runtime asks for an event. It
// returns how it failed, if it did. After a failure there is no process left.
// An error is a failure of the local AWS itself.
func (e *environment) start(limit <-chan time.Time, timeout outcome) (*outcome, error) {
	if err := e.boot(); err != nil {
		return e.cannotRun(err)
	}
	b := e.process
	var failed outcome
	select {
	case <-b.api.polled:
		select {
		case r := <-b.api.initError: // and goes on all the same
			failed = failedWith(r)
		default:
			return nil, nil
		}
	case r := <-b.api.initError:
		failed = failedWith(r)
	case <-b.gone:
		select {
		case r := <-b.api.initError:
			failed = failedWith(r)
		default:
			failed = outcome{errorType: exitError, message: b.exitText()}
		}
	case <-limit:
		failed = timeout
	case <-e.s.closing:
		e.stop()
		return nil, ErrClosed
	}
	e.stop()
	return &failed, nil
}

// cannotRun tells a bootstrap that the system refuses to run, which is the
// function's fault, from a failure to start any process.
func (e *environment) cannotRun(err error) (*outcome, error) {
	for _, refusal := range []error{syscall.ENOEXEC, fs.ErrPermission, fs.ErrNotExist} {
		var why *fs.PathError
		if errors.Is(err, refusal) && errors.As(err, &why) {
			e.s.refused(e.v, fmt.Sprintf("the start of the function %q: %v", e.v.info.Name, why.Err), "compile bootstrap for the system and processor of this machine")
			return &outcome{errorType: "Runtime.InvalidEntrypoint", message: "fork/exec /var/task/bootstrap: " + why.Err.Error()}, nil
		}
	}
	return nil, err
}

// stop ends the process and waits until its output has been passed on.
func (e *environment) stop() {
	if b := e.process; b != nil {
		if b.api.extensions.registered() {
			b.terminate(shutdownLimit)
		}
		b.kill()
		<-b.ended
	}
}

// end ends the environment. It returns when the process is gone.
func (e *environment) end() {
	e.ending.Do(func() {
		e.stop()
		e.stream.flush()
		e.s.environments.Delete(e.credentials.AccessKeyID)
		e.s.iam.Revoke(e.credentials.AccessKeyID)
		_ = removeAll(e.tmp) // what is left goes when the service is closed
		e.v.code.release()
	})
}

// sampleMemory asks for the peak, which costs a good part of what a short
// invocation does: so not again within 10 ms. What a process that ended by
// itself used after the last time is not known.
func (e *environment) sampleMemory() {
	now := time.Now()
	if now.Sub(e.sampled) < 10*time.Millisecond {
		return
	}
	select {
	case <-e.process.gone:
	default:
		e.memory, e.sampled = max(e.memory, e.process.memory.peak()), now
	}
}
