package local

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	localaws "github.com/protected-http-api/protected-http-api/internal/local/aws"
)

// The log of an invocation is found, however long ago it was, and after its function has
// gone, as long as the log has not.
func TestInvocationLines(t *testing.T) {
	t.Parallel()
	aws, err := localaws.Start(localaws.Config{Region: "eu-central-1", Temp: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := aws.Close(); err != nil {
			t.Error(err)
		}
	})
	const event = "2026-01-01T00:00:00.000Z 2026/01/01/[$LATEST]%s %s\n"
	run := func(id string) string {
		return fmt.Sprintf(event, "1", "START RequestId: "+id+" Version: $LATEST") + fmt.Sprintf(event, "2", "of another environment") +
			fmt.Sprintf(event, "1", "line of "+id+"\n\tgoes on") + fmt.Sprintf(event, "1", "END RequestId: "+id)
	}
	filler := strings.Repeat(fmt.Sprintf(event, "1", strings.Repeat("x", 1000)), logTail/1000)
	file := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(file, []byte(run("old")+filler+run("new")), 0o600); err != nil {
		t.Fatal(err)
	}
	d := Deployment{AWS: aws}
	d.logFiles.Store("create", file)
	const arn = "arn:aws:lambda:eu-central-1:000000000000:function:create"
	for id, want := range map[string][]string{"old": {"line of old\ngoes on"}, "new": {"line of new\ngoes on"}, "none": nil} {
		if got, err := d.InvocationLines(arn, id); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", id, got, err)
		}
	}
	if tail, err := d.functionTail("create", logTail); err != nil || len(tail) > logTail || strings.Contains(string(tail), "old") || !strings.HasPrefix(string(tail), "2026-01-01T") {
		t.Errorf("the tail has %d bytes, %.40s, %v", len(tail), tail, err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	for function, want := range map[string]string{arn: "the log of create is gone with the function", strings.ReplaceAll(arn, "create", "other"): `there is no function "other"`} {
		if _, err := d.InvocationLines(function, "old"); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
