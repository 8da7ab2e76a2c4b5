// Package page is the live page of pha up: every request with the way that it took, what
// is deployed and what of it has changed, forms to try it, and what was counted.
//
// It listens on 127.0.0.1, for its own name alone, and serves nothing but below a random
// path: whoever has the address may see all and change what can be changed. What a client
// sent is text on the page, and its credentials are left out.
package page

import (
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/loopback"
)

//go:embed static
var static embed.FS

// Page serves a local deployment's page, until it is closed.
type Page struct {
	// URL is its address, which nobody else knows.
	URL string

	recorder *recorder
	server   *http.Server
	closing  chan struct{}
	opening  chan struct{} // has room for the request that is being opened

	mu      sync.Mutex
	current deployedNow
	streams []chan struct{} // the oldest first; closed where it is replaced
}

// New listens on a port of 127.0.0.1; 0 is a free one. Nothing is shown before
// [Page.Follow].
func New(port int, console *console.Console) (*Page, error) {
	listener, err := loopback.Listen(port)
	if err != nil {
		return nil, fmt.Errorf("listening for the live page: %w: choose another port with --page-port", err)
	}
	p := &Page{recorder: newRecorder(time.Now), closing: make(chan struct{}), opening: make(chan struct{}, 1)}
	path := "/" + rand.Text() + "/"
	p.URL = "http://" + listener.Addr().String() + path
	p.server = &http.Server{
		Handler:           p.handler(path, ownHost(listener.Addr()), console),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	go func() { _ = p.server.Serve(listener) }()
	return p, nil
}

// Close ends the page, and what it tries.
func (p *Page) Close() error {
	close(p.closing)
	return p.server.Close()
}

// Follow has the page follow a deployment that is started with these options.
func (p *Page) Follow(opts *local.Options) {
	opts.Decided, opts.Called, opts.Logged = p.recorder.decided, p.recorder.called, p.recorder.logged
	opts.Updated = p.updated
}

// ownHost tells whether a request names the page's listener. Clients leave out the port 80
// (RFC 9110, section 4.2.3).
func ownHost(address net.Addr) func(host string) bool {
	_, port, _ := net.SplitHostPort(address.String())
	hosts := []string{"127.0.0.1:" + port, "localhost:" + port}
	if port == "80" {
		hosts = append(hosts, "127.0.0.1", "localhost")
	}
	return func(host string) bool { return slices.Contains(hosts, strings.ToLower(host)) }
}

// policy has the browser take scripts, styles and data from the page itself alone, and
// make no markup of text (Content Security Policy Level 3; Trusted Types).
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// handler serves the page below its secret path.
func (p *Page) handler(path string, own func(string) bool, console *console.Console) http.Handler {
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // the folder is embedded
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /events", p.stream)
	mux.HandleFunc("GET /requests/{seq}", p.showRequest)
	mux.HandleFunc("POST /empty-cache", act(p.emptyCache))
	mux.HandleFunc("POST /skip-ahead", act(p.skipAhead))
	mux.HandleFunc("POST /outage", act(p.setOutage))
	mux.HandleFunc("POST /redeploy", act(p.redeploy))
	mux.HandleFunc("POST /try", p.try)
	secret := []byte(path)
	inner := http.StripPrefix(strings.TrimSuffix(path, "/"), http.NewCrossOriginProtection().Handler(mux))
	return loopback.HandlerOf(own, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		if len(r.URL.Path) < len(secret) || subtle.ConstantTimeCompare([]byte(r.URL.Path[:len(secret)]), secret) != 1 {
			fail(w, http.StatusNotFound, errors.New("open the whole address of the live page, which the command prints when it serves"))
			return
		}
		inner.ServeHTTP(w, r)
	}), console)
}
