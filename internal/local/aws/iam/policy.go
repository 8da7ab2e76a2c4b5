package iam

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// policyKind is what a document is for: the grammar differs.
type policyKind int

const (
	identityPolicy policyKind = iota // permissions of a role: resources, no principal
	trustPolicy                      // who may assume a role: principals, no resource
)

// policy is a document in a form that can be evaluated.
type policy struct {
	statements []statement
	// conditional is whether a statement has conditions.
	conditional bool
}

type statement struct {
	deny       bool
	actions    matcher
	resources  matcher
	principals []principal
	conditions []condition
}

// principal is one entry of a trust policy; kind is Service, AWS or Federated,
// or * for everyone.
type principal struct{ kind, id string }

// maxDocument is the most that the IAM API takes as one document.
const maxDocument = 131072

func malformed(format string, args ...any) error {
	return awserr.New("MalformedPolicyDocument", format, args...)
}

// parsePolicy reads a document by the grammar of the IAM User Guide ("Grammar
// of the IAM JSON policy language"). Where AWS's message is known, the error
// begins with it; what follows is where and what to write instead.
func parsePolicy(document string, kind policyKind) (*policy, error) {
	if document == "" || len(document) > maxDocument {
		return nil, awserr.New("ValidationError", "a policy document must have 1 to %d characters", maxDocument)
	}
	if i := strings.IndexFunc(document, func(r rune) bool {
		return (r < ' ' && r != '\t' && r != '\n' && r != '\r') || r > 0xFF
	}); i >= 0 {
		return nil, awserr.New("ValidationError", "The specified value for policyDocument is invalid. It must contain only printable ASCII characters: the character at byte %d is another one", i+1)
	}
	top, err := parseObject(document)
	if err != nil {
		return nil, err
	}
	if err := top.only("a policy", "Version", "Id", "Statement"); err != nil {
		return nil, err
	}
	if err := checkVersion(top, kind); err != nil {
		return nil, err
	}
	if id, ok := top.get("Id"); ok {
		if _, ok := id.(string); !ok {
			return nil, malformed(`Syntax errors in policy: "Id" must be a string`)
		}
	}
	var list []any
	switch v, _ := top.get("Statement"); v := v.(type) {
	case object:
		list = []any{v}
	case []any:
		list = v
	}
	if len(list) == 0 {
		return nil, malformed(`Syntax errors in policy: "Statement" must be a statement or a list of at least one`)
	}
	p := &policy{}
	sids := map[string]bool{}
	for i, v := range list {
		o, ok := v.(object)
		if !ok {
			return nil, malformed("Syntax errors in policy: statement %d must be an object", i+1)
		}
		st, err := parseStatement(o, i+1, kind, sids)
		if err != nil {
			return nil, err
		}
		p.statements = append(p.statements, st)
		p.conditional = p.conditional || len(st.conditions) > 0
	}
	return p, nil
}

// checkVersion: a trust policy may leave the version out or be of 2008, an
// inline policy may not.
func checkVersion(top object, kind policyKind) error {
	v, ok := top.get("Version")
	if v == "2012-10-17" || (kind == trustPolicy && (!ok || v == "2008-10-17")) {
		return nil
	}
	return malformed(`Policy document must be version 2012-10-17 or greater: set "Version": "2012-10-17"`)
}

var sidPattern = regexp.MustCompile(`^[0-9A-Za-z]*$`)

