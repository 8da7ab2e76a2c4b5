package logs

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// TestReadWhileWritten: whoever reads while others write sees whole events,
// each once, and in the end all of them.
func TestReadWhileWritten(t *testing.T) {
	t.Parallel()
	s := newService(t)
	if err := s.CreateGroup(Group{Name: "/g"}); err != nil {
		t.Fatal(err)
	}
	const writers, each = 4, 100
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if err := s.Append("/g", fmt.Sprint("s", w), noon.Add(time.Duration(i)*time.Millisecond), fmt.Sprintf("%d\n%d", w, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	written := make(chan struct{})
	go func() { wg.Wait(); close(written) }()
	read := func() map[string]bool {
		seen := map[string]bool{}
		for token := ""; ; {
			page, err := do(s, "FilterLogEvents", fmt.Sprintf(`{"logGroupName":"/g","limit":50,"nextToken":%q}`, token))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Events {
				if seen[e.Message] || len(e.Message) < 3 {
					t.Errorf("got %q twice or in part", e.Message)
				}
				seen[e.Message] = true
			}
			if token = page.NextToken; token == "" {
				return seen
			}
		}
	}
	for done := false; !done; {
		select {
		case <-written:
			done = true
		default:
		}
		read()
	}
	if n := len(read()); n != writers*each {
		t.Errorf("%d events, want %d", n, writers*each)
	}
}
