// An API for a browser front end: CORS for its pages, a domain of its own, and an
// authorizer of one's own, which looks opaque session ids up in a table.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/protected-http-api/protected-http-api/components"
)

func main() { pulumi.Run(deploy) }

func deploy(ctx *pulumi.Context) error {
	conf := config.New(ctx, "")
	api, err := components.NewProtectedHttpApi(ctx, "notes", &components.ProtectedHttpApiArgs{
		Authorizer: components.AuthorizerArgs{Function: components.FunctionArgs{
			Package:      "./handlers/session",
			TableActions: []string{"dynamodb:GetItem"},
		}},
		// The sessions, which whoever logs users in writes.
		Table: &components.TableArgs{HashKey: "id", TtlAttribute: "expiresAt"},
		Routes: components.Routes{
			"ANY /notes/{path+}": {Function: components.FunctionArgs{Package: "./handlers/notes"}},
		},
		Cors: &components.CorsArgs{
			AllowOrigins: []pulumi.StringInput{pulumi.String(conf.Require("origin"))},
			AllowMethods: []string{"GET", "PUT", "DELETE"},
		},
		Domain: domainOf(conf),
	})
	if err != nil {
		return err
	}
	ctx.Export("apiUrl", api.Url)
	ctx.Export("access", api.Access)
	ctx.Export("functionNames", api.FunctionNames)
	ctx.Export("tableName", api.TableName)
	return nil
}

// domainOf is the API's domain, where the stack has one.
func domainOf(conf *config.Config) *components.DomainArgs {
	name := conf.Get("domain")
	if name == "" {
		return nil
	}
	domain := &components.DomainArgs{Name: name, CertificateArn: pulumi.String(conf.Require("certificateArn"))}
	if zone := conf.Get("hostedZoneId"); zone != "" {
		domain.HostedZoneId = pulumi.String(zone)
	}
	return domain
}
