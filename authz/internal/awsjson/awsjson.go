// Package awsjson calls AWS services that speak AWS's JSON protocols (Systems
// Manager, Secrets Manager, DynamoDB) with the SigV4 signer of AWS's SDK and net/http. It is
// for the authorizer, which runs before requests: a service client and the
// configuration loader of the SDK more than double what the function's own
// code adds to a cold start.
//
// It knows the protocol, the retries and the time limits, and what all who use
// a table of DynamoDB need to know of it. What operations mean is the caller's
// business.
package awsjson

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/strictjson"
)

// Defaults of Config. API Gateway waits 10 s for an authorizer: a Call for the
// keys and one for a nonce together stay below that.
const (
	DefaultTimeout     = 4 * time.Second
	DefaultCallTimeout = 1500 * time.Millisecond
)

const (
	maxCalls     = 3                      // HTTP exchanges of one Call
	firstBackOff = 100 * time.Millisecond // doubled for each further call
	maxBackOff   = 2 * time.Second        // while the service throttles
	leastTurn    = 400 * time.Millisecond // what must be left for another exchange then
	// A page of ten parameters has up to 80 KiB, an item of DynamoDB 400 KB.
	maxResponse = 1 << 20
	// maxIdle is how long a connection may have been unused and still be used
	// again. AWS closes them after a while, and one that was closed while the
	// execution environment was frozen looks open until it is written to.
	maxIdle = 20 * time.Second
)

// Environment variables that Lambda sets.
const (
	envRegion       = "AWS_REGION"
	envAccessKeyID  = "AWS_ACCESS_KEY_ID"
	envSecretKey    = "AWS_SECRET_ACCESS_KEY" //nolint:gosec // the variable's name, not a secret
	envSessionToken = "AWS_SESSION_TOKEN"     //nolint:gosec // the variable's name, not a secret
)

// titles are the names of services in errors.
var titles = map[string]string{"ssm": "Systems Manager", "secretsmanager": "Secrets Manager", "dynamodb": "DynamoDB"}

// Config is how to reach one service.
type Config struct {
	// Service is the signing name and the endpoint's: "ssm", "secretsmanager",
	// "dynamodb".
	// Required.
	Service string
	// Target stands before the operation in X-Amz-Target: "AmazonSSM",
	// "secretsmanager", "DynamoDB_20120810". Required.
	Target string
	// Version is that of the JSON protocol: "1.1" for Systems Manager and
	// Secrets Manager, "1.0" for DynamoDB. Required.
	Version string
	// Getenv gives the Region (AWS_REGION), the endpoint (AWS_ENDPOINT_URL and
	// the service's own, AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT, as
	// in AWS's SDKs) and the credentials. It is asked in every call, so that a
	// mistake fails the call with its cause. Defaults to os.Getenv.
	Getenv func(string) string
	// Credentials gives the credentials to sign with. Defaults to those of the
	// environment.
	Credentials func(context.Context) (aws.Credentials, error)
	// KeepAlive is whether a connection is used for further calls.
	KeepAlive bool
	// Timeout bounds Call, retries and waits included. Defaults to
	// DefaultTimeout.
	Timeout time.Duration
	// CallTimeout bounds one HTTP exchange. Defaults to DefaultCallTimeout.
	CallTimeout time.Duration
	// Patience is how long Call goes on while the service answers that it
	// throttles, however often that is: each such answer gives it Timeout once
	// more. Defaults to none: throttling is one failure among others.
	Patience time.Duration
	// Transport carries the requests. Defaults to one of net/http with the time
	// limits of this configuration; tests of who uses this package set another.
	Transport http.RoundTripper

	now func() time.Time // the clock; of tests another
	// Sleep waits before a retry, or returns the error of the context if that
	// ends first. Defaults to a timer.
	Sleep func(context.Context, time.Duration) error
}

// Client calls the operations of one service. It is safe for concurrent use.
type Client struct {
	config   Config
	title    string
	client   *http.Client
	lastUsed atomic.Int64 // Unix seconds of the last exchange
}

