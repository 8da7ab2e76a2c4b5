// Package local deploys a Pulumi program to a local AWS: the real Pulumi
// engine, the unchanged program with a stack's own configuration, and an AWS
// on the loopback interface that is thrown away afterwards.
package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	localaws "github.com/protected-http-api/protected-http-api/internal/local/aws"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/logs"
	"github.com/protected-http-api/protected-http-api/internal/local/gobuild"
	"github.com/protected-http-api/protected-http-api/internal/local/langhost"
	"github.com/protected-http-api/protected-http-api/internal/local/pulumicli"
	"github.com/protected-http-api/protected-http-api/internal/safepath"
)

// Options are what is deployed, and how.
type Options struct {
	// Project is the folder of a Pulumi project, or one below it. Defaults to the
	// working directory.
	Project string
	// Stack is the stack whose configuration is used.
	Stack string
	// Settings replace settings of the stack, as pulumi config set would: by their
	// names, with or without the project's, or by a path such as db.password.
	Settings map[string]string
	// SecretPath is a parameter that gets the random secret of tokens before
	// anything is deployed. Defaults to none: the parameters that the deployed
	// functions read get theirs by themselves.
	SecretPath string
	// StackReferences are files with the outputs of stacks that the program refers to,
	// as pulumi stack output --json writes them, by the stacks' names.
	StackReferences map[string]string
	// Port is where the API listens. Defaults to a free port.
	Port int
	// Concurrency is how many function invocations may run at once, as the
	// account's limit on AWS. Defaults to 100.
	Concurrency int
	// Strict refuses resources and functions of the AWS provider that the local AWS does
	// not imitate. Defaults to false: they are recorded, and have no effect.
	Strict bool
	// Endpoints are the addresses of emulators that the developer runs in the place of
	// services that the local AWS does not have, by the services' signing names, for
	// instance s3. Their credentials are read from the environment: see
	// [EndpointVariables]. Defaults to none: calls of such services fail.
	Endpoints map[string]string
	// Temp is the folder in which the deployment makes its own. Defaults to the
	// system's folder for temporary files.
	Temp string
	// Progress takes what happens while the deployment is made.
	Progress io.Writer
	// Output takes Pulumi's own output. Defaults to Progress.
	Output io.Writer
	// Decided is told what became of each request, before the client is. Optional.
	Decided func(live.Decision)
	// Called is told what became of each call of AWS's APIs, before the caller is. Optional.
	Called func(endpoint.Call)
	// Logged is told what is written to log groups: it must be quick, must not call the
	// local AWS and must not keep the events. Optional.
	Logged logs.Subscriber
	// Updated is told of each update, the first among them, when it begins and when it
	// has ended. Optional.
	Updated func(StackUpdate)
	// Console takes what happens in the local AWS, a line an event. Brief leaves out
	// what Lambda writes into functions' logs for each run.
	Console io.Writer
	Brief   bool

	// forAWS compiles what AWS would run, which cannot run here. account is what the
	// local AWS plays then; defaults to that of the local AWS.
	forAWS  bool
	account string
}

// Deployment is a program that is deployed to a local AWS of its own.
type Deployment struct {
	// AWS is what it is deployed to.
	AWS *localaws.Server
	// Outputs are the stack's outputs; secret ones are left out.
	Outputs map[string]any
	// APIs are those that were deployed, sorted by name.
	APIs []API
	// Secret signs the tokens that authorizers accept. SecretPaths are the
	// parameters that hold it; none where nothing reads one.
	Secret      []byte
	SecretPaths []string
	// SigningKey is the key in the parameters KeyPaths.
	SigningKey []byte
	KeyPaths   []string

	opts    Options
	project *project
	dir     string
	stack   auto.Stack
	backend backend // that has the stack
	program *langhost.Program
	// endLook ends the look at what the program was compiled from.
	endLook func()
	// languageHost is the folder of the program's language host; empty for Go's, which is
	// this process.
	languageHost string
	started      time.Time // of the last deployment
	built        []contract.BuiltPackage
	// functionNames are the program's names of functions, by those on AWS.
	functionNames ProgramNames
	// logFiles are the files of functions' logs, by the functions' names on AWS, also of
	// those that are gone.
	logFiles sync.Map
	console  *console.Console
	// references are what StackReferences say.
	references langhost.StackReferences
	mu         sync.Mutex // guards SecretPaths and KeyPaths during a deployment
	// requested has somebody's wish for an update.
	requested chan struct{}
}

