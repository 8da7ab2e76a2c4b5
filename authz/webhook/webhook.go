// Package webhook is for handlers of webhooks whose sender signs the body with a
// secret that it shares with the receiver: GitHub, Stripe and Slack.
//
// An authorizer cannot judge them: API Gateway gives it no body. The route is
// public, and its handler reads the body through a [Verifier], which gives it only
// if the signature is good. For senders that sign the request by RFC 9421 there is
// package httpsig, whose signatures an authorizer verifies.
//
// A signature says who has sent the body. It does not say that it comes for the
// first time: senders deliver again what was not answered, and within
// Config.Tolerance (of GitHub, which signs no time, for ever) whoever has seen a
// request can send it again. A handler remembers the delivery's id and does
// nothing twice.
package webhook

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/protected-http-api/protected-http-api/authz"
)

// Sender is whose webhooks a [Verifier] reads.
type Sender string

const (
	// GitHub signs the body in the header X-Hub-Signature-256 (GitHub
	// documentation, "Validating webhook deliveries").
	GitHub Sender = "GitHub"
	// Stripe signs the time and the body in the header Stripe-Signature (Stripe
	// documentation, "Verify webhook signatures manually").
	Stripe Sender = "Stripe"
	// Slack signs the time, in X-Slack-Request-Timestamp, and the body in the header
	// X-Slack-Signature (Slack documentation, "Verifying requests from Slack").
	Slack Sender = "Slack"
)

// DefaultTolerance is that of Config, 5 minutes, as all senders that sign a time
// recommend.
const DefaultTolerance = 5 * time.Minute

// Config says whose webhooks are good.
type Config struct {
	// Sender is who signs them. Required.
	Sender Sender
	// Keys are the secrets that are valid now, of HS256: secret.FromPath reads them
	// from Systems Manager. A body that is signed with any of them is good, so that
	// a secret can be changed without an outage. Each has at least 32 bytes, as a
	// random one of GitHub's should (RFC 2104 section 3). Required.
	Keys authz.KeyProvider
	// Tolerance is how far from now the time of a signature may be, into the past and
	// into the future. Defaults to DefaultTolerance. GitHub signs no time.
	Tolerance time.Duration
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
}

// Verifier reads signed bodies. [New] makes it; the zero value refuses every
// request as authz.ErrMisconfigured. It is safe for use by several goroutines.
type Verifier struct{ cfg Config }

// New returns a verifier. The error is authz.ErrMisconfigured.
func New(cfg Config) (*Verifier, error) {
	cfg.Tolerance = cmp.Or(cfg.Tolerance, DefaultTolerance)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	switch {
	case readers[cfg.Sender] == nil:
		return nil, fmt.Errorf("%w: Config.Sender is %q: use GitHub, Stripe or Slack", authz.ErrMisconfigured, string(cfg.Sender))
	case cfg.Keys == nil:
		return nil, fmt.Errorf("%w: Config.Keys is nil: give the secrets, for instance those of secret.FromPath", authz.ErrMisconfigured)
	case cfg.Tolerance < 0:
		return nil, fmt.Errorf("%w: Config.Tolerance is %v, which is negative", authz.ErrMisconfigured, cfg.Tolerance)
	}
	if keys, ok := cfg.Keys.(authz.StaticKeys); ok {
		if err := authz.CheckKeys(keys); err != nil {
			return nil, fmt.Errorf("Config.Keys: %w", err)
		}
	}
	return &Verifier{cfg}, nil
}

// Body returns the body of a request whose signature is good, decoded where API
// Gateway has encoded it. The errors wrap authz.ErrNoCredential, ErrMalformed,
// ErrInvalidSignature, ErrExpired or ErrNotYetValid; or authz.ErrMisconfigured or
// ErrUnavailable. [Refuse] answers them.
func (v *Verifier) Body(ctx context.Context, request events.APIGatewayV2HTTPRequest) ([]byte, error) {
	if v == nil || v.cfg.Keys == nil {
		return nil, fmt.Errorf("%w: the webhook.Verifier is not one of webhook.New", authz.ErrMisconfigured)
	}
	body := []byte(request.Body)
	if request.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(request.Body); err != nil {
			return nil, fmt.Errorf("%w: the request body is not valid base64", authz.ErrMalformed)
		}
	}
	s, err := readers[v.cfg.Sender](request.Headers)
	if err != nil {
		return nil, err
	}
	err = authz.TryKeys(ctx, v.cfg.Keys, func(keys []authz.Key) error { return s.verify(keys, body) })
	if err == nil && s.timed {
		err = v.checkTime(s.time)
	}
	if err != nil {
		return nil, err
	}
	return body, nil
}

