package local

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

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
	// Resources are those that were created, updated, replaced or deleted, also by an
	// update that has failed: it leaves what it has done until then.
	Resources []ResourceChange
	// Err is why it has failed, Output what Pulumi says of that.
	Err    error
	Output string
}

// ResourceChange is what an update has done to a resource of the program.
type ResourceChange struct {
	// Kind is "created", "updated", "replaced" or "deleted".
	Kind string
	// Type is the last part of the resource's type, for instance RolePolicy; Name is what
	// the program calls it.
	Type, Name string
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
	before, _ := d.resources() // it fails below too, where it fails here
	u := StackUpdate{Deployment: d, Started: time.Now()}
	d.opts.Updated(u)
	u.Changes, u.Err = run(io.MultiWriter(output, &said))
	u.Ended, u.Took = true, time.Since(u.Started)
	if after, err := d.resources(); err == nil {
		u.Resources = resourceChanges(before, after)
	}
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
		err = errors.New("pulumi up failed: Pulumi's output says why")
	}
	// What was changed before a failure serves too.
	if err := errors.Join(err, d.look()); err != nil {
		return nil, err
	}
	return d.backend.changes(d.project.Name.String(), d.stack.Name())
}

// look finds what is deployed, and gives it its secrets.
func (d *Deployment) look() error {
	resources, err := d.resources()
	if err != nil {
		return err
	}
	d.Outputs = outputs(resources)
	d.listAPIs(resources)
	return d.storeSecrets()
}

// resources are what is deployed, as the last update has left it.
func (d *Deployment) resources() ([]apitype.ResourceV3, error) {
	return d.backend.resources(d.project.Name.String(), d.stack.Name())
}

// resourceChanges compare what was deployed before an update with what is after it,
// without components, providers and what only was looked up.
func resourceChanges(before, after []apitype.ResourceV3) []ResourceChange {
	was, is := programs(before), programs(after)
	var changes []ResourceChange
	add := func(kind string, r apitype.ResourceV3) {
		changes = append(changes, ResourceChange{Kind: kind, Type: string(r.Type.Name()), Name: r.URN.Name()})
	}
	for urn, r := range is {
		switch earlier, there := was[urn]; {
		case !there:
			add("created", r)
		case earlier.ID != r.ID || !sameTime(earlier.Created, r.Created):
			add("replaced", r)
		case !sameTime(earlier.Modified, r.Modified):
			add("updated", r)
		}
	}
	for urn, r := range was {
		if _, there := is[urn]; !there {
			add("deleted", r)
		}
	}
	slices.SortFunc(changes, func(a, b ResourceChange) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind))
	})
	return changes
}

// programs are the resources that the program has made, by their URNs.
func programs(resources []apitype.ResourceV3) map[resource.URN]apitype.ResourceV3 {
	found := map[resource.URN]apitype.ResourceV3{}
	for _, r := range resources {
		if r.Custom && !r.External && !r.Delete && !strings.HasPrefix(string(r.Type), "pulumi:") {
			found[r.URN] = r
		}
	}
	return found
}

// sameTime compares what may be unknown.
func sameTime(a, b *time.Time) bool {
	return a == b || a != nil && b != nil && a.Equal(*b)
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
