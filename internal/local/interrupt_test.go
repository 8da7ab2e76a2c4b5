package local

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"testing"
)

// trigger calls a function once a text has been written.
type trigger struct {
	text string
	call func()
	seen []byte
}

func (w *trigger) Write(p []byte) (int, error) {
	w.seen = append(w.seen, p...)
	if bytes.Contains(w.seen, []byte(w.text)) {
		w.call()
	}
	return len(p), nil
}

// An interrupt while Pulumi deploys ends everything and leaves nothing behind.
func TestInterrupted(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	interrupted := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	progress := &trigger{text: "creating (", call: func() { cancel(interrupted) }}
	_, err := Start(ctx, Options{Project: repository, Stack: "dev", Progress: progress, Console: io.Discard})
	if !errors.Is(err, interrupted) || err.Error() != "pulumi up: interrupted" {
		t.Errorf("the error is %v, want pulumi up: interrupted", err)
	}
	left, err := os.ReadDir(temp)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		t.Errorf("%s is left behind", entry.Name())
	}
}
