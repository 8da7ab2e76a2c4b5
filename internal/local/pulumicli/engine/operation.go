package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/pkg/v3/backend/display"
	"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/autonaming"
	"github.com/pulumi/pulumi/pkg/v3/codegen/convert"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	changes "github.com/pulumi/pulumi/pkg/v3/display"
	"github.com/pulumi/pulumi/pkg/v3/engine"
	"github.com/pulumi/pulumi/pkg/v3/host"
	"github.com/pulumi/pulumi/pkg/v3/resource/deploy"
	"github.com/pulumi/pulumi/pkg/v3/resource/plugin"
	"github.com/pulumi/pulumi/pkg/v3/secrets"
	"github.com/pulumi/pulumi/pkg/v3/util/cancel"
	pkgworkspace "github.com/pulumi/pulumi/pkg/v3/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/env"
	"github.com/pulumi/pulumi/sdk/v3/go/common/esc"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/spf13/cobra"
)

// operation is something that the engine does with a stack.
type operation struct {
	command, label string
	kind           apitype.UpdateKind
	run            func(engine.UpdateInfo, *engine.Context, engine.UpdateOptions, bool) (*deploy.Plan, changes.ResourceChanges, error)
	refreshes      bool // may refresh first
}

var (
	update  = operation{command: "up", label: "Updating", kind: apitype.UpdateUpdate, run: engine.Update, refreshes: true}
	preview = operation{command: "preview", label: "Previewing update", kind: apitype.PreviewUpdate, run: engine.Update, refreshes: true}
	refresh = operation{command: "refresh", label: "Refreshing", kind: apitype.RefreshUpdate, run: engine.Refresh}
	destroy = operation{command: "destroy", label: "Destroying", kind: apitype.DestroyUpdate, run: engine.Destroy, refreshes: true}
)

func newOperation(o operation) *cobra.Command {
	var name string
	var shown display.Options
	var refreshed, yes, skipped bool
	cmd := &cobra.Command{Use: o.command, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		if o.kind != apitype.PreviewUpdate && (!yes || !skipped) {
			return fmt.Errorf("nothing is asked: give --yes --skip-preview, or %s", other)
		}
		s, err := openStack(name)
		if err != nil {
			return err
		}
		shown.Color, shown.Type = cmdutil.GetGlobalColorization(), display.DisplayProgress
		shown.Stdout, shown.Stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
		return o.do(cmd.Context(), s, shown, refreshed)
	}}
	flags := cmd.Flags()
	flags.StringVarP(&name, "stack", "s", "", "the stack")
	flags.StringVar(&shown.EventLogPath, "event-log", "", "")
	flags.BoolVar(&shown.SuppressOutputs, "suppress-outputs", false, "")
	flags.String("exec-kind", "", "") // by whom it is run
	flags.BoolVarP(&yes, "yes", "y", false, "")
	flags.BoolVar(&skipped, "skip-preview", false, "")
	if o.refreshes {
		flags.BoolVar(&refreshed, "refresh", false, "")
	}
	return cmd
}

// do runs the engine, shows what it does, and keeps the state that it leaves, also where
// it failed.
func (o operation) do(ctx context.Context, s *store, shown display.Options, refreshed bool) error {
	target, manager, err := s.target(ctx)
	if err != nil {
		return err
	}
	opts, err := s.options(target, refreshed)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(shown.Stdout, shown.Color.Colorize(fmt.Sprintf("%s%s (%s):%s", colors.SpecHeadline, o.label, s.name, colors.Reset)))
	dry := o.kind == apitype.PreviewUpdate
	events, done := make(chan engine.Event), make(chan bool)
	go display.ShowEvents(strings.ToLower(o.label), o.kind, s.name, s.project.Name, "", events, done, shown, dry)
	cancelled, release := interruptible(ctx, events)
	engineContext := &engine.Context{Cancel: cancelled, Events: events, BackendClient: noStacks{}}
	// The state is written once, at the end: before that it is known to nobody, and each
	// writing is that of all resources.
	journal := engine.NewTestJournal()
	if !dry {
		engineContext.SnapshotManager = journal
	}
	start := time.Now().Unix()
	_, changed, err := o.run(engine.UpdateInfo{Root: s.root, Project: s.project, Target: target}, engineContext, opts, dry)
	<-done
	release()
	if closing := journal.Close(); dry || closing != nil {
		return errors.Join(err, closing)
	}
	snapshot, writing := journal.Snap(target.Snapshot)
	if snapshot != nil { // also one that contradicts itself: the resources are there
		snapshot.SecretsManager = manager
		writing = errors.Join(writing, s.save(ctx, snapshot))
	}
	outcome := map[bool]string{true: "succeeded", false: "failed"}[err == nil]
	remembering := s.remember(record{
		Kind: o.kind, StartTime: start, EndTime: time.Now().Unix(), Result: outcome, ResourceChanges: counted(changed),
		Environment: map[string]string{}, Config: map[string]any{},
	})
	if err != nil && writing == nil { // why it failed was shown
		return err
	}
	return errors.Join(err, writing, remembering)
}

