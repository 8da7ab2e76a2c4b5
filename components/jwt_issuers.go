package components

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// JwtIssuerArgs describes who issues tokens that API Gateway's own JWT authorizer
// verifies, without a function: RSA signatures by the keys that the issuer
// publishes, issuer, audience, times, and the scopes of the route (API Gateway
// developer guide, "Control access to HTTP APIs with JWT authorizers").
type JwtIssuerArgs struct {
	// Issuer is the tokens' iss claim, an https URL; the keys are found by
	// {Issuer}/.well-known/openid-configuration. Required.
	Issuer pulumi.StringInput
	// Audiences are whom the tokens may be for: one of them must be in a token's
	// aud claim or, where it has none, be its client_id. At least one is required:
	// without, every token of the issuer would do, for whatever application.
	Audiences []pulumi.StringInput
	// IdentitySource is where the token is, with or without "Bearer " before it.
	// Defaults to Header("Authorization").
	IdentitySource IdentitySource
}

// CognitoIssuer returns the issuer that a Cognito user pool is, for tokens of these
// clients of it. endpoint is the output of that name of the pool,
// "cognito-idp.{region}.amazonaws.com/{pool}".
//
// Cognito's access tokens have scopes, for Route.Scopes, and its ID tokens have
// none: a route with scopes lets in access tokens only, one without both.
func CognitoIssuer(endpoint pulumi.StringInput, clientIds ...pulumi.StringInput) JwtIssuerArgs {
	return JwtIssuerArgs{Issuer: pulumi.Sprintf("https://%s", endpoint), Audiences: clientIds}
}

// issuerPlan is one of the JwtIssuers.
type issuerPlan struct {
	name string
	args JwtIssuerArgs
	used bool
}

func (p *plan) issuer(name string) *issuerPlan {
	for _, i := range p.issuers {
		if i.name == name {
			return i
		}
	}
	return nil
}

// planIssuers checks the issuers by themselves.
func (c *checker) planIssuers() {
	for _, name := range slices.Sorted(maps.Keys(c.args.JwtIssuers)) {
		args := c.args.JwtIssuers[name]
		property := fmt.Sprintf("JwtIssuers[%q]", name)
		c.checkAuthName(property, name)
		if args.Issuer == nil {
			c.addf(property+".Issuer", "is required")
		} else if plain, ok := args.Issuer.(pulumi.String); ok {
			c.add(property+".Issuer", checkIssuer(string(plain)))
		}
		if len(args.Audiences) == 0 {
			c.addf(property+".Audiences", "at least one is required: without, every token of the issuer would do")
		}
		if n := len(args.Audiences); n > maxAudiences {
			c.addf(property+".Audiences", "%d are more than AWS's quota %q, %d: divide them between two JwtIssuers", n, "Audiences per authorizer", maxAudiences)
		}
		for i, audience := range args.Audiences {
			if plain, ok := audience.(pulumi.String); audience == nil || ok && plain == "" {
				c.addf(fmt.Sprintf("%s.Audiences[%d]", property, i), "has no value")
			}
		}
		args.IdentitySource = cmp.Or(args.IdentitySource, defaultIdentitySource)
		if !jwtSource(args.IdentitySource) {
			c.addf(property+".IdentitySource", "%q is not what Header or Query returns for a name: API Gateway finds tokens nowhere else", string(args.IdentitySource))
		}
		c.plan.issuers = append(c.plan.issuers, &issuerPlan{name: name, args: args})
	}
}

func jwtSource(source IdentitySource) bool {
	match := identitySource.FindStringSubmatch(string(source))
	return match != nil && match[2] != ""
}

// checkIssuer refuses what API Gateway could not fetch keys from.
func checkIssuer(issuer string) error {
	parsed, err := url.Parse(issuer)
	switch {
	case err != nil || parsed.Host == "" || !reachable(parsed):
		return fmt.Errorf("%q is not an https URL; http is for an issuer on the loopback interface, which only the local AWS reaches", issuer)
	case parsed.RawQuery != "" || parsed.Fragment != "" || parsed.User != nil:
		return fmt.Errorf("%q has more than a host and a path", issuer)
	}
	return nil
}

func reachable(issuer *url.URL) bool {
	host := issuer.Hostname()
	return issuer.Scheme == "https" || issuer.Scheme == "http" && (host == "localhost" || net.ParseIP(host).IsLoopback())
}

// checkIssuersUsed refuses issuers that no route names.
func (c *checker) checkIssuersUsed() {
	for _, i := range c.plan.issuers {
		if !i.used && len(c.plan.routes) > 0 {
			c.addf(fmt.Sprintf("JwtIssuers[%q]", i.name), "is given, but no route has Auth: Jwt(%q): leave it out, or protect a route with it", i.name)
		}
	}
}

// scopeToken matches a scope (RFC 6749 section 3.3).
var scopeToken = regexp.MustCompile(`^[!#-\[\]-~]{1,64}$`)

// checkScopes checks what scopes a route asks for.
func (c *checker) checkScopes(property string, route Route) {
	if len(route.Scopes) > 0 && !strings.HasPrefix(string(route.Auth), jwtPrefix) {
		c.addf(property, "are for routes whose Auth is Jwt: have the authorizer require Permissions, or leave them out")
		return
	}
	if n := len(route.Scopes); n > maxScopes {
		c.addf(property, "%d are more than AWS's quota %q, %d: of those that are here one is enough for a caller", n, "Scopes per route", maxScopes)
	}
	for i, scope := range route.Scopes {
		element := fmt.Sprintf("%s[%d]", property, i)
		switch {
		case !scopeToken.MatchString(scope):
			c.addf(element, "%q is not a scope: 1 to 64 printable ASCII characters but spaces, \" and \\", scope)
		case slices.Contains(route.Scopes[:i], scope):
			c.addf(element, "%q occurs twice", scope)
		}
	}
}

// issuerName is Pulumi's name for an issuer's authorizer.
func (p *plan) issuerName(i *issuerPlan) string { return apiLogicalNames.of(p.name, "jwt", i.name) }

// createJwtAuthorizers makes an authorizer for each issuer.
func (c *ProtectedHttpApi) createJwtAuthorizers(ctx *pulumi.Context, p *plan) error {
	c.JwtAuthorizers = map[string]*apigatewayv2.Authorizer{}
	for _, i := range p.issuers {
		authorizer, err := apigatewayv2.NewAuthorizer(ctx, p.issuerName(i), &apigatewayv2.AuthorizerArgs{
			ApiId:           c.Api.ID(),
			AuthorizerType:  pulumi.String("JWT"),
			IdentitySources: pulumi.StringArray{pulumi.String(string(i.args.IdentitySource))},
			JwtConfiguration: apigatewayv2.AuthorizerJwtConfigurationArgs{
				Issuer:    i.args.Issuer,
				Audiences: pulumi.StringArray(i.args.Audiences),
			},
		}, pulumi.Parent(c))
		if err != nil {
			return err
		}
		c.JwtAuthorizers[i.name] = authorizer
	}
	return nil
}
