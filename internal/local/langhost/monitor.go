package langhost

import (
	"context"
	"fmt"
	"net"
	"os"

	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/loopback"
)

// monitor stands between a program and the engine's resource monitor: it hands on every
// call as it is, but for the reading of a stack reference.
type monitor struct {
	*grpc.Server
	address string

	engine     *grpc.ClientConn
	project    string
	references StackReferences
}

// serveMonitor starts one, on a free port of the loopback interface.
func serveMonitor(engine, project string, opts Options) (*monitor, error) {
	conn, err := dial(engine)
	if err != nil {
		return nil, err
	}
	listener, err := loopback.Listen(0)
	if err != nil {
		return nil, fmt.Errorf("starting the monitor of the program: %w", err)
	}
	m := &monitor{address: listener.Addr().(*net.TCPAddr).String(), engine: conn, project: project, references: opts.References}
	m.Server = grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage), grpc.Creds(loopback.Own(os.Geteuid(), opts.Console)),
		grpc.ForceServerCodec(raw{}), grpc.UnknownServiceHandler(m.serve))
	go func() { _ = m.Serve(listener) }()
	return m, nil
}

// Stop stops the server and leaves the engine.
func (m *monitor) Stop() {
	m.Server.Stop()
	_ = m.engine.Close()
}

// serve answers one call. All calls of a monitor are of one message in and one out.
func (m *monitor) serve(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	var request []byte
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	ctx := stream.Context()
	if method == rpc.ResourceMonitor_ReadResource_FullMethodName {
		read := &rpc.ReadResourceRequest{}
		if err := proto.Unmarshal(request, read); err != nil {
			return status.Errorf(codes.InvalidArgument, "reading a resource: %v", err)
		}
		if read.GetType() == referenceType {
			answer, err := m.reference(ctx, read)
			if err != nil {
				return err
			}
			return stream.SendMsg(answer)
		}
	}
	if md, ok := metadata.FromIncomingContext(ctx); ok {
		ctx = metadata.NewOutgoingContext(ctx, md.Copy())
	}
	var answer []byte
	if err := m.engine.Invoke(ctx, method, &request, &answer, grpc.ForceCodec(raw{})); err != nil {
		return err // with the engine's status
	}
	return stream.SendMsg(&answer)
}

// register has the engine know a resource that has no provider, with outputs.
func (m *monitor) register(ctx context.Context, request *rpc.RegisterResourceRequest, outputs *rpc.RegisterResourceOutputsRequest) (string, error) {
	client := rpc.NewResourceMonitorClient(m.engine)
	registered, err := client.RegisterResource(ctx, request)
	if err != nil {
		return "", err
	}
	outputs.Urn = registered.GetUrn()
	_, err = client.RegisterResourceOutputs(ctx, outputs)
	return registered.GetUrn(), err
}

// raw is the codec of calls that are handed on: their messages stay bytes.
type raw struct{}

func (raw) Name() string { return "proto" }

func (raw) Marshal(v any) ([]byte, error) {
	switch v := v.(type) {
	case *[]byte:
		return *v, nil
	case proto.Message:
		return proto.Marshal(v)
	}
	return nil, fmt.Errorf("a message is a %T", v)
}

func (raw) Unmarshal(data []byte, v any) error {
	switch v := v.(type) {
	case *[]byte:
		*v = append([]byte(nil), data...)
		return nil
	case proto.Message:
		return proto.Unmarshal(data, v)
	}
	return fmt.Errorf("a message is a %T", v)
}
