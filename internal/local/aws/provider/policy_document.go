package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// What iam.getPolicyDocument takes, and what it makes of it: the document of AWS's
// provider to the letter (terraform-provider-aws, internal/service/iam,
// policy_document_data_source.go and policy_model.go).
type (
	documentInputs struct {
		Statements              []statementInputs `json:"statements"`
		PolicyID                string            `json:"policyId"`
		Version                 string            `json:"version"`
		SourcePolicyDocuments   []string          `json:"sourcePolicyDocuments"`
		OverridePolicyDocuments []string          `json:"overridePolicyDocuments"`
	}
	statementInputs struct {
		Sid           string            `json:"sid"`
		Effect        string            `json:"effect"`
		Actions       []string          `json:"actions"`
		NotActions    []string          `json:"notActions"`
		Resources     []string          `json:"resources"`
		NotResources  []string          `json:"notResources"`
		Principals    []principalInputs `json:"principals"`
		NotPrincipals []principalInputs `json:"notPrincipals"`
		Conditions    []conditionInputs `json:"conditions"`
	}
	principalInputs struct {
		Type        string   `json:"type"`
		Identifiers []string `json:"identifiers"`
	}
	conditionInputs struct {
		Test     string   `json:"test"`
		Variable string   `json:"variable"`
		Values   []string `json:"values"`
	}

	document struct {
		Version    string              `json:",omitempty"`
		ID         string              `json:"Id,omitempty"`
		Statements []documentStatement `json:"Statement,omitempty"`
	}
	documentStatement struct {
		Sid           string          `json:",omitempty"`
		Effect        string          `json:",omitempty"`
		Actions       any             `json:"Action,omitempty"`
		NotActions    any             `json:"NotAction,omitempty"`
		Resources     any             `json:"Resource,omitempty"`
		NotResources  any             `json:"NotResource,omitempty"`
		Principals    any             `json:"Principal,omitempty"`
		NotPrincipals any             `json:"NotPrincipal,omitempty"`
		Conditions    conditionMatrix `json:"Condition,omitempty"`
	}
	// conditionMatrix are values by test and variable; a single one is a string.
	conditionMatrix map[string]map[string]any
)

// policyDocument is iam.getPolicyDocument.
func policyDocument(_ Services, args property.Map) (property.Map, error) {
	for _, name := range []string{"sourceJson", "overrideJson"} {
		if textOf(args, name) != "" {
			return property.Map{}, fmt.Errorf("%s is no longer taken by AWS's provider: use %s", name, strings.TrimSuffix(name, "Json")+"PolicyDocuments")
		}
	}
	var in documentInputs
	if _, err := decode(args.Delete("sourceJson", "overrideJson"), &in, withoutArchives, nil); err != nil {
		return property.Map{}, err
	}
	doc, err := in.document()
	if err != nil {
		return property.Map{}, fmt.Errorf("writing IAM Policy Document: %w", err)
	}
	indented, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return property.Map{}, err
	}
	minified, err := json.Marshal(doc)
	if err != nil {
		return property.Map{}, err
	}
	result := args.Set("json", property.New(string(indented))).Set("minifiedJson", property.New(string(minified)))
	return result.Set("id", property.New(strconv.FormatUint(uint64(crc32.ChecksumIEEE(indented)), 10))), nil
}

// document merges the sources, the statements and the overrides.
func (in documentInputs) document() (*document, error) {
	merged := &document{}
	sids := map[string]bool{}
	for i, text := range in.SourcePolicyDocuments {
		source, err := parseDocument(text)
		if err != nil {
			return nil, fmt.Errorf("merging source document %d: %w", i, err)
		}
		for n, s := range source.Statements {
			if s.Sid != "" && sids[s.Sid] {
				return nil, fmt.Errorf("merging source document %d: duplicate Sid (%s) in source_policy_documents (statement %d). Remove the Sid or ensure Sids are unique", i, s.Sid, n)
			}
			sids[s.Sid] = true
		}
		merged.merge(source)
	}
	own, err := in.own()
	if err != nil {
		return nil, err
	}
	merged.merge(own)
	for i, text := range in.OverridePolicyDocuments {
		override, err := parseDocument(text)
		if err != nil {
			return nil, fmt.Errorf("merging override document %d: %w", i, err)
		}
		merged.merge(override)
	}
	return merged, nil
}

// parseDocument reads a document to merge. As for AWS's provider its Statement is a
// list.
func parseDocument(text string) (*document, error) {
	if text == "" {
		return &document{}, nil
	}
	var d document
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return nil, err
	}
	for i := range d.Statements {
		if err := d.Statements[i].normalize(); err != nil {
			return nil, fmt.Errorf("statement %d: %w", i, err)
		}
	}
	return &d, nil
}

// normalize writes principals and conditions as AWS's provider does.
func (s *documentStatement) normalize() error {
	for _, p := range []*any{&s.Principals, &s.NotPrincipals} {
		switch value := (*p).(type) {
		case nil:
		case string:
			*p = "*"
		case map[string]any:
			for kind, identifiers := range value {
				list, err := texts(identifiers)
				if err != nil {
					return fmt.Errorf("the principals of the type %s: %w", kind, err)
				}
				if _, one := identifiers.(string); !one {
					slices.Sort(list)
					slices.Reverse(list)
					value[kind] = list
				}
			}
		default:
			return fmt.Errorf("the principal is a %T: it is an object", value)
		}
	}
	for test, byVariable := range s.Conditions {
		for variable, values := range byVariable {
			list, err := texts(values)
			if err != nil {
				return fmt.Errorf("the condition %s of %s: %w", test, variable, err)
			}
			byVariable[variable] = list
			if len(list) == 1 {
				byVariable[variable] = list[0]
			}
		}
	}
	return nil
}

