package deployed

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/spf13/pflag"

	"github.com/protected-http-api/protected-http-api/internal/local/pulumicli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
)

// Target is whose deployment a part of the command works on.
type Target struct {
	// Project is a folder, Stack a stack of its project. Local says that it is the
	// local deployment that serves now, and not that on AWS.
	Project, Stack string
	Local          bool
	// API is the name or the ID of an API, where the stack has several.
	API string
}

// About says in the help of a part how it finds what is deployed.
const About = `It finds what is deployed by itself: on AWS in the Pulumi state of the stack, which it reads
with pulumi stack export and with your AWS credentials (AWS_PROFILE, or AWS_ACCESS_KEY_ID
and AWS_SECRET_ACCESS_KEY); with --local in the deployment of {pha} up that serves now, and
without --local too where AWS_ENDPOINT_URL leads there. What flags name is not looked up.`

// Add adds the flags that every part has which works on a deployment.
func (t *Target) Add(flags *pflag.FlagSet) {
	flags.StringVar(&t.Project, "project", ".", "the `folder` of a Pulumi project")
	flags.StringVar(&t.Stack, "stack", "dev", "the `stack` that was deployed")
	flags.BoolVar(&t.Local, "local", false, "the local deployment that serves now, and not that on AWS")
	flags.StringVar(&t.API, "api", "", "the `name` or ID of an API, where the stack has several")
}

// UseLocal has the AWS clients of this process talk to the local AWS where the target is
// there: with --local, or where the environment has its address. It returns nil where it
// is not.
func (t *Target) UseLocal() (*Running, error) {
	address := os.Getenv("AWS_ENDPOINT_URL")
	if !t.Local && address == "" {
		return nil, nil
	}
	all, err := running()
	if !t.Local {
		for _, r := range all {
			if r.Env["AWS_ENDPOINT_URL"] == address {
				return &r, nil
			}
		}
		return nil, nil // an error is about local deployments only
	}
	if err != nil {
		return nil, err
	}
	project, err := projectOf(t.Project)
	if err != nil {
		return nil, err
	}
	var stacks []string
	for _, r := range all {
		if r.Project != project {
			continue
		}
		if r.Stack == t.Stack {
			for name, value := range r.Env {
				if err := os.Setenv(name, value); err != nil {
					return nil, err
				}
			}
			return &r, nil
		}
		stacks = append(stacks, r.Stack)
	}
	if len(stacks) > 0 {
		return nil, fmt.Errorf("no local deployment of the stack %q of %s serves, but one of %s: name it with --stack", t.Stack, project, strings.Join(stacks, ", "))
	}
	return nil, fmt.Errorf("no local deployment of the stack %q of %s serves: start one with %s up, and leave it running", t.Stack, project, cli.Called)
}

// Find finds the API. Where the environment has no Region, the API's becomes that of the
// AWS clients of this process.
func (t *Target) Find(ctx context.Context, progress io.Writer) (API, error) {
	r, err := t.UseLocal()
	if err != nil {
		return API{}, err
	}
	var state apitype.DeploymentV3
	where := ""
	if r != nil {
		where = fmt.Sprintf("the local deployment of the stack %q of %s", r.Stack, r.Project)
		state, err = export(ctx, r.Dir, r.Stack, []string{"PULUMI_BACKEND_URL=" + r.Backend}, progress)
	} else {
		var project string
		if project, err = projectOf(t.Project); err != nil {
			return API{}, err
		}
		where = fmt.Sprintf("the stack %q of %s", t.Stack, project)
		state, err = export(ctx, project, t.Stack, nil, progress)
	}
	if err != nil {
		return API{}, fmt.Errorf("reading the state of %s: %w", where, err)
	}
	api, err := t.choose(fromState(state), where)
	if err == nil && os.Getenv("AWS_REGION") == "" && api.Region != "" {
		err = os.Setenv("AWS_REGION", api.Region)
	}
	return api, err
}

// choose returns the API that the flag names, or the only one.
func (t *Target) choose(apis []API, where string) (API, error) {
	var names []string
	for _, api := range apis {
		names = append(names, fmt.Sprintf("%s (%s, stage %s)", api.Name, api.ID, api.Stage))
	}
	chosen := apis
	if t.API != "" {
		chosen = slices.DeleteFunc(slices.Clone(apis), func(api API) bool { return api.Name != t.API && api.ID != t.API })
	}
	switch {
	case len(apis) == 0:
		return API{}, fmt.Errorf("%s has no HTTP API with a stage: deploy it, or name the stack with --stack", where)
	case len(chosen) == 0:
		return API{}, fmt.Errorf("%s has no API %q; it has %s", where, t.API, strings.Join(names, ", "))
	case len(chosen) > 1:
		return API{}, cli.Usagef("%s has several APIs: %s; choose one with --api", where, strings.Join(names, ", "))
	}
	return chosen[0], nil
}

