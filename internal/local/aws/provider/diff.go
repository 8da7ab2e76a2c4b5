package provider

import (
	"slices"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// diff compares inputs with inputs, property by property.
func diff(r resource, req p.DiffRequest) p.DiffResponse {
	response := p.DiffResponse{DetailedDiff: map[string]p.PropertyDiff{}}
	name, _ := r.autoname()
	for _, f := range r.fields() {
		was, had := req.OldInputs.GetOk(f.name)
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
