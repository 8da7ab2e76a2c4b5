package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/protected-http-api/protected-http-api/components"
)

// server is the plugin as Pulumi's engine sees it.
//
// The engine starts it in the folder of the program, wherever in the program the
// component is: relative paths among the arguments begin there.
type server struct {
	rpc.UnimplementedResourceProviderServer
	host *provider.HostClient
}

// Attach connects to an engine that has not started the plugin itself.
func (s *server) Attach(_ context.Context, req *rpc.PluginAttach) (*emptypb.Empty, error) {
	host, err := provider.NewHostClient(req.GetAddress())
	if err != nil {
		return nil, fmt.Errorf("connecting to the engine: %w", err)
	}
	s.host = host
	return &emptypb.Empty{}, nil
}

// Cancel has nothing to do: the engine's end is the plugin's.
func (s *server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// GetPluginInfo says which release it is.
func (s *server) GetPluginInfo(context.Context, *emptypb.Empty) (*rpc.PluginInfo, error) {
	return &rpc.PluginInfo{Version: version}, nil
}

// GetSchema returns the package's schema.
func (s *server) GetSchema(_ context.Context, req *rpc.GetSchemaRequest) (*rpc.GetSchemaResponse, error) {
	if v := req.GetVersion(); v != 0 {
		return nil, fmt.Errorf("there is no schema version %d", v)
	}
	return &rpc.GetSchemaResponse{Schema: versionedSchema()}, nil
}

// Configure asks the engine to say of each value in the arguments whether it is known,
// whether it is a secret and which resources it comes from.
func (s *server) Configure(context.Context, *rpc.ConfigureRequest) (*rpc.ConfigureResponse, error) {
	return &rpc.ConfigureResponse{AcceptSecrets: true, AcceptResources: true, AcceptOutputs: true, SupportsPreview: true}, nil
}

// Construct makes a component.
func (s *server) Construct(ctx context.Context, req *rpc.ConstructRequest) (*rpc.ConstructResponse, error) {
	if req.GetType() != components.ProtectedHttpApiType {
		return nil, fmt.Errorf("the package %s has no resource %s: it has %s", packageName, req.GetType(), components.ProtectedHttpApiType)
	}
	properties, err := plugin.UnmarshalProperties(req.GetInputs(), plugin.MarshalOptions{
		KeepSecrets: true, KeepResources: true, KeepUnknowns: true, KeepOutputValues: true,
	})
	if err != nil {
		return nil, fmt.Errorf("reading the arguments: %w", err)
	}
	late := resource.PropertyMap{}
	if _, err := read(properties, func(path string, value resource.Output) pulumi.StringInput {
		late[resource.PropertyKey(path)] = resource.NewProperty(value)
		return nil
	}); err != nil {
		return nil, err
	}
	req, err = handOver(req, late)
	if err != nil {
		return nil, err
	}
	return provider.Construct(ctx, req, s.host.EngineConn(), func(ctx *pulumi.Context, _, name string, inputs provider.ConstructInputs, options pulumi.ResourceOption) (*provider.ConstructResult, error) {
		var outputs struct {
			Late map[string]pulumi.StringInput `pulumi:"late"`
		}
		if err := inputs.CopyTo(&outputs); err != nil {
			return nil, fmt.Errorf("reading the arguments: %w", err)
		}
		args, err := read(properties, func(path string, _ resource.Output) pulumi.StringInput { return outputs.Late[path] })
		if err != nil {
			return nil, err
		}
		component, err := components.NewProtectedHttpApi(ctx, name, args, options)
		if err != nil {
			return nil, errors.New(mistakesInWords(err.Error()))
		}
		return provider.NewConstructResult(component)
	})
}

// handOver returns the request with nothing but those arguments that Pulumi's SDK has
// to make outputs of. What other arguments depend on, the component depends on.
func handOver(req *rpc.ConstructRequest, late resource.PropertyMap) (*rpc.ConstructRequest, error) {
	req = proto.CloneOf(req)
	dependencies := map[string]bool{}
	for _, of := range req.GetInputDependencies() {
		for _, urn := range of.GetUrns() {
			dependencies[urn] = true
		}
	}
	for _, value := range late {
		for _, urn := range value.OutputValue().Dependencies {
			delete(dependencies, string(urn))
		}
	}
	req.InputDependencies = nil
	req.Dependencies = append(req.Dependencies, slices.Sorted(maps.Keys(dependencies))...)
	inputs, err := plugin.MarshalProperties(resource.PropertyMap{"late": resource.NewProperty(late)}, plugin.MarshalOptions{
		KeepSecrets: true, KeepResources: true, KeepUnknowns: true, KeepOutputValues: true,
	})
	if err != nil {
		return nil, fmt.Errorf("handing over the arguments: %w", err)
	}
	req.Inputs = inputs
	return req, nil
}
