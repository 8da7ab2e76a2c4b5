package main

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/protected-http-api/protected-http-api/components"
)

const stackURN = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"

// monitor plays the engine's part that resources are registered with, and AWS's answers.
type monitor struct {
	rpc.UnimplementedResourceMonitorServer
	rpc.UnimplementedEngineServer
	address string

	mu         sync.Mutex
	registered map[string]*rpc.RegisterResourceRequest // by type and name
	outputs    map[string]*structpb.Struct
}

func newMonitor(t *testing.T) *monitor {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &monitor{address: listener.Addr().String(), registered: map[string]*rpc.RegisterResourceRequest{}, outputs: map[string]*structpb.Struct{}}
	server := grpc.NewServer()
	rpc.RegisterResourceMonitorServer(server, m)
	rpc.RegisterEngineServer(server, m)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return m
}

func (m *monitor) SupportsFeature(context.Context, *rpc.SupportsFeatureRequest) (*rpc.SupportsFeatureResponse, error) {
	return &rpc.SupportsFeatureResponse{HasSupport: true}, nil
}

func (m *monitor) Log(context.Context, *rpc.LogRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (m *monitor) Invoke(context.Context, *rpc.ResourceInvokeRequest) (*rpc.ResourceInvokeResponse, error) {
	answer, err := structpb.NewStruct(map[string]any{
		"accountId": "123456789012", "arn": "arn:aws:logs:eu-central-1:123456789012:log-group:orders", "value": "a", "secretString": "a",
	})
	return &rpc.ResourceInvokeResponse{Return: answer}, err
}

// RegisterResource answers with the inputs, and what AWS adds.
func (m *monitor) RegisterResource(_ context.Context, req *rpc.RegisterResourceRequest) (*rpc.RegisterResourceResponse, error) {
	req = proto.CloneOf(req)
	req.SourcePosition, req.StackTrace = nil, nil // where in the program it is
	slices.Sort(req.Dependencies)
	for _, of := range req.PropertyDependencies {
		slices.Sort(of.Urns)
	}
	m.mu.Lock()
	m.registered[req.GetType()+" "+req.GetName()] = req
	m.mu.Unlock()
	urn := fmt.Sprintf("urn:pulumi:dev::shop::%s::%s", req.GetType(), req.GetName())
	if !req.GetCustom() {
		return &rpc.RegisterResourceResponse{Urn: urn}, nil
	}
	state := proto.CloneOf(req.GetObject())
	add := func(name, value string) {
		if state.Fields[name] == nil {
			state.Fields[name] = structpb.NewStringValue(value)
		}
	}
	add("name", req.GetName()+"-0a1b2c3")
	add("arn", "arn:aws:x:eu-central-1:123456789012:x/"+req.GetName())
	switch req.GetType() {
	case "aws:lambda/function:Function":
		add("invokeArn", "arn:aws:apigateway:eu-central-1:lambda:path/"+req.GetName())
		add("codeSha256", state.Fields["sourceCodeHash"].GetStringValue())
	case "aws:apigatewayv2/api:Api":
		add("executionArn", "arn:aws:execute-api:eu-central-1:123456789012:api123")
	case "aws:apigatewayv2/stage:Stage":
		add("invokeUrl", "https://api123.execute-api.eu-central-1.amazonaws.com/")
	case "aws:dynamodb/table:Table":
		add("streamArn", state.Fields["arn"].GetStringValue()+"/stream/1")
	}
	return &rpc.RegisterResourceResponse{Urn: urn, Id: req.GetName() + "-id", Object: state}, nil
}

func (m *monitor) RegisterResourceOutputs(_ context.Context, req *rpc.RegisterResourceOutputsRequest) (*emptypb.Empty, error) {
	m.mu.Lock()
	m.outputs[req.GetUrn()] = req.GetOutputs()
	m.mu.Unlock()
	return &emptypb.Empty{}, nil
}

func (m *monitor) SignalAndWaitForShutdown(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// component is what was registered as the component.
func (m *monitor) component(t *testing.T) *rpc.RegisterResourceRequest {
	t.Helper()
	for name, req := range m.registered {
		if strings.HasPrefix(name, components.ProtectedHttpApiType) {
			return req
		}
	}
	t.Fatalf("no component among %d resources", len(m.registered))
	return nil
}

// construct has the plugin make a component of these arguments.
func (m *monitor) construct(t *testing.T, dryRun bool, args resource.PropertyMap, dependencies map[string][]string) (*rpc.ConstructResponse, error) {
	t.Helper()
	inputs, err := plugin.MarshalProperties(args, plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true, KeepOutputValues: true})
	if err != nil {
		t.Fatal(err)
	}
	s := &server{}
	if _, err := s.Attach(t.Context(), &rpc.PluginAttach{Address: m.address}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.host.Close() })
	req := &rpc.ConstructRequest{
		Project: "shop", Stack: "dev", DryRun: dryRun, MonitorEndpoint: m.address, Parallel: 16, Type: components.ProtectedHttpApiType,
		Name: "orders", Parent: stackURN, Inputs: inputs, InputDependencies: map[string]*rpc.ConstructRequest_PropertyDependencies{},
	}
	for name, urns := range dependencies {
		req.InputDependencies[name] = &rpc.ConstructRequest_PropertyDependencies{Urns: urns}
	}
	return s.Construct(t.Context(), req)
}
