package provider

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	presource "github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// defaultsKey lists, among a resource's inputs, those that the provider chose.
// It is the AWS provider's own convention.
const defaultsKey = "__defaults"

// resource is how one type behaves, whatever its inputs are.
type resource interface {
	token() string
	autoname() (property string, maxLength int)
	outputs() []string
	inputs() reflect.Type // a struct
	fields() []field
	check(inputs property.Map) []p.CheckFailure
	create(s Services, inputs property.Map) (id string, outputs map[string]any, err error)
	read(s Services, id string, inputs property.Map) (actual, error)
	imported(s Services, importID string) (actual, error)
	change(olds, news property.Map) error
	update(s Services, id string, olds, news property.Map) (outputs map[string]any, err error)
	delete(s Services, id string, inputs property.Map) error
}

// definition is a resource whose inputs are the struct I. Its fields say by
// their tags what AWS and its provider demand: `aws:"required,replace"`, or
// `aws:"computed"` where a property that is left out stays as it is, and
// `aws:"positive"` where 0 would be taken for one that is left out, and `aws:"set"`
// where the arrays in it are sets to AWS's provider, so that another order is no
// change, and `aws:"secret"` where what is read is a secret in Pulumi's state.
type definition[I any] struct {
	Type string
	// Name is the property that Pulumi fills with the logical name and a
	// random suffix where the program leaves it out; NameLength is the limit of
	// AWS's provider for such names, which may be more than AWS allows.
	Name       string
	NameLength int
	// Computed are the outputs that are not known in a preview; parent.member is one
	// within an input.
	Computed []string

	// Validate returns the inputs with AWS's defaults filled in, or the error
	// with which AWS would refuse them for what they are by themselves.
	Validate func(in I) (I, error)
	// Placeholders stand in for properties that are not known yet while the
	// others are validated; nil is the zero value. Where another property is
	// not known, nothing is validated until it is.
	Placeholders map[string]any

	Create func(s Services, in I) (id string, outputs map[string]any, err error)
	// Read returns what is there, as inputs and outputs, or false. What the ID
	// does not tell, the API of a route for instance, it finds among the
	// inputs, which are otherwise only what the program asked for.
	Read func(s Services, id string, in I) (I, map[string]any, bool, error)
	// Import splits the ID with which AWS's provider imports the type into the
	// resource's ID and the inputs that Read needs. Nil: they are the same.
	Import func(importID string) (id string, in I, err error)
	// Update is nil where every property's change makes a new resource. The
	// archives of old have their hash only.
	Update func(s Services, id string, old, in I) (outputs map[string]any, err error)
	// Change returns an error for a change that AWS's provider would report as
	// done while AWS has another value. Nil: there is no such change.
	Change func(old, in I) error
	Delete func(s Services, id string, in I) error
}

func (d definition[I]) token() string           { return d.Type }
func (d definition[I]) autoname() (string, int) { return d.Name, d.NameLength }
func (d definition[I]) outputs() []string       { return d.Computed }

// field is one input property.
type field struct {
	name     string
	required bool
	replace  bool
	computed bool
	positive bool
	set      bool
	secret   bool
}

func (d definition[I]) inputs() reflect.Type { return reflect.TypeFor[I]() }

func (d definition[I]) fields() []field { return fieldsOf(d.inputs()) }

func fieldsOf(t reflect.Type) []field {
	var fields []field
	for f := range t.Fields() {
		options := strings.Split(f.Tag.Get("aws"), ",")
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields = append(fields, field{
			name:     name,
			required: slices.Contains(options, "required"),
			replace:  slices.Contains(options, "replace"),
			computed: slices.Contains(options, "computed"),
			positive: slices.Contains(options, "positive"),
			set:      slices.Contains(options, "set"),
			secret:   slices.Contains(options, "secret"),
		})
	}
	return fields
}

func (d definition[I]) check(inputs property.Map) []p.CheckFailure {
	var failures []p.CheckFailure
	fields := d.fields()
	for key := range inputs.All {
		if key != defaultsKey && !slices.ContainsFunc(fields, func(f field) bool { return f.name == key }) {
			failures = append(failures, p.CheckFailure{Property: key, Reason: fmt.Sprintf(
				"the local AWS does not support the property %q of %s; it supports %s", key, d.Type, fieldNames(fields))})
		}
	}
	for _, f := range fields {
		value, ok := inputs.GetOk(f.name)
		if f.required && (!ok || value.IsNull()) {
			failures = append(failures, p.CheckFailure{Property: f.name, Reason: fmt.Sprintf(
				"%s needs the property %q", d.Type, f.name)})
		}
		if f.positive && ok && value.IsNumber() && value.AsNumber() <= 0 {
			failures = append(failures, p.CheckFailure{Property: f.name, Reason: fmt.Sprintf(
				"the property %q of %s is %v: give a number above 0, or leave it out for AWS's default", f.name, d.Type, value.AsNumber())})
		}
	}
	if len(failures) > 0 {
		return failures
	}
	var in I
	unknown, err := decode(inputs, &in, withArchives, d.Placeholders)
	if err == nil && len(unknown) == 0 {
		_, err = d.Validate(in)
	}
	if err != nil {
		return []p.CheckFailure{{Reason: awserr.Explain(err).Error()}}
	}
	return nil
}