func parseStatement(o object, n int, kind policyKind, sids map[string]bool) (statement, error) {
	var st statement
	where := "statement " + strconv.Itoa(n)
	if err := o.only(where, "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"); err != nil {
		return st, err
	}
	if v, ok := o.get("Sid"); ok {
		sid, ok := v.(string)
		if !ok || !sidPattern.MatchString(sid) {
			return st, malformed("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*: %s", where)
		}
		if sid != "" && sids[sid] {
			return st, malformed("Statement IDs (SID) in a single policy must be unique: %s repeats %q", where, sid)
		}
		sids[sid] = true
	}
	switch v, _ := o.get("Effect"); v {
	case "Allow":
	case "Deny":
		st.deny = true
	default:
		return st, malformed(`Syntax errors in policy: the "Effect" of %s must be "Allow" or "Deny"`, where)
	}
	var err error
	if st.actions, err = parseActions(o, where, kind); err != nil {
		return st, err
	}
	if kind == trustPolicy {
		st.resources = matcher{patterns: []string{"*"}}
		if st.principals, err = parsePrincipals(o, where); err != nil {
			return st, err
		}
	} else if st.resources, err = parseResources(o, where); err != nil {
		return st, err
	}
	st.conditions, err = parseConditions(o, where)
	return st, err
}

// eitherList reads a member or its negation, of which exactly one must be
// there.
func eitherList(o object, where, name, missing string) (matcher, error) {
	m := matcher{}
	v, ok := o.get(name)
	if not, okNot := o.get("Not" + name); okNot {
		if ok {
			return m, malformed("Syntax errors in policy: %s has both %q and %q: keep one", where, name, "Not"+name)
		}
		v, ok, m.not = not, true, true
	}
	list, isList := stringList(v)
	if !ok || (isList && len(list) == 0) {
		return m, malformed("%s: add %q to %s", missing, name, where)
	}
	if !isList {
		return m, malformed("Syntax errors in policy: the %q of %s must be a string or a list of strings", name, where)
	}
	m.patterns = list
	return m, nil
}

var actionPattern = regexp.MustCompile(`^[A-Za-z0-9-]+:[A-Za-z0-9*?]+$`)

func parseActions(o object, where string, kind policyKind) (matcher, error) {
	m, err := eitherList(o, where, "Action", "Policy statement must contain actions")
	if err != nil {
		return m, err
	}
	for i, a := range m.patterns {
		if a != "*" && !actionPattern.MatchString(a) {
			return m, malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.: %q in %s", a, where)
		}
		if kind == trustPolicy && (m.not || !strings.HasPrefix(strings.ToLower(a), "sts:")) {
			return m, malformed("AssumeRole policy may only specify STS AssumeRole actions: %q in %s", a, where)
		}
		m.patterns[i] = strings.ToLower(a)
	}
	m.fold = true
	return m, nil
}

func parseResources(o object, where string) (matcher, error) {
	for _, name := range []string{"Principal", "NotPrincipal"} {
		if _, ok := o.get(name); ok {
			return matcher{}, malformed("Policy document should not specify a principal: remove %q from %s", name, where)
		}
	}
	m, err := eitherList(o, where, "Resource", "Policy statement must contain resources")
	if err != nil {
		return m, err
	}
	for _, r := range m.patterns {
		if err := noVariables(r, where); err != nil {
			return m, err
		}
		if !validResource(r) {
			return m, malformed("Resource %s must be in ARN format or \"*\": %s", r, where)
		}
	}
	return m, nil
}

var arnPattern = regexp.MustCompile(`^arn:[a-z-]+:[a-z0-9-]+:`)

// validResource accepts * and ARNs. An ARN has six parts; a * at the end of
// an earlier part reaches over the colons that follow (IAM User Guide,
// "Resource").
func validResource(r string) bool {
	return r == "*" || (arnPattern.MatchString(r) &&
		(strings.Count(r, ":") >= 5 || strings.HasSuffix(r, "*")))
}

// noVariables refuses policy variables, which are not evaluated here.
func noVariables(value, where string) error {
	if strings.Contains(value, "${") {
		return malformed("policy variables are not supported by the local AWS: write out the value instead of %q in %s", value, where)
	}
	return nil
}

