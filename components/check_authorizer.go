package components

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

var (
	// identitySource matches what API Gateway lets an identity source be (API
	// Gateway developer guide, "Control access to HTTP APIs with AWS Lambda
	// authorizers").
	identitySource = regexp.MustCompile(`^\$(request\.(header|querystring)|context|stageVariables)\.[^\s,]+$`)
	kmsKeyArn      = regexp.MustCompile(`^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`)
)

// checkCaching checks the TTL with the identity sources, which are the key
// that a result is kept under.
func (c *checker) checkCaching(args AuthorizerArgs) {
	c.add("Authorizer.CacheTtl", CheckCacheTtl(args.CacheTtl))
	if args.CacheTtl > 0 && len(args.IdentitySources) == 0 {
		c.addf("Authorizer.IdentitySources", "at least one is required for a CacheTtl of %v: results are kept by identity source", args.CacheTtl)
	}
	for i, source := range args.IdentitySources {
		property := fmt.Sprintf("Authorizer.IdentitySources[%d]", i)
		switch {
		case !identitySource.MatchString(source):
			c.addf(property, "%q is not one of $request.header.NAME, $request.querystring.NAME, $context.NAME, $stageVariables.NAME", source)
		case slices.Contains(args.IdentitySources[:i], source):
			c.addf(property, "%q occurs twice", source)
		}
	}
}

// checkSecret checks what is known of the secret before AWS is asked.
func (c *checker) checkSecret(args AuthorizerArgs) {
	if path, ok := args.SecretPath.(pulumi.String); ok {
		c.add("Authorizer.SecretPath", CheckSecretPath(string(path)))
	}
	if args.SecretPath == nil && args.InjectSecret {
		c.addf("Authorizer.SecretPath", "is required with InjectSecret")
	}
	if args.SecretKmsKeyArn == nil {
		return
	}
	key, ok := args.SecretKmsKeyArn.(pulumi.String)
	switch {
	case ok && !kmsKeyArn.MatchString(string(key)):
		c.addf("Authorizer.SecretKmsKeyArn", "%q is not the ARN of a KMS key: arn:aws:kms:{region}:{account}:key/{id}", string(key))
	case args.InjectSecret:
		c.addf("Authorizer.SecretKmsKeyArn", "has no use with InjectSecret: the function does not read the parameter")
	case args.SecretPath == nil:
		c.addf("Authorizer.SecretKmsKeyArn", "has no use without SecretPath")
	}
}

// maxSecretPath is the longest name that a parameter may have. SSM's limit of
// 1011 characters is for the ARN (Systems Manager API reference,
// PutParameter); 63 are enough for what stands before the name in any Region.
const maxSecretPath = 1011 - 63

var secretPath = regexp.MustCompile(`^(/[A-Za-z0-9_.-]+){1,15}$`)

// CheckSecretPath returns an error that names the value and what is allowed,
// unless path is the name of an SSM parameter that begins with "/": up to 15
// parts of letters, digits, ".", "-" and "_", the first of which does not
// begin with "aws" or "ssm" (Systems Manager API reference, PutParameter).
func CheckSecretPath(path string) error {
	lower := strings.ToLower(path)
	switch {
	case !strings.HasPrefix(path, "/"):
		return fmt.Errorf("%q must begin with /", path)
	case !secretPath.MatchString(path):
		return fmt.Errorf("%q must be 1 to 15 parts, each a / and letters, digits, '.', '-' or '_'", path)
	case strings.HasPrefix(lower, "/aws"), strings.HasPrefix(lower, "/ssm"):
		return fmt.Errorf("%q must not begin with /aws or /ssm, which AWS reserves", path)
	case len(path) > maxSecretPath:
		return fmt.Errorf("%q has %d characters: at most %d are allowed", path, len(path), maxSecretPath)
	}
	return nil
}
