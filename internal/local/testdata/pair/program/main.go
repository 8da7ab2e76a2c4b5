// Two APIs of one program, an open one with a domain and a protected one, and no
// output: what deploys them has to find them by itself. Beside them is what a program
// may have of its own.
package main

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/protected-http-api/protected-http-api/components"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		conf := config.New(ctx, "")
		var db struct{ Host, Password string }
		if _, err := conf.TrySecretObject("db", &db); err != nil {
			return err
		}
		if db.Host != "db.example" || db.Password == "" {
			return fmt.Errorf("the configuration has not arrived: the host is %q", db.Host)
		}
		conf.RequireSecret("apiToken")
		network, err := pulumi.NewStackReference(ctx, "acme/network/prod", nil)
		if err != nil {
			return err
		}
		list := components.FunctionArgs{Package: "./handlers/list", Name: "list"}
		shop, err := components.NewProtectedHttpApi(ctx, "shop", &components.ProtectedHttpApiArgs{
			Routes: components.Routes{"GET /items": {Function: list, Auth: components.Public}},
		})
		if err != nil {
			return err
		}
		_, err = components.NewProtectedHttpApi(ctx, "admin", &components.ProtectedHttpApiArgs{
			Authorizer: components.AuthorizerArgs{
				Function:   components.FunctionArgs{Package: "./handlers/authorizer"},
				SecretPath: pulumi.String(conf.Require("secretPath")),
				Secrets:    &components.SecretsArgs{Delivery: components.DeliverInEnvironment},
			},
			Routes: components.Routes{"GET /users": {Function: list, Permissions: []string{"users:read"}}},
		})
		if err != nil {
			return err
		}
		if err := door(ctx, shop); err != nil {
			return err
		}
		if err := data(ctx); err != nil {
			return err
		}
		return raw(ctx, network)
	})
}

// door gives the open API a domain, with a record that points to it.
func door(ctx *pulumi.Context, shop *components.ProtectedHttpApi) error {
	certificate, err := acm.NewCertificate(ctx, "door", &acm.CertificateArgs{DomainName: pulumi.String("shop.example.com"), ValidationMethod: pulumi.String("DNS")})
	if err != nil {
		return err
	}
	domain, err := apigatewayv2.NewDomainName(ctx, "door", &apigatewayv2.DomainNameArgs{
		DomainName: pulumi.String("shop.example.com"),
		DomainNameConfiguration: &apigatewayv2.DomainNameDomainNameConfigurationArgs{
			CertificateArn: certificate.Arn, EndpointType: pulumi.String("REGIONAL"), SecurityPolicy: pulumi.String("TLS_1_2"),
		},
	})
	if err != nil {
		return err
	}
	_, err = apigatewayv2.NewApiMapping(ctx, "door", &apigatewayv2.ApiMappingArgs{
		ApiId: shop.Api.ID(), DomainName: domain.ID(), Stage: shop.Stage.Name, ApiMappingKey: pulumi.String("v1/shop"),
	})
	if err != nil {
		return err
	}
	_, err = route53.NewRecord(ctx, "door", &route53.RecordArgs{
		ZoneId: pulumi.String("Z1"), Name: domain.DomainName, Type: pulumi.String("A"),
		Aliases: route53.RecordAliasArray{&route53.RecordAliasArgs{
			Name:   domain.DomainNameConfiguration.TargetDomainName().Elem(),
			ZoneId: domain.DomainNameConfiguration.HostedZoneId().Elem(), EvaluateTargetHealth: pulumi.Bool(false),
		}},
	})
	return err
}

// data makes a table and finds it, and a secret and a parameter, whose values are in
// no state in clear.
func data(ctx *pulumi.Context) error {
	table, err := dynamodb.NewTable(ctx, "carts", &dynamodb.TableArgs{
		BillingMode: pulumi.String("PAY_PER_REQUEST"), HashKey: pulumi.String("pk"),
		Attributes:    dynamodb.TableAttributeArray{&dynamodb.TableAttributeArgs{Name: pulumi.String("pk"), Type: pulumi.String("S")}},
		StreamEnabled: pulumi.Bool(true), StreamViewType: pulumi.String("NEW_IMAGE"), TableClass: pulumi.String("STANDARD_INFREQUENT_ACCESS"),
		PointInTimeRecovery: &dynamodb.TablePointInTimeRecoveryArgs{Enabled: pulumi.Bool(true), RecoveryPeriodInDays: pulumi.Int(7)},
	})
	if err != nil {
		return err
	}
	found := dynamodb.LookupTableOutput(ctx, dynamodb.LookupTableOutputArgs{Name: table.Name})
	secret, err := secretsmanager.NewSecret(ctx, "carts", &secretsmanager.SecretArgs{
		Description: found.StreamArn(), RecoveryWindowInDays: pulumi.Int(0),
	})
	if err != nil {
		return err
	}
	password := config.New(ctx, "").RequireSecret("apiToken")
	_, err = secretsmanager.NewSecretVersion(ctx, "carts", &secretsmanager.SecretVersionArgs{SecretId: secret.ID(), SecretString: password})
	if err != nil {
		return err
	}
	_, err = ssm.NewParameter(ctx, "carts", &ssm.ParameterArgs{Name: pulumi.String("/pair/carts"), Type: pulumi.String("SecureString"), Value: password})
	return err
}

// raw deploys a function whose code is a file of the program, by a relative path.
// It uses the outputs of another stack, a secret one among them.
func raw(ctx *pulumi.Context, network *pulumi.StackReference) error {
	role, err := iam.NewRole(ctx, "raw", &iam.RoleArgs{AssumeRolePolicy: pulumi.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	if err != nil {
		return err
	}
	policy, err := iam.NewRolePolicy(ctx, "raw", &iam.RolePolicyArgs{Role: role.Name, Policy: pulumi.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["xray:*","ec2:*NetworkInterface*"],"Resource":"*"}]}`)})
	if err != nil {
		return err
	}
	_, err = lambda.NewFunction(ctx, "raw", &lambda.FunctionArgs{
		Role: role.Arn, Runtime: pulumi.String("provided.al2023"), Handler: pulumi.String("bootstrap"),
		Code:          pulumi.NewFileArchive("raw.zip"),
		Description:   network.GetStringOutput(pulumi.String("zone")),
		Environment:   &lambda.FunctionEnvironmentArgs{Variables: pulumi.StringMap{"PASSWORD": network.GetStringOutput(pulumi.String("password"))}},
		TracingConfig: &lambda.FunctionTracingConfigArgs{Mode: pulumi.String("Active")},
		VpcConfig: &lambda.FunctionVpcConfigArgs{
			SubnetIds: pulumi.StringArray{pulumi.String("subnet-b"), pulumi.String("subnet-a")}, SecurityGroupIds: pulumi.StringArray{pulumi.String("sg-a")},
		},
		EphemeralStorage: &lambda.FunctionEphemeralStorageArgs{Size: pulumi.Int(1024)},
	}, pulumi.DependsOn([]pulumi.Resource{policy}))
	return err
}
