// Package parameter reads and changes what holds the secrets and keys that the commands
// sign with: SSM parameters, and secrets of Secrets Manager.
package parameter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/secret"
	"github.com/protected-http-api/protected-http-api/scripts/internal/awsconfig"
)

// ReadKey returns the key to sign tokens with: from the secret document at path,
// the name of a parameter or the ARN of a secret, which the authorizer reads too, the key with this id or, for
// an empty id, the current one. Its errors name the path and the cure,
// never a value.
func ReadKey(ctx context.Context, path, id string) (authz.Key, error) {
	p, err := Read(ctx, path, ExampleSecret)
	if err != nil {
		return authz.Key{}, err
	}
	keys, err := secret.ParseKeys(authz.HS256, p.Value())
	if err != nil {
		return authz.Key{}, fmt.Errorf("using %s: %w", Noun(path), err)
	}
	if id == "" {
		if document, err := secret.ParseDocument(p.Value()); err != nil || len(document.Keys) > 1 {
			return authz.Key{}, fmt.Errorf("using %s: it has several keys and none of them is the current one; choose one by its id", Noun(path))
		}
		return keys[0], nil // the current one
	}
	for _, key := range keys {
		if key.ID() == id {
			return key, nil
		}
	}
	return authz.Key{}, fmt.Errorf("using %s: it has no key with the id %q", Noun(path), id)
}

// Parameter is an SSM parameter of type SecureString, or a secret of Secrets Manager. It
// prints without its value.
type Parameter struct {
	// Path is the parameter's full name or the secret's ARN, Region where it is.
	Path, Region string
	// Version is the current one: of a parameter a number, of a secret an id.
	// ModifiedAt is when it was put.
	Version    string
	ModifiedAt time.Time

	value func() string
	store store
}

// store is what has one parameter.
type store interface {
	// read reads the current version.
	read(ctx context.Context) (version, error)
	// put replaces the value of the version that was read. The note says that
	// another was replaced.
	put(ctx context.Context, before version, value, kmsKey string) (after version, note string, err error)
	// history is a command that shows the versions.
	history() string
}

// version is one version of a value.
type version struct {
	value, id  string
	modifiedAt time.Time
}

// IsSecret reports whether a path is the ARN of a secret of Secrets Manager.
func IsSecret(path string) bool { return strings.HasPrefix(path, "arn:") }

// CheckPath returns an error that says what a path has to be.
func CheckPath(path string) error {
	if strings.HasPrefix(path, "/") || IsSecret(path) && strings.Contains(path, ":secretsmanager:") {
		return nil
	}
	return fmt.Errorf("is %q, which neither begins with a slash nor is the ARN of a secret of Secrets Manager", path)
}

// Noun calls what is at a path by its name.
func Noun(path string) string {
	if IsSecret(path) {
		return fmt.Sprintf("secret %q", path)
	}
	return fmt.Sprintf("parameter %q", path)
}

// Value returns what the parameter says.
func (p *Parameter) Value() string { return p.value() }

// use makes a version the one that p has.
func (p *Parameter) use(v version) {
	p.Version, p.ModifiedAt, p.value = v.id, v.modifiedAt, func() string { return v.value }
}

// ExampleSecret is a shell command that prints a value for a parameter with the
// secret of tokens.
const ExampleSecret = `printf 'base64:%s' "$(openssl rand -base64 32)"` //nolint:gosec // a command, not a secret

// Read reads the SecureString parameter path, or the secret of Secrets Manager whose
// ARN that is, found with the usual
// AWS configuration of the environment (AWS_PROFILE, AWS_REGION,
// AWS_ENDPOINT_URL, …). Its errors name the path and the cure; example is
// a shell command that prints a value, which the cure of a
// missing one pipes into the AWS CLI: an argument would be seen by every process.
func Read(ctx context.Context, path, example string) (*Parameter, error) {
	limited, cancel := context.WithTimeout(ctx, awsconfig.Timeout)
	defer cancel()
	p, err := read(limited, path, example)
	switch {
	case err == nil:
		return p, nil
	case ctx.Err() != nil: // the interruption, not what it broke
		return nil, context.Cause(ctx)
	}
	return nil, fmt.Errorf("reading %s: %w", Noun(path), err)
}

func read(ctx context.Context, path, example string) (*Parameter, error) {
	cfg, err := awsconfig.Load(ctx, "the parameter's")
	if err != nil {
		return nil, err
	}
	p := &Parameter{Path: path, Region: cfg.Region}
	if IsSecret(path) {
		p.Region = strings.Split(path+":::", ":")[3]
		p.store = newSecret(cfg, path, p.Region, example)
	} else {
		p.store = newParameter(cfg, path, example)
	}
	v, err := p.store.read(ctx)
	if err != nil {
		return nil, err
	}
	p.use(v)
	return p, nil
}

// lookTimeout bounds the look of Put at what is in force.
const lookTimeout = 5 * time.Second

// Put replaces the value. A parameter is encrypted with a KMS key, empty for the
// account's default one; a secret keeps its key. There is no condition for that: a
// change that another made since the value was read is lost, but seen. note is empty,
// or says what there is to know although the value is in force. An error that is no
// refusal by AWS leaves open whether it is.
func (p *Parameter) Put(ctx context.Context, value, kmsKey string) (note string, err error) {
	limited, cancel := context.WithTimeout(ctx, awsconfig.Timeout)
	defer cancel()
	before := version{p.Value(), p.Version, p.ModifiedAt}
	after, note, err := p.store.put(limited, before, value, kmsKey)
	var answer *awshttp.ResponseError
	switch {
	case err == nil && note == "":
		p.use(after)
		return "", nil
	case err == nil:
	case errors.As(err, &answer) && answer.HTTPStatusCode() >= 400 && answer.HTTPStatusCode() < 500:
		return "", fmt.Errorf("writing %s: %w", Noun(p.Path), err)
	default:
		note = "the answer to the change was lost, but it was made"
	}
	// With a time limit of its own: that of the change may be what has passed.
	limited, cancel = context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer cancel()
	now, readErr := p.store.read(limited)
	if readErr == nil && now.value == value {
		note = fmt.Sprintf("%s was version %s and is version %s now: %s; see %s", Noun(p.Path), before.id, now.id, note, p.store.history())
		p.use(now)
		return note, nil
	}
	if err = cmp.Or(err, readErr); ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err == nil {
		err = errors.New("it has another value now")
	}
	return "", fmt.Errorf("writing %s: it is not known whether the change was made; see %s: %w", Noun(p.Path), p.store.history(), err)
}
