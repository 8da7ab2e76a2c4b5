package provider

import (
	"slices"
	"strings"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/ssm"
)

// What nobody has changed is not reported as changed, with all that a program
// can say of each type and with as little as it must.
func TestRefreshOfWhatIsUnchanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	things := w.everything()
	things = append(things,
		w.create(logGroupType, object("name", "small")),
		w.create(roleType, object("name", "small", "assumeRolePolicy", trust)),
		w.create(tableType, object("name", "small", "billingMode", "PAY_PER_REQUEST", "hashKey", "pk", "attributes", list(map[string]any{"name": "pk", "type": "S"}),
			"pointInTimeRecovery", map[string]any{"enabled": false}, "serverSideEncryption", map[string]any{"enabled": false})),
		w.create(functionType, w.functionInputs("name", "small", "reservedConcurrentExecutions", -1, "environment", map[string]any{"variables": map[string]any{}})),
	)
	api := w.create(apiType, object("name", "small", "protocolType", "HTTP"))
	things = append(things, api,
		w.create(integrationType, object("apiId", api.id, "integrationType", "AWS_PROXY", "integrationUri", functionARN, "payloadFormatVersion", "2.0")),
		w.create(authorizerType, object("apiId", api.id, "name", "small", "authorizerType", "REQUEST", "authorizerUri", invokeFnARN,
			"authorizerPayloadFormatVersion", "2.0", "enableSimpleResponses", true, "identitySources", list("$request.header.Authorization"))),
		w.create(stageType, object("apiId", api.id, "name", "$default", "autoDeploy", true)),
	)
	for _, it := range things {
		read := w.refresh(it)
		if read.id != it.id {
			t.Errorf("%s: the ID is %q, want %q", it.typ, read.id, it.id)
		}
		if !read.inputs.Equals(it.inputs) {
			t.Errorf("%s: the inputs are\n%v\nwant\n%v", it.typ, read.inputs, it.inputs)
		}
		states := it.states
		if it.id == "fn-role" { // see TestFirstRefresh
			states = states.Set("inlinePolicies", toValue(list(map[string]any{"name": "inline", "policy": allow})))
		}
		if it.typ == policyType { // attached since
			states = states.Set("attachmentCount", toValue(1))
		}
		if !read.states.Equals(states) {
			t.Errorf("%s: the state is\n%v\nwant\n%v", it.typ, read.states, states)
		}
	}
}

// What a first refresh shows though nobody has changed anything: policies that
// came after their role, and the deployment of what came after the stage. Neither
// is an input, and the next update has nothing to do.
func TestFirstRefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := w.create(roleType, object("name", "fn-role", "assumeRolePolicy", trust))
	w.create(rolePolicyType, object("name", "inline", "role", "fn-role", "policy", allow))
	api := w.create(apiType, object("name", "small", "protocolType", "HTTP"))
	stage := w.create(stageType, object("apiId", api.id, "name", "$default", "autoDeploy", true))
	w.create(integrationType, object("apiId", api.id, "integrationType", "AWS_PROXY", "integrationUri", functionARN, "payloadFormatVersion", "2.0"))
	for _, tt := range []struct {
		it     thing
		output string
	}{{role, "inlinePolicies"}, {stage, "deploymentId"}} {
		read := w.refresh(tt.it)
		was, is := tt.it.states.Get(tt.output), read.states.Get(tt.output)
		if was.Equals(is) || is.IsNull() {
			t.Errorf("%s: %s was %v and is %v", tt.it.typ, tt.output, was, is)
		}
		if !read.inputs.Equals(tt.it.inputs) || !read.states.Delete(tt.output).Equals(tt.it.states.Delete(tt.output)) {
			t.Errorf("%s: more than %s has changed:\n%v\n%v", tt.it.typ, tt.output, read.inputs, read.states)
		}
		compared, err := w.Diff(t.Context(), p.DiffRequest{ID: read.id, Urn: urn(read.typ, "x"), State: read.states, OldInputs: read.inputs, Inputs: tt.it.inputs})
		if err != nil || compared.HasChanges {
			t.Errorf("%s: after the refresh there is something to do: %+v, %v", tt.it.typ, compared, err)
		}
		if again := w.refresh(read); !again.states.Equals(read.states) {
			t.Errorf("%s: a second refresh shows %v", tt.it.typ, again.states)
		}
	}
}

