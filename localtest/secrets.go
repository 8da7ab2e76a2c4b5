package localtest

import (
	"strings"
	"sync"
)

// secrets are what no message may show.
type secrets struct {
	mu   sync.Mutex
	list []string
}

func (s *secrets) add(list ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, list...)
}

// hide returns a text without secrets.
func (s *secrets) hide(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range s.list {
		text = strings.ReplaceAll(text, secret, "[credential]")
	}
	return text
}
