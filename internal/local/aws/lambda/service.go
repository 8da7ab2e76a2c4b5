package lambda

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/logs"
)

// Roles is what the service needs of IAM; *iam.Service is one.
type Roles interface {
	// AssumeRole gives new credentials of a role to a service that the role
	// trusts.
	AssumeRole(roleARN, servicePrincipal, sessionName string) (iam.Credentials, iam.Identity, error)
	// Revoke makes credentials invalid.
	Revoke(accessKeyID string)
	// Authorize fails with awserr.AccessDenied where the identity's
	// policies do not allow the action on the resource.
	Authorize(id iam.Identity, action, resource string) error
}

var _ Roles = (*iam.Service)(nil)

// Options are the settings of a Service.
type Options struct {
	Account account.Account
	IAM     Roles
	Logs    *logs.Service
	// Console is told of what is refused. Defaults to nil: nothing is written.
	Console *console.Console
	// Dir is a scratch folder for unpacked code and temporary files, made by New
	// and removed by Close.
	Dir string
	// EndpointURL is the address of the local AWS, which functions find in
	// AWS_ENDPOINT_URL. Defaults to "": the variable is not set.
	EndpointURL string
	// MaxConcurrency is the account's limit of invocations at once. Defaults
	// to 100, which is a process each.
	MaxConcurrency int
	// ForAWS takes code for what AWS runs, which cannot be invoked here.
	ForAWS bool
}

// idleTimeout is how long an environment is kept without an invocation.
const idleTimeout = 5 * time.Minute

// initLimit is how long a runtime may take to start (Lambda developer guide,
// lambda-runtime-environment).
const initLimit = 10 * time.Second

// Service is the Lambda service. Its methods may be called concurrently.
type Service struct {
	account        account.Account
	iam            Roles
	logs           *logs.Service
	console        *console.Console
	dir            string
	forAWS         bool
	endpointURL    string
	maxConcurrency int
	idleTimeout    time.Duration
	initLimit      time.Duration
	now            func() time.Time
	spawner        *spawner

	closing chan struct{}  // closed by Close
	running sync.WaitGroup // invocations and processes

	mu        sync.Mutex
	closed    bool
	told      []string // the settings of which the console knows that they have no effect
	functions map[string]*function

	environments sync.Map // *environment by the access key ID of its credentials
}

// New returns a service without functions.
func New(o Options) (*Service, error) {
	dir, err := filepath.Abs(o.Dir) // functions have another working directory
	for _, sub := range []string{"code", "tmp"} {
		if err == nil {
			err = os.MkdirAll(filepath.Join(dir, sub), 0o700)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("creating the scratch folder of the local Lambda service: %w", err)
	}
	s := &Service{
		account: o.Account, iam: o.IAM, logs: o.Logs, console: o.Console,
		dir: dir, forAWS: o.ForAWS, endpointURL: o.EndpointURL,
		maxConcurrency: o.MaxConcurrency, idleTimeout: idleTimeout, initLimit: initLimit, now: time.Now,
		spawner: newSpawner(), closing: make(chan struct{}), functions: map[string]*function{},
	}
	if s.maxConcurrency == 0 {
		s.maxConcurrency = 100
	}
	return s, nil
}

// Close kills every process, waits until they are gone and removes the scratch
// folder. Invocations in flight end with ErrClosed.
func (s *Service) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	var idle []*environment
	for _, fn := range s.functions {
		idle = append(idle, fn.current.retire()...)
	}
	s.mu.Unlock()
	close(s.closing)
	s.endAll(idle)
	s.running.Wait()
	s.spawner.close()
	return removeAll(s.dir)
}

func (s *Service) endAll(environments []*environment) {
	var wg sync.WaitGroup
	for _, e := range environments {
		wg.Go(e.end)
	}
	wg.Wait()
}

// takeIdle takes the environment that was used last, or none.
func (s *Service) takeIdle(v *version) *environment {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(v.idle) == 0 {
		return nil
	}
	last := len(v.idle) - 1
	e := v.idle[last]
	v.idle = slices.Delete(v.idle, last, last+1)
	e.expiry.Stop()
	return e
}

// giveBack makes an environment idle, or ends it where it cannot be used again.
func (s *Service) giveBack(e *environment) {
	e.current.Store(nil)
	s.mu.Lock()
	gone := e.process == nil
	if !gone {
		select {
		case <-e.process.gone:
			gone = true
		default:
		}
	}
	keep := !gone && !e.v.retired && !s.closed
	if keep {
		e.v.idle = append(e.v.idle, e)
		e.expiry = time.AfterFunc(s.idleTimeout, func() { s.expire(e) })
	}
	s.mu.Unlock()
	if !keep {
		e.end()
	}
}

// takeOut removes an environment from the idle ones and tells whether it was
// one of them: then it is the caller's to end.
func (s *Service) takeOut(e *environment) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(e.v.idle, e)
	if i < 0 {
		return false
	}
	e.v.idle = slices.Delete(e.v.idle, i, i+1)
	e.expiry.Stop()
	return true
}

func (s *Service) expire(e *environment) {
	// Its process is counted in running until it is gone, so Close waits.
	if s.takeOut(e) {
		e.end()
	}
}

// Running tells what has credentials: a function, by its ARN, and the id of the
// invocation that runs now in the execution environment that got them, or waits for its
// start. Both are empty for credentials that no environment has, the id is empty between
// invocations.
func (s *Service) Running(accessKeyID string) (function, requestID string) {
	found, ok := s.environments.Load(accessKeyID)
	if !ok {
		return "", ""
	}
	e := found.(*environment)
	if c := e.current.Load(); c != nil {
		requestID = c.event.requestID
	}
	return e.v.fn.arn, requestID
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}
