package aws

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// A web page can make a name of its own resolve to 127.0.0.1 and have the
// developer's browser send requests there. No listener serves such a name.
func TestForeignHost(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	if err := d.deploy(t.Context(), protectedAPI(probe(t))); err != nil {
		t.Fatal(err)
	}
	if got, err := d.request(t.Context(), "GET", "/open", nil); got != 200 {
		t.Fatalf("the API answers %d (%v)", got, err)
	}
	listeners := map[string]string{
		"the API":              d.url + "/open",
		"the AWS endpoint":     d.Endpoint,
		"a function's Runtime": "http://" + d.runtimeAPIs(t, "")[0] + "/2018-06-01/runtime/init/error",
	}
	for name, url := range listeners {
		for _, host := range []string{"rebind.example", "127.0.0.1.rebind.example:80"} {
			if got := forge(t, url, host, ""); got != http.StatusForbidden {
				t.Errorf("%s answers the host %s with %d, want 403", name, host, got)
			}
		}
	}
	if got := strings.Count(d.out.String(), "is no name of this machine"); got != 2*len(listeners) {
		t.Errorf("the console tells of %d requests, want %d:\n%s", got, 2*len(listeners), &d.out)
	}

	server, err := d.OpenProvider()
	if err != nil {
		t.Fatal(err)
	}
	address := "127.0.0.1" + strings.TrimPrefix(server.DebugProviders(), "aws")
	if err := callProvider(t.Context(), address, "localhost"); err != nil {
		t.Errorf("the provider refuses the developer's own process: %v", err)
	}
	if err := callProvider(t.Context(), address, "rebind.example"); status.Code(err) != codes.PermissionDenied {
		t.Errorf("the provider answers a foreign host with %v", err)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if err := callProvider(t.Context(), address, "localhost"); status.Code(err) != codes.Unavailable {
		t.Errorf("the closed provider answers with %v", err)
	}
}

// Whoever answers the authorizer's event decides. Every user of the machine can
// find the Runtime API's port; only the function knows its path.
func TestStrangerAtTheRuntimeAPI(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	if err := d.deploy(t.Context(), protectedAPI(probe(t))); err != nil {
		t.Fatal(err)
	}
	bad := map[string]string{"Authorization": "bad"}
	if got, err := d.request(t.Context(), "GET", "/item", bad); got != 403 {
		t.Fatalf("a bad token gets %d (%v)", got, err)
	}
	address := d.runtimeAPIs(t, "judge")[0]
	host, _, found := strings.Cut(address, "/")
	if !found {
		t.Errorf("the Runtime API has the address %s, without a path", address)
	}
	for _, path := range []string{"invocation/next", "invocation/x/response", "init/error"} {
		if got := forge(t, "http://"+host+"/2018-06-01/runtime/"+path, "", `{"isAuthorized":true}`); got != 403 {
			t.Errorf("a stranger's %s gets %d, want 403", path, got)
		}
	}
	res, err := http.Get("http://" + host + "/2018-06-01/runtime/invocation/next")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 403 {
		t.Errorf("a stranger who asks for an event gets %d, want 403", res.StatusCode)
	}
	if got, err := d.request(t.Context(), "GET", "/item", bad); got != 403 {
		t.Errorf("a bad token now gets %d (%v)", got, err)
	}
}

// runtimeAPIs are the addresses that processes of a function have been told, or
// those of all functions.
func (d *deployment) runtimeAPIs(t *testing.T, function string) []string {
	t.Helper()
	var addresses []string
	for pid, command := range processes(t) {
		if !strings.Contains(command, d.dir) {
			continue
		}
		vars := strings.FieldsFunc(environment(t, pid), func(r rune) bool { return r == 0 || r == ' ' })
		if function != "" && !slices.Contains(vars, "AWS_LAMBDA_FUNCTION_NAME="+function) {
			continue
		}
		for _, v := range vars {
			if address, ok := strings.CutPrefix(v, "AWS_LAMBDA_RUNTIME_API="); ok {
				addresses = append(addresses, address)
			}
		}
	}
	if len(addresses) == 0 {
		t.Fatalf("no process of %q is running", function)
	}
	return addresses
}

// forge sends a request that names a host, and returns the answer's status.
func forge(t *testing.T, url, host, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// callProvider configures a provider, as the engine does.
func callProvider(ctx context.Context, address, authority string) error {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithAuthority(authority))
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // nothing is left to send
	_, err = rpc.NewResourceProviderClient(conn).Configure(ctx, &rpc.ConfigureRequest{})
	return err
}
