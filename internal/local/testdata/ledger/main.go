// An API of another module with several tables, one of which the component has not
// made, and with its secret in Secrets Manager.
package main

import (
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/components"
)

func main() { pulumi.Run(deploy) }

func deploy(ctx *pulumi.Context) error {
	key, err := kms.NewKey(ctx, "key", &kms.KeyArgs{Description: pulumi.String("of the ledger")})
	if err != nil {
		return err
	}
	archive, err := dynamodb.NewTable(ctx, "archive", &dynamodb.TableArgs{
		BillingMode: pulumi.String("PAY_PER_REQUEST"),
		HashKey:     pulumi.String("id"),
		Attributes:  dynamodb.TableAttributeArray{dynamodb.TableAttributeArgs{Name: pulumi.String("id"), Type: pulumi.String("S")}},
	})
	if err != nil {
		return err
	}
	// Whoever rotates the secret gives it its value.
	secret, err := secretsmanager.NewSecret(ctx, "jwt", &secretsmanager.SecretArgs{RecoveryWindowInDays: pulumi.Int(0), KmsKeyId: key.Arn})
	if err != nil {
		return err
	}
	work := components.FunctionArgs{
		Package:      "./handlers/work",
		TableActions: []string{"dynamodb:GetItem", "dynamodb:PutItem"},
		IndexActions: map[string][]string{"by-owner": {"dynamodb:Query"}},
		Tables: map[string]components.TableAccess{
			"audit-log": {Actions: []string{"dynamodb:GetItem", "dynamodb:PutItem"}},
			"archive":   {Actions: []string{"dynamodb:GetItem", "dynamodb:PutItem"}},
		},
	}
	peek := components.FunctionArgs{Package: "./handlers/work", Name: "peek", TableActions: []string{"dynamodb:Query"}}
	api, err := components.NewProtectedHttpApi(ctx, "ledger", &components.ProtectedHttpApiArgs{
		Authorizer: components.AuthorizerArgs{
			Function:   components.FunctionArgs{Package: "./handlers/authorizer"},
			SecretPath: secret.Arn,
			Secrets: &components.SecretsArgs{
				Paths:     map[string]pulumi.StringInput{"KEYS_PATH": pulumi.String("/ledger/keys")},
				MaxAge:    time.Second,
				KmsKeyArn: key.Arn,
			},
		},
		Table: &components.TableArgs{
			HashKey:                "id",
			GlobalSecondaryIndexes: map[string]components.IndexArgs{"by-owner": {HashKey: "owner"}, "by-day": {HashKey: "day"}},
			TtlAttribute:           "until",
			StreamViewType:         "NEW_IMAGE",
			Class:                  "STANDARD_INFREQUENT_ACCESS",
		},
		Tables: map[string]components.TableArgs{
			"audit-log": {HashKey: "id", KmsKeyArn: key.Arn},
			"archive":   {Existing: archive.Arn},
		},
		Routes: components.Routes{
			"POST /work":    {Function: work, Auth: components.Public},
			"POST /peek":    {Function: peek, Auth: components.Public},
			"POST /private": {Function: work},
		},
	})
	if err != nil {
		return err
	}
	ctx.Export("apiUrl", api.Url)
	ctx.Export("functionNames", api.FunctionNames)
	ctx.Export("access", api.Access)
	ctx.Export("archive", pulumi.Sprintf("%s %s", archive.Name, api.TableNames.MapIndex(pulumi.String("archive"))))
	ctx.Export("streamArn", api.TableStreamArn)
	ctx.Export("secretArn", secret.Arn)
	return nil
}
