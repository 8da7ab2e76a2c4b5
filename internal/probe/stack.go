package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/components/golambda"
	"github.com/protected-http-api/protected-http-api/internal/contract"
	localaws "github.com/protected-http-api/protected-http-api/internal/local/aws"
	"github.com/protected-http-api/protected-http-api/internal/local/pulumicli"
)

// Names of the Pulumi project and stack, and of the functions' package.
const (
	projectName     = "protected-http-api-probe"
	stackName       = "probe"
	functionPackage = "github.com/protected-http-api/protected-http-api/internal/probe/function"
)

// removalTimeout is how long the removal may take, after an interrupt too.
const removalTimeout = 20 * time.Minute

// stack is the deployment.
type stack struct {
	auto.Stack
	local    *localaws.Server // nil on AWS
	program  program
	progress io.Writer
	// outputs are those of the last update.
	outputs auto.OutputMap
}

// openStack opens the stack whose state is in a folder. local is nil on AWS.
func openStack(ctx context.Context, dir, region string, local *localaws.Server, progress io.Writer) (*stack, error) {
	root, err := pulumicli.Ensure(ctx, "", progress)
	if err != nil {
		return nil, err
	}
	command, err := auto.NewPulumiCommand(&auto.PulumiCommandOptions{Root: root, SkipVersionCheck: true})
	if err != nil {
		return nil, fmt.Errorf("running Pulumi: %w", err)
	}
	backend, work := filepath.Join(dir, "state"), filepath.Join(dir, "work")
	for _, folder := range []string{backend, work} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, fmt.Errorf("making a folder for the stack: %w", err)
		}
	}
	env := map[string]string{
		"PULUMI_BACKEND_URL":       "file://" + backend,
		"PULUMI_CONFIG_PASSPHRASE": "", // nothing in the stack is secret
		"PULUMI_SKIP_UPDATE_CHECK": "true",
		"AWS_REGION":               region,
	}
	options := []auto.LocalWorkspaceOption{auto.Pulumi(command), auto.WorkDir(work)}
	if local != nil {
		maps.Copy(env, local.Environment())
		env["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
		options = append(options, auto.PulumiHome(filepath.Join(dir, "home")))
	}
	s := &stack{local: local, progress: progress}
	options = append(options, auto.EnvVars(env),
		auto.Project(workspace.Project{Name: tokens.PackageName(projectName), Runtime: workspace.NewProjectRuntimeInfo("go", nil)}),
		auto.Program(func(ctx *pulumi.Context) error { return s.program.deploy(ctx) }))
	ws, err := auto.NewLocalWorkspace(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("opening the project: %w", err)
	}
	if s.Stack, err = auto.UpsertStack(ctx, stackName, ws); err != nil {
		return nil, fmt.Errorf("opening the stack: %w", err)
	}
	return s, s.SetConfig(ctx, "aws:region", auto.ConfigValue{Value: region})
}

// provide runs a command of Pulumi that needs AWS's provider. That of the local AWS
// is there for just as long.
func (s *stack) provide(run func() error) error {
	if s.local == nil {
		return run()
	}
	provider, err := s.local.OpenProvider()
	if err != nil {
		return err
	}
	s.Workspace().SetEnvVar("PULUMI_DEBUG_PROVIDERS", provider.DebugProviders())
	defer s.Workspace().UnsetEnvVar("PULUMI_DEBUG_PROVIDERS")
	return errors.Join(run(), provider.Close())
}

// update deploys the program as it is now. Where AWS refuses a part of it, the rest
// is there, and complete is false.
func (s *stack) update(ctx context.Context) (complete bool, err error) {
	var result auto.UpResult
	err = s.provide(func() (err error) {
		result, err = s.Up(ctx, optup.ProgressStreams(s.progress), optup.ErrorProgressStreams(s.progress), optup.SuppressOutputs(), optup.ContinueOnError())
		return err
	})
	switch {
	case ctx.Err() != nil:
		return false, fmt.Errorf("deploying: %w", context.Cause(ctx))
	case err == nil:
		s.outputs = result.Outputs
		return true, nil
	}
	if s.outputs, err = s.Outputs(ctx); err != nil || len(s.outputs) == 0 {
		return false, errors.New("deploying failed: Pulumi's output says why")
	}
	return false, nil
}

// refuse deploys a resource more, which is to be refused, and returns in what words
// it was; empty where it was made.
func (s *stack) refuse(ctx context.Context, r *refusal) (string, error) {
	s.program.refused = r
	defer func() { s.program.refused = nil }()
	stream := make(chan events.EngineEvent)
	words := make(chan string)
	go func() {
		var said strings.Builder
		for event := range stream {
			if d := event.DiagnosticEvent; d != nil && strings.HasSuffix(d.URN, "::"+refusedName) && d.Severity == "error" {
				said.WriteString(d.Message)
			}
		}
		words <- said.String()
	}()
	var result auto.UpResult
	err := s.provide(func() (err error) {
		result, err = s.Up(ctx, optup.EventStreams(stream), optup.ErrorProgressStreams(io.Discard), optup.SuppressOutputs(), optup.SuppressProgress())
		return err
	})
	said := <-words
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil && said == "":
		return "", fmt.Errorf("pulumi up: %w", err)
	case err == nil:
		s.outputs = result.Outputs
	}
	return said, nil
}

// remove removes everything that the stack has made, and the stack.
func (s *stack) remove(ctx context.Context) error {
	interrupted := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removalTimeout)
	defer cancel()
	if interrupted {
		_ = s.Cancel(ctx) // the lock of an update that was cut off
	}
	err := s.provide(func() error {
		_, err := s.Destroy(ctx, optdestroy.ProgressStreams(s.progress), optdestroy.ErrorProgressStreams(s.progress), optdestroy.Remove())
		return err
	})
	if err != nil {
		return errors.New("removing failed: Pulumi's output says why")
	}
	return nil
}

// buildFunction compiles the functions' package.
func buildFunction(ctx context.Context, local bool) (golambda.Archive, string, error) {
	build := ""
	if local {
		build = contract.BuildTargetHost
	}
	target, err := golambda.NewTarget(golambda.ARM64, build)
	if err != nil {
		return golambda.Archive{}, "", err
	}
	command := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", functionPackage)
	folder, err := command.Output()
	if err != nil {
		return golambda.Archive{}, "", fmt.Errorf("finding the functions' source: %w: run the probe in the folder of its module", err)
	}
	archives, err := golambda.Build(ctx, golambda.Options{Packages: []golambda.Package{{Path: strings.TrimSpace(string(folder))}}, Target: target})
	if err != nil {
		return golambda.Archive{}, "", err
	}
	return archives[0], target.Architecture(), nil
}