// Refuse is a handler's answer to an error of [Verifier.Body]: 401 where the
// signature is not good, else the error itself, which API Gateway answers with 500
// and Lambda writes into the log. The sender then delivers again.
func Refuse(err error) (events.APIGatewayV2HTTPResponse, error) {
	if errors.Is(err, authz.ErrMisconfigured) || errors.Is(err, authz.ErrUnavailable) {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	return events.APIGatewayV2HTTPResponse{
		StatusCode: http.StatusUnauthorized,
		Headers:    map[string]string{"content-type": "application/json"},
		Body:       `{"message":"Unauthorized"}`,
	}, nil
}

func (v *Verifier) checkTime(signed time.Time) error {
	switch age := v.cfg.Now().Sub(signed); {
	case age > v.cfg.Tolerance:
		return fmt.Errorf("%w: the signature is older than %v", authz.ErrExpired, v.cfg.Tolerance)
	case age < -v.cfg.Tolerance:
		return fmt.Errorf("%w: the signature's time is more than %v ahead", authz.ErrNotYetValid, v.cfg.Tolerance)
	}
	return nil
}

// signed is what the headers say of a signature.
type signed struct {
	prefix     string // of what is signed, before the body
	signatures [][]byte
	timed      bool
	time       time.Time
}

// verify wants one of the signatures to be one of the keys'.
func (s signed) verify(keys []authz.Key, body []byte) error {
	good := false
	for _, key := range keys {
		secret, ok := key.HMACSecret()
		if !ok || key.Algorithm() != authz.HS256 {
			return fmt.Errorf("%w: a key is not of the algorithm HS256, which senders sign with", authz.ErrMisconfigured)
		}
		want := sign(secret, s.prefix, body)
		for _, signature := range s.signatures {
			good = hmac.Equal(signature, want) || good
		}
	}
	if !good {
		return fmt.Errorf("%w: the body is not signed with the secret", authz.ErrInvalidSignature)
	}
	return nil
}

func sign(secret []byte, prefix string, body []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(prefix))
	mac.Write(body)
	return mac.Sum(nil)
}

// readers read the headers of each sender.
var readers = map[Sender]func(map[string]string) (signed, error){GitHub: readGitHub, Stripe: readStripe, Slack: readSlack}

func readGitHub(headers map[string]string) (signed, error) {
	const name = "x-hub-signature-256"
	text, err := header(headers, name)
	if err != nil {
		return signed{}, err
	}
	signature, err := readHex(name, text, "sha256=")
	return signed{signatures: [][]byte{signature}}, err
}

// maxSignatures are those of one request: a sender signs with the old and the new
// secret while one takes the other's place.
const maxSignatures = 8

// readStripe reads "t=1492774577,v1=5257a8…,v1=…". Of other schemes Stripe says to
// ignore them: v0 is for tests.
func readStripe(headers map[string]string) (signed, error) {
	const name = "stripe-signature"
	text, err := header(headers, name)
	if err != nil {
		return signed{}, err
	}
	var s signed
	for element := range strings.SplitSeq(text, ",") {
		scheme, value, _ := strings.Cut(strings.TrimSpace(element), "=")
		switch {
		case scheme == "t" && s.timed:
			return signed{}, fmt.Errorf("%w: the header %s has two times", authz.ErrMalformed, name)
		case scheme == "t":
			err = s.setTime(name, value)
			s.prefix = value + "."
		case scheme == "v1" && len(s.signatures) == maxSignatures:
			return signed{}, fmt.Errorf("%w: the header %s has more than %d signatures", authz.ErrMalformed, name, maxSignatures)
		case scheme == "v1":
			var signature []byte
			signature, err = readHex(name, value, "")
			s.signatures = append(s.signatures, signature)
		}
		if err != nil {
			return signed{}, err
		}
	}
	if !s.timed || len(s.signatures) == 0 {
		return signed{}, fmt.Errorf("%w: the header %s lacks a time (t) or a signature (v1)", authz.ErrMalformed, name)
	}
	return s, nil
}

func readSlack(headers map[string]string) (signed, error) {
	const name, timeName = "x-slack-signature", "x-slack-request-timestamp"
	text, err := header(headers, name)
	if err != nil {
		return signed{}, err
	}
	seconds, err := header(headers, timeName)
	if err != nil {
		return signed{}, err
	}
	s := signed{prefix: "v0:" + seconds + ":"}
	if err := s.setTime(timeName, seconds); err != nil {
		return signed{}, err
	}
	signature, err := readHex(name, text, "v0=")
	s.signatures = [][]byte{signature}
	return s, err
}

// header returns a header by its name in lower case, as payload format 2.0 has it.
func header(headers map[string]string, name string) (string, error) {
	value, present := headers[name]
	if !present {
		return "", fmt.Errorf("%w: the request lacks the header %s", authz.ErrNoCredential, name)
	}
	return value, nil
}

// readHex reads a signature behind a prefix.
func readHex(name, text, prefix string) ([]byte, error) {
	digits, ok := strings.CutPrefix(text, prefix)
	signature, err := hex.DecodeString(digits)
	if !ok || err != nil || len(signature) != sha256.Size {
		return nil, fmt.Errorf("%w: the header %s does not have %s%d hexadecimal digits", authz.ErrMalformed, name, prefix, 2*sha256.Size)
	}
	return signature, nil
}

// maxTimeDigits are enough for thousands of years.
const maxTimeDigits = 12

// setTime reads seconds since the Unix epoch.
func (s *signed) setTime(name, text string) error {
	seconds, err := strconv.ParseUint(text, 10, 64)
	if err != nil || len(text) > maxTimeDigits {
		return fmt.Errorf("%w: the time in the header %s is not a number of seconds since the Unix epoch", authz.ErrMalformed, name)
	}
	s.timed, s.time = true, time.Unix(int64(seconds), 0) //nolint:gosec // it has at most 12 digits
	return nil
}