func fieldNames(fields []field) string {
	names := make([]string, 0, len(fields))
	for _, f := range fields {
		names = append(names, f.name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (d definition[I]) known(inputs property.Map, read archives) (I, error) {
	var in I
	for name, value := range inputs.All {
		if value.HasComputed() {
			return in, fmt.Errorf("the engine sent an unknown value for %q", name)
		}
	}
	_, err := decode(inputs, &in, read, nil)
	return in, err
}

func (d definition[I]) create(s Services, inputs property.Map) (string, map[string]any, error) {
	if err := s.down(d.Type); err != nil {
		return "", nil, err
	}
	in, err := d.known(inputs, withArchives)
	if err != nil {
		return "", nil, err
	}
	return d.Create(s, in)
}

// update changes what is different between olds and news. Where nothing is, as
// after an update that failed, it only reads: so does AWS's provider.
// change finds nothing where something that matters is not known yet, or cannot be
// read, which check refuses.
func (d definition[I]) change(olds, news property.Map) error {
	if d.Change == nil {
		return nil
	}
	var old, in I
	for _, of := range []struct {
		inputs property.Map
		target *I
	}{{olds, &old}, {news, &in}} {
		if unknown, err := decode(of.inputs, of.target, withoutArchives, d.Placeholders); err != nil || len(unknown) > 0 {
			return nil //nolint:nilerr // see above
		}
	}
	return d.Change(old, in)
}

func (d definition[I]) update(s Services, id string, olds, news property.Map) (map[string]any, error) {
	if err := s.down(d.Type); err != nil {
		return nil, err
	}
	in, err := d.known(news, withArchives)
	if err != nil {
		return nil, err
	}
	old, err := d.known(olds, withoutArchives)
	if err != nil {
		return nil, err
	}
	if !diff(d, p.DiffRequest{State: olds, OldInputs: olds, Inputs: news}).HasChanges {
		_, outputs, found, err := d.Read(s, id, in)
		if err == nil && !found {
			err = errors.New("it is no longer there: run pulumi refresh")
		}
		return outputs, err
	}
	if d.Update == nil {
		return nil, fmt.Errorf("AWS cannot change %s in place", d.Type)
	}
	return d.Update(s, id, old, in)
}

func (d definition[I]) delete(s Services, id string, inputs property.Map) error {
	if err := s.down(d.Type); err != nil {
		return err
	}
	in, err := d.known(inputs, withoutArchives)
	if err != nil {
		return err
	}
	// What somebody else has deleted is deleted.
	if _, _, found, err := d.Read(s, id, in); err == nil && !found {
		return nil
	}
	return d.Delete(s, id, in)
}

// defaultNameLength is how long the names are that AWS's provider lets Pulumi make
// where it sets no other limit for a type (pulumi-aws, provider/resources.go,
// setAutonaming).
const defaultNameLength = 255

// autoname gives a resource a name where the program gave none, and keeps the
// one that it gave before.
func autoname(r resource, req p.CheckRequest) (property.Map, error) {
	if r, ok := r.(inert); ok {
		req.Inputs = r.defaulted(req)
	}
	name, maxLength := r.autoname()
	if name == "" {
		return req.Inputs, nil
	}
	if value, ok := req.Inputs.GetOk(name); ok && !value.IsNull() {
		return req.Inputs, nil
	}
	// A prefix is for AWS's provider, which adds to it.
	if value, ok := req.Inputs.GetOk(name + "Prefix"); ok && !value.IsNull() {
		return req.Inputs, nil
	}
	defaults := property.New([]property.Value{property.New(name)})
	if old, ok := req.State.GetOk(name); ok && autonamed(req.State, name) {
		return req.Inputs.Set(name, old).Set(defaultsKey, defaults), nil
	}
	unique, err := presource.NewUniqueName(req.RandomSeed, req.Urn.Name()+"-", 7, maxLength, nil)
	if err != nil {
		return property.Map{}, fmt.Errorf("naming %s: %w; set the property %q", describe(req.Urn.Name(), r), err, name)
	}
	if r, ok := r.(inert); ok {
		unique = r.kind.styled(unique, req.Inputs)
	}
	return req.Inputs.Set(name, property.New(unique)).Set(defaultsKey, defaults), nil
}

// autonamed reports whether the provider chose the name among the inputs.
func autonamed(inputs property.Map, name string) bool {
	defaults, ok := inputs.GetOk(defaultsKey)
	if !ok || !defaults.IsArray() {
		return false
	}
	for _, value := range defaults.AsArray().All {
		if value.IsString() && value.AsString() == name {
			return true
		}
	}
	return false
}
