// Package logs is the CloudWatch Logs of the local AWS: log groups, each one a
// file that grows by one record a log event.
//
// It knows nothing of who may write: the Lambda service asks IAM before it appends.
// Retention is kept as a setting and validated as AWS does, but nothing expires,
// because a local AWS does not live for a day.
package logs

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

func notFound(group string) error {
	return awserr.New(awserr.ResourceNotFound, "The specified log group does not exist: %q", group)
}

func invalid(format string, args ...any) error {
	return awserr.New("InvalidParameterException", format, args...)
}

// Service holds the log groups. Its methods may be called concurrently.
type Service struct {
	acct account.Account
	dir  string
	now  func() time.Time

	mu          sync.Mutex
	groups      map[string]*openGroup
	subscribers []Subscriber
	buffer      []byte // of what is being written
	ends        []int  // of the records in it
}

// New returns a service of the account without groups that keeps its files in dir, which it
// creates where it is missing.
func New(acct account.Account, dir string) (*Service, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("finding the log directory %q: %w", dir, err)
	}
	if err := os.MkdirAll(abs, 0o700); err != nil {
		return nil, fmt.Errorf("creating the log directory: %w", err)
	}
	return &Service{acct: acct, dir: abs, now: time.Now, groups: map[string]*openGroup{}}, nil
}

// Close closes the files and leaves them where they are. Without groups, a
// later Append fails with ResourceNotFoundException.
func (s *Service) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, g := range s.groups {
		errs = append(errs, g.file.Close())
	}
	clear(s.groups)
	return errors.Join(errs...)
}

// CreateGroup creates a log group and its empty file. It fails with
// AlreadyExists or InvalidParameterException.
func (s *Service) CreateGroup(g Group) error {
	if err := ValidateGroup(g); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.groups[g.Name]; ok {
		return awserr.New(AlreadyExists, "The specified log group already exists: %q", g.Name)
	}
	path := filepath.Join(s.dir, s.freeFileName(g.Name))
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600) //nolint:gosec // freeFileName leaves no separator in the name
	if err != nil {
		return fmt.Errorf("creating the file of the log group %q: %w", g.Name, err)
	}
	g.Tags = maps.Clone(g.Tags)
	s.groups[g.Name] = &openGroup{Group: g, file: file, created: s.now(), streams: map[string]*stream{}}
	return nil
}

// UpdateGroup replaces the retention and the tags of a group. It fails with
// ResourceNotFoundException or InvalidParameterException.
func (s *Service) UpdateGroup(g Group) error {
	if err := ValidateGroup(g); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.groups[g.Name]
	if !ok {
		return notFound(g.Name)
	}
	g.Tags = maps.Clone(g.Tags)
	old.Group = g
	return nil
}

// DeleteGroup removes a group with its file. It fails with ResourceNotFoundException.
func (s *Service) DeleteGroup(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.groups[name]
	if !ok {
		return notFound(name)
	}
	delete(s.groups, name)
	closeErr := g.file.Close()
	if err := os.Remove(g.file.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the file of the log group %q: %w", name, err)
	}
	return closeErr
}

// Group returns a group as it was created or last updated.
func (s *Service) Group(name string) (Group, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.groups[name]
	if !ok {
		return Group{}, false
	}
	out := g.Group
	out.Tags = maps.Clone(out.Tags)
	return out, true
}

// File returns the absolute path of a group's file, and "" where there is no
// such group.
func (s *Service) File(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g, ok := s.groups[name]; ok {
		return g.file.Name()
	}
	return ""
}

// Append writes one log event. It fails with ResourceNotFoundException where there is no
// such group.
func (s *Service) Append(group, stream string, at time.Time, line string) error {
	return s.AppendAll(group, []Event{{At: at, Stream: stream, Message: line}})
}

// AppendAll writes log events, one after the other. It fails with
// ResourceNotFoundException where there is no such group.
func (s *Service) AppendAll(group string, events []Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.groups[group]
	if !ok {
		return notFound(group)
	}
	// One write for all: a reader that follows the file sees whole records.
	s.buffer = s.buffer[:0]
	s.ends = s.ends[:0]
	for _, e := range events {
		s.buffer = e.append(s.buffer)
		s.ends = append(s.ends, len(s.buffer))
	}
	if _, err := g.file.Write(s.buffer); err != nil {
		return fmt.Errorf("writing to the log group %q: %w", group, err)
	}
	begin := 0
	for i, e := range events {
		g.appended(e.Stream, e.At, int64(s.ends[i]-begin))
		begin = s.ends[i]
	}
	for _, subscriber := range s.subscribers {
		subscriber(group, events)
	}
	return nil
}

// appended keeps account of a record that was written.
func (g *openGroup) appended(name string, at time.Time, size int64) {
	begin := int64(0)
	if n := len(g.marks); n > 0 {
		begin = g.marks[n-1].offset
	}
	if g.size-begin >= markEvery {
		g.marks = append(g.marks, mark{g.size, g.latest})
	}
	st := g.streams[name]
	if st == nil {
		st = &stream{first: at, last: at}
		g.streams[name] = st
	}
	if at.After(st.last) {
		st.last = at
	}
	g.size += size
	g.latest = max(g.latest, at.UnixMilli())
}

// Subscribe has f called with the events that are appended from now on, those that
// are appended together at once, in the order of the files. While f runs nothing else is
// appended, so it must be quick and must not call the service, nor keep the events.
func (s *Service) Subscribe(f Subscriber) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscribers = append(s.subscribers, f)
}

// freeFileName returns the file name of a new group: its name without the
// leading slash and with "_" for the others. Where another group already has
// that name, as /a/b and a_b have, or it is too long for a file system, a part
// of the name's hash makes it distinct.
func (s *Service) freeFileName(group string) string {
	const (
		suffix     = ".log"
		maxLength  = 255 // NAME_MAX of the usual file systems
		hashLength = 16
	)
	base := strings.ReplaceAll(strings.TrimPrefix(group, "/"), "/", "_")
	taken := func(file string) bool {
		for _, g := range s.groups {
			// Case-folded, since file systems of macOS are.
			if strings.EqualFold(filepath.Base(g.file.Name()), file) {
				return true
			}
		}
		return false
	}
	file := base + suffix
	for seed := group; len(file) > maxLength || taken(file); seed += "#" {
		hash := fmt.Sprintf("%x", sha256.Sum256([]byte(seed)))[:hashLength]
		file = base[:min(len(base), maxLength-len(suffix)-hashLength-1)] + "-" + hash + suffix
	}
	return file
}