// Start makes a local AWS, stores a random secret in it and deploys the
// program. Whatever fails, nothing is left behind.
func Start(ctx context.Context, opts Options) (_ *Deployment, err error) {
	if opts.Output == nil {
		opts.Output = opts.Progress
	}
	d := &Deployment{opts: opts, console: console.New(opts.Console), requested: make(chan struct{}, 1)}
	if opts.Brief {
		d.console.Brief()
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if err := d.readProject(); err != nil {
		return nil, err
	}
	if err := d.prepare(ctx); err != nil {
		return nil, err
	}
	err = d.told("pulumi up", func() error {
		_, err := d.Up(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	d.keepProgram()
	d.lookAtProgram()
	return d, nil
}

// prepare starts the local AWS and makes a stack.
func (d *Deployment) prepare(ctx context.Context) (err error) {
	// First, because it finds mistakes at once that a build of Pulumi would only
	// delay.
	if err := d.step("local AWS", d.startAWS); err != nil {
		return err
	}
	var pulumi string
	if d.dir, err = safepath.TempIn(d.opts.Temp, "protected-http-api-stack-"); err != nil {
		return fmt.Errorf("making a folder for the stack: %w", err)
	}
	d.program = &langhost.Program{Binary: filepath.Join(d.dir, "program")}
	err = d.step("Pulumi", func() error {
		pulumi, err = pulumicli.EnsureEngine(ctx, d.opts.Temp, d.opts.Progress)
		return err
	})
	if err != nil {
		return err
	}
	if language := d.project.language(); language == "go" {
		err = d.step("compiling the program", func() error { return d.compile(ctx) })
	} else {
		err = d.step("the language host", func() error {
			d.languageHost, err = pulumicli.EnsureLanguage(ctx, pulumi, language, d.opts.Temp, d.opts.Progress)
			return err
		})
	}
	if err != nil {
		return err
	}
	return d.openStack(ctx, pulumi)
}

// readProject reads the project's files, with what the options replace.
func (d *Deployment) readProject() error {
	project, err := readProject(d.opts.Project, d.opts.Stack, d.opts.Settings)
	if err != nil {
		return err
	}
	d.project = project
	if language := project.language(); language != "go" && len(d.opts.StackReferences) > 0 {
		return fmt.Errorf("%s has the runtime %q: only programs in Go can refer to other stacks in a local deployment: leave out their outputs", project.path, language)
	}
	references, err := langhost.ReadStackReferences(d.opts.StackReferences)
	if err != nil {
		return err
	}
	if hidden := references.Hidden(); len(hidden) > 0 {
		_, _ = fmt.Fprintf(d.opts.Progress, "secret outputs of other stacks, whose values the files do not have, are the text [secret]: %s\n", strings.Join(hidden, ", "))
	}
	d.references = references
	return nil
}

// step runs one part of a start and tells how long it took.
func (d *Deployment) step(name string, run func() error) error {
	start := time.Now()
	if err := run(); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(d.opts.Progress, "%s: ready in %s\n", name, time.Since(start).Round(10*time.Millisecond))
	return nil
}

// tellInterval is how often a step that takes long says so.
const tellInterval = 5 * time.Second

// told is step for one whose output is shown later, if at all: now and then it tells how
// long it has taken so far.
func (d *Deployment) told(name string, run func() error) error {
	if d.opts.Output == d.opts.Progress {
		return d.step(name, run)
	}
	done := make(chan struct{})
	var telling sync.WaitGroup
	telling.Go(func() {
		ticker := time.NewTicker(tellInterval)
		defer ticker.Stop()
		for start := time.Now(); ; {
			select {
			case <-done:
				return
			case <-ticker.C:
				_, _ = fmt.Fprintf(d.opts.Progress, "  %s: %s\n", name, time.Since(start).Round(time.Second))
			}
		}
	})
	return d.step(name, func() error {
		defer telling.Wait()
		defer close(done)
		return run()
	})
}

// compile fills Go's build cache, telling how far it is: Pulumi's own build of
// the program, which follows, shows nothing.
func (d *Deployment) compile(ctx context.Context) error {
	if d.fetchProgram(); d.program.Current(ctx, d.project.program()) {
		return nil
	}
	return gobuild.Build{
		Title: "the program", Dir: d.project.program(), Package: ".", Progress: d.opts.Progress, Env: gobuild.TempIn(d.opts.Temp),
	}.Run(ctx)
}

// startAWS starts the local AWS.
func (d *Deployment) startAWS() error {
	region, err := d.project.region(os.Getenv)
	if err != nil {
		return err
	}
	emulators, err := emulators(d.opts.Endpoints, os.Getenv)
	if err != nil {
		return err
	}
	d.Secret, d.SigningKey = []byte(rand.Text()+rand.Text()), []byte(rand.Text()+rand.Text())
	d.AWS, err = localaws.Start(localaws.Config{
		Region: region, Port: d.opts.Port, Concurrency: d.opts.Concurrency, Console: d.console,
		ProgramDir: d.project.program(), Secret: d.lookedUp, Strict: d.opts.Strict, Emulators: emulators,
		Account: d.opts.account, ForAWS: d.opts.forAWS,
		Temp: d.opts.Temp, Decided: d.opts.Decided, Called: d.opts.Called, Logged: d.opts.Logged,
	})
	if err != nil || d.opts.SecretPath == "" {
		return err
	}
	return d.storeSecret(d.opts.SecretPath)
}

// openStack makes a stack in a backend of its own, in a temporary folder, for the
// installation of Pulumi in a folder.
func (d *Deployment) openStack(ctx context.Context, pulumi string) (err error) {
	state, temp := filepath.Join(d.dir, "state"), filepath.Join(d.dir, "tmp")
	for _, dir := range []string{state, temp} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return fmt.Errorf("making a folder for the stack: %w", err)
		}
	}
	if err := d.project.copyTo(d.dir, d.opts.Stack); err != nil {
		return err
	}
	env := d.AWS.Environment()
	// An interrupt ends the program at once, in the middle of a build: what it
	// leaves goes with this folder.
	env["TMPDIR"] = temp
	if d.languageHost != "" {
		env["PATH"] = d.languageHost + string(os.PathListSeparator) + os.Getenv("PATH")
	}
	d.backend = backend(state)
	maps.Copy(env, d.backend.environment())
	env["PULUMI_CONFIG_PASSPHRASE"] = rand.Text()
	env["PULUMI_SKIP_UPDATE_CHECK"] = "true"
	env["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
	if !d.opts.forAWS {
		env[contract.EnvBuildTarget] = contract.BuildTargetHost
	}
	env[contract.EnvBuildRecord] = d.recordPath()
	d.program.Env = env
	workspace, err := auto.NewLocalWorkspace(ctx, auto.Pulumi(command{filepath.Join(pulumi, "bin", "pulumi")}), auto.WorkDir(d.dir),
		auto.PulumiHome(filepath.Join(d.dir, "home")), auto.EnvVars(env))
	if err != nil {
		return fmt.Errorf("opening the project: %w", err)
	}
	if d.stack, err = auto.NewStack(ctx, d.opts.Stack, stackWorkspace{workspace, d.backend, d.project.Name.String()}); err != nil {
		return fmt.Errorf("making the stack %s: %w", d.opts.Stack, err)
	}
	return d.setSecrets(ctx)
}

// setSecrets has Pulumi encrypt the replaced settings that are secret.
func (d *Deployment) setSecrets(ctx context.Context) error {
	if len(d.project.secrets) == 0 {
		return nil
	}
	if err := d.stack.SetAllConfigWithOptions(ctx, d.project.secrets, &auto.ConfigOptions{Path: true}); err != nil {
		return fmt.Errorf("setting %s: %w", strings.Join(slices.Sorted(maps.Keys(d.project.secrets)), ", "), err)
	}
	return nil
}

// Output is a string among the stack's outputs.
func (d *Deployment) Output(name string) (string, error) {
	value, ok := d.Outputs[name].(string)
	if !ok {
		return "", fmt.Errorf("the program %s has no output %q", d.project.Name, name)
	}
	return value, nil
}

// Names are those of the project and the stack.
func (d *Deployment) Names() (project, stack string) { return d.project.Name.String(), d.opts.Stack }

// Workspace is where Pulumi finds the stack: the folder of the project's copy, and the
// address of the backend that has the state.
func (d *Deployment) Workspace() (dir, backend string) {
	return d.dir, "file://" + string(d.backend)
}

// Close ends the local AWS and removes all that the deployment made.
func (d *Deployment) Close() error {
	d.stopLooking()
	var errs []error
	if d.AWS != nil {
		errs = append(errs, d.AWS.Close())
	}
	if d.dir != "" {
		errs = append(errs, os.RemoveAll(d.dir))
	}
	return errors.Join(errs...)
}