// New returns a client. It makes no call and reads no variable.
func New(c Config) *Client {
	if c.Getenv == nil {
		c.Getenv = os.Getenv
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.CallTimeout == 0 {
		c.CallTimeout = DefaultCallTimeout
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	title := titles[c.Service]
	if title == "" {
		title = c.Service
	}
	if c.Transport == nil {
		// Without HTTP/2 a connection that hangs is given up with its exchange.
		protocols := new(http.Protocols)
		protocols.SetHTTP1(true)
		c.Transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: c.CallTimeout, Protocols: protocols,
			DisableKeepAlives: !c.KeepAlive, MaxIdleConnsPerHost: 16, IdleConnTimeout: maxIdle,
		}
	}
	return &Client{config: c, title: title, client: &http.Client{
		Transport: c.Transport,
		// A redirect would carry the signature and the session token away.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Call sends in, as encoding/json writes it, to an operation and reads the
// answer, a JSON object, into out; with a nil out it only sees that it is one. A
// json.RawMessage is sent as it is, and a pointer to one gets the answer as it is if no
// member of it is there twice: the first use of encoding/json is a good part of a cold
// start.
// What passes by itself (a lost connection, throttling, an error of the
// server's) is tried again, with a pause that grows and is partly random.
//
// A request that was carried out but whose answer was lost is also sent again:
// a caller whose operation must not be done twice makes it conditional.
//
// The error wraps authz.ErrMisconfigured or authz.ErrUnavailable and, for a
// refusal by the service, is an *Error. It shows neither what was sent nor
// what a successful answer says. AWS's message can quote names and keys of the
// request.
func (c *Client) Call(ctx context.Context, operation string, in, out any) error {
	target, err := c.target()
	if err != nil {
		return err
	}
	body, asIs := in.(json.RawMessage)
	if !asIs {
		body, err = json.Marshal(in)
	}
	if err != nil { // which could quote a value
		return fmt.Errorf("%w: the request to %s for %s is no JSON", authz.ErrMisconfigured, c.title, operation)
	}
	ctx, cancel := context.WithTimeout(ctx, max(c.config.Timeout, c.config.Patience))
	defer cancel()
	limit, throttled := time.Now().Add(c.config.Timeout), 0
	for calls := 1; ; calls++ {
		answer, err := c.exchange(ctx, limit, target, operation, body)
		if err == nil {
			return c.decode(operation, answer, out)
		}
		refused := (*Error)(nil)
		if errors.As(err, &refused) {
			refused.repeated = calls > 1
		}
		if c.config.Patience > 0 && refused != nil && refused.throttled {
			// It is there, and will have time.
			throttled++
			limit = time.Now().Add(c.config.Timeout)
			if c.waitTurn(ctx, throttled) != nil {
				return err
			}
			continue
		}
		if !errors.Is(err, errRetry) || calls-throttled >= maxCalls || !time.Now().Before(limit) {
			return err
		}
		if c.BackOff(ctx, calls-throttled) != nil {
			return err
		}
	}
}

// waitTurn waits while the service throttles: any time up to 100 ms the first
// time, up to twice as long each further time and up to maxBackOff at last, and no
// more than half of what is left, as long as another exchange fits in there. All of
// it is at random: execution environments that start together then come back one by
// one, and as many a second as there is room for.
func (c *Client) waitTurn(ctx context.Context, times int) error {
	full := min(maxBackOff, firstBackOff<<min(times-1, 10))
	if deadline, ok := ctx.Deadline(); ok {
		left := time.Until(deadline)
		if left < leastTurn {
			return context.DeadlineExceeded
		}
		full = min(full, left/2)
	}
	return c.config.Sleep(ctx, rand.N(full)) //nolint:gosec // spreads load, keeps no secret
}

// BackOff waits before what was done in vain the given number of times, 1 and
// more, is done again: 100 ms after the first, twice as long after each further
// one. It returns the error of the context if that ends first.
func (c *Client) BackOff(ctx context.Context, times int) error {
	full := firstBackOff << (times - 1)
	// Half of it at random: environments that start together and are throttled
	// together do not come back together.
	return c.config.Sleep(ctx, full/2+rand.N(full/2)) //nolint:gosec // spreads load, keeps no secret
}

// decode reads an answer, and asks of one that nobody reads too that it is an
// object, as every answer of AWS is: the page of a proxy would be taken for a
// write that was done.
func (c *Client) decode(operation string, answer []byte, out any) error {
	if out == nil {
		out = new(struct{})
	}
	good := false
	if raw, asIs := out.(*json.RawMessage); asIs {
		_, err := strictjson.Members(answer)
		*raw, good = answer, err == nil
	} else {
		good = bytes.HasPrefix(bytes.TrimLeft(answer, " \t\r\n"), []byte("{")) && json.Unmarshal(answer, out) == nil
	}
	if !good { // the decoder's error could quote a value
		return fmt.Errorf("%w: the answer of %s to %s is not as documented", authz.ErrUnavailable, c.title, operation)
	}
	return nil
}

// exchange makes one call, which ends at the limit at the latest, and returns the
// body of a successful answer.
func (c *Client) exchange(ctx context.Context, limit time.Time, t target, operation string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, min(c.config.CallTimeout, time.Until(limit)))
	defer cancel()
	request, err := c.newRequest(ctx, t, operation, body)
	if err != nil {
		return nil, err
	}
	c.dropIdle()
	response, err := c.client.Do(request)
	if err != nil {
		// The connections next to one that is lost are of the same age.
		c.client.CloseIdleConnections()
		return nil, &retryable{fmt.Errorf("%w: calling %s: %w", authz.ErrUnavailable, c.title, err)}
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxResponse+1))
	if err != nil {
		return nil, &retryable{fmt.Errorf("%w: reading the answer of %s: %w", authz.ErrUnavailable, c.title, err)}
	}
	if len(answer) > maxResponse {
		return nil, fmt.Errorf("%w: the answer of %s is longer than %d bytes", authz.ErrUnavailable, c.title, maxResponse)
	}
	if response.StatusCode != http.StatusOK {
		return nil, c.refusal(response, answer)
	}
	return answer, nil
}

// dropIdle closes connections that were not used for maxIdle. The transport's
// own timer is not enough: it stands still while the execution environment is
// frozen, the wall clock does not.
func (c *Client) dropIdle() {
	now := c.config.now().Unix()
	if last := c.lastUsed.Swap(now); now-last > int64(maxIdle/time.Second) {
		c.client.CloseIdleConnections()
	}
}

func (c *Client) newRequest(ctx context.Context, t target, operation string, body []byte) (*http.Request, error) {
	credentials, err := c.credentials(ctx)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", authz.ErrMisconfigured, err)
	}
	if request.URL.Path == "" {
		request.URL.Path = "/"
	}
	request.Header.Set("Content-Type", "application/x-amz-json-"+c.config.Version)
	request.Header.Set("X-Amz-Target", c.config.Target+"."+operation)
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), c.config.Service, t.region, c.config.now()); err != nil {
		return nil, fmt.Errorf("%w: signing the call to %s: %w", authz.ErrMisconfigured, c.title, err)
	}
	return request, nil
}

func (c *Client) credentials(ctx context.Context) (aws.Credentials, error) {
	if c.config.Credentials != nil {
		credentials, err := c.config.Credentials(ctx)
		if err != nil {
			return credentials, fmt.Errorf("%w: getting AWS credentials: %w", authz.ErrUnavailable, err)
		}
		return credentials, nil
	}
	credentials := aws.Credentials{
		AccessKeyID:     c.config.Getenv(envAccessKeyID),
		SecretAccessKey: c.config.Getenv(envSecretKey),
		SessionToken:    c.config.Getenv(envSessionToken),
	}
	if !credentials.HasKeys() {
		return credentials, fmt.Errorf("%w: %s and %s are not both set; Lambda sets them, elsewhere set them to credentials that may call %s", authz.ErrMisconfigured, envAccessKeyID, envSecretKey, c.title)
	}
	return credentials, nil
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
