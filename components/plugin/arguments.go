package main

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/components"
)

var (
	stringInputType = reflect.TypeFor[pulumi.StringInput]()
	durationType    = reflect.TypeFor[time.Duration]()
	stringType      = reflect.TypeFor[string]()
)

// toInput makes an input of a value that is known late, or a secret, or depends on
// resources.
type toInput func(path string, value resource.Output) pulumi.StringInput

// read turns the arguments, as the engine sends them, into the component's. It
// returns all mistakes in one error, a line each.
func read(properties resource.PropertyMap, late toInput) (*components.ProtectedHttpApiArgs, error) {
	args, r := &components.ProtectedHttpApiArgs{}, reader{late: late}
	r.read("", resource.NewProperty(properties), resource.Output{Known: true}, reflect.ValueOf(args).Elem())
	return args, errors.Join(r.mistakes...)
}

type reader struct {
	late     toInput
	mistakes []error
}

func (r *reader) addf(path, format string, args ...any) {
	r.mistakes = append(r.mistakes, fmt.Errorf("%s: %w", path, fmt.Errorf(format, args...)))
}

// read sets to to value. around is what is said of the list or object around it, which
// holds for each value within.
func (r *reader) read(path string, value resource.PropertyValue, around resource.Output, to reflect.Value) {
	value, around = unwrap(value, around)
	if value.IsNull() && around.Known {
		return
	}
	if to.Type() == stringInputType {
		r.readInput(path, value, around, to)
		return
	}
	if !around.Known {
		r.addf(path, "is not known before something else is deployed, but decides what the API consists of: give a value that the program knows by itself")
		return
	}
	switch to.Kind() {
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		r.read(path, value, around, to.Elem())
	case reflect.Struct:
		if r.is(path, value.IsObject(), "an object", value, around) {
			r.readFields(path, value.ObjectValue(), around, to)
		}
	case reflect.Map:
		if !r.is(path, value.IsObject(), "an object", value, around) {
			return
		}
		to.Set(reflect.MakeMap(to.Type()))
		object := value.ObjectValue()
		for i, key := range slices.Sorted(maps.Keys(object)) {
			element := reflect.New(to.Type().Elem()).Elem()
			at := fmt.Sprintf("%s[%q]", path, string(key))
			if around.Secret { // as a whole, its keys too
				at = fmt.Sprintf("%s[secret key %d]", path, i+1)
			}
			r.read(at, object[key], around, element)
			to.SetMapIndex(reflect.ValueOf(string(key)), element)
		}
	case reflect.Slice:
		if !r.is(path, value.IsArray(), "a list", value, around) {
			return
		}
		to.Set(reflect.MakeSlice(to.Type(), len(value.ArrayValue()), len(value.ArrayValue())))
		for i, element := range value.ArrayValue() {
			r.read(fmt.Sprintf("%s[%d]", path, i), element, around, to.Index(i))
		}
	default:
		r.readPlain(path, value, around, to)
	}
}

// unwrap returns the value itself, and what is said of it.
func unwrap(value resource.PropertyValue, around resource.Output) (resource.PropertyValue, resource.Output) {
	for {
		switch {
		case value.IsSecret():
			around.Secret = true
			value = value.SecretValue().Element
		case value.IsComputed():
			around.Known = false
			return resource.NewNullProperty(), around
		case value.IsOutput():
			output := value.OutputValue()
			around.Known = around.Known && output.Known
			around.Secret = around.Secret || output.Secret
			around.Dependencies = append(slices.Clip(around.Dependencies), output.Dependencies...)
			value = output.Element
		default:
			return value, around
		}
	}
}

