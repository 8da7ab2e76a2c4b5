package components

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

const (
	testAccount = "123456789012"
	secretValue = "a-secret-that-is-for-this-test-only"
)

// mocks plays the engine and AWS's answers, and records what is registered.
type mocks struct {
	account string
	// deployed are hashes of code that is other than what was uploaded, by the
	// functions' names.
	deployed map[string]string
	// failures are what looking for secrets comes to, by name or ARN.
	failures map[string]string

	mu         sync.Mutex
	registered []pulumi.MockResourceArgs
	invoked    []pulumi.MockCallArgs
	transforms []*pulumirpc.Callback
}

func (m *mocks) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if err := m.transform(&args); err != nil {
		return "", nil, err
	}
	m.mu.Lock()
	m.registered = append(m.registered, args)
	m.mu.Unlock()

	state := args.Inputs.Copy()
	set := func(name, value string) { state[resource.PropertyKey(name)] = resource.NewStringProperty(value) }
	id := args.Name + "-id"
	switch args.TypeToken {
	case "aws:cloudwatch/logGroup:LogGroup":
		if !state["name"].IsString() {
			set("name", args.Name+"-0a1b2c3")
		}
		set("arn", logGroupARN(state["name"].StringValue()))
	case "aws:iam/role:Role":
		set("name", args.Name+"-0a1b2c3")
		set("arn", "arn:aws:iam::"+testAccount+":role/"+args.Name+"-0a1b2c3")
	case "aws:lambda/function:Function":
		if !state["name"].IsString() {
			set("name", args.Name+"-0a1b2c3")
		}
		name := state["name"].StringValue()
		set("invokeArn", "invoke:"+name)
		set("arn", "arn:aws:lambda:eu-central-1:"+testAccount+":function:"+name)
		if hash, ok := state["sourceCodeHash"]; ok {
			set("codeSha256", cmp.Or(m.deployed[name], hash.StringValue()))
		}
	case "aws:dynamodb/table:Table":
		set("name", args.Name+"-0a1b2c3")
		set("arn", "arn:aws:dynamodb:eu-central-1:"+testAccount+":table/"+args.Name+"-0a1b2c3")
		if state["streamEnabled"].IsBool() {
			set("streamArn", state["arn"].StringValue()+"/stream/1")
		}
	case "aws:apigatewayv2/api:Api":
		id = "api123"
		set("arn", "arn:aws:apigateway:eu-central-1::/apis/api123")
		set("executionArn", "arn:aws:execute-api:eu-central-1:"+testAccount+":api123")
	case "aws:apigatewayv2/authorizer:Authorizer":
		id = "auth123"
	case "aws:apigatewayv2/domainName:DomainName":
		configuration := state["domainNameConfiguration"].ObjectValue().Copy()
		configuration["targetDomainName"] = resource.NewStringProperty("d-1.execute-api.eu-central-1.amazonaws.com")
		configuration["hostedZoneId"] = resource.NewStringProperty("ZOFAPIS")
		state["domainNameConfiguration"] = resource.NewObjectProperty(configuration)
	case "aws:apigatewayv2/stage:Stage":
		set("invokeUrl", "https://api123.execute-api.eu-central-1.amazonaws.com/")
	}
	return id, state, nil
}

func (m *mocks) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	m.mu.Lock()
	m.invoked = append(m.invoked, args)
	m.mu.Unlock()
	for _, property := range []resource.PropertyKey{"name", "arn"} {
		if args.Args[property].IsString() && m.failures[args.Args[property].StringValue()] != "" {
			return nil, errors.New("reading it: " + m.failures[args.Args[property].StringValue()])
		}
	}
	switch args.Token {
	case "aws:index/getCallerIdentity:getCallerIdentity":
		return resource.PropertyMap{"accountId": resource.NewStringProperty(m.account)}, nil
	case "aws:cloudwatch/getLogGroup:getLogGroup":
		return resource.PropertyMap{"arn": resource.NewStringProperty(logGroupARN(args.Args["name"].StringValue()))}, nil
	case "aws:secretsmanager/getSecretVersion:getSecretVersion":
		return resource.PropertyMap{"secretString": resource.NewStringProperty(secretValue)}, nil
	case "aws:ssm/getParameter:getParameter":
		return resource.PropertyMap{"value": resource.NewStringProperty(secretValue)}, nil
	}
	return nil, nil
}

func logGroupARN(name string) string {
	return "arn:aws:logs:eu-central-1:" + testAccount + ":log-group:" + name
}

// children returns the type and the name of what was registered besides the
// stack and the component, sorted.
func (m *mocks) children() []string {
	var names []string
	for _, r := range m.registered {
		if r.Custom {
			names = append(names, short(r.TypeToken)+" "+r.Name)
		}
	}
	sort.Strings(names)
	return names
}

// find returns the one resource of a type and name.
func (m *mocks) find(t *testing.T, kind, name string) pulumi.MockResourceArgs {
	t.Helper()
	i := slices.IndexFunc(m.registered, func(r pulumi.MockResourceArgs) bool {
		return short(r.TypeToken) == kind && r.Name == name
	})
	if i < 0 {
		t.Fatalf("no %s %q among %q", kind, name, m.children())
	}
	return m.registered[i]
}

// short returns the last element of a type token.
func short(token string) string { return token[strings.LastIndex(token, ":")+1:] }

// deploy runs a program that makes the component, and calls then with it.
func deploy(m *mocks, args *ProtectedHttpApiArgs, then func(*pulumi.Context, *ProtectedHttpApi), opts ...pulumi.ResourceOption) error {
	return pulumi.RunErr(func(ctx *pulumi.Context) error {
		api, err := NewProtectedHttpApi(ctx, "events", args, opts...)
		if err == nil && then != nil {
			then(ctx, api)
		}
		return err
	}, pulumi.WithMocks("events-api", "dev", m))
}

func mustDeploy(t *testing.T, args *ProtectedHttpApiArgs, opts ...pulumi.ResourceOption) *mocks {
	t.Helper()
	m := &mocks{account: testAccount}
	if err := deploy(m, args, nil, opts...); err != nil {
		t.Fatal(err)
	}
	return m
}

// expectInputs compares all of a resource's inputs, so that one too many or
// one too few is seen.
func expectInputs(t *testing.T, r pulumi.MockResourceArgs, want map[string]any) {
	t.Helper()
	got := r.Inputs.Mappable()
	for name := range got {
		if got[name] == nil {
			delete(got, name)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("inputs of %s %q are\n%v\nwant\n%v", short(r.TypeToken), r.Name, got, want)
	}
}
