package components

import (
	"testing"
	"time"
)

func TestCheckAcceptsTheExample(t *testing.T) {
	t.Parallel()
	if _, m := check(testScope, "events", exampleArgs()); len(m) > 0 {
		t.Error(messages(m))
	}
}

func TestCheckWithoutArguments(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args *ProtectedHttpApiArgs
		want string
	}{
		{"nil", nil, "name: is required\nargs: is required"},
		{"empty", &ProtectedHttpApiArgs{}, "name: is required\nRoutes: at least one is required"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, m := check(testScope, "", test.args)
			if got := messages(m); got != test.want {
				t.Errorf("mistakes are\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestCheckFindsAllMistakes(t *testing.T) {
	t.Parallel()
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"several", func(a *ProtectedHttpApiArgs) {
			a.Defaults.Architecture, a.Defaults.Logging, a.Authorizer.CacheTtl = "arm", &LoggingArgs{RetentionDays: 2}, 2*time.Hour
			a.Routes["GET events"] = a.Routes["GET /events"]
		}, `Defaults.Architecture: "arm" is not one of "arm64", "x86_64"
Defaults.Logging.RetentionDays: 2 is not one of ` + retentionText + `
Routes["GET events"]: path "events" must begin with /
Authorizer.CacheTtl: 2h0m0s is out of range: 0s to 1h`},
	})
}
