package localtest

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/internal/callers"
	"github.com/protected-http-api/protected-http-api/internal/local"
)

// Key creates an API key in the deployment's table of keys, that of the API's
// authorizer. A request sends it as X-Api-Key.
func (a *API) Key(spec apikey.Spec) Credential {
	a.t.Helper()
	admin := a.callers().Admin(a.keeper())
	key, _, err := admin.Create(a.context(), spec)
	if err != nil {
		a.t.Fatal(err)
	}
	a.d.secrets.add(key.Reveal())
	return Credential{header: apikey.DefaultHeader, secret: key.Reveal()}
}

// keeper is the one authorizer of the API that has API keys, or one of several with one
// table.
func (a *API) keeper() (keeper callers.Authorizer) {
	a.t.Helper()
	api, tables := a.chosen(), map[string]bool{}
	for _, authorizer := range a.callers().Authorizers() {
		if authorizer.KeyTable != "" && slices.ContainsFunc(api.Routes, func(r local.Route) bool { return r.Authorizer == authorizer.Name }) {
			keeper, tables[authorizer.KeyTable] = authorizer, true
		}
	}
	if len(tables) != 1 {
		a.t.Fatalf("the authorizers of the API %s have %d tables of API keys, and Key needs one (AuthorizerArgs.ApiKeys)", api.Name, len(tables))
	}
	return keeper
}

// Signature signs the request (RFC 9421) with the key that the deployed authorizers
// read. Its id, and so the caller's subject where the authorizer maps it to no other, is
// local.
func (a *API) Signature() RequestOption {
	a.t.Helper()
	signer, err := a.callers().Signer()
	if err != nil {
		a.t.Fatal(err)
	}
	return RequestFunc(signer.Sign)
}

// IAM signs the request as AWS clients do (SigV4), for routes with IAM authorization,
// with credentials that may do everything.
func (a *API) IAM() RequestOption { return RequestFunc(a.callers().SignIAM) }

// callers are those of the deployment as it is now.
func (a *API) callers() (now *callers.Callers) {
	a.d.look(func(d *local.Deployment) { now = callers.From(d) })
	return now
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
