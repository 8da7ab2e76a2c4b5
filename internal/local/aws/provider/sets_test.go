package provider

import (
	"strings"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// diffOf compares inputs of a type with what is deployed.
func (w *world) diffOf(typ string, was, is property.Map) (p.DiffResponse, error) {
	return w.Diff(w.t.Context(), p.DiffRequest{ID: "x", Urn: urn(typ, "x"), State: was, OldInputs: was, Inputs: is})
}

// What is a set to AWS's provider has no order, and what is a list has one.
func TestSetsHaveNoOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	attributes := func(names ...string) []any {
		var all []any
		for _, name := range names {
			all = append(all, map[string]any{"name": name, "type": "S"})
		}
		return all
	}
	by := func(name string, nonKeys ...any) map[string]any {
		return map[string]any{"name": name, "hashKey": "pk", "projectionType": "INCLUDE", "nonKeyAttributes": list(nonKeys...)}
	}
	limits := func(key string) map[string]any {
		return map[string]any{"routeKey": key, "throttlingBurstLimit": 1, "throttlingRateLimit": 1}
	}
	for _, test := range []struct {
		typ, name string
		was, is   any
		changes   bool
	}{
		{authorizerType, "identitySources", list("$request.header.A", "$context.routeKey"), list("$context.routeKey", "$request.header.A"), false},
		{authorizerType, "identitySources", list("$request.header.A", "$context.routeKey"), list("$context.routeKey", "$request.header.B"), true},
		{authorizerType, "identitySources", list("$request.header.A"), list("$context.routeKey", "$request.header.A"), true},
		{authorizerType, "jwtConfiguration", map[string]any{"issuer": "i", "audiences": list("a", "b")}, map[string]any{"issuer": "i", "audiences": list("b", "a")}, false},
		{authorizerType, "jwtConfiguration", map[string]any{"issuer": "i", "audiences": list("a", "b")}, map[string]any{"issuer": "j", "audiences": list("b", "a")}, true},
		{routeType, "authorizationScopes", list("a", "b"), list("b", "a"), false},
		{apiType, "corsConfiguration", map[string]any{"allowMethods": list("GET", "PUT")}, map[string]any{"allowMethods": list("PUT", "GET")}, false},
		{stageType, "routeSettings", list(limits("GET /a"), limits("GET /b")), list(limits("GET /b"), limits("GET /a")), false},
		{tableType, "attributes", attributes("a", "b"), attributes("b", "a"), false},
		{tableType, "globalSecondaryIndexes", list(by("x", "a", "b"), by("y", "c")), list(by("y", "c"), by("x", "b", "a")), false},
		{tableType, "globalSecondaryIndexes", list(by("x", "a", "b")), list(by("x", "a")), true},
		{functionType, "architectures", list("arm64", "x86_64"), list("x86_64", "arm64"), true},
	} {
		diff, err := w.diffOf(test.typ, object(test.name, test.was), object(test.name, test.is))
		if err != nil || diff.HasChanges != test.changes {
			t.Errorf("%s of %s, %v and %v: %+v, %v; a change: %v", test.name, test.typ, test.was, test.is, diff, err, test.changes)
		}
	}
}

// An order that is no change is no drift either.
func TestRefreshOfAnotherOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	api := w.create(apiType, api)
	it := w.create(authorizerType, with(judge, "apiId", api.id, "identitySources", list("$request.header.A", "$context.routeKey")))
	it.inputs = it.inputs.Set("identitySources", toValue(list("$context.routeKey", "$request.header.A")))
	if read := w.refresh(it); !read.inputs.Equals(it.inputs) {
		t.Errorf("the inputs are\n%v\nwant\n%v", read.inputs, it.inputs)
	}
}

