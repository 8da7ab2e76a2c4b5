package dynamodb

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// expressions are what all expressions of one request share: the placeholders,
// which of them have been used, and the paths that were read.
type expressions struct {
	names  map[string]string
	values map[string]value
	used   map[string]bool
	paths  []path
}

func newExpressions(names map[string]string, values map[string]value) *expressions {
	return &expressions{names: names, values: values, used: map[string]bool{}}
}

// done refuses placeholders that no expression uses, as DynamoDB does.
func (e *expressions) done() error {
	for _, c := range []struct {
		what string
		keys []string
	}{
		{"ExpressionAttributeNames", slices.Sorted(maps.Keys(e.names))},
		{"ExpressionAttributeValues", slices.Sorted(maps.Keys(e.values))},
	} {
		if unused := slices.DeleteFunc(c.keys, func(k string) bool { return e.used[k] }); len(unused) > 0 {
			return validation("Value provided in %s unused in expressions: keys: {%s}", c.what, strings.Join(unused, ", "))
		}
	}
	return nil
}

// Limits of expressions (developer guide, "Quotas").
const (
	maxExpression = 4096 // bytes
	maxOperators  = 300
	maxListIndex  = 1<<31 - 1
)

// parser reads one expression. Its kind, for instance ConditionExpression, is
// part of every error.
type parser struct {
	*expressions
	kind, text string
	tokens     []token
	// closing is, for the place of a "(", the place of its ")".
	closing   map[int]int
	pos       int
	operators int
}

func (e *expressions) parser(kind, text string) (*parser, error) {
	p := &parser{expressions: e, kind: kind, text: text, tokens: lex(text), closing: map[int]int{}}
	if len(text) > maxExpression {
		return nil, p.fail("Expression size has exceeded the maximum allowed size; expression size: %d", len(text))
	}
	if len(p.tokens) == 0 {
		return nil, p.fail("The expression can not be empty;")
	}
	var open []int
	for i, t := range p.tokens {
		switch {
		case t.bad:
			p.pos = i
			return nil, p.syntax()
		case t.text == "(":
			open = append(open, i)
		case t.text == ")" && len(open) > 0:
			p.closing[open[len(open)-1]] = i
			open = open[:len(open)-1]
		}
	}
	return p, nil
}

func (p *parser) fail(format string, args ...any) error {
	return validation("Invalid "+p.kind+": "+format, args...)
}

// peek returns the next token, "" at the end.
func (p *parser) peek() string { return p.at(p.pos) }

func (p *parser) at(i int) string {
	if i < len(p.tokens) {
		return p.tokens[i].text
	}
	return ""
}

func (p *parser) next() string {
	t := p.peek()
	p.pos++
	return t
}

// accept takes the next token if it is this one; words in any case.
func (p *parser) accept(token string) bool {
	if !strings.EqualFold(p.peek(), token) {
		return false
	}
	p.pos++
	return true
}

func (p *parser) expect(token string) error {
	if p.accept(token) {
		return nil
	}
	return p.syntax()
}

// syntax names the next token, and shows it with its neighbours.
func (p *parser) syntax() error {
	token := p.peek()
	if token == "" {
		token = "<EOF>"
	}
	first, last := p.tokens[max(0, min(p.pos, len(p.tokens))-1)], p.tokens[min(p.pos+1, len(p.tokens)-1)]
	return p.fail("Syntax error; token: %q, near: %q", token, p.text[first.at:last.at+len(last.text)])
}

// end wants that nothing is left.
func (p *parser) end() error {
	if p.peek() != "" {
		return p.syntax()
	}
	return nil
}

// operator counts an operator or function.
func (p *parser) operator() error {
	if p.operators++; p.operators > maxOperators {
		return p.fail("The expression contains too many operators; operator count: %d", p.operators)
	}
	return nil
}

// open takes a "(" that groups, and refuses it where another one directly
// within it does too.
func (p *parser) open() error {
	if end, closed := p.closing[p.pos]; closed && p.at(p.pos+1) == "(" && p.closing[p.pos+1] == end-1 {
		return p.fail("The expression has redundant parentheses;")
	}
	p.pos++
	return nil
}

func (p *parser) path() (path, error) {
	first, err := p.name()
	if err != nil {
		return nil, err
	}
	out := path{{name: first}}
	for {
		switch {
		case p.accept("."):
			name, err := p.name()
			if err != nil {
				return nil, err
			}
			out = append(out, step{name: name})
		case p.accept("["):
			i, err := p.index()
			if err != nil {
				return nil, err
			}
			out = append(out, step{index: i, isIndex: true})
		default:
			if len(out) > maxDepth {
				return nil, p.fail("The document path has too many nesting levels; nesting levels: %d", len(out))
			}
			p.paths = append(p.paths, out)
			return out, nil
		}
	}
}

// index reads an index and the "]" behind it.
func (p *parser) index() (int, error) {
	t := p.peek()
	if !isDigits(t) {
		return 0, p.syntax()
	}
	i, err := strconv.Atoi(t)
	if err != nil || i > maxListIndex {
		return 0, p.fail("List index is not within the allowable range; index: [%s]", t)
	}
	p.pos++
	return i, p.expect("]")
}

// name reads one name of a path, by itself or by its placeholder.
func (p *parser) name() (string, error) {
	t := p.peek()
	switch {
	case strings.HasPrefix(t, "#"):
		name, ok := p.names[t]
		if !ok {
			return "", p.fail("An expression attribute name used in the document path is not defined; attribute name: %s", t)
		}
		p.used[t] = true
		p.pos++
		return name, nil
	case t == "" || !isLetter(t[0]):
		return "", p.syntax()
	case isReserved(t):
		return "", p.fail("Attribute name is a reserved keyword; reserved keyword: %s", t)
	}
	p.pos++
	return t, nil
}

// placeholder reads a value's placeholder; ok is false for another token.
func (p *parser) placeholder() (v value, ok bool, err error) {
	t := p.peek()
	if !strings.HasPrefix(t, ":") {
		return value{}, false, nil
	}
	v, ok = p.values[t]
	if !ok {
		return value{}, false, p.fail("An expression attribute value used in expression is not defined; attribute value: %s", t)
	}
	p.used[t] = true
	p.pos++
	return v, true, nil
}

// projection reads a ProjectionExpression.
func (e *expressions) projection(text string) ([]path, error) {
	p, err := e.parser("ProjectionExpression", text)
	if err != nil {
		return nil, err
	}
	var out []path
	for {
		one, err := p.path()
		if err != nil {
			return nil, err
		}
		out = append(out, one)
		if !p.accept(",") {
			break
		}
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	return out, p.apart(out)
}

// apart refuses two paths of which one leads into the other, and two of which
// one takes for a list what the other one takes for a map.
func (p *parser) apart(paths []path) error {
	for i, one := range paths {
		for _, two := range paths[i+1:] {
			if what := clash(one, two); what != "" {
				return p.fail("Two document paths %s with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", what, one, two)
			}
		}
	}
	return nil
}

func clash(one, two path) string {
	for i := range min(len(one), len(two)) {
		switch {
		case one[i].isIndex != two[i].isIndex:
			return "conflict"
		case one[i] != two[i]:
			return ""
		}
	}
	return "overlap"
}
