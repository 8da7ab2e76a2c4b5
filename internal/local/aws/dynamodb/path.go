package dynamodb

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// step is one part of a document path: a name, or an index of a list.
type step struct {
	name    string
	index   int
	isIndex bool
}

// path is a document path, for instance a.b[0].
type path []step

func (p path) String() string {
	parts := make([]string, len(p))
	for i, s := range p {
		parts[i] = s.name
		if s.isIndex {
			parts[i] = "[" + strconv.Itoa(s.index) + "]"
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// in finds what a path leads to.
func (p path) in(it item) (value, bool) {
	v := value{kind: "M", m: it}
	for _, s := range p {
		switch {
		case s.isIndex && v.kind == "L" && s.index < len(v.list):
			v = v.list[s.index]
		case !s.isIndex && v.kind == "M":
			next, ok := v.m[s.name]
			if !ok {
				return value{}, false
			}
			v = next
		default:
			return value{}, false
		}
	}
	return v, true
}

// with returns a copy of v in which the path leads to the new value; a nil
// new value removes what is there. ok is false where the parent of the path's
// end does not exist.
func (v value) with(p path, updated *value) (_ value, ok bool) {
	if len(p) == 0 {
		return *updated, true
	}
	s, last := p[0], len(p) == 1
	switch {
	case s.isIndex && v.kind == "L":
		return v.withIndex(s.index, p[1:], updated)
	case s.isIndex || v.kind != "M":
		return v, false
	}
	child, there := v.m[s.name]
	if !there && !last {
		return v, false
	}
	m := maps.Clone(v.m)
	if m == nil {
		m = item{}
	}
	if last && updated == nil {
		delete(m, s.name)
	} else if m[s.name], ok = child.with(p[1:], updated); !ok {
		return v, false
	}
	v.m = m
	return v, true
}

func (v value) withIndex(i int, rest path, updated *value) (_ value, ok bool) {
	list := slices.Clone(v.list)
	switch there := i < len(list); {
	case len(rest) == 0 && updated == nil:
		if there {
			list = slices.Delete(list, i, i+1)
		}
	case !there && len(rest) > 0:
		return v, false
	case !there: // beyond the end: at the end, as DynamoDB does it
		list = append(list, *updated)
	default:
		if list[i], ok = list[i].with(rest, updated); !ok {
			return v, false
		}
	}
	v.list = list
	return v, true
}

// project returns only what the paths lead to; of lists, the elements named,
// closed up.
func project(it item, paths []path) item {
	v, _ := projectValue(value{kind: "M", m: it}, paths)
	return v.m
}

func projectValue(v value, paths []path) (value, bool) {
	if slices.ContainsFunc(paths, func(p path) bool { return len(p) == 0 }) {
		return v, true
	}
	byStep := map[step][]path{}
	for _, p := range paths {
		byStep[p[0]] = append(byStep[p[0]], p[1:])
	}
	out := value{kind: v.kind}
	if v.kind == "M" {
		out.m = item{}
		for s, rest := range byStep {
			child, there := v.m[s.name]
			if s.isIndex || !there {
				continue
			}
			if part, ok := projectValue(child, rest); ok {
				out.m[s.name] = part
			}
		}
		return out, len(out.m) > 0
	}
	if v.kind != "L" {
		return out, false
	}
	for i, child := range v.list {
		if rest, named := byStep[step{index: i, isIndex: true}]; named {
			if part, ok := projectValue(child, rest); ok {
				out.list = append(out.list, part)
			}
		}
	}
	return out, len(out.list) > 0
}
