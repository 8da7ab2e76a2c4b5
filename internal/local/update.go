package local

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/langhost"
)

// StackUpdate is an update of what is deployed: [Options.Updated] is told of it when it begins,
// and again when it has ended.
type StackUpdate struct {
	// Deployment may be read until Updated returns.
	Deployment *Deployment
	Started    time.Time
	// Ended tells that the rest is set.
	Ended bool
	Took  time.Duration
	// Changes is how many resources were created, updated, deleted or left the same, by
	// Pulumi's names of these; nil where the update has failed.
	Changes map[string]int
	// Err is why it has failed, Output what Pulumi says of that.
	Err    error
	Output string
}

// Summary is the changes in words, the rarest kinds first.
func (u StackUpdate) Summary() string { return summary(u.Changes) }

// Up deploys the program as it is now and returns how many resources were
// created, updated, deleted or left the same, by Pulumi's names of these.
func (d *Deployment) Up(ctx context.Context) (map[string]int, error) {
	return d.update(d.opts.Output, func(output io.Writer) (map[string]int, error) { return d.up(ctx, output) })
}

// update makes an update and tells of it.
func (d *Deployment) update(output io.Writer, run func(output io.Writer) (map[string]int, error)) (map[string]int, error) {
	if d.opts.Updated == nil {
		return run(output)
	}
	var said bytes.Buffer
	u := StackUpdate{Deployment: d, Started: time.Now()}
	d.opts.Updated(u)
	u.Changes, u.Err = run(io.MultiWriter(output, &said))
	u.Ended, u.Took = true, time.Since(u.Started)
	if u.Err != nil {
		u.Output = cmp.Or(Diagnostics(said.String()), said.String())
	}
	d.opts.Updated(u)
	return u.Changes, u.Err
}

// Diagnostics is what Pulumi warns of, and why it has failed: the part of its output that
// begins so, up to the next one.
func Diagnostics(output string) string {
	_, found, _ := strings.Cut(output, "\nDiagnostics:\n")
	for _, next := range []string{"\nOutputs:\n", "\nResources:\n", "\nDuration: "} {
		found, _, _ = strings.Cut(found, next)
	}
	return strings.TrimRight(found, "\n ")
}

func (d *Deployment) up(ctx context.Context, progress io.Writer) (map[string]int, error) {
	d.stopLooking()
	if err := d.forgetBuilt(); err != nil {
		return nil, err
	}
	d.started = time.Now()
	err := d.provide(func() error {
		defer d.readBuilt()
		return d.runPulumi(ctx, progress, "up", "--yes", "--skip-preview", "--suppress-outputs")
	})
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("pulumi up: %w", context.Cause(ctx))
		}
		return nil, errors.New("pulumi up failed: Pulumi's output says why")
	}
	resources, err := d.backend.resources(d.project.Name.String(), d.stack.Name())
	if err != nil {
		return nil, err
	}
	d.Outputs = outputs(resources)
	d.listAPIs(resources)
	if err := d.storeSecrets(); err != nil {
		return nil, err
	}
	return d.backend.changes(d.project.Name.String(), d.stack.Name())
}

// runPulumi runs a command of Pulumi on the stack, without what the automation API asks
// after it.
func (d *Deployment) runPulumi(ctx context.Context, progress io.Writer, args ...string) error {
	w := d.stack.Workspace()
	env := []string{"PULUMI_HOME=" + w.PulumiHome()}
	for name, value := range w.GetEnvVars() {
		env = append(env, name+"="+value)
	}
	_, _, _, err := w.PulumiCommand().Run(ctx, w.WorkDir(), nil, []io.Writer{progress}, []io.Writer{progress}, env, append(args, "--stack", d.stack.Name())...)
	return err
}

// provide runs a command of Pulumi that needs the local AWS's provider and the language
// host. There is one of each for just as long.
func (d *Deployment) provide(run func() error) error {
	provider, err := d.AWS.OpenProvider()
	if err != nil {
		return err
	}
	workspace := d.stack.Workspace()
	host, err := langhost.Serve(langhost.Options{
		Program: d.program, References: d.references, Console: d.console,
	})
	if err != nil {
		return errors.Join(err, provider.Close())
	}
	workspace.SetEnvVar("PULUMI_DEBUG_PROVIDERS", provider.DebugProviders())
	defer workspace.UnsetEnvVar("PULUMI_DEBUG_PROVIDERS")
	workspace.SetEnvVar("PULUMI_DEBUG_LANGUAGES", host.DebugLanguages())
	defer workspace.UnsetEnvVar("PULUMI_DEBUG_LANGUAGES")
	return errors.Join(run(), host.Close(), provider.Close())
}
