package probe

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"golang.org/x/sync/errgroup"

	localaws "github.com/protected-http-api/protected-http-api/internal/local/aws"
	"github.com/protected-http-api/protected-http-api/internal/safepath"
)

// attempts is how often an experiment is made on AWS until there is no difference:
// a change there takes a while until it holds everywhere.
const attempts = 3

// parallel is how many experiments are made at a time. A new AWS account may run ten
// functions at once.
const parallel = 4

// Options are what is asked, and where.
type Options struct {
	// Local is the local AWS; else it is AWS, by the configuration in AWS.
	Local bool
	AWS   aws.Config
	// Only are the names that are asked. Defaults to all.
	Only *regexp.Regexp
	// State is the folder of the stack's state, which is there as long as anything
	// of the stack is. Defaults to a temporary one.
	State string
	// Keep leaves the stack there.
	Keep bool
	// Progress takes what happens while the stack is made and removed.
	Progress io.Writer
	// experiments are those of tests, broken is a resource more that is refused.
	experiments []Experiment
	broken      *refusal
	// Done takes each experiment's result as soon as it is there, one at a time.
	Done func(Result)
}

// Result is what became of an experiment.
type Result struct {
	Name  string `json:"name"`
	Asks  string `json:"asks"`
	Table []int  `json:"table,omitempty"`
	// Cannot is why it was not made.
	Cannot string `json:"cannot,omitempty"`
	// Attempts is how often it was made; Steps are those of the last time.
	Attempts int          `json:"attempts,omitempty"`
	Steps    []StepResult `json:"steps,omitempty"`
}

// StepResult is a request and what was looked at.
type StepResult struct {
	Request string  `json:"request"`
	Checks  []Check `json:"checks"`
}

// Same reports whether there is no difference.
func (r Result) Same() bool {
	return !slices.ContainsFunc(r.Steps, func(s StepResult) bool {
		return slices.ContainsFunc(s.Checks, func(c Check) bool { return !c.Same })
	})
}

// Tries says how often the experiment was made, where that was more than once.
func (r Result) Tries() string {
	if r.Attempts < 2 {
		return ""
	}
	return fmt.Sprintf(" (attempt %d)", r.Attempts)
}

// run is a run of the probe.
type run struct {
	Options
	stack *stack
	local *localaws.Server
	keys  *issuerKeys
	// incomplete says that AWS has refused a part of the stack.
	incomplete bool
	mu         sync.Mutex
	results    []Result
}

// Run makes the stack, the experiments, and removes the stack, whatever happens.
func Run(ctx context.Context, options Options) (_ Report, err error) {
	r := &run{Options: options}
	all := options.experiments
	if all == nil {
		all = Experiments()
	}
	chosen := slices.DeleteFunc(slices.Clone(all), func(e Experiment) bool { return options.Only != nil && !options.Only.MatchString(e.Name) })
	if len(chosen) == 0 {
		return Report{}, fmt.Errorf("no experiment is called like %q", options.Only)
	}
	if r.Local {
		if err := r.startLocal(); err != nil {
			return Report{}, err
		}
		defer func() { err = errors.Join(err, r.local.Close()) }()
	}
	given := r.State != ""
	if !given {
		if r.State, err = safepath.Temp("protected-http-api-probe-"); err != nil {
			return Report{}, fmt.Errorf("making a folder for the stack: %w", err)
		}
	}
	started := time.Now()
	if slices.ContainsFunc(chosen, func(e Experiment) bool { return e.Cannot == "" }) {
		if err := r.open(ctx); err != nil {
			if !given { // and so it holds nothing
				err = errors.Join(err, os.RemoveAll(r.State))
			}
			return Report{}, err
		}
		defer func() { err = errors.Join(err, r.close(ctx)) }()
		if err := r.all(ctx, chosen); err != nil {
			return Report{}, err
		}
	}
	for _, e := range chosen {
		if e.Cannot != "" {
			r.done(Result{Name: e.Name, Asks: e.Asks, Table: e.Table, Cannot: e.Cannot})
		}
	}
	return r.report(started), nil
}

// Remove removes what a run has left, whose state is in a folder.
func Remove(ctx context.Context, options Options) error {
	if _, err := os.Stat(options.State); err != nil {
		return fmt.Errorf("there is no state of a stack: %w", err)
	}
	s, err := openStack(ctx, options.State, options.AWS.Region, nil, options.Progress)
	if err != nil {
		return err
	}
	if err := s.remove(ctx); err != nil {
		return err
	}
	return os.RemoveAll(options.State)
}

// localRegion is the local AWS's.
const localRegion = "eu-central-1"

