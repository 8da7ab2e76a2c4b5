package components

import (
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/components/golambda"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

func TestCheckTarget(t *testing.T) {
	t.Parallel()
	const variable = "environment variable PROTECTED_HTTP_API_BUILD_TARGET"
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"architecture", func(a *ProtectedHttpApiArgs) { a.Defaults.Architecture = "amd64" },
			`Defaults.Architecture: "amd64" is not one of "arm64", "x86_64"`},
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

// Every option of a function's build reaches the build.
func TestGoPackage(t *testing.T) {
	t.Parallel()
	f := functionPlan{args: FunctionArgs{
		Package: "handlers/get",
		Build:   &BuildArgs{Tags: []string{"prod"}, LdFlags: []string{"-X=main.version=1"}, GoExperiment: "jsonv2", GoFips140: "latest"},
	}}
	want := golambda.Package{
		Path: "handlers/get", BuildTags: []string{"prod"}, LdFlags: []string{"-X=main.version=1"}, Experiment: "jsonv2", FIPS140: "latest",
	}
	if got := f.goPackage(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestGoVersion(t *testing.T) {
	t.Parallel()
	p := plan{functions: []*functionPlan{
		{archive: golambda.Archive{GoVersion: "go1.26.8"}}, {archive: golambda.Archive{GoVersion: "go1.25.1"}},
		{archive: golambda.Archive{GoVersion: "go1.26.8"}}, {},
	}}
	if got, want := p.goVersions(), []string{"go1.25.1", "go1.26.8"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	got := make(chan string, 1)
	if err := deploy(&mocks{}, exampleArgs(), func(_ *pulumi.Context, api *ProtectedHttpApi) {
		api.GoVersion.ApplyT(func(version string) error {
			got <- version
			return nil
		})
	}); err != nil {
		t.Fatal(err)
	}
	if version := <-got; version != runtime.Version() {
		t.Errorf("the output is %q, want %q", version, runtime.Version())
	}
}

// A tag in GOFLAGS is neither passed on nor dropped in silence.
func TestBuildTagsInGOFLAGS(t *testing.T) {
	t.Setenv("GOFLAGS", "-tags=prod")
	err := deploy(&mocks{}, exampleArgs(), nil)
	want := `environment variable GOFLAGS has "-tags=prod", which changes the functions' binaries: name the tag "prod" in the Build.Tags of all functions`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the error is\n%v\nwant\n%s", err, want)
	}
}