func (r *reader) readFields(path string, object resource.PropertyMap, around resource.Output, to reflect.Value) {
	fields := map[resource.PropertyKey]int{}
	for i := range to.NumField() {
		fields[resource.PropertyKey(propertyName(to.Type().Field(i).Name))] = i
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		at := strings.TrimPrefix(path+"."+string(key), ".")
		i, ok := fields[key]
		switch {
		case ok && isEmptyText(object[key]) && to.Field(i).Type() == stringType:
			r.addf(at, "is empty: give text, or leave it out for the default")
		case ok:
			r.read(at, object[key], around, to.Field(i))
		case !resource.IsInternalPropertyKey(key):
			if around.Secret { // as a whole, its keys too
				at = path + ": a property, whose name is secret"
			}
			var names []string
			for _, name := range slices.Sorted(maps.Keys(fields)) {
				names = append(names, string(name))
			}
			r.addf(at, "is not one of the properties here, which are %s", strings.Join(names, ", "))
		}
	}
}

// isEmptyText reports whether a value is known to be the empty text. In the place of
// an issuer, for instance, it would switch a check off, and not be found missing.
func isEmptyText(value resource.PropertyValue) bool {
	value, about := unwrap(value, resource.Output{Known: true})
	return about.Known && value.IsString() && value.StringValue() == ""
}

func (r *reader) readInput(path string, value resource.PropertyValue, around resource.Output, to reflect.Value) {
	if around.Known && !r.is(path, value.IsString(), "text", value, around) {
		return
	}
	if around.Known && !around.Secret && len(around.Dependencies) == 0 {
		to.Set(reflect.ValueOf(pulumi.String(value.StringValue())))
		return
	}
	around.Element = value
	if input := r.late(path, around); input != nil {
		to.Set(reflect.ValueOf(input))
	}
}

// readPlain reads a value that has to be there when the component is made.
func (r *reader) readPlain(path string, value resource.PropertyValue, around resource.Output, to reflect.Value) {
	switch {
	case around.Secret:
		r.addf(path, "is a secret, but decides what the API consists of, and everybody may see that: give a value that is none")
	case value.IsNumber() && math.Abs(value.NumberValue()) > float64(maxNumber):
		r.addf(path, "is the number %v, which is too large: give one up to %d", value.NumberValue(), maxNumber)
	case len(around.Dependencies) > 0:
		r.addf(path, "comes from %s, but decides what the API consists of: give a value that the program knows by itself", around.Dependencies[0].Name())
	case to.Type() == durationType:
		if !r.is(path, value.IsString(), `a duration as text, "5m" for instance`, value, around) {
			return
		}
		duration, err := time.ParseDuration(value.StringValue())
		if err != nil {
			r.addf(path, `%q is no duration: write "90s", "5m" or "1h" for instance`, value.StringValue())
		}
		to.SetInt(int64(duration))
	case to.Kind() == reflect.String:
		if r.is(path, value.IsString(), "text", value, around) {
			to.SetString(value.StringValue())
		}
	case to.Kind() == reflect.Bool:
		if r.is(path, value.IsBool(), "true or false", value, around) {
			to.SetBool(value.BoolValue())
		}
	case to.Kind() == reflect.Int:
		if r.is(path, value.IsNumber() && value.NumberValue() == math.Trunc(value.NumberValue()), "a whole number", value, around) {
			to.SetInt(int64(value.NumberValue()))
		}
	case to.Kind() == reflect.Float64:
		if r.is(path, value.IsNumber(), "a number", value, around) {
			to.SetFloat(value.NumberValue())
		}
	default:
		panic(fmt.Sprintf("arguments have no field of type %v", to.Type()))
	}
}

// maxNumber is the greatest number up to which all languages write whole numbers
// exactly. No limit of AWS's is near it.
const maxNumber = int64(1) << 53

// is refuses a value that is not what is wanted. It shows a number only, and none that
// is secret: others may be long.
func (r *reader) is(path string, ok bool, wanted string, value resource.PropertyValue, around resource.Output) bool {
	switch {
	case ok:
	case value.IsNumber() && !around.Secret:
		r.addf(path, "is the number %v: give %s", value.NumberValue(), wanted)
	default:
		r.addf(path, "is of the type %s: give %s", value.TypeString(), wanted)
	}
	return ok
}
