package components

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// AuthorizerArgs describes the Lambda authorizer. API Gateway calls it with
// payload format 2.0, and it gives the simple response.
type AuthorizerArgs struct {
	// Function decides on requests. Defaults to the component's own authorizer, which
	// needs no code: with SecretPath alone it accepts HS256 tokens, with Methods what
	// these say. It is compiled from the component's own module, in the version that
	// the program depends on; its function is called "authorizer", for one of
	// Authorizers "{name}-authorizer", unless Function has a Name. Function may say
	// how it runs, MemorySize or Logging for instance, without Package, Code or Arn.
	//
	// Of a function that is there already (Arn) the component neither sets the
	// environment nor makes tables or grants: SecretPath to ReplayProtection are then
	// its owner's concern. With a CacheTtl its owner has to set the variables that
	// CacheTtl names.
	Function FunctionArgs
	// Methods are the credentials that the component's own authorizer accepts: tokens,
	// API keys, signed requests, with what their callers may do. It excludes a Function
	// with code of its own. Defaults to the tokens of SecretPath.
	Methods *MethodsArgs
	// SecretPath is where the secret is that credentials are verified with: the name
	// of an SSM parameter, a SecureString, which begins with "/"; or the ARN of a
	// secret of Secrets Manager. The function finds it in the environment variable
	// JWT_SECRET_PATH and may read the secret. Defaults to no secret.
	//
	// The ARN of a secret ends with a hyphen and six characters. Without them it is
	// taken for every secret of that name; so a name that ends that way itself needs
	// the whole ARN (Secrets Manager user guide, "IAM policy examples").
	SecretPath pulumi.StringInput
	// Secrets are further secrets, and what is to be said of all of them. Defaults
	// to none, which the function reads again after 5 minutes.
	Secrets *SecretsArgs
	// ApiKeys adds a table of API keys. The function finds the table's name in
	// the environment variable API_KEY_TABLE_NAME and may read single keys
	// (dynamodb:GetItem), nothing else. ApiKeys adds the state table too, where
	// the function writes when a key was last used. Defaults to no table.
	ApiKeys *ApiKeysArgs
	// ReplayProtection adds the state table, in which the function remembers
	// the nonces of signed requests. It excludes a CacheTtl: a cached result
	// would let the same request in again. Defaults to false.
	//
	// The function finds the state table's name in the environment variable
	// AUTHORIZER_STATE_TABLE_NAME and may write to it (dynamodb:PutItem and
	// dynamodb:UpdateItem, with conditions). DynamoDB removes its items some
	// time after the second in their attribute "expiresAt".
	ReplayProtection bool
	// Revocation adds a table of credentials that are withdrawn before they expire.
	// The function finds the table's name in the environment variable
	// REVOCATION_TABLE_NAME and may read entries by their keys
	// (dynamodb:BatchGetItem), nothing else. An authz.Handler without Revocations
	// then lets nobody in. Defaults to no table.
	Revocation *RevocationArgs
	// CacheTtl is how long API Gateway reuses a result for requests with the
	// same identity sources: whole seconds, 0s to 1h. A revoked credential
	// stays valid for up to that long, unless the cache is reset. API Gateway does not call the function
	// for a request that it answers with a cached result, and so the function
	// neither counts nor logs it. Defaults to 0s, no caching.
	//
	// The function finds the TTL, in seconds, in the environment variable
	// AUTHORIZER_CACHE_TTL and, with one, IdentitySources in
	// AUTHORIZER_IDENTITY_SOURCES. authz.Handler refuses by them to give a result
	// that would be somebody else's; one with a Policy of its own needs
	// "$context.routeKey" among IdentitySources, "$context.httpMethod" on routes for
	// any method, and "$context.path" on those with variables and on $default.
	//
	// API Gateway reuses a result on all protected routes. As soon as one route
	// has Permissions, the component adds "$context.routeKey" to the identity
	// sources, and a result is reused on its own route only. Permissions with a
	// path variable, Quotas and ReplayProtection exclude a CacheTtl.
	CacheTtl time.Duration
	// IdentitySources are the values of a request that hold the credential, for
	// instance Query("token"). API Gateway requires all of them:
	// it answers 401 to a request that lacks one, and does not call the
	// function.
	//
	// A function may accept credentials in different places, for instance an
	// API key in X-Api-Key or a token in Authorization. Then none of these
	// headers is in every request, and none can be an identity source: give an
	// empty slice that is not nil. API Gateway then calls the function for
	// every request. For a request without a credential authz.Handler makes API
	// Gateway answer 401. An empty slice excludes a CacheTtl.
	//
	// Required with ApiKeys or ReplayProtection. Defaults otherwise to
	// Header("Authorization"). Without a Function the methods decide.
	IdentitySources []IdentitySource
}

// authorizerPlan is a Lambda authorizer that the component will make.
type authorizerPlan struct {
	name     string // empty: the one of ProtectedHttpApiArgs.Authorizer
	property string
	args     AuthorizerArgs
	function *functionPlan
	routes   []*routePlan
	// methods are those of the component's own authorizer, whose args have what they
	// need; nil where the function has code of its own.
	methods *MethodsArgs
}

func (p *plan) authorizer(name string) *authorizerPlan {
	for _, a := range p.authorizers {
		if a.name == name {
			return a
		}
	}
	return nil
}

// authName matches the names of authorizers and issuers: they are parts of names
// on AWS.
var authName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (c *checker) checkAuthName(property, name string) {
	if !authName.MatchString(name) {
		c.addf(property, "the name must be 1 to 64 letters, digits, - and _")
	}
}

