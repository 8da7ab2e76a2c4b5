package provider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// codeArchive is a function's code: the bytes of a zip file. They are megabytes,
// and so do not take the way of the other properties through JSON.
type codeArchive struct {
	// Hash is Pulumi's, of the archive's contents.
	Hash string
	Zip  []byte `json:"-"`
}

// inPart is the placeholder of an object whose known members can be validated
// without the others.
type inPart struct{}

// archives says whether decode reads archives. What is only looked up, compared or
// deleted needs none, and the file of one may be gone by then.
type archives bool

const (
	withArchives    archives = true
	withoutArchives archives = false
)

// decode fills the struct that target points to with a resource's inputs. A
// property that the struct does not have is an error, at any depth.
//
// In a preview a value may not be known yet, wholly or in part. A placeholder
// stands in for it, or zero values within it where the placeholder is inPart.
// The names of the properties for which there is neither are returned.
func decode(inputs property.Map, target any, read archives, placeholders map[string]any) (unknown []string, err error) {
	plain := map[string]any{}
	zips := map[string][]byte{}
	for key, value := range inputs.All {
		switch {
		case key == defaultsKey || value.IsNull():
		case value.IsArchive() && read == withoutArchives:
			plain[key] = codeArchive{Hash: value.AsArchive().Hash}
		case value.IsArchive():
			if zips[key], err = value.AsArchive().Bytes(archive.ZIPArchive); err != nil {
				return nil, fmt.Errorf("reading the archive of the property %q: %w", key, err)
			}
			plain[key] = codeArchive{Hash: value.AsArchive().Hash}
		case value.HasComputed() && (value.IsComputed() || placeholders[key] != inPart{}):
			placeholder, ok := placeholders[key]
			if !ok {
				unknown = append(unknown, key)
			} else if placeholder != nil && placeholder != any(inPart{}) {
				plain[key] = placeholder
			}
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
	fillArchives(target, zips)
	return unknown, nil
}

// fillArchives puts the bytes of archives in their places, by property.
func fillArchives(target any, zips map[string][]byte) {
	in := reflect.ValueOf(target).Elem()
	for i, f := range fieldsOf(in.Type()) {
		if code, ok := in.Field(i).Interface().(*codeArchive); ok && code != nil {
			code.Zip = zips[f.name]
		}
	}
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
			if converted != nil || element.IsComputed() {
				object[key] = converted
			}
		}
		return object, nil
	case v.IsNull() || v.IsComputed():
		return nil, nil
	default:
		return nil, fmt.Errorf("the local AWS does not take a value of the type %T here", v)
	}
}

// toValue turns what a service computed or holds into a property.
func toValue(v any) property.Value {
	switch v := v.(type) {
	case property.Value:
		return v
	case int:
		return property.New(float64(v))
	case int64:
		return property.New(float64(v))
	case []any:
		values := make([]property.Value, len(v))
		for i, element := range v {
			values[i] = toValue(element)
		}
		return property.New(values)
	case map[string]any:
		values := map[string]property.Value{}
		for key, element := range v {
			values[key] = toValue(element)
		}
		return property.New(values)
	}
	value, err := property.Any(v)
	if err != nil {
		panic(fmt.Sprintf("an output of the local AWS has the type %T, which Pulumi does not know", v))
	}
	return value
}
