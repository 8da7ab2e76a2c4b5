package components

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// ApiKeysArgs describes the table of API keys. The component makes it empty:
// keys are added with a tool that has more rights than the authorizer, which
// may read single keys by their hash and nothing else.
//
// The authorizer writes to the state table when a key was last used. It does
// not see the requests that API Gateway answers with a cached result, and so
// writes nothing about them.
type ApiKeysArgs struct {
	// Quotas says that the authorizer counts the requests of a key, in the
	// state table. It excludes a CacheTtl: the authorizer would not count the
	// requests that API Gateway answers with a cached result. Defaults to
	// false.
	Quotas bool
	// PointInTimeRecovery keeps what is needed to restore the table as it was
	// at any second of the last 35 days. Defaults to false.
	PointInTimeRecovery bool
	// DeletionProtection has AWS refuse to delete the table; the keys in it
	// cannot be made again. Defaults to false.
	DeletionProtection bool
}

// needsState reports whether the authorizer has anything to remember: counters
// and the last use of keys, or nonces.
func (a AuthorizerArgs) needsState() bool { return a.ApiKeys != nil || a.ReplayProtection }

// authorizerTableName is the logical name of a table of an authorizer. Those of the
// default one are called as they were when there was no other.
func (p *plan) authorizerTableName(a *authorizerPlan, byDefault, table string) string {
	if a.name == "" {
		return tableLogicalNames.of(p.name, byDefault)
	}
	return tableLogicalNames.of(p.name, a.name, table)
}

func (p *plan) apiKeyTableName(a *authorizerPlan) string {
	return p.authorizerTableName(a, "api-keys", "api-keys")
}

func (p *plan) stateTableName(a *authorizerPlan) string {
	return p.authorizerTableName(a, "authorizer-state", "state")
}

// createAuthorizerTables makes the tables of API keys and the state tables, where
// the authorizers need them. They are two tables because an authorizer may write
// to the second only.
func (c *ProtectedHttpApi) createAuthorizerTables(ctx *pulumi.Context, p *plan) (err error) {
	c.Authorizers = map[string]*AuthorizerResources{}
	for _, a := range p.authorizers {
		own := &AuthorizerResources{}
		c.Authorizers[a.name] = own
		if keys := a.args.ApiKeys; keys != nil {
			args := p.newTableArgs(contract.AuthorizerTableKey, authorizerTableAttributes, keys.PointInTimeRecovery, keys.DeletionProtection)
			if own.ApiKeyTable, err = dynamodb.NewTable(ctx, p.apiKeyTableName(a), args, pulumi.Parent(c)); err != nil {
				return err
			}
		}
		if !a.args.needsState() {
			continue
		}
		// The state is worthless after some hours: it needs neither recovery nor
		// protection.
		args := p.newTableArgs(contract.AuthorizerTableKey, authorizerTableAttributes, false, false)
		args.Ttl = dynamodb.TableTtlArgs{AttributeName: pulumi.String(contract.AuthorizerTableTTL), Enabled: pulumi.Bool(true)}
		if own.StateTable, err = dynamodb.NewTable(ctx, p.stateTableName(a), args, pulumi.Parent(c)); err != nil {
			return err
		}
	}
	return nil
}

var authorizerTableAttributes = dynamodb.TableAttributeArray{dynamodb.TableAttributeArgs{
	Name: pulumi.String(contract.AuthorizerTableKey),
	Type: pulumi.String("S"),
}}
