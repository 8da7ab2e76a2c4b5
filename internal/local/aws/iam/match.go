package iam

import "strings"

// Wildcard matches * to any characters and ? to one. It goes back to the last
// * only, so that no pattern takes more than quadratic time.
func Wildcard(pattern, value string) bool {
	p, v, star, mark := 0, 0, -1, 0
	for v < len(value) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, v
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == value[v]):
			p++
			v++
		case star >= 0:
			mark++
			p, v = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// ARNLike is the condition operator ArnLike: the six parts of an ARN are matched one
// by one, each with [Wildcard].
func ARNLike(want, got string) bool {
	w, g := strings.SplitN(want, ":", 6), strings.SplitN(got, ":", 6)
	if len(w) != 6 || len(g) != 6 {
		return false
	}
	for i := range w {
		if !Wildcard(w[i], g[i]) {
			return false
		}
	}
	return true
}
