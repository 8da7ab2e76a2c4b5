package main

import (
	"maps"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/protected-http-api/protected-http-api/components"
)

// propertyName is a Go field's name as Pulumi's schemas write it.
func propertyName(field string) string {
	first, size := utf8.DecodeRuneInString(field)
	return string(unicode.ToLower(first)) + field[size:]
}

// typeName is a Go type's name in the schema. The SDKs add Args to it themselves.
func typeName(of reflect.Type) string { return strings.TrimSuffix(of.Name(), "Args") }

// constants are what other languages write for the component's constants.
var constants = map[string]string{
	"Protected": "protected", "Public": `"` + string(components.Public) + `"`, "Iam": `"` + string(components.Iam) + `"`,
	"Jwt": `"` + string(components.Jwt("NAME")) + `"`, "AuthorizedBy": `"` + string(components.AuthorizedBy("NAME")) + `"`,
	"DeliverAtRuntime": `"` + string(components.DeliverAtRuntime) + `"`, "DeliverInEnvironment": `"` + string(components.DeliverInEnvironment) + `"`,
	"AlarmAuthorizerErrors": components.AlarmAuthorizerErrors, "AlarmAuthorizerLatency": components.AlarmAuthorizerLatency,
	"AlarmServerErrors": components.AlarmServerErrors, "AlarmClientErrors": components.AlarmClientErrors,
	"AlarmFunctionThrottles": components.AlarmFunctionThrottles, "AlarmTableThrottles": components.AlarmTableThrottles,
	"AlarmSecretAge": components.AlarmSecretAge, "AllowedLogRetentionDays": "the numbers that CloudWatch knows",
}

// fieldNames are the names of all fields of the component and its arguments.
var fieldNames = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	for _, of := range argumentTypes() {
		for i := range of.NumField() {
			names[of.Field(i).Name] = true
		}
	}
	for i := range componentType.NumField() {
		names[componentType.Field(i).Name] = true
	}
	return names
})

var componentType = reflect.TypeFor[components.ProtectedHttpApi]()

// argumentTypes are the structs among the component's arguments, by their names.
func argumentTypes() map[string]reflect.Type {
	types := map[string]reflect.Type{}
	var look func(reflect.Type)
	look = func(of reflect.Type) {
		switch of.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			look(of.Elem())
		case reflect.Struct:
			if _, known := types[of.Name()]; known {
				return
			}
			types[of.Name()] = of
			for i := range of.NumField() {
				look(of.Field(i).Type)
			}
		}
	}
	look(reflect.TypeFor[components.ProtectedHttpApiArgs]())
	return maps.Clone(types)
}

var (
	// goCalls matches the calls that make values in Go.
	goCalls = regexp.MustCompile(`\b(Header|Query|Context|StageVariable)\("([^"]*)"\)|\b(Jwt|AuthorizedBy)\(name\)`)
	// goWords matches what stays as it is (what is quoted, paths, words with hyphens,
	// names of other packages, words that are like fields), and names of Go, with a dot between a
	// type's or field's and the next.
	goWords = regexp.MustCompile(`"(?:[^"\\]|\\.)*"` + "|`[^`]*`|\\S*/\\S*|\\b\\w+(?:-\\w+)+|\\b[a-z]\\w*\\.\\w+|\\bDefaults (?:to|otherwise)\\b|\\bSecrets Manager\\b|\\b[A-Z]\\w*(?:\\.[A-Z]\\w*)*")
	goNil   = strings.NewReplacer("slice that is not nil", "list", "slice", "list", " nil", " null")
)

// sources make identity sources, by the names of what makes them in Go.
var sources = map[string]func(string) components.IdentitySource{
	"Header": components.Header, "Query": components.Query, "Context": components.Context, "StageVariable": components.StageVariable,
}

// inWords returns a text about Go's names in the words of the other languages. quote
// stands around properties.
func inWords(text, quote string) string {
	text = goCalls.ReplaceAllStringFunc(text, func(call string) string {
		match := goCalls.FindStringSubmatch(call)
		if match[3] != "" {
			return constants[match[3]]
		}
		return `"` + string(sources[match[1]](match[2])) + `"`
	})
	at, result := 0, &strings.Builder{}
	for _, span := range goWords.FindAllStringIndex(text, -1) {
		result.WriteString(goNil.Replace(text[at:span[0]]))
		result.WriteString(inWord(text[span[0]:span[1]], text[:span[0]], quote))
		at = span[1]
	}
	result.WriteString(goNil.Replace(text[at:]))
	return result.String()
}

// mistakesInWords returns the component's errors in the words of the other languages.
// A line that begins with a tab is what a compiler or another command has said.
func mistakesInWords(text string) string {
	result := &strings.Builder{}
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "\t") {
			line = inWords(line, "")
		}
		result.WriteString(line)
	}
	return result.String()
}

// inWord translates one word. At the beginning of a sentence a field's name is taken
// for an ordinary word, if it can be one.
func inWord(word, before, quote string) string {
	if constant, ok := constants[word]; ok {
		return constant
	}
	names := strings.Split(word, ".")
	if _, isType := argumentTypes()[names[0]]; isType && len(names) > 1 && !fieldNames()[names[0]] {
		names = names[1:]
	}
	if len(names) == 1 {
		if of, isType := argumentTypes()[names[0]]; isType && !fieldNames()[names[0]] {
			return typeName(of)
		}
		ordinary := strings.ToLower(names[0][1:]) == names[0][1:]
		if ordinary && (strings.HasSuffix(before, ". ") || strings.HasSuffix(before, "\n\n")) {
			return word
		}
	}
	for i, name := range names {
		if !fieldNames()[name] {
			return word
		}
		names[i] = propertyName(name)
	}
	return quote + strings.Join(names, ".") + quote
}
