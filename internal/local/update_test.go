package local

import "testing"

func TestDiagnostics(t *testing.T) {
	t.Parallel()
	for output, want := range map[string]string{
		"Updating (dev):\n + created\nResources:\n    + 1 created\n\nDuration: 1s\n":                                        "",
		"Updating (dev):\nDiagnostics:\n  f (x):\n    warning: late\n\nOutputs:\n    a: 1\n\nResources:\n    + 1 created\n": "  f (x):\n    warning: late",
		"Updating (dev):\nDiagnostics:\n  f (x):\n    error: no\n\nResources:\n    + 1 created\n":                           "  f (x):\n    error: no",
	} {
		if got := Diagnostics(output); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
