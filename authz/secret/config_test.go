package secret

import (
	"errors"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

func TestFromEnvironment(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"raw":      testSecret + "\n",
		"base64":   "base64:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
		"document": `{"current":"` + testSecret + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantKeys(t, FromEnvironment(environment("", contract.EnvSecretPath, "", contract.EnvSecret, value)), "test")
		})
	}
}

// TestFromEnvironmentPath: with the maximum age of the environment.
func TestFromEnvironmentPath(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t, testSecret)
	config, err := fromEnvironment(environment(ssm.URL, contract.EnvSecretMaxAge, "90s"))
	clock := newClock()
	config.now = clock.Now
	s := sourceOf(config, err, "")
	wantKeys(t, s, "test")
	clock.add(90*time.Second - 1)
	wantKeys(t, s, "test")
	wantCalls(t, ssm, 1)
	clock.add(1)
	wantKeys(t, s, "test")
	wantCalls(t, ssm, 2)
}

// Ends of errors. None shows the value: it could be a secret.
const (
	noName = "is not the full name of an SSM parameter: a slash, then letters, digits and any of _.-/"
	noAge  = "is not a Go duration of 1s to 24h0m0s; set it to 5m, for instance"
)

func TestFromEnvironmentMisconfigured(t *testing.T) {
	t.Parallel()
	const inEnv = "using environment variable JWT_SECRET: "
	tests := []struct {
		name, path, value, age string
		text                   string
	}{
		{"neither", "", "", "", "misconfigured: neither JWT_SECRET_PATH nor JWT_SECRET is set; set the first to the name of the SSM parameter that holds the secret, or to the ARN of a secret of Secrets Manager"},
		{"both", "/a", testSecret, "", "misconfigured: both JWT_SECRET_PATH and JWT_SECRET are set; remove one of them"},
		{"checklist 3: a secret of 31 bytes", "", testSecret[:31], "", inEnv + "misconfigured: the secret has 31 bytes, HS256 needs at least 32 (RFC 7518 section 3.2); make one with: openssl rand -base64 32"},
		{"checklist 3: a trailing newline does not count", "", testSecret[:31] + "\n", "", inEnv + "misconfigured: the secret has 31 bytes, HS256 needs at least 32 (RFC 7518 section 3.2); make one with: openssl rand -base64 32"},
		{"newline only", "", "\n", "", inEnv + "misconfigured: the secret has 0 bytes, HS256 needs at least 32 (RFC 7518 section 3.2); make one with: openssl rand -base64 32"},
		{"bad base64", "", "base64:" + testSecret + "?", "", inEnv + `misconfigured: the secret begins with "base64:" but what follows is not base64 with padding (RFC 4648 section 4)`},
		{"path without slash", "jwt", "", "", "misconfigured: JWT_SECRET_PATH, which has 3 characters, " + noName},
		{"the secret as the path", testSecret, "", "", "misconfigured: JWT_SECRET_PATH, which has 32 characters, " + noName},
		{"a secret with a slash as the path", "/" + testSecret + "=", "", "", "misconfigured: JWT_SECRET_PATH, which has 34 characters, " + noName},
		{"age without unit", "/a", "", "300", "misconfigured: SECRET_MAX_AGE, which has 3 characters, " + noAge},
		{"the secret as the age", "/a", "", testSecret, "misconfigured: SECRET_MAX_AGE, which has 32 characters, " + noAge},
		{"age of nothing", "/a", "", "0s", "misconfigured: SECRET_MAX_AGE, which has 2 characters, " + noAge},
		{"age too long", "/a", "", "25h", "misconfigured: SECRET_MAX_AGE, which has 3 characters, " + noAge},
		{"no Region", "/a", "", "", `reading parameter "/a": misconfigured: AWS_REGION is "", which is no AWS Region; Lambda sets it, elsewhere set it to the Region of the deployment`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := FromEnvironment(environment("", contract.EnvSecretPath, tt.path, contract.EnvSecret, tt.value, contract.EnvSecretMaxAge, tt.age, "AWS_REGION", ""))
			keys, err := s.Keys(t.Context())
			if keys != nil || !errors.Is(err, authz.ErrMisconfigured) || text(err) != tt.text {
				t.Errorf("got %v, error %q; want error %q", keys, text(err), tt.text)
			}
			refreshed, _, refreshErr := s.Refresh(t.Context())
			if refreshed != nil || text(refreshErr) != tt.text {
				t.Errorf("a refresh gives %v, error %q", refreshed, text(refreshErr))
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		config Config
		text   string
	}{
		{"nothing", Config{}, "misconfigured: neither Config.Paths nor Config.Value is set"},
		{"both", Config{Paths: []string{"/a"}, Value: "x"}, "misconfigured: both Config.Paths and Config.Value are set"},
		{"path without slash", Config{Paths: []string{"/a", testSecret}}, "misconfigured: a string in Config.Paths, which has 32 characters, " + noName},
		{"no ARN of a secret", Config{Paths: []string{"arn:aws:ssm:eu-central-1:123456789012:parameter/a"}}, "misconfigured: a string in Config.Paths, which has 49 characters, is not the ARN of a secret of Secrets Manager: arn:aws:secretsmanager:{region}:{account}:secret:{name}"},
		{"path twice", Config{Paths: []string{"/a", "/a"}}, `misconfigured: "/a" is given twice`},
		{"age too short", Config{Paths: []string{"/a"}, MaxAge: time.Millisecond}, "misconfigured: MaxAge of the secrets is 1ms, allowed is 1s to 24h0m0s"},
		{"age too long", Config{Paths: []string{"/a"}, MaxAge: 25 * time.Hour}, "misconfigured: MaxAge of the secrets is 25h0m0s, allowed is 1s to 24h0m0s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := New(tt.config)
			if s != nil || !errors.Is(err, authz.ErrMisconfigured) || text(err) != tt.text {
				t.Errorf("got %q, want %q", text(err), tt.text)
			}
		})
	}
}

// TestFromPath: another variable names the parameter, SECRET_MAX_AGE holds.
func TestFromPath(t *testing.T) {
	t.Parallel()
	const variable = "KEYS_PATH"
	ssm := newSSM(t, testSecret)
	config, err := fromPath(environment(ssm.URL, contract.EnvSecretPath, "", variable, testPath, contract.EnvSecretMaxAge, "90s"), variable)
	clock := newClock()
	config.now = clock.Now
	s := sourceOf(config, err, "")
	wantKeys(t, s, "test")
	clock.add(90 * time.Second)
	wantKeys(t, s, "test")
	wantCalls(t, ssm, 2)
	for _, tt := range []struct{ path, age, text string }{
		{"", "", "misconfigured: KEYS_PATH is not set; set it to the name of the SSM parameter that holds the keys, or to the ARN of a secret of Secrets Manager"},
		{"é", "", "misconfigured: KEYS_PATH, which has 1 characters, " + noName},
		{testSecret, "", "misconfigured: KEYS_PATH, which has 32 characters, " + noName},
		{"/a", "x", "misconfigured: SECRET_MAX_AGE, which has 1 characters, " + noAge},
	} {
		_, err := FromPath(environment(ssm.URL, variable, tt.path, contract.EnvSecretMaxAge, tt.age), variable).Keys(t.Context())
		if err == nil || err.Error() != tt.text {
			t.Errorf("got %v, want %q", err, tt.text)
		}
	}
}

// TestNilGetenv: nil is os.Getenv.
func TestNilGetenv(t *testing.T) {
	t.Setenv(contract.EnvSecret, testSecret)
	t.Setenv("AWS_REGION", "of no kind")
	wantKeys(t, FromEnvironment(nil), "test")
	t.Setenv("KEYS_PATH", testPath)
	for _, err := range []error{second(FromPath(nil, "KEYS_PATH").Keys(t.Context())), second(NewClient(nil).Get(t.Context(), testPath))} {
		if want := `reading parameter "/events-api/jwt-secret": misconfigured: AWS_REGION is "of no kind", which is no AWS Region; Lambda sets it, elsewhere set it to the Region of the deployment`; text(err) != want {
			t.Errorf("got %q, want %q", text(err), want)
		}
	}
}

func second[T any](_ T, err error) error { return err }