// everything says all that there is to say, so that the tests above and below
// are about every property.
func TestEverythingIsComplete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	things := w.everything()
	known := newProvider(w.Services).resources
	// These cannot be given, or say the same in other words.
	elsewhere := []string{"insecureValue", "secretBinary", "forceDetachPolicies", "qualifier", "sourceCodeHash", "disableExecuteApiEndpoint", "routeSelectionExpression"}
	for typ, r := range known {
		for _, f := range r.fields() {
			given := slices.ContainsFunc(things, func(it thing) bool {
				_, ok := it.inputs.GetOk(f.name)
				return it.typ == typ && ok
			})
			if !given && !slices.Contains(elsewhere, f.name) {
				t.Errorf("%s: everything leaves out %q", typ, f.name)
			}
		}
	}
}

func TestRefreshShowsDrift(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	things := w.everything()
	api := of(things, apiType).id
	route := of(things, routeType).id
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	changed := func(typ, name string, value property.Value, change func()) {
		t.Helper()
		change()
		it := of(things, typ)
		read := w.refresh(it)
		want := it.inputs.Set(name, value)
		if value.IsNull() {
			want = it.inputs.Delete(name)
		}
		if !read.inputs.Equals(want) {
			t.Errorf("%s: the inputs are\n%v\nwant\n%v", typ, read.inputs, want)
		}
		if got, _ := read.states.GetOk(name); !got.Equals(value) {
			t.Errorf("%s: the state has %v for %q", typ, got, name)
		}
	}
	changed(logGroupType, "retentionInDays", property.New(30.0), func() {
		g, _ := w.Logs.Group("/aws/lambda/fn")
		g.RetentionDays = 30
		must(w.Logs.UpdateGroup(g))
	})
	changed(roleType, "description", property.Value{}, func() {
		r, _ := w.IAM.Role("fn-role")
		r.Description = ""
		_, err := w.IAM.UpdateRole(r)
		must(err)
	})
	changed(tableType, "deletionProtectionEnabled", property.Value{}, func() {
		table, _ := w.DynamoDB.Table("events")
		table.DeletionProtection = false
		_, err := w.DynamoDB.UpdateTable(ctx, table.Table)
		must(err)
	})
	changed(functionType, "environment", toValue(map[string]any{"variables": map[string]any{"TABLE": "another"}}), func() {
		info, _ := w.Lambda.Function("fn")
		info.Environment = map[string]string{"TABLE": "another"}
		_, err := w.Lambda.UpdateFunctionConfiguration(info.Function)
		must(err)
	})
	const other = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`
	changed(rolePolicyType, "policy", property.New(other), func() { must(w.IAM.PutRolePolicy("fn-role", "inline", other)) })
	changed(apiType, "description", property.New("changed"), func() {
		found, err := w.Gateway.API(api)
		must(err)
		found.Description = "changed"
		_, err = w.Gateway.UpdateAPI(found)
		must(err)
	})
	changed(stageType, "stageVariables", property.Value{}, func() {
		stage, err := w.Gateway.Stage(api, "dev")
		must(err)
		stage.StageVariables = nil
		_, err = w.Gateway.UpdateStage(api, stage)
		must(err)
	})
	changed(parameterType, "value", property.New("other").WithSecret(true), func() {
		parameter, err := w.SSM.Get("/app/key")
		must(err)
		_, _, err = w.SSM.Put(ssm.Parameter{Name: parameter.Name, Value: "other", Description: "d", AllowedPattern: ".+", Overwrite: true})
		must(err)
	})
	changed(secretType, "description", property.Value{}, func() {
		secret, _, err := w.Secrets.Describe("app/jwt")
		must(err)
		secret.Description = ""
		_, err = w.Secrets.Update(secret)
		must(err)
	})
	changed(domainNameType, "mutualTlsAuthentication", property.Value{}, func() {
		domain, err := w.Gateway.DomainName("api.example.com")
		must(err)
		domain.MutualTLS = nil
		_, err = w.Gateway.UpdateDomainName(domain)
		must(err)
	})
	changed(apiMappingType, "apiMappingKey", property.New("v2"), func() {
		mapping, err := w.Gateway.APIMapping("api.example.com", of(things, apiMappingType).id)
		must(err)
		mapping.Key = "v2"
		_, err = w.Gateway.UpdateAPIMapping(mapping)
		must(err)
	})
	changed(integrationType, "timeoutMilliseconds", property.New(6000.0), func() {
		integration, err := w.Gateway.Integration(api, of(things, integrationType).id)
		must(err)
		integration.TimeoutInMillis = 6000
		_, err = w.Gateway.UpdateIntegration(api, integration)
		must(err)
	})
	changed(authorizerType, "authorizerResultTtlInSeconds", property.New(0.0), func() {
		authorizer, err := w.Gateway.Authorizer(api, of(things, authorizerType).id)
		must(err)
		authorizer.ResultTTL = 0
		_, err = w.Gateway.UpdateAuthorizer(api, authorizer)
		must(err)
	})
	changed(routeType, "routeKey", property.New("POST /events/{id}"), func() {
		found, err := w.Gateway.Route(api, route)
		must(err)
		found.RouteKey = "POST /events/{id}"
		_, err = w.Gateway.UpdateRoute(api, found)
		must(err)
	})
}

// A secret stays one, also where it has changed.
func TestDriftOfASecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(roleType, object("name", "fn-role", "assumeRolePolicy", trust))
	environment := property.New(map[string]property.Value{"variables": property.New(map[string]property.Value{"KEY": property.New("old").WithSecret(true)})})
	it := w.create(functionType, w.functionInputs().Set("environment", environment))
	if read := w.refresh(it); !read.inputs.Equals(it.inputs) {
		t.Errorf("the unchanged inputs are %v", read.inputs)
	}
	info, _ := w.Lambda.Function("fn")
	info.Environment = map[string]string{"KEY": "new"}
	if _, err := w.Lambda.UpdateFunctionConfiguration(info.Function); err != nil {
		t.Fatal(err)
	}
	read := w.refresh(it)
	if got := read.inputs.Get("environment"); !got.Secret() || got.AsMap().Get("variables").AsMap().Get("KEY").AsString() != "new" {
		t.Error("the changed environment is not there, as a secret")
	}
}

// Somebody else's new code shows in what AWS computes only: the hash that the
// program gave stays, and with it what the next update finds to do, which is
// nothing.
func TestDriftOfTheCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(roleType, object("name", "fn-role", "assumeRolePolicy", trust))
	inputs := w.functionInputs()
	hash := w.create(functionType, inputs).states.Get("codeSha256")
	it := thing{functionType, "fn", inputs.Set("sourceCodeHash", hash), inputs.Set("codeSha256", hash)}
	code, err := zipOf(t, 0o755, "#!/bin/sh\nexit\n").AsArchive().Bytes(archive.ZIPArchive)
	if err != nil {
		t.Fatal(err)
	}
	info, err := w.Lambda.UpdateFunctionCode("fn", code, "")
	if err != nil {
		t.Fatal(err)
	}
	read := w.refresh(it)
	if !read.inputs.Equals(it.inputs) {
		t.Errorf("the inputs are %v", read.inputs)
	}
	if got := read.states.Get("codeSha256").AsString(); got != info.CodeSha256 || got == hash.AsString() {
		t.Errorf("AWS has the hash %s, and the state %s", info.CodeSha256, got)
	}
	w.update(read, it.inputs)
	if now, _ := w.Lambda.Function("fn"); now.CodeSha256 != info.CodeSha256 {
		t.Error("an update without a change has uploaded the code")
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	things := w.everything()
	api := of(things, apiType).id
	prefixes := map[string]string{
		stageType: api + "/", integrationType: api + "/", authorizerType: api + "/", routeType: api + "/", permissionType: "fn/",
	}
	// What AWS would choose by itself is left out.
	defaults := map[string][]string{
		parameterType: {"overwrite", "dataType", "tier"}, secretType: {"recoveryWindowInDays"}, versionType: {"versionStages"},
		roleType: {"path"}, functionType: {"packageType", "code", "tags"},
		integrationType: {"integrationMethod", "connectionType"},
	}
	for _, it := range things {
		suffix := ""
		if it.typ == apiMappingType {
			suffix = "/api.example.com"
		}
		read, err := w.importing(it.typ, prefixes[it.typ]+it.id+suffix)
		if err != nil {
			t.Errorf("%s: %v", it.typ, err)
			continue
		}
		want := it.inputs.Delete(defaults[it.typ]...)
		if read.id != it.id || !read.inputs.Equals(want) {
			t.Errorf("%s: %q has the inputs\n%v\nwant %q\n%v", it.typ, read.id, read.inputs, it.id, want)
		}
		for _, output := range newProvider(w.Services).resources[it.typ].outputs() {
			if !read.states.Get(output).Equals(it.states.Get(output)) {
				t.Errorf("%s: the output %q is %v", it.typ, output, read.states.Get(output))
			}
		}
	}
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tests := []struct{ typ, id, want string }{
		{routeType, "abc", `reading aws:apigatewayv2/route:Route "x": the import ID "abc" is not of the form api_id/route_id`},
		{routeType, "a/b/c", `reading aws:apigatewayv2/route:Route "x": the import ID "a/b/c" is not of the form api_id/route_id`},
		{apiMappingType, "abc", `reading aws:apigatewayv2/apiMapping:ApiMapping "x": the import ID "abc" is not of the form api_mapping_id/domain_name`},
		{apiMappingType, "abc/api.example.com", `reading aws:apigatewayv2/apiMapping:ApiMapping "x": there is none with the ID "abc/api.example.com"`},
		{domainNameType, "api.example.com", `reading aws:apigatewayv2/domainName:DomainName "x": there is none with the ID "api.example.com"`},
		{versionType, "abc", `reading aws:secretsmanager/secretVersion:SecretVersion "x": the import ID "abc" is not of the form secret_id|version_id`},
		{versionType, "abc|def", `reading aws:secretsmanager/secretVersion:SecretVersion "x": there is none with the ID "abc|def"`},
		{secretType, "abc", `reading aws:secretsmanager/secret:Secret "x": there is none with the ID "abc"`},
		{parameterType, "abc", `reading aws:ssm/parameter:Parameter "x": there is none with the ID "abc"`},
		{stageType, "abc/", `reading aws:apigatewayv2/stage:Stage "x": the import ID "abc/" is not of the form api_id/stage_name`},
		{rolePolicyType, "fn-role", `reading aws:iam/rolePolicy:RolePolicy "x": the import ID "fn-role" is not of the form role_name:role_policy_name`},
		{permissionType, "fn", `reading aws:lambda/permission:Permission "x": the import ID "fn" is not of the form function_name/statement_id`},
		{permissionType, "fn:live/gateway", `reading aws:lambda/permission:Permission "x": importing "fn:live/gateway": the functions of the local AWS have no versions and aliases: leave the qualifier out`},
		// The engine takes an answer without an ID for the resource, with the ID that
		// it asked for.
		{routeType, "abc/def", `reading aws:apigatewayv2/route:Route "x": there is none with the ID "abc/def"`},
		{stageType, "abc/def", `reading aws:apigatewayv2/stage:Stage "x": there is none with the ID "abc/def"`},
		{apiType, "abc", `reading aws:apigatewayv2/api:Api "x": there is none with the ID "abc"`},
		{integrationType, "abc/def", `reading aws:apigatewayv2/integration:Integration "x": there is none with the ID "abc/def"`},
		{authorizerType, "abc/def", `reading aws:apigatewayv2/authorizer:Authorizer "x": there is none with the ID "abc/def"`},
		{functionType, "fn", `reading aws:lambda/function:Function "x": there is none with the ID "fn"`},
		{permissionType, "fn/gateway", `reading aws:lambda/permission:Permission "x": there is none with the ID "fn/gateway"`},
		{alarmType, "a", `reading aws:cloudwatch/metricAlarm:MetricAlarm "x": there is none with the ID "a"`},
		{dashboardType, "d", `reading aws:cloudwatch/dashboard:Dashboard "x": there is none with the ID "d"`},
		{logGroupType, "g", `reading aws:cloudwatch/logGroup:LogGroup "x": there is none with the ID "g"`},
		{tableType, "events", `reading aws:dynamodb/table:Table "x": there is none with the ID "events"`},
		{roleType, "r", `reading aws:iam/role:Role "x": there is none with the ID "r"`},
		{rolePolicyType, "r:p", `reading aws:iam/rolePolicy:RolePolicy "x": there is none with the ID "r:p"`},
	}
	for _, tt := range tests {
		read, err := w.importing(tt.typ, tt.id)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != tt.want || read.id != "" {
			t.Errorf("%s %s: %q, error %s\nwant %s", tt.typ, tt.id, read.id, got, tt.want)
		}
	}
}

// A refused deletion says why; what is already gone is deleted.
func TestDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	things := w.everything()
	var routes []string
	for _, it := range things {
		if it.typ == routeType {
			routes = append(routes, it.id)
		}
	}
	slices.Sort(routes)
	refused := map[string]string{
		roleType:        `deleting aws:iam/role:Role "x": DeleteConflict: Cannot delete entity, must delete policies first.`,
		tableType:       `deleting aws:dynamodb/table:Table "x": ValidationException: Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.`,
		integrationType: `deleting aws:apigatewayv2/integration:Integration "x": ConflictException: Cannot delete Integration because it is referenced by the following Routes with Ids: [` + strings.Join(routes, ", ") + `]`,
		authorizerType:  `deleting aws:apigatewayv2/authorizer:Authorizer "x": ConflictException: Cannot delete authorizer 'lambda', is referenced in route: GET /events/{id}`,
	}
	for typ, want := range refused {
		if err := w.remove(of(things, typ)); err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", typ, err, want)
		}
	}
	table := of(things, tableType)
	w.update(table, table.inputs.Delete("deletionProtectionEnabled"))
	for _, it := range slices.Backward(things) {
		for _, time := range []string{"the first", "the second"} {
			if err := w.remove(it); err != nil {
				t.Errorf("%s, %s time: %v", it.typ, time, err)
			}
		}
		if it.typ == versionType {
			continue // the current version stays as long as its secret
		}
		if read := w.refresh(it); read.id != "" {
			t.Errorf("%s is still there", it.typ)
		}
	}
}

func TestQuotas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	api := w.create(apiType, object("name", "events", "protocolType", "HTTP")).id
	integration := w.create(integrationType, object("apiId", api, "integrationType", "AWS_PROXY", "integrationUri", functionARN, "payloadFormatVersion", "2.0")).id
	tests := []struct {
		typ    string
		limit  int
		inputs func(name string) property.Map
		want   string
	}{
		{routeType, 300, func(name string) property.Map {
			return object("apiId", api, "routeKey", "GET /"+name, "target", "integrations/"+integration)
		}, `creating aws:apigatewayv2/route:Route "x": TooManyRequestsException: Maximum number of routes for this API has been reached. The limit is 300.`},
		{authorizerType, 10, func(name string) property.Map {
			return object("apiId", api, "name", name, "authorizerType", "REQUEST", "authorizerUri", invokeFnARN, "authorizerPayloadFormatVersion", "2.0", "enableSimpleResponses", true)
		}, `creating aws:apigatewayv2/authorizer:Authorizer "x": TooManyRequestsException: Maximum number of authorizers for this API has been reached. The limit is 10.`},
	}
	for _, tt := range tests {
		for i := range tt.limit {
			w.create(tt.typ, tt.inputs("n"+strings.Repeat("i", i)))
		}
		_, err := w.Create(t.Context(), createRequest(tt.typ, tt.inputs("more")))
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: %v\nwant %s", tt.typ, err, tt.want)
		}
	}
}
