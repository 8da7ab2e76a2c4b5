package components

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// inputsOf returns the arguments as the component's inputs, which Pulumi keeps in
// the stack's state: fields by their names, without those that have their zero
// value. Durations are text, and what is a secret stays one.
//
// A folder within the program's own is written relative to it, so that the same
// program in another place is no change.
func inputsOf(args *ProtectedHttpApiArgs) pulumi.Map {
	return structInputs(reflect.ValueOf(*args))
}

var (
	inputType    = reflect.TypeFor[pulumi.Input]()
	durationType = reflect.TypeFor[time.Duration]()
	functionType = reflect.TypeFor[FunctionArgs]()
	codeType     = reflect.TypeFor[CodeArgs]()
)

func structInputs(value reflect.Value) pulumi.Map {
	inputs := pulumi.Map{}
	for i := range value.NumField() {
		field := value.Type().Field(i)
		if !field.IsExported() || value.Field(i).IsZero() {
			continue
		}
		input := inputOf(value.Field(i))
		if value.Type() == functionType && field.Name == "Package" || value.Type() == codeType && field.Name == "Path" {
			input = pulumi.String(portable(value.Field(i).String()))
		}
		inputs[inputName(field.Name)] = input
	}
	return inputs
}

// inputOf returns a value as an input. TestInputsOfEveryType holds the arguments to
// the kinds that are here.
func inputOf(value reflect.Value) pulumi.Input {
	if value.Type().Implements(inputType) {
		input, _ := value.Interface().(pulumi.Input)
		return input // nil where the value is
	}
	switch value.Kind() {
	case reflect.Pointer:
		return inputOf(value.Elem())
	case reflect.Struct:
		return structInputs(value)
	case reflect.Map:
		inputs := pulumi.Map{}
		for key, element := range value.Seq2() {
			inputs[key.String()] = inputOf(element)
		}
		return inputs
	case reflect.Slice:
		inputs := pulumi.Array{}
		for _, element := range value.Seq2() {
			inputs = append(inputs, inputOf(element))
		}
		return inputs
	case reflect.String:
		return pulumi.String(value.String())
	case reflect.Bool:
		return pulumi.Bool(value.Bool())
	case reflect.Int:
		return pulumi.Int(int(value.Int()))
	case reflect.Int64: // which only durations are
		return pulumi.String(time.Duration(value.Int()).String())
	case reflect.Float64:
		return pulumi.Float64(value.Float())
	}
	panic(fmt.Sprintf("arguments have no field of type %v", value.Type()))
}

// inputName is a field's name as Pulumi's other languages write it.
func inputName(field string) string {
	first, size := utf8.DecodeRuneInString(field)
	return string(unicode.ToLower(first)) + field[size:]
}

// portable returns the path of a folder below the working directory, which is the
// program's folder, relative to it; any other as it is.
func portable(folder string) string {
	working, err := os.Getwd()
	if err != nil || !filepath.IsAbs(folder) {
		return folder
	}
	relative, err := filepath.Rel(working, folder)
	if err != nil || relative == ".." || strings.HasPrefix(relative, ".."+string(filepath.Separator)) {
		return folder
	}
	return "./" + filepath.ToSlash(relative)
}
