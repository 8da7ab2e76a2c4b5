package provider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// unknowns are the properties whose value is not known in a preview, wholly or
// in part.
type unknowns []string

func (u unknowns) has(name string) bool { return slices.Contains(u, name) }

// codeArchive is a function's code: the bytes of a zip file.
type codeArchive struct {
	Zip []byte `json:"zip"`
}

// archives says whether decode reads archives. What is only looked up or
// deleted needs none, and the file of one may be gone by then.
type archives bool

const (
	withArchives    archives = true
	withoutArchives archives = false
)

// decode fills the struct that target points to with a resource's inputs. A
// property that the struct does not have is an error, at any depth.
func decode(inputs property.Map, target any, read archives) (unknowns, error) {
	var unknown unknowns
	plain := map[string]any{}
	for key, value := range inputs.All {
		switch {
		case key == defaultsKey || value.IsNull() || value.IsArchive() && read == withoutArchives:
		case value.HasComputed():
			unknown = append(unknown, key)
		default:
			converted, err := plainValue(value)
			if err != nil {
				return nil, fmt.Errorf("reading the property %q: %w", key, err)
			}
			plain[key] = converted
		}
	}
	encoded, err := json.Marshal(plain)
	if err != nil {
		return nil, fmt.Errorf("reading the properties: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(target); err != nil {
		return nil, fmt.Errorf("reading the properties, of which the local AWS supports fewer than AWS: %w", err)
	}
	return unknown, nil
}

// plainValue turns a property into what encoding/json writes.
func plainValue(v property.Value) (any, error) {
	switch {
	case v.IsBool():
		return v.AsBool(), nil
	case v.IsNumber():
		return v.AsNumber(), nil
	case v.IsString():
		return v.AsString(), nil
	case v.IsArray():
		list := make([]any, 0, v.AsArray().Len())
		for _, element := range v.AsArray().All {
			converted, err := plainValue(element)
			if err != nil {
				return nil, err
			}
			list = append(list, converted)
		}
		return list, nil
	case v.IsMap():
		object := map[string]any{}
		for key, element := range v.AsMap().All {
			converted, err := plainValue(element)
			if err != nil {
				return nil, err
			}
			if converted != nil {
				object[key] = converted
			}
		}
		return object, nil
	case v.IsArchive():
		zip, err := v.AsArchive().Bytes(archive.ZIPArchive)
		if err != nil {
			return nil, fmt.Errorf("reading the archive: %w", err)
		}
		return codeArchive{Zip: zip}, nil
	case v.IsNull():
		return nil, nil
	default:
		return nil, fmt.Errorf("the local AWS does not take a value of the type %T here", v)
	}
}

// toValue turns what AWS computed into a property.
func toValue(v any) property.Value {
	switch n := v.(type) {
	case int:
		return property.New(float64(n))
	case int64:
		return property.New(float64(n))
	}
	value, err := property.Any(v)
	if err != nil {
		panic(fmt.Sprintf("an output of the local AWS has the type %T, which Pulumi does not know", v))
	}
	return value
}
