package live

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/strictjson"
)

// invokeAction is what a policy of an authorizer allows or denies. Actions are
// case-insensitive.
const invokeAction = "execute-api:invoke"

// policy is the policy document of an authorizer's answer (developer guide,
// http-api-lambda-authorizer). It is evaluated for every request, also when
// the answer comes from the cache.
type policy struct{ statements []policyStatement }

type policyStatement struct {
	deny      bool
	actions   patterns
	resources patterns
}

// patterns is a list in which * stands for any characters, also slashes and
// colons, and ? for one. not turns it round: NotAction, NotResource.
type patterns struct {
	not  bool
	list []string
}

// allows evaluates the policy: a Deny beats every Allow, and what nothing
// allows is refused. The text says why, for the console.
func (p *policy) allows(routeARN string) (bool, string) {
	allowed := false
	for _, s := range p.statements {
		if !s.actions.match(invokeAction) || !s.resources.match(routeARN) {
			continue
		}
		if s.deny {
			return false, "refused: a Deny statement of the policy matches " + routeARN
		}
		allowed = true
	}
	if !allowed {
		return false, "refused: no statement of the policy allows execute-api:Invoke on " + routeARN
	}
	return true, "allowed"
}

func (p patterns) match(text string) bool {
	for _, pattern := range p.list {
		if iam.Wildcard(pattern, text) {
			return !p.not
		}
	}
	return p.not
}

// parsePolicy reads a policy document. Whatever it does not understand is an
// error, so that a policy never allows more than its author wrote.
func parsePolicy(raw json.RawMessage) (*policy, error) {
	members, err := object(raw, "policyDocument", "Version", "Id", "Statement")
	if err != nil {
		return nil, err
	}
	if version, ok := members["Version"]; ok {
		var text string
		if json.Unmarshal(version, &text) != nil || (text != "2012-10-17" && text != "2008-10-17") {
			return nil, formatError("The 'Version' of 'policyDocument' is not 2012-10-17")
		}
	}
	var list []json.RawMessage
	statement := members["Statement"]
	switch {
	case len(statement) > 0 && statement[0] == '{':
		list = []json.RawMessage{statement}
	case len(statement) == 0 || statement[0] != '[' || json.Unmarshal(statement, &list) != nil:
		return nil, formatError("'policyDocument' did not include an array 'Statement'")
	}
	p := &policy{}
	for i, raw := range list {
		s, err := parsePolicyStatement(raw, fmt.Sprintf("statement %d of 'policyDocument'", i+1))
		if err != nil {
			return nil, err
		}
		p.statements = append(p.statements, s)
	}
	return p, nil
}

func parsePolicyStatement(raw json.RawMessage, where string) (policyStatement, error) {
	members, err := object(raw, where, "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")
	if err != nil {
		return policyStatement{}, err
	}
	if _, ok := members["Condition"]; ok {
		return policyStatement{}, formatError("The local AWS does not evaluate the 'Condition' of " + where + ": leave it out and decide in the authorizer")
	}
	var s policyStatement
	switch effect := string(members["Effect"]); effect {
	case `"Allow"`:
	case `"Deny"`:
		s.deny = true
	default:
		return policyStatement{}, formatError("The 'Effect' of " + where + " is neither Allow nor Deny")
	}
	if s.actions, err = parsePatterns(members, "Action", where); err != nil {
		return policyStatement{}, err
	}
	for i, action := range s.actions.list {
		s.actions.list[i] = strings.ToLower(action)
	}
	s.resources, err = parsePatterns(members, "Resource", where)
	return s, err
}

// parsePatterns reads a member or its negation, of which exactly one must be
// there: a string or an array of strings.
func parsePatterns(members map[string]json.RawMessage, name, where string) (patterns, error) {
	raw, ok := members[name]
	negated, not := members["Not"+name]
	if ok == not {
		return patterns{}, formatError("Not exactly one of '" + name + "' and 'Not" + name + "' is in " + where)
	}
	if not {
		raw = negated
	}
	p := patterns{not: not}
	var one *string
	if json.Unmarshal(raw, &one) == nil && one != nil {
		p.list = []string{*one}
		return p, nil
	}
	var many []*string
	if json.Unmarshal(raw, &many) != nil || len(many) == 0 {
		return patterns{}, formatError("The '" + name + "' of " + where + " is neither a string nor an array of strings")
	}
	for _, text := range many {
		if text == nil {
			return patterns{}, formatError("The '" + name + "' of " + where + " has a null")
		}
		p.list = append(p.list, *text)
	}
	return p, nil
}

// object reads a JSON object that has no other members than the known ones.
func object(raw json.RawMessage, where string, known ...string) (map[string]json.RawMessage, error) {
	members, err := strictjson.Object(raw)
	if err != nil {
		return nil, formatError("There is no object " + where)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(known, name) {
			return nil, formatError(fmt.Sprintf("There is the unknown element %q in %s", name, where))
		}
	}
	return members, nil
}