// Thing is something that a part of the command needs and an authorizer knows.
type Thing struct {
	noun, flag string
	of         func(Authorizer) string
}

// What the parts need, with the flags that name it.
var (
	Secret      = Thing{"a parameter with the secret of tokens", "--secret-path", func(a Authorizer) string { return a.SecretPath }}
	Keys        = Thing{"a parameter with the keys of signed requests (" + envSigningKeysPath + ")", "--keys-path", func(a Authorizer) string { return a.KeysPath }}
	APIKeys     = Thing{"a table of API keys", "--table", func(a Authorizer) string { return a.KeyTable }}
	Revocations = Thing{"a table of revocations", "--table", func(a Authorizer) string { return a.RevocationTable }}
)

// Find finds a thing of the API. Where the authorizers have several, or none, the error
// names the flag that decides.
func (a API) Find(thing Thing) (string, error) {
	values, named := []string{}, []string{}
	for _, authorizer := range a.Authorizers {
		if v := thing.of(authorizer); v != "" && !slices.Contains(values, v) {
			values, named = append(values, v), append(named, fmt.Sprintf("%s (authorizer %s)", v, authorizer.Name))
		}
	}
	switch len(values) {
	case 0:
		return "", fmt.Errorf("no authorizer of the API %s has %s: if one does, name it with %s", a.Name, thing.noun, thing.flag)
	case 1:
		return values[0], nil
	}
	return "", cli.Usagef("the authorizers of the API %s have %s each: %s; choose one with %s", a.Name, thing.noun, strings.Join(named, ", "), thing.flag)
}

// export reads a stack's state with Pulumi's own command.
func export(ctx context.Context, dir, stack string, env []string, progress io.Writer) (apitype.DeploymentV3, error) {
	root, err := pulumicli.Ensure(ctx, "", progress)
	if err != nil {
		return apitype.DeploymentV3{}, err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(root, "bin", "pulumi"), "stack", "export", "--non-interactive", "--cwd", dir, "--stack", stack) //nolint:gosec // the user's own choice
	cmd.Env = append(append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true"), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return apitype.DeploymentV3{}, context.Cause(ctx)
		}
		return apitype.DeploymentV3{}, fmt.Errorf("pulumi stack export: %s", cmp.Or(strings.TrimSpace(stderr.String()), err.Error()))
	}
	var exported apitype.UntypedDeployment
	var state apitype.DeploymentV3
	err = json.Unmarshal(stdout.Bytes(), &exported)
	if err == nil && exported.Version > 4 {
		err = fmt.Errorf("the state has version %d, and 4 is the newest that is known", exported.Version)
	}
	if err == nil && len(exported.Deployment) == 0 {
		err = errors.New("the stack was never deployed")
	}
	if err == nil {
		err = json.Unmarshal(exported.Deployment, &state)
	}
	return state, err
}

// Lookup returns what a flag has given, or else finds the thing.
func (t *Target) Lookup(ctx context.Context, given string, thing Thing, progress io.Writer) (string, error) {
	if given != "" {
		_, err := t.UseLocal()
		return given, err
	}
	api, err := t.Find(ctx, progress)
	if err != nil {
		return "", err
	}
	return api.Find(thing)
}

// APIAndStage are the ID of an API and its stage: what flags have given, or else what is
// found.
func (t *Target) APIAndStage(ctx context.Context, api, stage string, progress io.Writer) (string, string, error) {
	if api != "" {
		_, err := t.UseLocal()
		return api, cmp.Or(stage, "$default"), err
	}
	found, err := t.Find(ctx, progress)
	return found.ID, cmp.Or(stage, found.Stage), err
}

// Flags are those that lead to the target, for a command line that is shown.
func (t *Target) Flags() string {
	flags := ""
	if t.Project != "." {
		flags += " --project '" + t.Project + "'"
	}
	if t.Stack != "dev" {
		flags += " --stack " + t.Stack
	}
	if t.Local {
		flags += " --local"
	}
	if t.API != "" {
		flags += " --api " + t.API
	}
	return flags
}
