// Package provider is the Pulumi provider for AWS that a local deployment
// talks to. The real Pulumi engine attaches to it in place of the AWS
// provider's plugin, so that an unchanged program deploys to the local AWS.
//
// It takes the tokens and properties of pulumi-aws version 6. A property that it does
// not know of a type that it imitates it refuses by name: a setting that is silently
// ignored here would make a deployment look right that is not. The other types, the
// neighbours of what is tested here, are recorded and have no effect, which the
// console says of each.
package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/cloudwatch"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/dynamodb"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/logs"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/provider/catalog"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/secretsmanager"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/ssm"
)

// version is the version of pulumi-aws whose tokens and properties are taken.
const version = catalog.Version

// Services are what the provider's resources are made of.
type Services struct {
	Account  account.Account
	IAM      *iam.Service
	Logs     *logs.Service
	Lambda   *lambda.Service
	Gateway  *management.Service
	DynamoDB *dynamodb.Service
	SSM      *ssm.Service
	Secrets  *secretsmanager.Service
	// CloudWatch has alarms and dashboards. Nil: it is made, and nobody is told that they
	// have no effect.
	CloudWatch *cloudwatch.Service
	// Neighbours record what the program has beside all that. Nil: none are kept
	// from one provider to the next.
	Neighbours *Neighbours
	// Strict refuses what the local AWS does not imitate.
	Strict bool
	// ForAWS takes functions that are compiled for AWS, for a preview: nothing is created.
	ForAWS bool
	// Outage says whether a service, by its signing name, is down. Nil: all are up.
	Outage func(service string) bool

	// ProgramDir is the folder to which the paths of archives are relative.
	// Defaults to the working directory.
	ProgramDir string
	// Secret is the value of a SecureString that the program looks up and that is
	// not there. Defaults to none: the look-up fails.
	Secret func(name string) string
}

// New returns the provider itself, which Serve serves.
func New(services Services) p.Provider { return newProvider(services).functions() }

// provider dispatches by type token.
type provider struct {
	Services
	resources map[string]resource
	invokes   map[string]invoke
}

func newProvider(services Services) *provider {
	if services.Neighbours == nil {
		services.Neighbours = NewNeighbours(nil)
	}
	if services.CloudWatch == nil {
		services.CloudWatch = cloudwatch.New(services.Account, nil)
	}
	pr := &provider{Services: services, resources: map[string]resource{}, invokes: invokes()}
	for _, r := range []resource{
		roleResource(), rolePolicyResource(), rolePolicyAttachmentResource(), policyResource(),
		logGroupResource(), metricAlarmResource(services.Account.Region), dashboardResource(),
		tableResource(),
		parameterResource(), secretResource(), secretVersionResource(),
		functionResource(services.ForAWS), permissionResource(),
		apiResource(), domainNameResource(), apiMappingResource(), stageResource(), integrationResource(), authorizerResource(), routeResource(),
	} {
		pr.resources[r.token()] = r
	}
	return pr
}

func (pr *provider) functions() p.Provider {
	return p.Provider{
		GetSchema:   pr.getSchema,
		CheckConfig: pr.checkConfig,
		DiffConfig:  diffConfig,
		Configure:   func(context.Context, p.ConfigureRequest) error { return nil },
		Cancel:      func(context.Context) error { return nil },
		Invoke:      pr.invoke,
		Check:       pr.check,
		Diff:        pr.diff,
		Create:      pr.create,
		Read:        pr.read,
		Update:      pr.update,
		Delete:      pr.delete,
	}
}

// resource finds a type, which has the properties of inputs if the local AWS does not
// imitate it: it is inert then, or refused where the provider is strict.
func (pr *provider) resource(token string, inputs ...property.Map) (resource, error) {
	if r, ok := pr.resources[token]; ok {
		return r, nil
	}
	if !pr.Strict {
		return pr.inertResource(token, inputs...)
	}
	return nil, fmt.Errorf("the local AWS does not support the resource type %s; it supports %s", token, pr.imitated())
}

// imitated lists the types that have their effect here.
func (pr *provider) imitated() string {
	return strings.Join(slices.Sorted(maps.Keys(pr.resources)), ", ")
}

// Settings of the provider itself that a stack may have and that mean nothing
// here: who signs in to AWS, and how.
var ignoredConfig = []string{
	"profile", "accessKey", "secretKey", "token", "sharedConfigFiles", "sharedCredentialsFiles",
	"skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation", "skipRequestingAccountId",
	"maxRetries", "retryMode", "version",
}

