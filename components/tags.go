package components

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Limits of tags (AWS General Reference, "Tag naming limits and requirements").
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

// tagText matches what all services take in a tag.
var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// checkTags checks what every child gets. The provider's own defaultTags come on
// top of them and are not seen here.
func (c *checker) checkTags(tags map[string]string) {
	if n := len(tags); n > maxTags {
		c.addf("Tags", "%d tags are too many: AWS allows %d on a resource, those of the provider's defaultTags among them", n, maxTags)
	}
	seen := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		property, value := fmt.Sprintf("Tags[%q]", key), tags[key]
		switch {
		case key == "" || len([]rune(key)) > maxTagKey:
			c.addf(property, "a key has 1 to %d characters, and this one has %d", maxTagKey, len([]rune(key)))
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			c.addf(property, "keys with aws: are AWS's own: give it another")
		case !tagText.MatchString(key):
			c.addf(property, "a key has letters, digits, spaces and _ . : / = + - @ only")
		}
		if other, ok := seen[strings.ToLower(key)]; ok {
			c.addf(property, "differs from Tags[%q] in upper and lower case only, and a role's tags may not (IAM): keep one of them", other)
		}
		seen[strings.ToLower(key)] = key
		switch n := len([]rune(value)); {
		case n > maxTagValue:
			c.addf(property, "the value has %d characters: at most %d are allowed", n, maxTagValue)
		case !tagText.MatchString(value):
			c.addf(property, "the value %q has a character other than letters, digits, spaces and _ . : / = + - @", value)
		}
	}
}

// tagInputs are the tags as an argument of a child; none where there are none, which
// leaves those of the provider.
func (p *plan) tagInputs() pulumi.StringMapInput {
	if len(p.tags) == 0 {
		return nil
	}
	return pulumi.ToStringMap(p.tags)
}
