package secret

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
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/protected-http-api/protected-http-api/authz"
)

// API Gateway waits 10 s for an authorizer. An attempt at cold start and one
// in the first invocation together stay below that.
const (
	readTimeout    = 4 * time.Second         // one attempt with all its calls
	callTimeout    = 1500 * time.Millisecond // one call
	maxCalls       = 3
	firstBackOff   = 100 * time.Millisecond // doubled for each further call
	maxResponse    = 64 << 10               // a parameter has at most 8 KiB
	maxErrorLength = 512                    // of AWS's message in an error
)

// Environment variables that Lambda sets, or the developer (the endpoints).
const (
	envRegion       = "AWS_REGION"
	envAccessKeyID  = "AWS_ACCESS_KEY_ID"
	envSecretKey    = "AWS_SECRET_ACCESS_KEY" //nolint:gosec // the variable's name, not a secret
	envSessionToken = "AWS_SESSION_TOKEN"     //nolint:gosec // the variable's name, not a secret
	envEndpointSSM  = "AWS_ENDPOINT_URL_SSM"
	envEndpoint     = "AWS_ENDPOINT_URL"
)

// newClient returns a client for one call in a process's life: it keeps no
// connection, and follows no redirect, which would carry the signature away.
func newClient() *http.Client {
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSHandshakeTimeout: callTimeout,
		DisableKeepAlives:   true,
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// callError is one failed call. Only those worth repeating are repeated.
type callError struct {
	cause error
	retry bool
}

func (e *callError) Error() string { return e.cause.Error() }
func (e *callError) Unwrap() error { return e.cause }

// getParameter returns the decrypted value of a SecureString parameter.
func (s *Source) getParameter(ctx context.Context, path string) (string, error) {
	endpoint, region, err := s.endpoint()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	backOff := firstBackOff
	for calls := 1; ; calls++ {
		value, err := s.call(ctx, endpoint, region, path)
		var failed *callError
		if err == nil || !errors.As(err, &failed) || !failed.retry || calls == maxCalls {
			return value, err
		}
		// Half of it at random: environments that start together and are
		// throttled together do not come back together.
		wait := backOff/2 + rand.N(backOff/2) //nolint:gosec // spreads load, keeps no secret
		if s.sleep(ctx, wait) != nil {
			return "", err
		}
		backOff *= 2
	}
}

// endpoint returns the address of Systems Manager and the Region to sign for.
// The variables and their order are those of AWS's SDKs.
func (s *Source) endpoint() (endpoint, region string, err error) {
	region = s.getenv(envRegion)
	if region == "" || strings.Trim(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return "", "", fmt.Errorf("%w: %s is %q, which is no AWS Region; Lambda sets it, elsewhere set it to the parameter's Region", authz.ErrMisconfigured, envRegion, region)
	}
	for _, name := range []string{envEndpointSSM, envEndpoint} {
		endpoint = s.getenv(name)
		if endpoint == "" {
			continue
		}
		u, err := url.Parse(endpoint)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return "", "", fmt.Errorf("%w: %s is not an http or https URL", authz.ErrMisconfigured, name)
		}
		return endpoint, region, nil
	}
	domain := "amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		domain = "amazonaws.com.cn"
	}
	return "https://ssm." + region + "." + domain, region, nil
}

// call makes one GetParameter call (AWS JSON 1.1).
func (s *Source) call(ctx context.Context, endpoint, region, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	request, err := s.newRequest(ctx, endpoint, region, path)
	if err != nil {
		return "", err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return "", &callError{fmt.Errorf("%w: calling Systems Manager: %w", authz.ErrUnavailable, err), true}
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxResponse+1))
	if err != nil {
		return "", &callError{fmt.Errorf("%w: reading the answer of Systems Manager: %w", authz.ErrUnavailable, err), true}
	}
	if len(body) > maxResponse {
		return "", fmt.Errorf("%w: the answer of Systems Manager is longer than %d bytes", authz.ErrUnavailable, maxResponse)
	}
	if response.StatusCode != http.StatusOK {
		return "", refusal(response, body, path)
	}
	return parameterValue(body, path)
}