// texts reads a string, a boolean or a list of strings.
func texts(value any) ([]string, error) {
	switch value := value.(type) {
	case string:
		return []string{value}, nil
	case bool:
		return []string{strconv.FormatBool(value)}, nil
	case []any:
		list := make([]string, 0, len(value))
		for _, element := range value {
			text, ok := element.(string)
			if !ok {
				return nil, fmt.Errorf("an element is a %T: it must be a string", element)
			}
			list = append(list, text)
		}
		return list, nil
	}
	return nil, fmt.Errorf("a %T must be a string or a list of strings", value)
}

// merge adds the statements of another document, which replace those of the same Sid.
func (d *document) merge(other *document) {
	if other.ID != "" {
		d.ID = other.ID
	}
	d.Version = max(d.Version, other.Version)
	for _, s := range other.Statements {
		at := -1
		if s.Sid != "" {
			at = slices.IndexFunc(d.Statements, func(old documentStatement) bool { return old.Sid == s.Sid })
		}
		if at >= 0 {
			d.Statements[at] = s
		} else {
			d.Statements = append(d.Statements, s)
		}
	}
}

var sidPattern = regexp.MustCompile(`^[a-zA-Z0-9]*$`)

// own is the document of the statements.
func (in documentInputs) own() (*document, error) {
	doc := &document{ID: in.PolicyID, Version: in.Version}
	switch doc.Version {
	case "":
		doc.Version = "2012-10-17"
	case "2012-10-17", "2008-10-17":
	default:
		return nil, fmt.Errorf("the version is %q: it is 2012-10-17 or 2008-10-17", in.Version)
	}
	sids := map[string]bool{}
	for i, s := range in.Statements {
		if s.Sid != "" && sids[s.Sid] {
			return nil, fmt.Errorf("duplicate Sid (%s). Remove the Sid or ensure the Sid is unique", s.Sid)
		}
		sids[s.Sid] = true
		made, err := s.statement(doc.Version)
		if err != nil {
			return nil, fmt.Errorf("statement %d: %w", i, err)
		}
		doc.Statements = append(doc.Statements, made)
	}
	return doc, nil
}

func (s statementInputs) statement(version string) (documentStatement, error) {
	out := documentStatement{Sid: s.Sid, Effect: s.Effect, Conditions: conditionMatrix{}}
	if s.Effect == "" {
		out.Effect = "Allow"
	}
	var err error
	switch {
	case out.Effect != "Allow" && out.Effect != "Deny":
		return out, fmt.Errorf("the effect is %q: it is Allow or Deny", s.Effect)
	case !sidPattern.MatchString(s.Sid):
		return out, fmt.Errorf("the sid %q must only include alphanumeric characters", s.Sid)
	}
	out.Actions, out.NotActions = oneOrMany(s.Actions), oneOrMany(s.NotActions)
	variables := func(list []string) []string {
		replaced := slices.Clone(list)
		for i, text := range replaced {
			if version == "2008-10-17" && strings.Contains(text, "&{") {
				err = errors.Join(err, fmt.Errorf("found &{ sequence in (%s), which is not supported in document version 2008-10-17", text))
			}
			replaced[i] = strings.ReplaceAll(text, "&{", "${")
		}
		return replaced
	}
	out.Resources, out.NotResources = oneOrMany(variables(s.Resources)), oneOrMany(variables(s.NotResources))
	out.Principals, out.NotPrincipals = principals(s.Principals, variables), principals(s.NotPrincipals, variables)
	for _, c := range s.Conditions {
		if out.Conditions[c.Test] == nil {
			out.Conditions[c.Test] = map[string]any{}
		}
		list, _ := out.Conditions[c.Test][c.Variable].([]string)
		out.Conditions[c.Test][c.Variable] = append(list, variables(c.Values)...)
	}
	for _, byVariable := range out.Conditions {
		for variable, values := range byVariable {
			if list, ok := values.([]string); ok && len(list) == 1 {
				byVariable[variable] = list[0]
			}
		}
	}
	return out, err
}

// oneOrMany is a set in a document: a string where there is one, nothing where there
// is none, else the strings from the last to the first.
func oneOrMany(list []string) any {
	sorted := slices.Compact(slices.Sorted(slices.Values(list)))
	slices.Reverse(sorted)
	switch len(sorted) {
	case 0:
		return nil
	case 1:
		return sorted[0]
	}
	return sorted
}

// principals are identifiers by type. Everybody is a string alone.
func principals(list []principalInputs, variables func([]string) []string) any {
	if len(list) == 0 {
		return nil
	}
	if len(list) == 1 && list[0].Type == "*" && slices.Equal(list[0].Identifiers, []string{"*"}) {
		return "*"
	}
	all := map[string][]string{}
	for _, p := range list {
		all[p.Type] = append(all[p.Type], variables(p.Identifiers)...)
	}
	out := map[string]any{}
	for kind, identifiers := range all {
		out[kind] = oneOrMany(identifiers)
	}
	return out
}
