package authz

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// readEvent returns the fixture of an authorizer event, with the header
// Authorization set.
func readEvent(t testing.TB, authorization string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "authorizer_event.json"))
	if err != nil {
		t.Fatal(err)
	}
	var event map[string]any
	if err := json.Unmarshal(data, &event); err != nil {
		t.Fatal(err)
	}
	event["headers"].(map[string]any)["authorization"] = authorization
	event["identitySource"] = []string{authorization}
	if data, err = json.Marshal(event); err != nil {
		t.Fatal(err)
	}
	return data
}

// invoke calls the handler as the Lambda runtime does, JSON in and out, and
// returns what it logged too.
func invoke(t testing.TB, h Handler, payload []byte) (answer, log string, err error) {
	t.Helper()
	var out bytes.Buffer
	h.Logger = slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	ctx := lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: "lambda-1"})
	b, err := lambda.NewHandler(h).Invoke(ctx, payload)
	return string(b), out.String(), err
}

type verifyFunc func(context.Context, Credential) (Principal, error)

func (f verifyFunc) Verify(ctx context.Context, _ Request, c Credential) (Principal, error) {
	return f(ctx, c)
}

func TestHandlerAllows(t *testing.T) {
	t.Parallel()
	answer, log, err := invoke(t, Handler{Chain: chainOf(newJWT(t))}, readEvent(t, "bearer "+sign(testHeader, testClaims)))
	const want = `{"isAuthorized":true,"context":{"credentialId":"sha256:f12fd46e9b45","expiresAt":1700000060,"method":"JWT","userId":"usr_abc"}}`
	if err != nil || answer != want {
		t.Errorf("got %s, %v; want %s", answer, err, want)
	}
	if log != "" {
		t.Errorf("an allow logged %s", log)
	}
}

func TestHandlerDenies(t *testing.T) {
	t.Parallel()
	const denied = `{"isAuthorized":false}`
	forged := sign(testHeader, `{"sub":"s","exp":1,"jti":"token-1"}`)
	forged = forged[:len(forged)-4] + "AAAA"
	tests := []struct{ name, authorization, answer, reason, text, credential string }{
		{"missing", "", `{"errorMessage":"Unauthorized"}`, "no credential", "no credential: the header Authorization is missing or empty", ""},
		{"another scheme", "Basic dTpw", denied, "not applicable", "credential of another kind: the scheme of the header Authorization is not Bearer", ""},
		{"malformed", "Bearer bad-token", denied, "malformed", segmentsText, `"method":"JWT","credentialId":"",`},
		{"unsecured", "Bearer " + rfc7519None, denied, "unsupported algorithm", "unsupported algorithm", fingerprinted("f7860a3af2a4")},
		{"another secret", "Bearer " + jwtIOToken, denied, "invalid signature", "invalid signature", fingerprinted("c794fa6d20c6")},
		{"expired", "Bearer " + sign(testHeader, `{"sub":"s","exp":1}`), denied, "expired", "expired", fingerprinted("93fe46b9caf9")},
		{"expired, with an id", "Bearer " + sign(testHeader, `{"sub":"s","exp":1,"jti":"token-1"}`), denied, "expired", "expired", `"method":"JWT","credentialId":"token-1",`},
		{"expired, with an id of another form", "Bearer " + sign(testHeader, `{"sub":"s","exp":1,"jti":"a b"}`), denied, "expired", "expired", fingerprinted("306d0d596069")},
		{"forged, with an id", "Bearer " + forged, denied, "invalid signature", "invalid signature", fingerprinted("77c20097c629")},
		{"not yet valid", "Bearer " + sign(testHeader, `{"sub":"s","exp":1700000060,"nbf":1700000060}`), denied, "not yet valid", "not yet valid", fingerprinted("4f0b75201d35")},
		{"no subject", "Bearer " + sign(testHeader, `{"exp":1700000060}`), denied, "invalid claim", "invalid claim: sub: the subject is empty", fingerprinted("2dc2eef1b476")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			answer, log, err := invoke(t, Handler{Chain: chainOf(newJWT(t))}, readEvent(t, tt.authorization))
			if err != nil || answer != tt.answer {
				t.Errorf("got %s, %v", answer, err)
			}
			want := fmt.Sprintf(`{"level":"WARN","msg":"request denied","reason":%q,"error":%q,%s"requestId":"lambda-1","apiRequestId":"api-1","routeKey":"POST /events"}`+"\n", tt.reason, tt.text, tt.credential)
			if log != want {
				t.Errorf("logged %s, want %s", log, want)
			}
			if _, token, ok := strings.Cut(tt.authorization, " "); ok && strings.Contains(log, token) {
				t.Error("the credential is in the log")
			}
		})
	}
}