func (r *run) startLocal() (err error) {
	if r.local, err = localaws.Start(localaws.Config{Region: localRegion}); err != nil {
		return err
	}
	r.AWS = aws.Config{
		Region: localRegion, BaseEndpoint: aws.String(r.local.Endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(r.local.Credentials.AccessKeyID, r.local.Credentials.SecretAccessKey, ""),
	}
	return nil
}

// open builds the functions and opens the stack.
func (r *run) open(ctx context.Context) (err error) {
	if r.keys, err = newIssuerKeys(); err != nil {
		return err
	}
	archive, architecture, err := buildFunction(ctx, r.Local)
	if err != nil {
		return err
	}
	if r.stack, err = openStack(ctx, r.State, r.AWS.Region, r.local, r.Progress); err != nil {
		return err
	}
	r.stack.program = program{
		name: "probe-" + strings.ToLower(rand.Text()[:6]), archive: archive, architecture: architecture, keys: r.keys.set, refused: r.broken,
	}
	return nil
}

// close removes the stack, or says how to.
func (r *run) close(ctx context.Context) error {
	if r.Keep {
		_, _ = fmt.Fprintf(r.Progress, "kept: remove it with --remove --state %s --region %s\n", r.State, r.AWS.Region)
		return nil
	}
	_, _ = fmt.Fprintln(r.Progress, "removing everything")
	if err := r.stack.remove(ctx); err != nil {
		if r.Local {
			return err
		}
		return fmt.Errorf("%w; what is left is called %s-…: remove it with --remove --state %s --region %s", err, r.stack.program.name, r.State, r.AWS.Region)
	}
	return os.RemoveAll(r.State)
}

// all makes the experiments: on the first setup, on the updated one, and those that
// AWS refuses.
func (r *run) all(ctx context.Context, chosen []Experiment) error {
	r.stack.program.apis = needed(setups(false), chosen)
	if err := r.deploy(ctx); err != nil {
		return err
	}
	all := make([]*kept, len(chosen))
	for i, e := range chosen {
		all[i] = newKept(e)
	}
	if err := r.each(ctx, all, func(k *kept) bool { return len(k.Steps) > 0 && k.After == nil }, r.whole); err != nil {
		return err
	}
	// Shortly before the update, so that little time passes in between.
	updates := func(k *kept) bool { return k.After != nil }
	if slices.ContainsFunc(all, updates) {
		if err := r.each(ctx, all, updates, r.before); err != nil {
			return err
		}
		r.stack.program.apis = needed(setups(true), chosen)
		if err := r.deploy(ctx); err != nil {
			return err
		}
		if err := r.each(ctx, all, updates, r.after); err != nil {
			return err
		}
	}
	for _, k := range all {
		if k.Refused == nil {
			continue
		}
		said, err := r.stack.refuse(ctx, k.Refused)
		if err != nil {
			return fmt.Errorf("%s: %w", k.Name, err)
		}
		r.done(k.result(1, []StepResult{k.Refused.judge(r.terms(r.api(mainAPI), k.token), said)}))
	}
	return nil
}

// needed are the setups that the experiments ask.
func needed(all []apiSetup, chosen []Experiment) []apiSetup {
	return slices.DeleteFunc(all, func(s apiSetup) bool {
		return !slices.ContainsFunc(chosen, func(e Experiment) bool {
			return e.API == s.name || s.name == issuerAPI && e.API == jwtAPI || e.Refused != nil && (s.name == mainAPI || s.name == refusalAPI)
		})
	})
}

func (r *run) deploy(ctx context.Context) error {
	complete, err := r.stack.update(ctx)
	if err != nil {
		return err
	}
	if !complete {
		r.incomplete = true
		_, _ = fmt.Fprintln(r.Progress, "the stack is not complete: the experiments go on with what is there")
	}
	for _, setup := range r.stack.program.apis {
		err := r.ready(ctx, setup)
		if err != nil && (complete || ctx.Err() != nil) {
			return err
		}
	}
	if !r.Local {
		return wait(ctx, settling)
	}
	return nil
}

// wait waits, or until the run ends.
func wait(ctx context.Context, duration time.Duration) error {
	select {
	case <-time.After(duration):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// readyTimeout is how long a deployment may take until it serves.
const readyTimeout = 3 * time.Minute

// settling is how long AWS gets after that until a change holds everywhere.
const settling = 15 * time.Second

// ready waits until the API's stages serve.
func (r *run) ready(ctx context.Context, setup apiSetup) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyTimeout, fmt.Errorf("the API %s does not serve", setup.name))
	defer cancel()
	for _, stage := range setup.stages {
		target := cmp.Or(setup.ready, "/ready")
		if stage.name != defaultStage {
			target = "/" + stage.name + target
		}
		for good := 0; !setup.disabled && stage.limit == nil && good < 3; {
			reply, err := Request{Target: target}.send(ctx, r.api(setup.name).endpoint)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err == nil && reply.status == 200 {
				good++
				continue
			}
			good = 0
			if err := wait(ctx, time.Second); err != nil {
				return err
			}
		}
	}
	return nil
}

// apiAddress is an API of the stack.
type apiAddress struct{ endpoint, id, arn string }

func (r *run) api(name string) apiAddress {
	values, _ := r.stack.outputs[name].Value.([]any)
	if len(values) != 3 {
		return apiAddress{}
	}
	text := func(i int) string { s, _ := values[i].(string); return s }
	return apiAddress{text(0), text(1), text(2)}
}

// kept is what an experiment keeps between its steps.
type kept struct {
	Experiment
	token string
	runs  map[string]bool
	steps []StepResult
}

func newKept(e Experiment) *kept {
	return &kept{Experiment: e, token: strings.ToLower(rand.Text()), runs: map[string]bool{}}
}

func (k *kept) result(attempts int, steps []StepResult) Result {
	return Result{Name: k.Name, Asks: k.Asks, Table: k.Table, Attempts: attempts, Steps: steps}
}

// each runs the chosen ones, several at a time.
func (r *run) each(ctx context.Context, all []*kept, chosen func(*kept) bool, do func(context.Context, *kept) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, k := range all {
		if chosen(k) {
			group.Go(func() error { return do(ctx, k) })
		}
	}
	return group.Wait()
}

// whole makes an experiment, on AWS again where there is a difference.
func (r *run) whole(ctx context.Context, k *kept) error {
	for attempt := 1; ; attempt++ {
		steps, err := r.steps(ctx, k, k.Steps)
		if err != nil {
			return err
		}
		result := k.result(attempt, steps)
		if result.Same() || r.Local || k.Once || attempt == attempts {
			r.done(result)
			return nil
		}
		if err := wait(ctx, 2*time.Second); err != nil {
			return err
		}
		k = newKept(k.Experiment)
	}
}

func (r *run) before(ctx context.Context, k *kept) (err error) {
	k.steps, err = r.steps(ctx, k, k.Steps)
	return err
}

func (r *run) after(ctx context.Context, k *kept) error {
	steps, err := r.steps(ctx, k, k.After)
	if err == nil {
		r.done(k.result(1, append(k.steps, steps...)))
	}
	return err
}

func (r *run) steps(ctx context.Context, k *kept, steps []Step) ([]StepResult, error) {
	var results []StepResult
	for _, s := range steps {
		result, err := r.step(ctx, k, s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.Name, err)
		}
		results = append(results, result)
	}
	return results, nil
}

