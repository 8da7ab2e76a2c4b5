package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/langhost"
)

// Up deploys the program as it is now and returns how many resources were
// created, updated, deleted or left the same, by Pulumi's names of these.
func (d *Deployment) Up(ctx context.Context) (map[string]int, error) {
	return d.up(ctx, d.opts.Output)
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