func fingerprinted(sum string) string {
	return `"method":"JWT","credentialId":"sha256:` + sum + `",`
}

func TestHandlerFaults(t *testing.T) {
	t.Parallel()
	fails := func(err error) Verifier {
		return verifyFunc(func(context.Context, Credential) (Principal, error) { return Principal{}, err })
	}
	is := func(p Principal) Verifier {
		return verifyFunc(func(context.Context, Credential) (Principal, error) { return p, nil })
	}
	event := readEvent(t, "Bearer x")
	tests := []struct {
		name         string
		verifier     Verifier
		event        []byte
		want         error
		reason, text string
	}{
		{"no verifier", nil, event, ErrMisconfigured, "misconfigured", "misconfigured: link 0 of the chain has no Verifier"},
		{"format 1.0", newJWT(t), bytes.Replace(event, []byte(`"version":"2.0"`), []byte(`"version":"1.0"`), 1), ErrMisconfigured, "misconfigured", "misconfigured: the event's version is not 2.0; set the authorizer's payload format version to 2.0"},
		{"no event", newJWT(t), []byte(`{}`), ErrMisconfigured, "misconfigured", "misconfigured: the event's version is not 2.0; set the authorizer's payload format version to 2.0"},
		{"unavailable", fails(ErrUnavailable), event, ErrUnavailable, "unavailable", "unavailable"},
		{"unknown error", fails(os.ErrClosed), event, os.ErrClosed, "internal", "file already closed"},
		{"a fault with a denial in it", fails(fmt.Errorf("%w: %w", ErrExpired, ErrUnavailable)), event, ErrUnavailable, "unavailable", "expired: unavailable"},
		{"principal without subject", is(Principal{Identity: Identity{ExpiresAt: time.Unix(testNow, 0)}}), event, ErrMisconfigured, "misconfigured", "misconfigured: the verifier's principal: the subject is empty"},
		{"principal without expiry", is(Principal{Identity: Identity{Subject: "s"}}), event, ErrMisconfigured, "misconfigured", "misconfigured: the verifier's principal: its expiry is out of range"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			answer, log, err := invoke(t, Handler{Chain: chainOf(tt.verifier)}, tt.event)
			if answer != "" || !errors.Is(err, tt.want) || text(err) != "judging a request: "+tt.text {
				t.Errorf("got %s, error %q; want error %q", answer, text(err), "judging a request: "+tt.text)
			}
			if want := fmt.Sprintf(`{"level":"ERROR","msg":"request not judged","reason":%q,"error":%q`, tt.reason, tt.text); !strings.HasPrefix(log, want) {
				t.Errorf("logged %s, want %s…", log, want)
			}
		})
	}
}

// panics panics with the credential wherever it is asked.
type panics struct{}

func (panics) Extract(r Request) (Credential, error) { panic(r.Headers["authorization"]) }
func (panics) Verify(_ context.Context, _ Request, c Credential) (Principal, error) {
	panic(errors.New("cannot parse " + c.Value()))
}
func (panics) Take(_ context.Context, _ Principal, r Request) error { panic(r.Headers) }
func (panics) Map(c Claims, _ *Principal) error                     { panic(c.raw("sub")) }
func (panics) Keys(context.Context) ([]Key, error)                  { panic("keys") }

// nilError is an error that must not be a nil pointer, and is one.
type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

// panicError is an error that panics with the credential.
type panicError struct{ token string }

func (e panicError) Error() string { panic(e.token) }

