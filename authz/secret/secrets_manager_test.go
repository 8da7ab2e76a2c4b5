package secret

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
)

const testARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:events-api/jwt-secret-Ab1Cd2"

// secretsManager answers with what is stored, and checks that it is asked for testARN.
func secretsManager(t *testing.T) (endpoint string, answer *atomic.Value) {
	t.Helper()
	answer = &atomic.Value{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if got, want := r.Header.Get("X-Amz-Target")+" "+string(body), `secretsmanager.GetSecretValue {"SecretId":"`+testARN+`"}`; got != want {
			t.Errorf("asked for %s, want %s", got, want)
		}
		if !strings.Contains(r.Header.Get("Authorization"), "/eu-central-1/secretsmanager/aws4_request") {
			t.Error("the request is not signed for Secrets Manager")
		}
		text, _ := answer.Load().(string)
		if strings.Contains(text, "__type") {
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(server.Close)
	return server.URL, answer
}

func TestGetSecret(t *testing.T) {
	t.Parallel()
	const prefix = `reading secret "` + testARN + `": `
	for _, tt := range []struct {
		name, answer, value string
		want                error
		text                string
	}{
		{"text", `{"SecretString":"` + testSecret + `","CreatedDate":1.69e9}`, testSecret, nil, ""},
		{"empty text", `{"SecretString":""}`, "", nil, ""},
		{"binary", `{"SecretBinary":"YQ=="}`, "", authz.ErrMisconfigured, "misconfigured: it has no text; a binary value is not read; put a text: aws secretsmanager put-secret-value --secret-id " + testARN + " --secret-string …"},
		{"none", `{"__type":"ResourceNotFoundException","Message":"no"}`, "", authz.ErrMisconfigured, `misconfigured: Secrets Manager answered status 400, "ResourceNotFoundException": "no"; give the secret a value: aws secretsmanager put-secret-value --secret-id ` + testARN + ` --secret-string …; if there is no such secret, make one and name its ARN`},
		{"denied", `{"__type":"AccessDeniedException","Message":"no"}`, "", authz.ErrMisconfigured, `misconfigured: Secrets Manager answered status 400, "AccessDeniedException": "no"; allow the function's role secretsmanager:GetSecretValue on the secret's whole ARN, with the six characters at its end, and kms:Decrypt if it has a key of its own`},
		{"deleted", `{"__type":"InvalidRequestException","Message":"it was marked for deletion"}`, "", authz.ErrMisconfigured, `misconfigured: Secrets Manager answered status 400, "InvalidRequestException": "it was marked for deletion"`},
		{"no answer", `[]`, "", authz.ErrUnavailable, `unavailable: the answer of Secrets Manager to GetSecretValue is not as documented`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			endpoint, answer := secretsManager(t)
			answer.Store(tt.answer)
			value, err := testClient(environment("", "AWS_ENDPOINT_URL_SECRETS_MANAGER", endpoint)).Get(t.Context(), testARN)
			if tt.text != "" {
				tt.text = prefix + tt.text
			}
			if !errors.Is(err, tt.want) || text(err) != tt.text || value != tt.value {
				t.Errorf("got error %q, want %q", text(err), tt.text)
			}
		})
	}
}

// TestSecretIsRotated: a secret document of Secrets Manager is read again like that of a
// parameter, and both may be sources of one.
func TestSecretIsRotated(t *testing.T) {
	t.Parallel()
	endpoint, answer := secretsManager(t)
	answer.Store(`{"SecretString":"{\"current\":\"` + testSecret + `\"}","CreatedDate":1.68e9}`)
	ssm, clock := newSSM(t, otherSecret), newClock()
	s, err := newSource(Config{
		Paths: []string{testARN, testPath}, Logger: slog.New(slog.DiscardHandler), now: clock.Now,
		Getenv: environment(ssm.URL, "AWS_ENDPOINT_URL_SECRETS_MANAGER", endpoint),
	}, testClient, "")
	if err != nil {
		t.Fatal(err)
	}
	wantKeys(t, s, "test other")
	if got := s.changed.Load().Unix(); got != 1_680_000_000 {
		t.Errorf("the oldest was changed at %d", got)
	}
	answer.Store(`{"SecretString":"{\"current\":\"` + thirdSecret + `\",\"previous\":\"` + testSecret + `\"}"}`)
	wantKeys(t, s, "test other")
	clock.add(DefaultMaxAge + time.Second)
	wantKeys(t, s, "third test other")

	answer.Store(`{"SecretString":"short"}`)
	clock.add(DefaultMaxAge + time.Second)
	_, err = s.Keys(t.Context())
	if want := `using secret "` + testARN + `": misconfigured: the secret has 5 bytes`; !strings.HasPrefix(text(err), want) {
		t.Errorf("got %q, want %q", text(err), want)
	}
}
