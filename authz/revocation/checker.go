package revocation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/internal/awsjson"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// API Gateway waits 10 s for an authorizer. Verifiers and limiters of this module
// take up to 8 s of them while DynamoDB hardly answers.
const defaultTimeout = 1500 * time.Millisecond

// Config is where the table is, and what happens without it.
type Config struct {
	// Table is the physical name of the table. Its partition key is the string id,
	// its TTL attribute expiresAt. Defaults to the environment variable
	// REVOCATION_TABLE_NAME, which the component sets.
	Table string
	// FailOpen lets credentials in while DynamoDB does not answer, with a line in the
	// log for each. A table that is not there or may not be read, and an entry that
	// cannot be read, let nobody in all the same. Defaults to false: who cannot be
	// looked up is authz.ErrUnavailable.
	FailOpen bool
	// Getenv gives the name of the table and, as AWS's SDKs have them, the Region,
	// the endpoint and the credentials. Defaults to os.Getenv.
	Getenv func(string) string
	// Credentials gives the credentials to sign with. Defaults to those of the
	// environment.
	Credentials func(context.Context) (aws.Credentials, error)
	// Timeout bounds one operation with its repetitions; one HTTP exchange may take
	// two thirds of it. Defaults to 1.5s.
	Timeout time.Duration
	// Logger takes what FailOpen lets in. Defaults to slog.Default().
	Logger *slog.Logger
}

func (c *Config) table() awsjson.Table {
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	return awsjson.NewDynamoDB(awsjson.Config{
		Getenv: c.Getenv, Credentials: c.Credentials, Timeout: c.Timeout, CallTimeout: c.Timeout * 2 / 3,
	}).Table(c.Table, "revocation", contract.EnvRevocationTable)
}

// Checker is the [authz.Revocations] in a table. It needs the permission
// dynamodb:BatchGetItem and nothing else. It is safe for concurrent use.
type Checker struct {
	cfg   Config
	table awsjson.Table
}

// New returns the checker. It makes no call: a mistake in the configuration fails
// each Check with its cause.
func New(cfg Config) *Checker {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	table := cfg.table()
	return &Checker{cfg, table}
}

// FromEnvironment returns the checker of the table of the environment variable
// REVOCATION_TABLE_NAME, which the component sets; with REVOCATION_FAIL_OPEN "true"
// it has FailOpen. Without a table it returns nil, which an authz.Handler takes. A nil
// getenv is os.Getenv.
func FromEnvironment(getenv func(string) string) authz.Revocations {
	if getenv == nil {
		getenv = os.Getenv
	}
	if getenv(contract.EnvRevocationTable) == "" {
		return nil
	}
	switch text := getenv(contract.EnvRevocationFailOpen); text {
	case "", "false", "true":
		return New(Config{FailOpen: text == "true", Getenv: getenv})
	default:
		return undecided{fmt.Errorf("%w: environment variable %s is %q, neither true nor false", authz.ErrMisconfigured, contract.EnvRevocationFailOpen, text)}
	}
}

// undecided is the Revocations of an authorizer that does not know what to do.
type undecided struct{ err error }

// Check implements [authz.Revocations].
func (u undecided) Check(context.Context, authz.Principal) error { return u.err }

// Check implements [authz.Revocations] with one strongly consistent read of all
// entries that can be about the credential: one that has been written counts at
// once. Each of these, three for a token without issuer, tenant and key id, costs one
// read unit, whether it is there or not. An entry that cannot be read is
// authz.ErrMisconfigured.
func (c *Checker) Check(ctx context.Context, p authz.Principal) error {
	items, err := c.read(ctx, targetsOf(p))
	if c.cfg.FailOpen && errors.Is(err, authz.ErrUnavailable) {
		c.cfg.Logger.ErrorContext(ctx, "letting in a credential that may be revoked", "error", err.Error(), "method", p.Method, "credentialId", p.CredentialID)
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for revocations: %w", err)
	}
	for _, item := range items {
		var e Entry
		if e, err = decode(item); err != nil {
			err = fmt.Errorf("revocation table %q: %w: an entry about the credential: %w; pha revoke --list names it", c.table.Name, authz.ErrMisconfigured, err)
			continue
		}
		if e.withdraws(p.IssuedAt) {
			return fmt.Errorf("%w: %s", authz.ErrRevoked, e.reason(p))
		}
	}
	return err
}

// reason says which entry it is, without what it says of the credential.
func (e Entry) reason(p authz.Principal) string {
	text := "there is an entry for its " + string(e.Kind)
	switch {
	case e.Before.IsZero():
	case p.IssuedAt.IsZero():
		text += " before a moment, and nothing says when it was issued"
	default:
		text += ", and it was issued before the entry's moment"
	}
	return text
}

// read reads the entries of targets that there are. DynamoDB may leave some unread:
// they are asked for again, and not taken for missing.
func (c *Checker) read(ctx context.Context, targets []Target) ([]awsjson.Item, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	keys := make([]awsjson.Item, len(targets))
	for i, t := range targets {
		keys[i] = keyOf(t)
	}
	var all []awsjson.Item
	for times := 1; ; times++ {
		found, left, err := c.table.BatchGet(ctx, keys, true)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
		if len(left) == 0 {
			return all, nil
		}
		if keys = left; c.table.Client.BackOff(ctx, times) != nil {
			return nil, fmt.Errorf("revocation table %q: %w: DynamoDB leaves %d items unread", c.table.Name, authz.ErrUnavailable, len(left))
		}
	}
}