func counted(changed changes.ResourceChanges) map[apitype.OpType]int {
	counts := map[apitype.OpType]int{}
	for op, n := range changed {
		counts[apitype.OpType(op)] = n
	}
	return counts
}

// target is the stack, with its configuration as the project says.
func (s *store) target(ctx context.Context) (*deploy.Target, secrets.Manager, error) {
	settings, manager, err := s.settings()
	if err != nil {
		return nil, nil, err
	}
	snapshot, err := s.snapshot(ctx)
	if err != nil {
		return nil, nil, err
	}
	err = pkgworkspace.ValidateStackConfigAndApplyProjectConfig(ctx, s.name.String(), s.project, esc.Value{}, settings.Config, manager.Encrypter(), manager.Decrypter())
	if err != nil {
		return nil, nil, fmt.Errorf("validating stack config: %w", err)
	}
	return &deploy.Target{
		Name: s.name, Organization: organization, Config: settings.Config, Decrypter: manager.Decrypter(), Snapshot: snapshot,
	}, manager, nil
}

func (s *store) options(target *deploy.Target, refreshed bool) (engine.UpdateOptions, error) {
	naming := autonaming.StackContext{Organization: organization, Project: s.project.Name.String(), Stack: s.name.String()}
	autonamer, err := autonaming.ParseAutonamingConfig(naming, target.Config, target.Decrypter)
	if err != nil {
		return engine.UpdateOptions{}, fmt.Errorf("getting autonaming config: %w", err)
	}
	always := s.project.Options != nil && s.project.Options.Refresh == "always"
	parallel := int32(runtime.GOMAXPROCS(0)) * 4 //nolint:gosec // few
	if set := env.Parallel.Value(); set > 0 && set < 1<<20 {
		parallel = int32(set)
	}
	return engine.UpdateOptions{
		Parallel: parallel, ParallelDiff: env.ParallelDiff.Value(), Refresh: refreshed || always,
		UseLegacyDiff: env.EnableLegacyDiff.Value(), UseLegacyRefreshDiff: env.EnableLegacyRefreshDiff.Value(),
		DisableProviderPreview: env.DisableProviderPreview.Value(), DisableResourceReferences: env.DisableResourceReferences.Value(),
		DisableOutputValues: env.DisableOutputValues.Value(), Autonamer: autonamer, HostFactory: newHost,
	}, nil
}

// newHost starts plugins as Pulumi does. It resolves no package from Pulumi's registry.
func newHost(ctx context.Context, messages, status diag.Sink, debugging plugin.DebugContext) (plugin.Host, error) {
	return host.New(ctx, messages, status, debugging, pkgworkspace.EnsureLanguageInstalled,
		schema.NewLoaderServerFromContext, convert.NewMapperServerFromContext,
		func(*plugin.Context) rpc.PackageResolverServer { return rpc.UnimplementedPackageResolverServer{} })
}

// interruptible ends an operation on SIGINT or SIGTERM, the second time at once.
func interruptible(ctx context.Context, events chan<- engine.Event) (_ *cancel.Context, release func()) {
	cancelled, source := cancel.NewContext(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for range signals {
			if cancelled.CancelErr() != nil {
				source.Terminate()
				continue
			}
			source.Cancel()
			events <- engine.NewEvent(engine.StdoutEventPayload{Message: "interrupted: ending\n", Color: colors.Always})
		}
	}()
	return cancelled, func() { signal.Stop(signals); close(signals) }
}

// noStacks has no other stack.
type noStacks struct{}

func (noStacks) GetStackOutputs(_ context.Context, name string, _ func(error) error) (property.Map, error) {
	return property.Map{}, fmt.Errorf("unknown stack %q: %s", name, other)
}

func (noStacks) GetStackResourceOutputs(_ context.Context, name string) (property.Map, error) {
	return property.Map{}, fmt.Errorf("unknown stack %q: %s", name, other)
}
