package verify

import (
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/verify"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli/clitest"
)

func TestMain(m *testing.M) { clitest.Main(m, New) }

func TestUsage(t *testing.T) {
	t.Parallel()
	const aLine = "own X-Api-Key: k"
	tests := []struct {
		name  string
		env   []string
		stdin string
		args  []string
		want  string
	}{
		{name: "two deployments", args: []string{"--local", "--api-id", "a"}, want: "--local goes without --api-id and --api-url: the deployment is one of its own"},
		{name: "a credential as an argument", args: []string{"--token", "x"}, want: "unknown flag: --token"},
		{
			name: "clear text", args: []string{"--api-id", "a", "--api-url", "http://a.example"},
			want: `--api-url: the API's URL "http://a.example" takes credentials: it is http to the host "a.example", so that credentials could be read on the way: use https, which only a loopback address such as 127.0.0.1 may do without`,
		},
		{
			name: "credentials twice", env: []string{"PHA_CREDENTIALS=" + aLine}, stdin: aLine, args: []string{"--credentials-stdin"},
			want: "--credentials-stdin and the environment variable PHA_CREDENTIALS are both given",
		},
		{name: "an empty input", args: []string{"--credentials-stdin"}, want: "--credentials-stdin is given, but standard input is empty"},
		{name: "no header", stdin: aLine + "\n\nown secret\n", args: []string{"--credentials-stdin"}, want: "line 3 of the credentials, which is not shown, is not AUTHORIZER HEADER: VALUE"},
		{
			name: "no body", args: []string{"--body", "POST /a"},
			want: `invalid argument "POST /a" for "--body" flag: "POST /a" is not route=body, each route once, such as POST /orders={}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := clitest.RunInput(t, tt.stdin, tt.env, tt.args...); got != clitest.UsageError("verify", tt.want) {
				t.Errorf("got %+v, want %s", got, tt.want)
			}
		})
	}
}

// TestSign: the token has what the authorizer demands.
func TestSign(t *testing.T) {
	t.Parallel()
	key, err := authz.NewHMACKey(authz.HS256, "", []byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := sign(&verify.Authorizer{Accepts: `{"issuer":"i","audience":"a","permissionsClaim":"p"}`}, func(string) (authz.Key, error) { return key, nil })
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := authz.NewJWT(authz.JWTConfig{Keys: authz.StaticKeys{key}, Issuer: "i", Audience: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifier.Verify(t.Context(), authz.Request{}, authz.NewCredential(authz.BearerScheme, signed)); err != nil {
		t.Error(err)
	}
	_, claims, err := authz.UnverifiedJWT(signed)
	var all []string
	if err != nil || claims.Decode("p", &all) != nil || len(all) != 1 || all[0] != "*" {
		t.Errorf("the permissions are %q, %v", all, err)
	}
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	clitest.Endpoints(t, "apigateway", "apigateway-fips.us-east-1.api.aws", "--api-id", "a1b2c3d4e5")
}
