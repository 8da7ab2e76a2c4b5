package provider

import (
	"slices"
	"strings"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	presource "github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/logs"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/ssm"
)

func testProvider(t *testing.T) p.Provider {
	t.Helper()
	acct := account.Account{ID: "000000000000", Region: "eu-central-1", Partition: "aws"}
	groups, err := logs.New(acct, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = groups.Close() })
	return newProvider(Services{Account: acct, Logs: groups, SSM: ssm.New(acct, nil), Strict: true}).functions()
}

func urn(typ, name string) presource.URN {
	return presource.URN("urn:pulumi:dev::events-api::" + typ + "::" + name)
}

func object(pairs ...any) property.Map {
	m := property.Map{}
	for i := 0; i < len(pairs); i += 2 {
		m = m.Set(pairs[i].(string), toValue(pairs[i+1]))
	}
	return m
}

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		typ    string
		inputs property.Map
		want   string // the first failure, or the error
	}{
		{
			"an unknown type, strictly", "aws:s3/bucket:Bucket", object(),
			"the local AWS does not support the resource type aws:s3/bucket:Bucket; it supports " + newProvider(Services{}).imitated(),
		},
		{
			"an unknown property", "aws:cloudwatch/logGroup:LogGroup", object("kmsKeyId", "k"),
			`the local AWS does not support the property "kmsKeyId" of aws:cloudwatch/logGroup:LogGroup; it supports name, retentionInDays, tags`,
		},
		{
			"an unknown property within another", "aws:dynamodb/table:Table", object("localSecondaryIndexes", true),
			`the local AWS does not support the property "localSecondaryIndexes" of aws:dynamodb/table:Table; it supports attributes, billingMode, deletionProtectionEnabled, globalSecondaryIndexes, hashKey, name, pointInTimeRecovery, rangeKey, serverSideEncryption, streamEnabled, streamViewType, tableClass, tags, ttl`,
		},
		{
			"a missing property", "aws:iam/role:Role", object("name", "r"),
			`aws:iam/role:Role needs the property "assumeRolePolicy"`,
		},
		{
			"a wrong type", "aws:cloudwatch/logGroup:LogGroup", object("retentionInDays", "week"),
			"reading the properties, of which the local AWS supports fewer than AWS: json: cannot unmarshal string into Go struct field logGroupInputs.retentionInDays of type int",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			response, err := testProvider(t).Check(t.Context(), p.CheckRequest{Urn: urn(tt.typ, "x"), Inputs: tt.inputs, RandomSeed: []byte("seed")})
			got := ""
			switch {
			case err != nil:
				got = err.Error()
			case len(response.Failures) > 0:
				got = response.Failures[0].Reason
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestUnknownValuesAreNotChecked(t *testing.T) {
	t.Parallel()
	inputs := object("role", "r").Set("policy", property.New(property.Computed))
	response, err := testProvider(t).Check(t.Context(), p.CheckRequest{Urn: urn("aws:iam/rolePolicy:RolePolicy", "x"), Inputs: inputs, RandomSeed: []byte("seed")})
	if err != nil || len(response.Failures) > 0 {
		t.Errorf("failures %v, error %v", response.Failures, err)
	}
}

func TestAutonaming(t *testing.T) {
	t.Parallel()
	check := func(state, inputs property.Map) property.Map {
		t.Helper()
		response, err := testProvider(t).Check(t.Context(), p.CheckRequest{
			Urn: urn("aws:cloudwatch/logGroup:LogGroup", "events"), State: state, Inputs: inputs, RandomSeed: []byte("a seed of the engine"),
		})
		if err != nil || len(response.Failures) > 0 {
			t.Fatalf("failures %v, error %v", response.Failures, err)
		}
		return response.Inputs
	}
	first := check(property.Map{}, object())
	name := first.Get("name").AsString()
	if !strings.HasPrefix(name, "events-") || len(name) != len("events-1234567") {
		t.Errorf("the name is %q", name)
	}
	if again := check(first, object()); again.Get("name").AsString() != name {
		t.Errorf("the name changed from %q to %q", name, again.Get("name").AsString())
	}
	if named := check(first, object("name", "mine")); named.Get("name").AsString() != "mine" {
		t.Errorf("the program's name was replaced by %q", named.Get("name").AsString())
	}
	if renamed := check(object("name", "mine"), object()); renamed.Get("name").AsString() == "mine" {
		t.Error("a name that the program gave is kept although it gives none now")
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	named := object("name", "g", "retentionInDays", 7)
	auto := named.Set(defaultsKey, property.New([]property.Value{property.New("name")}))
	tests := []struct {
		name         string
		olds, news   property.Map
		ignore       []string
		changes      map[string]p.DiffKind
		deleteBefore bool
	}{
		{name: "nothing", olds: named, news: named},
		{name: "in place", olds: named, news: named.Set("retentionInDays", property.New(30.0)), changes: map[string]p.DiffKind{"retentionInDays": p.Update}},
		{
			name: "a value that is a secret now, and one whose whole property is",
			olds: named.Set("tags", property.New(map[string]property.Value{"a": property.New("b")}).WithSecret(true)),
			news: named.Set("tags", property.New(map[string]property.Value{"a": property.New("b").WithSecret(true)})),
		},
		{name: "ignored", olds: named, news: named.Set("retentionInDays", property.New(30.0)), ignore: []string{"retentionInDays"}},
		{name: "removed", olds: named, news: named.Delete("retentionInDays"), changes: map[string]p.DiffKind{"retentionInDays": p.Delete}},
		{name: "added", olds: named.Delete("retentionInDays"), news: named, changes: map[string]p.DiffKind{"retentionInDays": p.Add}},
		{name: "unknown", olds: named, news: named.Set("retentionInDays", property.New(property.Computed)), changes: map[string]p.DiffKind{"retentionInDays": p.Update}},
		{name: "another name of the program", olds: named, news: named.Set("name", property.New("h")), changes: map[string]p.DiffKind{"name": p.UpdateReplace}, deleteBefore: true},
		{name: "another name of the provider", olds: auto, news: auto.Set("name", property.New("h")), changes: map[string]p.DiffKind{"name": p.UpdateReplace}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			response, err := testProvider(t).Diff(t.Context(), p.DiffRequest{
				Urn: urn("aws:cloudwatch/logGroup:LogGroup", "x"), State: tt.olds, OldInputs: tt.olds, Inputs: tt.news, IgnoreChanges: tt.ignore,
			})
			if err != nil {
				t.Fatal(err)
			}
			if response.HasChanges != (len(tt.changes) > 0) || response.DeleteBeforeReplace != tt.deleteBefore || len(response.DetailedDiff) != len(tt.changes) {
				t.Errorf("the diff is %+v", response)
			}
			for property, kind := range tt.changes {
				if got := response.DetailedDiff[property].Kind; got != kind {
					t.Errorf("%s: %q, want %q", property, got, kind)
				}
			}
		})
	}
}

func TestPreviewCreatesNothing(t *testing.T) {
	t.Parallel()
	provider := testProvider(t)
	request := p.CreateRequest{Urn: urn("aws:cloudwatch/logGroup:LogGroup", "x"), Properties: object("name", "g"), DryRun: true}
	preview, err := provider.Create(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if !preview.Properties.Get("arn").IsComputed() || preview.Properties.Get("name").AsString() != "g" {
		t.Errorf("the preview has %v", preview.Properties)
	}
	request.DryRun = false
	created, err := provider.Create(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if got := created.Properties.Get("arn").AsString(); created.ID != "g" || got != "arn:aws:logs:eu-central-1:000000000000:log-group:g" {
		t.Errorf("the log group is %q, %q", created.ID, got)
	}
}

func TestReadFindsWhatIsThere(t *testing.T) {
	t.Parallel()
	provider := testProvider(t)
	u := urn("aws:cloudwatch/logGroup:LogGroup", "x")
	read := p.ReadRequest{ID: "g", Urn: u, Inputs: object("name", "g"), Properties: object("name", "g")}
	for _, there := range []bool{false, true} {
		if there {
			if _, err := provider.Create(t.Context(), p.CreateRequest{Urn: u, Properties: object("name", "g")}); err != nil {
				t.Fatal(err)
			}
		}
		response, err := provider.Read(t.Context(), read)
		if err != nil || (response.ID == "g") != there {
			t.Errorf("there %t: the ID is %q, the error %v", there, response.ID, err)
		}
	}
}

func TestProviderConfiguration(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		inputs property.Map
		want   []string
	}{
		{"the Region", object("region", "eu-central-1", "version", "6.83.2", "profile", "work"), nil},
		{"another Region", object("region", "us-east-1"), []string{"the local AWS plays the Region eu-central-1 only, not us-east-1"}},
		{"default tags", object("defaultTags", "{}"), nil},
		{"another setting", object("allowedAccountIds", "[]"), []string{"the local AWS does not support the provider setting aws:allowedAccountIds; remove it from the stack's configuration"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			response, err := testProvider(t).CheckConfig(t.Context(), p.CheckRequest{Inputs: tt.inputs})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, failure := range response.Failures {
				got = append(got, failure.Reason)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("the failures are %q, want %q", got, tt.want)
			}
		})
	}
}

func TestParameterIsSecret(t *testing.T) {
	t.Parallel()
	acct := account.Account{ID: "000000000000", Region: "eu-central-1", Partition: "aws"}
	parameters := ssm.New(acct, nil)
	if _, _, err := parameters.Put(ssm.Parameter{Name: "/a/b", Type: "SecureString", Value: "hidden"}); err != nil {
		t.Fatal(err)
	}
	provider := newProvider(Services{Account: acct, SSM: parameters, Strict: true}).functions()
	response, err := provider.Invoke(t.Context(), p.InvokeRequest{Token: "aws:ssm/getParameter:getParameter", Args: object("name", "/a/b", "withDecryption", true)})
	if err != nil {
		t.Fatal(err)
	}
	value := response.Return.Get("value")
	if !value.Secret() || value.AsString() != "hidden" {
		t.Error("the value is not the parameter's, as a secret")
	}
	response, err = provider.Invoke(t.Context(), p.InvokeRequest{Token: "aws:ssm/getParameter:getParameter", Args: object("name", "/a/b", "withDecryption", false)})
	if value := response.Return.Get("value"); err != nil || !value.Secret() || value.AsString() == "hidden" || value.AsString() == "" {
		t.Errorf("without decryption the value is not a ciphertext: %v", err)
	}
	for args, want := range map[string]property.Map{
		`invoking aws:ssm/getParameter:getParameter: ssm.getParameter needs the property "name"`: object(),
	} {
		if _, err := provider.Invoke(t.Context(), p.InvokeRequest{Token: "aws:ssm/getParameter:getParameter", Args: want}); err == nil || err.Error() != args {
			t.Errorf("the error is %v, want %s", err, args)
		}
	}
	if _, err := provider.Invoke(t.Context(), p.InvokeRequest{Token: "aws:s3/getBucket:getBucket"}); err == nil || !strings.HasPrefix(err.Error(), "the local AWS does not support the function aws:s3/getBucket:getBucket; it supports aws:cloudwatch/getLogGroup:getLogGroup, ") {
		t.Errorf("the error is %v", err)
	}
}

// A table that is there is found with its settings; one that is not, is not.
func TestTableIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	table := of(w.everything(), tableType)
	find := func(name string) (property.Map, error) {
		response, err := w.Invoke(t.Context(), p.InvokeRequest{Token: "aws:dynamodb/getTable:getTable", Args: object("name", name)})
		return response.Return, err
	}
	found, err := find("events")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"name", "hashKey", "rangeKey", "attributes", "billingMode", "deletionProtectionEnabled", "pointInTimeRecovery", "serverSideEncryption",
		"streamEnabled", "streamViewType", "streamArn", "streamLabel", "tableClass", "ttl", "tags", "arn",
	} {
		if got, want := found.Get(name), table.states.Get(name); want.IsNull() || !got.Equals(want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if indexes := found.Get("globalSecondaryIndexes").AsArray(); indexes.Len() != 2 || indexes.Get(1).AsMap().Get("nonKeyAttributes").AsArray().Len() != 2 {
		t.Errorf("the indexes are %v", indexes)
	}
	const want = "invoking aws:dynamodb/getTable:getTable: reading DynamoDB Table (none): couldn't find resource; cure: a local AWS begins without tables: make it in the program, and look it up by the resource's output name"
	if _, err := find("none"); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
