package components

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// RevocationArgs describes the table of revocations. The component makes it empty:
// pha revoke, or a program with authz/revocation, writes into it which
// credentials are withdrawn, and the authorizer asks it, with one strongly consistent
// read, about each credential that it finds good. With a CacheTtl a credential whose
// result is cached stops only when the cache is reset too, as pha revoke does.
//
// API Gateway's own authorizers, of the routes with Jwt and Iam, run no function and
// ask no table: their tokens live until they expire.
type RevocationArgs struct {
	// FailOpen has the function let credentials in while DynamoDB does not answer:
	// it finds "true" in the environment variable REVOCATION_FAIL_OPEN. Defaults to
	// false: API Gateway then answers 500.
	FailOpen bool
	// PointInTimeRecovery keeps what is needed to restore the table as it was
	// at any second of the last 35 days. Defaults to false.
	PointInTimeRecovery bool
	// DeletionProtection has AWS refuse to delete the table; without its entries,
	// credentials that were withdrawn are good again. Defaults to false.
	DeletionProtection bool
}

func (p *plan) revocationTableName(a *authorizerPlan) string {
	return p.authorizerTableName(a, "revocations", "revocations")
}

// createRevocationTables makes the tables of revocations, where authorizers have one.
// They are tables of their own: an authorizer may read, and not write, them.
func (c *ProtectedHttpApi) createRevocationTables(ctx *pulumi.Context, p *plan) (err error) {
	for _, a := range p.authorizers {
		revocation := a.args.Revocation
		if revocation == nil {
			continue
		}
		args := p.newTableArgs(contract.AuthorizerTableKey, authorizerTableAttributes, revocation.PointInTimeRecovery, revocation.DeletionProtection)
		args.Ttl = dynamodb.TableTtlArgs{AttributeName: pulumi.String(contract.AuthorizerTableTTL), Enabled: pulumi.Bool(true)}
		if c.Authorizers[a.name].RevocationTable, err = dynamodb.NewTable(ctx, p.revocationTableName(a), args, pulumi.Parent(c)); err != nil {
			return err
		}
	}
	return nil
}
