// Package catalog says which resource types and functions pulumi-aws has, and how it
// names what they make. What those do is left to the provider.
package catalog

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Version is the version of pulumi-aws that the catalog is of.
const Version = "6.83.2"

// text has a line a module: its types, a semicolon, its functions. TestCatalog writes
// it from pulumi-aws's SDK.
//
//go:embed catalog.txt
var text string

// Type is a resource type.
type Type struct {
	// Named types get a name from Pulumi, in the property name, where the program
	// gives none.
	Named bool
	// ARN is whether there is an output of that name.
	ARN bool
}

// module is what one module of the package has, by token.
type module struct {
	types     map[string]Type
	functions map[string]bool
}

// Marks behind a type's name in the text.
const (
	markNamed = "+"
	markARN   = "@"
)

var modules = sync.OnceValue(func() map[string]module {
	all := map[string]module{}
	for line := range strings.Lines(text) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), ": ")
		types, functions, _ := strings.Cut(rest, ";")
		m := module{map[string]Type{}, map[string]bool{}}
		for _, word := range strings.Fields(types) {
			m.types[token(name, strings.TrimRight(word, markNamed+markARN))] = Type{
				Named: strings.Contains(word, markNamed), ARN: strings.Contains(word, markARN),
			}
		}
		for _, word := range strings.Fields(functions) {
			m.functions[token(name, word)] = true
		}
		all[name] = m
	}
	return all
})

// token is pulumi-aws's for a type or function of a module.
func token(module, name string) string {
	return "aws:" + module + "/" + strings.ToLower(name[:1]) + name[1:] + ":" + name
}

// Module is the module of a token, for instance sqs of aws:sqs/queue:Queue.
func Module(token string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(token, "aws:"), "/")
	name, _, _ = strings.Cut(name, ":")
	return name
}

// Find finds a resource type by its token. Where there is none the error says which
// there are.
func Find(token string) (Type, error) {
	m := modules()[Module(token)]
	if t, ok := m.types[token]; ok {
		return t, nil
	}
	return Type{}, missing("resource type", token, m.types)
}

// CheckFunction returns an error where there is no function of that token.
func CheckFunction(token string) error {
	m := modules()[Module(token)]
	if m.functions[token] {
		return nil
	}
	return missing("function", token, m.functions)
}

func missing[V any](what, token string, there map[string]V) error {
	if len(there) == 0 {
		return fmt.Errorf("pulumi-aws %s has no %s %s: its module %q has none; check the spelling, or use that version's SDK", Version, what, token, Module(token))
	}
	return fmt.Errorf("pulumi-aws %s has no %s %s: check the spelling, or use that version's SDK; its module %q has %s",
		Version, what, token, Module(token), strings.Join(slices.Sorted(maps.Keys(there)), ", "))
}
