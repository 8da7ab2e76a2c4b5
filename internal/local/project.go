package local

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/encoding"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
)

// project is a Pulumi project and one stack's configuration, read as Pulumi reads
// them, with what the options replace.
type project struct {
	*workspace.Project
	// dir is the project's folder, path its file there; stackPath is the stack's
	// file, which need not be there.
	dir, path, stackPath string
	stack                *workspace.ProjectStack
	// secrets are the replaced settings that are secret, by path: they are no part
	// of stack, but set by Pulumi, which encrypts them.
	secrets auto.ConfigMap
}

// readProject finds a project from a folder upwards, as Pulumi does, and reads it
// with the configuration of a stack. settings replace some of that.
func readProject(dir, stack string, settings map[string]string) (*project, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("finding the project: %w", err)
	}
	p := &project{secrets: auto.ConfigMap{}}
	if p.path, err = workspace.DetectProjectPathFrom(dir); errors.Is(err, workspace.ErrProjectNotFound) {
		return nil, fmt.Errorf("no Pulumi.yaml in %s or above it: run this in a Pulumi project's folder or name it with --project", dir)
	} else if err != nil {
		return nil, fmt.Errorf("finding the project: %w", err)
	}
	p.dir = filepath.Dir(p.path)
	if p.Project, err = workspace.LoadProject(p.path); err != nil {
		return nil, fmt.Errorf("reading the project: %w", err)
	}
	if err := p.readStack(stack); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if err := p.replace(name, settings[name]); err != nil {
			return nil, err
		}
	}
	return p, p.refuseEncrypted()
}

// readStack reads the stack's configuration. A stack without a file is one without
// settings of its own; where other stacks have files, it is taken for a mistake.
func (p *project) readStack(stack string) (err error) {
	extension := filepath.Ext(p.path)
	folder := filepath.Join(p.dir, p.StackConfigDir)
	p.stackPath = filepath.Join(folder, workspace.ProjectFile+"."+stack+extension)
	if _, err := os.Stat(p.stackPath); errors.Is(err, os.ErrNotExist) {
		var names []string
		files, _ := filepath.Glob(filepath.Join(folder, workspace.ProjectFile+".*"+extension))
		for _, file := range files {
			names = append(names, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), workspace.ProjectFile+"."), extension))
		}
		if len(names) > 0 {
			return fmt.Errorf("no stack %q: there is no %s (there is %s)", stack, p.stackPath, strings.Join(names, ", "))
		}
	}
	sink := diag.DefaultSink(io.Discard, io.Discard, diag.FormatOptions{Color: colors.Never})
	if p.stack, err = workspace.LoadProjectStack(sink, p.Project, p.stackPath); err != nil {
		return fmt.Errorf("reading %s: %w", p.stackPath, err)
	}
	if p.stack.Environment != nil {
		return fmt.Errorf("%s imports a Pulumi ESC environment, which a local deployment cannot read: use a stack file without one", p.stackPath)
	}
	return nil
}

// replace sets a setting that the project declares or the stack has, by its name,
// with or without the project's; or a part of one, as in db.password or hosts[0].
func (p *project) replace(name, value string) error {
	if !strings.Contains(name, ":") {
		name = p.Name.String() + ":" + name
	}
	key, err := config.ParseKey(name)
	if err != nil {
		return fmt.Errorf("the setting %q has no name that Pulumi takes: %w", name, err)
	}
	path := false
	if !p.knows(key) {
		segments, err := resource.ParsePropertyPath(key.Name())
		if err == nil && len(segments) > 1 {
			root, _ := segments[0].(string)
			path = p.knows(config.MustMakeKey(key.Namespace(), root))
		}
		if !path && key.Namespace() == p.Name.String() {
			return fmt.Errorf("the setting %q is in neither %s nor %s: declare it under config in the former, or correct the name", key.Name(), p.path, p.stackPath)
		}
	}
	old, _, err := p.stack.Config.Get(key, path)
	if err != nil {
		return fmt.Errorf("replacing the setting %s: %w", key, err)
	}
	if old.Secure() {
		at := key.String()
		if !path { // whatever dots and brackets are in it
			at = fmt.Sprintf("%s:[%q]", key.Namespace(), key.Name())
		}
		p.secrets[at] = auto.ConfigValue{Value: value, Secret: true}
		err = p.stack.Config.Remove(key, path)
	} else {
		err = p.stack.Config.Set(key, config.NewValue(value), path)
	}
	if err != nil {
		return fmt.Errorf("replacing the setting %s: %w", key, err)
	}
	return nil
}

