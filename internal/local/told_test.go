package local

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// TestTold: a step whose output is not shown says now and then that it still runs.
func TestTold(t *testing.T) {
	t.Parallel()
	errFailed := errors.New("failed")
	for name, tt := range map[string]struct {
		shown bool // what Pulumi says is
		err   error
		want  string
	}{
		"hidden": {want: "  pulumi up: 5s\n  pulumi up: 10s\npulumi up: ready in 12s\n"},
		"failed": {err: errFailed, want: "  pulumi up: 5s\n  pulumi up: 10s\n"},
		"shown":  {shown: true, want: "pulumi up: ready in 12s\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var progress bytes.Buffer
				d := &Deployment{opts: Options{Progress: &progress, Output: io.Discard}}
				if tt.shown {
					d.opts.Output = &progress
				}
				err := d.told("pulumi up", func() error {
					time.Sleep(12 * time.Second)
					return tt.err
				})
				if !errors.Is(err, tt.err) || progress.String() != tt.want {
					t.Errorf("got %v, told %q, want %q", err, progress.String(), tt.want)
				}
			})
		})
	}
}
