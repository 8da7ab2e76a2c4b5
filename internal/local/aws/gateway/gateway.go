// Package gateway is the local AWS's Amazon API Gateway, HTTP APIs only: it
// keeps APIs, stages, routes, integrations and authorizers as apigatewayv2
// does, and serves each API on a listener of its own as the service does:
// routing, throttling, CORS, identity sources, Lambda authorizers and their
// result cache, JWT authorizers and IAM authorization, payload format 2.0 in
// both directions, access logs, and AWS's statuses and bodies.
//
// It knows functions only through [Invoker]; whether API Gateway may invoke
// them is decided there. What the package does not imitate is refused with the
// error of awserr.Unsupported when a resource is created or updated, never ignored.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

// servicePrincipal is who AWS names as the caller of a function.
const servicePrincipal = "apigateway.amazonaws.com"

// Limits of HTTP APIs (API Gateway developer guide, http-api-quotas). None of
// them can be raised but the quotas of resources.
const (
	authorizerTimeout = 10 * time.Second
	issuerTimeout     = 1500 * time.Millisecond
	maxHeaderBytes    = 10_240
	maxBodyBytes      = 10 << 20
	maxLambdaPayload  = 6 << 20

	maxRoutes       = 300
	maxIntegrations = 300
	maxStages       = 10
	maxAuthorizers  = 10
	maxScopes       = 10 // of a route
	maxAudiences    = 50 // of a JWT authorizer

	maxStageVariables     = 100
	maxStageVariableName  = 64
	maxStageVariableValue = 512
	maxLogTemplate        = 3 << 10
)

// Limits of the listener. They only keep a stuck client from holding a
// connection for ever: writing may take as long as the slowest authorizer and
// integration together, and some time to send.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = time.Minute
	writeTimeout      = 3 * time.Minute
	idleTimeout       = time.Minute
	deleteGrace       = 2 * time.Second
)

// Invoker invokes functions. Invoke returns as soon as ctx ends.
type Invoker interface {
	Invoke(ctx context.Context, in lambda.InvokeInput) (lambda.InvokeOutput, error)
}

// Options is what a Service needs.
type Options struct {
	// Account is where the APIs are.
	Account account.Account
	// Invoker invokes authorizers and integrations. Required.
	Invoker Invoker
	// Console gets a line a request. Defaults to none.
	Console *console.Console
	// Listen opens the listener of a new API. Defaults to a free port of
	// 127.0.0.1.
	Listen func(apiID string) (net.Listener, error)
	// Logs takes access logs. Without it, stages with AccessLogSettings are
	// refused.
	Logs LogWriter
	// Identities judges requests to routes with AWS_IAM authorization. Without
	// it such routes are refused.
	Identities Identities
	// IssuerClient fetches the keys of JWT authorizers. Defaults to one with
	// the limit of API Gateway, 1500 ms.
	IssuerClient *http.Client

	now func() time.Time // of tests
}

// Service is API Gateway in one account and Region. Its methods may be called
// at the same time.
type Service struct {
	account account.Account
	invoker Invoker
	console *console.Console
	listen  func(apiID string) (net.Listener, error)
	now     func() time.Time

	logs          LogWriter
	identities    Identities
	issuerClient  *http.Client
	accountBucket *bucket

	// authorizerTimeout is the constant of that name, but in tests.
	authorizerTimeout time.Duration
	// running ends when the service is closed. Invocations hang on it and not
	// on their request: on AWS a client that leaves does not stop a function.
	running context.Context
	stop    context.CancelFunc

	mu     sync.Mutex
	closed bool
	apis   map[string]*api
}

// New returns a service without APIs.
func New(o Options) *Service {
	s := &Service{
		account:           o.Account,
		invoker:           o.Invoker,
		console:           o.Console,
		listen:            o.Listen,
		now:               o.now,
		logs:              o.Logs,
		identities:        o.Identities,
		issuerClient:      o.IssuerClient,
		authorizerTimeout: authorizerTimeout,
		apis:              map[string]*api{},
	}
	if s.listen == nil {
		s.listen = func(string) (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.issuerClient == nil {
		s.issuerClient = &http.Client{Timeout: issuerTimeout}
	}
	s.accountBucket = newBucket(accountRate, accountBurst, s.now())
	s.running, s.stop = context.WithCancel(context.Background())
	return s
}

// Close stops all listeners. Requests in flight may finish until ctx ends;
// then they are cut off, and Close returns ctx's error.
func (s *Service) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	apis := s.apis
	s.apis = map[string]*api{}
	s.mu.Unlock()

	var wait sync.WaitGroup
	failed := make(chan error, len(apis))
	for _, a := range apis {
		wait.Go(func() { failed <- shutdown(ctx, a.server) })
	}
	wait.Wait()
	s.stop()
	close(failed)
	var errs []error
	for err := range failed {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func shutdown(ctx context.Context, server *http.Server) error {
	err := server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("waiting for requests in flight: %w", err), server.Close())
	}
	return err
}

// serve starts the listener of an API.
func (s *Service) serve(a *api, listener net.Listener) {
	a.server = &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serveHTTP(a, w, r) }),
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		// net/http's limit only bounds memory; the exact one is checked per
		// request, so that the answer has AWS's form.
		MaxHeaderBytes:               2 * maxHeaderBytes,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     log.New(consoleWriter{s.console}, "", 0),
	}
	id := a.resource.ID
	go func() {
		if err := a.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.console.Printf("API %s: the listener stopped: %v", id, err)
		}
	}()
}

// consoleWriter brings what net/http has to say to the console.
type consoleWriter struct{ console *console.Console }

func (w consoleWriter) Write(p []byte) (int, error) {
	w.console.Printf("%s", p)
	return len(p), nil
}
