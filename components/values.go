package components

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// checkWholeSeconds refuses what AWS, which counts in seconds, would round.
func checkWholeSeconds(d time.Duration) error {
	if d%time.Second != 0 {
		return fmt.Errorf("%v is not a whole number of seconds", d)
	}
	return nil
}

// inputs returns a map's values, by the order of its keys.
func inputs(values map[string]pulumi.StringInput) pulumi.StringArray {
	list := pulumi.StringArray{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		list = append(list, values[key])
	}
	return list
}

// optional returns no input at all for an empty string.
func optional(value string) pulumi.StringPtrInput {
	if value == "" {
		return nil
	}
	return pulumi.String(value)
}

// optionalInput returns no input at all for none.
func optionalInput(value pulumi.StringInput) pulumi.StringPtrInput {
	if value == nil {
		return nil
	}
	return value.ToStringOutput().ToStringPtrOutput()
}

// quoted returns the strings in quotes, in one line.
func quoted(list []string) string {
	var text []string
	for _, s := range list {
		text = append(text, fmt.Sprintf("%q", s))
	}
	return strings.Join(text, ", ")
}
