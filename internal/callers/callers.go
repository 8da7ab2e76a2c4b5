// Package callers makes the credentials with which somebody calls what is deployed to a
// local AWS: tokens, API keys and signed requests, as the authorizers want them, and
// requests that the developer signs for AWS.
package callers

import (
	"slices"
	"sync"

	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/events/token"
	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

// Subject is whom the credentials of [Callers.Apply] speak for.
const Subject = "usr_local"

// AWS is what is asked of a local AWS. What it answers may change at any time.
type AWS interface {
	// Functions are those that are deployed, sorted by name.
	Functions() []lambda.FunctionInfo
	// SecretValue is what functions read of a parameter, or of a secret by its ARN.
	SecretValue(name string) (string, error)
	// Environment are the variables of AWS clients, with the developer's credentials.
	Environment() map[string]string
}

// Callers are those of one local AWS. Whatever is deployed to it later holds for them
// too, but for the methods Tokens and Signer. They are safe for concurrent use.
type Callers struct {
	aws AWS
	// secret is that of tokens and signingKey that of signatures, where anything reads
	// them.
	secret, signingKey []byte

	mu   sync.Mutex
	keys map[keyPlace]apikey.Key
}

// From are the callers of a deployment, which must not change meanwhile. Afterwards it
// may.
func From(d *local.Deployment) *Callers {
	c := New(d.AWS)
	if len(d.SecretPaths) > 0 {
		c.secret = d.Secret
	}
	if len(d.KeyPaths) > 0 {
		c.signingKey = d.SigningKey
	}
	return c
}

// New are the callers of a local AWS of which nothing else is known.
func New(aws AWS) *Callers { return &Callers{aws: aws, keys: map[keyPlace]apikey.Key{}} }

// Authorizer is what a function's environment says of the credentials that it takes. Of
// a function with code of its own that may be nothing.
type Authorizer struct {
	// Name is the function's. Empty: nothing is known.
	Name string
	// SecretPath is where the secret of tokens is, KeysPath where the keys of signatures
	// are.
	SecretPath, KeysPath string
	// KeyTable and StateTable are the tables of API keys, and of what is counted.
	KeyTable, StateTable string
	// Accepts is what a credential has to have.
	Accepts contract.Accepts

	secret string // of tokens, where the stack looked it up
}

// Tokens reports whether it takes tokens.
func (a Authorizer) Tokens() bool { return a.SecretPath != "" || a.secret != "" }

// Tier is the name of a tier of its API keys.
func (a Authorizer) Tier() string { return append(a.Accepts.Tiers, "standard")[0] }

// Authorizers are the functions of which it is known what credentials they take, sorted
// by name.
func (c *Callers) Authorizers() []Authorizer {
	var all []Authorizer
	for _, f := range c.aws.Functions() {
		if a := authorizer(f); a.Tokens() || a.KeysPath != "" || a.KeyTable != "" {
			all = append(all, a)
		}
	}
	return all
}

// Authorizer is what is known of the function that decides for a route.
func (c *Callers) Authorizer(route local.Route) Authorizer {
	functions := c.aws.Functions()
	i := slices.IndexFunc(functions, func(f lambda.FunctionInfo) bool { return f.Name == route.Authorizer })
	if i < 0 {
		return Authorizer{}
	}
	return authorizer(functions[i])
}

func authorizer(f lambda.FunctionInfo) Authorizer {
	return Authorizer{
		Name: f.Name, SecretPath: f.Environment[contract.EnvSecretPath], KeysPath: f.Environment[contract.EnvSigningKeysPath],
		KeyTable: f.Environment[contract.EnvAPIKeyTable], StateTable: f.Environment[contract.EnvStateTable],
		Accepts: token.ReadAccepts(f.Environment[contract.EnvAccepts]), secret: f.Environment[contract.EnvSecret],
	}
}
