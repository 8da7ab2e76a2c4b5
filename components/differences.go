package components

import (
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// differences returns the names of the fields in which two functions differ.
func differences(a, b FunctionArgs) []string {
	a.Package, b.Package = packageIdentity(a.Package), packageIdentity(b.Package)
	return fieldDifferences("", reflect.ValueOf(a), reflect.ValueOf(b))
}

// fieldDifferences compares two structs; a nested one that is nil is as good as one
// without values.
func fieldDifferences(path string, a, b reflect.Value) []string {
	var names []string
	for i := range a.NumField() {
		name, x, y := path+a.Type().Field(i).Name, a.Field(i), b.Field(i)
		if t := x.Type(); t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct {
			names = append(names, fieldDifferences(name+".", pointed(x), pointed(y))...)
		} else if !same(x, y) {
			names = append(names, name)
		}
	}
	return names
}

func pointed(v reflect.Value) reflect.Value {
	if v.IsNil() {
		return reflect.Zero(v.Type().Elem())
	}
	return v.Elem()
}

// same reports whether two values of the same type are equal. Two inputs are, where
// they are the same plain value or the same output: nobody can compare what two
// outputs will hold before it is known.
func same(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Interface:
		x, _ := a.Interface().(pulumi.StringInput)
		y, _ := b.Interface().(pulumi.StringInput)
		return sameInput(x, y)
	case reflect.Pointer:
		return a.IsNil() == b.IsNil() && (a.IsNil() || same(a.Elem(), b.Elem()))
	case reflect.Struct:
		return len(fieldDifferences("", a, b)) == 0
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		if a.Len() != b.Len() {
			return false
		}
		for _, key := range a.MapKeys() {
			if y := b.MapIndex(key); !y.IsValid() || !same(a.MapIndex(key), y) {
				return false
			}
		}
		return true
	default:
		return a.Equal(b)
	}
}

func sameInput(a, b pulumi.StringInput) bool {
	if a == nil || b == nil {
		return a == b
	}
	return reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b
}
