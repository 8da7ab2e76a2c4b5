package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// project is a Pulumi project and one stack's configuration, as their files
// have them.
type project struct {
	dir      string
	name     string
	settings map[string]any // Pulumi.yaml
	stack    map[string]any // Pulumi.{stack}.yaml
}

// readProject reads Pulumi.yaml and the stack's file from a folder.
func readProject(dir, stack string) (*project, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("finding the project: %w", err)
	}
	p := &project{dir: dir}
	if err := readYAML(filepath.Join(dir, "Pulumi.yaml"), &p.settings); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("no Pulumi.yaml in %s: run this in a Pulumi project's folder or name it with --project", dir)
		}
		return nil, err
	}
	p.name, _ = p.settings["name"].(string)
	if p.name == "" {
		return nil, fmt.Errorf("%s has no name", filepath.Join(dir, "Pulumi.yaml"))
	}
	file := filepath.Join(dir, "Pulumi."+stack+".yaml")
	if err := readYAML(file, &p.stack); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("no stack %q: there is no %s (there is %s)", stack, file, p.stacks())
		}
		return nil, err
	}
	return p, p.refuseEncrypted(file)
}

func readYAML(path string, target *map[string]any) error {
	content, err := os.ReadFile(path) //nolint:gosec // the developer's own project
	if err != nil {
		return fmt.Errorf("reading the project: %w", err)
	}
	if err := yaml.Unmarshal(content, target); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	if *target == nil {
		*target = map[string]any{}
	}
	return nil
}

// stacks lists the stacks that have a file.
func (p *project) stacks() string {
	files, _ := filepath.Glob(filepath.Join(p.dir, "Pulumi.*.yaml"))
	names := make([]string, 0, len(files))
	for _, file := range files {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml"))
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// refuseEncrypted refuses what only the stack's own secrets provider or
// Pulumi's cloud could resolve.
func (p *project) refuseEncrypted(file string) error {
	if _, ok := p.stack["environment"]; ok {
		return fmt.Errorf("%s imports a Pulumi ESC environment, which a local deployment cannot read: use a stack file without one", file)
	}
	for key, value := range p.config() {
		if object, ok := value.(map[string]any); ok && object["secure"] != nil {
			return fmt.Errorf("%s: the value of %s is encrypted, and a local deployment has no key: use a stack file without it", file, key)
		}
	}
	return nil
}

func (p *project) config() map[string]any {
	config, _ := p.stack["config"].(map[string]any)
	return config
}

// set sets a value of the project's configuration in this copy.
func (p *project) set(key string, value any) {
	config := p.config()
	if config == nil {
		config = map[string]any{}
	}
	config[p.name+":"+key] = value
	p.stack["config"] = config
}

// get returns a value of the project's configuration, or the default that
// Pulumi.yaml declares.
func (p *project) get(key string) (string, bool) {
	if value, ok := p.config()[p.name+":"+key].(string); ok {
		return value, true
	}
	if declaration, ok := p.declared(key).(map[string]any); ok {
		value, ok := declaration["default"].(string)
		return value, ok
	}
	value, ok := p.declared(key).(string)
	return value, ok
}

// declared is what Pulumi.yaml says of a setting; nil where it says nothing.
func (p *project) declared(key string) any {
	config, _ := p.settings["config"].(map[string]any)
	if value, ok := config[key]; ok {
		return value
	}
	return config[p.name+":"+key]
}

// region is the Region that the stack deploys to.
func (p *project) region() (string, error) {
	region, _ := p.config()["aws:region"].(string)
	if region == "" {
		return "", errors.New("the stack has no aws:region: set it with pulumi config set aws:region eu-central-1")
	}
	return region, nil
}

// replace sets a setting that Pulumi.yaml declares.
func (p *project) replace(key, value string) error {
	if p.declared(key) == nil {
		return fmt.Errorf("the setting %q is not one that %s declares", key, filepath.Join(p.dir, "Pulumi.yaml"))
	}
	p.set(key, value)
	return nil
}

// copyTo writes the project's files, as they are in this copy, into another
// folder. Their main is the original folder, so that the program itself is the
// unchanged one while Pulumi's own writes meet the copies only.
func (p *project) copyTo(dir, stack string) error {
	settings := map[string]any{}
	for key, value := range p.settings {
		// A backend of the project's own must not be touched from here.
		if !slices.Contains([]string{"backend", "stackConfigDir"}, key) {
			settings[key] = value
		}
	}
	settings["main"] = p.program()
	config := map[string]any{}
	if p.config() != nil {
		config["config"] = p.config()
	}
	return errors.Join(
		writeYAML(filepath.Join(dir, "Pulumi.yaml"), settings),
		writeYAML(filepath.Join(dir, "Pulumi."+stack+".yaml"), config),
	)
}

// program is the folder of the Go program.
func (p *project) program() string {
	program, _ := p.settings["main"].(string)
	if filepath.IsAbs(program) {
		return program
	}
	return filepath.Join(p.dir, program)
}

func writeYAML(path string, value any) error {
	content, err := yaml.Marshal(value)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("copying the project: %w", err)
	}
	return nil
}
