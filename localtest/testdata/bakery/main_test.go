package main

import (
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// mocks keep what the program registers. Nothing is deployed.
type mocks struct {
	mu        sync.Mutex
	resources map[string]resource.PropertyMap // inputs, by type and name
}

func (m *mocks) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, kind, _ := strings.Cut(args.TypeToken, "/")
	m.resources[kind+" "+args.Name] = args.Inputs
	state := args.Inputs.Copy()
	state["name"], state["arn"] = resource.NewProperty(args.Name), resource.NewProperty("arn:aws:mock:::"+args.Name)
	state["codeSha256"] = args.Inputs["sourceCodeHash"] // as where AWS has the uploaded code
	return args.Name + "-id", state, nil
}

func (m *mocks) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.PropertyMap{
		"accountId": resource.NewProperty("123456789012"), "region": resource.NewProperty("eu-central-1"), "name": resource.NewProperty("eu-central-1"),
		"partition": resource.NewProperty("aws"), "json": resource.NewProperty("{}"),
	}, nil
}

func TestProgram(t *testing.T) {
	m := &mocks{resources: map[string]resource.PropertyMap{}}
	config := func(info *pulumi.RunInfo) {
		info.Config = map[string]string{"bakery:authorizerTtl": "5m", "bakery:openCancel": "false"}
	}
	if err := pulumi.RunErr(deploy, pulumi.WithMocks("bakery", "dev", m), config); err != nil {
		t.Fatal(err)
	}
	authorizer := m.resources["authorizer:Authorizer bakery-tokens"]
	if ttl := authorizer["authorizerResultTtlInSeconds"]; !ttl.IsNumber() || ttl.NumberValue() != 300 {
		t.Errorf("answers of the authorizer are reused for %v s", ttl)
	}
	for name, inputs := range m.resources {
		if strings.HasPrefix(name, "function:Function ") && !strings.Contains(inputs["architectures"].String(), "arm64") {
			t.Errorf("%s is not for arm64", name)
		}
	}
	if len(m.resources) < 40 {
		t.Errorf("only %d resources", len(m.resources))
	}
}
