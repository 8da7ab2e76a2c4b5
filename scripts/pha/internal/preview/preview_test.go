package preview

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli/clitest"
)

func TestMain(m *testing.M) { clitest.Main(m, New) }

func TestTell(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		plan local.Plan
		want string
	}{
		{local.Plan{Same: 3}, "0 created, 0 updated, 0 replaced, 0 deleted, 3 unchanged\n"},
		{
			local.Plan{Same: 3, Secrets: []string{"own", "other"}, Changes: []local.Change{
				{Type: "aws:dynamodb/table:Table", Name: "t", ID: "t-1", Kind: local.Replace, Properties: []string{"hashKey"}},
				{Type: "aws:apigatewayv2/route:Route", Name: "GET /a", ID: "r1", Kind: local.Delete},
				{Type: "aws:iam/role:Role", Name: "r", Kind: local.Create},
				{Type: "aws:lambda/function:Function", Name: "f", ID: "f-1", Kind: local.Update, Properties: []string{"code", "timeout"}},
			}},
			`THIS IS LOST, with all that it holds:
!!! REPLACE Table        t [hashKey], which is t-1
!!! DELETE  Route        GET /a, which is r1

  + create  Role         r
  ~ update  Function     f [code, timeout]

1 created, 1 updated, 1 replaced, 1 deleted, 3 unchanged
Not compared: the secret values of own, other
`,
		},
	} {
		var got strings.Builder
		if err := tell(&got, &tt.plan); err != nil || got.String() != tt.want {
			t.Errorf("got %v, %s", err, &got)
		}
	}
}

// Where the user's Pulumi has no state, what it says is shown with the cure.
func TestNoState(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pulumi"), []byte("#!/bin/sh\necho \"error: no login: $*\" >&2; exit 255\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	const want = "pha preview: the state of the stack acme/shop/prod could not be had: pulumi stack export says: error: no login: stack export --stack acme/shop/prod --cwd . --non-interactive: log in with pulumi login, or give a file that it has written with --state, an empty one for a new stack\n"
	got := clitest.Run(t, []string{"PATH=" + dir + ":" + os.Getenv("PATH")}, "--stack", "acme/shop/prod")
	if got.Code != 1 || got.Stderr != want || got.Stdout != "" {
		t.Errorf("got %+v", got)
	}
	got = clitest.Run(t, nil, "--state", filepath.Join(dir, "none"))
	if want := "pha preview: reading the state: open " + dir + "/none: no such file or directory\n"; got.Code != 1 || got.Stderr != want {
		t.Errorf("got %+v", got)
	}
}
