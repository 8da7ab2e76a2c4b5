package components

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func TestCheckTableAccess(t *testing.T) {
	t.Parallel()
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"table actions", changeCreate(func(f *FunctionArgs) {
			f.TableActions = []string{"dynamodb:*", "dynamodb:GetItem", "dynamodb:GetItem", "PutItem"}
		}), strings.Join([]string{
			createProperty + `.TableActions: "dynamodb:*" is not one of Read, ReadWrite, Write, ` + strings.Join(tableActions, ", "),
			createProperty + `.TableActions: "dynamodb:GetItem" occurs twice`,
			createProperty + `.TableActions: "PutItem" is not one of Read, ReadWrite, Write, ` + strings.Join(tableActions, ", "),
		}, "\n")},
		{"index actions", changeCreate(func(f *FunctionArgs) {
			f.IndexActions = map[string][]string{"newest-first": {"dynamodb:GetItem"}, "oldest-first": {}}
		}), createProperty + `.IndexActions["newest-first"]: "dynamodb:GetItem" is not one of Read, dynamodb:PartiQLSelect, dynamodb:Query, dynamodb:Scan
` + createProperty + `.IndexActions["oldest-first"]: Table has no index of this name
` + createProperty + `.IndexActions["oldest-first"]: lists no action`},
		{"two ways to say it", changeCreate(func(f *FunctionArgs) { f.Tables = map[string]TableAccess{"": {Actions: []string{Write}}} }),
			createProperty + `.Tables[""]: is no name: what the function may do with Table is in TableActions and IndexActions`},
		{"no table", func(a *ProtectedHttpApiArgs) {
			a.Table = nil
			a.Routes = Routes{"POST /events": a.Routes["POST /events"]}
		}, createProperty + ": has TableActions or IndexActions, but there is no Table"},
	})
}

// tablesArgs are two tables of the component's own and three that were there, one of
// them of another account. One function may use them all, the authorizer one.
func tablesArgs() *ProtectedHttpApiArgs {
	args := exampleArgs()
	args.Table = &TableArgs{Existing: pulumi.String("arn:aws:dynamodb:eu-central-1:123456789012:table/shop"), KmsKeyArn: pulumi.String("arn:aws:kms:eu-central-1:123456789012:key/shop")}
	args.Tables = map[string]TableArgs{
		"audit-log": {HashKey: "pk", KmsKeyArn: pulumi.String("arn:aws:kms:eu-central-1:123456789012:key/audit"), StreamViewType: "NEW_IMAGE",
			GlobalSecondaryIndexes: map[string]IndexArgs{"by-day": {HashKey: "day"}}},
		"plain":  {HashKey: "id"},
		"theirs": {Existing: pulumi.String("arn:aws:dynamodb:eu-central-1:210987654321:table/theirs")},
		"old":    {Existing: pulumi.String("old-one").ToStringOutput()},
	}
	f := FunctionArgs{Package: "testdata/handlers/create", Name: "all",
		TableActions: []string{"dynamodb:GetItem"}, IndexActions: map[string][]string{"whatever": {"dynamodb:Query"}},
		Tables: map[string]TableAccess{
			"audit-log": {Actions: []string{"dynamodb:UpdateItem", "dynamodb:PutItem"}, IndexActions: map[string][]string{"by-day": {"dynamodb:Query"}}},
			"theirs":    {Actions: []string{"dynamodb:GetItem"}},
			"old":       {IndexActions: map[string][]string{"by-day": {"dynamodb:Scan"}}},
		}}
	args.Routes = Routes{"POST /events": {Function: f}}
	args.Authorizer.Function.Tables = map[string]TableAccess{"plain": {Actions: []string{"dynamodb:GetItem"}}}
	return args
}

