package deployed

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/spf13/pflag"

	"github.com/protected-http-api/protected-http-api/internal/contract"
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

	// flags say which of Project and Stack are given.
	flags *pflag.FlagSet
}

// About says in the help of a part how it finds what is deployed.
const About = `It finds what is deployed by itself: on AWS in the Pulumi state of the stack, which it reads
with pulumi stack export and with your AWS credentials (AWS_PROFILE, or AWS_ACCESS_KEY_ID
and AWS_SECRET_ACCESS_KEY); with --local in the deployment of {pha} up that serves now, and
without --local too where AWS_ENDPOINT_URL leads there. What flags name is not looked up.`

// Add adds the flags that every part has which works on a deployment.
func (t *Target) Add(flags *pflag.FlagSet) {
	t.flags = flags
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
				return &r, t.checkGiven(r)
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
	var serving []Running
	var stacks, processes []string
	for _, r := range all {
		if r.Project != project {
			continue
		}
		stacks = append(stacks, r.Stack)
		if r.Stack == t.Stack {
			serving, processes = append(serving, r), append(processes, strconv.Itoa(r.PID))
		}
	}
	switch {
	case len(serving) == 1:
		return &serving[0], serving[0].takeOver()
	case len(serving) > 1:
		return nil, fmt.Errorf("several local deployments of the stack %q of %s serve, of the processes %s: end all but one", t.Stack, project, strings.Join(processes, ", "))
	case len(stacks) > 0:
		return nil, fmt.Errorf("no local deployment of the stack %q of %s serves, but one of %s: name it with --stack", t.Stack, project, strings.Join(stacks, ", "))
	}
	return nil, fmt.Errorf("no local deployment of the stack %q of %s serves: start one with %s up, and leave it running", t.Stack, project, cli.Called)
}

// checkGiven refuses flags that name another deployment than the one to which the
// environment leads.
func (t *Target) checkGiven(r Running) error {
	given := func(flag string) bool { return t.flags != nil && t.flags.Changed(flag) }
	other := given("stack") && t.Stack != r.Stack
	if given("project") {
		project, err := projectOf(t.Project)
		if err != nil {
			return err
		}
		other = other || project != r.Project
	}
	if other {
		return fmt.Errorf("AWS_ENDPOINT_URL leads to the local deployment of the stack %q of %s, and the flags name another one: unset AWS_ENDPOINT_URL, or name that one", r.Stack, r.Project)
	}
	return nil
}

// takeOver makes the AWS environment of this process that of the local AWS, and nothing
// else: an endpoint of one service, a profile or a session token of the user's would lead
// elsewhere.
func (r Running) takeOver() error {
	env := map[string]string{"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true"}
	maps.Copy(env, r.Env)
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			if err := os.Unsetenv(name); err != nil {
				return err
			}
		}
	}
	for name, value := range env {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
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
		state, err = readState(ctx, Export{Dir: r.Dir, Stack: r.Stack, Backend: r.Backend, Progress: progress})
	} else {
		var project string
		if project, err = projectOf(t.Project); err != nil {
			return API{}, err
		}
		where = fmt.Sprintf("the stack %q of %s", t.Stack, project)
		state, err = readState(ctx, Export{Dir: project, Stack: t.Stack, Progress: progress})
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
	Keys        = Thing{"a parameter with the keys of signed requests (" + contract.EnvSigningKeysPath + ")", "--keys-path", func(a Authorizer) string { return a.KeysPath }}
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

// readState reads a stack's state.
func readState(ctx context.Context, e Export) (apitype.DeploymentV3, error) {
	exported, err := e.Run(ctx)
	if err != nil {
		return apitype.DeploymentV3{}, err
	}
	var untyped apitype.UntypedDeployment
	var state apitype.DeploymentV3
	err = json.Unmarshal(exported, &untyped)
	if err == nil && untyped.Version > 4 {
		err = fmt.Errorf("the state has version %d, and 4 is the newest that is known", untyped.Version)
	}
	if err == nil && len(untyped.Deployment) == 0 {
		err = errors.New("the stack was never deployed")
	}
	if err == nil {
		err = json.Unmarshal(untyped.Deployment, &state)
	}
	return state, err
}

// Accepts are what the authorizers demand of tokens that the secret at a path has signed:
// known where they demand the same.
func (a API) Accepts(path string) (accepts contract.Accepts, known bool) {
	first := true
	for _, authorizer := range a.Authorizers {
		if authorizer.SecretPath != path {
			continue
		}
		if next := authorizer.Accepts; !first && (next.Issuer != accepts.Issuer || next.Audience != accepts.Audience || next.PermissionsClaim != accepts.PermissionsClaim) {
			return contract.Accepts{}, false
		}
		accepts, first = authorizer.Accepts, false
	}
	return accepts, true
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

// Given is the target that flags of these names have set already.
func Given(flags *pflag.FlagSet, project, stack, api string) Target {
	return Target{Project: project, Stack: stack, API: api, flags: flags}
}

// Flags are those that lead to the target, for a command line that is shown.
func (t *Target) Flags() string {
	flags := ""
	if t.Project != "." {
		flags += " --project " + cli.Quote(t.Project)
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