// TestPanicsAreFaults: a mistake in what a handler is made of does not end the
// process, and what it panics with, which may be a token, is not shown.
func TestPanicsAreFaults(t *testing.T) {
	t.Parallel()
	const claims = `{"sub":"subjectOfTheToken","exp":1700000060}`
	token := sign(testHeader, claims)
	fails := func(err error) Chain {
		return chainOf(verifyFunc(func(context.Context, Credential) (Principal, error) { return Principal{}, err }))
	}
	const in = "a part of the authorizer panicked in github.com/protected-http-api/protected-http-api/authz."
	const notMade = "misconfigured: the JWT was not made by NewJWT"
	good := chainOf(newJWT(t))
	tests := []struct {
		name         string
		h            Handler
		reason, text string
	}{
		{"extractor", Handler{Chain: Chain{{Extractor: panics{}, Verifier: panics{}}}}, "internal", in + "panics.Extract"},
		{"verifier", Handler{Chain: chainOf(panics{})}, "internal", in + "panics.Verify"},
		{"limiter", Handler{Chain: good, Limiter: panics{}, Getenv: uncached}, "internal", in + "panics.Take"},
		{"mapping", Handler{Chain: chainOf(newJWT(t, func(c *JWTConfig) { c.Map = panics{}.Map }))}, "internal", in + "panics.Map"},
		{"key provider", Handler{Chain: chainOf(newJWT(t, func(c *JWTConfig) { c.Keys = panics{} }))}, "internal", in + "panics.Keys"},
		{"key provider, a nil pointer", Handler{Chain: chainOf(newJWT(t, func(c *JWTConfig) { c.Keys = (*refresher)(nil) }))}, "internal", in + "(*refresher).Keys"},
		{"error, a nil pointer", Handler{Chain: fails((*nilError)(nil))}, "internal", in + "(*nilError).Error"},
		{"error of the limiter, a nil pointer", Handler{Chain: good, Limiter: limiterFunc(func(context.Context, Principal, Request) error { return (*nilError)(nil) }), Getenv: uncached}, "internal", in + "(*nilError).Error"},
		{"JWT, a nil pointer", Handler{Chain: chainOf((*JWT)(nil))}, "misconfigured", notMade},
		{"JWT, zero", Handler{Chain: chainOf(&JWT{})}, "misconfigured", notMade},
		{"CredentialError, a nil pointer", Handler{Chain: fails((*CredentialError)(nil))}, "internal", in + "describe"},
		{"CredentialError of an extractor, a nil pointer", Handler{Chain: Chain{{Extractor: extractFunc(func(Request) (Credential, error) { return Credential{}, (*CredentialError)(nil) }), Verifier: panics{}}}}, "internal", in + "(*CredentialError).Unwrap"},
		{"CredentialError, zero", Handler{Chain: fails(&CredentialError{})}, "internal", in + "(*CredentialError).Error"},
		{"error that panics with the token", Handler{Chain: fails(panicError{token})}, "internal", in + "panicError.Error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			answer, log, err := invoke(t, tt.h, readEvent(t, "Bearer "+token))
			if answer != "" || text(err) != "judging a request: "+tt.text {
				t.Errorf("got %s, %q; want %q", answer, text(err), tt.text)
			}
			want := fmt.Sprintf(`{"level":"ERROR","msg":"request not judged","reason":%q,"error":%q`, tt.reason, tt.text)
			if !strings.HasPrefix(log, want) || strings.Count(log, "\n") != 1 {
				t.Errorf("logged %s, want %s…", log, want)
			}
			for _, secret := range []string{token, "subjectOfTheToken"} {
				if strings.Contains(log+text(err), secret) {
					t.Errorf("%.20s… is shown in %s, %v", secret, log, err)
				}
			}
		})
	}
}

// TestHandlerLogsAllows: whoever turns debugging on sees who is let in.
func TestHandlerLogsAllows(t *testing.T) {
	t.Parallel()
	bearer := "Bearer " + sign(testHeader, testClaims)
	for name, handle := range map[string]func(Handler) error{
		"Invoke": func(h Handler) error {
			_, err := h.Invoke(t.Context(), readEvent(t, bearer))
			return err
		},
		"HandlePolicy": func(h Handler) error {
			_, err := h.HandlePolicy(t.Context(), readEvent(t, bearer))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			options := &slog.HandlerOptions{Level: slog.LevelDebug}
			err := handle(Handler{Chain: chainOf(newJWT(t)), Getenv: uncached, Logger: slog.New(slog.NewJSONHandler(&log, options))})
			const want = `"level":"DEBUG","msg":"request allowed","requestId":"","apiRequestId":"api-1","routeKey":"POST /events","method":"JWT","credentialId":"sha256:f12fd46e9b45"}`
			if err != nil || !strings.Contains(log.String(), want) {
				t.Errorf("logged %s, %v; want %s", log.String(), err, want)
			}
		})
	}
}

func TestHandlerUsesItsExtractor(t *testing.T) {
	t.Parallel()
	var got Request
	h := Handler{Getenv: uncached, Chain: Chain{{Verifier: newJWT(t), Extractor: extractFunc(func(r Request) (Credential, error) {
		got = r
		return NewCredential(BearerScheme, r.Headers["x-token"]), nil
	})}}}
	event := bytes.Replace(readEvent(t, ""), []byte(`"headers":{`), []byte(`"headers":{"x-token":"`+sign(testHeader, testClaims)+`",`), 1)
	answer, _, err := invoke(t, h, event)
	if err != nil || !strings.HasPrefix(answer, `{"isAuthorized":true`) {
		t.Errorf("got %s, %v", answer, err)
	}
	if got.RouteKey != "POST /events" || got.RequestID != "api-1" {
		t.Errorf("the extractor got route %q, request %q", got.RouteKey, got.RequestID)
	}
}

type extractFunc func(Request) (Credential, error)

func (f extractFunc) Extract(r Request) (Credential, error) { return f(r) }
