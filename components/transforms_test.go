package components

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
)

// transform has the transforms of a resource's parent change its inputs, as the
// engine does; Pulumi's mocks leave it out.
func (m *mocks) transform(args *pulumi.MockResourceArgs) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	rpc := args.RegisterRPC
	if !args.Custom {
		m.transforms = append(m.transforms, rpc.GetTransforms()...)
		return nil
	}
	for _, callback := range m.transforms {
		properties, err := invoke(callback, &pulumirpc.TransformRequest{
			Type: args.TypeToken, Name: args.Name, Custom: true, Parent: rpc.GetParent(),
			Properties: rpc.GetObject(), Options: &pulumirpc.TransformResourceOptions{},
		})
		if err != nil {
			return fmt.Errorf("transforming %s: %w", args.Name, err)
		}
		args.Inputs = properties
	}
	return nil
}

// invoke calls a transform in the program.
func invoke(callback *pulumirpc.Callback, request *pulumirpc.TransformRequest) (resource.PropertyMap, error) {
	connection, err := grpc.NewClient(callback.GetTarget(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	defer connection.Close() //nolint:errcheck // of a test
	message, err := proto.Marshal(request)
	if err != nil {
		return nil, err
	}
	answer, err := pulumirpc.NewCallbacksClient(connection).Invoke(context.Background(), &pulumirpc.CallbackInvokeRequest{Token: callback.GetToken(), Request: message})
	if err != nil {
		return nil, err
	}
	var response pulumirpc.TransformResponse
	if err := proto.Unmarshal(answer.GetResponse(), &response); err != nil {
		return nil, err
	}
	return plugin.UnmarshalProperties(response.GetProperties(), plugin.MarshalOptions{KeepUnknowns: true})
}
