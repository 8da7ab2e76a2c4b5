package components

import "testing"

const retentionText = "1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653"

func TestCheckLogRetention(t *testing.T) {
	t.Parallel()
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"retention", func(a *ProtectedHttpApiArgs) { a.Defaults.Logging = &LoggingArgs{RetentionDays: 31} },
			"Defaults.Logging.RetentionDays: 31 is not one of " + retentionText},
		{"negative retention", func(a *ProtectedHttpApiArgs) { a.Defaults.Logging = &LoggingArgs{RetentionDays: -1} },
			"Defaults.Logging.RetentionDays: -1 is not one of " + retentionText},
	})
}
