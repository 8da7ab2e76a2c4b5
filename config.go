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
)

// settings are the stack's configuration. Pulumi.yaml describes each of them
// and has the same defaults.
type settings struct {
	authorizerTtl       time.Duration
	secretPath          string
	architecture        string
	logRetentionDays    int
	pointInTimeRecovery bool
	deletionProtection  bool
}

func defaultSettings() settings {
	return settings{ //nolint:gosec // the name of a secret's parameter, not a secret
		secretPath:       "/events-api/jwt-secret",
		architecture:     "arm64",
		logRetentionDays: 30,
	}
}

// readers read a setting's text, by key. Their errors name the value and what
// is allowed.
var readers = map[string]func(*settings, string) error{
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
	"pointInTimeRecovery": func(s *settings, text string) error { return readBool(&s.pointInTimeRecovery, text) },
	"deletionProtection":  func(s *settings, text string) error { return readBool(&s.deletionProtection, text) },
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
	return readSettings(ctx.Project(), values, secret)
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
// of the settings is a secret, and so their values may stand in an error.
func readSettings(project string, values map[string]string, secret []string) (settings, error) {
	s := defaultSettings()
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
			err = read(&s, values[key])
		}
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("configuration %s: %w", key, err))
		}
	}
	if err := errors.Join(mistakes...); err != nil {
		return settings{}, err
	}
	return s, nil
}
