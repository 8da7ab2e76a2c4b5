package logs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 7_900_000, time.FixedZone("CET", 3600))

func newService(t *testing.T) *Service {
	t.Helper()
	s, err := New(local, filepath.Join(t.TempDir(), "logs"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestLifeOfAGroup(t *testing.T) {
	t.Parallel()
	s := newService(t)
	group := Group{Name: "/aws/lambda/x", RetentionDays: 14, Tags: map[string]string{"a": "b"}}
	if err := s.CreateGroup(group); err != nil {
		t.Fatal(err)
	}
	if got, ok := s.Group(group.Name); !ok || !reflect.DeepEqual(got, group) {
		t.Errorf("Group = %v, %v", got, ok)
	}
	if err := s.CreateGroup(group); !awserr.Has(err, AlreadyExists) ||
		err.Error() != `ResourceAlreadyExistsException: The specified log group already exists: "/aws/lambda/x"` {
		t.Errorf("second CreateGroup = %v", err)
	}
	group.RetentionDays = 30
	if err := s.UpdateGroup(group); err != nil {
		t.Fatal(err)
	}
	if got, ok := s.Group(group.Name); !ok || got.RetentionDays != 30 {
		t.Errorf("Group = %v, %v", got, ok)
	}
	file := s.File(group.Name)
	if filepath.Base(file) != "aws_lambda_x.log" {
		t.Errorf("File = %q", file)
	}
	if err := s.DeleteGroup(group.Name); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
	if got := s.File(group.Name); got != "" {
		t.Errorf("File after deletion = %q", got)
	}
}

func TestUnknownGroup(t *testing.T) {
	t.Parallel()
	s := newService(t)
	tests := []struct {
		name string
		err  error
	}{
		{"append", s.Append("/g", "s", noon, "m")},
		{"update", s.UpdateGroup(Group{Name: "/g"})},
		{"delete", s.DeleteGroup("/g")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const want = `ResourceNotFoundException: The specified log group does not exist: "/g"`
			if !awserr.Has(tt.err, awserr.ResourceNotFound) || tt.err.Error() != want {
				t.Errorf("got %v, want %s", tt.err, want)
			}
		})
	}
}

func TestInvalidGroups(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		group Group
		want  string
	}{
		{"empty name", Group{}, `InvalidParameterException: 1 validation error detected: Value "" at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+ with 1 to 512 characters`},
		{"space", Group{Name: "a b"}, `InvalidParameterException: 1 validation error detected: Value "a b" at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+ with 1 to 512 characters`},
		{"retention", Group{Name: "a", RetentionDays: 2}, `InvalidParameterException: 1 validation error detected: Value '2' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653]; 0 keeps the events for ever`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			if err := s.CreateGroup(tt.group); err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestFileNamesAreDistinct(t *testing.T) {
	t.Parallel()
	s := newService(t)
	long := strings.Repeat("x", 511)
	seen := map[string]string{}
	for _, name := range []string{"/a/b", "a_b", "/a_b", "a/b", "A/B", "..", "/", long + "1", long + "2"} {
		if err := s.CreateGroup(Group{Name: name}); err != nil {
			t.Fatal(err)
		}
		file := s.File(name)
		if filepath.Dir(file) != s.dir {
			t.Errorf("the file of %q is outside of the directory: %q", name, file)
		}
		key := strings.ToLower(file)
		if other, taken := seen[key]; taken {
			t.Errorf("%q and %q have the file %q", name, other, file)
		}
		seen[key] = name
	}
}

func TestAppend(t *testing.T) {
	t.Parallel()
	s := newService(t)
	if err := s.CreateGroup(Group{Name: "/g"}); err != nil {
		t.Fatal(err)
	}
	var live []string
	s.Subscribe(func(group string, events []Event) {
		for _, e := range events {
			live = append(live, fmt.Sprint(group, e.Stream, e.At.Equal(noon), e.Message))
		}
	})
	for _, line := range []string{"one", "two\nlines", ""} {
		if err := s.Append("/g", "2026/03/04/[$LATEST]ab", noon, line); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(s.File("/g"))
	if err != nil {
		t.Fatal(err)
	}
	const prefix = "2026-03-04T11:00:00.007Z 2026/03/04/[$LATEST]ab "
	if want := prefix + "one\n" + prefix + "two\n\tlines\n" + prefix + "\n"; string(content) != want {
		t.Errorf("file:\n%s\nwant:\n%s", content, want)
	}
	if len(live) != 3 || live[1] != "/g2026/03/04/[$LATEST]abtruetwo\nlines" {
		t.Errorf("live log: %q", live)
	}
}

func TestConcurrentAppends(t *testing.T) {
	t.Parallel()
	s := newService(t)
	if err := s.CreateGroup(Group{Name: "/g"}); err != nil {
		t.Fatal(err)
	}
	const writers, each = 8, 50
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				if err := s.Append("/g", "s", noon, strings.Repeat("y", 5000)+"\nz"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	file, err := os.Open(s.File("/g"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	n := 0
	for e, err := range records(file, 0) {
		if err != nil || len(e.Message) != 5002 {
			t.Fatalf("event %d: %v, %d bytes", n, err, len(e.Message))
		}
		n++
	}
	if n != writers*each {
		t.Errorf("%d events, want %d", n, writers*each)
	}
}
