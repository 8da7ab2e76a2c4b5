package components

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// StatementArgs are a statement of the policy of a function's role, which allows
// actions on resources.
type StatementArgs struct {
	// Sid is the statement's name: letters and digits, unlike those of the
	// function's other statements. Defaults to none.
	Sid string
	// Actions are AWS's names of what is allowed, "s3:GetObject" for instance. At
	// least one is required.
	Actions []string
	// Resources are ARNs. At least one is required. One may end in a wildcard, as in
	// "arn:aws:s3:::photos/*", if it says before whose part it is.
	Resources []pulumi.StringInput
	// Conditions have to be met, all of them; no two have the same Operator and Key.
	// Defaults to none.
	Conditions []ConditionArgs
	// AllowWildcards says that wildcards are meant: "*" and "?" in Actions, and
	// Resources that are not bound to a service, Region, account and name, as "*"
	// is, which some actions need. Defaults to false.
	AllowWildcards bool
}

// ConditionArgs are a condition of a statement, which is met by one of the values
// (IAM user guide, "IAM JSON policy elements: Condition").
type ConditionArgs struct {
	// Operator compares: "StringEquals", "ArnLike", "Bool". Required.
	Operator string
	// Key is what is compared: "s3:prefix", "aws:ResourceTag/team". Required.
	Key string
	// Values are what it is compared with. At least one is required.
	Values []pulumi.StringInput
}

var (
	statementSid = regexp.MustCompile(`^[A-Za-z0-9]*$`)
	// statementAction and statementArn match what IAM takes (IAM user guide,
	// "Grammar of the IAM JSON policy language", "IAM ARNs").
	statementAction = regexp.MustCompile(`^[a-z0-9-]+:[A-Za-z0-9*?]+$`)
	statementArn    = regexp.MustCompile(`^arn:([^:\s]*):([^:\s]+):([^:\s]*):([^:\s]*):(\S+)$`)
	// conditionOperator matches IAM's operators (IAM user guide, "IAM JSON policy
	// elements: Condition operators").
	conditionOperator = regexp.MustCompile(`^((ForAllValues|ForAnyValue):)?(Null|(String(Not)?(Equals|EqualsIgnoreCase|Like)|` +
		`(Numeric|Date)((Not)?Equals|(LessThan|GreaterThan)(Equals)?)|Bool|BinaryEquals|(Not)?IpAddress|Arn(Not)?(Equals|Like))(IfExists)?)$`)
)

func (c *checker) checkStatements(property string, statements []StatementArgs) {
	seen := map[string]bool{}
	for i, s := range statements {
		path := fmt.Sprintf("%s.Statements[%d]", property, i)
		switch {
		case !statementSid.MatchString(s.Sid):
			c.addf(path+".Sid", "%q has a character other than letters and digits", s.Sid)
		case s.Sid != "" && seen[s.Sid]:
			c.addf(path+".Sid", "%q occurs twice", s.Sid)
		}
		seen[s.Sid] = true
		if len(s.Actions) == 0 {
			c.addf(path+".Actions", "at least one is required")
		}
		for j, action := range s.Actions {
			c.add(fmt.Sprintf("%s.Actions[%d]", path, j), checkStatementAction(action, s.AllowWildcards))
		}
		if len(s.Resources) == 0 {
			c.addf(path+".Resources", "at least one is required: an ARN, or \"*\" with AllowWildcards")
		}
		for j, resource := range s.Resources {
			c.add(fmt.Sprintf("%s.Resources[%d]", path, j), plainly(resource, func(arn string) error {
				return checkStatementResource(arn, s.AllowWildcards)
			}))
		}
		for j, condition := range s.Conditions {
			c.checkCondition(fmt.Sprintf("%s.Conditions[%d]", path, j), condition)
			if slices.ContainsFunc(s.Conditions[:j], condition.isOneWith) {
				c.addf(fmt.Sprintf("%s.Conditions[%d]", path, j), "%s of %q occurs twice, which is one condition to IAM, met by a value of either: keep one of them", condition.Operator, condition.Key)
			}
		}
	}
}

func (c *checker) checkCondition(property string, condition ConditionArgs) {
	if !conditionOperator.MatchString(condition.Operator) {
		c.addf(property+".Operator", "%q is not the name of an operator, \"StringEquals\" for instance", condition.Operator)
	}
	if condition.Key == "" {
		c.addf(property+".Key", "is required, \"s3:prefix\" for instance")
	}
	if len(condition.Values) == 0 {
		c.addf(property+".Values", "at least one is required")
	}
	for i, value := range condition.Values {
		c.add(fmt.Sprintf("%s.Values[%d]", property, i), plainly(value, func(string) error { return nil }))
	}
}

// isOneWith reports whether IAM takes two conditions for one. Letters' case does not
// matter in a key.
func (a ConditionArgs) isOneWith(b ConditionArgs) bool {
	return a.Operator != "" && strings.EqualFold(a.Operator, b.Operator) && strings.EqualFold(a.Key, b.Key)
}

