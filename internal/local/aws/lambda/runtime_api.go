package lambda

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/loopback"
)

// Headers and limits of the Runtime API (Lambda developer guide, runtimes-api).
const (
	headerRequestID   = "Lambda-Runtime-Aws-Request-Id"
	headerDeadline    = "Lambda-Runtime-Deadline-Ms"
	headerFunctionARN = "Lambda-Runtime-Invoked-Function-Arn"
	headerTraceID     = "Lambda-Runtime-Trace-Id"
	headerErrorType   = "Lambda-Runtime-Function-Error-Type"
	trailerErrorBody  = "Lambda-Runtime-Function-Error-Body"

	maxRequest  = 6 * 1024 * 1024
	maxResponse = 6*1024*1024 + 100

	runtimePath = "/2018-06-01/runtime"
)

// event is one invocation as the Runtime API sees it.
type event struct {
	requestID, traceID, functionARN string
	deadline                        time.Time
	payload                         []byte
	result                          chan result // takes one
}

// result is what the runtime answered to an event, or to its own start.
type result struct {
	payload   []byte
	isError   bool
	errorType string
}

// runtimeAPI is the Runtime API of one bootstrap process. On AWS each
// environment has a network of its own. Here others reach the port, and whoever
// answers an event is the function: so each process has an address of its own
// with a path that nobody can guess, which only its environment variables tell.
type runtimeAPI struct {
	// address is the value of AWS_LAMBDA_RUNTIME_API, host:port/path. Clients
	// make their URLs of http:// before it and the API's path behind it.
	address string
	server  *http.Server
	// polled tells that the runtime has asked for the next event: it has
	// started, or it has done with the event before.
	polled chan struct{}
	// events hands an event to the waiting runtime.
	events chan *event
	// initError holds what the runtime reported of a failed start.
	initError chan result

	extensions *extensions

	mu      sync.Mutex
	started bool
	current *event
}

func newRuntimeAPI(function FunctionInfo, console *console.Console) (*runtimeAPI, error) {
	listener, err := loopback.Listen(0)
	if err != nil {
		return nil, fmt.Errorf("opening a Runtime API: %w", err)
	}
	secretPath := "/" + randomHex(secretBytes)
	a := &runtimeAPI{
		address:   listener.Addr().String() + secretPath,
		polled:    make(chan struct{}, 1),
		events:    make(chan *event),
		initError: make(chan result, 1),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+runtimePath+"/invocation/next", a.next)
	mux.HandleFunc("POST "+runtimePath+"/invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) { a.complete(w, r, r.PathValue("id"), false) })
	mux.HandleFunc("POST "+runtimePath+"/invocation/{id}/error", func(w http.ResponseWriter, r *http.Request) { a.complete(w, r, r.PathValue("id"), true) })
	mux.HandleFunc("POST "+runtimePath+"/init/error", a.failedInit)
	a.extensions = newExtensions(function, console, a.hasStarted)
	mux.HandleFunc("POST "+extensionPath+"/register", a.extensions.register)
	mux.HandleFunc("GET "+extensionPath+"/event/next", a.extensions.next)
	a.server = &http.Server{
		Handler:           loopback.Handler(a.withSecret(secretPath, knownOnly(mux, function.Name, console), console), console),
		ReadHeaderTimeout: time.Minute,
		// An error comes with a cause for X-Ray of up to 1 MiB in a header.
		MaxHeaderBytes: 2 << 20,
		ErrorLog:       log.New(io.Discard, "", 0),
	}
	go a.server.Serve(listener) //nolint:errcheck // always ErrServerClosed, after close
	return a, nil
}

// secretBytes is how long the path is that a function knows: 128 bits.
const secretBytes = 16

// withSecret serves the requests whose path begins with the secret one, without
// it, and refuses all others. What each invocation asks for goes past the mux, which
// would look for the pattern twice.
func (a *runtimeAPI) withSecret(path string, h http.Handler, console *console.Console) http.Handler {
	inner := http.StripPrefix(path, h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given := r.URL.Path[:min(len(path), len(r.URL.Path))]
		if subtle.ConstantTimeCompare([]byte(given), []byte(path)) == 1 {
			action, _ := strings.CutPrefix(r.URL.Path[len(path):], runtimePath+"/invocation/")
			id, answers := strings.CutSuffix(action, "/response")
			switch {
			case action == "next" && r.Method == http.MethodGet:
				a.next(w, r)
			case answers && r.Method == http.MethodPost && !strings.Contains(id, "/"):
				a.complete(w, r, id, false)
			default:
				inner.ServeHTTP(w, r)
			}
			return
		}
		console.Refused("a request to a function's Runtime API without the path that its environment variable AWS_LAMBDA_RUNTIME_API has",
			"none, if you did not make it; a function calls http://$AWS_LAMBDA_RUNTIME_API"+runtimePath+"/…, with all of the variable's value")
		refuse(w, http.StatusForbidden, "AccessDenied", "The path of AWS_LAMBDA_RUNTIME_API is missing")
	})
}