func (s *Source) newRequest(ctx context.Context, endpoint, region, path string) (*http.Request, error) {
	credentials := aws.Credentials{
		AccessKeyID:     s.getenv(envAccessKeyID),
		SecretAccessKey: s.getenv(envSecretKey),
		SessionToken:    s.getenv(envSessionToken),
	}
	if !credentials.HasKeys() {
		return nil, fmt.Errorf("%w: %s and %s are not both set; Lambda sets them, elsewhere set them to credentials that may read the parameter", authz.ErrMisconfigured, envAccessKeyID, envSecretKey)
	}
	body, err := json.Marshal(struct {
		Name           string
		WithDecryption bool
	}{path, true})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", authz.ErrMisconfigured, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", authz.ErrMisconfigured, err)
	}
	if request.URL.Path == "" {
		request.URL.Path = "/"
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", "AmazonSSM.GetParameter")
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), "ssm", region, s.now()); err != nil {
		return nil, fmt.Errorf("%w: signing the call to Systems Manager: %w", authz.ErrMisconfigured, err)
	}
	return request, nil
}

// parameterValue reads a successful answer. JSON errors are not wrapped: they
// could quote the value.
func parameterValue(body []byte, path string) (string, error) {
	var answer struct {
		Parameter struct{ Type, Value string }
	}
	if json.Unmarshal(body, &answer) != nil || answer.Parameter.Type == "" {
		return "", fmt.Errorf("%w: the answer of Systems Manager has no parameter", authz.ErrUnavailable)
	}
	// A String is readable by whoever may describe it, without the key. Its
	// type cannot be changed (HierarchyTypeMismatchException).
	if answer.Parameter.Type != "SecureString" {
		return "", fmt.Errorf("%w: its type is %.20q, but a secret must be a SecureString; delete it and put it again: aws ssm put-parameter --type SecureString --name %s --value …", authz.ErrMisconfigured, answer.Parameter.Type, path)
	}
	return answer.Parameter.Value, nil
}

// cures say what to do about the refusals that a deployment usually meets.
var cures = map[string]string{
	"ParameterNotFound":     "put the parameter: aws ssm put-parameter --type SecureString --name %s --value …",
	"AccessDeniedException": "allow the function's role ssm:GetParameter on %s, and kms:Decrypt if the parameter has a key of its own",
}

// throttles are the refusals that come with status 400 and pass by themselves.
var throttles = map[string]bool{
	"ThrottlingException": true, "Throttling": true, "ThrottledException": true, "TooManyRequestsException": true,
	"RequestLimitExceeded": true, "RequestThrottled": true, "RequestThrottledException": true, "SlowDown": true,
	"RequestTimeout": true, "RequestTimeoutException": true, "PriorRequestNotComplete": true,
}

// refusal makes an error of an answer that is not 200: AWS's error type and
// message, and the cure where there is a usual one.
func refusal(response *http.Response, body []byte, path string) error {
	var answer struct {
		Type    string `json:"__type"`
		Message string `json:"message"` // spelt Message by some services
	}
	_ = json.Unmarshal(body, &answer) // a proxy's answer may be no JSON
	kind := answer.Type
	if kind == "" {
		kind, _, _ = strings.Cut(response.Header.Get("X-Amzn-Errortype"), ":")
	}
	kind = kind[strings.LastIndexByte(kind, '#')+1:]
	sentinel, retry := authz.ErrMisconfigured, false
	if response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests || throttles[kind] {
		sentinel, retry = authz.ErrUnavailable, true
	}
	text := fmt.Sprintf("status %d, %.100q: %q", response.StatusCode, kind, answer.Message[:min(len(answer.Message), maxErrorLength)])
	if cure, ok := cures[kind]; ok {
		text += "; " + fmt.Sprintf(cure, path)
	}
	return &callError{fmt.Errorf("%w: Systems Manager answered %s", sentinel, text), retry}
}
