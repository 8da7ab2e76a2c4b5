package components

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

var testScope = scope{project: "events-api", stack: "dev"}

// messages are the mistakes, a line each.
func messages(m mistakes) string {
	if len(m) == 0 {
		return ""
	}
	return errors.Join(m...).Error()
}

func TestCheckAcceptsTheExample(t *testing.T) {
	t.Parallel()
	if _, m := check(testScope, "events", exampleArgs()); len(m) > 0 {
		t.Error(messages(m))
	}
}

func TestCheckWithoutArguments(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args *ProtectedHttpApiArgs
		want string
	}{
		{"nil", nil, "name: is required\nargs: is required"},
		{"empty", &ProtectedHttpApiArgs{}, "name: is required\nRoutes: at least one is required"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, m := check(testScope, "", test.args)
			if got := messages(m); got != test.want {
				t.Errorf("mistakes are\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestCheckFindsMistakes(t *testing.T) {
	t.Parallel()
	const (
		one      = `Routes["POST /events"].Function`
		days     = "1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653"
		variable = "environment variable PROTECTED_HTTP_API_BUILD_TARGET"
	)
	// change alters the arguments of POST /events's function, which PUT shares.
	change := func(alter func(*FunctionArgs)) func(*ProtectedHttpApiArgs) {
		return func(args *ProtectedHttpApiArgs) {
			delete(args.Routes, "PUT /events/{id}")
			route := args.Routes["POST /events"]
			alter(&route.Function)
			args.Routes["POST /events"] = route
		}
	}
	tests := []struct {
		name   string
		change func(*ProtectedHttpApiArgs)
		scope  scope
		want   string
	}{
		{name: "architecture", change: func(a *ProtectedHttpApiArgs) { a.Architecture = "amd64" },
			want: `Architecture: "amd64" is not one of "arm64", "x86_64"`},
		{name: "build target", change: func(*ProtectedHttpApiArgs) {}, scope: scope{"events-api", "dev", "native"},
			want: variable + ` is "native": unset it, or set it to "host" for a deployment to the local AWS`},
		{name: "retention", change: func(a *ProtectedHttpApiArgs) { a.LogRetentionDays = 31 },
			want: "LogRetentionDays: 31 is not one of " + days},
		{name: "negative retention", change: func(a *ProtectedHttpApiArgs) { a.LogRetentionDays = -1 },
			want: "LogRetentionDays: -1 is not one of " + days},
		{name: "duplicate route", change: func(a *ProtectedHttpApiArgs) { a.Routes["GET /events/{event}"] = a.Routes["GET /events/{id}"] },
			want: `Routes["GET /events/{id}"]: matches the same requests as Routes["GET /events/{event}"]: keep one of them`},
		{name: "auth", change: func(a *ProtectedHttpApiArgs) {
			a.Routes["HEAD /events"] = Route{Function: a.Routes["GET /events"].Function, Auth: "Public"}
		}, want: `Routes["HEAD /events"].Auth: "Public" is not known: leave it empty for a protected route, or use "public"`},
		{name: "package", change: change(func(f *FunctionArgs) { f.Package = "" }),
			want: one + ".Package: is required: give the folder of the function's Go package"},
		{name: "name", change: change(func(f *FunctionArgs) { f.Name = "create event" }),
			want: one + `.Name: the function would be called "events-api-dev-events-create event": AWS allows letters, digits, - and _`},
		{name: "long name", change: change(func(f *FunctionArgs) { f.Name = strings.Repeat("n", 43) }),
			want: one + `.Name: the function would be called "events-api-dev-events-` + strings.Repeat("n", 43) + `": AWS allows 64 characters, not 65: shorten Name, or the component's, the stack's or the project's name`},
		{name: "long role name", change: change(func(f *FunctionArgs) { f.Name = strings.Repeat("n", 50) }), scope: scope{"p", "s", ""},
			want: one + `.Name: the function's role would be called "events-` + strings.Repeat("n", 50) + `" and 8 characters more: AWS allows 64: shorten Name or the component's name`},
		{name: "same name", change: change(func(f *FunctionArgs) { f.Name = "get" }),
			want: one + `.Name: "get" is the name of Routes["GET /events/{id}"].Function too: give one of them another Name`},
		{name: "little memory", change: change(func(f *FunctionArgs) { f.MemorySize = 127 }),
			want: one + ".MemorySize: 127 is out of range: 128 to 10240 MB"},
		{name: "much memory", change: change(func(f *FunctionArgs) { f.MemorySize = 10241 }),
			want: one + ".MemorySize: 10241 is out of range: 128 to 10240 MB"},
		{name: "short timeout", change: change(func(f *FunctionArgs) { f.Timeout = time.Millisecond }),
			want: one + ".Timeout: 1ms is out of range: 1s to 30s, API Gateway waits no longer for an integration"},
		{name: "long timeout", change: change(func(f *FunctionArgs) { f.Timeout = 31 * time.Second }),
			want: one + ".Timeout: 31s is out of range: 1s to 30s, API Gateway waits no longer for an integration"},
		{name: "broken timeout", change: change(func(f *FunctionArgs) { f.Timeout = 1500 * time.Millisecond }),
			want: one + ".Timeout: 1.5s is not a whole number of seconds"},
		{name: "environment", change: change(func(f *FunctionArgs) {
			f.Environment = map[string]pulumi.StringInput{"A": pulumi.String(""), "AWS_REGION": pulumi.String(""), "TABLE_NAME": pulumi.String(""), "URL": nil}
		}), want: one + `.Environment["A"]: is not a name that Lambda allows: a letter, then at least one letter, digit or underscore
` + one + `.Environment["AWS_REGION"]: is reserved by Lambda
` + one + `.Environment["TABLE_NAME"]: is the component's own
` + one + `.Environment["URL"]: has no value`},
		{name: "table actions", change: change(func(f *FunctionArgs) {
			f.TableActions = []string{"dynamodb:*", "dynamodb:GetItem", "dynamodb:GetItem", "PutItem"}
		}), want: strings.Join([]string{
			one + `.TableActions: "dynamodb:*" is not one of ` + strings.Join(tableActions, ", "),
			one + `.TableActions: "dynamodb:GetItem" occurs twice`,
			one + `.TableActions: "PutItem" is not one of ` + strings.Join(tableActions, ", "),
		}, "\n")},
		{name: "index actions", change: change(func(f *FunctionArgs) {
			f.IndexActions = map[string][]string{"newest-first": {"dynamodb:GetItem"}, "oldest-first": {}}
		}), want: one + `.IndexActions["newest-first"]: "dynamodb:GetItem" is not one of dynamodb:PartiQLSelect, dynamodb:Query, dynamodb:Scan
` + one + `.IndexActions["oldest-first"]: Table has no index of this name
` + one + `.IndexActions["oldest-first"]: lists no action`},
		{name: "no table", change: func(a *ProtectedHttpApiArgs) {
			a.Table = nil
			a.Routes = Routes{"POST /events": a.Routes["POST /events"]}
		}, want: one + ": has TableActions or IndexActions, but there is no Table"},
		{name: "two sets of arguments", change: func(a *ProtectedHttpApiArgs) {
			route := a.Routes["PUT /events/{id}"]
			route.Function = FunctionArgs{Package: "./testdata/../testdata/handlers/create", Name: "create-event", Timeout: time.Second}
			a.Routes["PUT /events/{id}"] = route
		}, want: `Routes["PUT /events/{id}"].Function: has the same Package as Routes["POST /events"].Function but another MemorySize, Timeout, Environment, TableActions: routes that share a function give it the same arguments`},
		{name: "no authorizer", change: func(a *ProtectedHttpApiArgs) { a.Authorizer = AuthorizerArgs{} },
			want: `Authorizer.Function.Package: is required, since these routes are protected: "POST /events", "PUT /events/{id}"`},
		{name: "useless authorizer", change: func(a *ProtectedHttpApiArgs) {
			delete(a.Routes, "POST /events")
			delete(a.Routes, "PUT /events/{id}")
		}, want: "Authorizer: is given, but no route is protected: leave it out, or leave out the Auth of the routes to protect"},
		{name: "authorizer that is a handler", change: func(a *ProtectedHttpApiArgs) { a.Authorizer.Function.Package = "testdata/handlers/get" },
			want: `Authorizer.Function.Package: is the Package of Routes["GET /events/{id}"].Function too: an authorizer and a route's handler are two functions`},
		{name: "authorizer's timeout", change: func(a *ProtectedHttpApiArgs) { a.Authorizer.Function.Timeout = 11 * time.Second },
			want: "Authorizer.Function.Timeout: 11s is out of range: 1s to 10s, API Gateway waits no longer for an authorizer"},
		{name: "long TTL", change: func(a *ProtectedHttpApiArgs) { a.Authorizer.CacheTtl = time.Hour + time.Second },
			want: "Authorizer.CacheTtl: 1h0m1s is out of range: 0s to 1h"},
		{name: "negative TTL", change: func(a *ProtectedHttpApiArgs) { a.Authorizer.CacheTtl = -time.Second },
			want: "Authorizer.CacheTtl: -1s is out of range: 0s to 1h"},
		{name: "broken TTL", change: func(a *ProtectedHttpApiArgs) { a.Authorizer.CacheTtl = 300 * time.Millisecond },
			want: "Authorizer.CacheTtl: 300ms is not a whole number of seconds"},
		{name: "TTL without identity source", change: func(a *ProtectedHttpApiArgs) {
			a.Authorizer.CacheTtl, a.Authorizer.IdentitySources = time.Minute, []string{}
		}, want: "Authorizer.IdentitySources: at least one is required for a CacheTtl of 1m0s: results are kept by identity source"},
		{name: "identity sources", change: func(a *ProtectedHttpApiArgs) {
			a.Authorizer.IdentitySources = []string{"$context.routeKey", "Authorization", "$context.routeKey"}
		}, want: `Authorizer.IdentitySources[1]: "Authorization" is not one of $request.header.NAME, $request.querystring.NAME, $context.NAME, $stageVariables.NAME
Authorizer.IdentitySources[2]: "$context.routeKey" occurs twice`},
		{name: "secret path", change: func(a *ProtectedHttpApiArgs) { a.Authorizer.SecretPath = pulumi.String("jwt-secret") },
			want: `Authorizer.SecretPath: "jwt-secret" must begin with /`},
		{name: "injected secret without path", change: func(a *ProtectedHttpApiArgs) {
			a.Authorizer.SecretPath, a.Authorizer.InjectSecret = nil, true
		}, want: "Authorizer.SecretPath: is required with InjectSecret"},
		{name: "key", change: func(a *ProtectedHttpApiArgs) { a.Authorizer.SecretKmsKeyArn = pulumi.String("alias/aws/ssm") },
			want: `Authorizer.SecretKmsKeyArn: "alias/aws/ssm" is not the ARN of a KMS key: arn:aws:kms:{region}:{account}:key/{id}`},
		{name: "key with an injected secret", change: func(a *ProtectedHttpApiArgs) {
			a.Authorizer.SecretKmsKeyArn, a.Authorizer.InjectSecret = pulumi.String("arn:aws:kms:eu-central-1:123456789012:key/1"), true
		}, want: "Authorizer.SecretKmsKeyArn: has no use with InjectSecret: the function does not read the parameter"},
		{name: "key without secret", change: func(a *ProtectedHttpApiArgs) {
			a.Authorizer.SecretKmsKeyArn, a.Authorizer.SecretPath = pulumi.String("arn:aws:kms:eu-central-1:123456789012:key/1"), nil
		}, want: "Authorizer.SecretKmsKeyArn: has no use without SecretPath, Secrets or SecretPrefixes"},
		{name: "several", change: func(a *ProtectedHttpApiArgs) {
			a.Architecture, a.LogRetentionDays, a.Authorizer.CacheTtl = "arm", 2, 2*time.Hour
			a.Routes["GET events"] = a.Routes["GET /events"]
		}, want: `Architecture: "arm" is not one of "arm64", "x86_64"
LogRetentionDays: 2 is not one of ` + days + `
Routes["GET events"]: path "events" must begin with /
Authorizer.CacheTtl: 2h0m0s is out of range: 0s to 1h`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := exampleArgs()
			test.change(args)
			_, m := check(cmp.Or(test.scope, testScope), "events", args)
			if got := messages(m); got != test.want {
				t.Errorf("mistakes are\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestCheckTable(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("k", 256)
	many := map[string]IndexArgs{}
	for i := range 21 {
		many[fmt.Sprintf("index-%d", i)] = IndexArgs{HashKey: "pk"}
	}
	tests := []struct {
		name  string
		table TableArgs
		want  string
	}{
		{"key alone", TableArgs{HashKey: "pk"}, ""},
		{"everything", TableArgs{HashKey: "pk", RangeKey: "sk", Attributes: map[string]string{"pk": "S", "sk": "N", "owner": "B"},
			GlobalSecondaryIndexes: map[string]IndexArgs{
				"by-owner": {HashKey: "owner", ProjectionType: "INCLUDE", NonKeyAttributes: []string{"name"}},
				"by-sk":    {HashKey: "sk", RangeKey: "pk", ProjectionType: "KEYS_ONLY"},
			}}, ""},
		{"no key", TableArgs{}, "Table.HashKey: is required"},
		{"same keys", TableArgs{HashKey: "pk", RangeKey: "pk"}, `Table.RangeKey: "pk" is the HashKey already`},
		{"long keys", TableArgs{HashKey: long, RangeKey: long + "2"},
			"Table.HashKey: the name has 256 bytes: at most 255 are allowed\nTable.RangeKey: the name has 257 bytes: at most 255 are allowed"},
		{"attributes", TableArgs{HashKey: "pk", Attributes: map[string]string{"pk": "string", "name": "S"}},
			"Table.Attributes[\"name\"]: is no key of the table or of an index: DynamoDB declares only those\n" +
				"Table.Attributes[\"pk\"]: \"string\" is not one of \"S\", \"N\", \"B\""},
		{"indexes", TableArgs{HashKey: "pk", GlobalSecondaryIndexes: map[string]IndexArgs{
			"a":          {},
			"with-all":   {HashKey: "pk", NonKeyAttributes: []string{"name"}},
			"with-none":  {HashKey: "pk", ProjectionType: "INCLUDE"},
			"with-other": {HashKey: "pk", ProjectionType: "all"},
		}}, `Table.GlobalSecondaryIndexes["a"]: the name must be 3 to 255 letters, digits, '_', '-' or '.'
Table.GlobalSecondaryIndexes["a"].HashKey: is required
Table.GlobalSecondaryIndexes["with-all"].NonKeyAttributes: are for the ProjectionType "INCLUDE" only
Table.GlobalSecondaryIndexes["with-none"].NonKeyAttributes: at least one is required with the ProjectionType "INCLUDE"
Table.GlobalSecondaryIndexes["with-other"].ProjectionType: "all" is not one of "ALL", "KEYS_ONLY", "INCLUDE"`},
		{"too many indexes", TableArgs{HashKey: "pk", GlobalSecondaryIndexes: many},
			"Table.GlobalSecondaryIndexes: 21 indexes are too many: at most 20 are allowed"},
		{"too many attributes", TableArgs{HashKey: "pk", GlobalSecondaryIndexes: map[string]IndexArgs{
			"wide": {HashKey: "pk", ProjectionType: "INCLUDE", NonKeyAttributes: make([]string, 101)},
		}}, "Table.GlobalSecondaryIndexes: 101 NonKeyAttributes in all are too many: at most 100 are allowed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := &checker{}
			c.checkTable(&test.table)
			if got := messages(c.mistakes); got != test.want {
				t.Errorf("mistakes are\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestCheckSecretPath(t *testing.T) {
	t.Parallel()
	long := "/" + strings.Repeat("a", maxSecretPath)
	tests := []struct{ path, want string }{
		{"/events-api/jwt-secret", ""},
		{"/a_b.c-D9", ""},
		{"/a" + strings.Repeat("/a", 14), ""},
		{"", `"" must begin with /`},
		{"events", `"events" must begin with /`},
		{"/", `"/" must be 1 to 15 parts, each a / and letters, digits, '.', '-' or '_'`},
		{"/a/", `"/a/" must be 1 to 15 parts, each a / and letters, digits, '.', '-' or '_'`},
		{"/a//b", `"/a//b" must be 1 to 15 parts, each a / and letters, digits, '.', '-' or '_'`},
		{"/a b", `"/a b" must be 1 to 15 parts, each a / and letters, digits, '.', '-' or '_'`},
		{"/a*", `"/a*" must be 1 to 15 parts, each a / and letters, digits, '.', '-' or '_'`},
		{"/a" + strings.Repeat("/a", 15), `"/a` + strings.Repeat("/a", 15) + `" must be 1 to 15 parts, each a / and letters, digits, '.', '-' or '_'`},
		{"/AWS/secret", `"/AWS/secret" must not begin with /aws or /ssm, which AWS reserves`},
		{"/ssm-secret", `"/ssm-secret" must not begin with /aws or /ssm, which AWS reserves`},
		{long, fmt.Sprintf("%q has %d characters: at most %d are allowed", long, maxSecretPath+1, maxSecretPath)},
	}
	for _, test := range tests {
		t.Run(test.path, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := CheckSecretPath(test.path); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("error is\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// A path that is known only at deployment is checked then.
func TestPolicyRefusesASecretPathThatOpensMore(t *testing.T) {
	t.Parallel()
	const group = "arn:aws:logs:eu-central-1:123456789012:log-group:g"
	const want = `naming the secret's parameter: "/events-api/*" must be 1 to 15 parts, each a / and letters, digits, '.', '-' or '_'`
	for _, test := range []struct {
		name   string
		grants grants
		want   string
	}{
		{"secret", grants{logGroupArn: group, secretPaths: []string{"/events-api/jwt-secret", "/events-api/*"}}, want},
		{"prefix", grants{logGroupArn: group, secretPrefixes: []string{"/events-api/*"}}, want},
		{"slash at the end", grants{logGroupArn: group, secretPrefixes: []string{"/tenants/"}},
			`naming the secret's parameter: "/tenants/" must be 1 to 15 parts, each a / and letters, digits, '.', '-' or '_'`},
		{"neighbour", grants{logGroupArn: "no-arn", secretPaths: []string{"/events-api/jwt-secret"}},
			`reading the account of "no-arn": it is not an ARN`},
	} {
		if _, err := marshalPolicy(FunctionArgs{}, test.grants); err == nil || err.Error() != test.want {
			t.Errorf("%s: error is %v, want %s", test.name, err, test.want)
		}
	}
}

// Paths may be known only at deployment, and so may the policy's length.
func TestPolicyRefusesWhatIAMRefuses(t *testing.T) {
	t.Parallel()
	f := FunctionArgs{Name: "authorizer"}
	g := grants{logGroupArn: "arn:aws:logs:eu-central-1:123456789012:log-group:g"}
	for i := range 120 {
		g.secretPaths = append(g.secretPaths, fmt.Sprintf("/app/%024d", i))
	}
	got, err := marshalPolicy(f, g)
	if err != nil {
		t.Fatal(err)
	}
	// One path more, of the length that makes the policy as long as it may be.
	const perPath = len(`,"arn:aws:ssm:eu-central-1:123456789012:parameter"`)
	last := "/" + strings.Repeat("x", maxInlinePolicy-len(got)-perPath-1)
	g.secretPaths = append(g.secretPaths, last)
	if got, err = marshalPolicy(f, g); err != nil || len(got) != maxInlinePolicy {
		t.Fatalf("got %d characters, %v", len(got), err)
	}
	g.secretPaths[len(g.secretPaths)-1] += "x"
	const want = `the policy of function "authorizer" has 10241 characters, a role's inline policies may have 10240: put secrets below one path and name that in Authorizer.SecretPrefixes`
	if _, err := marshalPolicy(f, g); err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}
