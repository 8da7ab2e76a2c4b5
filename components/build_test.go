package components

import (
	"reflect"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/components/golambda"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

func TestCheckTarget(t *testing.T) {
	t.Parallel()
	const variable = "environment variable PROTECTED_HTTP_API_BUILD_TARGET"
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"architecture", func(a *ProtectedHttpApiArgs) { a.Architecture = "amd64" },
			`Architecture: "amd64" is not one of "arm64", "x86_64"`},
	})
	expectMistakes(t, scope{"events-api", "dev", "native"}, exampleArgs, []mistakeTest{
		{"build target", func(*ProtectedHttpApiArgs) {},
			variable + ` is "native": unset it, or set it to "host" for a deployment to the local AWS`},
	})
}

func TestHostTarget(t *testing.T) {
	t.Setenv(contract.EnvBuildTarget, contract.BuildTargetHost)
	target, err := golambda.NewTarget("arm64", contract.BuildTargetHost)
	if err != nil {
		t.Fatal(err)
	}

	local := &mocks{account: contract.LocalAccountID}
	if err := deploy(local, exampleArgs(), nil); err != nil {
		t.Fatal(err)
	}
	if got := local.find(t, "Function", "events-get").Inputs["architectures"].Mappable(); !reflect.DeepEqual(got, []any{target.Architecture()}) {
		t.Errorf("architectures are %v, want %s", got, target.Architecture())
	}

	onAWS := &mocks{account: testAccount}
	err = deploy(onAWS, exampleArgs(), nil)
	want := `environment variable PROTECTED_HTTP_API_BUILD_TARGET is "host", which compiles functions for the local AWS only, ` +
		"but this stack deploys to the AWS account 123456789012: unset the variable"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is\n%v\nwant\n%s", err, want)
	}
	if children := onAWS.children(); len(children) > 0 {
		t.Errorf("registered before the refusal: %q", children)
	}
}

// A configured Linux architecture is allowed in the local account too.
func TestLinuxTargetInTheLocalAccount(t *testing.T) {
	t.Parallel()
	m := &mocks{account: contract.LocalAccountID}
	if err := deploy(m, exampleArgs(), nil); err != nil {
		t.Fatal(err)
	}
	if got := m.find(t, "Function", "events-get").Inputs["architectures"].Mappable(); !reflect.DeepEqual(got, []any{"arm64"}) {
		t.Errorf("architectures are %v, want arm64", got)
	}
}
