package live

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestCacheBounds(t *testing.T) {
	t.Parallel()
	key := func(i int) cacheKey { return newCacheKey([]string{fmt.Sprint(i)}) }
	tests := []struct {
		name    string
		puts    int
		context int // bytes
		kept    int
	}{
		{"entries", maxCachedAnswers + 10, 0, maxCachedAnswers},
		{"bytes", 20, maxCachedBytes / 16, 16},
		{"an answer over the bound is not kept", 1, maxCachedBytes + 1, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newResultCache(time.Minute, func() time.Time { return time.Unix(0, 0) })
			context := json.RawMessage(strings.Repeat("x", test.context))
			for i := range test.puts {
				c.put(key(i), answer{allowed: true, context: context})
			}
			if len(c.entries) != test.kept || c.order.Len() != test.kept || c.bytes != test.kept*test.context {
				t.Errorf("%d entries, %d in order, %d bytes; want %d", len(c.entries), c.order.Len(), c.bytes, test.kept)
			}
			// The newest are kept.
			if _, _, ok := c.get(key(test.puts - 1)); ok != (test.kept > 0) {
				t.Errorf("newest kept: %t", ok)
			}
			if _, _, ok := c.get(key(0)); ok {
				t.Error("the oldest is still there")
			}
		})
	}
}

func TestCacheDropsWhatHasExpired(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	c := newResultCache(time.Minute, func() time.Time { return now })
	one, two := newCacheKey([]string{"1"}), newCacheKey([]string{"2"})
	for range 100 {
		c.put(one, answer{context: json.RawMessage(`{}`)})
	}
	if len(c.entries) != 1 || c.bytes != 2 {
		t.Fatalf("%d entries, %d bytes after putting one key often", len(c.entries), c.bytes)
	}
	now = now.Add(time.Minute)
	c.put(two, answer{})
	if len(c.entries) != 1 || c.bytes != 0 {
		t.Errorf("%d entries, %d bytes: the expired one was not dropped", len(c.entries), c.bytes)
	}
	now = now.Add(time.Minute)
	if _, _, ok := c.get(two); ok || len(c.entries) != 0 {
		t.Errorf("got an expired answer, %d entries", len(c.entries))
	}
}

func TestCacheKeysAreApart(t *testing.T) {
	t.Parallel()
	seen := map[cacheKey][]string{}
	for _, values := range [][]string{{}, {""}, {"", ""}, {"ab", "c"}, {"a", "bc"}, {"abc"}, {"a,b"}, {"a", "b"}, {"1:a"}, {"a1:", "b"}, {"a", "1:b"}} {
		key := newCacheKey(values)
		if other, ok := seen[key]; ok {
			t.Errorf("%q and %q have the same key", values, other)
		}
		seen[key] = values
	}
}
