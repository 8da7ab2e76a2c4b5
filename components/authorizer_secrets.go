package components

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

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

// CheckSecretMaxAge returns an error that names the value and what is allowed,
// unless age may be AuthorizerArgs.SecretMaxAge: 1s to 24h, whole seconds.
func CheckSecretMaxAge(age time.Duration) error {
	if age < minSecretMaxAge || age > maxSecretMaxAge {
		return fmt.Errorf("%v is out of range: 1s to 24h", age)
	}
	return checkWholeSeconds(age)
}

// maxSecretPath is the longest name that a parameter may have. SSM's limit of
// 1011 characters is for the ARN (Systems Manager API reference,
// PutParameter); 63 are enough for what stands before the name in any Region.
const maxSecretPath = 1011 - 63

// minSecretMaxAge keeps a function from reading its secrets at every request;
// maxSecretMaxAge is about how long Lambda keeps an execution environment.
const minSecretMaxAge, maxSecretMaxAge = time.Second, 24 * time.Hour

var secretPath = regexp.MustCompile(`^(/[A-Za-z0-9_.-]+){1,15}$`)

var kmsKeyArn = regexp.MustCompile(`^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`)

// readsSecrets reports whether the function reads any secret itself.
func (a AuthorizerArgs) readsSecrets() bool {
	return a.SecretPath != nil && !a.InjectSecret || len(a.Secrets)+len(a.SecretPrefixes) > 0
}

// secretPaths returns the names of the parameters that the function reads one
// by one.
func (a AuthorizerArgs) secretPaths() pulumi.StringArray {
	paths := inputs(a.Secrets)
	if a.SecretPath != nil && !a.InjectSecret {
		paths = append(pulumi.StringArray{a.SecretPath}, paths...)
	}
	return paths
}

// checkSecrets checks what is known of the secrets before AWS is asked.
func (c *checker) checkSecrets(a *authorizerPlan) {
	args := a.args
	c.checkSecretPath(a.property+".SecretPath", args.SecretPath)
	if args.SecretPath == nil && args.InjectSecret {
		c.addf(a.property+".SecretPath", "is required with InjectSecret")
	}
	// taken are the variables that have a value, with the property that sets it.
	taken := map[string]string{}
	for name := range args.Function.Environment {
		taken[name] = a.property + ".Function.Environment"
	}
	c.checkSecretVariables(a.property+".Secrets", args.Secrets, taken)
	c.checkPurposes(a)
	c.checkSecretVariables(a.property+".SecretPrefixes", args.SecretPrefixes, taken)
	if args.SecretMaxAge != 0 {
		c.add(a.property+".SecretMaxAge", CheckSecretMaxAge(args.SecretMaxAge))
		if !args.readsSecrets() {
			c.addf(a.property+".SecretMaxAge", "has no use: the function reads no secret by itself")
		}
	}
	c.checkKmsKey(a)
}

// checkSecretVariables checks names or paths of parameters by the variables
// that hand them over. taken are the variables that other properties set, by
// variable; checkSecretVariables adds its own.
func (c *checker) checkSecretVariables(property string, paths map[string]pulumi.StringInput, taken map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		element := fmt.Sprintf("%s[%q]", property, name)
		c.checkVariable(element, name, paths[name])
		c.checkSecretPath(element, paths[name])
		if other, ok := taken[name]; ok {
			c.addf(element, "is in %s too: keep one of them", other)
		}
		taken[name] = property
	}
}

// checkPurposes refuses one parameter for two purposes: whoever has a key for
// the one could use it for the other, for instance a partner's key to sign
// requests for tokens in anybody's name.
func (c *checker) checkPurposes(a *authorizerPlan) {
	args := a.args
	purposes := map[pulumi.StringInput]string{}
	if plain, ok := args.SecretPath.(pulumi.String); ok {
		purposes[plain] = a.property + ".SecretPath"
	}
	for _, name := range slices.Sorted(maps.Keys(args.Secrets)) {
		plain, ok := args.Secrets[name].(pulumi.String)
		if !ok { // known only at deployment
			continue
		}
		property := fmt.Sprintf("%s.Secrets[%q]", a.property, name)
		if other, taken := purposes[plain]; taken {
			c.addf(property, "%q is in %s too: whoever has a key for one purpose could use it for the other: name another parameter", string(plain), other)
			continue
		}
		purposes[plain] = property
	}
}

func (c *checker) checkSecretPath(property string, path pulumi.StringInput) {
	if plain, ok := path.(pulumi.String); ok {
		c.add(property, CheckSecretPath(string(plain)))
	}
}

func (c *checker) checkKmsKey(a *authorizerPlan) {
	args, property := a.args, a.property+".SecretKmsKeyArn"
	if args.SecretKmsKeyArn == nil {
		return
	}
	key, ok := args.SecretKmsKeyArn.(pulumi.String)
	switch {
	case ok && !kmsKeyArn.MatchString(string(key)):
		c.addf(property, "%q is not the ARN of a KMS key: arn:aws:kms:{region}:{account}:key/{id}", string(key))
	case args.readsSecrets():
	case args.InjectSecret:
		c.addf(property, "has no use with InjectSecret: the function does not read the parameter")
	default:
		c.addf(property, "has no use without SecretPath, Secrets or SecretPrefixes")
	}
}

// lookupSecret reads the secret at deployment. It marks the value as secret,
// and Pulumi marks everything that is made of it.
func (c *ProtectedHttpApi) lookupSecret(ctx *pulumi.Context, path pulumi.StringInput) pulumi.StringOutput {
	parameter := ssm.LookupParameterOutput(ctx, ssm.LookupParameterOutputArgs{
		Name:           path,
		WithDecryption: pulumi.Bool(true),
	}, pulumi.Parent(c))
	return pulumi.ToSecret(parameter.Value()).(pulumi.StringOutput)
}
