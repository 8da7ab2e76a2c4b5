package dynamodb

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// expressions are what all expressions of one request share: the placeholders
// and which of them have been used.
type expressions struct {
	names  map[string]string
	values map[string]value
	used   map[string]bool
	any    bool
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
		unused := slices.DeleteFunc(c.keys, func(k string) bool { return e.used[k] })
		switch {
		case len(unused) == 0:
		case !e.any:
			return validation("%s can only be specified when using expressions", c.what)
		default:
			return validation("Value provided in %s unused in expressions: keys: {%s}", c.what, strings.Join(unused, ", "))
		}
	}
	return nil
}

// maxExpression is the most that an expression may have.
const maxExpression = 4096

var tokenPattern = regexp.MustCompile(`^(?:[#:][A-Za-z0-9_]+|[A-Za-z_][A-Za-z0-9_]*|[0-9]+|<>|<=|>=|[=<>()\[\],.+-])`)

// parser reads one expression. Its kind, for instance ConditionExpression, is
// part of every error.
type parser struct {
	*expressions
	kind   string
	tokens []string
	pos    int
}

func (e *expressions) parser(kind, text string) (*parser, error) {
	e.any = true
	p := &parser{expressions: e, kind: kind}
	if len(text) > maxExpression {
		return nil, p.fail("Expression size has exceeded the maximum allowed size; expression size: %d", len(text))
	}
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimSpace(rest) {
		token := tokenPattern.FindString(rest)
		if token == "" {
			return nil, p.fail("Syntax error; token: %.1q", rest)
		}
		p.tokens = append(p.tokens, token)
		rest = rest[len(token):]
	}
	if len(p.tokens) == 0 {
		return nil, p.fail("The expression can not be empty;")
	}
	return p, nil
}

func (p *parser) fail(format string, args ...any) error {
	return validation("Invalid "+p.kind+": "+format, args...)
}

// peek returns the next token, "" at the end.
func (p *parser) peek() string {
	if p.pos < len(p.tokens) {
		return p.tokens[p.pos]
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

func (p *parser) syntax() error {
	token := p.peek()
	if token == "" {
		token = "<EOF>"
	}
	near := p.tokens[max(0, min(p.pos, len(p.tokens))-1):min(p.pos+2, len(p.tokens))]
	return p.fail("Syntax error; token: %q, near: %q", token, strings.Join(near, " "))
}

// end wants that nothing is left.
func (p *parser) end() error {
	if p.peek() != "" {
		return p.syntax()
	}
	return nil
}

var identifier = regexp.MustCompile(`^[A-Za-z_]`)

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
			i, err := strconv.Atoi(p.peek())
			if err != nil || i < 0 {
				return nil, p.syntax()
			}
			p.pos++
			if err := p.expect("]"); err != nil {
				return nil, err
			}
			out = append(out, step{index: i, isIndex: true})
		default:
			if len(out) > maxDepth {
				return nil, p.fail("The document path has too many nesting elements; nesting levels: %d", len(out))
			}
			return out, nil
		}
	}
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
	case !identifier.MatchString(t):
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
	if one, two, found := overlap(out); found {
		return nil, p.fail("Two document paths overlap with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", one, two)
	}
	return out, p.end()
}