func checkStatementAction(action string, wildcards bool) error {
	switch {
	case strings.ContainsAny(action, "*?") && !wildcards:
		return fmt.Errorf("%q has a wildcard: name the actions one by one, or say that it is meant with AllowWildcards", action)
	case action != "*" && !statementAction.MatchString(action):
		return fmt.Errorf("%q is not the name of an action, \"s3:GetObject\" for instance", action)
	}
	return nil
}

// checkStatementResource lets a wildcard pass where the ARN says before which part
// of what is meant.
func checkStatementResource(arn string, wildcards bool) error {
	match := statementArn.FindStringSubmatch(arn)
	if arn != "*" && match == nil {
		return fmt.Errorf("%q is not an ARN, \"arn:aws:s3:::photos/*\" for instance", arn)
	}
	if wildcards {
		return nil
	}
	if arn == "*" {
		return errors.New("\"*\" is every resource: name them by their ARNs, or say that it is meant with AllowWildcards")
	}
	resource := strings.TrimLeft(match[5], "/:")
	wildcard := strings.IndexAny(resource, "*?")
	if strings.ContainsAny(strings.Join(match[1:5], ""), "*?") || wildcard >= 0 && wildcard <= nameOf(match[2], match[4], resource) {
		return fmt.Errorf("%q has a wildcard where its service, Region, account or name stands: name the resources, or say that it is meant with AllowWildcards", arn)
	}
	return nil
}

// nameOf returns where a name begins in the last part of an ARN: behind its kind, as
// table/ or function: are, which buckets, queues and topics do not have. A wildcard
// goes over what stands between kind and name: without a kind there is no name.
func nameOf(service, account, resource string) int {
	if service == "s3" && account == "" || service == "sqs" || service == "sns" {
		return 0
	}
	kind := strings.IndexAny(resource, ":/")
	if kind < 0 {
		return len(resource)
	}
	return len(resource) - len(strings.TrimLeft(resource[kind:], "/:"))
}

// values are the statement's inputs.
func (s StatementArgs) values() pulumi.StringArray {
	list := append(pulumi.StringArray{}, s.Resources...)
	for _, condition := range s.Conditions {
		list = append(list, condition.Values...)
	}
	return list
}

// checkValues checks resources that may have been known only at deployment.
func (s StatementArgs) checkValues(values []string) error {
	for _, arn := range values[:len(s.Resources)] {
		if err := checkStatementResource(arn, s.AllowWildcards); err != nil {
			return fmt.Errorf("allowing %s: %w", strings.Join(s.Actions, ", "), err)
		}
	}
	return nil
}

// resolve returns the statement with the values of its inputs.
func (s StatementArgs) resolve(values []string) statement {
	resources, values := values[:len(s.Resources)], values[len(s.Resources):]
	resolved := statement{Sid: s.Sid, Effect: "Allow", Action: s.Actions, Resource: resources}
	if len(s.Conditions) > 0 {
		resolved.Condition = map[string]map[string][]string{}
	}
	for _, condition := range s.Conditions {
		keys := resolved.Condition[condition.Operator]
		if keys == nil {
			keys = map[string][]string{}
			resolved.Condition[condition.Operator] = keys
		}
		n := len(condition.Values)
		keys[condition.Key] = append(keys[condition.Key], values[:n]...)
		values = values[n:]
	}
	return resolved
}

// Words for what a function may do with a table, in FunctionArgs.TableActions and its
// like.
const (
	// Read is dynamodb:BatchGetItem, ConditionCheckItem, GetItem, Query and Scan; of
	// an index, Query and Scan.
	Read = "Read"
	// Write is dynamodb:BatchWriteItem, DeleteItem, PutItem and UpdateItem. Of these
	// some can return what was there before.
	Write = "Write"
	// ReadWrite is both.
	ReadWrite = "ReadWrite"
)

var (
	readActions  = dynamodbActions("BatchGetItem", "ConditionCheckItem", "GetItem", "Query", "Scan")
	writeActions = dynamodbActions("BatchWriteItem", "DeleteItem", "PutItem", "UpdateItem")
	// tableWords and indexWords are the words for actions on a table and on an index.
	tableWords = map[string][]string{Read: readActions, Write: writeActions, ReadWrite: slices.Concat(readActions, writeActions)}
	indexWords = map[string][]string{Read: dynamodbActions("Query", "Scan")}
)

// expandActions puts actions in the place of words, sorted, each once.
func expandActions(actions []string, words map[string][]string) []string {
	var expanded []string
	for _, action := range actions {
		if list, ok := words[action]; ok {
			expanded = append(expanded, list...)
		} else {
			expanded = append(expanded, action)
		}
	}
	slices.SortFunc(expanded, cmp.Compare[string])
	return slices.Compact(expanded)
}
