package logs

import (
	"regexp"
	"strings"
)

// maxPattern is the longest filter pattern (CloudWatch Logs API,
// FilterLogEvents).
const maxPattern = 1024

// filter is a filter pattern for unstructured log events: terms, of which a
// message has to contain all of include, none of exclude and, where there are
// some, one of either (CloudWatch Logs user guide, FilterAndPatternSyntax).
type filter struct{ include, exclude, either []string }

var (
	// patternTerm is a term with what stands before it: quoted, or letters,
	// digits and underscores.
	patternTerm = regexp.MustCompile(`^([-?]?)(?:"((?:[^"\\]|\\.)+)"|([\p{L}\p{N}_]+))(?:\s+|$)`)
	unescape    = regexp.MustCompile(`\\(.)`)
)

// parseFilter reads a filter pattern; the empty one matches everything. What
// is valid on AWS but not imitated is refused with its name.
func parseFilter(pattern string) (filter, error) {
	var f filter
	if len(pattern) > maxPattern {
		return f, invalidPattern("it has more than 1024 characters")
	}
	rest := strings.TrimSpace(pattern)
	for prefix, what := range map[string]string{"{": "JSON filter patterns", "[": "space-delimited filter patterns", "%": "regular expressions in filter patterns"} {
		if strings.HasPrefix(rest, prefix) {
			return f, unsupported(what, "filter by words and \"exact phrases\"")
		}
	}
	for rest != "" {
		m := patternTerm.FindStringSubmatch(rest)
		if m == nil {
			bad, _, _ := strings.Cut(rest, " ")
			return f, invalidPattern("Invalid character(s) in term '" + bad + "'")
		}
		term := m[3] + unescape.ReplaceAllString(m[2], "$1")
		switch m[1] {
		case "-":
			f.exclude = append(f.exclude, term)
		case "?":
			f.either = append(f.either, term)
		default:
			f.include = append(f.include, term)
		}
		rest = rest[len(m[0]):]
	}
	if len(f.either) > 0 && len(f.include)+len(f.exclude) > 0 {
		return f, unsupported("a filter pattern that mixes ?terms with others, where AWS ignores the ?terms", "use ?terms alone or leave them out")
	}
	return f, nil
}

func (f filter) match(message string) bool {
	for _, term := range f.include {
		if !strings.Contains(message, term) {
			return false
		}
	}
	for _, term := range f.exclude {
		if strings.Contains(message, term) {
			return false
		}
	}
	for _, term := range f.either {
		if strings.Contains(message, term) {
			return true
		}
	}
	return len(f.either) == 0
}
