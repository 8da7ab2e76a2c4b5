package provider

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	presource "github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// defaultsKey lists, among a resource's inputs, those that the provider chose.
// It is the AWS provider's own convention.
const defaultsKey = "__defaults"

// resource is how one type behaves, whatever its inputs are.
type resource interface {
	token() string
	autoname() (property string, maxLength int)
	outputs() []string
	fields() []field
	check(inputs property.Map) []p.CheckFailure
	create(s Services, inputs property.Map) (id string, outputs map[string]any, err error)
	exists(s Services, id string, inputs property.Map) (bool, error)
	update(s Services, id string, olds, news property.Map) (outputs map[string]any, err error)
	delete(s Services, id string, inputs property.Map) error
}

// definition is a resource whose inputs are the struct I. Its fields say by
// their tags what AWS demands: `aws:"required,replace"`.
type definition[I any] struct {
	Type string
	// Name is the property that Pulumi fills with the logical name and a
	// random suffix where the program leaves it out; NameLength is its limit.
	Name       string
	NameLength int
	// Computed are the outputs that are not known in a preview.
	Computed []string

	// Check refuses bad inputs before anything is created. Properties that are
	// not known yet have their zero value and are named in unknown.
	Check  func(in I, unknown unknowns) []p.CheckFailure
	Create func(s Services, in I) (id string, outputs map[string]any, err error)
	Exists func(s Services, id string, in I) (bool, error)
	// Update is nil where every property's change makes a new resource.
	Update func(s Services, id string, in I) (outputs map[string]any, err error)
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
}

func (d definition[I]) fields() []field { return fieldsOf(reflect.TypeFor[I]()) }

func fieldsOf(t reflect.Type) []field {
	var fields []field
	for f := range t.Fields() {
		options := strings.Split(f.Tag.Get("aws"), ",")
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields = append(fields, field{
			name:     name,
			required: slices.Contains(options, "required"),
			replace:  slices.Contains(options, "replace"),
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
	}
	if len(failures) > 0 {
		return failures
	}
	var in I
	unknown, err := decode(inputs, &in, withArchives)
	if err != nil {
		return []p.CheckFailure{{Reason: err.Error()}}
	}
	if d.Check == nil {
		return nil
	}
	return d.Check(in, unknown)
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
	unknown, err := decode(inputs, &in, read)
	if err == nil && len(unknown) > 0 {
		err = fmt.Errorf("the engine sent unknown values for %v", unknown)
	}
	return in, err
}

func (d definition[I]) create(s Services, inputs property.Map) (string, map[string]any, error) {
	in, err := d.known(inputs, withArchives)
	if err != nil {
		return "", nil, err
	}
	return d.Create(s, in)
}

func (d definition[I]) exists(s Services, id string, inputs property.Map) (bool, error) {
	in, err := d.known(inputs, withoutArchives)
	if err != nil {
		return false, err
	}
	return d.Exists(s, id, in)
}

func (d definition[I]) update(s Services, id string, _, news property.Map) (map[string]any, error) {
	in, err := d.known(news, withArchives)
	if err != nil {
		return nil, err
	}
	if d.Update == nil {
		return nil, fmt.Errorf("AWS cannot change %s in place", d.Type)
	}
	return d.Update(s, id, in)
}

func (d definition[I]) delete(s Services, id string, inputs property.Map) error {
	in, err := d.known(inputs, withoutArchives)
	if err != nil {
		return err
	}
	return d.Delete(s, id, in)
}

// autoname gives a resource a name where the program gave none, and keeps the
// one that it gave before.
func autoname(r resource, req p.CheckRequest) (property.Map, error) {
	name, maxLength := r.autoname()
	if name == "" {
		return req.Inputs, nil
	}
	if value, ok := req.Inputs.GetOk(name); ok && !value.IsNull() {
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

// diff compares inputs with inputs, property by property.
func diff(r resource, req p.DiffRequest) p.DiffResponse {
	response := p.DiffResponse{DetailedDiff: map[string]p.PropertyDiff{}}
	name, _ := r.autoname()
	for _, f := range r.fields() {
		was, had := req.OldInputs.GetOk(f.name)
		is, has := req.Inputs.GetOk(f.name)
		kind := p.Update
		switch {
		case slices.Contains(req.IgnoreChanges, f.name), !had && !has, had && has && was.Equals(is, property.EqualRelaxComputed) && !is.HasComputed():
			continue
		case !had:
			kind = p.Add
		case !has:
			kind = p.Delete
		}
		if f.replace {
			kind += "&replace"
			// Two resources with one name cannot be there at once, so one that
			// the program named is deleted before its replacement is made.
			response.DeleteBeforeReplace = name != "" && !autonamed(req.Inputs, name)
		}
		response.HasChanges = true
		response.DetailedDiff[f.name] = p.PropertyDiff{Kind: kind, InputDiff: true}
	}
	return response
}

// preview is what is known of a resource before it is created.
func preview(r resource, inputs property.Map) property.Map {
	result := inputs.Delete(defaultsKey)
	for _, key := range r.outputs() {
		result = result.Set(key, property.New(property.Computed))
	}
	return result
}

// previewUpdate is what is known of a resource before it is changed: what AWS
// computed stays.
func previewUpdate(r resource, olds, inputs property.Map) property.Map {
	result := inputs.Delete(defaultsKey)
	for _, key := range r.outputs() {
		if value, ok := olds.GetOk(key); ok {
			result = result.Set(key, value)
		}
	}
	return result
}