// tagConfig are those that only change tags.
var tagConfig = []string{"defaultTags", "ignoreTags"}

func (pr *provider) checkConfig(_ context.Context, req p.CheckRequest) (p.CheckResponse, error) {
	var failures []p.CheckFailure
	for key, value := range req.Inputs.All {
		switch {
		case key == "region":
			if value.IsString() && value.AsString() != pr.Account.Region {
				failures = append(failures, p.CheckFailure{Property: key, Reason: fmt.Sprintf(
					"the local AWS plays the Region %s only, not %s", pr.Account.Region, value.AsString())})
			}
		case slices.Contains(tagConfig, key):
			pr.Neighbours.tell("aws:"+key, "has no effect here: tags are as each resource has them")
		case !slices.Contains(ignoredConfig, key):
			failures = append(failures, p.CheckFailure{Property: key, Reason: fmt.Sprintf(
				"the local AWS does not support the provider setting aws:%s; remove it from the stack's configuration", key)})
		}
	}
	return p.CheckResponse{Inputs: req.Inputs, Failures: failures}, nil
}

// diffConfig never replaces the provider: that would replace every resource.
func diffConfig(context.Context, p.DiffRequest) (p.DiffResponse, error) {
	return p.DiffResponse{}, nil
}

func (pr *provider) invoke(_ context.Context, req p.InvokeRequest) (p.InvokeResponse, error) {
	token := string(req.Token)
	run, ok := pr.invokes[token]
	if !ok && pr.Strict {
		return p.InvokeResponse{}, fmt.Errorf("the local AWS does not support the function %s; it supports %s", token, pr.answered())
	}
	if !ok {
		run = func(_ Services, args property.Map) (property.Map, error) { return pr.lookUp(token, args) }
	}
	err := pr.down(token)
	var result property.Map
	if err == nil {
		result, err = run(pr.Services, req.Args)
	}
	if err != nil {
		return p.InvokeResponse{}, fmt.Errorf("invoking %s: %w", token, awserr.Explain(err))
	}
	return p.InvokeResponse{Return: result}, nil
}

// answered lists the functions that are answered as on AWS.
func (pr *provider) answered() string {
	return strings.Join(slices.Sorted(maps.Keys(pr.invokes)), ", ")
}

func (pr *provider) check(_ context.Context, req p.CheckRequest) (p.CheckResponse, error) {
	r, err := pr.resource(string(req.Urn.Type()), req.Inputs)
	if err != nil {
		return p.CheckResponse{}, err
	}
	inputs, err := autoname(r, req)
	if err != nil {
		return p.CheckResponse{}, err
	}
	return p.CheckResponse{Inputs: inputs, Failures: r.check(pr.located(inputs))}, nil
}

func (pr *provider) diff(_ context.Context, req p.DiffRequest) (p.DiffResponse, error) {
	r, err := pr.resource(string(req.Urn.Type()), req.OldInputs, req.Inputs)
	if err != nil {
		return p.DiffResponse{}, err
	}
	if err := r.change(deployed(r, req.State, req.OldInputs, req.Inputs), req.Inputs); err != nil {
		return p.DiffResponse{}, fmt.Errorf("changing %s: %w", describe(req.Urn.Name(), r), err)
	}
	return diff(r, req), nil
}

func (pr *provider) create(_ context.Context, req p.CreateRequest) (p.CreateResponse, error) {
	r, err := pr.resource(string(req.Urn.Type()))
	if err != nil {
		return p.CreateResponse{}, err
	}
	if req.DryRun {
		return p.CreateResponse{Properties: preview(r, req.Properties)}, nil
	}
	id, outputs, err := r.create(pr.Services, pr.located(req.Properties))
	if err != nil {
		return p.CreateResponse{}, fmt.Errorf("creating %s: %w", describe(req.Urn.Name(), r), awserr.Explain(err))
	}
	return p.CreateResponse{ID: id, Properties: state(req.Properties, outputs)}, nil
}

