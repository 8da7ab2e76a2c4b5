package provider

import (
	"slices"

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
		case slices.Contains(req.IgnoreChanges, f.name), !had && !has, f.computed && !has, had && has && was.Equals(is, property.EqualRelaxComputed) && !is.HasComputed():
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