// knownOnly names on the console what the Runtime API does not have.
func knownOnly(mux *http.ServeMux, function string, console *console.Console) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern == "" {
			console.Refused(fmt.Sprintf("%s %q at the Runtime API of the function %q", r.Method, r.URL.Path, function),
				"use what the local AWS has: the Runtime API, and of the Extensions API register for no event and event/next")
		}
		mux.ServeHTTP(w, r)
	})
}

func (a *runtimeAPI) hasStarted() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.started
}

func (a *runtimeAPI) close() { _ = a.server.Close() }

// next blocks until there is an event.
func (a *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.started = true
	a.mu.Unlock()
	select {
	case a.polled <- struct{}{}:
	default:
	}
	var e *event
	select {
	case <-r.Context().Done():
		return
	case e = <-a.events:
	}
	a.mu.Lock()
	a.current = e
	a.mu.Unlock()
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(e.payload)))
	h.Set(headerRequestID, e.requestID)
	h.Set(headerDeadline, strconv.FormatInt(e.deadline.UnixMilli(), 10))
	h.Set(headerFunctionARN, e.functionARN)
	h.Set(headerTraceID, e.traceID)
	_, _ = w.Write(e.payload)
}

// complete takes the answer to the current event.
func (a *runtimeAPI) complete(w http.ResponseWriter, r *http.Request, id string, isError bool) {
	if !a.waitsFor(id) {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxResponse))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		text, _ := json.Marshal(functionError{
			Message: fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxResponse),
			Type:    "Function.ResponseSizeTooLarge",
		})
		a.finish(id, result{payload: text, isError: true, errorType: "Function.ResponseSizeTooLarge"})
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", fmt.Sprintf("Exceeded maximum allowed payload size (%d bytes).", maxResponse))
		return
	case err != nil:
		return // the runtime has gone in the middle of its answer
	}
	res := result{payload: payload, isError: isError, errorType: r.Header.Get(headerErrorType)}
	// A response that is streamed can turn into an error at its end.
	if t := r.Trailer.Get(headerErrorType); t != "" {
		res.isError, res.errorType = true, t
		if body, err := base64.StdEncoding.DecodeString(r.Trailer.Get(trailerErrorBody)); err == nil && len(body) > 0 {
			res.payload = body
		}
	}
	if !a.finish(id, res) {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	accept(w)
}

func (a *runtimeAPI) waitsFor(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.current != nil && a.current.requestID == id
}

// finish passes a result on, once for each event.
func (a *runtimeAPI) finish(id string, res result) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.current == nil || a.current.requestID != id {
		return false
	}
	a.current.result <- res
	a.current = nil
	return true
}

// failedInit takes the error of a runtime that could not start.
func (a *runtimeAPI) failedInit(w http.ResponseWriter, r *http.Request) {
	if a.hasStarted() {
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "The runtime has already been initialised")
		return
	}
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxResponse))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", fmt.Sprintf("Exceeded maximum allowed payload size (%d bytes).", maxResponse))
		return
	}
	select {
	case a.initError <- result{payload: payload, isError: true, errorType: r.Header.Get(headerErrorType)}:
	default:
	}
	accept(w)
}

// functionError is the payload of a failed invocation, in AWS's order.
type functionError struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

func refuse(w http.ResponseWriter, status int, errorType, message string) {
	text, _ := json.Marshal(functionError{Type: errorType, Message: message})
	answer(w, status, text)
}

func accept(w http.ResponseWriter) { answer(w, http.StatusAccepted, []byte(`{"status":"OK"}`)) }

func answer(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
