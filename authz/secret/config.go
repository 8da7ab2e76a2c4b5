package secret

import (
	"cmp"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/fresh"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

const (
	// DefaultMaxAge is that of Config, 5 minutes.
	DefaultMaxAge = fresh.DefaultMaxAge
	// MaxStale is how long after they were read keys are used while the service
	// that has them is unavailable, 1 hour; or Config.MaxAge where that is longer.
	MaxStale = fresh.MaxStale
)

// Config says where secrets are and how long they are good.
type Config struct {
	// Paths are the full names of SSM parameters of type SecureString, or the ARNs
	// of secrets of Secrets Manager, each with a secret or a document
	// ([ParseKeys]). Their keys together are the source's; all of them must be
	// there. Either Paths or Value is
	// required.
	Paths []string
	// Value is the secret or the document itself, from a place that does not
	// change while the function runs: it is never read again.
	Value string
	// Algorithm is what the keys are for. Defaults to authz.HS256.
	Algorithm authz.Algorithm
	// MaxAge is how old the keys may be before they are read again: how long
	// a key that was taken out of a parameter is still accepted. 1s to 24h.
	// Defaults to DefaultMaxAge.
	MaxAge time.Duration
	// Getenv gives the variables of [NewClient]. Defaults to os.Getenv.
	Getenv func(string) string
	// Logger is told when old keys are used because the service is unavailable. Defaults to slog.Default().
	Logger *slog.Logger

	now func() time.Time // the clock; of tests another
}

// Format prints where the secrets are, for every verb, and not Value.
func (c Config) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "secrets at %q", c.Paths) }

// check sets the defaults and returns what is wrong.
func (c *Config) check() error {
	switch {
	case len(c.Paths) > 0 && c.Value != "":
		return fmt.Errorf("%w: both Config.Paths and Config.Value are set", authz.ErrMisconfigured)
	case len(c.Paths) == 0 && c.Value == "":
		return fmt.Errorf("%w: neither Config.Paths nor Config.Value is set", authz.ErrMisconfigured)
	}
	seen := map[string]bool{}
	for _, path := range c.Paths {
		if err := checkName("a string in Config.Paths", path); err != nil {
			return err
		}
		if seen[path] {
			return fmt.Errorf("%w: %q is given twice", authz.ErrMisconfigured, path)
		}
		seen[path] = true
	}
	c.Algorithm = cmp.Or(c.Algorithm, authz.HS256)
	return nil
}

// nameCharacters are those of a parameter's full name.
const nameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/"

// isSecretARN reports whether a name is the ARN of a secret of Secrets Manager, or
// that without the hyphen and the six characters at its end.
func isSecretARN(name string) bool {
	parts := strings.SplitN(name, ":", 7)
	return len(parts) == 7 && parts[0] == "arn" && parts[2] == "secretsmanager" && parts[5] == "secret" &&
		parts[6] != "" && strings.Trim(parts[6], nameCharacters+"+=@") == ""
}

// checkName returns an error unless name can be the full name of a parameter, or the
// ARN of a secret. It does not show it: who mistakes one variable for another writes
// a secret there.
func checkName(where, name string) error {
	if isSecretARN(name) {
		return nil
	}
	if strings.HasPrefix(name, "arn:") {
		return fmt.Errorf("%w: %s, which has %d characters, is not the ARN of a secret of Secrets Manager: arn:aws:secretsmanager:{region}:{account}:secret:{name}", authz.ErrMisconfigured, where, utf8.RuneCountInString(name))
	}
	return checkParameter(where, name)
}

// checkParameter is checkName for parameters alone.
func checkParameter(where, name string) error {
	if !strings.HasPrefix(name, "/") || strings.Trim(name, nameCharacters) != "" {
		return fmt.Errorf("%w: %s, which has %d characters, is not the full name of an SSM parameter: a slash, then letters, digits and any of _.-/", authz.ErrMisconfigured, where, utf8.RuneCountInString(name))
	}
	return nil
}

// FromEnvironment returns the source that environment variables describe:
// JWT_SECRET_PATH names the parameter, or the secret of Secrets Manager, or JWT_SECRET is the secret itself;
// SECRET_MAX_AGE is Config.MaxAge, a Go duration. A nil getenv is os.Getenv. A
// mistake in them fails each invocation with its cause, instead of failing the
// start of the function.
func FromEnvironment(getenv func(string) string) *Source {
	config, err := fromEnvironment(orOS(getenv))
	return sourceOf(config, err, "environment variable "+contract.EnvSecret)
}

// sourceOf returns the source of a configuration that was read with err.
func sourceOf(config Config, err error, where string) *Source {
	if err != nil {
		return &Source{misconfigured: err}
	}
	s, err := newSource(config, NewClient, where)
	if err != nil {
		return &Source{misconfigured: err}
	}
	return s
}

// orOS returns getenv, or os.Getenv where it is nil.
func orOS(getenv func(string) string) func(string) string {
	if getenv == nil {
		return os.Getenv
	}
	return getenv
}

func fromEnvironment(getenv func(string) string) (Config, error) {
	path, value := getenv(contract.EnvSecretPath), getenv(contract.EnvSecret)
	config := Config{Value: value, Getenv: getenv}
	switch {
	case path != "" && value != "":
		return Config{}, fmt.Errorf("%w: both %s and %s are set; remove one of them", authz.ErrMisconfigured, contract.EnvSecretPath, contract.EnvSecret)
	case path == "" && value == "":
		return Config{}, fmt.Errorf("%w: neither %s nor %s is set; set the first to the name of the SSM parameter that holds the secret, or to the ARN of a secret of Secrets Manager", authz.ErrMisconfigured, contract.EnvSecretPath, contract.EnvSecret)
	case path != "":
		if err := checkName(contract.EnvSecretPath, path); err != nil {
			return Config{}, err
		}
		config.Paths = []string{path}
	}
	var err error
	config.MaxAge, err = maxAge(getenv)
	return config, err
}

// FromPath returns the source of keys whose parameter or secret another environment
// variable names; SECRET_MAX_AGE is Config.MaxAge here too. A nil getenv is
// os.Getenv. Mistakes fail each invocation, as those of FromEnvironment do.
func FromPath(getenv func(string) string, variable string) *Source {
	config, err := fromPath(orOS(getenv), variable)
	return sourceOf(config, err, "")
}

func fromPath(getenv func(string) string, variable string) (Config, error) {
	path := getenv(variable)
	if path == "" {
		return Config{}, fmt.Errorf("%w: %s is not set; set it to the name of the SSM parameter that holds the keys, or to the ARN of a secret of Secrets Manager", authz.ErrMisconfigured, variable)
	}
	if err := checkName(variable, path); err != nil {
		return Config{}, err
	}
	age, err := maxAge(getenv)
	return Config{Paths: []string{path}, MaxAge: age, Getenv: getenv}, err
}

// maxAge reads SECRET_MAX_AGE; 0 where it is not set.
func maxAge(getenv func(string) string) (time.Duration, error) {
	text := getenv(contract.EnvSecretMaxAge)
	if text == "" {
		return 0, nil
	}
	age, err := time.ParseDuration(text)
	if err != nil || age < fresh.LeastMaxAge || age > fresh.MostMaxAge {
		// Without the text, as in checkName.
		return 0, fmt.Errorf("%w: %s, which has %d characters, is not a Go duration of %v to %v; set it to 5m, for instance", authz.ErrMisconfigured, contract.EnvSecretMaxAge, utf8.RuneCountInString(text), fresh.LeastMaxAge, fresh.MostMaxAge)
	}
	return age, nil
}
