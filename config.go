package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/components"
	"github.com/protected-http-api/protected-http-api/internal/events/schema"
)

// settings are the stack's configuration. Pulumi.yaml describes each of them
// and has the same defaults.
type settings struct {
	// authMethods is a list of methods, in the order of allAuthMethods, with
	// commas between them.
	authMethods         string
	authorizerTtl       time.Duration
	secretPath          string
	signingKeysPath     string
	secretMaxAge        time.Duration
	architecture        string
	logRetentionDays    int
	pointInTimeRecovery bool
	deletionProtection  bool
	revocation          bool
	monitoring          bool
	alarmTopicArn       string
	// corsOrigins is a list of origins with commas between them, or empty.
	corsOrigins string
}

func defaultSettings(stack string) settings {
	return settings{
		authMethods:      authJwt,
		secretPath:       schema.OfStack(schema.SecretPath, stack),
		signingKeysPath:  schema.OfStack(schema.SigningKeysPath, stack),
		secretMaxAge:     5 * time.Minute,
		architecture:     "arm64",
		logRetentionDays: 30,
	}
}

// The methods by which callers prove who they are.
const (
	authJwt       = "jwt"
	authApiKey    = "apikey"
	authSignature = "signature"
)

var allAuthMethods = []string{authJwt, authApiKey, authSignature}

// accepts reports whether a method is among the settings'.
func (s settings) accepts(method string) bool {
	return slices.Contains(strings.Split(s.authMethods, ","), method)
}

// readers read a setting's text, by key. Their errors name the value and what
// is allowed.
var readers = map[string]func(*settings, string) error{
	"authMethods": func(s *settings, text string) error {
		methods, err := readAuthMethods(text)
		if err == nil {
			s.authMethods = methods
		}
		return err
	},
	"authorizerTtl": func(s *settings, text string) (err error) {
		if s.authorizerTtl, err = time.ParseDuration(text); err != nil {
			return fmt.Errorf("%q is not a duration: write 0s to 1h, for instance 5m", text)
		}
		return components.CheckCacheTtl(s.authorizerTtl)
	},
	"secretPath": func(s *settings, text string) error {
		s.secretPath = text
		return components.CheckSecretPath(text)
	},
	"signingKeysPath": func(s *settings, text string) error {
		s.signingKeysPath = text
		return components.CheckSecretPath(text)
	},
	"secretMaxAge": func(s *settings, text string) (err error) {
		if s.secretMaxAge, err = time.ParseDuration(text); err != nil {
			return fmt.Errorf("%q is not a duration: write 1s to 24h, for instance 5m", text)
		}
		return components.CheckSecretMaxAge(s.secretMaxAge)
	},
	"architecture": func(s *settings, text string) error {
		s.architecture = text
		return components.CheckArchitecture(text)
	},
	"logRetentionDays": func(s *settings, text string) (err error) {
		if s.logRetentionDays, err = strconv.Atoi(text); err != nil {
			return fmt.Errorf("%q is not a whole number: write one of %v", text, components.AllowedLogRetentionDays())
		}
		return components.CheckLogRetentionDays(s.logRetentionDays)
	},
	"corsOrigins": func(s *settings, text string) error {
		var origins []string
		for origin := range strings.SplitSeq(text, ",") {
			origin = strings.TrimSpace(origin)
			if err := components.CheckCorsOrigin(origin); err != nil && text != "" {
				return err
			}
			origins = append(origins, origin)
		}
		s.corsOrigins = strings.Join(origins, ",")
		return nil
	},
	"pointInTimeRecovery": func(s *settings, text string) error { return readBool(&s.pointInTimeRecovery, text) },
	"deletionProtection":  func(s *settings, text string) error { return readBool(&s.deletionProtection, text) },
	"revocation":          func(s *settings, text string) error { return readBool(&s.revocation, text) },
	"monitoring":          func(s *settings, text string) error { return readBool(&s.monitoring, text) },
	"alarmTopicArn": func(s *settings, text string) error {
		s.alarmTopicArn = text
		if text == "" { // the default
			return nil
		}
		return components.CheckTopicArn(text)
	},
}