func (r *run) step(ctx context.Context, k *kept, s Step) (StepResult, error) {
	api := r.api(k.API)
	t := r.terms(api, k.token)
	result := StepResult{Request: s.describe()}
	if s.Reset != "" {
		_, err := apigatewayv2.NewFromConfig(r.AWS).ResetAuthorizersCache(ctx, &apigatewayv2.ResetAuthorizersCacheInput{ApiId: &api.id, StageName: &s.Reset})
		if err != nil {
			return result, fmt.Errorf("resetting the authorizer cache: %w", err)
		}
	}
	request, err := r.credential(ctx, s.filled(t), api)
	if err != nil {
		return result, err
	}
	if err := wait(ctx, s.Wait); err != nil {
		return result, err
	}
	reply, err := request.send(ctx, api.endpoint)
	if ctx.Err() != nil {
		return result, context.Cause(ctx)
	}
	if err != nil {
		result.Checks = []Check{{What: "answer", Expected: "one", Observed: t.hide(err.Error())}}
		return result, nil
	}
	result.Checks = s.judge(t, reply, k.runs)
	if s.Log != nil {
		line, err := r.logLine(ctx, reply.header.Get("Apigw-Requestid"))
		if err != nil {
			return result, err
		}
		result.Checks = append(result.Checks, s.judgeLog(t, line)...)
	}
	return result, nil
}

// terms are those of an API and an experiment's token.
func (r *run) terms(api apiAddress, token string) terms {
	account := ""
	if arn := strings.Split(api.arn, ":"); len(arn) == 6 {
		account = arn[4]
	}
	host := strings.TrimPrefix(strings.TrimPrefix(api.endpoint, "https://"), "http://")
	return newTerms("{token}", token, "{arn}", api.arn, "{origin}", api.endpoint, "{host}", host, "{domain}", api.id+".execute-api."+r.AWS.Region+".amazonaws.com",
		"{api}", api.id, "{account}", account)
}

// maxDescribed is how much of each part of a request is in a report.
const maxDescribed = 200

// describe says what is sent, before the terms are filled in: no credential is in it.
func (s Step) describe() string {
	parts := []string{cmp.Or(s.Method, http.MethodGet) + " " + s.Target}
	if s.Reset != "" {
		parts[0] = "after a reset of the cache of " + s.Reset + ", " + parts[0]
	}
	parts = append(parts, s.Headers...)
	for _, told := range []struct {
		who string
		do  *Instruction
	}{{"the authorizer", s.Authorizer}, {"the handler", s.Handler}} {
		if told.do != nil {
			text, _ := json.Marshal(told.do) // texts and numbers
			parts = append(parts, told.who+" is told "+string(text))
		}
	}
	for i, part := range parts {
		parts[i] = shown(part, maxDescribed)
	}
	return strings.Join(parts, "; ")
}

// filled puts in what the terms stand for.
func (r Request) filled(t terms) Request {
	r.Target, r.Body = t.fill(r.Target), t.fill(r.Body)
	r.Headers = slices.Clone(r.Headers)
	for i, line := range r.Headers {
		r.Headers[i] = t.fill(line)
	}
	return r
}

// done keeps a result and tells it.
func (r *run) done(result Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.results = append(r.results, result)
	if r.Done != nil {
		r.Done(result)
	}
}
