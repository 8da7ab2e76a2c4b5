package provider

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// actual is a resource as its service has it. It is the zero value where there
// is none.
type actual struct {
	id      string
	inputs  property.Map
	outputs map[string]any
}

// read returns the inputs as they were, but for those that are no longer so:
// the difference shows as drift, and nothing else does.
func (d definition[I]) read(s Services, id string, inputs property.Map) (actual, error) {
	if err := s.down(d.Type); err != nil {
		return actual{}, err
	}
	in, err := d.known(inputs, withoutArchives)
	if err != nil {
		return actual{}, err
	}
	is, outputs, found, err := d.Read(s, id, in)
	if err != nil || !found {
		return actual{}, err
	}
	asked, err := d.Validate(in)
	if err != nil {
		return actual{}, fmt.Errorf("comparing the inputs: %w", err)
	}
	want, have := encode(asked), encode(is)
	for _, f := range d.fields() {
		old, given := inputs.GetOk(f.name)
		now, there := have[f.name]
		switch {
		case f.computed && !given, equalPlain(f, want[f.name], now):
		case there:
			inputs = inputs.Set(f.name, toValue(now).WithSecret(f.secret || given && old.HasSecrets()))
		default:
			inputs = inputs.Delete(f.name)
		}
	}
	return actual{id, inputs, outputs}, nil
}

// imported returns the inputs that a program would need to describe the
// resource: without those that are AWS's defaults anyway.
func (d definition[I]) imported(s Services, importID string) (actual, error) {
	if err := s.down(d.Type); err != nil {
		return actual{}, err
	}
	id, in, err := importID, *new(I), error(nil)
	if d.Import != nil {
		if id, in, err = d.Import(importID); err != nil {
			return actual{}, err
		}
	}
	is, outputs, found, err := d.Read(s, id, in)
	if err != nil || !found {
		return actual{}, err
	}
	inputs, have := property.Map{}, encode(is)
	for i, f := range d.fields() {
		value, there := have[f.name]
		if !there {
			continue
		}
		without := is
		reflect.ValueOf(&without).Elem().Field(i).SetZero()
		without, err := d.Validate(without)
		if f.required || err != nil || !reflect.DeepEqual(encode(without)[f.name], value) {
			inputs = inputs.Set(f.name, toValue(value).WithSecret(f.secret))
		}
	}
	return actual{id, inputs, outputs}, nil
}

// encode turns inputs into plain values by property. Zero values are left out,
// as a program leaves them out; archives too, which nobody can read back.
func encode[I any](in I) map[string]any {
	plain := map[string]any{}
	v := reflect.ValueOf(in)
	for i, f := range fieldsOf(v.Type()) {
		field := v.Field(i)
		_, code := field.Interface().(*codeArchive)
		kind := field.Kind()
		if code || field.IsZero() || (kind == reflect.Slice || kind == reflect.Map) && field.Len() == 0 {
			continue
		}
		text, err := json.Marshal(field.Interface())
		var value any
		if err == nil {
			err = json.Unmarshal(text, &value)
		}
		if err != nil {
			panic(fmt.Sprintf("the input %s cannot be JSON: %v", f.name, err)) // it came from JSON
		}
		plain[f.name] = value
	}
	return plain
}

// splitImport splits an import ID of two parts.
func splitImport(importID, separator, format string) (first, second string, err error) {
	first, second, ok := strings.Cut(importID, separator)
	if !ok || first == "" || second == "" || strings.Contains(second, separator) {
		return "", "", fmt.Errorf("the import ID %q is not of the form %s", importID, format)
	}
	return first, second, nil
}