func TestCheckTables(t *testing.T) {
	t.Parallel()
	change := func(alter func(*FunctionArgs)) func(*ProtectedHttpApiArgs) {
		return func(a *ProtectedHttpApiArgs) {
			route := a.Routes["POST /events"]
			alter(&route.Function)
			a.Routes["POST /events"] = route
		}
	}
	expectMistakes(t, testScope, tablesArgs, []mistakeTest{
		{"good", func(*ProtectedHttpApiArgs) {}, ""},
		{"names", func(a *ProtectedHttpApiArgs) {
			a.Tables["a b"], a.Tables["Old"], a.Tables["audit_log"] = TableArgs{HashKey: "id"}, TableArgs{HashKey: "id"}, TableArgs{HashKey: "id"}
		}, `Tables["a b"]: the name must be 1 to 64 letters, digits, '_', '-' or '.'
Tables["audit_log"]: functions would find its name in TABLE_NAME_AUDIT_LOG, and so that of Tables["audit-log"]: give one of them another name
Tables["old"]: functions would find its name in TABLE_NAME_OLD, and so that of Tables["Old"]: give one of them another name`},
		{"no such table", change(func(f *FunctionArgs) { f.Tables["audit"] = TableAccess{Actions: []string{"dynamodb:GetItem"}} }),
			createProperty + `.Tables["audit"]: Tables has no table of this name: it has "audit-log", "old", "plain", "theirs"`},
		{"no tables", func(a *ProtectedHttpApiArgs) {
			a.Tables = nil
			change(func(f *FunctionArgs) { f.Tables = nil })(a)
		}, `Authorizer.Function.Tables["plain"]: Tables has no table of this name: it has none`},
		{"no access", change(func(f *FunctionArgs) { f.Tables["old"] = TableAccess{} }),
			createProperty + `.Tables["old"]: has neither Actions nor IndexActions: leave it out, or say what the function may do`},
		{"actions", change(func(f *FunctionArgs) {
			f.Tables["old"] = TableAccess{Actions: []string{"dynamodb:*"}, IndexActions: map[string][]string{"?": {"dynamodb:Query"}, "by-day": nil}}
			f.Tables["audit-log"] = TableAccess{IndexActions: map[string][]string{"by-hour": {"dynamodb:GetItem"}}}
		}), createProperty + `.Tables["audit-log"].IndexActions["by-hour"]: Tables["audit-log"] has no index of this name
` + createProperty + `.Tables["audit-log"].IndexActions["by-hour"]: "dynamodb:GetItem" is not one of Read, dynamodb:PartiQLSelect, dynamodb:Query, dynamodb:Scan
` + createProperty + `.Tables["old"].Actions: "dynamodb:*" is not one of Read, ReadWrite, Write, ` + strings.Join(tableActions, ", ") + `
` + createProperty + `.Tables["old"].IndexActions["?"]: the name must be 3 to 255 letters, digits, '_', '-' or '.'
` + createProperty + `.Tables["old"].IndexActions["by-day"]: lists no action`},
		{"variable", change(func(f *FunctionArgs) {
			f.Environment = map[string]pulumi.StringInput{"TABLE_NAME_AUDIT_LOG": pulumi.String("mine")}
		}), createProperty + `.Environment["TABLE_NAME_AUDIT_LOG"]: is the component's own`},
		{"differences", func(a *ProtectedHttpApiArgs) {
			other := a.Routes["POST /events"].Function
			other.Tables = maps.Clone(other.Tables)
			other.Tables["theirs"] = TableAccess{Actions: []string{"dynamodb:Query"}}
			a.Routes["PUT /events"] = Route{Function: other}
		}, `Routes["PUT /events"].Function: has the Name "all" of Routes["POST /events"].Function but another Tables: routes that share a function give it the same arguments, two functions have two Names`},
	})
}