var servicePrincipals = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?$`)

func parsePrincipals(o object, where string) ([]principal, error) {
	for _, name := range []string{"Resource", "NotResource"} {
		if _, ok := o.get(name); ok {
			return nil, malformed("Has prohibited field Resource: remove %q from %s of the trust policy", name, where)
		}
	}
	if _, ok := o.get("NotPrincipal"); ok {
		return nil, malformed(`AssumeRole policy must not have "NotPrincipal": name the principals in %s`, where)
	}
	v, ok := o.get("Principal")
	if v == "*" {
		return []principal{{"*", "*"}}, nil
	}
	entries, isObject := v.(object)
	if !ok || !isObject || len(entries) == 0 {
		return nil, malformed(`Syntax errors in policy: add "Principal": {"Service": "lambda.amazonaws.com"} or the like to %s of the trust policy`, where)
	}
	if err := entries.only(`"Principal" of `+where, "Service", "AWS", "Federated"); err != nil {
		return nil, err
	}
	var out []principal
	for _, e := range entries {
		ids, ok := stringList(e.value)
		if !ok || len(ids) == 0 {
			return nil, malformed("Syntax errors in policy: the principal %q of %s must be a string or a list of strings", e.name, where)
		}
		for _, id := range ids {
			if id == "" || (e.name == "Service" && !servicePrincipals.MatchString(id)) {
				return nil, malformed("Invalid principal in policy: %q:%q in %s", strings.ToUpper(e.name), id, where)
			}
			out = append(out, principal{e.name, id})
		}
	}
	return out, nil
}

// verdict is the outcome of an evaluation, ordered so that the greater one
// wins.
type verdict int

const (
	undecided verdict = iota
	allowed
	denied
)

// query is what a policy is asked.
type query struct {
	action, resource string
	principal        string // of a trust policy
	context          Context
	unknown          bool // see Grant
}

func (p *policy) evaluate(q query) verdict {
	v := undecided
	q.action = strings.ToLower(q.action)
	for _, st := range p.statements {
		switch {
		case !st.applies(q):
		case st.deny:
			return denied
		default:
			v = allowed
		}
	}
	return v
}

func (st statement) applies(q query) bool {
	concerned := st.actions.matches(q.action) && st.resources.matches(q.resource)
	if q.unknown {
		concerned = st.actions.covers(q.action, st.deny) && st.resources.covers(q.resource, st.deny)
	}
	if !concerned {
		return false
	}
	if st.principals != nil && !slices.ContainsFunc(st.principals, func(p principal) bool {
		// "*" never opens a role to a service here, but a Deny for everyone
		// does shut services out: the safe reading of both.
		return (p.kind == "Service" && p.id == q.principal) || (p.kind == "*" && st.deny)
	}) {
		return false
	}
	return !slices.ContainsFunc(st.conditions, func(c condition) bool { return !c.holds(q.context, st.deny) })
}

// matcher is a list of patterns, or the negation of one.
type matcher struct {
	not      bool
	fold     bool // ASCII case is ignored; the patterns are lower-case
	patterns []string
}

func (m matcher) matches(value string) bool {
	if m.fold {
		value = strings.ToLower(value)
	}
	found := slices.ContainsFunc(m.patterns, func(p string) bool { return Wildcard(p, value) })
	return found != m.not
}

// covers is matches for a value that, where it ends with *, is not known any further:
// whether the matcher has all that it may be, or some of it.
func (m matcher) covers(value string, some bool) bool {
	stem, unknown := strings.CutSuffix(value, "*")
	if !unknown {
		return m.matches(value)
	}
	if m.not {
		return some // what is left out may not be it
	}
	if m.fold {
		stem = strings.ToLower(stem)
	}
	return slices.ContainsFunc(m.patterns, func(pattern string) bool {
		literal, open := pattern, false
		if at := strings.IndexAny(pattern, "*?"); at >= 0 {
			literal, open = pattern[:at], true
		}
		if some {
			return strings.HasPrefix(literal, stem) || open && strings.HasPrefix(stem, literal)
		}
		return pattern == literal+"*" && strings.HasPrefix(stem, literal)
	})
}