func (pr *provider) read(_ context.Context, req p.ReadRequest) (p.ReadResponse, error) {
	r, err := pr.resource(string(req.Urn.Type()))
	if err != nil {
		return p.ReadResponse{}, err
	}
	var is actual
	if req.Inputs.Len() == 0 {
		is, err = r.imported(pr.Services, req.ID)
	} else {
		is, err = r.read(pr.Services, req.ID, req.Inputs)
	}
	if err != nil {
		return p.ReadResponse{}, fmt.Errorf("reading %s: %w", describe(req.Urn.Name(), r), awserr.Explain(err))
	}
	if is.id == "" && req.Inputs.Len() == 0 {
		// The engine would take an empty answer for a resource.
		return p.ReadResponse{}, fmt.Errorf("reading %s: there is none with the ID %q", describe(req.Urn.Name(), r), req.ID)
	}
	if is.id == "" {
		return p.ReadResponse{}, nil // the engine takes it for deleted
	}
	return p.ReadResponse{ID: is.id, Properties: state(is.inputs, is.outputs), Inputs: is.inputs}, nil
}

func (pr *provider) update(_ context.Context, req p.UpdateRequest) (p.UpdateResponse, error) {
	r, err := pr.resource(string(req.Urn.Type()), req.OldInputs, req.Inputs)
	if err != nil {
		return p.UpdateResponse{}, err
	}
	if req.DryRun {
		return p.UpdateResponse{Properties: previewUpdate(r, req.State, req.Inputs)}, nil
	}
	outputs, err := r.update(pr.Services, req.ID, deployed(r, req.State, req.OldInputs, req.Inputs), pr.located(req.Inputs))
	if err != nil {
		// The state says that all was done: AWS's provider ends every failed update
		// like this (pulumi-terraform-bridge issue 496, pulumi-aws issue 6062). The
		// next one, which compares with the state, finds no difference.
		err = fmt.Errorf("updating %s: %w", describe(req.Urn.Name(), r), awserr.Explain(err))
		return p.UpdateResponse{
			Properties:   previewUpdate(r, req.State, req.Inputs),
			PartialState: &p.InitializationFailed{Reasons: []string{err.Error()}},
		}, err
	}
	return p.UpdateResponse{Properties: state(req.Inputs, outputs)}, nil
}

func (pr *provider) delete(_ context.Context, req p.DeleteRequest) error {
	r, err := pr.resource(string(req.Urn.Type()))
	if err != nil {
		return err
	}
	inputs := req.OldInputs
	if inputs.Len() == 0 {
		return errors.New("the engine sent no inputs of the resource to delete: it is too old; use a newer Pulumi")
	}
	if err := r.delete(pr.Services, req.ID, inputs); err != nil {
		return fmt.Errorf("deleting %s: %w", describe(req.Urn.Name(), r), awserr.Explain(err))
	}
	return nil
}

// signingNames are the services behind the types and functions of a module.
var signingNames = map[string]string{
	"apigatewayv2": "apigateway", "cloudwatch": "logs", "dynamodb": "dynamodb", "iam": "iam", "lambda": "lambda", "secretsmanager": "secretsmanager", "ssm": "ssm",
}

// down returns an error where the service of a type or function is down.
func (s Services) down(token string) error {
	module, _, _ := strings.Cut(strings.TrimPrefix(token, "aws:"), "/")
	module, _, _ = strings.Cut(module, ":")
	if s.Outage != nil && s.Outage(signingNames[module]) {
		return awserr.Unavailable()
	}
	return nil
}

// describe names a resource in an error.
func describe(name string, r resource) string { return fmt.Sprintf("%s %q", r.token(), name) }

// state is a resource's state: its inputs, secrets marked as they came, and
// what AWS computes.
func state(inputs property.Map, outputs map[string]any) property.Map {
	result := inputs.Delete(defaultsKey)
	for key, value := range outputs {
		result = setOutput(result, key, toValue(value))
	}
	return result
}

// setOutput sets an output in a resource's state. One that is called parent.member
// is a member of the input parent, where there is that.
func setOutput(state property.Map, name string, value property.Value) property.Map {
	name, member, nested := strings.Cut(name, ".")
	if !nested {
		return state.Set(name, value)
	}
	parent, ok := state.GetOk(name)
	if !ok || !parent.IsMap() {
		return state
	}
	return state.Set(name, property.WithGoValue(parent, parent.AsMap().Set(member, value)))
}

// output is an output in a resource's state.
func output(state property.Map, name string) (property.Value, bool) {
	name, member, nested := strings.Cut(name, ".")
	value, ok := state.GetOk(name)
	if !nested || !ok {
		return value, ok
	}
	if !value.IsMap() {
		return value, false
	}
	return value.AsMap().GetOk(member)
}