func TestTables(t *testing.T) {
	t.Parallel()
	m := &mocks{account: testAccount}
	err := deploy(m, tablesArgs(), func(_ *pulumi.Context, api *ProtectedHttpApi) {
		if api.Table != nil || !slices.Equal(slices.Sorted(maps.Keys(api.Tables)), []string{"audit-log", "plain"}) {
			t.Errorf("the tables are %v, %v", api.Table, api.Tables)
		}
		pulumi.All(api.TableName, api.TableNames, api.TableStreamArn, api.TableStreamArns).ApplyT(func(got []any) error {
			for i, want := range []any{
				"shop",
				map[string]string{"audit-log": "events-audit-log-table-0a1b2c3", "old": "old-one", "plain": "events-plain-table-0a1b2c3", "theirs": "theirs"},
				"",
				map[string]string{"audit-log": "arn:aws:dynamodb:eu-central-1:123456789012:table/events-audit-log-table-0a1b2c3/stream/1"},
			} {
				if !reflect.DeepEqual(got[i], want) {
					t.Errorf("output %d is %v, want %v", i, got[i], want)
				}
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	const dynamodb = "arn:aws:dynamodb:eu-central-1:123456789012:table/"
	key := func(key, table string) string {
		return `{"Effect":"Allow","Action":["kms:Decrypt"],"Resource":["arn:aws:kms:eu-central-1:123456789012:key/` + key + `"],"Condition":{"StringEquals":{` +
			`"kms:EncryptionContext:aws:dynamodb:subscriberId":["123456789012"],"kms:EncryptionContext:aws:dynamodb:tableName":["` + table + `"],` +
			`"kms:ViaService":["dynamodb.eu-central-1.amazonaws.com"]}}}`
	}
	want := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],` +
		`"Resource":["arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/events-api-dev-events-all:*"]},` + strings.Join([]string{
		`{"Effect":"Allow","Action":["dynamodb:GetItem"],"Resource":["` + dynamodb + `shop"]}`,
		`{"Effect":"Allow","Action":["dynamodb:Query"],"Resource":["` + dynamodb + `shop/index/whatever"]}`,
		key("shop", "shop"),
		`{"Effect":"Allow","Action":["dynamodb:PutItem","dynamodb:UpdateItem"],"Resource":["` + dynamodb + `events-audit-log-table-0a1b2c3"]}`,
		`{"Effect":"Allow","Action":["dynamodb:Query"],"Resource":["` + dynamodb + `events-audit-log-table-0a1b2c3/index/by-day"]}`,
		key("audit", "events-audit-log-table-0a1b2c3"),
		`{"Effect":"Allow","Action":["dynamodb:Scan"],"Resource":["` + dynamodb + `old-one/index/by-day"]}`,
		`{"Effect":"Allow","Action":["dynamodb:GetItem"],"Resource":["arn:aws:dynamodb:eu-central-1:210987654321:table/theirs"]}`,
	}, ",") + `]}`
	if got := m.find(t, "RolePolicy", "events-all").Inputs["policy"].StringValue(); got != want {
		t.Errorf("the policy is\n%s\nwant\n%s", got, want)
	}
	variables := func(function string) map[string]any {
		return m.find(t, "Function", function).Inputs["environment"].ObjectValue()["variables"].ObjectValue().Mappable()
	}
	if got, want := variables("events-all"), map[string]any{"TABLE_NAME": "shop", "TABLE_NAME_AUDIT_LOG": "events-audit-log-table-0a1b2c3",
		"TABLE_NAME_OLD": "old-one", "TABLE_NAME_THEIRS": "arn:aws:dynamodb:eu-central-1:210987654321:table/theirs"}; !reflect.DeepEqual(got, want) {
		t.Errorf("the variables are %v, want %v", got, want)
	}
	if got := variables("events-authorizer")["TABLE_NAME_PLAIN"]; got != "events-plain-table-0a1b2c3" {
		t.Errorf("the authorizer's variable is %v", got)
	}
}

func TestLocate(t *testing.T) {
	t.Parallel()
	const neighbour = "arn:aws-cn:logs:cn-north-1:123456789012:log-group:g"
	for _, test := range []struct{ reference, neighbour, want string }{
		{"notes", neighbour, "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/notes notes"},
		{"arn:aws-cn:dynamodb:cn-north-1:123456789012:table/notes", neighbour, "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/notes notes"},
		{"arn:aws-cn:dynamodb:cn-north-1:210987654321:table/notes", neighbour,
			"arn:aws-cn:dynamodb:cn-north-1:210987654321:table/notes arn:aws-cn:dynamodb:cn-north-1:210987654321:table/notes"},
		{"arn:aws-cn:dynamodb:cn-north-1:123456789012:table/*", neighbour,
			`"arn:aws-cn:dynamodb:cn-north-1:123456789012:table/*" is neither the name of a DynamoDB table nor its ARN`},
		{"arn:aws-cn:dynamodb:cn-northwest-1:123456789012:table/notes", neighbour,
			`"arn:aws-cn:dynamodb:cn-northwest-1:123456789012:table/notes" is in the Region cn-northwest-1, the functions are in cn-north-1: name a table of their Region`},
		{"notes", "no-arn", `reading the account of "no-arn": it is not an ARN`},
	} {
		arn, name, err := locate(test.reference, test.neighbour)
		got := arn + " " + name
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s is\n%s\nwant\n%s", test.reference, got, test.want)
		}
	}
}