// readAuthMethods returns a list of methods in the order of allAuthMethods.
func readAuthMethods(text string) (string, error) {
	given := strings.Split(text, ",")
	for i, method := range given {
		given[i] = strings.TrimSpace(method)
		switch {
		case !slices.Contains(allAuthMethods, given[i]):
			return "", fmt.Errorf("%q is not one of %s: write one or more of them, with commas between them", given[i], strings.Join(allAuthMethods, ", "))
		case slices.Contains(given[:i], given[i]):
			return "", fmt.Errorf("%q occurs twice", given[i])
		}
	}
	slices.SortFunc(given, func(a, b string) int { return slices.Index(allAuthMethods, a) - slices.Index(allAuthMethods, b) })
	return strings.Join(given, ","), nil
}

func readBool(value *bool, text string) error {
	if text != "true" && text != "false" {
		return fmt.Errorf("%q is not one of true, false", text)
	}
	*value = text == "true"
	return nil
}

// configOf returns the stack's settings. It reads the variables that the
// Pulumi CLI hands the configuration over in: the SDK gives a value for a key,
// but not the keys, and so could not find one that is misspelt.
func configOf(ctx *pulumi.Context) (settings, error) {
	var values map[string]string
	var secret []string
	if err := fromEnv(pulumi.EnvConfig, &values); err != nil {
		return settings{}, err
	}
	if err := fromEnv(pulumi.EnvConfigSecretKeys, &secret); err != nil {
		return settings{}, err
	}
	return readSettings(ctx.Project(), ctx.Stack(), values, secret)
}

// fromEnv reads JSON. Its error leaves out the text, which may hold secrets of
// other namespaces.
func fromEnv(name string, value any) error {
	text := os.Getenv(name)
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), value); err != nil {
		return fmt.Errorf("reading the environment variable %s: it is not the JSON that the Pulumi CLI writes", name)
	}
	return nil
}

// readSettings reads the project's configuration from values, whose keys begin
// with their namespace. All mistakes come back together, a line each: unknown
// keys, values that are not allowed, and keys that are marked as secret. None
// of the settings is a secret, and so their values may stand in an error. The
// stack's name takes the place of {stack} in a value.
func readSettings(project, stack string, values map[string]string, secret []string) (settings, error) {
	s := defaultSettings(stack)
	var mistakes []error
	for _, key := range slices.Sorted(maps.Keys(values)) {
		name, ours := strings.CutPrefix(key, project+":")
		if !ours {
			continue
		}
		read, known := readers[name]
		var err error
		switch {
		case !known:
			err = fmt.Errorf("is not known: the keys are %s", strings.Join(slices.Sorted(maps.Keys(readers)), ", "))
		case slices.Contains(secret, key):
			err = errors.New("is marked as a secret, and is none: set it without --secret")
		default:
			err = read(&s, schema.OfStack(values[key], stack))
		}
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("configuration %s: %w", key, err))
		}
	}
	if s.authorizerTtl > 0 && s.authMethods != authJwt {
		mistakes = append(mistakes, fmt.Errorf(
			"configuration %[1]s:authorizerTtl: %[2]v is not possible with %[1]s:authMethods %[3]q: a result that API Gateway reuses would count no request against a quota, and let a signed one in twice: set authorizerTtl to 0s, or authMethods to %[4]s",
			project, s.authorizerTtl, s.authMethods, authJwt))
	}
	if s.accepts(authJwt) && s.accepts(authSignature) && s.secretPath == s.signingKeysPath {
		mistakes = append(mistakes, fmt.Errorf(
			"configuration %[1]s:signingKeysPath: %[2]q is %[1]s:secretPath too: whoever may sign requests could sign tokens for anybody: set one of them to another parameter",
			project, s.signingKeysPath))
	}
	if s.alarmTopicArn != "" && !s.monitoring {
		mistakes = append(mistakes, fmt.Errorf(
			"configuration %[1]s:alarmTopicArn: %[2]q is told nothing without alarms: set %[1]s:monitoring to true, or leave it out", project, s.alarmTopicArn))
	}
	if err := errors.Join(mistakes...); err != nil {
		return settings{}, err
	}
	return s, nil
}
