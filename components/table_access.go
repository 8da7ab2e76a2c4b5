package components

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TableAccess is what a function may do with a table.
type TableAccess struct {
	// Actions are what it may do on the table, as FunctionArgs.TableActions.
	Actions []string
	// IndexActions are what it may do on the table's indexes, as
	// FunctionArgs.IndexActions: an index that is not named here is not reached.
	IndexActions map[string][]string
}

func (a TableAccess) given() bool { return len(a.Actions)+len(a.IndexActions) > 0 }

// tables returns what the function may do with tables, by their names, Table's under
// "".
func (f FunctionArgs) tables() map[string]TableAccess {
	tables := map[string]TableAccess{}
	if own := (TableAccess{f.TableActions, f.IndexActions}); own.given() {
		tables[""] = own
	}
	maps.Copy(tables, f.Tables)
	return tables
}

// Actions on items (Service Authorization Reference, Amazon DynamoDB).
var (
	tableActions = dynamodbActions("BatchGetItem", "BatchWriteItem", "ConditionCheckItem", "DeleteItem", "DescribeTable",
		"GetItem", "PartiQLDelete", "PartiQLInsert", "PartiQLSelect", "PartiQLUpdate", "PutItem", "Query", "Scan", "UpdateItem")
	indexActions = dynamodbActions("PartiQLSelect", "Query", "Scan")
)

func dynamodbActions(names ...string) []string {
	for i, name := range names {
		names[i] = "dynamodb:" + name
	}
	return names
}

// checkTableAccess checks what a function may do with tables.
func (c *checker) checkTableAccess(property string, args FunctionArgs) {
	for _, name := range slices.Sorted(maps.Keys(args.tables())) {
		access, table := args.tables()[name], c.plan.table(name)
		if name == "" {
			if _, ok := args.Tables[""]; ok {
				c.addf(property+`.Tables[""]`, "is no name: what the function may do with Table is in TableActions and IndexActions")
			}
			c.checkAccess(property, ".TableActions", access, table)
			if table == nil {
				c.addf(property, "has TableActions or IndexActions, but there is no Table")
			}
			continue
		}
		element := fmt.Sprintf("%s.Tables[%q]", property, name)
		c.checkAccess(element, ".Actions", access, table)
		if table == nil {
			c.addf(element, "Tables has no table of this name: it has %s", orNone(slices.Sorted(maps.Keys(c.args.Tables))))
		}
		if !access.given() {
			c.addf(element, "has neither Actions nor IndexActions: leave it out, or say what the function may do")
		}
	}
}

// orNone returns the strings in quotes, or the word none.
func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return quoted(list)
}

// checkAccess checks the actions on one table; nil for one that is missing.
func (c *checker) checkAccess(property, actions string, access TableAccess, table *tablePlan) {
	c.checkActions(property+actions, access.Actions, tableActions, tableWords)
	for _, index := range slices.Sorted(maps.Keys(access.IndexActions)) {
		path := fmt.Sprintf("%s.IndexActions[%q]", property, index)
		switch {
		case table == nil:
		case table.args.Existing != nil: // whose indexes nobody here knows
			if !indexName.MatchString(index) {
				c.addf(path, "the name must be 3 to 255 letters, digits, '_', '-' or '.'")
			}
		default:
			if _, ok := table.args.GlobalSecondaryIndexes[index]; !ok {
				c.addf(path, "%s has no index of this name", table.property)
			}
		}
		if len(access.IndexActions[index]) == 0 {
			c.addf(path, "lists no action")
		}
		c.checkActions(path, access.IndexActions[index], indexActions, indexWords)
	}
}

// checkActions checks actions and words for them.
func (c *checker) checkActions(property string, actions, allowed []string, words map[string][]string) {
	for i, action := range actions {
		switch {
		case words[action] == nil && !slices.Contains(allowed, action):
			c.addf(property, "%q is not one of %s, %s", action, strings.Join(slices.Sorted(maps.Keys(words)), ", "), strings.Join(allowed, ", "))
		case slices.Contains(actions[:i], action):
			c.addf(property, "%q occurs twice", action)
		}
	}
}

// tableGrant is what a function may do with one table, and the key that the table is
// encrypted with; empty for AWS's.
type tableGrant struct {
	access      TableAccess
	arn, keyArn string
}

// tableGrants returns what the function may do with tables, an element of each list a
// table.
func (c *ProtectedHttpApi) tableGrants(p *plan, f *functionPlan, neighbour pulumi.StringOutput) (access []TableAccess, arns, keys pulumi.StringArray) {
	arns, keys = pulumi.StringArray{}, pulumi.StringArray{}
	for _, name := range slices.Sorted(maps.Keys(f.args.tables())) {
		t := p.table(name)
		arn, _ := c.located(t, neighbour)
		access, arns = append(access, f.args.tables()[name]), append(arns, arn)
		if t.args.KmsKeyArn == nil {
			keys = append(keys, pulumi.String(""))
			continue
		}
		keys = append(keys, t.args.KmsKeyArn)
	}
	return access, arns, keys
}

// statements allow the actions, and DynamoDB to decrypt the table's key in the
// function's name: its requests for items, reading or writing, need no more of KMS
// (DynamoDB developer guide, "Encryption at rest: How it works").
func (g tableGrant) statements() ([]statement, error) {
	var statements []statement
	if len(g.access.Actions) > 0 {
		statements = append(statements, statement{Effect: "Allow", Action: expandActions(g.access.Actions, tableWords), Resource: []string{g.arn}})
	}
	for _, index := range slices.Sorted(maps.Keys(g.access.IndexActions)) {
		statements = append(statements, statement{
			Effect: "Allow", Action: expandActions(g.access.IndexActions[index], indexWords), Resource: []string{g.arn + "/index/" + index},
		})
	}
	if g.keyArn == "" {
		return statements, nil
	}
	if err := checkKmsKeyArn(g.keyArn); err != nil {
		return nil, err
	}
	_, region, account, err := location(g.arn)
	return append(statements, statement{Effect: "Allow", Action: []string{"kms:Decrypt"}, Resource: []string{g.keyArn},
		Condition: map[string]map[string][]string{"StringEquals": {
			"kms:ViaService": {"dynamodb." + region + ".amazonaws.com"},
			"kms:EncryptionContext:aws:dynamodb:tableName":    {g.arn[strings.LastIndex(g.arn, "/")+1:]},
			"kms:EncryptionContext:aws:dynamodb:subscriberId": {account},
		}}}), err
}
