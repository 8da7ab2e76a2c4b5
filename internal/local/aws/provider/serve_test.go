package provider

import (
	"os"
	"strings"
	"testing"

	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
)

// Another user who finds the port creates nothing: the code of a function would
// run as the developer.
func TestServeRefusesAnotherUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tests := []struct {
		name string
		user int
		code codes.Code
		line string
	}{
		{"the developer", os.Geteuid(), codes.OK, ""},
		{"another", os.Geteuid() + 1, codes.Unavailable, "REFUSED a connection from 127.0.0.1:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out consoletest.Buffer
			s, err := serve(w.Services, console.New(&out), tt.user)
			if err != nil {
				t.Fatal(err)
			}
			conn, err := grpc.NewClient("127.0.0.1"+strings.TrimPrefix(s.DebugProviders(), "aws"), grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				t.Fatal(err)
			}
			_, err = rpc.NewResourceProviderClient(conn).Configure(t.Context(), &rpc.ConfigureRequest{})
			if status.Code(err) != tt.code {
				t.Errorf("the call ends with %v, want %v", err, tt.code)
			}
			if got := out.String(); !strings.Contains(got, tt.line) || (got == "") != (tt.line == "") {
				t.Errorf("the console says %s", got)
			}
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
