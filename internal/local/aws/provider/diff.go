package provider

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// deployed are the inputs that a resource has by its state, of those that the
// program gives or gave. They are not always the old inputs: after an update that
// failed the engine keeps these, and the state that the provider returned, which
// says that all was done.
func deployed(r resource, state, oldInputs, inputs property.Map) property.Map {
	result := property.Map{}
	for _, f := range r.fields() {
		_, given := oldInputs.GetOk(f.name)
		_, gives := inputs.GetOk(f.name)
		if value, ok := state.GetOk(f.name); ok && (given || gives) {
			result = result.Set(f.name, value)
		}
	}
	for _, key := range r.outputs() {
		name, member, nested := strings.Cut(key, ".")
		if value, ok := result.GetOk(name); nested && ok && value.IsMap() {
			result = result.Set(name, property.WithGoValue(value, value.AsMap().Delete(member)))
		}
	}
	return result
}

// diff compares the inputs with what is deployed, property by property.
func diff(r resource, req p.DiffRequest) p.DiffResponse {
	response := p.DiffResponse{DetailedDiff: map[string]p.PropertyDiff{}}
	name, _ := r.autoname()
	olds := deployed(r, req.State, req.OldInputs, req.Inputs)
	for _, f := range r.fields() {
		was, had := olds.GetOk(f.name)
		is, has := req.Inputs.GetOk(f.name)
		kind := p.Update
		switch {
		case slices.Contains(req.IgnoreChanges, f.name), !had && !has, f.computed && !has, had && has && equal(f, was, is):
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

// equal reports whether two known values of a field are the same to AWS's provider.
func equal(f field, was, is property.Value) bool {
	if is.HasComputed() {
		return false
	}
	was, is = revealed(was), revealed(is)
	if was.Equals(is, property.EqualRelaxComputed) {
		return true
	}
	if !f.set || was.HasComputed() {
		return false
	}
	a, errA := plainValue(was)
	b, errB := plainValue(is)
	return errA == nil && errB == nil && equalPlain(f, a, b)
}

// equalPlain is equal for plain values, as JSON has them.
func equalPlain(f field, a, b any) bool {
	if f.set {
		a, b = sortedArrays(a), sortedArrays(b)
	}
	return reflect.DeepEqual(a, b)
}

// sortedArrays returns a plain value whose arrays are in an order that depends on
// their elements alone.
func sortedArrays(value any) any {
	switch value := value.(type) {
	case []any:
		list := make([]any, len(value))
		for i, element := range value {
			list[i] = sortedArrays(element)
		}
		slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprintf("%#v", a), fmt.Sprintf("%#v", b)) })
		return list
	case map[string]any:
		object := map[string]any{}
		for name, member := range value {
			object[name] = sortedArrays(member)
		}
		return object
	}
	return value
}

// preview is what is known of a resource before it is created.
func preview(r resource, inputs property.Map) property.Map {
	result := inputs.Delete(defaultsKey)
	for _, key := range r.outputs() {
		result = setOutput(result, key, property.New(property.Computed))
	}
	return result
}

// previewUpdate is what is known of a resource before it is changed: what AWS
// computed stays.
func previewUpdate(r resource, olds, inputs property.Map) property.Map {
	result := inputs.Delete(defaultsKey)
	for _, key := range r.outputs() {
		value, ok := output(olds, key)
		switch {
		case ok:
			result = setOutput(result, key, value)
		case strings.Contains(key, "."): // its parent is new
			result = setOutput(result, key, property.New(property.Computed))
		}
	}
	return result
}

// revealed is a value without the marks of secrets: that one is a secret now, or its
// whole property, changes nothing on AWS.
func revealed(v property.Value) property.Value {
	switch {
	case v.IsMap():
		members := map[string]property.Value{}
		for name, member := range v.AsMap().All {
			members[name] = revealed(member)
		}
		return property.New(members)
	case v.IsArray():
		var elements []property.Value
		for _, element := range v.AsArray().All {
			elements = append(elements, revealed(element))
		}
		return property.New(elements)
	}
	return v.WithSecret(false)
}
