// Package live serves HTTP APIs as Amazon API Gateway does: routing, throttling,
// CORS, identity sources, Lambda authorizers and their result cache, JWT
// authorizers and IAM authorization, payload format 2.0 in both directions, access
// logs, and AWS's statuses and bodies.
//
// It serves a [Deployment], which never changes and which package management
// builds. It knows functions only through [Invoker]; whether API Gateway may invoke
// them is decided there.
package live

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

// servicePrincipal is who AWS names as the caller of a function.
const servicePrincipal = "apigateway.amazonaws.com"

// Limits of HTTP APIs that nobody can raise (API Gateway developer guide,
// http-api-quotas).
const (
	authorizerTimeout = 10 * time.Second
	maxHeaderBytes    = 10_240
	maxBodyBytes      = 10 << 20
	maxLambdaPayload  = 6 << 20
)

// Limits of the listener. They only keep a stuck client from holding a
// connection for ever: writing may take as long as the slowest authorizer and
// integration together, and some time to send.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = time.Minute
	writeTimeout      = 3 * time.Minute
	idleTimeout       = time.Minute
)

// Invoker invokes functions. Invoke returns as soon as ctx ends.
type Invoker interface {
	Invoke(ctx context.Context, in lambda.InvokeInput) (lambda.InvokeOutput, error)
}

// LogWriter takes access logs.
type LogWriter interface {
	// Append writes one log event.
	Append(group, stream string, at time.Time, line string) error
	// File is empty where there is no such group.
	File(group string) string
}

// Identities verifies signatures and evaluates the policies of who signed.
type Identities interface {
	VerifyExecuteAPI(r *http.Request, body []byte, now time.Time) (iam.Identity, error)
	Authorize(id iam.Identity, action, resource string) error
}

// Options is what a Gateway needs.
type Options struct {
	// Account is where the APIs are.
	Account account.Account
	// Invoker invokes authorizers and integrations. Required.
	Invoker Invoker
	// Console gets a line a request. Defaults to none.
	Console *console.Console
	// Logs takes access logs. Without it no stage may have one.
	Logs LogWriter
	// Identities judges requests to routes with AWS_IAM authorization. Without
	// it no route may have that.
	Identities Identities

	// Decided is told what became of each request, before the client is. Optional.
	Decided func(Decision)

	now func() time.Time // of tests
}

// Gateway serves the APIs of one account and Region.
type Gateway struct {
	Options

	accountBucket *bucket
	// ahead is by how much the clock of the result caches is.
	ahead atomic.Int64
	// authorizerTimeout is the constant of that name, but in tests.
	authorizerTimeout time.Duration
	// running ends when the gateway is closed. Invocations hang on it and not
	// on their request: on AWS a client that leaves does not stop a function. It does
	// here once its API is shut down.
	running context.Context
	stop    context.CancelFunc
	// domains are the custom domain names, by name.
	domains atomic.Pointer[map[string]*Domain]
}

// New returns a gateway that serves nothing yet.
func New(o Options) *Gateway {
	if o.now == nil {
		o.now = time.Now
	}
	g := &Gateway{Options: o, authorizerTimeout: authorizerTimeout, accountBucket: newBucket(AccountLimit, o.now())}
	g.running, g.stop = context.WithCancel(context.Background())
	return g
}

// Close ends the invocations that are under way.
func (g *Gateway) Close() { g.stop() }

// API serves one API. Its methods may be called at the same time.
type API struct {
	gateway *Gateway
	server  *http.Server
	current atomic.Pointer[deployment]
	closing context.Context // ends when the API is shut down
	end     context.CancelFunc

	// What outlives a deployment.
	mu      sync.Mutex
	caches  map[cacheName]*resultCache
	buckets map[bucketName]*bucket
}

// Serve serves a deployment on a listener until Shutdown.
func (g *Gateway) Serve(listener net.Listener, d Deployment) *API {
	a := &API{gateway: g, caches: map[cacheName]*resultCache{}, buckets: map[bucketName]*bucket{}}
	a.closing, a.end = context.WithCancel(context.Background())
	a.Deploy(d)
	a.server = &http.Server{
		Handler:           a,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		// net/http's limit only bounds memory; the exact one is checked per
		// request, so that the answer has AWS's form and is told of.
		MaxHeaderBytes:               http.DefaultMaxHeaderBytes,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     log.New(consoleWriter{g.Console}, "", 0),
	}
	go func() {
		if err := a.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			g.Console.Printf("API %s: the listener stopped: %v", d.APIID, err)
		}
	}()
	return a
}

// Shutdown closes the listener. Requests in flight whose client waits may finish until
// ctx ends; then they are cut off, and the error wraps ctx's.
func (a *API) Shutdown(ctx context.Context) error {
	a.end()
	err := a.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("waiting for requests in flight: %w", err), a.server.Close())
	}
	return err
}

// consoleWriter brings what net/http has to say to the console.
type consoleWriter struct{ console *console.Console }

func (w consoleWriter) Write(p []byte) (int, error) {
	w.console.Printf("%s", p)
	return len(p), nil
}
