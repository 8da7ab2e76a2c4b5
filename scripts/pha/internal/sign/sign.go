// Package sign signs a request to an API that accepts request signatures.
package sign

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/protected-http-api/protected-http-api/authz/httpsig"
	"github.com/protected-http-api/protected-http-api/internal/cleartext"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/curl"
	"github.com/protected-http-api/protected-http-api/scripts/internal/deployed"
	"github.com/protected-http-api/protected-http-api/scripts/internal/parameter"
)

const long = `Signs one request (RFC 9421, HMAC-SHA256) and prints its headers, one a line, or with
--curl a whole command line. The signature is good for five minutes and for one request:
sign each request anew.

The keys are {"keys": {"key id": "secret"}}. They are read from the SSM parameter that
the authorizer reads; or from a file; or from the environment variable SIGNING_KEYS. No
secret is printed.

` + deployed.About

const example = `  {pha} sign --curl --url https://…/events --body '{"name":"Launch"}'
  eval "$({pha} sign --curl --url https://…/events)"
  {pha} sign --url https://…/events | curl --header @- https://…/events`

// options are the flags.
type options struct {
	target                                   deployed.Target
	method, url, body, bodyFile, contentType string
	keyID, keysPath, keysFile, authority     string
	expiresIn                                time.Duration
	curl                                     bool
}

// New is the part sign of the command.
func New() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "sign [flags]", GroupID: cli.GroupCredentials,
		Short: "Sign a request to an API that accepts signatures",
		Long:  long, Example: example,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	o.target.Add(flags)
	flags.StringVar(&o.url, "url", "", "the `URL` of the request (required)")
	flags.StringVar(&o.method, "method", "", "the HTTP `method`; GET if it is not given, or POST with a body")
	flags.StringVar(&o.body, "body", "", "the request's body, as `text`")
	flags.StringVar(&o.bodyFile, "body-file", "", "the `file` that is the request's body")
	flags.StringVar(&o.contentType, "content-type", "application/json", "the media `type` of the body")
	flags.StringVar(&o.keyID, "key-id", "", "the `id` of the key to sign with; needed where there is more than one")
	flags.StringVar(&o.keysPath, "keys-path", "", "the SSM `parameter` that holds the keys, or the ARN of a secret of Secrets Manager (default: the authorizer's)")
	flags.StringVar(&o.keysFile, "keys-file", "", "the `file` that holds the keys, instead of the parameter")
	flags.StringVar(&o.authority, "authority", "", "the `host` that the API is called by, where a proxy in front of it has another name")
	flags.DurationVar(&o.expiresIn, "expires-in", 0, "how long the signature is good, a Go `duration` of 1s to 5m, rounded up to the next whole second of the clock; 5m if it is not given")
	flags.BoolVar(&o.curl, "curl", false, "print a command line of curl, quoted for a POSIX shell")
	return cmd
}

func (o options) run(ctx context.Context, stdout, stderr io.Writer) error {
	body, err := o.check()
	if err != nil {
		return err
	}
	// The request is checked before the keys are read.
	request, err := o.request(ctx, body)
	if err != nil {
		return err
	}
	key, err := readKey(ctx, o, stderr)
	if err != nil {
		return err
	}
	now := time.Now()
	signer := httpsig.Signer{Key: key, Authority: o.authority, Lifetime: o.expiresIn, Now: func() time.Time { return now }}
	if err := signer.Sign(request); err != nil {
		return cli.Usagef("%w", err)
	}
	_, _ = fmt.Fprintf(stderr, "signed with the key %q, for one request by %s\n", key.ID(), now.Add(o.lifetime()).UTC().Format(time.RFC3339))
	if o.curl {
		options := curl.Text(o.body)
		if o.bodyFile != "" && request.ContentLength > 0 {
			options = []string{"--data-binary", cli.Quote("@" + o.bodyFile)}
		}
		_, err = fmt.Fprintln(stdout, curl.Line(request, options...))
		return err
	}
	_, err = io.WriteString(stdout, strings.Join(curl.Headers(request), "\n")+"\n")
	return err
}

func (o *options) lifetime() time.Duration {
	if o.expiresIn != 0 {
		return o.expiresIn
	}
	return httpsig.Window
}

// check returns the request's body, or a mistake in the flags.
func (o *options) check() (body string, err error) {
	switch {
	case o.url == "":
		return "", cli.Usagef("--url is missing")
	case o.body != "" && o.bodyFile != "":
		return "", cli.Usagef("--body and --body-file are both given")
	case o.bodyFile == "-":
		return "", cli.Usagef("--body-file is -, but the body is read twice, here and by curl; write it to a file")
	case strings.ContainsFunc(o.contentType, func(r rune) bool { return r < ' ' || r > '~' }):
		return "", cli.Usagef("--content-type has a character outside printable ASCII")
	case o.expiresIn < 0, 0 < o.expiresIn && o.expiresIn < time.Second, o.expiresIn > httpsig.Window:
		return "", cli.Usagef("--expires-in is %v, allowed is 1s to %v", o.expiresIn, httpsig.Window)
	case o.keysFile == "" && o.keysPath != "" && parameter.CheckPath(o.keysPath) != nil:
		return "", cli.Usagef("--keys-path %w", parameter.CheckPath(o.keysPath))
	}
	body = o.body
	if o.bodyFile != "" {
		content, err := os.ReadFile(o.bodyFile)
		if err != nil {
			return "", fmt.Errorf("reading the body: %w", err)
		}
		body = string(content)
	}
	switch {
	case o.method == http.MethodHead && body != "":
		return "", cli.Usagef("--method is HEAD, which curl sends without a body; leave the body out")
	case o.method == "" && body != "":
		o.method = http.MethodPost
	case o.method == "":
		o.method = http.MethodGet
	}
	return body, nil
}

// request returns the request to sign. No error shows a URL that may have a
// password in it.
func (o *options) request(ctx context.Context, body string) (*http.Request, error) {
	u, err := url.Parse(o.url)
	switch {
	case err == nil && u.User != nil:
		return nil, cli.Usagef("--url has a user name, which is a second credential; leave it out")
	case err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.Opaque == "":
	case strings.Contains(o.url, "@"):
		return nil, cli.Usagef("--url is not an http or https URL; it is not shown, because it has an @ and so maybe a password")
	case err != nil:
		return nil, cli.Usagef("--url: %w", err)
	default:
		return nil, cli.Usagef("--url is %q, which is not an http or https URL", o.url)
	}
	// Who reads a signature on the way can send it first.
	if err := cleartext.Check(u); err != nil {
		return nil, cli.Usagef("--url is %q: %w", o.url, err)
	}
	u.Host, u.Fragment, u.RawFragment = strings.ToLower(u.Host), "", ""
	request, err := http.NewRequestWithContext(ctx, o.method, u.String(), strings.NewReader(body))
	if err != nil {
		return nil, cli.Usagef("%w", err)
	}
	if body != "" {
		request.Header.Set("Content-Type", o.contentType)
	}
	return request, nil
}
