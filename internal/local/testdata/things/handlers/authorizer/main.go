package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/secret"
)

func main() {
	verifier, err := authz.NewJWT(authz.JWTConfig{
		Keys: secret.FromEnvironment(os.Getenv), AnyIssuer: true, AnyAudience: true,
		Map: func(claims authz.Claims, p *authz.Principal) error {
			return claims.Decode("permissions", &p.Permissions)
		},
	})
	if err != nil {
		panic(err)
	}
	lambda.Start(authz.Handler{Chain: authz.Chain{{Verifier: verifier}}, Policy: authz.RoutePermissionsFromEnvironment(nil)})
}
