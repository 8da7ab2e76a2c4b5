package localtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/authz/httpsig"
	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/local"
)

// Key creates an API key in the deployment's table of keys, that of the API's
// authorizer. A request sends it as X-Api-Key.
func (a *API) Key(spec apikey.Spec) Credential {
	a.t.Helper()
	keys, state := a.keyTables()
	config := a.AWS()
	admin := apikey.Admin{DynamoDB: apikey.NewDynamoDB(apikey.DynamoDBConfig{
		KeyTable: keys, StateTable: state,
		Getenv: func(name string) string {
			return map[string]string{"AWS_REGION": config.Region, "AWS_ENDPOINT_URL": *config.BaseEndpoint}[name]
		},
		Credentials: config.Credentials.Retrieve,
	})}
	key, _, err := admin.Create(a.context(), spec)
	if err != nil {
		a.t.Fatal(err)
	}
	a.d.secrets.add(key.Reveal())
	return Credential{header: apikey.DefaultHeader, secret: key.Reveal()}
}

// keyTables are the tables of the one authorizer of the API that has API keys.
func (a *API) keyTables() (keys, state string) {
	a.t.Helper()
	api, tables := a.chosen(), map[string]string{}
	a.d.look(func(d *local.Deployment) {
		for _, function := range d.AWS.Functions() {
			table := function.Environment[contract.EnvAPIKeyTable]
			if table != "" && slices.ContainsFunc(api.Routes, func(r local.Route) bool { return r.Authorizer == function.Name }) {
				tables[table] = function.Environment[contract.EnvStateTable]
			}
		}
	})
	if len(tables) != 1 {
		a.t.Fatalf("the authorizers of the API %s have %d tables of API keys, and Key needs one (AuthorizerArgs.ApiKeys)", api.Name, len(tables))
	}
	for keys, state = range tables {
	}
	return keys, state
}

// Signature signs the request (RFC 9421) with the key that the deployed authorizers
// read. Its id, and so the caller's subject where the authorizer maps it to no other, is
// local.
func (a *API) Signature() RequestOption {
	a.t.Helper()
	var secret []byte
	a.d.look(func(d *local.Deployment) {
		if len(d.KeyPaths) > 0 {
			secret = d.SigningKey
		}
	})
	if secret == nil {
		a.t.Fatal("no function of the project reads signing keys (SecretsArgs.Paths)")
	}
	key, err := authz.NewHMACKey(authz.HS256, local.SigningKeyID, secret)
	if err != nil {
		a.t.Fatal(err)
	}
	return RequestFunc((&httpsig.Signer{Key: key}).Sign)
}

// IAM signs the request as AWS clients do (SigV4), for routes with IAM authorization,
// with credentials that may do everything.
func (a *API) IAM() RequestOption {
	config := a.AWS()
	return RequestFunc(func(r *http.Request) error {
		credentials, err := config.Credentials.Retrieve(r.Context())
		if err != nil {
			return err
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return fmt.Errorf("signing the request: %w", err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		sum := sha256.Sum256(body)
		return v4.NewSigner().SignHTTP(r.Context(), credentials, r, hex.EncodeToString(sum[:]), "execute-api", config.Region, time.Now())
	})
}

// AWS configures clients of AWS's SDK for the local AWS, with credentials that may do
// everything.
func (a *API) AWS() aws.Config {
	var config aws.Config
	a.d.look(func(d *local.Deployment) {
		key := d.AWS.Credentials
		config = aws.Config{
			Region: d.AWS.Account.Region, BaseEndpoint: aws.String(d.AWS.Endpoint),
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.SecretAccessKey}, nil
			}),
		}
	})
	return config
}