// planAuthorizers plans the authorizers that the arguments have. The default one
// is given, or else found to be missing when a route needs it.
func (c *checker) planAuthorizers() {
	c.defaultAuthorizer = &authorizerPlan{property: "Authorizer", args: c.args.Authorizer}
	for _, name := range slices.Sorted(maps.Keys(c.args.Authorizers)) {
		property := fmt.Sprintf("Authorizers[%q]", name)
		c.checkAuthName(property, name)
		c.plan.authorizers = append(c.plan.authorizers, &authorizerPlan{name: name, property: property, args: c.args.Authorizers[name]})
	}
}

// checkAuthorizers checks the authorizers by what their routes need.
func (c *checker) checkAuthorizers() {
	d := c.defaultAuthorizer
	given := !reflect.ValueOf(d.args).IsZero()
	switch {
	case len(d.routes) == 0 && given && len(c.plan.routes) > 0:
		c.addf(d.property, "is given, but no route is protected by it: leave it out, or leave out the Auth of the routes to protect")
	case len(d.routes) > 0 && !d.args.Function.given() && !d.args.own():
		c.addf(d.property, "is required, since these routes are protected: %s: "+chooseAuthorizer, quoted(d.routeKeys()))
	}
	if given || len(d.routes) > 0 {
		c.plan.authorizers = append([]*authorizerPlan{d}, c.plan.authorizers...)
	}
	for _, a := range c.plan.authorizers {
		if a != d && !a.args.Function.given() && !a.args.own() {
			c.addf(a.property, "has nothing that decides: "+chooseAuthorizer)
		}
		if a != d && len(a.routes) == 0 && len(c.plan.routes) > 0 {
			c.addf(a.property, "is given, but no route has Auth: AuthorizedBy(%q): leave it out, or protect a route with it", a.name)
		}
		c.checkAuthorizer(a)
	}
}

// chooseAuthorizer is the cure where there is none.
const chooseAuthorizer = "give SecretPath to accept HS256 tokens, Methods to accept API keys or signed requests too, or a Function that decides"

// routeKeys are the keys of the routes that the authorizer protects.
func (a *authorizerPlan) routeKeys() []string {
	keys := make([]string, len(a.routes))
	for i, r := range a.routes {
		keys[i] = r.key.String()
	}
	return keys
}

// checkAuthorizer checks the arguments, and plans the authorizer's function.
func (c *checker) checkAuthorizer(a *authorizerPlan) {
	c.planOwn(a)
	if a.args.IdentitySources == nil {
		if len(a.routes) > 0 && (a.args.ApiKeys != nil || a.args.ReplayProtection) {
			c.addf(a.property+".IdentitySources", "is required with ApiKeys or ReplayProtection: API Gateway answers 401, without asking the authorizer, to a request that lacks one of them: name the header that the credential is in, Header(%q) or Header(%q) for instance, or give an empty slice where callers may choose",
				"X-Api-Key", "Signature")
		}
		a.args.IdentitySources = []IdentitySource{defaultIdentitySource}
	}
	c.checkCaching(a)
	c.checkIdentitySources(a)
	c.checkSecrets(a)
	a.args.IdentitySources = a.identitySources()
	if !a.args.Function.given() {
		return
	}
	property := a.property + ".Function"
	args := c.args.Defaults.fill(a.args.Function, authorizerLimits)
	if other, ok := c.byName[args.Name]; ok {
		c.addf(property, "%q is the name of %s too: an authorizer's function is nobody else's: give one of them another Name", args.Name, other.property)
		return
	}
	a.function = c.newFunction(property, a.args.Function, args, authorizerLimits)
	a.function.authorizer = a
	if !a.function.made() {
		c.checkExistingAuthorizer(a)
		return
	}
	a.args.Function = args
	a.function.environment = a.environment()
	a.function.files = map[string]string{}
	if a.requiresPermissions() {
		a.function.files[contract.RoutePermissionsFile] = a.routePermissions()
	}
	if a.methods != nil {
		a.function.files[contract.MethodsFile] = a.methods.file()
	}
}

// AuthorizerResources are what belongs to one Lambda authorizer, beside its
// function. The tables are nil where it has none.
type AuthorizerResources struct {
	// Authorizer is API Gateway's authorizer.
	Authorizer *apigatewayv2.Authorizer
	// ApiKeyTable is the table of API keys.
	ApiKeyTable *dynamodb.Table
	// StateTable is the table with what the function has to remember.
	StateTable *dynamodb.Table
	// RevocationTable is the table of revocations.
	RevocationTable *dynamodb.Table
}

// createAuthorizers makes the authorizers, if a route needs any.
//
// It always sends the TTL, 0 as well. Where the TTL is unset, the provider
// keeps an authorizer's old value, and sends 300 seconds for a new one.
//
// An authorizer is called after its function: with another function it is another
// authorizer, which is there with all that it needs before a route asks it.
func (c *ProtectedHttpApi) createAuthorizers(ctx *pulumi.Context, p *plan) error {
	for _, a := range p.authorizers {
		authorizer, err := apigatewayv2.NewAuthorizer(ctx, a.function.logicalName, &apigatewayv2.AuthorizerArgs{
			ApiId:                          c.Api.ID(),
			AuthorizerType:                 pulumi.String("REQUEST"),
			AuthorizerUri:                  c.invokeArn(a.function),
			AuthorizerPayloadFormatVersion: pulumi.String("2.0"),
			EnableSimpleResponses:          pulumi.Bool(true),
			AuthorizerResultTtlInSeconds:   pulumi.Int(int(a.args.CacheTtl / time.Second)),
			IdentitySources:                pulumi.ToStringArray(sourceNames(a.args.IdentitySources)),
		}, pulumi.Parent(c))
		if err != nil {
			return err
		}
		c.Authorizers[a.name].Authorizer = authorizer
	}
	return nil
}