// The provider of AWS would report another type of a key as done.
func TestKeyTypesStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	attributes := func(pk, sk, x string) []any {
		return list(map[string]any{"name": "pk", "type": pk}, map[string]any{"name": "sk", "type": sk}, map[string]any{"name": "x", "type": x})
	}
	index := func(name, hash string) []any {
		return list(map[string]any{"name": name, "hashKey": hash, "rangeKey": "pk", "projectionType": "ALL"})
	}
	was := object("name", "events", "billingMode", "PAY_PER_REQUEST", "hashKey", "pk", "rangeKey", "sk",
		"attributes", attributes("S", "S", "S"), "globalSecondaryIndexes", index("by-x", "x"))
	const refused = `changing aws:dynamodb/table:Table "x": the type of the attribute %q is S and would be N: AWS's provider sends it only when the table or an index is made, so that AWS would keep the old one; leave the type as it is, or `
	for _, test := range []struct {
		name string
		is   property.Map
		want string
	}{
		{"the same", was, ""},
		{"of the partition key", with(was, "attributes", attributes("N", "S", "S")), strings.Replace(refused, "%q", `"pk"`, 1) + "make a table with another name and move the items"},
		{"of the sort key", with(was, "attributes", attributes("S", "N", "S")), strings.Replace(refused, "%q", `"sk"`, 1) + "make a table with another name and move the items"},
		{"of an index", with(was, "attributes", attributes("S", "S", "N")), strings.Replace(refused, "%q", `"x"`, 1) + `give the index "by-x" another name`},
		{"of an index by another name", with(was, "attributes", attributes("S", "S", "N"), "globalSecondaryIndexes", index("by-x-number", "x")), ""},
		{"of an index with other keys", with(was, "attributes", attributes("S", "S", "N"), "globalSecondaryIndexes", index("by-x", "sk")), ""},
		{"of another table", with(was, "attributes", attributes("N", "S", "S"), "name", "others"), ""},
		{"with another sort key", with(was, "attributes", attributes("N", "S", "S"), "rangeKey", "x"), ""},
		{"of a key that is not known yet", with(was, "attributes", property.New(property.Computed)), ""},
	} {
		_, err := w.diffOf(tableType, was, test.is)
		if got := ""; err != nil && err.Error() != test.want || err == nil && test.want != got {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
	}
}

// Pulumi's names are as long as AWS's provider lets them be.
func TestAutonamesAreAsLongAsTheProviders(t *testing.T) {
	t.Parallel()
	provider := newProvider(Services{})
	for typ, want := range map[string]int{
		apiType: 255, stageType: 255, authorizerType: 255, logGroupType: 255, tableType: 255, rolePolicyType: 255,
		roleType: 64, functionType: 64, permissionType: 100, integrationType: 0, routeType: 0,
	} {
		r, err := provider.resource(typ)
		if err != nil {
			t.Fatal(err)
		}
		if _, got := r.autoname(); got != want {
			t.Errorf("names of %s have %d characters, want %d", typ, got, want)
		}
	}
}

func TestGetLogGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(logGroupType, group)
	invoke := func(args property.Map) (p.InvokeResponse, error) {
		return w.Invoke(t.Context(), p.InvokeRequest{Token: "aws:cloudwatch/getLogGroup:getLogGroup", Args: args})
	}
	found, err := invoke(object("name", "/aws/lambda/fn"))
	if err != nil {
		t.Fatal(err)
	}
	if arn, days := found.Return.Get("arn").AsString(), found.Return.Get("retentionInDays").AsNumber(); arn != "arn:aws:logs:eu-central-1:000000000000:log-group:/aws/lambda/fn" || days != 7 {
		t.Errorf("the ARN is %s, the retention %v", arn, days)
	}
	for args, want := range map[string]property.Map{
		"invoking aws:cloudwatch/getLogGroup:getLogGroup: reading CloudWatch Logs Log Group (none): couldn't find resource": object("name", "none"),
		`invoking aws:cloudwatch/getLogGroup:getLogGroup: cloudwatch.getLogGroup needs the property "name"`:                 object(),
	} {
		if _, err := invoke(want); err == nil || err.Error() != args {
			t.Errorf("the error is %v, want %s", err, args)
		}
	}
}
