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

func (p *plan) apiKeyTableName() string { return tableLogicalNames.of(p.name, "api-keys") }

func (p *plan) stateTableName() string { return tableLogicalNames.of(p.name, "authorizer-state") }

// createAuthorizerTables makes the table of API keys and the state table, where
// the authorizer needs them. They are two tables because the authorizer may
// write to the second only.
func (c *ProtectedHttpApi) createAuthorizerTables(ctx *pulumi.Context, p *plan) (err error) {
	attributes := dynamodb.TableAttributeArray{dynamodb.TableAttributeArgs{
		Name: pulumi.String(contract.AuthorizerTableKey),
		Type: pulumi.String("S"),
	}}
	if keys := p.authorizerArgs.ApiKeys; keys != nil {
		args := newTableArgs(contract.AuthorizerTableKey, attributes, keys.PointInTimeRecovery, keys.DeletionProtection)
		if c.ApiKeyTable, err = dynamodb.NewTable(ctx, p.apiKeyTableName(), args, pulumi.Parent(c)); err != nil {
			return err
		}
	}
	if !p.authorizerArgs.needsState() {
		return nil
	}
	// The state is worthless after some hours: it needs neither recovery nor
	// protection.
	args := newTableArgs(contract.AuthorizerTableKey, attributes, false, false)
	args.Ttl = dynamodb.TableTtlArgs{AttributeName: pulumi.String(contract.AuthorizerTableTTL), Enabled: pulumi.Bool(true)}
	c.StateTable, err = dynamodb.NewTable(ctx, p.stateTableName(), args, pulumi.Parent(c))
	return err
}