// knows reports whether the project declares a setting or the stack has it.
func (p *project) knows(key config.Key) bool {
	_, ok := p.declared(key)
	_, set := p.stack.Config[key]
	return ok || set
}

// declared is what the project's file says of a setting.
func (p *project) declared(key config.Key) (workspace.ProjectConfigType, bool) {
	declaration, ok := p.Config[key.String()]
	if !ok && key.Namespace() == p.Name.String() {
		declaration, ok = p.Config[key.Name()]
	}
	return declaration, ok
}

// refuseEncrypted refuses what only the stack's own secrets provider could resolve.
func (p *project) refuseEncrypted() error {
	keys := p.stack.Config.SecureKeys()
	if len(keys) == 0 {
		return nil
	}
	slices.SortFunc(keys, func(a, b config.Key) int { return cmp.Compare(a.String(), b.String()) })
	var options []string
	for _, key := range keys {
		name := strings.TrimPrefix(key.String(), p.Name.String()+":")
		if p.stack.Config[key].Object() {
			name += ".NAME"
		}
		options = append(options, "--config "+name+"=VALUE")
	}
	return fmt.Errorf("%s has encrypted values, for which a local deployment has no key: give others with %s, or use a stack file without them", p.stackPath, strings.Join(options, " "))
}

// region is the Region that the stack deploys to: that of its configuration, else
// that of the environment, as for the AWS provider.
func (p *project) region(getenv func(string) string) (string, error) {
	key := config.MustMakeKey("aws", "region")
	if value, ok := p.stack.Config[key]; ok {
		if region, err := value.Value(config.NopDecrypter); err == nil && region != "" {
			return region, nil
		}
	}
	declaration, _ := p.declared(key)
	declared, _ := declaration.Value.(string)
	if region := cmp.Or(declared, getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION")); region != "" {
		return region, nil
	}
	return "", errors.New("the stack has no aws:region: set it with pulumi config set aws:region eu-central-1, or with --config aws:region=eu-central-1")
}

// copyTo writes the project's files, with what was replaced, into another folder.
// Their main is the original program, so that the program itself is the unchanged
// one while Pulumi's own writes meet the copies only.
func (p *project) copyTo(dir, stack string) error {
	copied := *p.Project
	copied.Backend = nil // one of the project's own must not be touched from here
	copied.StackConfigDir = ""
	copied.Main = p.program()
	if p.Plugins != nil {
		copied.Plugins = &workspace.Plugins{
			Providers: p.located(p.Plugins.Providers), Languages: p.located(p.Plugins.Languages), Analyzers: p.located(p.Plugins.Analyzers),
		}
	}
	copied.Packages = maps.Clone(p.Packages)
	for name, spec := range copied.Packages {
		if strings.HasPrefix(spec.Source, "./") || strings.HasPrefix(spec.Source, "../") {
			spec.Source = filepath.Join(p.dir, spec.Source)
			copied.Packages[name] = spec
		}
	}
	extension := filepath.Ext(p.path)
	path := filepath.Join(dir, workspace.ProjectFile+"."+stack+extension)
	configuration := workspace.ProjectStack{Config: p.stack.Config}
	if before, err := os.ReadFile(path); err == nil { //nolint:gosec // a folder of this deployment's own
		// The key of what Pulumi has encrypted here.
		var ours workspace.ProjectStack
		if err := encoding.Marshalers[extension].Unmarshal(before, &ours); err != nil {
			return fmt.Errorf("reading the copy of the stack's configuration: %w", err)
		}
		configuration.EncryptionSalt = ours.EncryptionSalt
	}
	if err := errors.Join(copied.Save(filepath.Join(dir, workspace.ProjectFile+extension)), configuration.Save(path)); err != nil {
		return fmt.Errorf("copying the project: %w", err)
	}
	return nil
}

// located are plugins whose paths do not depend on the project's folder.
func (p *project) located(plugins []workspace.PluginOptions) []workspace.PluginOptions {
	plugins = slices.Clone(plugins)
	for i, plugin := range plugins {
		if !filepath.IsAbs(plugin.Path) {
			plugins[i].Path = filepath.Join(p.dir, plugin.Path)
		}
	}
	return plugins
}

// language is what the program is written in, by Pulumi's names: "go", "yaml", "nodejs".
func (p *project) language() string { return p.Runtime.Name() }

// program is the folder of the program: main may also be one of its files.
func (p *project) program() string {
	program := p.Main
	if !filepath.IsAbs(program) {
		program = filepath.Join(p.dir, program)
	}
	if info, err := os.Stat(program); err == nil && !info.IsDir() {
		return filepath.Dir(program)
	}
	return program
}
