package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
)

// Change is what an update would do to a resource.
type Change struct {
	// Type is Pulumi's, such as aws:dynamodb/table:Table, Name the logical name, ID what
	// AWS calls what is there.
	Type, Name, ID string
	Kind           ChangeKind
	// Properties are those that change; with Replace those that make it a new resource.
	Properties []string
}

// ChangeKind is the kind of a Change.
type ChangeKind string

// The kinds of changes.
const (
	Create  ChangeKind = "create"
	Update  ChangeKind = "update"
	Replace ChangeKind = "replace"
	Delete  ChangeKind = "delete"
)

// Loses reports whether what is there, with all that it holds, is there no more.
func (c Change) Loses() bool { return c.Kind == Replace || c.Kind == Delete }

// Plan is what an update would do.
type Plan struct {
	// Changes are sorted: first what is lost, tables before APIs before authorizers
	// before the rest.
	Changes []Change
	// Same is how many resources stay as they are.
	Same int
	// Secrets are resources with secret values, which are not compared.
	Secrets []string
	// Account is the account of what is deployed; empty where nothing is.
	Account string
}

// Preview asks the Pulumi engine what an update would do to a stack, of which state is
// what pulumi stack export writes; an empty one is that of a new stack. The functions are
// compiled as for AWS; nothing is deployed, and no account is asked.
func Preview(ctx context.Context, opts Options, state []byte) (_ *Plan, err error) {
	opts.forAWS = true
	d := &Deployment{opts: opts, console: console.New(opts.Console)}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.readProject(); err != nil {
		return nil, err
	}
	deployed, err := readDeployed(state, d.project.Name.String(), opts.Stack)
	if err != nil {
		return nil, err
	}
	d.opts.account = deployed.account
	if err := d.prepare(ctx); err != nil {
		return nil, err
	}
	plan := &Plan{Secrets: deployed.secrets, Account: deployed.account}
	err = d.told("pulumi preview", func() error {
		if len(deployed.resources) > 0 {
			if err := d.stack.Import(ctx, deployed.untyped); err != nil {
				return fmt.Errorf("reading the stack's state: %w", err)
			}
		}
		return plan.ask(ctx, d)
	})
	return plan, err
}

// ask runs the engine.
func (p *Plan) ask(ctx context.Context, d *Deployment) error {
	stream := make(chan events.EngineEvent)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for event := range stream {
			if step := event.ResourcePreEvent; step != nil {
				p.add(step.Metadata)
			}
		}
	}()
	// The engine's own table of changes would be that of secrets too.
	var output strings.Builder
	err := d.provide(func() error {
		_, err := d.stack.Preview(ctx, optpreview.EventStreams(stream), optpreview.ProgressStreams(&output), optpreview.ErrorProgressStreams(&output))
		return err
	})
	<-done
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("pulumi preview: %w", context.Cause(ctx))
	case err != nil:
		_, _ = io.WriteString(d.opts.Progress, output.String())
		return errors.New("pulumi preview failed: Pulumi's output says why")
	}
	slices.SortStableFunc(p.Changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name))
	})
	return nil
}

// kinds are what the engine's steps do. A replacement has three of them, of which one
// stands for all.
var kinds = map[apitype.OpType]ChangeKind{
	apitype.OpCreate: Create, apitype.OpUpdate: Update, apitype.OpReplace: Replace, apitype.OpDelete: Delete,
}

// add adds a step of the engine.
func (p *Plan) add(step apitype.StepEventMetadata) {
	kind, changes := kinds[step.Op]
	if step.Op == apitype.OpUpdate && onlySecrets(step) {
		changes, step.Op = false, apitype.OpSame
	}
	nothing := strings.HasPrefix(step.Type, "pulumi:pulumi:") || strings.HasPrefix(step.Type, "pulumi:providers:")
	switch {
	case nothing: // the stack itself, and providers, are nothing on AWS
	case step.Op == apitype.OpSame:
		p.Same++
	case changes:
		change := Change{Type: step.Type, Name: step.URN[strings.LastIndex(step.URN, "::")+2:], Kind: kind}
		if step.Old != nil {
			change.ID = step.Old.ID
		}
		if kind != Create && kind != Delete {
			change.Properties = slices.Sorted(maps.Keys(step.DetailedDiff))
		}
		if kind == Replace && len(step.Keys) > 0 {
			change.Properties = slices.Sorted(slices.Values(step.Keys))
		}
		p.Changes = append(p.Changes, change)
	}
}

// onlySecrets reports whether an update changes no property but for the secrets in it,
// which are the same text in what the engine says.
func onlySecrets(step apitype.StepEventMetadata) bool {
	if step.Old == nil || step.New == nil || len(step.DetailedDiff) == 0 {
		return false
	}
	for path := range step.DetailedDiff {
		name := strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' })[0]
		if !sameButSecrets(step.Old.Inputs[name], step.New.Inputs[name]) {
			return false
		}
	}
	return true
}

// hidden is the text of a secret in what the engine says.
const hidden = "[secret]"

func sameButSecrets(a, b any) bool {
	if a == hidden || b == hidden {
		return true
	}
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name, value := range a {
			if other, has := b[name]; !has || !sameButSecrets(value, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, sameButSecrets)
	}
	return reflect.DeepEqual(a, b)
}

// rank is where a change stands in a list.
func (c Change) rank() int {
	order := []string{"aws:dynamodb/table:Table", "aws:apigatewayv2/api:Api", "aws:apigatewayv2/authorizer:Authorizer"}
	at := slices.Index(order, c.Type)
	if at < 0 {
		at = len(order)
	}
	if !c.Loses() {
		at += len(order) + 1
	}
	return at
}
